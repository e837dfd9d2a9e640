-- That somebody was told is a consequence, not an act: the trail has the act. What the told one then does is in it.
drop trigger audit on notifications;
create trigger audit after update or delete on notifications
    for each row execute function private.audit('notification', 'recipient_user_id kind ticket_id read_at archived_at');

-- A notification cannot be made without its event, whoever makes it.
create function private.tell_of_notifications() returns trigger
    language plpgsql
as $$
begin
    insert into public.outbox_events (clinic_id, user_id, audience, topic, subject_id, kind)
    select made.clinic_id, made.recipient_user_id, 'clinic', 'notification', made.id, 'received' from made order by made.id;
    return null;
end
$$;
comment on function private.tell_of_notifications is 'After insert of notifications: writes the event of each, as whoever made them.';
create trigger tell_of_notifications after insert on notifications
    referencing new table as made for each statement execute function private.tell_of_notifications();

-- The primary key serves what this served.
drop index audit_events_occurred_at_idx;

-- Without a path of its own (its names are bound when it is made) Postgres writes it out where it is called; called as a
-- function it took longer than the rest of a row.
create or replace function private.uuid_v7() returns uuid
    language sql volatile parallel safe
    return encode(
        set_bit(set_bit(
            overlay(uuid_send(gen_random_uuid()) placing substring(int8send((extract(epoch from clock_timestamp()) * 1000)::bigint) from 3) from 1 for 6),
            52, 1), 53, 1),
        'hex')::uuid;
comment on function private.uuid_v7 is 'A UUIDv7, for rows that the database makes; the server makes its own.';

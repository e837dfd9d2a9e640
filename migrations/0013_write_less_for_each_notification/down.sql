create or replace function private.uuid_v7() returns uuid
    language sql volatile parallel safe
    set search_path = pg_catalog
as $$
    select encode(
        set_bit(set_bit(
            overlay(uuid_send(gen_random_uuid()) placing substring(int8send((extract(epoch from clock_timestamp()) * 1000)::bigint) from 3) from 1 for 6),
            52, 1), 53, 1),
        'hex')::uuid
$$;
comment on function private.uuid_v7 is 'A UUIDv7, for rows that triggers make; the server makes its own.';
create index audit_events_occurred_at_idx on audit_events (occurred_at, id);
drop trigger tell_of_notifications on notifications;
drop function private.tell_of_notifications;
drop trigger audit on notifications;
create trigger audit after insert or update or delete on notifications
    for each row execute function private.audit('notification', 'recipient_user_id kind ticket_id read_at archived_at');

-- What people are notified of, written in the transaction of its cause.

create domain notifications_kind as text
    constraint notifications_kind_check check (value in ('ticket_created', 'ticket_reply', 'ticket_status_changed'));
create domain notifications_title as text constraint notifications_title_check check (char_length(value) between 1 and 300);
create domain notifications_body as text constraint notifications_body_check check (char_length(value) <= 1000);
create domain notifications_link_path as text
    constraint notifications_link_path_check check (value ~ '^/' and char_length(value) <= 500);
create domain notifications_subject_type as text
    constraint notifications_subject_type_check check (value ~ '^[a-z][a-z_]{0,62}$');

create table notifications (
    id uuid not null,
    recipient_user_id uuid not null,
    clinic_id uuid not null,
    kind notifications_kind not null,
    title notifications_title not null,
    body notifications_body not null,
    link_path notifications_link_path,
    subject_type notifications_subject_type not null,
    subject_id uuid not null,
    dedupe_key text not null,
    read_at timestamptz,
    archived_at timestamptz,
    created_at timestamptz not null,
    constraint notifications_pkey primary key (clinic_id, id),
    constraint notifications_clinic_id_dedupe_key_key unique (clinic_id, dedupe_key)
);
-- The trail has the change that a notification informs of, and what the recipient does with the notification.
select private.clinic_table('notifications', 'notification', 'recipient_user_id kind subject_type subject_id read_at archived_at',
    tenant => 'select, insert, update (read_at, archived_at)',
    admin => 'select, insert, update (read_at, archived_at)',
    system => 'select, insert, update (read_at, archived_at)',
    owned_by => 'recipient_user_id', shared => true, audited_on => 'update or delete');
-- There is no foreign key. One to the recipient would lock the same few rows for everybody who notifies the platform's
-- administrators, and none can follow a column that names the table of the subject: a subject that was removed, or that the
-- reader may not see, is null where it is read.
create index notifications_recipient_idx on notifications (recipient_user_id, created_at, id);
create index notifications_unread_idx on notifications (recipient_user_id, created_at, id) where read_at is null and archived_at is null;
create index notifications_clinic_id_subject_id_idx on notifications (clinic_id, subject_id);
-- Administrators get and change a notification by its id alone.
create index notifications_id_idx on notifications (id);
comment on column notifications.recipient_user_id is 'User who is notified.';
comment on column notifications.subject_type is 'Kind of the object that the notification is about: the prefix of its ids.';
comment on column notifications.subject_id is 'Object that the notification is about.';
comment on column notifications.dedupe_key is 'Cause and recipient: each recipient is notified of a cause once.';

create function private.forget_notifications() returns trigger
    language plpgsql
    security definer
    set search_path = pg_catalog
as $$
begin
    if not private.is_home() then
        return null;
    end if;
    delete from public.notifications where recipient_user_id = old.id;
    return null;
end
$$;
comment on function private.forget_notifications is
    'After delete of a user: removes their notifications, as no foreign key does.';
revoke all on function private.forget_notifications from public;
create trigger forget_notifications after delete on users for each row execute function private.forget_notifications();

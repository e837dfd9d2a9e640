-- A notification points to an object of any kind by the prefix of its ids and its id. No foreign key can follow a column
-- that names the table; a subject that was removed, or that the reader may not see, is null where it is read.
alter table notifications drop constraint notifications_ticket_id_fkey;
drop index notifications_clinic_id_ticket_id_idx;
create domain notifications_subject_type as text
    constraint notifications_subject_type_check check (value ~ '^[a-z][a-z_]{0,62}$');
alter table notifications rename column ticket_id to subject_id;
alter table notifications add column subject_type notifications_subject_type not null default 'ticket';
alter table notifications alter subject_type drop default;
create index notifications_clinic_id_subject_id_idx on notifications (clinic_id, subject_id);
comment on table notifications is 'Message to one user about something that happened, written in the transaction of its cause.';
comment on column notifications.recipient_user_id is 'User who is notified.';
comment on column notifications.clinic_id is 'Clinic that the notification is about; the nil UUID if it is about none.';
comment on column notifications.kind is 'Kind of the notification: the event that it informs of.';
comment on column notifications.title is 'Title of the notification, at most 300 characters.';
comment on column notifications.body is 'Text of the notification, at most 200 characters.';
comment on column notifications.link_path is 'Path of the page in the dashboard that shows the subject; null if there is none.';
comment on column notifications.subject_type is 'Kind of the object that the notification is about: the prefix of its ids.';
comment on column notifications.subject_id is 'Object that the notification is about.';
comment on column notifications.dedupe_key is 'Cause and recipient: each recipient is notified of a cause once.';
comment on column notifications.read_at is 'Time at which the notification was read; null if it is unread.';
comment on column notifications.archived_at is 'Time at which the notification was archived; null if it is not archived.';
comment on column notifications.created_at is 'Time at which the notification was created.';

-- Notifications of no clinic reach their recipient wherever they act. Only the server makes those.
alter policy tenant_reads on notifications
    using (clinic_id in ((select private.request_clinic_id()), '00000000-0000-0000-0000-000000000000')
           and recipient_user_id = (select private.request_user_id()));
alter policy tenant_changes on notifications
    using (clinic_id in ((select private.request_clinic_id()), '00000000-0000-0000-0000-000000000000')
           and recipient_user_id = (select private.request_user_id()));

select private.audit_table('notifications', 'notification', 'recipient_user_id kind subject_type subject_id read_at archived_at',
                           'update or delete');

-- Fails where notifications have subjects other than tickets, or no clinic.
alter policy tenant_reads on notifications
    using (clinic_id = (select private.request_clinic_id()) and recipient_user_id = (select private.request_user_id()));
alter policy tenant_changes on notifications
    using (clinic_id = (select private.request_clinic_id()) and recipient_user_id = (select private.request_user_id()));
drop index notifications_clinic_id_subject_id_idx;
alter table notifications drop column subject_type;
drop domain notifications_subject_type;
alter table notifications rename column subject_id to ticket_id;
alter table notifications add constraint notifications_ticket_id_fkey foreign key (clinic_id, ticket_id)
    references support_tickets (clinic_id, id) on delete cascade;
create index notifications_clinic_id_ticket_id_idx on notifications (clinic_id, ticket_id);
comment on column notifications.ticket_id is 'The ticket it is about.';
select private.audit_table('notifications', 'notification', 'recipient_user_id kind ticket_id read_at archived_at', 'update or delete');

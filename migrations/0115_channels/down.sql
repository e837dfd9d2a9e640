drop table private.server_keys;
drop table push_subscriptions;
drop table notification_templates;
drop table contact_consents;
drop table notification_preferences;
drop table notification_deliveries;
drop domain notification_deliveries_status;
delete from notifications where recipient_user_id is null;
drop index notifications_planned_at_idx;
alter table notifications alter column recipient_user_id set not null, drop column data, drop column planned_at;
drop domain notifications_data;
select private.audit_table('notifications', 'notification', 'recipient_user_id kind subject_type subject_id read_at archived_at', 'update or delete');
reset role;
drop function private.audit_push_subscriptions, private.audit_notification_templates, private.audit_contact_consents,
    private.audit_notification_preferences, private.audit_notification_deliveries;
set role clinigraph_owner;

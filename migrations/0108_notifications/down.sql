drop trigger forget_notifications on users;
drop table notifications;
drop function private.forget_notifications;
reset role;
drop function private.audit_notifications;
set role clinigraph_owner;
drop domain notifications_subject_type, notifications_link_path, notifications_body, notifications_title, notifications_kind;

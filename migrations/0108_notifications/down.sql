drop trigger forget_notifications on users;
drop table notifications;
drop function private.forget_notifications, private.audit_notifications;
drop domain notifications_subject_type, notifications_link_path, notifications_body, notifications_title, notifications_kind;

drop index users_first_name_idx;
drop table external_references;
drop table export_jobs;
reset role;
drop function private.audit_external_references, private.audit_export_jobs;
set role clinigraph_owner;

set local role clinigraph_system;
delete from files where purpose = 'export' or visibility = 'owner';
delete from removed_files where clinic_id = '00000000-0000-0000-0000-000000000000';
set local role clinigraph_owner;
-- Nobody but the owner of the table may remove notifications, and only while the policies do not hold for the owner.
alter table notifications no force row level security;
delete from notifications where kind in ('export_ready', 'export_failed');
alter table notifications force row level security;
drop policy tenant on files;
drop policy auditor_select on files;
select private.policy('files', class, command,
    'clinic_id = private.request_clinic_id() and (visibility in (''clinic'', ''everybody'') or visibility = ''uploader'' and created_by_user_id = private.request_user_id())')
  from (values ('tenant', 'all'), ('auditor', 'select')) as each (class, command);
alter table files drop constraint files_visibility_check;
alter table files add constraint files_visibility_check check (visibility in ('uploader', 'platform', 'clinic', 'everybody'));
alter domain files_purpose drop constraint files_purpose_check;
alter domain files_purpose add constraint files_purpose_check check (value in ('clinic_logo', 'ticket_attachment'));
alter table removed_files add constraint removed_files_clinic_id_fkey foreign key (clinic_id) references clinics (id);
alter table files add constraint files_clinic_id_fkey foreign key (clinic_id) references clinics (id);
comment on column files.created_by_user_id is 'User who uploaded the file.';
comment on column files.visibility is
    'Who sees the file: its uploader until it is part of something; then administrators, the staff of the clinic, or everybody in it.';

alter domain notifications_kind drop constraint notifications_kind_check;
alter domain notifications_kind add constraint notifications_kind_check
    check (value in ('ticket_created', 'ticket_reply', 'ticket_status_changed', 'ticket_overdue', 'webhook_disabled', 'integration_error'));

select private.audit_table('clinics', 'clinic', 'name slug status timezone locale currency country region city network_id subscription_plan subscription_expires_at deleted_at');
revoke update (logo_file_id) on clinics from clinigraph_tenant;
drop policy tenant_update on clinics;
drop table removed_files, file_uploads, files;
drop domain files_scan_status, files_purpose, files_name;
reset role;
drop function private.audit_file_uploads, private.audit_files;
drop function private.file_bytes, private.refuse_held_file, private.note_removed_file;
set role clinigraph_owner;

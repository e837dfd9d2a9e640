drop trigger configure on clinics;
drop table clinic_closures, clinic_hours, clinic_configs;
drop function private.configure_clinic;
reset role;
drop function private.audit_clinic_closures, private.audit_clinic_hours, private.audit_clinic_configs;
set role clinigraph_owner;

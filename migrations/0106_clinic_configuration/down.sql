drop trigger configure on clinics;
drop table clinic_closures, clinic_hours, clinic_configs;
drop function
    private.configure_clinic, private.audit_clinic_closures, private.audit_clinic_hours, private.audit_clinic_configs;

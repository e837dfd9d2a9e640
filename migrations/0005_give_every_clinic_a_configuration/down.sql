drop trigger configure on clinics;
drop function private.configure_clinic;
drop table clinic_configs;

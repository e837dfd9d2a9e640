drop function private.enter;
drop table sessions, memberships, users, clinics, clinic_networks;

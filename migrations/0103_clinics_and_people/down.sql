drop table memberships, users, clinics, clinic_networks;
drop function private.update_clinic_ids;
reset role;
drop function private.audit_memberships, private.audit_users, private.audit_clinics, private.audit_clinic_networks;
set role clinigraph_owner;

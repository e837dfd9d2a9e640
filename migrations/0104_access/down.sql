drop function
    private.administrators_but, private.recheck_caller, private.checked_access_version, private.check_caller_of_system,
    private.check_caller, private.class_of;
drop table idempotency_keys, sign_in_attempts, user_sign_ins, sessions, private.access_versions;
drop trigger count_access_change on memberships;
drop trigger count_access_change on clinics;
drop trigger count_access_change_delete on users;
drop trigger count_access_change on users;
drop function private.count_access_change;
reset role;
drop function private.audit_user_sign_ins, private.audit_sessions;
set role clinigraph_owner;

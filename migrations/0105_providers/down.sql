drop table providers;
reset role;
drop function private.audit_providers;
set role clinigraph_owner;

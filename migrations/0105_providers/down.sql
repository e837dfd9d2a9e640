drop table providers;
drop function private.audit_providers;

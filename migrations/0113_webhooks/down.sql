delete from notifications where kind = 'webhook_disabled';
alter domain notifications_kind drop constraint notifications_kind_check;
alter domain notifications_kind add constraint notifications_kind_check
    check (value in ('ticket_created', 'ticket_reply', 'ticket_status_changed', 'ticket_overdue'));

drop table webhook_deliveries, webhook_endpoints;
drop domain webhook_deliveries_reason, webhook_deliveries_status;
drop function private.own_webhook_endpoint, private.activate_webhook_endpoint;
reset role;
drop function private.audit_webhook_endpoints, private.audit_webhook_deliveries;
set role clinigraph_owner;

create or replace function private.recheck_caller() returns void
    language plpgsql
as $$
declare
    caller text[] := string_to_array(current_setting('app.caller'), ' ');
begin
    perform private.check_caller(caller[2]::uuid, caller[1]::uuid, caller[3]::uuid, caller[4], caller[5]::uuid, private.request_kind());
end
$$;
comment on function private.recheck_caller is
    'Checks a caller again whose number of changes is not the one under which they were checked: raises what private.check_caller() raises.';
drop function private.check_member;

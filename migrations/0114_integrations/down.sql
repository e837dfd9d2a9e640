alter domain notifications_kind drop constraint notifications_kind_check;
alter domain notifications_kind add constraint notifications_kind_check
    check (value in ('ticket_created', 'ticket_reply', 'ticket_status_changed', 'ticket_overdue', 'webhook_disabled'));
drop table private.inbound_parts, webhook_refusals, inbound_webhooks;
drop function private.claim_channels;
drop table private.integration_channels, integrations;
drop domain inbound_webhooks_status, integrations_kind;
reset role;
drop function private.audit_integrations, private.audit_inbound_webhooks;
set role clinigraph_owner;

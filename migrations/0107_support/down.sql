drop table ticket_messages, support_tickets;
reset role;
drop function private.audit_ticket_messages, private.audit_support_tickets;
set role clinigraph_owner;
drop domain
    ticket_messages_body, support_tickets_status, support_tickets_priority, support_tickets_description, support_tickets_title;
drop function private.ticket_number, private.permuted;
drop sequence support_tickets_number_seq;
drop table private.ticket_number_key;

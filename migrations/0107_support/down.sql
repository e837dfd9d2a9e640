drop table ticket_messages, support_tickets;
drop function private.audit_ticket_messages, private.audit_support_tickets;
drop domain
    ticket_messages_body, support_tickets_status, support_tickets_priority, support_tickets_description, support_tickets_title;

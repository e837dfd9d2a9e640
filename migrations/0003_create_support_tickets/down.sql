drop table ticket_messages, support_tickets;

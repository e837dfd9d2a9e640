create index audit_events_occurred_at_idx on audit_events (occurred_at, id);
drop trigger tell_of_notifications on notifications;
drop function private.tell_of_notifications;
drop trigger audit on notifications;
create trigger audit after insert or update or delete on notifications
    for each row execute function private.audit('notification', 'recipient_user_id kind ticket_id read_at archived_at');

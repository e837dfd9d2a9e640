delete from notifications where kind = 'ticket_overdue';
alter domain notifications_kind drop constraint notifications_kind_check;
alter domain notifications_kind add constraint notifications_kind_check
    check (value in ('ticket_created', 'ticket_reply', 'ticket_status_changed'));

alter table support_tickets drop column due_order, drop column resolution_missed_at, drop column first_response_missed_at;
select private.audit_table('support_tickets', 'ticket',
    'number created_by_user_id assignee_id priority status first_response_due_at resolution_due_at first_responded_at resolved_at closed_at');

drop table private.job_schedules, private.job_feeds, jobs;
delete from private.places where table_name in ('job_schedules', 'job_feeds');
drop function private.enqueue_job;
reset role;
drop function private.audit_jobs;
set role clinigraph_owner;

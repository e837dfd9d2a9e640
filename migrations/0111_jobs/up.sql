-- Jobs: what the server does later, again and again, or because of an event. They wait in the database, so that a server that
-- stops loses none (src/jobs/).

create table jobs (
    id uuid not null,
    clinic_id uuid not null,
    kind text not null constraint jobs_kind_check check (kind ~ '^[a-z][a-z_]{0,62}$'),
    key text constraint jobs_key_check check (char_length(key) between 1 and 200),
    payload jsonb not null default '[]' constraint jobs_payload_check check (jsonb_typeof(payload) = 'array'),
    status text not null default 'waiting' constraint jobs_status_check check (status in ('waiting', 'running', 'dead')),
    priority integer not null default 2 constraint jobs_priority_check check (priority between 0 and 3),
    run_at timestamptz not null,
    attempts integer not null default 0 constraint jobs_attempts_check check (attempts >= 0),
    max_attempts integer not null constraint jobs_max_attempts_check check (max_attempts > 0),
    last_error text constraint jobs_last_error_check check (char_length(last_error) <= 1000),
    died_at timestamptz,
    lease_id uuid,
    lease_expires_at timestamptz,
    created_at timestamptz not null default now(),
    constraint jobs_pkey primary key (clinic_id, id),
    constraint jobs_lease_check check ((status = 'running') = (lease_id is not null and lease_expires_at is not null))
);
-- Clinics neither see nor make jobs but by what they do.
select private.common_table('jobs', 'clinic', 'job', 'kind key status priority run_at attempts max_attempts died_at', 'update or delete');
-- What the server does with its jobs is seen in what they change; only what people do with a job is in the trail.
create or replace trigger audit after update or delete on jobs for each row
    when (current_setting('role') <> 'clinigraph_system')
    execute function private.audit_jobs('job', 'kind key status priority run_at attempts max_attempts died_at');
select private.policy('jobs', 'admin', command, 'true') from unnest('{select,update,delete}'::text[]) as command;
grant select, insert, update, delete on jobs to clinigraph_system;
grant select, delete, update (status, run_at, attempts, died_at) on jobs to clinigraph_admin;
-- There is no foreign key: the platform's own jobs have the nil UUID.
--
-- A job that runs has left this index, so that what happens while it runs can start the next one.
create unique index jobs_clinic_id_kind_key_key on jobs (clinic_id, kind, key) where status = 'waiting' and key is not null;
-- The next job of a kind and priority, and what runs now.
create index jobs_waiting_idx on jobs (kind, priority, run_at, id) where status = 'waiting';
create index jobs_running_idx on jobs (kind, clinic_id) where status = 'running';
-- For the lists of administrators.
create index jobs_id_idx on jobs (id);
create index jobs_run_at_idx on jobs (run_at, id);
create index jobs_clinic_id_run_at_idx on jobs (clinic_id, run_at, id);
create index jobs_status_run_at_idx on jobs (status, run_at, id);
create index jobs_kind_run_at_idx on jobs (kind, run_at, id);
comment on column jobs.clinic_id is 'Clinic that the job works in; the nil UUID for the platform.';
comment on column jobs.lease_id is 'Claim of the worker that runs the job; null if none does.';
comment on column jobs.lease_expires_at is 'Time until which the claim holds unless the worker renews it; null if nobody runs the job.';

create function private.enqueue_job(
    job_id uuid, of_clinic uuid, job_kind text, job_key text, replaces boolean, ids jsonb, job_priority integer, starts_at timestamptz,
    tries integer
) returns void
    language plpgsql
    security definer
    set search_path = pg_catalog, pg_temp
as $$
begin
    if private.request_clinic_id() <> of_clinic then
        raise exception 'a job cannot be added to another clinic' using errcode = '42501';
    end if;
    insert into public.jobs as j (id, clinic_id, kind, key, payload, priority, run_at, max_attempts)
    values (job_id, of_clinic, job_kind, job_key, ids, job_priority, starts_at, tries)
    on conflict (clinic_id, kind, key) where status = 'waiting' and key is not null
    do update set payload = excluded.payload, priority = excluded.priority, run_at = excluded.run_at, attempts = 0, last_error = null
       where replaces;
end
$$;
comment on function private.enqueue_job is
    'Adds a job. One of its kind with its key that waits already is replaced or stays as it is. People of a clinic add jobs of their clinic only.';
select private.run_as_system('private.enqueue_job(uuid, uuid, text, text, boolean, jsonb, integer, timestamptz, integer)');
grant execute on function private.enqueue_job to clinigraph_system, clinigraph_admin, clinigraph_tenant;

create table private.job_feeds (
    name text not null constraint job_feeds_pkey primary key,
    position bigint not null
);
select private.place('private.job_feeds', 'local');
alter table private.job_feeds enable row level security, force row level security;
select private.policy('private.job_feeds', 'system', 'all', 'true');
grant select, insert, update on private.job_feeds to clinigraph_system;
comment on table private.job_feeds is 'How far events were read to start jobs from them; changed in the transaction that adds the jobs.';
comment on column private.job_feeds.name is 'What starts jobs, as the server names it.';
comment on column private.job_feeds.position is 'Number of the last event that was read.';

create table private.job_schedules (
    clinic_id uuid not null,
    kind text not null,
    next_at timestamptz not null,
    constraint job_schedules_pkey primary key (clinic_id, kind)
);
select private.place('private.job_schedules', 'clinic');
alter table private.job_schedules enable row level security, force row level security;
select private.policy('private.job_schedules', 'system', 'all', 'true');
grant select, insert, update on private.job_schedules to clinigraph_system;
comment on table private.job_schedules is 'The last time for which a job was added from a schedule, so that several workers add it once.';
comment on column private.job_schedules.clinic_id is 'Clinic that the job works in; the nil UUID for the platform.';
comment on column private.job_schedules.kind is 'Kind of the job.';
comment on column private.job_schedules.next_at is 'Time at which the job starts or started.';

-- ---- Deadlines of tickets ----

alter table support_tickets
    add column first_response_missed_at timestamptz,
    add column resolution_missed_at timestamptz,
    add column due_order timestamptz not null generated always as (coalesce(
        case when status in ('resolved', 'closed') then null
             when first_responded_at is null then least(first_response_due_at, resolution_due_at)
             else resolution_due_at end,
        '9999-12-31 00:00:00+00'::timestamptz)) stored;
comment on column support_tickets.due_order is
    'The next deadline that is not met yet, so that lists can be ordered by it; the end of the year 9999 for none.';
select private.audit_table('support_tickets', 'ticket',
    'number created_by_user_id assignee_id priority status first_response_due_at resolution_due_at first_responded_at resolved_at closed_at first_response_missed_at resolution_missed_at');
grant update (first_response_missed_at, resolution_missed_at) on support_tickets to clinigraph_admin;
create index support_tickets_clinic_id_due_order_idx on support_tickets (clinic_id, due_order, id);
create index support_tickets_due_order_idx on support_tickets (due_order, id);

alter domain notifications_kind drop constraint notifications_kind_check;
alter domain notifications_kind add constraint notifications_kind_check
    check (value in ('ticket_created', 'ticket_reply', 'ticket_status_changed', 'ticket_overdue'));

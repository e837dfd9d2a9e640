-- Webhooks: addresses of a clinic to which its events are sent, and each delivery with its attempts.

-- What is sent is read with the rights of a person who has no session at that time, so that their membership is checked
-- instead. Such a caller can only read.
create function private.check_member(actor uuid, clinic uuid, membership_role text, network uuid, class text) returns void
    language plpgsql
    security definer
    set search_path = pg_catalog, public, pg_temp
as $$
declare
    caller record;
begin
    if current_setting('transaction_read_only') <> 'on' then
        raise exception 'without a session there is nothing to write' using errcode = 'CG001';
    end if;
    select u.status <> 'active' or u.deleted_at is not null as user_inactive,
           u.is_platform_admin,
           m.clinic_id,
           m.role,
           c.network_id,
           c.status not in ('pending', 'active') or c.deleted_at is not null as clinic_inactive
      into caller
      from users u
      left join memberships m on m.user_id = u.id and m.clinic_id = clinic and m.deleted_at is null and m.status = 'active'
      left join clinics c on c.id = m.clinic_id
     where u.id = actor;
    if not found then
        raise exception 'the caller has changed' using errcode = 'CG004';
    elsif caller.user_inactive then
        raise exception 'the user is not active' using errcode = 'CG002';
    elsif class = 'admin' then
        if not caller.is_platform_admin or clinic is not null then
            raise exception 'the caller has changed' using errcode = 'CG004';
        end if;
    elsif clinic is null or caller.is_platform_admin
        or (caller.clinic_id, caller.role, caller.network_id, private.class_of(caller.role))
           is distinct from (clinic, membership_role, network, class)
    then
        raise exception 'the caller has changed' using errcode = 'CG004';
    elsif caller.clinic_inactive then
        raise exception 'the clinic is not active' using errcode = 'CG003';
    end if;
end
$$;
comment on function private.check_member is
    'Checks in this transaction''s snapshot, which must be one that only reads, that a person without a session still belongs to a clinic in a role, or administers the platform. Raises what private.check_caller() raises.';
select private.run_as_system('private.check_member(uuid, uuid, text, uuid, text)');
grant execute on function private.check_member to clinigraph_admin, clinigraph_tenant, clinigraph_auditor, clinigraph_patient, clinigraph_partner;

create or replace function private.recheck_caller() returns void
    language plpgsql
as $$
declare
    caller text[] := string_to_array(current_setting('app.caller'), ' ');
begin
    if caller[2] = '' then
        perform private.check_member(caller[1]::uuid, caller[3]::uuid, caller[4], caller[5]::uuid, private.request_kind());
    else
        perform private.check_caller(caller[2]::uuid, caller[1]::uuid, caller[3]::uuid, caller[4], caller[5]::uuid, private.request_kind());
    end if;
end
$$;
comment on function private.recheck_caller is
    'Checks a caller again whose number of changes is not the one under which they were checked, and one without a session each time: raises what private.check_caller() raises.';

create table webhook_endpoints (
    id uuid not null,
    clinic_id uuid not null,
    owner_user_id uuid not null,
    url text not null constraint webhook_endpoints_url_check check (char_length(url) between 1 and 2000),
    description text constraint webhook_endpoints_description_check check (char_length(description) between 1 and 200),
    event_kinds text[] constraint webhook_endpoints_event_kinds_check check (cardinality(event_kinds) between 1 and 100),
    query text constraint webhook_endpoints_query_check check (char_length(query) between 1 and 10000),
    status text not null default 'active'
        constraint webhook_endpoints_status_check check (status in ('active', 'paused', 'disabled')),
    disabled_reason text
        constraint webhook_endpoints_disabled_reason_check check (disabled_reason in ('failures', 'gone', 'backlog')),
    secret_enc bytea not null,
    secret_last_four text,
    secret_updated_at timestamptz not null default now(),
    previous_secret_enc bytea,
    previous_secret_until timestamptz,
    active_since timestamptz not null default now(),
    failing_since timestamptz,
    failed_deliveries integer not null default 0
        constraint webhook_endpoints_failed_deliveries_check check (failed_deliveries >= 0),
    dropped_events integer not null default 0
        constraint webhook_endpoints_dropped_events_check check (dropped_events >= 0),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    created_by uuid,
    updated_by uuid,
    version integer not null default 1,
    deleted_at timestamptz,
    constraint webhook_endpoints_pkey primary key (clinic_id, id),
    constraint webhook_endpoints_disabled_check check ((status = 'disabled') = (disabled_reason is not null)),
    constraint webhook_endpoints_previous_secret_check check ((previous_secret_enc is null) = (previous_secret_until is null))
);
-- Addresses often have tokens in them, and documents are long: of these the trail only says that they changed.
select private.clinic_table('webhook_endpoints', 'webhook_endpoint',
    'owner_user_id event_kinds status disabled_reason failing_since previous_secret_until deleted_at',
    tenant => 'select, insert, update', admin => 'select, insert, update', author => 'owner_user_id');
alter table webhook_endpoints
    add constraint webhook_endpoints_clinic_id_fkey foreign key (clinic_id) references clinics (id),
    add constraint webhook_endpoints_owner_user_id_fkey foreign key (owner_user_id) references users (id);
create index webhook_endpoints_clinic_id_created_at_idx on webhook_endpoints (clinic_id, created_at, id);
create index webhook_endpoints_clinic_id_status_idx on webhook_endpoints (clinic_id, status, created_at, id);
create index webhook_endpoints_owner_user_id_idx on webhook_endpoints (owner_user_id);
create index webhook_endpoints_created_at_idx on webhook_endpoints (created_at, id);
create index webhook_endpoints_id_idx on webhook_endpoints (id);
comment on column webhook_endpoints.secret_enc is 'Secret that deliveries are signed with, sealed with a key of the ring.';
comment on column webhook_endpoints.previous_secret_enc is 'Secret before the last rotation, sealed with a key of the ring; null if there is none.';
comment on column webhook_endpoints.active_since is 'Time from which events are sent: that of the creation, or of the last resumption.';
comment on column webhook_endpoints.secret_last_four is 'Last four characters of the secret.';
comment on column webhook_endpoints.secret_updated_at is 'Time at which the secret was made.';

-- Who decides what is sent, or where to, lends it their rights: nobody can make the rights of somebody else send something
-- elsewhere.
create function private.own_webhook_endpoint() returns trigger
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    new.owner_user_id := coalesce(private.request_user_id(), new.owner_user_id);
    return new;
end
$$;
comment on function private.own_webhook_endpoint is
    'Before an update of what a webhook sends, or where to: makes the person who changes it the owner.';
revoke all on function private.own_webhook_endpoint from public;
create trigger own_webhook_endpoint before update on webhook_endpoints for each row
    when ((old.url, old.event_kinds, old.query) is distinct from (new.url, new.event_kinds, new.query))
    execute function private.own_webhook_endpoint();

-- By the clock of the database, as the times of events are.
create function private.activate_webhook_endpoint() returns trigger
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    new.active_since := now();
    return new;
end
$$;
comment on function private.activate_webhook_endpoint is 'Before a webhook becomes active: stamps the time from which events are sent.';
revoke all on function private.activate_webhook_endpoint from public;
create trigger activate_webhook_endpoint before update on webhook_endpoints for each row
    when (old.status <> 'active' and new.status = 'active')
    execute function private.activate_webhook_endpoint();

create domain webhook_deliveries_status as text
    constraint webhook_deliveries_status_check check (value in ('pending', 'delivered', 'failed', 'skipped'));
create domain webhook_deliveries_reason as text constraint webhook_deliveries_reason_check
    check (value in ('attempts_failed', 'gone', 'endpoint_disabled', 'endpoint_removed', 'owner_may_not_see'));

create table webhook_deliveries (
    id uuid not null,
    clinic_id uuid not null,
    endpoint_id uuid not null,
    event_number bigint not null,
    event_id text not null,
    cursor text,
    kind text not null,
    subject_type text not null,
    subject_id uuid not null,
    for_user_id uuid,
    changed text[] not null default '{}',
    occurred_at timestamptz not null,
    status webhook_deliveries_status not null default 'pending',
    reason webhook_deliveries_reason,
    attempts jsonb not null default '[]',
    attempt_count integer not null default 0,
    next_attempt_at timestamptz,
    finished_at timestamptz,
    created_at timestamptz not null,
    constraint webhook_deliveries_pkey primary key (clinic_id, id)
);
select private.clinic_table('webhook_deliveries', 'webhook_delivery', 'endpoint_id kind status reason',
    tenant => 'select, insert, update (status, reason, attempt_count, next_attempt_at, finished_at)',
    admin => 'select, insert, update (status, reason, attempt_count, next_attempt_at, finished_at)');
-- What the server does is in the log itself; only what people do with a delivery is in the trail.
create or replace trigger audit after insert or update or delete on webhook_deliveries for each row
    when (current_setting('role') <> 'clinigraph_system')
    execute function private.audit_webhook_deliveries('webhook_delivery', 'endpoint_id kind status reason');
alter table webhook_deliveries
    add constraint webhook_deliveries_clinic_id_fkey foreign key (clinic_id) references clinics (id),
    add constraint webhook_deliveries_endpoint_id_fkey
        foreign key (clinic_id, endpoint_id) references webhook_endpoints (clinic_id, id);
-- An event is delivered once to an endpoint; a test is no event.
create unique index webhook_deliveries_clinic_id_endpoint_id_event_number_key
    on webhook_deliveries (clinic_id, endpoint_id, event_number) where event_number > 0;
-- What is sent next to an endpoint, and what waits for an earlier event of the same object.
create index webhook_deliveries_due_idx on webhook_deliveries (clinic_id, endpoint_id, next_attempt_at) where status = 'pending';
create index webhook_deliveries_order_idx
    on webhook_deliveries (clinic_id, endpoint_id, subject_id, event_number) where status = 'pending';
create index webhook_deliveries_clinic_id_created_at_idx on webhook_deliveries (clinic_id, created_at, id);
create index webhook_deliveries_clinic_id_endpoint_id_idx on webhook_deliveries (clinic_id, endpoint_id, created_at, id);
create index webhook_deliveries_clinic_id_status_idx on webhook_deliveries (clinic_id, status, created_at, id);
create index webhook_deliveries_clinic_id_kind_idx on webhook_deliveries (clinic_id, kind, created_at, id);
-- For administrators.
create index webhook_deliveries_id_idx on webhook_deliveries (id);
create index webhook_deliveries_created_at_idx on webhook_deliveries (created_at, id);
create index webhook_deliveries_endpoint_id_idx on webhook_deliveries (endpoint_id, created_at, id);
comment on column webhook_deliveries.event_number is 'Number of the event in the outbox, which orders the events of an object; 0 for a test.';
comment on column webhook_deliveries.subject_type is 'Kind of the object that the event happened to: the prefix of its ids.';
comment on column webhook_deliveries.subject_id is 'Object that the event happened to.';
comment on column webhook_deliveries.for_user_id is 'The one user whom the event concerns; null for an event of the clinic.';
comment on column webhook_deliveries.changed is 'Names of the fields of the object that changed.';
comment on column webhook_deliveries.attempts is 'The newest attempts, oldest first.';

alter domain notifications_kind drop constraint notifications_kind_check;
alter domain notifications_kind add constraint notifications_kind_check
    check (value in ('ticket_created', 'ticket_reply', 'ticket_status_changed', 'ticket_overdue', 'webhook_disabled'));

create function private.uuid_v7() returns uuid
    language sql volatile parallel safe
    set search_path = pg_catalog
as $$
    select encode(
        set_bit(set_bit(
            overlay(uuid_send(gen_random_uuid()) placing substring(int8send((extract(epoch from clock_timestamp()) * 1000)::bigint) from 3) from 1 for 6),
            52, 1), 53, 1),
        'hex')::uuid
$$;
comment on function private.uuid_v7 is 'A UUIDv7, for rows that triggers make; the server makes its own.';

create sequence audit_events_seq;
create table audit_events (
    id uuid not null default private.uuid_v7(),
    seq bigint not null default nextval('audit_events_seq'),
    occurred_at timestamptz not null default clock_timestamp(),
    actor_kind text not null constraint audit_events_actor_kind_check
        check (actor_kind in ('tenant', 'admin', 'patient', 'system', 'owner')),
    actor_user_id uuid,
    actor_email text,
    clinic_id uuid,
    patient_id uuid,
    verb text not null constraint audit_events_verb_check check (verb in ('create', 'update', 'delete', 'view')),
    operation text,
    resource_type text not null,
    resource_id uuid,
    changes jsonb not null default '[]',
    ip inet,
    user_agent text,
    request_id text,
    success boolean not null default true,
    reason text,
    constraint audit_events_pkey primary key (occurred_at, id)
) partition by range (occurred_at);
create index audit_events_occurred_at_idx on audit_events (occurred_at, id);
create index audit_events_clinic_id_idx on audit_events (clinic_id, occurred_at, id);
create index audit_events_actor_idx on audit_events (actor_user_id, occurred_at, id);
create index audit_events_verb_idx on audit_events (clinic_id, verb, occurred_at, id);
create index audit_events_resource_idx on audit_events (clinic_id, resource_type, resource_id, occurred_at, id);
create index audit_events_patient_id_idx on audit_events (patient_id, occurred_at, id) where patient_id is not null;
create index audit_events_id_idx on audit_events (id);
create index audit_events_seq_idx on audit_events (seq);
comment on table audit_events is 'Who did what to which row, written by trigger in the transaction of the change; nobody may alter it.';
comment on column audit_events.id is 'UUIDv7.';
comment on column audit_events.seq is 'Counts up in the order of writing; gaps come from rolled back transactions.';
comment on column audit_events.occurred_at is 'When.';
comment on column audit_events.actor_kind is 'Class of the actor; owner is somebody who works on the database itself.';
comment on column audit_events.actor_user_id is 'Who; null for the system. No foreign key: the trail outlives the account.';
comment on column audit_events.actor_email is 'Their address at that time.';
comment on column audit_events.clinic_id is 'The clinic concerned; null for the platform.';
comment on column audit_events.patient_id is 'The patient concerned; null for none.';
comment on column audit_events.verb is 'What was done.';
comment on column audit_events.operation is 'The GraphQL field that did it; null for jobs and hands.';
comment on column audit_events.resource_type is 'The kind of row, as in its id.';
comment on column audit_events.resource_id is 'The row.';
comment on column audit_events.changes is 'A list of { field, before, after } or, for secrets and free text, { field, redacted }.';
comment on column audit_events.ip is 'Address the request came from.';
comment on column audit_events.user_agent is 'Program the request came from.';
comment on column audit_events.request_id is 'The request.';
comment on column audit_events.success is 'Whether it was done; a refused attempt is kept too where that matters.';
comment on column audit_events.reason is 'The reason given, where one is asked for.';

create function private.audit_is_final() returns trigger
    language plpgsql
    set search_path = pg_catalog
as $$
begin
    raise exception 'audit_events cannot be changed or removed' using errcode = '42501';
end
$$;
comment on function private.audit_is_final is 'Refuses update, delete and truncate of the audit trail, whoever tries.';
create trigger audit_is_final before update or delete on audit_events
    for each row execute function private.audit_is_final();
create trigger audit_is_final_truncate before truncate on audit_events
    for each statement execute function private.audit_is_final();

-- One row per changed row. Arguments: the resource's name, and the columns whose values may be kept (the others
-- are only named: secrets and free text do not belong into a trail that is kept for years).
create function private.audit() returns trigger
    language plpgsql
    security definer
    set search_path = pg_catalog, public, pg_temp
as $$
declare
    kept text[] := string_to_array(tg_argv[1], ' ');
    request jsonb := nullif(current_setting('app.request', true), '')::jsonb;
    before_row jsonb := case when tg_op = 'INSERT' then '{}' else to_jsonb(old) end;
    after_row jsonb := case when tg_op = 'DELETE' then '{}' else to_jsonb(new) end;
    subject jsonb := case when tg_op = 'DELETE' then before_row else after_row end;
    found_changes jsonb;
begin
    select jsonb_agg(
               case when key = any (kept)
                   then jsonb_build_object('field', key, 'before', before_row -> key, 'after', after_row -> key)
                   else jsonb_build_object('field', key, 'redacted', true)
               end order by key)
      into found_changes
      from jsonb_object_keys(subject) as key
     where nullif(before_row -> key, 'null') is distinct from nullif(after_row -> key, 'null')
       and key <> all ('{id,clinic_id,created_at,created_by,updated_at,updated_by,version,search,priority_rank}');
    if tg_op = 'UPDATE' and found_changes is null then
        return null;
    end if;
    insert into audit_events (actor_kind, actor_user_id, actor_email, clinic_id, patient_id, verb, operation,
                              resource_type, resource_id, changes, ip, user_agent, request_id)
    values (coalesce(private.request_kind(), 'owner'), private.request_user_id(), request ->> 'email',
            (case when tg_table_name = 'clinics' then subject ->> 'id' else subject ->> 'clinic_id' end)::uuid,
            (subject ->> 'patient_id')::uuid,
            case tg_op when 'INSERT' then 'create' when 'UPDATE' then 'update' else 'delete' end,
            request ->> 'operation', tg_argv[0], (subject ->> 'id')::uuid, coalesce(found_changes, '[]'),
            (request ->> 'ip')::inet, request ->> 'agent', request ->> 'id');
    return null;
end
$$;
comment on function private.audit is 'After insert, update or delete: writes the audit row of the change.';

create trigger audit after insert or update or delete on clinic_networks
    for each row execute function private.audit('clinic_network', 'name slug');
create trigger audit after insert or update or delete on clinics
    for each row execute function private.audit('clinic', 'name slug status timezone locale currency country region city network_id subscription_plan subscription_expires_at deleted_at');
create trigger audit after insert or update or delete on users
    for each row execute function private.audit('user', 'status is_platform_admin locale timezone email_verified_at phone_verified_at last_login_at failed_sign_ins locked_until deleted_at');
create trigger audit after insert or update or delete on memberships
    for each row execute function private.audit('membership', 'user_id role status invited_by_user_id deleted_at');
create trigger audit after insert or update or delete on sessions
    for each row execute function private.audit('session', 'user_id acting_clinic_id expires_at revoked_at mfa_at');
create trigger audit after insert or update or delete on support_tickets
    for each row execute function private.audit('ticket', 'number created_by_user_id assignee_id priority status first_response_due_at resolution_due_at first_responded_at resolved_at closed_at');
create trigger audit after insert or update or delete on ticket_messages
    for each row execute function private.audit('ticket_message', 'ticket_id author_user_id is_internal');

-- xid stands before id because defaults are taken in this order: a transaction must have its number before it draws an
-- id, or a reader could pass the id by before it sees that the transaction exists.
create table outbox_events (
    xid xid8 not null default pg_current_xact_id(),
    id bigint not null,
    clinic_id uuid,
    user_id uuid,
    audience text not null constraint outbox_events_audience_check check (audience in ('clinic', 'platform')),
    topic text not null,
    subject_id uuid not null,
    parent_id uuid,
    kind text not null,
    changed text[] not null default '{}',
    created_at timestamptz not null default clock_timestamp(),
    constraint outbox_events_pkey primary key (created_at, id)
) partition by range (created_at);
create sequence outbox_events_id_seq owned by outbox_events.id;
alter table outbox_events alter column id set default nextval('outbox_events_id_seq');
create index outbox_events_id_idx on outbox_events (id);
create index outbox_events_clinic_id_idx on outbox_events (clinic_id, id);
comment on table outbox_events is 'What happened, written in the transaction in which it did: ids only, no content.';
comment on column outbox_events.id is 'Counts up; read in this order, below the oldest transaction still running.';
comment on column outbox_events.xid is 'The transaction, by which a reader knows what may still be missing.';
comment on column outbox_events.clinic_id is 'The clinic concerned; null for the platform.';
comment on column outbox_events.user_id is 'The one user who is told; null for everybody who may see the subject.';
comment on column outbox_events.audience is 'platform: never told to the clinic, not even that it exists.';
comment on column outbox_events.topic is 'The kind of subject, as in its id.';
comment on column outbox_events.subject_id is 'The row it happened to.';
comment on column outbox_events.parent_id is 'What the subject is part of: the ticket of a message; null for nothing.';
comment on column outbox_events.kind is 'What happened.';
comment on column outbox_events.changed is 'The fields that changed, as the API names them.';
comment on column outbox_events.created_at is 'When.';

create table idempotency_keys (
    user_id uuid not null constraint idempotency_keys_user_id_fkey references users (id) on delete cascade,
    key text not null constraint idempotency_keys_key_check check (char_length(key) between 1 and 260),
    request_hash bytea not null constraint idempotency_keys_request_hash_check check (octet_length(request_hash) = 32),
    response bytea,
    expires_at timestamptz not null,
    constraint idempotency_keys_pkey primary key (user_id, key)
);
create index idempotency_keys_expires_at_idx on idempotency_keys (expires_at);
comment on table idempotency_keys is 'The first answer to a keyed mutation, kept in the transaction that it answers for.';
comment on column idempotency_keys.user_id is 'Whose key.';
comment on column idempotency_keys.key is 'The key as sent, and the position of the field in its operation.';
comment on column idempotency_keys.request_hash is 'SHA-256 of what was asked.';
comment on column idempotency_keys.response is 'The answer, sealed; null only inside the transaction.';
comment on column idempotency_keys.expires_at is 'After this the key may be used anew.';

alter table audit_events enable row level security, force row level security;
create policy system on audit_events to clinigraph_system using (true) with check (true);
create policy admin on audit_events for select to clinigraph_admin using (true);
alter table outbox_events enable row level security, force row level security;
create policy system on outbox_events to clinigraph_system using (true) with check (true);
create policy admin on outbox_events for insert to clinigraph_admin with check (true);
create policy tenant on outbox_events for insert to clinigraph_tenant
    with check (clinic_id = (select private.request_clinic_id()) and audience = 'clinic');
alter table idempotency_keys enable row level security, force row level security;
create policy system on idempotency_keys to clinigraph_system using (true) with check (true);
create policy own on idempotency_keys to clinigraph_admin, clinigraph_tenant
    using (user_id = (select private.request_user_id())) with check (user_id = (select private.request_user_id()));

grant select, insert on audit_events to clinigraph_system;
grant usage on sequence audit_events_seq to clinigraph_system;
grant select on audit_events to clinigraph_admin;
grant select, insert on outbox_events to clinigraph_system;
grant insert on outbox_events to clinigraph_admin, clinigraph_tenant;
grant usage on sequence outbox_events_id_seq to clinigraph_system, clinigraph_admin, clinigraph_tenant;
grant select, insert, update, delete on idempotency_keys to clinigraph_system, clinigraph_admin, clinigraph_tenant;
alter function private.audit owner to clinigraph_system;

-- Partitions are made ahead; the default one is the floor that keeps a late maker from failing writes.
create table audit_events_other partition of audit_events default;
create table outbox_events_other partition of outbox_events default;
alter table audit_events_other enable row level security, force row level security;
alter table outbox_events_other enable row level security, force row level security;

create function private.make_partitions() returns void
    language plpgsql
    set search_path = pg_catalog, public, pg_temp
as $$
declare
    begins timestamptz;
    part text;
begin
    for begins in select date_trunc('month', now(), 'UTC') + n * interval '1 month' from generate_series(0, 3) as n loop
        part := 'audit_events_' || to_char(begins at time zone 'UTC', 'YYYY_MM');
        if to_regclass('public.' || part) is null then
            execute format('create table public.%I partition of public.audit_events for values from (%L) to (%L)', part, begins, begins + interval '1 month');
            execute format('alter table public.%I enable row level security, force row level security', part);
        end if;
    end loop;
    for begins in select date_trunc('day', now(), 'UTC') + n * interval '1 day' from generate_series(0, 3) as n loop
        part := 'outbox_events_' || to_char(begins at time zone 'UTC', 'YYYY_MM_DD');
        if to_regclass('public.' || part) is null then
            execute format('create table public.%I partition of public.outbox_events for values from (%L) to (%L)', part, begins, begins + interval '1 day');
            execute format('alter table public.%I enable row level security, force row level security', part);
        end if;
    end loop;
end
$$;
comment on function private.make_partitions is 'Makes the partitions of this and the coming months and days; run by the owner.';

-- Every function of the system role is made.
revoke create on schema private from clinigraph_system;

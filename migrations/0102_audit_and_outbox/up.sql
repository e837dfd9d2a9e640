-- What every change writes beside its own row: the audit trail and the events. Postgres reads the checks of a table anew in
-- every statement that writes to it, which takes longer than to write to an index; it caches those of a domain. So domains
-- say what a column may hold wherever nearly every change writes.

-- ---- The audit trail ----
--
-- Table, partitions and functions of the trail belong to clinigraph_audit, a role of which nobody is a member: whoever
-- becomes the owner of the other tables can neither write an audit row by hand, nor change one, nor switch the trail off
-- without changing a trigger, which the server looks for when it starts.

create domain audit_events_actor_kind as text
    constraint audit_events_actor_kind_check check (value in ('tenant', 'admin', 'auditor', 'patient', 'partner', 'system', 'owner'));
create domain audit_events_verb as text
    constraint audit_events_verb_check check (value in ('create', 'update', 'delete', 'view', 'sign_in', 'attempt'));

create sequence audit_events_seq;
create table audit_events (
    id uuid not null default private.uuid_v7(),
    seq bigint not null default nextval('audit_events_seq'),
    occurred_at timestamptz not null default clock_timestamp(),
    actor_kind audit_events_actor_kind not null,
    actor_user_id uuid,
    actor_email text,
    clinic_id uuid not null default '00000000-0000-0000-0000-000000000000',
    patient_id uuid,
    verb audit_events_verb not null,
    operation text,
    resource_type text not null,
    resource_id uuid,
    -- As text: to make jsonb of it takes longer than to write the row.
    changes json not null default '[]',
    ip inet,
    user_agent text,
    request_id text,
    success boolean not null default true,
    reason text,
    constraint audit_events_pkey primary key (clinic_id, occurred_at, id)
) partition by range (occurred_at);
select private.common_table('audit_events', 'clinic', null, null, null);
drop policy system on audit_events;
select private.policy('audit_events', 'audit', 'all', 'true');
select private.policy('audit_events', 'system', 'select', 'true');
select private.policy('audit_events', 'admin', 'select', 'true');
grant select on audit_events to clinigraph_system, clinigraph_admin;
create index audit_events_occurred_at_idx on audit_events (occurred_at, id);
create index audit_events_actor_idx on audit_events (actor_user_id, occurred_at, id);
create index audit_events_resource_id_idx on audit_events (resource_id, occurred_at, id);
create index audit_events_patient_id_idx on audit_events (patient_id, occurred_at, id) where patient_id is not null;
create index audit_events_deletes_idx on audit_events (clinic_id, occurred_at, id) where verb = 'delete';
-- Administrators get an event by its id alone.
create index audit_events_id_idx on audit_events (id);
-- The trail is sealed in the order of seq, which is nearly that of the rows.
create index audit_events_seq_idx on audit_events using brin (seq) with (pages_per_range = 32, autosummarize = on);
comment on column audit_events.seq is 'Counts up in the order of writing; transactions that were rolled back leave gaps.';
comment on column audit_events.clinic_id is 'Clinic concerned; the nil UUID for what concerns the platform itself.';
comment on column audit_events.patient_id is 'Patient concerned; null for none.';
comment on column audit_events.resource_id is 'Identifier of the row that was changed or viewed.';
comment on column audit_events.ip is 'Network address that the request came from; null for none.';

create function private.audit_is_final() returns trigger
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    raise exception 'audit_events cannot be changed or removed' using errcode = '42501';
end
$$;
comment on function private.audit_is_final is 'Refuses update, delete and truncate of the audit trail for every role.';
create trigger audit_is_final before update or delete on audit_events
    for each row execute function private.audit_is_final();
create trigger audit_is_final_truncate before truncate on audit_events
    for each statement execute function private.audit_is_final();

create function private.api_field(column_name name, is_reference boolean) returns text
    language sql immutable
    set search_path = pg_catalog, pg_temp
    return (
        select lower(left(words, 1)) || substr(replace(initcap(words), ' ', ''), 2)
          from replace(case when is_reference then regexp_replace(column_name::text, '(_user)?_id$', '')
                            else column_name::text end, '_', ' ') as words);
comment on function private.api_field is
    'Field of the API that shows a column: its name in camel case, and of a reference (a uuid) without _id or _user_id.';

-- Each table has an audit function of its own, which names its columns: one for all tables would make jsonb of both rows
-- and go through its keys, which takes longer than to write the row. What is written of a column depends on its type, and
-- the request comes as a list (src/kernel/db/scope.rs), which takes less to split than an object.
create function private.audit_body(of_table regclass, resource text, audited text) returns text
    language plpgsql stable
    set search_path = pg_catalog, pg_temp
as $$
declare
    -- What each kind of change writes of each column.
    created text;
    updated text;
    deleted text;
    -- Expressions over the changed row.
    subject text;
    clinic text;
    patient text;
    is_platform boolean := exists (
        select 1 from private.places join pg_class on relname = table_name where oid = of_table and place = 'platform');
begin
    with columns as (
        select attname::text collate "C" as name, quote_ident(attname) as called,
               private.api_field(attname, atttypid = 'uuid'::regtype) as field, attnotnull as always,
               attname = any (string_to_array(audited, ' ')) as has_values,
               -- What concat() makes JSON of, unless it is null.
               case when atttypid = 'uuid'::regtype then '''"'', %s, ''"'''
                    when atttypid in ('smallint'::regtype, 'integer'::regtype, 'bigint'::regtype) then '%s'
                    when atttypid = 'boolean'::regtype then 'case when %s then ''true'' else ''false'' end'
                    else 'to_json(%s)' end as value
          from pg_attribute
         where attrelid = of_table and attnum > 0 and not attisdropped and attgenerated = ''
           and attname <> all ('{id,clinic_id,clinic_ids,created_at,created_by,updated_at,updated_by,version}')
    ), written as (
        select name, called, always,
               case when has_values then format('concat(''{"field":"%s","after":'', %s, ''}'')', field, format(value, 'new.' || called)) else redacted end as added,
               case when has_values then format('concat(''{"field":"%s","before":'', %s, ''}'')', field, format(value, 'old.' || called)) else redacted end as removed,
               case when has_values then format('concat(''{"field":"%1$s","before":'', coalesce(to_json(old.%2$s), ''null''), '',"after":'', coalesce(to_json(new.%2$s), ''null''), ''}'')', field, called) else redacted end as altered
          from columns cross join lateral format('''{"field":"%s","redacted":true}''', field) as redacted
    )
    select string_agg(case when always then added else format('case when new.%s is not null then %s end', called, added) end, e',\n            ' order by name),
           string_agg(format('if old.%1$s is distinct from new.%1$s then changes := concat_ws('','', changes, %2$s); end if;', called, altered), e'\n        ' order by name),
           string_agg(case when always then removed else format('case when old.%s is not null then %s end', called, removed) end, e',\n            ' order by name)
      into created, updated, deleted
      from written;
    -- A row beside another has no id of its own, but the other's.
    select coalesce(max(attname) filter (where attname = 'id'), min(attname) filter (where attnum = any (conkey))),
           max('coalesce(new.clinic_id, old.clinic_id)') filter (where attname = 'clinic_id'),
           max('coalesce(new.patient_id, old.patient_id)') filter (where attname = 'patient_id')
      into subject, clinic, patient
      from pg_attribute join pg_constraint on conrelid = attrelid and contype = 'p'
     where attrelid = of_table and attnum > 0 and not attisdropped;
    if clinic is null then
        clinic := case when of_table = to_regclass('public.clinics') then 'coalesce(new.id, old.id)'
                       else '''00000000-0000-0000-0000-000000000000''' end;
    end if;
    return format($body$
declare
    -- Operation, id of the request, network address, program, and e-mail address of the caller.
    request text[] := string_to_array(convert_from(decode(current_setting('app.request', true), 'hex'), 'utf8'), chr(31), '');
    verb text;
    changes text;
begin
    %sif tg_op = 'INSERT' then
        verb := 'create';
        changes := concat_ws(',',
            %s);
    elsif tg_op = 'UPDATE' then
        verb := 'update';
        %s
        if changes is null then
            return null;
        end if;
    else
        verb := 'delete';
        changes := concat_ws(',',
            %s);
    end if;
    insert into public.audit_events (actor_kind, actor_user_id, actor_email, clinic_id, patient_id, verb, operation,
                                     resource_type, resource_id, changes, ip, user_agent, request_id)
    values (coalesce(private.request_kind(), 'owner'), private.request_user_id(), request[5], %s, %s, verb,
            request[1], %L, coalesce(new.%I, old.%I), concat('[', changes, ']')::json, request[3]::inet, request[4], request[2]);
    return null;
end
$body$, case when is_platform then e'if not private.is_home() then\n        return null;\n    end if;\n    ' end,
        created, updated, deleted, clinic, coalesce(patient, 'null::uuid'), resource, subject, subject);
end
$$;
comment on function private.audit_body is
    'Source of the audit function of a table. resource: kind of row, as in its id. audited: columns whose values are written; of the others only that they changed, since secrets and free text do not belong into a trail that is stored for years.';

create function private.write_audit_function(of_table regclass, resource text, audited text, comment text) returns regprocedure
    language plpgsql
    security definer
    set search_path = pg_catalog, pg_temp
as $$
declare
    function_name text := format('private.%I', 'audit_' || (select relname from pg_class where oid = of_table));
begin
    execute format('create or replace function %s() returns trigger language plpgsql security definer set search_path = pg_catalog, pg_temp as %L',
                   function_name, private.audit_body(of_table, resource, audited));
    execute format('comment on function %s() is %L', function_name, comment);
    execute format('revoke all on function %s() from public', function_name);
    execute format('grant execute on function %s() to clinigraph_owner', function_name);
    return (function_name || '()')::regprocedure;
end
$$;
comment on function private.write_audit_function is
    'Writes the audit function of a table as clinigraph_audit, to whom it then belongs: roles that change rows may not write the trail themselves.';

create function private.audit_table(of_table regclass, resource text, audited text, audited_on text default 'insert or update or delete')
    returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    function_name regprocedure := private.write_audit_function(of_table, resource, audited,
        'After ' || audited_on || ': writes the audit row of the change. Generated by private.audit_table().');
begin
    -- The arguments are read by tests, which compare the function with a new one.
    execute format('create or replace trigger audit after %s on %s for each row execute function %s(%L, %L)',
                   audited_on, of_table, function_name::regproc, resource, audited);
end
$$;
comment on function private.audit_table is
    'Writes the audit function of a table; called again after a change of its columns. For the arguments see private.audit_body().';
revoke all on function private.api_field, private.audit_body, private.write_audit_function, private.audit_table from public;

create function private.audit_refusal(
    actor_kind text, actor uuid, email text, clinic uuid, verb text, resource text, resource_id uuid, reason text
) returns void
    language plpgsql
    security definer
    set search_path = pg_catalog, pg_temp
as $$
declare
    -- As in private.audit_body().
    request text[] := string_to_array(convert_from(decode(current_setting('app.request', true), 'hex'), 'utf8'), chr(31), '');
begin
    insert into public.audit_events (actor_kind, actor_user_id, actor_email, clinic_id, verb, operation, resource_type, resource_id,
                                     ip, user_agent, request_id, success, reason)
    values (actor_kind, actor, email, coalesce(clinic, '00000000-0000-0000-0000-000000000000'), verb, request[1], resource,
            resource_id, request[3]::inet, request[4], request[2], false, reason);
end
$$;
comment on function private.audit_refusal is
    'Writes into the audit trail that something was refused, for which no row changes and no trigger runs.';

-- ---- The events ----

create domain outbox_events_audience as text
    constraint outbox_events_audience_check check (value in ('clinic', 'platform'));

create table outbox_events (
    id bigint not null,
    clinic_id uuid,
    user_id uuid,
    audience outbox_events_audience not null,
    topic text not null,
    subject_id uuid not null,
    parent_id uuid,
    kind text not null,
    changed text[] not null default '{}',
    created_at timestamptz not null default clock_timestamp(),
    constraint outbox_events_pkey primary key (id, created_at)
) partition by range (created_at);
select private.common_table('outbox_events', 'local', null, null, null);
select private.policy('outbox_events', 'admin', 'insert', 'true');
select private.policy('outbox_events', 'tenant', 'insert', $$clinic_id = private.request_clinic_id() and audience = 'clinic'$$);
-- What they do with their own notifications.
select private.policy('outbox_events', class, 'insert',
    $$clinic_id = private.request_clinic_id() and audience = 'clinic' and user_id = private.request_user_id()$$)
  from unnest('{auditor,patient,partner}'::text[]) as class;
create sequence outbox_events_id_seq owned by outbox_events.id;
alter table outbox_events alter column id set default nextval('outbox_events_id_seq');
grant select, insert on outbox_events to clinigraph_system;
grant insert on outbox_events to clinigraph_admin, clinigraph_tenant, clinigraph_auditor, clinigraph_patient, clinigraph_partner;
grant usage on sequence outbox_events_id_seq
    to clinigraph_system, clinigraph_admin, clinigraph_tenant, clinigraph_auditor, clinigraph_patient, clinigraph_partner;
-- Events are read in the order of their ids. Which of them can be delivered depends on who holds a lock on the table
-- (src/live/order.rs).
comment on table outbox_events is
    'What happened, written in the transaction of the change by the server''s statement, never by a trigger: ids only, no content.';
comment on column outbox_events.id is 'Counts up in the order in which it was drawn; transactions may commit in another.';
comment on column outbox_events.clinic_id is 'Clinic concerned; null for the platform.';
comment on column outbox_events.user_id is 'The one user who is notified; null for everybody who may see the subject.';
comment on column outbox_events.audience is 'clinic, or platform: the clinic does not even learn that the event exists.';
comment on column outbox_events.topic is 'Kind of the subject, as in its id.';
comment on column outbox_events.subject_id is 'Row that the event is about.';
comment on column outbox_events.parent_id is 'Row that the subject is part of, such as the ticket of a message; null for none.';
comment on column outbox_events.kind is 'What happened to the subject.';
comment on column outbox_events.changed is 'Fields that changed, as the API names them.';

create table private.outbox_removed (
    is_single boolean not null default true constraint outbox_removed_pkey primary key
        constraint outbox_removed_is_single_check check (is_single),
    last_id bigint not null
);
select private.place('private.outbox_removed', 'local');
grant select on private.outbox_removed to clinigraph_system;
comment on table private.outbox_removed is
    'How far old events were removed: a listener that resumes before that has missed some.';
comment on column private.outbox_removed.is_single is 'Always true: there is one row.';
comment on column private.outbox_removed.last_id is 'Highest id that was removed; 0 before.';
insert into private.outbox_removed (last_id) values (0);

-- ---- Partitions ----

-- Made ahead; the default one takes a row that comes before its partition is made.
create table audit_events_other partition of audit_events default;
create table outbox_events_other partition of outbox_events default;
alter table audit_events_other enable row level security, force row level security;
alter table outbox_events_other enable row level security, force row level security;

-- A table of its own first, and attached then: to create it as a partition would lock out everybody who writes.
create function private.make_partition(parent text, suffix text, begins timestamptz, ends timestamptz) returns void
    language plpgsql
    set search_path = pg_catalog, public, pg_temp
as $$
declare
    part text := parent || '_' || suffix;
    of_time text := case parent when 'audit_events' then 'occurred_at' else 'created_at' end;
    has_rows boolean;
begin
    if to_regclass('public.' || part) is not null then
        return;
    end if;
    -- The rows of the default partition would not fit beside it: then that one stays in use for this time.
    execute format('select exists (select 1 from public.%I where %2$I >= $1 and %2$I < $2)', parent, of_time)
       into has_rows using begins, ends;
    if has_rows then
        return;
    end if;
    execute format('create table public.%I (like public.%I including defaults including constraints)', part, parent);
    execute format('alter table public.%I enable row level security, force row level security', part);
    execute format('alter table public.%I attach partition public.%I for values from (%L) to (%L)', parent, part, begins, ends);
end
$$;
comment on function private.make_partition is
    'Makes a partition, unless it exists or rows of its time are in the default partition.';

create function private.make_audit_partitions_at(at timestamptz) returns void
    language plpgsql
    set search_path = pg_catalog, public, pg_temp
    -- Months begin at midnight in it.
    set timezone = 'UTC'
as $$
declare
    begins timestamptz;
begin
    for begins in select date_trunc('month', at) + n * interval '1 month' from generate_series(0, 3) as n loop
        perform private.make_partition('audit_events', to_char(begins, 'YYYY_MM'), begins, begins + interval '1 month');
    end loop;
end
$$;
comment on function private.make_audit_partitions_at is 'Makes the partitions of the audit trail for the months that follow a time.';

create function private.make_event_partitions_at(at timestamptz) returns void
    language plpgsql
    set search_path = pg_catalog, public, pg_temp
    set timezone = 'UTC'
as $$
declare
    begins timestamptz;
begin
    for begins in select date_trunc('day', at) + n * interval '1 day' from generate_series(0, 3) as n loop
        perform private.make_partition('outbox_events', to_char(begins, 'YYYY_MM_DD'), begins, begins + interval '1 day');
    end loop;
end
$$;
comment on function private.make_event_partitions_at is 'Makes the partitions of the events for the days that follow a time.';

create function private.remove_old_events_at(at timestamptz) returns void
    language plpgsql
    set search_path = pg_catalog, public, pg_temp
    set timezone = 'UTC'
as $$
declare
    oldest timestamptz := date_trunc('day', at) - interval '7 days';
    part name;
    last bigint;
begin
    select max(id) into last from outbox_events where created_at < oldest;
    if last is not null then
        update private.outbox_removed set last_id = last where last_id < last;
    end if;
    for part in
        select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid
        where i.inhparent = 'public.outbox_events'::regclass and c.relname ~ '^outbox_events_\d{4}_\d\d_\d\d$'
          and to_date(right(c.relname, 10), 'YYYY_MM_DD') < oldest
        order by 1
    loop
        execute format('drop table public.%I', part);
    end loop;
    -- The default partition has rows when another could not be made in time.
    delete from outbox_events where created_at < oldest;
end
$$;
comment on function private.remove_old_events_at is 'Removes whole days of events that are older than seven days at a time.';

create function private.maintain(what text, statement text) returns void
    language plpgsql
    set search_path = pg_catalog, public, pg_temp
    -- Writers would wait behind this, and this behind a long transaction: it tries again later instead.
    set lock_timeout = '1s'
as $$
begin
    -- One of several servers does it.
    if pg_try_advisory_xact_lock(hashtext('clinigraph ' || what)) then
        execute statement;
    end if;
exception
    when lock_not_available then raise warning '% could not be maintained: somebody holds a lock', what;
end
$$;
comment on function private.maintain is
    'Runs a statement as its caller, unless another server is at the same, or somebody holds a lock that it needs.';

-- A transaction each: one that makes holds the default partition and one that removes wants the whole table, while a reader
-- holds the table and wants the default partition.
create function private.make_audit_partitions() returns void
    language sql
    security definer
    set search_path = pg_catalog, public, pg_temp
as $$ select private.maintain('audit partitions', 'select private.make_audit_partitions_at(now())') $$;
comment on function private.make_audit_partitions is
    'Makes the partitions of the audit trail for the coming months, as clinigraph_audit: the roles of a server may make no tables.';

create function private.make_event_partitions() returns void
    language sql
    security definer
    set search_path = pg_catalog, public, pg_temp
as $$ select private.maintain('partitions', 'select private.make_event_partitions_at(now())') $$;
comment on function private.make_event_partitions is 'Makes the partitions of the events for the coming days, as the owner.';

create function private.remove_old_events() returns void
    language sql
    security definer
    set search_path = pg_catalog, public, pg_temp
as $$ select private.maintain('partitions', 'select private.remove_old_events_at(now())') $$;
comment on function private.remove_old_events is 'Removes events that are older than seven days, as the owner.';
revoke all on function private.maintain from public;
grant execute on function private.maintain to clinigraph_audit;
revoke all on function private.make_audit_partitions, private.make_event_partitions, private.remove_old_events from public;
grant execute on function private.make_audit_partitions, private.make_event_partitions, private.remove_old_events to clinigraph_system;

-- Only who is a member of clinigraph_audit can give it something, or a superuser: the login that prepares the database.
grant create on schema private to clinigraph_audit;
reset role;
alter sequence audit_events_seq owner to clinigraph_audit;
alter table audit_events owner to clinigraph_audit;
alter table audit_events_other owner to clinigraph_audit;
alter function private.audit_is_final owner to clinigraph_audit;
alter function private.api_field owner to clinigraph_audit;
alter function private.audit_body owner to clinigraph_audit;
alter function private.write_audit_function owner to clinigraph_audit;
alter function private.audit_refusal owner to clinigraph_audit;
alter function private.make_audit_partitions owner to clinigraph_audit;
revoke all on function private.audit_refusal from public;
grant execute on function private.audit_refusal to clinigraph_system;
grant execute on function private.write_audit_function to clinigraph_owner;
set role clinigraph_owner;

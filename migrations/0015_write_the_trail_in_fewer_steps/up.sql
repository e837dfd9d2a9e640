-- An audit row took longer to write than the row it tells of: one function for all tables made jsonb of both rows and
-- looked through their keys. Each table has a function of its own now, which names its columns. It is written by
-- private.audit_table(), to be called again whenever a table gets or loses a column; a test compares.

create function private.audit_body(of_table regclass, resource text, kept text) returns text
    language plpgsql stable
    set search_path = pg_catalog
as $$
declare
    -- What each kind of change tells of each column.
    created text;
    updated text;
    deleted text;
    has_clinic boolean;
    has_patient boolean;
begin
    select string_agg(case when attnotnull then added else format('case when new.%I is not null then %s end', attname, added) end,
                      e',\n            ' order by attname),
           string_agg(format('case when old.%1$I is distinct from new.%1$I then %2$s end', attname, altered),
                      e',\n            ' order by attname),
           string_agg(case when attnotnull then gone else format('case when old.%I is not null then %s end', attname, gone) end,
                      e',\n            ' order by attname)
      into created, updated, deleted
      from (
          select attname::text collate "C" as attname, attnotnull,
                 case when is_kept then head || format(',"before":null,"after":'' || to_json(new.%I) || ''}''', attname)
                      else redacted end as added,
                 case when is_kept then head || format(',"before":'' || coalesce(to_json(old.%1$I)::text, ''null'') || '',"after":'' || coalesce(to_json(new.%1$I)::text, ''null'') || ''}''', attname)
                      else redacted end as altered,
                 case when is_kept then head || format(',"before":'' || to_json(old.%I) || '',"after":null}''', attname)
                      else redacted end as gone
            from (
                select attname, attnotnull, attname = any (string_to_array(kept, ' ')) as is_kept,
                       format('''{"field":"%s"', attname) as head,
                       format('''{"field":"%s","redacted":true}''', attname) as redacted
                  from pg_attribute
                 where attrelid = of_table and attnum > 0 and not attisdropped
                   and attname <> all ('{id,clinic_id,created_at,created_by,updated_at,updated_by,version,search,priority_rank}')
            ) as named
      ) as told;
    select exists (select from pg_attribute where attrelid = of_table and attname = 'clinic_id'),
           exists (select from pg_attribute where attrelid = of_table and attname = 'patient_id')
      into has_clinic, has_patient;
    return format($body$
declare
    request jsonb := convert_from(decode(nullif(current_setting('app.request', true), ''), 'hex'), 'utf8')::jsonb;
    done text;
    changes text;
begin
    if tg_op = 'INSERT' then
        done := 'create';
        changes := concat_ws(',',
            %s);
    elsif tg_op = 'UPDATE' then
        done := 'update';
        changes := concat_ws(',',
            %s);
        if changes = '' then
            return null;
        end if;
    else
        done := 'delete';
        changes := concat_ws(',',
            %s);
    end if;
    insert into public.audit_events (actor_kind, actor_user_id, actor_email, clinic_id, patient_id, verb, operation,
                                     resource_type, resource_id, changes, ip, user_agent, request_id)
    values (coalesce(private.request_kind(), 'owner'), private.request_user_id(), request ->> 'email', %s, %s, done,
            request ->> 'operation', %L, coalesce(new.id, old.id), ('[' || changes || ']')::jsonb,
            (request ->> 'ip')::inet, request ->> 'agent', request ->> 'id');
    return null;
end
$body$, created, updated, deleted,
        case when has_clinic then 'coalesce(new.clinic_id, old.clinic_id)'
             when of_table = 'public.clinics'::regclass then 'coalesce(new.id, old.id)'
             else 'null::uuid' end,
        case when has_patient then 'coalesce(new.patient_id, old.patient_id)' else 'null::uuid' end,
        resource);
end
$$;
comment on function private.audit_body is
    'What the audit function of a table must be; resource is the kind of row as in its id, kept the columns whose values may be kept. Of the others it is only told that they changed: secrets and free text do not belong into a trail that is kept for years.';

create function private.audit_table(of_table regclass, resource text, kept text, of_events text default 'insert or update or delete')
    returns void
    language plpgsql
    set search_path = pg_catalog
as $$
declare
    function_name text := format('private.%I', 'audit_' || (select relname from pg_class where oid = of_table));
begin
    execute format('create or replace function %s() returns trigger language plpgsql security definer set search_path = pg_catalog as %L',
                   function_name, private.audit_body(of_table, resource, kept));
    execute format('comment on function %s() is %L', function_name,
                   'After ' || of_events || ': writes the audit row of the change. Written by private.audit_table().');
    -- Whoever makes a change may not write the trail by hand: the function does it as the system.
    grant create on schema private to clinigraph_system;
    execute format('alter function %s() owner to clinigraph_system', function_name);
    revoke create on schema private from clinigraph_system;
    execute format('revoke all on function %s() from public', function_name);
    -- The arguments are for who compares.
    execute format('drop trigger if exists audit on %s', of_table);
    execute format('create trigger audit after %s on %s for each row execute function %s(%L, %L)',
                   of_events, of_table, function_name, resource, kept);
end
$$;
comment on function private.audit_table is
    'Has the changes of a table audited, or, after a change of its columns, written anew; for the arguments see private.audit_body().';
revoke all on function private.audit_body, private.audit_table from public;

do $$
declare
    audited record;
begin
    for audited in
        select tgrelid::regclass as of_table, string_to_array(encode(tgargs, 'escape'), '\000') as arguments,
               case when tgtype & 4 > 0 then 'insert or update or delete' else 'update or delete' end as of_events
          from pg_trigger where tgfoid = 'private.audit'::regproc and tgparentid = 0
    loop
        perform private.audit_table(audited.of_table, audited.arguments[1], audited.arguments[2], audited.of_events);
    end loop;
end
$$;
drop function private.audit;

-- Of nine indexes each row went into eight. The sealing of the trail goes through it in the order of seq, which is that of
-- the table; what was done to one row is found by the row alone; and of what was done to a clinic only what is rare needs
-- an index of its own.
drop index audit_events_seq_idx;
create index audit_events_seq_idx on audit_events using brin (seq) with (pages_per_range = 32, autosummarize = on);
drop index audit_events_resource_idx;
drop index audit_events_verb_idx;
create index audit_events_deletes_idx on audit_events (clinic_id, occurred_at, id) where verb = 'delete';

-- Events are read in the order of their ids, by nobody in any other.
alter table outbox_events drop constraint outbox_events_pkey;
alter table outbox_events add constraint outbox_events_pkey primary key (id, created_at);
drop index outbox_events_id_idx;
drop index outbox_events_clinic_id_idx;

-- Who makes notifications writes their events in the same statement (notification/tell.rs): the trigger that did it cost
-- three times what they do.
drop trigger tell_of_notifications on notifications;
drop function private.tell_of_notifications;

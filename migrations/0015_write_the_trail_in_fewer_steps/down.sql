-- A notification cannot be made without its event, whoever makes it.
create function private.tell_of_notifications() returns trigger
    language plpgsql
as $$
begin
    insert into public.outbox_events (clinic_id, user_id, audience, topic, subject_id, kind)
    select made.clinic_id, made.recipient_user_id, 'clinic', 'notification', made.id, 'received' from made order by made.id;
    return null;
end
$$;
comment on function private.tell_of_notifications is 'After insert of notifications: writes the event of each, as whoever made them.';
create trigger tell_of_notifications after insert on notifications
    referencing new table as made for each statement execute function private.tell_of_notifications();

alter table outbox_events drop constraint outbox_events_pkey;
alter table outbox_events add constraint outbox_events_pkey primary key (created_at, id);
create index outbox_events_id_idx on outbox_events (id);
create index outbox_events_clinic_id_idx on outbox_events (clinic_id, id);

drop index audit_events_deletes_idx;
create index audit_events_verb_idx on audit_events (clinic_id, verb, occurred_at, id);
create index audit_events_resource_idx on audit_events (clinic_id, resource_type, resource_id, occurred_at, id);
drop index audit_events_seq_idx;
create index audit_events_seq_idx on audit_events (seq);

-- One row per changed row. Arguments: the resource's name, and the columns whose values may be kept (the others
-- are only named: secrets and free text do not belong into a trail that is kept for years).
create function private.audit() returns trigger
    language plpgsql
    security definer
    set search_path = pg_catalog, public, pg_temp
as $$
declare
    kept text[] := string_to_array(tg_argv[1], ' ');
    request jsonb := convert_from(decode(nullif(current_setting('app.request', true), ''), 'hex'), 'utf8')::jsonb;
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

grant create on schema private to clinigraph_system;
alter function private.audit owner to clinigraph_system;
revoke create on schema private from clinigraph_system;

do $$
declare
    audited record;
begin
    for audited in
        select tgrelid::regclass as of_table, string_to_array(encode(tgargs, 'escape'), '\000') as arguments, tgfoid::regprocedure as function_name,
               case when tgtype & 4 > 0 then 'insert or update or delete' else 'update or delete' end as of_events
          from pg_trigger where tgname = 'audit' and tgparentid = 0
    loop
        execute format('drop trigger audit on %s', audited.of_table);
        execute format('drop function %s', audited.function_name);
        execute format('create trigger audit after %s on %s for each row execute function private.audit(%L, %L)',
                       audited.of_events, audited.of_table, audited.arguments[1], audited.arguments[2]);
    end loop;
end
$$;
drop function private.audit_table;
drop function private.audit_body;

create or replace function private.audit_body(of_table regclass, resource text, kept text) returns text
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

create or replace function private.request_user_id() returns uuid
    language sql stable parallel safe
    return nullif(substr(current_setting('app.caller', true), 1, 36), '')::uuid;
create or replace function private.request_clinic_id() returns uuid
    language sql stable parallel safe
    return nullif(substr(current_setting('app.caller', true), 75, 36), '')::uuid;

alter table audit_events alter changes drop default;
alter table audit_events alter changes type jsonb using changes::jsonb;
alter table audit_events alter changes set default '[]';

drop function private.administrators_but;
drop trigger forget_notifications on users;
drop function private.forget_notifications;
alter table notifications
    alter ticket_id drop not null,
    add constraint notifications_clinic_id_fkey foreign key (clinic_id) references clinics (id),
    add constraint notifications_recipient_user_id_fkey foreign key (recipient_user_id) references users (id) on delete cascade;
comment on column notifications.ticket_id is 'The ticket it is about; null for none.';

alter table support_tickets drop column search, drop column priority_rank;
alter table support_tickets
    alter title type text,
    alter description type text,
    alter priority type text,
    alter status type text,
    add constraint support_tickets_title_check check (char_length(title) between 1 and 200),
    add constraint support_tickets_description_check check (char_length(description) between 1 and 10000),
    add constraint support_tickets_priority_check check (priority in ('low', 'medium', 'high', 'urgent')),
    add constraint support_tickets_status_check check (status in ('open', 'in_progress', 'waiting', 'resolved', 'closed'));
alter table support_tickets
    add column priority_rank smallint not null generated always as
        (case priority when 'low' then 1 when 'medium' then 2 when 'high' then 3 else 4 end) stored,
    add column search tsvector not null generated always as
        (to_tsvector('simple', translate(title || ' ' || description, '!"#$%&''()*+,-./:;<=>?@[\]^_`{|}~', repeat(' ', 32)))) stored;
create index support_tickets_clinic_id_priority_idx on support_tickets (clinic_id, priority_rank, id);
create index support_tickets_priority_idx on support_tickets (priority_rank, id);
create index support_tickets_search_idx on support_tickets using gin (search);
comment on column support_tickets.priority_rank is 'The priority as a number, so that lists can be ordered by it.';
comment on column support_tickets.search is 'The words of title and description.';


alter table ticket_messages
    alter body type text,
    add constraint ticket_messages_body_check check (char_length(body) between 1 and 10000);
alter table notifications
    alter kind type text,
    alter title type text,
    alter body type text,
    alter link_path type text,
    add constraint notifications_kind_check check (kind in ('ticket_created', 'ticket_reply', 'ticket_status_changed')),
    add constraint notifications_title_check check (char_length(title) between 1 and 300),
    add constraint notifications_body_check check (char_length(body) <= 1000),
    add constraint notifications_link_path_check check (link_path ~ '^/' and char_length(link_path) <= 500);
drop policy tenant on outbox_events;
alter table outbox_events
    alter audience type text,
    add constraint outbox_events_audience_check check (audience in ('clinic', 'platform'));
create policy tenant on outbox_events for insert to clinigraph_tenant
    with check (clinic_id = (select private.request_clinic_id()) and audience = 'clinic');
drop index audit_events_deletes_idx;
alter table audit_events
    alter actor_kind type text,
    alter verb type text,
    add constraint audit_events_actor_kind_check check (actor_kind in ('tenant', 'admin', 'patient', 'system', 'owner')),
    add constraint audit_events_verb_check check (verb in ('create', 'update', 'delete', 'view'));
create index audit_events_deletes_idx on audit_events (clinic_id, occurred_at, id) where verb = 'delete';
drop domain support_tickets_title, support_tickets_description, support_tickets_priority, support_tickets_status,
    ticket_messages_body, notifications_kind, notifications_title, notifications_body, notifications_link_path,
    outbox_events_audience, audit_events_actor_kind, audit_events_verb;

do $$
declare
    audited record;
begin
    for audited in
        select tgrelid::regclass as of_table, string_to_array(encode(tgargs, 'escape'), '\000') as arguments,
               case when tgtype & 4 > 0 then 'insert or update or delete' else 'update or delete' end as of_events
          from pg_trigger where tgname = 'audit' and tgparentid = 0
    loop
        perform private.audit_table(audited.of_table, audited.arguments[1], audited.arguments[2], audited.of_events);
    end loop;
end
$$;

-- A change, its trail, its events and who is told of it are rows of one transaction. Three of those four cost each several
-- times what the row of the change does; this takes what can be taken.

-- Postgres reads each check of a table anew in every statement that writes to it, which takes longer than to write to an
-- index; the checks of a domain it keeps. So what a column may hold is said by a domain where nearly every change writes.
create domain audit_events_actor_kind as text
    constraint audit_events_actor_kind_check check (value in ('tenant', 'admin', 'patient', 'system', 'owner'));
create domain audit_events_verb as text
    constraint audit_events_verb_check check (value in ('create', 'update', 'delete', 'view'));
drop index audit_events_deletes_idx;
alter table audit_events
    drop constraint audit_events_actor_kind_check,
    drop constraint audit_events_verb_check,
    alter actor_kind type audit_events_actor_kind,
    alter verb type audit_events_verb;
create index audit_events_deletes_idx on audit_events (clinic_id, occurred_at, id) where verb = 'delete';

create domain outbox_events_audience as text
    constraint outbox_events_audience_check check (value in ('clinic', 'platform'));
drop policy tenant on outbox_events;
alter table outbox_events
    drop constraint outbox_events_audience_check,
    alter audience type outbox_events_audience;
create policy tenant on outbox_events for insert to clinigraph_tenant
    with check (clinic_id = (select private.request_clinic_id()) and audience = 'clinic');

create domain notifications_kind as text
    constraint notifications_kind_check check (value in ('ticket_created', 'ticket_reply', 'ticket_status_changed'));
create domain notifications_title as text constraint notifications_title_check check (char_length(value) between 1 and 300);
create domain notifications_body as text constraint notifications_body_check check (char_length(value) <= 1000);
create domain notifications_link_path as text
    constraint notifications_link_path_check check (value ~ '^/' and char_length(value) <= 500);
alter table notifications
    drop constraint notifications_kind_check,
    drop constraint notifications_title_check,
    drop constraint notifications_body_check,
    drop constraint notifications_link_path_check,
    alter kind type notifications_kind,
    alter title type notifications_title,
    alter body type notifications_body,
    alter link_path type notifications_link_path;

create domain ticket_messages_body as text
    constraint ticket_messages_body_check check (char_length(value) between 1 and 10000);
alter table ticket_messages
    drop constraint ticket_messages_body_check,
    alter body type ticket_messages_body;

create domain support_tickets_title as text
    constraint support_tickets_title_check check (char_length(value) between 1 and 200);
create domain support_tickets_description as text
    constraint support_tickets_description_check check (char_length(value) between 1 and 10000);
create domain support_tickets_priority as text
    constraint support_tickets_priority_check check (value in ('low', 'medium', 'high', 'urgent'));
create domain support_tickets_status as text
    constraint support_tickets_status_check check (value in ('open', 'in_progress', 'waiting', 'resolved', 'closed'));
-- What is generated of a column stands in the way of its type; the indexes go and come with it.
alter table support_tickets drop column search, drop column priority_rank;
alter table support_tickets
    drop constraint support_tickets_title_check,
    drop constraint support_tickets_description_check,
    drop constraint support_tickets_priority_check,
    drop constraint support_tickets_status_check,
    alter title type support_tickets_title,
    alter description type support_tickets_description,
    alter priority type support_tickets_priority,
    alter status type support_tickets_status;
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

-- A foreign key locks the row that it points to, and everybody who tells the platform's administrators of something
-- would lock the same few. Who is told is taken from a row that has such a key itself, and the clinic is part of the
-- ticket's key.
alter table notifications
    alter ticket_id set not null,
    drop constraint notifications_clinic_id_fkey,
    drop constraint notifications_recipient_user_id_fkey;
comment on column notifications.ticket_id is 'The ticket it is about.';

create function private.forget_notifications() returns trigger
    language plpgsql
    security definer
    set search_path = pg_catalog
as $$
begin
    delete from public.notifications where recipient_user_id = old.id;
    return null;
end
$$;
comment on function private.forget_notifications is 'After delete of a user: removes what they were told, as no foreign key does.';
revoke all on function private.forget_notifications from public;
create trigger forget_notifications after delete on users for each row execute function private.forget_notifications();

-- Read as a clinic, the policy of users costs more than to write a notification.
create function private.administrators_but(doer uuid) returns setof uuid
    language plpgsql stable security definer
    set search_path = pg_catalog
    rows 5
as $$
begin
    return query select id from public.users where is_platform_admin and status = 'active' and deleted_at is null and id <> doer;
end
$$;
comment on function private.administrators_but is 'Who is told of what concerns the platform: its active administrators, but not the one who does it.';
grant create on schema private to clinigraph_system;
alter function private.administrators_but owner to clinigraph_system;
revoke create on schema private from clinigraph_system;
revoke all on function private.administrators_but from public;
grant execute on function private.administrators_but to clinigraph_system, clinigraph_admin, clinigraph_tenant;

-- What a change tells is kept as the text it is written and read as: to make jsonb of it took longer than to write the row.
alter table audit_events alter changes drop default;
alter table audit_events alter changes type json using changes::json;
alter table audit_events alter changes set default '[]';

-- split_part() looks at bytes where substr() counts characters.
create or replace function private.request_user_id() returns uuid
    language sql stable parallel safe
    return nullif(split_part(current_setting('app.caller', true), ' ', 1), '')::uuid;
create or replace function private.request_clinic_id() returns uuid
    language sql stable parallel safe
    return nullif(split_part(current_setting('app.caller', true), ' ', 3), '')::uuid;

-- The audit functions, written anew: what is written of a column depends on its type, only what has changed is put into
-- words, and the request comes as a list (kernel/db/scope.rs), which is taken apart for less than an object.
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
    with columns as (
        select attname::text collate "C" as name, quote_ident(attname) as called, attnotnull as always,
               attname = any (string_to_array(kept, ' ')) as is_kept,
               -- What concat() makes JSON of, unless it is null.
               case when atttypid = 'uuid'::regtype then '''"'', %s, ''"'''
                    when atttypid in ('smallint'::regtype, 'integer'::regtype, 'bigint'::regtype) then '%s'
                    when atttypid = 'boolean'::regtype then 'case when %s then ''true'' else ''false'' end'
                    else 'to_json(%s)' end as value
          from pg_attribute
         where attrelid = of_table and attnum > 0 and not attisdropped
           and attname <> all ('{id,clinic_id,created_at,created_by,updated_at,updated_by,version,search,priority_rank}')
    ), told as (
        select name, called, always,
               case when is_kept then format('concat(''{"field":"%s","after":'', %s, ''}'')', name, format(value, 'new.' || called)) else hidden end as added,
               case when is_kept then format('concat(''{"field":"%s","before":'', %s, ''}'')', name, format(value, 'old.' || called)) else hidden end as gone,
               case when is_kept then format('concat(''{"field":"%1$s","before":'', coalesce(to_json(old.%2$s), ''null''), '',"after":'', coalesce(to_json(new.%2$s), ''null''), ''}'')', name, called) else hidden end as altered
          from columns cross join lateral format('''{"field":"%s","redacted":true}''', name) as hidden
    )
    select string_agg(case when always then added else format('case when new.%s is not null then %s end', called, added) end, e',\n            ' order by name),
           string_agg(format('if old.%1$s is distinct from new.%1$s then changes := concat_ws('','', changes, %2$s); end if;', called, altered), e'\n        ' order by name),
           string_agg(case when always then gone else format('case when old.%s is not null then %s end', called, gone) end, e',\n            ' order by name)
      into created, updated, deleted
      from told;
    select exists (select from pg_attribute where attrelid = of_table and attname = 'clinic_id'),
           exists (select from pg_attribute where attrelid = of_table and attname = 'patient_id')
      into has_clinic, has_patient;
    return format($body$
declare
    -- The operation, the request's id, the address, the program, and the caller's address.
    request text[] := string_to_array(convert_from(decode(current_setting('app.request', true), 'hex'), 'utf8'), chr(31), '');
    done text;
    changes text;
begin
    if tg_op = 'INSERT' then
        done := 'create';
        changes := concat_ws(',',
            %s);
    elsif tg_op = 'UPDATE' then
        done := 'update';
        %s
        if changes is null then
            return null;
        end if;
    else
        done := 'delete';
        changes := concat_ws(',',
            %s);
    end if;
    insert into public.audit_events (actor_kind, actor_user_id, actor_email, clinic_id, patient_id, verb, operation,
                                     resource_type, resource_id, changes, ip, user_agent, request_id)
    values (coalesce(private.request_kind(), 'owner'), private.request_user_id(), request[5], %s, %s, done,
            request[1], %L, coalesce(new.id, old.id), concat('[', changes, ']')::json, request[3]::inet, request[4], request[2]);
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

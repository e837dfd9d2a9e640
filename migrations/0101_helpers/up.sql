-- What every other migration builds on: the caller, and what each kind of table has.
--
-- Versions begin at 0101. Those below belong to an earlier history, and a database that has them is refused
-- (src/kernel/db/migrate.rs).

create schema private;
comment on schema private is 'Functions and tables that policies, triggers and migrations use; clients use nothing here.';
grant usage on schema private to clinigraph_audit, clinigraph_system, clinigraph_admin, clinigraph_tenant, clinigraph_auditor, clinigraph_patient, clinigraph_partner;

-- ---- The caller ----
--
-- One setting of the transaction names the caller, and the role that the transaction took names the caller's class
-- (src/kernel/db/scope.rs):
--
--     app.caller = '<user> <session> <clinic> <role in it> <network of the clinic>'
--
-- What is missing at the end is left out: a clinic without a network has four words, an administrator two. A setting that
-- is absent reads as null or '', and every helper then answers null or false: a connection without a scope sees nothing.

create function private.request_kind() returns text
    language sql stable parallel safe
    return case current_setting('role')
        when 'clinigraph_tenant' then 'tenant'
        when 'clinigraph_admin' then 'admin'
        when 'clinigraph_auditor' then 'auditor'
        when 'clinigraph_patient' then 'patient'
        when 'clinigraph_partner' then 'partner'
        when 'clinigraph_system' then 'system'
    end;
comment on function private.request_kind is
    'Class of the actor: tenant, auditor, patient, partner, admin or system, by the role that the transaction took; null without one.';

-- split_part() looks at bytes where substr() counts characters.
create function private.request_user_id() returns uuid
    language sql stable parallel safe
    return nullif(split_part(current_setting('app.caller', true), ' ', 1), '')::uuid;
comment on function private.request_user_id is 'User who is the caller; null for the server itself and outside a scope.';

create function private.request_clinic_id() returns uuid
    language sql stable parallel safe
    return nullif(split_part(current_setting('app.caller', true), ' ', 3), '')::uuid;
comment on function private.request_clinic_id is
    'Clinic that the caller acts in; null for administrators, for the server itself and outside a scope.';

-- A job works as the system with its clinic in app.caller. Its role is then limited to the rows of that clinic; it reads those
-- of the platform, which have the nil UUID, as clinics do. Functions that run as the system for somebody else are not limited
-- so, since the role that the transaction took is another.
create function private.request_job_clinic_id() returns uuid
    language sql stable parallel safe
    return case current_setting('role') when 'clinigraph_system' then private.request_clinic_id() end;
comment on function private.request_job_clinic_id is
    'Clinic that the caller, a job of the server, is limited to; null for a job of the platform and for everybody else.';

create function private.request_network_id() returns uuid
    language sql stable parallel safe
    return nullif(split_part(current_setting('app.caller', true), ' ', 5), '')::uuid;
comment on function private.request_network_id is 'Network of the clinic that the caller acts in; null for none.';

create function private.request_is_active() returns boolean
    language sql stable parallel safe
    return coalesce(current_setting('app.caller', true) <> '', false);
comment on function private.request_is_active is
    'Whether a person has an open scope: their session, user and clinic were active in its snapshot.';

create function private.request_is_admin() returns boolean
    language sql stable parallel safe
    return coalesce(private.request_kind() = 'admin', false);
comment on function private.request_is_admin is 'Whether the caller is a platform administrator.';

create function private.request_is_system() returns boolean
    language sql stable parallel safe
    return coalesce(private.request_kind() = 'system', false);
comment on function private.request_is_system is 'Whether the caller is the server itself.';

-- ---- Where a table is stored ----

create table private.places (
    table_name name not null constraint places_pkey primary key,
    place text not null constraint places_place_check check (place in ('clinic', 'platform', 'local'))
);
grant select on private.places to clinigraph_audit;
comment on table private.places is 'Kind of storage that each table would have in a distributed Postgres.';
comment on column private.places.table_name is 'Table, in the schema public or private.';
comment on column private.places.place is
    'clinic: spread by its clinic_id; platform: a copy on every node; local: on the coordinator alone.';

create function private.place(of_table regclass, place text) returns void
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    insert into private.places (table_name, place) values ((select relname from pg_class where oid = of_table), place)
    on conflict (table_name) do update set place = excluded.place
$$;
comment on function private.place is
    'Says how a table is stored, before it has foreign keys and triggers. One Postgres only notes it; a distributed one spreads the table here.';

create function private.is_home() returns boolean
    language sql immutable parallel safe
    return true;
comment on function private.is_home is
    'Whether a trigger runs where the change was made. A distributed Postgres also runs the triggers of platform tables on each copy.';

-- ---- Triggers and defaults of many tables ----

-- Without a search path of its own Postgres writes it out where it is called; called as a function it takes longer than the
-- rest of a row.
create function private.uuid_v7() returns uuid
    language sql volatile parallel safe
    return encode(
        set_bit(set_bit(
            overlay(uuid_send(gen_random_uuid()) placing substring(int8send((extract(epoch from clock_timestamp()) * 1000)::bigint) from 3) from 1 for 6),
            52, 1), 53, 1),
        'hex')::uuid;
comment on function private.uuid_v7 is 'A UUIDv7, for rows that the database makes; the server makes its own.';

create function private.touch() returns trigger
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    if new is distinct from old then
        new.updated_at := clock_timestamp();
        new.updated_by := private.request_user_id();
        new.version := old.version + 1;
    end if;
    return new;
end
$$;
comment on function private.touch is 'Before update: stamps updated_at and updated_by and counts version up.';

-- On each copy of a platform table a clock would give another value: the statement should bring updated_at along.
create function private.touch_platform() returns trigger
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    if new is distinct from old then
        if new.updated_at = old.updated_at and private.is_home() then
            new.updated_at := clock_timestamp();
        end if;
        new.updated_by := private.request_user_id();
        new.version := old.version + 1;
    end if;
    return new;
end
$$;
comment on function private.touch_platform is
    'Before update of a platform table: stamps updated_by, counts version up, and stamps updated_at if the statement does not.';

-- ---- What each kind of table has ----

-- Functions that run with their owner's rights name pg_temp last in their search path: Postgres would look there first, and
-- a type or table that the caller put there would run as the owner. The catalogue test asks for it.
create function private.run_as_system(of_function regprocedure) returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    grant create on schema private to clinigraph_system;
    execute format('alter function %s owner to clinigraph_system', of_function);
    revoke create on schema private from clinigraph_system;
    execute format('revoke all on function %s from public', of_function);
end
$$;
comment on function private.run_as_system is
    'Gives a function that runs with its owner''s rights to clinigraph_system, which the policies let reach every row, and revokes the right to call it from everybody.';

create function private.policy(of_table regclass, class text, command text, condition text) returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    is_of_jobs boolean := class = 'system' and condition = 'true' and exists (
        select 1 from pg_attribute where attrelid = of_table and attname = 'clinic_id' and attnotnull);
    writes text := 'private.request_job_clinic_id() is null or clinic_id = private.request_job_clinic_id()';
    -- A helper in a sub-select is called once in a statement, a bare one once for each row. A distributed Postgres takes
    -- bare ones only: this is the line to change for it.
    rows text := regexp_replace(case when is_of_jobs then writes || ' or clinic_id = ''00000000-0000-0000-0000-000000000000''' else condition end,
                                'private\.request_\w+\(\)', '(select \&)', 'g');
begin
    writes := regexp_replace(writes, 'private\.request_\w+\(\)', '(select \&)', 'g');
    execute format('create policy %I on %s for %s to %I %s (%s)',
                   class || case command when 'all' then '' else '_' || command end, of_table, command,
                   'clinigraph_' || class, case command when 'insert' then 'with check' else 'using' end,
                   case when is_of_jobs and command = 'insert' then writes else rows end);
    if is_of_jobs and command in ('all', 'update') then
        execute format('alter policy %I on %s with check (%s)',
                       class || case command when 'all' then '' else '_' || command end, of_table, writes);
    end if;
end
$$;
comment on function private.policy is
    'Writes the policy of a class for a command: to which rows it applies. The condition compares columns of the row with private.request_…() and looks at no other table.';

create function private.common_table(of_table regclass, place text, resource text, audited text, audited_on text) returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    described record;
begin
    perform private.place(of_table, place);
    execute format('alter table %s enable row level security, force row level security', of_table);
    perform private.policy(of_table, 'system', 'all', 'true');
    for described in
        select attname, text
          from pg_attribute
          join (values ('id', 'Identifier of the row, a UUIDv7 that the server makes.'),
                       ('clinic_id', 'Clinic that the row belongs to; never changes.'),
                       ('created_at', 'Time at which the row was created.'),
                       ('updated_at', 'Time at which the row was last changed.'),
                       ('created_by', 'User who created the row; null if the server itself did.'),
                       ('updated_by', 'User who last changed the row; null if nobody has, or if the server itself did.'),
                       ('version', 'Version of the row; counts up with each change, so that a writer can see whether somebody else came first.'),
                       ('deleted_at', 'Time at which the row was removed; null while it is in use.')) as standard (name, text)
            on name = attname
         where attrelid = of_table and attnum > 0 and not attisdropped
    loop
        execute format('comment on column %s.%I is %L', of_table, described.attname, described.text);
        if described.attname = 'created_by' then
            execute format('alter table %s alter created_by set default private.request_user_id()', of_table);
        elsif described.attname = 'version' then
            execute format('create trigger touch before update on %s for each row execute function private.%I()',
                           of_table, case place when 'platform' then 'touch_platform' else 'touch' end);
        end if;
    end loop;
    if audited is not null then
        perform private.audit_table(of_table, resource, audited, audited_on);
    end if;
end
$$;
comment on function private.common_table is
    'Gives a new table what all tables have: forced row-level security, the policy of the system, stamps, comments on the standard columns, and the audit trail unless audited is null.';

create function private.columns_but(of_table regclass, except_columns name[]) returns text
    language sql stable
    set search_path = pg_catalog, pg_temp
as $$
    select string_agg(quote_ident(attname), ', ' order by attnum)
      from pg_attribute
     where attrelid = of_table and attnum > 0 and not attisdropped and attgenerated = '' and attname <> all (except_columns)
$$;
comment on function private.columns_but is 'Columns of a table that a statement can write, without some.';

create function private.grant_on(of_table regclass, class text, rights text, author name) returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    one text;
begin
    -- At commas outside of brackets.
    foreach one in array regexp_split_to_array(rights, ',\s*(?![^(]*\))') loop
        one := case one
            when 'insert' then format('insert (%s)', private.columns_but(of_table, '{created_by,updated_by,version}'))
            when 'update' then format('update (%s)', private.columns_but(of_table,
                array_remove(array_append('{id,clinic_id,created_at,created_by,updated_by,version}', author), null)))
            else one end;
        execute format('grant %s on %s to %I', one, of_table, 'clinigraph_' || class);
    end loop;
end
$$;
comment on function private.grant_on is
    'Grants a class rights on a table. Nobody may write what the database stamps, nor change the identity, the clinic or the author of a row.';

create function private.clinic_table(
    of_table regclass, resource text, audited text,
    tenant text default 'select', admin text default 'select', system text default 'select, insert, update, delete',
    visible text default null, owned_by name default null, author name default null, public_in_clinic boolean default false,
    shared boolean default false, audited_on text default 'insert or update or delete'
) returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    of_clinic text := 'clinic_id = private.request_clinic_id()' || coalesce(' and ' || visible, '');
    -- Rows under the nil UUID belong to the platform: every clinic reads them, and only the platform makes them.
    of_any text := case when shared
        then 'clinic_id in (private.request_clinic_id(), ''00000000-0000-0000-0000-000000000000'')' || coalesce(' and ' || visible, '')
        else of_clinic end;
    own text := quote_ident(owned_by) || ' = private.request_user_id()';
    class text;
    command text;
begin
    perform private.common_table(of_table, 'clinic', resource, audited, audited_on);
    if owned_by is null then
        perform private.policy(of_table, 'admin', 'all', 'true');
        perform private.policy(of_table, 'tenant', 'all', of_clinic);
        if shared then
            perform private.policy(of_table, 'tenant', 'select', of_any);
        end if;
        perform private.policy(of_table, 'auditor', 'select', of_any);
        if public_in_clinic then
            perform private.policy(of_table, 'patient', 'select', of_any);
            perform private.policy(of_table, 'partner', 'select', of_any);
        end if;
    else
        foreach command in array '{select,update}'::text[] loop
            perform private.policy(of_table, 'admin', command, own);
            foreach class in array '{tenant,auditor,patient,partner}'::text[] loop
                perform private.policy(of_table, class, command, of_any || ' and ' || own);
            end loop;
        end loop;
        perform private.policy(of_table, 'admin', 'insert', 'true');
        perform private.policy(of_table, 'tenant', 'insert', of_clinic);
    end if;
    if author is not null then
        execute format('create policy author on %s as restrictive for insert to clinigraph_admin, clinigraph_tenant with check (%I = (select private.request_user_id()))',
                       of_table, author);
    end if;
    execute format('grant %s on %s to clinigraph_system', system, of_table);
    perform private.grant_on(of_table, 'admin', admin, author);
    perform private.grant_on(of_table, 'tenant', tenant, author);
    -- They may ask for every table and get the rows that a policy gives them, which are none without one.
    foreach class in array '{auditor,patient,partner}'::text[] loop
        perform private.grant_on(of_table, class,
            case when owned_by is null then 'select' else regexp_replace(tenant, 'insert,\s*', '') end, author);
    end loop;
end
$$;
comment on function private.clinic_table is
    'Gives a new table of a clinic, which has clinic_id and the primary key (clinic_id, id), all that such tables have; called right after create table, before foreign keys. '
    'resource: kind of row, as in its id. audited: columns whose values the trail stores; of the others it only says that they changed. '
    'tenant, admin, system: what each class may do, as after grant; auditors read what the clinic reads, patients and research partners nothing. '
    'visible: further condition on the rows that people of the clinic see and write. '
    'owned_by: column with the one user who sees and changes the row, of whatever class; others may create it. '
    'author: column with the user who writes the row: everybody can only write as themselves, and it never changes. '
    'public_in_clinic: whether patients and research partners of the clinic read it too. '
    'shared: whether every clinic also reads the rows of the platform, which have the nil UUID for a clinic.';

create function private.platform_table(of_table regclass, resource text, audited text) returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    perform private.common_table(of_table, 'platform', resource, audited, 'insert or update or delete');
    execute format('grant select, insert, update, delete on %s to clinigraph_system', of_table);
end
$$;
comment on function private.platform_table is
    'Gives a new table that belongs to no single clinic what such tables have; the policies and grants of tenants and administrators are its own.';

revoke all on function
    private.place, private.run_as_system, private.policy, private.common_table, private.columns_but, private.grant_on,
    private.clinic_table, private.platform_table
    from public;

-- What somebody may do hangs on their sessions, themselves, their memberships and the clinics. To look at all of it took
-- half of what opening a scope costs. A number for each person now counts its changes: who was looked up under the number
-- that still stands need not be looked up again. It is written in the transaction of the change, so that a snapshot shows
-- both or neither.
create table private.access_versions (
    user_id uuid not null constraint access_versions_pkey primary key,
    version bigint not null
);
comment on table private.access_versions is 'Counts the changes of what a person may do; nobody is here before the first.';
comment on column private.access_versions.user_id is 'The person. No foreign key: a person who is gone has changed, too.';
comment on column private.access_versions.version is 'How many changes there were.';
alter table private.access_versions enable row level security, force row level security;
create policy system on private.access_versions to clinigraph_system using (true) with check (true);
create policy own on private.access_versions for select to clinigraph_admin, clinigraph_tenant
    using (user_id = (select private.request_user_id()));
grant select, insert, update on private.access_versions to clinigraph_system;
grant select on private.access_versions to clinigraph_admin, clinigraph_tenant;

grant create on schema private to clinigraph_system;

create function private.count_access_change() returns trigger
    language plpgsql
    security definer
    set search_path = pg_catalog, public, pg_temp
as $$
declare
    people uuid[];
begin
    people := case tg_table_name
        when 'users' then array[(to_jsonb(old) ->> 'id')::uuid]
        when 'clinics' then array(select distinct m.user_id from memberships m where m.clinic_id = (to_jsonb(old) ->> 'id')::uuid)
        else array[(to_jsonb(old) ->> 'user_id')::uuid, (to_jsonb(new) ->> 'user_id')::uuid]
    end;
    -- In one order, so that two changes at once wait for each other and do not lock each other out.
    insert into private.access_versions as v (user_id, version)
    select p.id, 1 from (select distinct unnest(people) as id) as p where p.id is not null order by p.id
    on conflict (user_id) do update set version = v.version + 1;
    return null;
end
$$;
comment on function private.count_access_change is 'After a change of what people may do: counts it for each of them.';
alter function private.count_access_change owner to clinigraph_system;

create trigger count_access_change after update of status, is_platform_admin, deleted_at on users for each row
    when ((old.status, old.is_platform_admin, old.deleted_at) is distinct from (new.status, new.is_platform_admin, new.deleted_at))
    execute function private.count_access_change();
create trigger count_access_change_delete after delete on users for each row execute function private.count_access_change();
create trigger count_access_change after update of status, deleted_at on clinics for each row
    when ((old.status, old.deleted_at) is distinct from (new.status, new.deleted_at))
    execute function private.count_access_change();
create trigger count_access_change after insert or update or delete on memberships for each row
    execute function private.count_access_change();
create trigger count_access_change after update or delete on sessions for each row
    execute function private.count_access_change();

create function private.look(session uuid, actor uuid, clinic uuid, membership_role text, class text) returns void
    language plpgsql
    security definer
    set search_path = pg_catalog, public, pg_temp
as $$
declare
    caller record;
begin
    select s.revoked_at is not null or s.expires_at <= now() as ended,
           u.status <> 'active' or u.deleted_at is not null as user_inactive,
           u.is_platform_admin,
           m.clinic_id,
           m.role,
           c.status not in ('pending', 'active') or c.deleted_at is not null as clinic_inactive
      into caller
      from sessions s
      join users u on u.id = s.user_id
      left join memberships m on m.clinic_id = s.acting_clinic_id and m.user_id = s.user_id
                             and m.deleted_at is null and m.status = 'active'
      left join clinics c on c.id = m.clinic_id
     where s.id = session and s.user_id = actor;
    if not found or caller.ended then
        raise exception 'the session has ended' using errcode = 'CG001';
    elsif caller.user_inactive then
        raise exception 'the user is not active' using errcode = 'CG002';
    elsif class = 'admin' then
        if not caller.is_platform_admin or clinic is not null then
            raise exception 'the caller has changed' using errcode = 'CG004';
        end if;
    -- Elsewhere, gone, back or something else since the caller was looked up: the server looks again.
    elsif caller.is_platform_admin or caller.clinic_id is distinct from clinic or caller.role is distinct from membership_role then
        raise exception 'the caller has changed' using errcode = 'CG004';
    elsif caller.clinic_inactive then
        raise exception 'the clinic is not active' using errcode = 'CG003';
    end if;
end
$$;
comment on function private.look is
    'Checks in this transaction''s snapshot that session, user, membership and clinic are good. CG001 session ended, CG002 user inactive, CG003 clinic inactive, CG004 not what the caller was looked up as.';
alter function private.look owner to clinigraph_system;
revoke all on function private.look from public;
grant execute on function private.look to clinigraph_admin, clinigraph_tenant;

-- The number is read first: what changes between the two steps makes it an old one.
create function private.vouch(session uuid, actor uuid, clinic uuid, membership_role text, class text) returns bigint
    language plpgsql
    security definer
    set search_path = pg_catalog, public, pg_temp
as $$
declare
    version bigint := coalesce((select v.version from private.access_versions v where v.user_id = actor), 0);
begin
    perform private.look(session, actor, clinic, membership_role, class);
    return version;
exception when sqlstate 'CG001' or sqlstate 'CG002' or sqlstate 'CG003' or sqlstate 'CG004' then
    return -1;
end
$$;
comment on function private.vouch is
    'The number of changes under which private.look() lets somebody pass, for private.enter(); -1, which no number is, where it does not.';
alter function private.vouch owner to clinigraph_system;
revoke all on function private.vouch from public;
grant execute on function private.vouch to clinigraph_system;

revoke create on schema private from clinigraph_system;

drop function private.enter;
create function private.enter(
    session uuid, actor uuid, clinic uuid, membership_role text, known_version bigint, good_until timestamptz,
    timeout_ms integer, request text
) returns void
    language plpgsql
as $$
declare
    -- The role taken for this transaction.
    class text := substr(current_setting('role'), length('clinigraph_') + 1);
begin
    if class not in ('tenant', 'admin', 'system') then
        raise exception 'no scope for %', class using errcode = 'CG004';
    end if;
    perform set_config('app.kind', class, true),
            set_config('app.user_id', coalesce(actor::text, ''), true),
            set_config('app.clinic_id', coalesce(clinic::text, ''), true),
            set_config('app.request', coalesce(request, ''), true),
            set_config('statement_timeout', timeout_ms::text, true);
    if class <> 'system' and not coalesce(
        good_until > now()
        and known_version = coalesce((select v.version from private.access_versions v where v.user_id = actor), 0), false)
    then
        perform private.look(session, actor, clinic, membership_role, class);
    end if;
end
$$;
comment on function private.enter is
    'Opens a scope: says who asks, and checks in this transaction''s snapshot that they still are who they were looked up as, under known_version; else raises what private.look() says.';
revoke all on function private.enter from public;
grant execute on function private.enter to clinigraph_app, clinigraph_system, clinigraph_admin, clinigraph_tenant, clinigraph_patient;

-- The same people as before. Of a few people the memberships are asked for one by one, of many all at once: as Postgres
-- sees fit, which it cannot with `in`.
drop policy tenant on users;
create policy tenant on users for select to clinigraph_tenant
    using (
        is_platform_admin and (select private.request_is_active())
        or id = (select private.request_user_id())
        or exists (select from memberships m where m.user_id = users.id and m.clinic_id = (select private.request_clinic_id()))
    );

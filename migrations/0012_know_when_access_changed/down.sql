drop policy tenant on users;
create policy tenant on users for select to clinigraph_tenant
    using (
        is_platform_admin and (select private.request_is_active())
        or id = (select private.request_user_id())
        or id in (select m.user_id from memberships m where m.clinic_id = (select private.request_clinic_id()))
    );

drop function private.enter;
drop function private.vouch;
drop function private.look;
drop trigger count_access_change on users;
drop trigger count_access_change_delete on users;
drop trigger count_access_change on clinics;
drop trigger count_access_change on memberships;
drop trigger count_access_change on sessions;
drop function private.count_access_change;
drop table private.access_versions;

grant create on schema private to clinigraph_system;
create function private.enter(session uuid, actor uuid, clinic uuid, membership_role text, timeout_ms integer) returns void
    language plpgsql
    security definer
    set search_path = pg_catalog, public, pg_temp
as $$
declare
    -- The role taken for this transaction; inside this function current_user is its owner.
    class text := substr(current_setting('role'), length('clinigraph_') + 1);
    caller record;
begin
    if class = 'tenant' or class = 'admin' then
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
    elsif class <> 'system' then
        raise exception 'no scope for %', class using errcode = 'CG004';
    end if;
    perform set_config('app.kind', class, true),
            set_config('app.user_id', coalesce(actor::text, ''), true),
            set_config('app.clinic_id', coalesce(clinic::text, ''), true),
            set_config('statement_timeout', timeout_ms::text, true);
end
$$;
comment on function private.enter is
    'Opens a scope: checks in this transaction''s snapshot that session, user, membership and clinic are good, then says who asks. CG001 session ended, CG002 user inactive, CG003 clinic inactive, CG004 not what the caller was looked up as.';
alter function private.enter owner to clinigraph_system;
revoke all on function private.enter from public;
grant execute on function private.enter to clinigraph_app, clinigraph_system, clinigraph_admin, clinigraph_tenant, clinigraph_patient;
revoke create on schema private from clinigraph_system;

create or replace function private.request_kind() returns text
    language sql stable parallel safe
    return nullif(current_setting('app.kind', true), '');
comment on function private.request_kind is 'Class of the actor: tenant, admin, patient or system; null outside a scope.';

create or replace function private.request_user_id() returns uuid
    language sql stable parallel safe
    return nullif(current_setting('app.user_id', true), '')::uuid;
comment on function private.request_user_id is 'The user who asks; null for the system and outside a scope.';

create or replace function private.request_clinic_id() returns uuid
    language sql stable parallel safe
    return nullif(current_setting('app.clinic_id', true), '')::uuid;
comment on function private.request_clinic_id is 'The acting clinic; null for administrators, the system and outside a scope.';

create or replace function private.request_is_active() returns boolean
    language sql stable parallel safe
    return coalesce(private.request_kind() is not null, false);
comment on function private.request_is_active is 'Whether a scope stands: private.enter() has seen that session, user and clinic are active.';

drop function private.look_again;

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
comment on function private.vouch is
    'The number of changes under which private.look() lets somebody pass, for private.enter(); -1, which no number is, where it does not.';

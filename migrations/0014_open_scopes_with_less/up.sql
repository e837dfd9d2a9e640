-- What opened a scope cost as much as a small page: a function in PL/pgSQL, planned anew each time, that wrote five
-- settings. Now one setting says who asks, the role says of what class, and whether the caller is still who was looked up
-- is a statement that each connection keeps prepared (kernel/db/pool.rs):
--
--     app.caller = '<user> <session> <clinic> <role in it>'; of an administrator the last two are missing
--
-- A setting that is absent reads as null or '' and every helper then answers null or false: a connection without a scope
-- sees nothing.
create or replace function private.request_kind() returns text
    language sql stable parallel safe
    return case current_setting('role')
        when 'clinigraph_tenant' then 'tenant'
        when 'clinigraph_admin' then 'admin'
        when 'clinigraph_patient' then 'patient'
        when 'clinigraph_system' then 'system'
    end;
comment on function private.request_kind is
    'Class of the actor: tenant, admin, patient or system, by the role that was taken; null without one.';

create or replace function private.request_user_id() returns uuid
    language sql stable parallel safe
    return nullif(substr(current_setting('app.caller', true), 1, 36), '')::uuid;

create or replace function private.request_clinic_id() returns uuid
    language sql stable parallel safe
    return nullif(substr(current_setting('app.caller', true), 75, 36), '')::uuid;

create or replace function private.request_is_active() returns boolean
    language sql stable parallel safe
    return coalesce(current_setting('app.caller', true) <> '', false);
comment on function private.request_is_active is
    'Whether a person''s scope stands: session, user and clinic were seen to be active in its snapshot.';

create function private.look_again() returns void
    language plpgsql
as $$
declare
    caller text[] := string_to_array(current_setting('app.caller'), ' ');
begin
    perform private.look(caller[2]::uuid, caller[1]::uuid, caller[3]::uuid, caller[4], private.request_kind());
end
$$;
comment on function private.look_again is
    'For a caller whose number of changes is not the one they were looked up under: raises what private.look() says.';
revoke all on function private.look_again from public;
grant execute on function private.look_again to clinigraph_admin, clinigraph_tenant;

drop function private.enter;
comment on function private.vouch is
    'The number of changes under which private.look() lets somebody pass, for what opens a scope; -1, which no number is, where it does not.';

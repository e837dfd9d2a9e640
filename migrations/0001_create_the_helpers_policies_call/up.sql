-- Who asks is kept in transaction-local settings that only private.enter() writes. A setting that is absent reads
-- as null or '' and every helper then answers null or false: a connection without a scope sees nothing.

create schema private;
comment on schema private is 'What policies and triggers call; nothing here is for clients.';
grant usage on schema private to clinigraph_system, clinigraph_admin, clinigraph_tenant, clinigraph_patient;
grant usage on schema public to clinigraph_system, clinigraph_admin, clinigraph_tenant, clinigraph_patient;
-- Functions of the system role are made here; the right to create is taken back at the end of the last migration that needs it.
grant create on schema private to clinigraph_system;

create function private.request_kind() returns text
    language sql stable parallel safe
    return nullif(current_setting('app.kind', true), '');
comment on function private.request_kind is 'Class of the actor: tenant, admin, patient or system; null outside a scope.';

create function private.request_user_id() returns uuid
    language sql stable parallel safe
    return nullif(current_setting('app.user_id', true), '')::uuid;
comment on function private.request_user_id is 'The user who asks; null for the system and outside a scope.';

create function private.request_clinic_id() returns uuid
    language sql stable parallel safe
    return nullif(current_setting('app.clinic_id', true), '')::uuid;
comment on function private.request_clinic_id is 'The acting clinic; null for administrators, the system and outside a scope.';

create function private.request_is_active() returns boolean
    language sql stable parallel safe
    return coalesce(private.request_kind() is not null, false);
comment on function private.request_is_active is 'Whether a scope stands: private.enter() has seen that session, user and clinic are active.';

create function private.request_is_admin() returns boolean
    language sql stable parallel safe
    return coalesce(private.request_kind() = 'admin', false);
comment on function private.request_is_admin is 'Whether a platform administrator asks.';

create function private.request_is_system() returns boolean
    language sql stable parallel safe
    return coalesce(private.request_kind() = 'system', false);
comment on function private.request_is_system is 'Whether the server itself asks.';

create function private.touch() returns trigger
    language plpgsql
    set search_path = pg_catalog
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

-- Sessions, counters of signing in, and the check of the caller that each transaction begins with. These tables are
-- written with nearly every sign-in or change and read with every request; each database has its own.

create table sessions (
    id uuid not null constraint sessions_pkey primary key,
    user_id uuid not null,
    token_hash bytea not null constraint sessions_token_hash_check check (octet_length(token_hash) = 32),
    acting_clinic_id uuid,
    expires_at timestamptz not null,
    revoked_at timestamptz,
    mfa_at timestamptz,
    ip inet,
    user_agent text constraint sessions_user_agent_check check (char_length(user_agent) <= 400),
    created_at timestamptz not null default now(),
    constraint sessions_token_hash_key unique (token_hash)
);
select private.common_table('sessions', 'local', 'session', 'user_id acting_clinic_id expires_at revoked_at mfa_at', 'insert or update or delete');
grant select, insert, update, delete on sessions to clinigraph_system;
alter table sessions
    add constraint sessions_user_id_fkey foreign key (user_id) references users (id) on delete cascade,
    add constraint sessions_acting_clinic_id_fkey foreign key (acting_clinic_id) references clinics (id);
create index sessions_user_id_idx on sessions (user_id, created_at, id);
create index sessions_acting_clinic_id_idx on sessions (acting_clinic_id);
create index sessions_expires_at_idx on sessions (expires_at);
comment on table sessions is 'A sign-in: an opaque random token, of which only the hash is stored.';
comment on column sessions.user_id is 'User who signed in.';
comment on column sessions.token_hash is 'SHA-256 of the token.';
comment on column sessions.acting_clinic_id is 'Clinic that the user acts in; null for administrators and people without a clinic.';
comment on column sessions.expires_at is 'Time at which the session ends by itself.';
comment on column sessions.revoked_at is 'Time at which the session was ended early; null while it is valid.';
comment on column sessions.mfa_at is 'Time at which the user showed a second factor; null if they did not.';
comment on column sessions.ip is 'Network address of the sign-in.';
comment on column sessions.user_agent is 'Program of the sign-in.';

create table user_sign_ins (
    user_id uuid not null constraint user_sign_ins_pkey primary key,
    last_login_at timestamptz
);
select private.common_table('user_sign_ins', 'local', 'user', 'last_login_at', 'update');
grant select, insert, update on user_sign_ins to clinigraph_system;
alter table user_sign_ins
    add constraint user_sign_ins_user_id_fkey foreign key (user_id) references users (id) on delete cascade;
comment on table user_sign_ins is 'When a user last signed in; apart from users, which it would change each time.';
comment on column user_sign_ins.user_id is 'User who signs in.';
comment on column user_sign_ins.last_login_at is 'Time of the last sign-in; null before the first.';

-- Attempts to sign in, and later to reset a password or to give a code. They are counted for what was typed in, whether or
-- not it belongs to an account, so that a stranger cannot tell the two apart; and apart from the account, so that nobody sees
-- in its version or in the trail when somebody tries passwords.

create table sign_in_attempts (
    key bytea not null constraint sign_in_attempts_pkey primary key
        constraint sign_in_attempts_key_check check (octet_length(key) = 32),
    failures integer not null default 0 constraint sign_in_attempts_failures_check check (failures >= 0),
    waits_until timestamptz,
    succeeded_at timestamptz,
    expires_at timestamptz not null
);
select private.common_table('sign_in_attempts', 'local', null, null, null);
grant select, insert, update, delete on sign_in_attempts to clinigraph_system;
create index sign_in_attempts_expires_at_idx on sign_in_attempts (expires_at);
comment on table sign_in_attempts is
    'Failed attempts of an account, of a network address, and of an account from a network address, each in a row of its own.';
comment on column sign_in_attempts.key is
    'Keyed hash of what is counted: account, network address, or both. The database alone does not tell who tried what.';
comment on column sign_in_attempts.failures is 'Attempts that failed or are under way.';
comment on column sign_in_attempts.waits_until is 'Time until which no further attempt is checked; null for at once.';
comment on column sign_in_attempts.succeeded_at is
    'Time of the last success of an account from a network address; null before the first, and in the other rows.';
comment on column sign_in_attempts.expires_at is 'Time after which the row counts for nothing and can be removed.';

create table idempotency_keys (
    user_id uuid not null,
    key text not null constraint idempotency_keys_key_check check (char_length(key) between 1 and 260),
    request_hash bytea not null constraint idempotency_keys_request_hash_check check (octet_length(request_hash) = 32),
    response bytea,
    expires_at timestamptz not null,
    constraint idempotency_keys_pkey primary key (user_id, key)
);
select private.common_table('idempotency_keys', 'local', null, null, null);
select private.policy('idempotency_keys', class, 'all', 'user_id = private.request_user_id()')
  from unnest('{admin,tenant,auditor,patient,partner}'::text[]) as class;
grant select, insert, update, delete on idempotency_keys
    to clinigraph_system, clinigraph_admin, clinigraph_tenant, clinigraph_auditor, clinigraph_patient, clinigraph_partner;
alter table idempotency_keys
    add constraint idempotency_keys_user_id_fkey foreign key (user_id) references users (id) on delete cascade;
create index idempotency_keys_expires_at_idx on idempotency_keys (expires_at);
comment on table idempotency_keys is 'The first answer to a mutation with an idempotency key, stored in the transaction of the mutation.';
comment on column idempotency_keys.user_id is 'User who sent the key.';
comment on column idempotency_keys.key is 'The key as sent, and the position of the field in its operation.';
comment on column idempotency_keys.request_hash is 'SHA-256 of the request.';
comment on column idempotency_keys.response is 'The answer, sealed; null only inside the transaction.';
comment on column idempotency_keys.expires_at is 'Time after which the key may be used anew.';

-- What a person may do depends on the session, the user, the membership and the clinic. Reading all of it takes half of the
-- time of opening a scope, so a number for each person counts the changes: a caller who was checked under the current number
-- is not checked again. It is written in the transaction of the change, so that a snapshot shows both or neither.
create table private.access_versions (
    user_id uuid not null constraint access_versions_pkey primary key,
    version bigint not null
);
select private.place('private.access_versions', 'local');
alter table private.access_versions enable row level security, force row level security;
select private.policy('private.access_versions', 'system', 'all', 'true');
select private.policy('private.access_versions', class, 'select', 'user_id = private.request_user_id()')
  from unnest('{admin,tenant,auditor,patient,partner}'::text[]) as class;
grant select, insert, update on private.access_versions to clinigraph_system;
grant select on private.access_versions
    to clinigraph_admin, clinigraph_tenant, clinigraph_auditor, clinigraph_patient, clinigraph_partner;
comment on table private.access_versions is 'Number of changes to what a person may do; a person has no row before the first.';
comment on column private.access_versions.user_id is 'The person. No foreign key: their deletion is a change too.';
comment on column private.access_versions.version is 'Number of changes so far.';

create function private.count_access_change() returns trigger
    language plpgsql
    security definer
    set search_path = pg_catalog, public, pg_temp
as $$
declare
    people uuid[];
begin
    if not private.is_home() then
        return null;
    end if;
    people := case tg_table_name
        when 'users' then array[(to_jsonb(old) ->> 'id')::uuid]
        when 'clinics' then array(select distinct m.user_id from memberships m where m.clinic_id = (to_jsonb(old) ->> 'id')::uuid)
        else array[(to_jsonb(old) ->> 'user_id')::uuid, (to_jsonb(new) ->> 'user_id')::uuid]
    end;
    -- In one order, so that two changes at once wait for each other and cannot deadlock.
    insert into private.access_versions as v (user_id, version)
    select p.id, 1 from (select distinct unnest(people) as id) as p where p.id is not null order by p.id
    on conflict (user_id) do update set version = v.version + 1;
    return null;
end
$$;
comment on function private.count_access_change is 'After a change of what people may do: counts it for each of them.';
select private.run_as_system('private.count_access_change()');

create trigger count_access_change after update of status, is_platform_admin, deleted_at on users for each row
    when ((old.status, old.is_platform_admin, old.deleted_at) is distinct from (new.status, new.is_platform_admin, new.deleted_at))
    execute function private.count_access_change();
create trigger count_access_change_delete after delete on users for each row execute function private.count_access_change();
create trigger count_access_change after update of status, network_id, deleted_at on clinics for each row
    when ((old.status, old.network_id, old.deleted_at) is distinct from (new.status, new.network_id, new.deleted_at))
    execute function private.count_access_change();
create trigger count_access_change after insert or update or delete on memberships for each row
    execute function private.count_access_change();
create trigger count_access_change after update or delete on sessions for each row
    execute function private.count_access_change();

create function private.class_of(membership_role text) returns text
    language sql immutable parallel safe
    return case membership_role
        when 'clinic_manager' then 'tenant'
        when 'staff' then 'tenant'
        when 'clinician' then 'tenant'
        when 'auditor' then 'auditor'
        when 'research_partner' then 'partner'
        else 'patient'
    end;
comment on function private.class_of is
    'Class of a person with this role in the clinic that they act in; people without a clinic are of the class of patients, who see what is their own.';

create function private.check_caller(session uuid, actor uuid, clinic uuid, membership_role text, network uuid, class text) returns void
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
           c.network_id,
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
    -- Clinic, role or network have changed since the server looked the caller up, so that it must do so again.
    elsif caller.is_platform_admin
        or (caller.clinic_id, caller.role, caller.network_id, private.class_of(caller.role))
           is distinct from (clinic, membership_role, network, class)
    then
        raise exception 'the caller has changed' using errcode = 'CG004';
    elsif caller.clinic_inactive then
        raise exception 'the clinic is not active' using errcode = 'CG003';
    end if;
end
$$;
comment on function private.check_caller is
    'Checks in this transaction''s snapshot that session, user, membership and clinic are good. CG001: the session has ended; CG002: the user is inactive; CG003: the clinic is inactive; CG004: clinic, role or rights of the caller have changed since they were looked up.';
select private.run_as_system('private.check_caller(uuid, uuid, uuid, text, uuid, text)');
grant execute on function private.check_caller
    to clinigraph_admin, clinigraph_tenant, clinigraph_auditor, clinigraph_patient, clinigraph_partner;

create function private.check_caller_of_system(session uuid, actor uuid, clinic uuid, membership_role text, network uuid, class text)
    returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    perform private.check_caller(session, actor, clinic, membership_role, network, class);
exception when sqlstate 'CG003' then
    -- People whose clinic is inactive can still sign out and switch to another.
    null;
end
$$;
comment on function private.check_caller_of_system is
    'Checks a caller for whom the server works as itself: raises what private.check_caller() raises, but accepts an inactive clinic.';
revoke all on function private.check_caller_of_system from public;
grant execute on function private.check_caller_of_system to clinigraph_system;

-- The number is read first, so that it is outdated if a change comes between the two steps.
create function private.checked_access_version(session uuid, actor uuid, clinic uuid, membership_role text, network uuid, class text) returns bigint
    language plpgsql
    security definer
    set search_path = pg_catalog, public, pg_temp
as $$
declare
    version bigint := coalesce((select v.version from private.access_versions v where v.user_id = actor), 0);
begin
    perform private.check_caller(session, actor, clinic, membership_role, network, class);
    return version;
exception when sqlstate 'CG001' or sqlstate 'CG002' or sqlstate 'CG003' or sqlstate 'CG004' then
    return -1;
end
$$;
comment on function private.checked_access_version is
    'Number of changes under which private.check_caller() accepts a caller, for opening a scope; -1, which is never the number, if it refuses.';
select private.run_as_system('private.checked_access_version(uuid, uuid, uuid, text, uuid, text)');
grant execute on function private.checked_access_version to clinigraph_system;

create function private.recheck_caller() returns void
    language plpgsql
as $$
declare
    caller text[] := string_to_array(current_setting('app.caller'), ' ');
begin
    perform private.check_caller(caller[2]::uuid, caller[1]::uuid, caller[3]::uuid, caller[4], caller[5]::uuid, private.request_kind());
end
$$;
comment on function private.recheck_caller is
    'Checks a caller again whose number of changes is not the one under which they were checked: raises what private.check_caller() raises.';
revoke all on function private.recheck_caller from public;
grant execute on function private.recheck_caller
    to clinigraph_admin, clinigraph_tenant, clinigraph_auditor, clinigraph_patient, clinigraph_partner;

-- Security definer, since checking the policy of users as a clinic costs more than writing a notification.
create function private.administrators_but(doer uuid) returns table (user_id uuid, language text)
    language plpgsql stable security definer
    set search_path = pg_catalog, pg_temp
    rows 5
as $$
begin
    return query select id, split_part(locale, '-', 1) from public.users
                  where is_platform_admin and status = 'active' and deleted_at is null and id <> doer;
end
$$;
comment on function private.administrators_but is
    'Active administrators of the platform, who are notified of what concerns it, except the one who does it; and their languages.';
select private.run_as_system('private.administrators_but(uuid)');
grant execute on function private.administrators_but to clinigraph_system, clinigraph_admin, clinigraph_tenant;

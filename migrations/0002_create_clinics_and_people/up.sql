create table clinic_networks (
    id uuid not null constraint clinic_networks_pkey primary key,
    name text not null constraint clinic_networks_name_check check (char_length(name) between 1 and 200),
    slug text not null constraint clinic_networks_slug_key unique
        constraint clinic_networks_slug_check check (slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$' and char_length(slug) <= 63),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    created_by uuid,
    updated_by uuid,
    version integer not null default 1
);
comment on table clinic_networks is 'A group of clinics under one roof.';
comment on column clinic_networks.id is 'UUIDv7, made by the server.';
comment on column clinic_networks.name is 'What people call it.';
comment on column clinic_networks.slug is 'Readable name for addresses.';
comment on column clinic_networks.created_at is 'When the row was made.';
comment on column clinic_networks.updated_at is 'When the row was last changed.';
comment on column clinic_networks.created_by is 'Who made it; null for the system.';
comment on column clinic_networks.updated_by is 'Who changed it last; null for the system.';
comment on column clinic_networks.version is 'Counts changes, for optimistic concurrency.';

create table clinics (
    id uuid not null constraint clinics_pkey primary key,
    network_id uuid constraint clinics_network_id_fkey references clinic_networks (id),
    name text not null constraint clinics_name_check check (char_length(name) between 1 and 200),
    slug text not null
        constraint clinics_slug_check check (slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$' and char_length(slug) <= 63),
    description text constraint clinics_description_check check (char_length(description) <= 4000),
    logo_file_id uuid,
    phone text constraint clinics_phone_check check (phone ~ '^\+[1-9][0-9]{6,14}$'),
    email text constraint clinics_email_check check (email = lower(email) and char_length(email) <= 254),
    website text constraint clinics_website_check check (website ~ '^https?://' and char_length(website) <= 2000),
    address text constraint clinics_address_check check (char_length(address) <= 500),
    city text constraint clinics_city_check check (char_length(city) <= 100),
    region text constraint clinics_region_check check (char_length(region) <= 100),
    postal_code text constraint clinics_postal_code_check check (char_length(postal_code) <= 20),
    country text constraint clinics_country_check check (country ~ '^[A-Z]{2}$'),
    timezone text not null,
    locale text not null default 'en',
    currency text not null constraint clinics_currency_check check (currency ~ '^[A-Z]{3}$'),
    status text not null default 'pending'
        constraint clinics_status_check check (status in ('pending', 'active', 'inactive', 'suspended', 'archived')),
    subscription_plan text not null default 'starter',
    subscription_expires_at timestamptz,
    settings jsonb not null default '{}' constraint clinics_settings_check check (jsonb_typeof(settings) = 'object'),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    created_by uuid,
    updated_by uuid,
    version integer not null default 1,
    deleted_at timestamptz
);
-- A slug is free again once its clinic is gone.
create unique index clinics_slug_key on clinics (slug) where deleted_at is null;
create index clinics_network_id_idx on clinics (network_id, id);
create index clinics_name_idx on clinics (name, id);
create index clinics_created_at_idx on clinics (created_at, id);
create index clinics_city_idx on clinics (city, id);
create index clinics_region_idx on clinics (region, id);
create index clinics_status_idx on clinics (status, id);
comment on table clinics is 'The tenant: a clinic with its own people, patients and data.';
comment on column clinics.id is 'UUIDv7, made by the server.';
comment on column clinics.network_id is 'The network it belongs to; null for a clinic on its own.';
comment on column clinics.name is 'What people call it.';
comment on column clinics.slug is 'Readable name for addresses; unique among living clinics.';
comment on column clinics.description is 'What the clinic says of itself.';
comment on column clinics.logo_file_id is 'Its logo, a file.';
comment on column clinics.phone is 'E.164.';
comment on column clinics.email is 'Folded to lower case.';
comment on column clinics.website is 'Address of its web site.';
comment on column clinics.address is 'Street and house.';
comment on column clinics.city is 'City.';
comment on column clinics.region is 'Province, state or county.';
comment on column clinics.postal_code is 'Postal code.';
comment on column clinics.country is 'ISO 3166-1 alpha-2.';
comment on column clinics.timezone is 'IANA zone in which its wall clocks run; checked by the server.';
comment on column clinics.locale is 'BCP 47 language tag.';
comment on column clinics.currency is 'ISO 4217.';
comment on column clinics.status is 'Only pending and active clinics can be worked in.';
comment on column clinics.subscription_plan is 'The plan the clinic is on.';
comment on column clinics.subscription_expires_at is 'When the plan ends; null when it does not.';
comment on column clinics.settings is 'Small open settings with documented keys.';
comment on column clinics.created_at is 'When the row was made.';
comment on column clinics.updated_at is 'When the row was last changed.';
comment on column clinics.created_by is 'Who made it; null for the system.';
comment on column clinics.updated_by is 'Who changed it last; null for the system.';
comment on column clinics.version is 'Counts changes, for optimistic concurrency.';
comment on column clinics.deleted_at is 'When it was archived for good; null while it lives.';

create table users (
    id uuid not null constraint users_pkey primary key,
    email text not null constraint users_email_key unique
        constraint users_email_check check (email = lower(email) and char_length(email) <= 254),
    phone text constraint users_phone_check check (phone ~ '^\+[1-9][0-9]{6,14}$'),
    password_hash text,
    first_name text not null constraint users_first_name_check check (char_length(first_name) between 1 and 100),
    last_name text constraint users_last_name_check check (char_length(last_name) <= 100),
    status text not null default 'pending' constraint users_status_check check (status in ('pending', 'active', 'suspended')),
    is_platform_admin boolean not null default false,
    email_verified_at timestamptz,
    phone_verified_at timestamptz,
    locale text not null default 'en',
    timezone text,
    last_login_at timestamptz,
    failed_sign_ins smallint not null default 0,
    locked_until timestamptz,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    created_by uuid,
    updated_by uuid,
    version integer not null default 1,
    deleted_at timestamptz
);
create unique index users_phone_key on users (phone) where phone is not null;
create index users_status_idx on users (status, id);
create index users_platform_admin_idx on users (id) where is_platform_admin;
comment on table users is 'A person who signs in; what they may do comes from their memberships.';
comment on column users.id is 'UUIDv7, made by the server.';
comment on column users.email is 'What they sign in with; folded to lower case.';
comment on column users.phone is 'E.164.';
comment on column users.password_hash is 'argon2id; null when they have no password.';
comment on column users.first_name is 'Given name.';
comment on column users.last_name is 'Family name.';
comment on column users.status is 'Only active users can sign in.';
comment on column users.is_platform_admin is 'Whether they run the platform and reach every clinic.';
comment on column users.email_verified_at is 'When the address was proved; null before.';
comment on column users.phone_verified_at is 'When the number was proved; null before.';
comment on column users.locale is 'BCP 47 language tag.';
comment on column users.timezone is 'IANA zone; null for that of the clinic.';
comment on column users.last_login_at is 'When they last signed in.';
comment on column users.failed_sign_ins is 'Wrong passwords since the last right one.';
comment on column users.locked_until is 'Until when no sign-in is tried, after too many wrong passwords.';
comment on column users.created_at is 'When the row was made.';
comment on column users.updated_at is 'When the row was last changed.';
comment on column users.created_by is 'Who made it; null for the system.';
comment on column users.updated_by is 'Who changed it last; null for the system.';
comment on column users.version is 'Counts changes, for optimistic concurrency.';
comment on column users.deleted_at is 'When the account was closed; null while it lives.';

create table memberships (
    id uuid not null constraint memberships_pkey primary key,
    clinic_id uuid not null constraint memberships_clinic_id_fkey references clinics (id),
    user_id uuid not null constraint memberships_user_id_fkey references users (id),
    role text not null constraint memberships_role_check
        check (role in ('clinic_manager', 'staff', 'clinician', 'auditor', 'patient', 'research_partner')),
    status text not null default 'active' constraint memberships_status_check check (status in ('invited', 'active', 'suspended')),
    invited_by_user_id uuid constraint memberships_invited_by_user_id_fkey references users (id),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    created_by uuid,
    updated_by uuid,
    version integer not null default 1,
    deleted_at timestamptz,
    constraint memberships_clinic_id_id_key unique (clinic_id, id)
);
-- One role a person and clinic: a second role is a change of the first.
create unique index memberships_clinic_id_user_id_key on memberships (clinic_id, user_id) where deleted_at is null;
create index memberships_clinic_id_created_at_idx on memberships (clinic_id, created_at, id);
create index memberships_user_id_idx on memberships (user_id, clinic_id);
create index memberships_invited_by_user_id_idx on memberships (invited_by_user_id);
comment on table memberships is 'What a user is in a clinic.';
comment on column memberships.id is 'UUIDv7, made by the server.';
comment on column memberships.clinic_id is 'The clinic.';
comment on column memberships.user_id is 'The user.';
comment on column memberships.role is 'What they may do there.';
comment on column memberships.status is 'Only active memberships let in.';
comment on column memberships.invited_by_user_id is 'Who brought them in; null for the system.';
comment on column memberships.created_at is 'When the row was made.';
comment on column memberships.updated_at is 'When the row was last changed.';
comment on column memberships.created_by is 'Who made it; null for the system.';
comment on column memberships.updated_by is 'Who changed it last; null for the system.';
comment on column memberships.version is 'Counts changes, for optimistic concurrency.';
comment on column memberships.deleted_at is 'When they left; null while they belong.';

create table sessions (
    id uuid not null constraint sessions_pkey primary key,
    user_id uuid not null constraint sessions_user_id_fkey references users (id) on delete cascade,
    token_hash bytea not null constraint sessions_token_hash_key unique
        constraint sessions_token_hash_check check (octet_length(token_hash) = 32),
    acting_clinic_id uuid constraint sessions_acting_clinic_id_fkey references clinics (id),
    expires_at timestamptz not null,
    revoked_at timestamptz,
    mfa_at timestamptz,
    ip inet,
    user_agent text constraint sessions_user_agent_check check (char_length(user_agent) <= 400),
    created_at timestamptz not null default now()
);
create index sessions_user_id_idx on sessions (user_id, created_at, id);
create index sessions_acting_clinic_id_idx on sessions (acting_clinic_id);
create index sessions_expires_at_idx on sessions (expires_at);
comment on table sessions is 'A sign-in: an opaque random token, of which only the hash is kept.';
comment on column sessions.id is 'UUIDv7, made by the server.';
comment on column sessions.user_id is 'Who signed in.';
comment on column sessions.token_hash is 'SHA-256 of the token.';
comment on column sessions.acting_clinic_id is 'The clinic acted in; null for administrators and people without one.';
comment on column sessions.expires_at is 'After this the token is worth nothing.';
comment on column sessions.revoked_at is 'When it was ended early; null while it holds.';
comment on column sessions.mfa_at is 'When a second factor was shown; null when none was.';
comment on column sessions.ip is 'Address of the sign-in.';
comment on column sessions.user_agent is 'Program of the sign-in.';
comment on column sessions.created_at is 'When they signed in.';

create trigger touch before update on clinic_networks for each row execute function private.touch();
create trigger touch before update on clinics for each row execute function private.touch();
create trigger touch before update on users for each row execute function private.touch();
create trigger touch before update on memberships for each row execute function private.touch();

-- Policies. The helpers stand in a sub-select, or Postgres would call them once a row.

alter table clinic_networks enable row level security, force row level security;
create policy system on clinic_networks to clinigraph_system using (true) with check (true);
create policy admin on clinic_networks to clinigraph_admin using (true) with check (true);
create policy tenant on clinic_networks to clinigraph_tenant
    using (id = (select c.network_id from clinics c where c.id = (select private.request_clinic_id())));

alter table clinics enable row level security, force row level security;
create policy system on clinics to clinigraph_system using (true) with check (true);
create policy admin on clinics to clinigraph_admin using (true) with check (true);
create policy tenant on clinics to clinigraph_tenant using (id = (select private.request_clinic_id()));

alter table memberships enable row level security, force row level security;
create policy system on memberships to clinigraph_system using (true) with check (true);
create policy admin on memberships to clinigraph_admin using (true) with check (true);
create policy tenant on memberships to clinigraph_tenant using (clinic_id = (select private.request_clinic_id()));

-- People of the acting clinic, also those who left it (their words stay), the platform's own, and oneself. The
-- platform's own are no clinic's, so that a scope stands must be asked for by itself.
alter table users enable row level security, force row level security;
create policy system on users to clinigraph_system using (true) with check (true);
create policy admin on users to clinigraph_admin using (true) with check (true);
create policy tenant on users for select to clinigraph_tenant
    using (
        is_platform_admin and (select private.request_is_active())
        or id = (select private.request_user_id())
        or id in (select m.user_id from memberships m where m.clinic_id = (select private.request_clinic_id()))
    );

alter table sessions enable row level security, force row level security;
create policy system on sessions to clinigraph_system using (true) with check (true);

grant select, insert, update, delete on clinic_networks, clinics, users, memberships, sessions to clinigraph_system;
grant select, insert, update on clinic_networks, clinics, memberships to clinigraph_admin;
grant select on clinic_networks, clinics, memberships to clinigraph_tenant;
-- Not the password hash, nor what tells of sign-ins: those are the system's alone.
grant select (id, email, phone, first_name, last_name, status, is_platform_admin, email_verified_at, phone_verified_at,
              locale, timezone, last_login_at, created_at, updated_at, created_by, updated_by, version, deleted_at)
    on users to clinigraph_admin, clinigraph_tenant;

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

-- Clinics, their networks, people, and what people are in clinics: what every database of the platform has a copy of.

create table clinic_networks (
    id uuid not null constraint clinic_networks_pkey primary key,
    name text not null constraint clinic_networks_name_check check (char_length(name) between 1 and 200),
    slug text not null constraint clinic_networks_slug_check check (slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$' and char_length(slug) <= 63),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    created_by uuid,
    updated_by uuid,
    version integer not null default 1,
    constraint clinic_networks_slug_key unique (slug)
);
select private.platform_table('clinic_networks', 'network', 'name slug');
select private.policy('clinic_networks', 'admin', 'all', 'true');
select private.policy('clinic_networks', class, 'select', 'id = private.request_network_id()') from unnest('{tenant,auditor}'::text[]) as class;
select private.grant_on('clinic_networks', 'admin', 'select, insert, update', null);
grant select on clinic_networks to clinigraph_tenant, clinigraph_auditor, clinigraph_patient, clinigraph_partner;

create table clinics (
    id uuid not null constraint clinics_pkey primary key,
    network_id uuid,
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
select private.platform_table('clinics', 'clinic', 'name slug status timezone locale currency country region city network_id subscription_plan subscription_expires_at deleted_at');
select private.policy('clinics', 'admin', 'all', 'true');
select private.policy('clinics', class, 'select', 'id = private.request_clinic_id()')
  from unnest('{tenant,auditor,patient,partner}'::text[]) as class;
select private.grant_on('clinics', 'admin', 'select, insert, update', null);
grant select on clinics to clinigraph_tenant, clinigraph_auditor, clinigraph_patient, clinigraph_partner;
alter table clinics add constraint clinics_network_id_fkey foreign key (network_id) references clinic_networks (id);
-- A slug is free again once its clinic is removed.
create unique index clinics_slug_key on clinics (slug) where deleted_at is null;
create index clinics_network_id_idx on clinics (network_id, id);
create index clinics_name_idx on clinics (name, id);
create index clinics_created_at_idx on clinics (created_at, id);
create index clinics_city_idx on clinics (city, id);
create index clinics_region_idx on clinics (region, id);
create index clinics_status_idx on clinics (status, id);
comment on column clinics.logo_file_id is 'File with the logo; null for none.';

create table users (
    id uuid not null constraint users_pkey primary key,
    email text not null constraint users_email_check check (email = lower(email) and char_length(email) <= 254),
    phone text constraint users_phone_check check (phone ~ '^\+[1-9][0-9]{6,14}$'),
    password_hash text,
    first_name text not null constraint users_first_name_check check (char_length(first_name) between 1 and 100),
    last_name text constraint users_last_name_check check (char_length(last_name) <= 100),
    status text not null default 'pending' constraint users_status_check check (status in ('pending', 'active', 'suspended')),
    is_platform_admin boolean not null default false,
    clinic_ids uuid[] not null default '{}',
    email_verified_at timestamptz,
    phone_verified_at timestamptz,
    locale text not null default 'en',
    timezone text,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    created_by uuid,
    updated_by uuid,
    version integer not null default 1,
    deleted_at timestamptz,
    constraint users_email_key unique (email)
);
select private.platform_table('users', 'user', 'status is_platform_admin locale timezone email_verified_at phone_verified_at deleted_at');
-- To join a clinic changes the membership, not the person.
create or replace trigger touch before update on users
    for each row when (old.clinic_ids = new.clinic_ids) execute function private.touch_platform();
-- People of the acting clinic, also those who left it (their words stay), the platform's own, and oneself. The platform's
-- own belong to no clinic, so whether a scope is open must be asked separately.
select private.policy('users', 'admin', 'all', 'true');
select private.policy('users', class, 'select',
    'is_platform_admin and private.request_is_active() or id = private.request_user_id() or private.request_clinic_id() = any (clinic_ids)')
  from unnest('{tenant,auditor}'::text[]) as class;
-- Patients, research partners and people without a clinic see themselves.
select private.policy('users', class, 'select', 'id = private.request_user_id()') from unnest('{patient,partner}'::text[]) as class;
-- Not the password hash, which only the system reads, nor the clinics a person belongs to, which other clinics must not see.
grant select (id, email, phone, first_name, last_name, status, is_platform_admin, email_verified_at, phone_verified_at,
              locale, timezone, created_at, updated_at, created_by, updated_by, version, deleted_at)
    on users to clinigraph_admin, clinigraph_tenant, clinigraph_auditor, clinigraph_patient, clinigraph_partner;
create unique index users_phone_key on users (phone) where phone is not null;
create index users_status_idx on users (status, id);
create index users_platform_admin_idx on users (id) where is_platform_admin;
comment on column users.email is 'E-mail address that the user signs in with, in lower case.';
comment on column users.phone is 'Phone number in E.164 format; null if none is known.';
comment on column users.password_hash is 'Hash of the password by argon2id; null if the user has no password.';
comment on column users.clinic_ids is
    'Clinics that the user belongs or belonged to, for the policy of this table; a trigger on memberships updates it.';
comment on column users.email_verified_at is 'Time at which the user proved that the e-mail address is theirs; null before.';
comment on column users.phone_verified_at is 'Time at which the user proved that the phone number is theirs; null before.';

create table memberships (
    id uuid not null,
    clinic_id uuid not null,
    user_id uuid not null,
    role text not null constraint memberships_role_check
        check (role in ('clinic_manager', 'staff', 'clinician', 'auditor', 'patient', 'research_partner')),
    status text not null default 'active' constraint memberships_status_check check (status in ('invited', 'active', 'suspended')),
    invited_by_user_id uuid,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    created_by uuid,
    updated_by uuid,
    version integer not null default 1,
    deleted_at timestamptz,
    constraint memberships_pkey primary key (clinic_id, id)
);
select private.platform_table('memberships', 'membership', 'user_id role status invited_by_user_id deleted_at');
select private.policy('memberships', 'admin', 'all', 'true');
select private.policy('memberships', class, 'select', 'clinic_id = private.request_clinic_id()')
  from unnest('{tenant,auditor}'::text[]) as class;
select private.policy('memberships', class, 'select', 'clinic_id = private.request_clinic_id() and user_id = private.request_user_id()')
  from unnest('{patient,partner}'::text[]) as class;
select private.grant_on('memberships', 'admin', 'select, insert, update', 'user_id');
grant select on memberships to clinigraph_tenant, clinigraph_auditor, clinigraph_patient, clinigraph_partner;
alter table memberships
    add constraint memberships_clinic_id_fkey foreign key (clinic_id) references clinics (id),
    add constraint memberships_user_id_fkey foreign key (user_id) references users (id),
    add constraint memberships_invited_by_user_id_fkey foreign key (invited_by_user_id) references users (id);
-- A person has one role in a clinic: a second role is a change of the first.
create unique index memberships_clinic_id_user_id_key on memberships (clinic_id, user_id) where deleted_at is null;
create index memberships_clinic_id_created_at_idx on memberships (clinic_id, created_at, id);
create index memberships_user_id_idx on memberships (user_id, clinic_id);
create index memberships_invited_by_user_id_idx on memberships (invited_by_user_id);
create index memberships_id_idx on memberships (id);

create function private.update_clinic_ids() returns trigger
    language plpgsql
    security definer
    set search_path = pg_catalog, pg_temp
as $$
begin
    if not private.is_home() then
        return null;
    end if;
    if tg_op <> 'DELETE' then
        -- One who waited for another change of the row sees what that wrote.
        update public.users set clinic_ids = clinic_ids || new.clinic_id
         where id = new.user_id and not new.clinic_id = any (clinic_ids);
    end if;
    if tg_op = 'DELETE' or tg_op = 'UPDATE' and old.user_id <> new.user_id then
        update public.users set clinic_ids = array_remove(clinic_ids, old.clinic_id)
         where id = old.user_id
           and not exists (select 1 from public.memberships m where m.user_id = old.user_id and m.clinic_id = old.clinic_id);
    end if;
    return null;
end
$$;
comment on function private.update_clinic_ids is
    'After a change of memberships: updates the list of clinics of the users concerned. A membership that ended stays in it, one that was deleted does not.';
select private.run_as_system('private.update_clinic_ids()');
create trigger update_clinic_ids after insert or delete or update of user_id on memberships
    for each row execute function private.update_clinic_ids();

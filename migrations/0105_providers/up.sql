-- Providers, who treat patients in a clinic. Totals of reviews and consultations are written by jobs and must not increment
-- version while people edit: they get a table of their own, as the decisions of a verification do.

create table providers (
    id uuid not null,
    clinic_id uuid not null,
    user_id uuid,
    title text constraint providers_title_check check (char_length(title) between 1 and 50),
    first_name text not null constraint providers_first_name_check check (char_length(first_name) between 1 and 100),
    last_name text constraint providers_last_name_check check (char_length(last_name) between 1 and 100),
    sort_name text not null generated always as (lower(coalesce(last_name || ' ', '') || first_name)) stored,
    search tsvector not null generated always as (to_tsvector('simple', first_name || ' ' || coalesce(last_name, ''))) stored,
    bio text constraint providers_bio_check check (char_length(bio) between 1 and 4000),
    photo_file_id uuid,
    specialties text[] not null default '{}' constraint providers_specialties_check check (cardinality(specialties) <= 20),
    languages text[] not null default '{}' constraint providers_languages_check check (cardinality(languages) <= 20),
    qualifications jsonb not null default '[]' constraint providers_qualifications_check
        check (jsonb_typeof(qualifications) = 'array'),
    license_number text constraint providers_license_number_check check (char_length(license_number) between 1 and 100),
    npi text constraint providers_npi_check check (npi ~ '^[0-9]{10}$'),
    years_of_experience smallint constraint providers_years_of_experience_check check (years_of_experience between 0 and 80),
    email text constraint providers_email_check check (email = lower(email) and char_length(email) <= 254),
    phone text constraint providers_phone_check check (phone ~ '^\+[1-9][0-9]{6,14}$'),
    color text not null default '#3B82F6' constraint providers_color_check check (color ~ '^#[0-9A-F]{6}$'),
    status text not null default 'active' constraint providers_status_check check (status in ('active', 'inactive', 'on_leave')),
    accepting_new_patients boolean not null default true,
    consultation_modes text[] not null default '{in_person}' constraint providers_consultation_modes_check
        check (consultation_modes <@ '{in_person,video,phone}'),
    consultation_fee numeric(12, 2) constraint providers_consultation_fee_check check (consultation_fee >= 0),
    currency text not null constraint providers_currency_check check (currency ~ '^[A-Z]{3}$'),
    default_duration_minutes integer constraint providers_default_duration_minutes_check
        check (default_duration_minutes between 5 and 480),
    verification_status text not null default 'pending' constraint providers_verification_status_check
        check (verification_status in ('pending', 'verified', 'rejected')),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    created_by uuid,
    updated_by uuid,
    version integer not null default 1,
    deleted_at timestamptz,
    constraint providers_pkey primary key (clinic_id, id)
);
select private.clinic_table('providers', 'provider',
    'user_id specialties languages license_number npi years_of_experience color status accepting_new_patients consultation_modes consultation_fee currency default_duration_minutes verification_status deleted_at');
alter table providers
    add constraint providers_clinic_id_fkey foreign key (clinic_id) references clinics (id),
    add constraint providers_user_id_fkey foreign key (user_id) references users (id);
-- A person is a provider once in a clinic.
create unique index providers_clinic_id_user_id_key on providers (clinic_id, user_id) where deleted_at is null;
create index providers_clinic_id_sort_name_idx on providers (clinic_id, sort_name, id);
create index providers_clinic_id_created_at_idx on providers (clinic_id, created_at, id);
create index providers_clinic_id_status_idx on providers (clinic_id, status, sort_name, id);
create index providers_clinic_id_verification_status_idx on providers (clinic_id, verification_status, sort_name, id);
create index providers_user_id_idx on providers (user_id);
-- These serve administrators, and the system's search over all clinics. Under a clinic's policy Postgres may not use
-- the last three (their operators are not leakproof), and a clinic's own list is short.
create index providers_id_idx on providers (id);
create index providers_sort_name_idx on providers (sort_name, id);
create index providers_created_at_idx on providers (created_at, id);
create index providers_specialties_idx on providers using gin (specialties);
create index providers_languages_idx on providers using gin (languages);
create index providers_search_idx on providers using gin (search);
comment on column providers.user_id is 'Account of the provider; null if they do not sign in.';
comment on column providers.sort_name is 'Family and given name in lower case, so that lists can be ordered by it.';
comment on column providers.search is 'Words of the name, for searches.';
comment on column providers.photo_file_id is 'File with the provider''s picture; null for none.';

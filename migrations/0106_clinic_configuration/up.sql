-- How a clinic is run, when it is open, and on which days it is not.

create table clinic_configs (
    id uuid not null,
    clinic_id uuid not null,
    accepting_new_patients boolean not null default true,
    waitlist_enabled boolean not null default false,
    max_new_patients_per_week integer constraint clinic_configs_max_new_patients_per_week_check
        check (max_new_patients_per_week between 0 and 10000),
    appointment_duration_minutes integer not null default 15 constraint clinic_configs_appointment_duration_minutes_check
        check (appointment_duration_minutes between 5 and 480),
    buffer_minutes integer not null default 5 constraint clinic_configs_buffer_minutes_check
        check (buffer_minutes between 0 and 240),
    max_advance_booking_days integer not null default 30 constraint clinic_configs_max_advance_booking_days_check
        check (max_advance_booking_days between 1 and 730),
    min_advance_booking_hours integer not null default 2 constraint clinic_configs_min_advance_booking_hours_check
        check (min_advance_booking_hours between 0 and 720),
    cancellation_window_hours integer constraint clinic_configs_cancellation_window_hours_check
        check (cancellation_window_hours between 0 and 720),
    bot_enabled boolean not null default false,
    default_provider_id uuid,
    default_language text not null default 'en',
    supported_languages text[] not null default '{en,zh}' constraint clinic_configs_supported_languages_check
        check (cardinality(supported_languages) between 1 and 20),
    greetings jsonb not null default '[]' constraint clinic_configs_greetings_check check (jsonb_typeof(greetings) = 'array'),
    transfer_phone text constraint clinic_configs_transfer_phone_check check (transfer_phone ~ '^\+[1-9][0-9]{6,14}$'),
    preferred_pharmacy_name text constraint clinic_configs_preferred_pharmacy_name_check
        check (char_length(preferred_pharmacy_name) between 1 and 200),
    preferred_pharmacy_address text constraint clinic_configs_preferred_pharmacy_address_check
        check (char_length(preferred_pharmacy_address) between 1 and 500),
    preferred_pharmacy_fax text constraint clinic_configs_preferred_pharmacy_fax_check
        check (preferred_pharmacy_fax ~ '^\+[1-9][0-9]{6,14}$'),
    officer_name text constraint clinic_configs_officer_name_check check (char_length(officer_name) between 1 and 200),
    officer_email text constraint clinic_configs_officer_email_check
        check (officer_email = lower(officer_email) and char_length(officer_email) <= 254),
    officer_phone text constraint clinic_configs_officer_phone_check check (officer_phone ~ '^\+[1-9][0-9]{6,14}$'),
    transcript_retention_days integer constraint clinic_configs_transcript_retention_days_check
        check (transcript_retention_days between 1 and 3650),
    call_log_retention_days integer constraint clinic_configs_call_log_retention_days_check
        check (call_log_retention_days between 1 and 3650),
    audit_retention_years integer constraint clinic_configs_audit_retention_years_check
        check (audit_retention_years between 1 and 100),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    created_by uuid,
    updated_by uuid,
    version integer not null default 1,
    constraint clinic_configs_pkey primary key (clinic_id, id),
    constraint clinic_configs_clinic_id_key unique (clinic_id),
    constraint clinic_configs_default_language_check check (default_language = any (supported_languages))
);
select private.clinic_table('clinic_configs', 'clinic_config',
    'accepting_new_patients waitlist_enabled max_new_patients_per_week appointment_duration_minutes buffer_minutes max_advance_booking_days min_advance_booking_hours cancellation_window_hours bot_enabled default_provider_id default_language supported_languages transfer_phone preferred_pharmacy_name transcript_retention_days call_log_retention_days audit_retention_years',
    tenant => 'select, update', admin => 'select, insert, update');
alter table clinic_configs
    add constraint clinic_configs_clinic_id_fkey foreign key (clinic_id) references clinics (id),
    add constraint clinic_configs_default_provider_id_fkey foreign key (clinic_id, default_provider_id)
        references providers (clinic_id, id);
create index clinic_configs_default_provider_id_idx on clinic_configs (clinic_id, default_provider_id);
create index clinic_configs_id_idx on clinic_configs (id);

-- A transaction that creates a clinic can also create its configuration; otherwise its end creates one with the defaults.
create function private.configure_clinic() returns trigger
    language plpgsql
    security definer
    set search_path = pg_catalog, public, pg_temp
as $$
begin
    if not private.is_home() then
        return null;
    end if;
    insert into clinic_configs (id, clinic_id)
    select private.uuid_v7(), c.id from clinics c where c.id = new.id
    on conflict (clinic_id) do nothing;
    return null;
end
$$;
comment on function private.configure_clinic is
    'At the end of a transaction that created a clinic: gives it a configuration if it has none.';
select private.run_as_system('private.configure_clinic()');
create constraint trigger configure after insert on clinics deferrable initially deferred
    for each row execute function private.configure_clinic();

create table clinic_hours (
    id uuid not null,
    clinic_id uuid not null,
    day_of_week smallint not null constraint clinic_hours_day_of_week_check check (day_of_week between 0 and 6),
    opens_at time(0),
    closes_at time(0),
    is_closed boolean not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    created_by uuid,
    updated_by uuid,
    version integer not null default 1,
    constraint clinic_hours_pkey primary key (clinic_id, id),
    constraint clinic_hours_clinic_id_day_of_week_key unique (clinic_id, day_of_week),
    constraint clinic_hours_is_closed_check check (is_closed = (opens_at is null) and is_closed = (closes_at is null)),
    constraint clinic_hours_closes_at_check check (opens_at < closes_at and closes_at < '24:00')
);
select private.clinic_table('clinic_hours', 'clinic_hours', 'day_of_week opens_at closes_at is_closed');
alter table clinic_hours add constraint clinic_hours_clinic_id_fkey foreign key (clinic_id) references clinics (id);
create index clinic_hours_id_idx on clinic_hours (id);

create table clinic_closures (
    id uuid not null,
    clinic_id uuid not null,
    date date not null,
    name text constraint clinic_closures_name_check check (char_length(name) between 1 and 200),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    created_by uuid,
    updated_by uuid,
    version integer not null default 1,
    constraint clinic_closures_pkey primary key (clinic_id, id),
    constraint clinic_closures_clinic_id_date_key unique (clinic_id, date)
);
select private.clinic_table('clinic_closures', 'clinic_closure', 'date name',
    tenant => 'select, insert, update, delete', admin => 'select, insert, update, delete');
alter table clinic_closures add constraint clinic_closures_clinic_id_fkey foreign key (clinic_id) references clinics (id);
create index clinic_closures_clinic_id_date_idx on clinic_closures (clinic_id, date, id);
create index clinic_closures_id_idx on clinic_closures (id);

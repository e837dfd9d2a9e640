create table clinic_configs (
    id uuid not null constraint clinic_configs_pkey primary key,
    clinic_id uuid not null constraint clinic_configs_clinic_id_key unique
        constraint clinic_configs_clinic_id_fkey references clinics (id),
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
    constraint clinic_configs_clinic_id_id_key unique (clinic_id, id),
    constraint clinic_configs_default_language_check check (default_language = any (supported_languages))
);
comment on table clinic_configs is 'How a clinic wants to be run: one row for each clinic, made with it.';
comment on column clinic_configs.id is 'UUIDv7, made by the server.';
comment on column clinic_configs.clinic_id is 'The clinic.';
comment on column clinic_configs.accepting_new_patients is 'Whether people who are no patients yet can register.';
comment on column clinic_configs.waitlist_enabled is 'Whether people can wait for a place.';
comment on column clinic_configs.max_new_patients_per_week is 'So many registrations in the clinic''s week; null for any number.';
comment on column clinic_configs.appointment_duration_minutes is 'How long an appointment takes where nothing else says so.';
comment on column clinic_configs.buffer_minutes is 'Free time behind each appointment.';
comment on column clinic_configs.max_advance_booking_days is 'How far ahead patients can book.';
comment on column clinic_configs.min_advance_booking_hours is 'How short before they can.';
comment on column clinic_configs.cancellation_window_hours is 'Until so many hours before they can cancel; null for until it begins.';
comment on column clinic_configs.bot_enabled is 'Whether the chat bot books.';
comment on column clinic_configs.default_language is 'BCP 47 tag; one of the supported ones.';
comment on column clinic_configs.supported_languages is 'BCP 47 tags of the languages callers are served in.';
comment on column clinic_configs.greetings is 'A list of { language, text }.';
comment on column clinic_configs.transfer_phone is 'Where calls are transferred to; E.164.';
comment on column clinic_configs.preferred_pharmacy_name is 'The pharmacy prescriptions go to.';
comment on column clinic_configs.preferred_pharmacy_address is 'Its address.';
comment on column clinic_configs.preferred_pharmacy_fax is 'Its fax; E.164.';
comment on column clinic_configs.officer_name is 'Who answers for privacy.';
comment on column clinic_configs.officer_email is 'Their address; folded to lower case.';
comment on column clinic_configs.officer_phone is 'Their telephone; E.164.';
comment on column clinic_configs.transcript_retention_days is 'How long transcripts of calls are kept; null for the platform''s default, 90.';
comment on column clinic_configs.call_log_retention_days is 'How long call logs are kept; null for the platform''s default, 365.';
comment on column clinic_configs.audit_retention_years is 'How long the audit trail is kept; null for the platform''s default, 7.';
comment on column clinic_configs.created_at is 'When the row was made.';
comment on column clinic_configs.updated_at is 'When the row was last changed.';
comment on column clinic_configs.created_by is 'Who made it; null for the system.';
comment on column clinic_configs.updated_by is 'Who changed it last; null for the system.';
comment on column clinic_configs.version is 'Counts changes, for optimistic concurrency.';

create trigger touch before update on clinic_configs for each row execute function private.touch();
create trigger audit after insert or update or delete on clinic_configs
    for each row execute function private.audit('clinic_config', 'accepting_new_patients waitlist_enabled max_new_patients_per_week appointment_duration_minutes buffer_minutes max_advance_booking_days min_advance_booking_hours cancellation_window_hours bot_enabled default_provider_id default_language supported_languages transfer_phone preferred_pharmacy_name transcript_retention_days call_log_retention_days audit_retention_years');

alter table clinic_configs enable row level security, force row level security;
create policy system on clinic_configs to clinigraph_system using (true) with check (true);
create policy admin on clinic_configs to clinigraph_admin using (true) with check (true);
create policy tenant on clinic_configs to clinigraph_tenant
    using (clinic_id = (select private.request_clinic_id()))
    with check (clinic_id = (select private.request_clinic_id()));

grant select, insert, update, delete on clinic_configs to clinigraph_system;
grant select, insert, update on clinic_configs to clinigraph_admin;
grant select, update on clinic_configs to clinigraph_tenant;

-- Whoever makes a clinic may bring its configuration; when the transaction ends without one, it gets the defaults.
create function private.configure_clinic() returns trigger
    language plpgsql
    security definer
    set search_path = pg_catalog, public, pg_temp
as $$
begin
    insert into clinic_configs (id, clinic_id)
    select private.uuid_v7(), c.id from clinics c where c.id = new.id
    on conflict (clinic_id) do nothing;
    return null;
end
$$;
comment on function private.configure_clinic is 'At the end of a transaction that made a clinic: gives it a configuration if it has none.';
grant create on schema private to clinigraph_system;
alter function private.configure_clinic owner to clinigraph_system;
revoke create on schema private from clinigraph_system;
create constraint trigger configure after insert on clinics deferrable initially deferred
    for each row execute function private.configure_clinic();

-- The clinics that are there already; policies hide them from the owner.
set local role clinigraph_system;
insert into clinic_configs (id, clinic_id) select private.uuid_v7(), id from clinics;
set local role clinigraph_owner;

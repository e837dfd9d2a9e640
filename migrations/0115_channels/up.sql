-- How people are notified outside the application: what is sent to whom on which channel, and what they want (src/notification/).

-- ---- What a notification is composed of ----

create domain notifications_data as jsonb constraint notifications_data_check check (jsonb_typeof(value) = 'object');
alter table notifications
    -- Who has no account is notified outside the application only.
    alter column recipient_user_id drop not null,
    add column data notifications_data not null default '{}',
    add column planned_at timestamptz;
comment on column notifications.recipient_user_id is 'User who is notified; null for somebody without an account.';
comment on column notifications.data is 'Values for the placeholders of the texts, by name: text, or a list with one word for each language.';
comment on column notifications.planned_at is 'Time at which it was decided on which other channels the notification is sent; null before.';
select private.audit_table('notifications', 'notification', 'recipient_user_id kind subject_type subject_id read_at archived_at', 'update or delete');
-- What the server does with a notification is seen in its deliveries.
create or replace trigger audit after update of read_at, archived_at or delete on notifications for each row
    execute function private.audit_notifications('notification', 'recipient_user_id kind subject_type subject_id read_at archived_at');
grant insert (data, planned_at) on notifications to clinigraph_tenant, clinigraph_admin;
grant update (planned_at) on notifications to clinigraph_system;
create index notifications_planned_at_idx on notifications (clinic_id, id) where planned_at is null;

-- ---- Deliveries ----

create domain notification_deliveries_status as text constraint notification_deliveries_status_check
    check (value in ('pending', 'sent', 'delivered', 'read', 'failed', 'skipped'));
create table notification_deliveries (
    id uuid not null,
    clinic_id uuid not null,
    notification_id uuid not null,
    recipient_user_id uuid,
    is_of_platform boolean not null default false,
    channel text not null constraint notification_deliveries_channel_check check (channel in ('in_app', 'email', 'sms', 'whatsapp', 'push')),
    language text not null constraint notification_deliveries_language_check check (language in ('en', 'fr', 'es', 'zh', 'sw')),
    address text constraint notification_deliveries_address_check check (char_length(address) between 1 and 320),
    status notification_deliveries_status not null default 'pending',
    reason text constraint notification_deliveries_reason_check check (reason in (
        'no_address', 'address_not_verified', 'no_consent', 'turned_off', 'recipient_inactive', 'channel_not_configured', 'refused',
        'attempts_exhausted', 'outcome_unknown')),
    error text constraint notification_deliveries_error_check check (char_length(error) <= 500),
    attempts integer not null default 0 constraint notification_deliveries_attempts_check check (attempts >= 0),
    attempting_since timestamptz,
    provider_message_id text constraint notification_deliveries_provider_message_id_check check (char_length(provider_message_id) <= 300),
    send_at timestamptz not null,
    sent_at timestamptz,
    delivered_at timestamptz,
    read_at timestamptz,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    created_by uuid,
    updated_by uuid,
    version integer not null default 1,
    constraint notification_deliveries_pkey primary key (clinic_id, id),
    constraint notification_deliveries_outcome_check check ((status = 'failed' or status = 'skipped') = (reason is not null))
);
-- A clinic sees what is sent in its name, but not how the platform reaches its own people.
select private.clinic_table('notification_deliveries', 'notification_delivery', 'channel status reason',
    tenant => 'select, insert', admin => 'select, insert', system => 'select, insert, update, delete', visible => 'not is_of_platform',
    audited_on => 'delete');
alter table notification_deliveries
    add constraint notification_deliveries_notification_id_fkey foreign key (clinic_id, notification_id)
        references notifications (clinic_id, id) on delete cascade;
create index notification_deliveries_notification_id_idx on notification_deliveries (clinic_id, notification_id);
create index notification_deliveries_clinic_id_created_at_idx on notification_deliveries (clinic_id, created_at, id);
create index notification_deliveries_clinic_id_status_idx on notification_deliveries (clinic_id, status, created_at, id);
create index notification_deliveries_created_at_idx on notification_deliveries (created_at, id);
create index notification_deliveries_id_idx on notification_deliveries (id);
-- Providers report on a message by the id that they gave it.
create index notification_deliveries_provider_message_id_idx on notification_deliveries (provider_message_id) where provider_message_id is not null;
comment on column notification_deliveries.notification_id is 'Notification that is delivered.';
comment on column notification_deliveries.recipient_user_id is 'User to whom the notification is delivered; null for somebody without an account.';
comment on column notification_deliveries.is_of_platform is 'Whether the recipient administers the platform, so that clinics do not see the delivery.';
comment on column notification_deliveries.provider_message_id is 'Identifier of the message at the provider, by which it reports what became of it.';
comment on column notification_deliveries.attempting_since is
    'Time at which an attempt began whose outcome is not known yet; a message that must not be sent twice is not sent again then.';

-- ---- What people want ----

create table notification_preferences (
    user_id uuid not null constraint notification_preferences_pkey primary key,
    quiet_from time,
    quiet_until time,
    choices jsonb not null default '[]' constraint notification_preferences_choices_check check (jsonb_typeof(choices) = 'array'),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint notification_preferences_quiet_check check ((quiet_from is null) = (quiet_until is null) and quiet_from <> quiet_until)
);
select private.common_table('notification_preferences', 'platform', 'notification_preferences', 'quiet_from quiet_until choices', 'insert or update or delete');
select private.policy('notification_preferences', class, 'all', 'user_id = private.request_user_id()')
  from unnest('{admin,tenant,auditor,patient,partner}'::text[]) as class;
grant select, insert, update, delete on notification_preferences to clinigraph_system;
grant select, insert (user_id, quiet_from, quiet_until, choices), update (quiet_from, quiet_until, choices, updated_at) on notification_preferences
    to clinigraph_admin, clinigraph_tenant, clinigraph_auditor, clinigraph_patient, clinigraph_partner;
alter table notification_preferences
    add constraint notification_preferences_user_id_fkey foreign key (user_id) references users (id) on delete cascade;
comment on table notification_preferences is 'How a user wants to be notified.';
comment on column notification_preferences.user_id is 'User who is notified.';
comment on column notification_preferences.quiet_from is 'Time of the day in the time zone of the user from which messages that make a sound wait; null for no quiet hours.';
comment on column notification_preferences.quiet_until is 'Time of the day at which quiet hours end, on the next day if it is before their begin; null for no quiet hours.';
comment on column notification_preferences.choices is 'Kinds and channels for which the user has chosen something: kind, channel, and whether to use it.';

create table contact_consents (
    id uuid not null,
    clinic_id uuid not null,
    channel text not null constraint contact_consents_channel_check check (channel in ('in_app', 'email', 'sms', 'whatsapp', 'push')),
    address text not null constraint contact_consents_address_check check (char_length(address) between 1 and 320),
    is_granted boolean not null,
    source text not null constraint contact_consents_source_check check (source in ('staff', 'form', 'message', 'link', 'import')),
    note text constraint contact_consents_note_check check (char_length(note) between 1 and 500),
    decided_at timestamptz not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    created_by uuid,
    updated_by uuid,
    version integer not null default 1,
    constraint contact_consents_pkey primary key (clinic_id, id),
    constraint contact_consents_clinic_id_channel_address_key unique (clinic_id, channel, address)
);
select private.clinic_table('contact_consents', 'contact_consent', 'channel is_granted source decided_at',
    tenant => 'select, insert, update', admin => 'select, insert, update');
alter table contact_consents add constraint contact_consents_clinic_id_fkey foreign key (clinic_id) references clinics (id);
create index contact_consents_clinic_id_decided_at_idx on contact_consents (clinic_id, decided_at, id);
create index contact_consents_decided_at_idx on contact_consents (decided_at, id);
create index contact_consents_id_idx on contact_consents (id);

-- ---- Words of a clinic's own ----

create table notification_templates (
    id uuid not null,
    clinic_id uuid not null,
    kind notifications_kind not null,
    channel text not null constraint notification_templates_channel_check check (channel in ('in_app', 'email', 'sms', 'whatsapp', 'push')),
    language text not null constraint notification_templates_language_check check (language in ('en', 'fr', 'es', 'zh', 'sw')),
    subject text constraint notification_templates_subject_check check (char_length(subject) between 1 and 200),
    text text not null constraint notification_templates_text_check check (char_length(text) between 1 and 4000),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    created_by uuid,
    updated_by uuid,
    version integer not null default 1,
    constraint notification_templates_pkey primary key (clinic_id, id),
    constraint notification_templates_clinic_id_kind_channel_language_key unique (clinic_id, kind, channel, language)
);
select private.clinic_table('notification_templates', 'notification_template', 'kind channel language subject text',
    tenant => 'select, insert, update, delete', admin => 'select, insert, update, delete');
alter table notification_templates add constraint notification_templates_clinic_id_fkey foreign key (clinic_id) references clinics (id);
create index notification_templates_clinic_id_kind_idx on notification_templates (clinic_id, kind, id);
create index notification_templates_kind_idx on notification_templates (kind, id);
create index notification_templates_id_idx on notification_templates (id);

-- ---- Push messages to browsers ----

create table push_subscriptions (
    id uuid not null constraint push_subscriptions_pkey primary key,
    user_id uuid not null,
    endpoint text not null constraint push_subscriptions_endpoint_check check (endpoint ~ '^https?://' and char_length(endpoint) <= 2000),
    public_key bytea not null constraint push_subscriptions_public_key_check check (octet_length(public_key) = 65),
    secret bytea not null constraint push_subscriptions_secret_check check (octet_length(secret) = 16),
    created_at timestamptz not null default now(),
    constraint push_subscriptions_endpoint_key unique (endpoint)
);
select private.common_table('push_subscriptions', 'platform', 'push_subscription', 'user_id', 'insert or delete');
select private.policy('push_subscriptions', class, 'all', 'user_id = private.request_user_id()')
  from unnest('{admin,tenant,auditor,patient,partner}'::text[]) as class;
grant select, insert, update, delete on push_subscriptions to clinigraph_system;
grant select, insert (id, user_id, endpoint, public_key, secret), delete on push_subscriptions
    to clinigraph_admin, clinigraph_tenant, clinigraph_auditor, clinigraph_patient, clinigraph_partner;
alter table push_subscriptions
    add constraint push_subscriptions_user_id_fkey foreign key (user_id) references users (id) on delete cascade;
create index push_subscriptions_user_id_idx on push_subscriptions (user_id, id);
comment on table push_subscriptions is 'A browser in which a user gets push messages.';
comment on column push_subscriptions.user_id is 'User who gets the messages.';
comment on column push_subscriptions.endpoint is 'Address of the browser''s push service for this browser.';
comment on column push_subscriptions.public_key is 'Key of the browser by which messages to it are encrypted.';
comment on column push_subscriptions.secret is 'Secret of the browser that goes into the encryption.';

create table private.server_keys (
    name text not null constraint server_keys_pkey primary key,
    sealed bytea not null,
    created_at timestamptz not null default now()
);
select private.place('private.server_keys', 'local');
alter table private.server_keys enable row level security, force row level security;
select private.policy('private.server_keys', 'system', 'all', 'true');
grant select, insert on private.server_keys to clinigraph_system;
comment on table private.server_keys is 'Keys that the server makes once and that must stay the same, sealed by its key ring.';
comment on column private.server_keys.name is 'What the key is for.';
comment on column private.server_keys.sealed is 'The private key, sealed.';
comment on column private.server_keys.created_at is 'Time at which the key was made.';

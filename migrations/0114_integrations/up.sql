-- Integrations: the services outside that a clinic or the platform uses, and what these services send (src/integration/).

create domain integrations_kind as text constraint integrations_kind_check check (value in (
    'oscar_emr', 'cal_com', 'vapi', 'retell', 'whats_app', 'paystack', 'stripe', 'sms', 'video', 'language_model'));

create table integrations (
    id uuid not null,
    clinic_id uuid not null,
    kind integrations_kind not null,
    name text not null constraint integrations_name_check check (char_length(name) between 1 and 100),
    status text not null default 'disconnected' constraint integrations_status_check
        check (status in ('disconnected', 'pending', 'active', 'error', 'disabled')),
    sms jsonb,
    whats_app jsonb,
    oscar_emr jsonb,
    cal_com jsonb,
    vapi jsonb,
    retell jsonb,
    paystack jsonb,
    stripe jsonb,
    video jsonb,
    language_model jsonb,
    secrets jsonb not null default '[]' constraint integrations_secrets_check check (jsonb_typeof(secrets) = 'array'),
    secrets_enc bytea,
    webhook_nonce bytea not null default uuid_send(gen_random_uuid()) constraint integrations_webhook_nonce_check
        check (octet_length(webhook_nonce) = 16),
    verified_at timestamptz,
    last_sync_at timestamptz,
    last_error text constraint integrations_last_error_check check (char_length(last_error) between 1 and 500),
    failed_at timestamptz,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    created_by uuid,
    updated_by uuid,
    version integer not null default 1,
    deleted_at timestamptz,
    constraint integrations_pkey primary key (clinic_id, id),
    constraint integrations_settings_check check (
        num_nonnulls(sms, whats_app, oscar_emr, cal_com, vapi, retell, paystack, stripe, video, language_model) = 1
        and jsonb_typeof(case kind
            when 'sms' then sms when 'whats_app' then whats_app when 'oscar_emr' then oscar_emr when 'cal_com' then cal_com
            when 'vapi' then vapi when 'retell' then retell when 'paystack' then paystack when 'stripe' then stripe
            when 'video' then video when 'language_model' then language_model end) is not distinct from 'object')
);
select private.clinic_table('integrations', 'integration', 'kind name status verified_at last_sync_at last_error failed_at deleted_at',
    tenant => 'select, insert, update', admin => 'select, insert, update');
-- There is no foreign key to clinics: the platform's own integrations have the nil UUID.
--
-- At most one of a kind is in use.
create unique index integrations_clinic_id_kind_key on integrations (clinic_id, kind)
    where deleted_at is null and status in ('pending', 'active', 'error');
create index integrations_id_idx on integrations (id);
create index integrations_created_at_idx on integrations (created_at, id);
create index integrations_kind_created_at_idx on integrations (kind, created_at, id);
create index integrations_status_created_at_idx on integrations (status, created_at, id);
create index integrations_clinic_id_created_at_idx on integrations (clinic_id, created_at, id);
comment on column integrations.clinic_id is 'Clinic that uses the service; the nil UUID for the platform.';
comment on column integrations.secrets_enc is 'The secrets as one sealed object, by their names; null if there are none.';
comment on column integrations.webhook_nonce is
    'Random part of the webhook address: its token follows from this, the id and the keys of the server, and is not stored.';

-- What identifies a receiver at a service, such as a phone number, belongs to one clinic. Uniqueness over clinics cannot be an
-- index of a table of clinics.
create table private.integration_channels (
    kind text not null,
    channel text not null constraint integration_channels_channel_check check (char_length(channel) between 1 and 200),
    owner_clinic_id uuid not null,
    integration_id uuid not null,
    constraint integration_channels_pkey primary key (kind, channel)
);
select private.place('private.integration_channels', 'local');
alter table private.integration_channels enable row level security, force row level security;
select private.policy('private.integration_channels', 'system', 'all', 'true');
grant select, insert, update, delete on private.integration_channels to clinigraph_system;
create index integration_channels_integration_id_idx on private.integration_channels (integration_id);
comment on table private.integration_channels is 'Who receives what a service sends to a phone number, an assistant and the like.';
comment on column private.integration_channels.kind is 'Kind of the integration.';
comment on column private.integration_channels.channel is 'Identifier of the receiver at the service, with its sort in front, such as phone:+16045550123.';
comment on column private.integration_channels.owner_clinic_id is 'Clinic that receives it; the nil UUID for the platform.';
comment on column private.integration_channels.integration_id is 'Integration that names the channel in its settings.';

create function private.claim_channels(of_clinic uuid, of_integration uuid, of_kind text, channels text[]) returns void
    language plpgsql
    security definer
    set search_path = pg_catalog, pg_temp
as $$
begin
    if not coalesce(of_clinic = private.request_clinic_id() or private.request_is_admin()
                    or private.request_is_system() and private.request_job_clinic_id() is null, false) then
        raise exception 'a channel cannot be claimed for another clinic' using errcode = '42501';
    end if;
    delete from private.integration_channels c
     where c.integration_id = of_integration and c.owner_clinic_id = of_clinic and c.channel <> all (channels);
    insert into private.integration_channels (kind, channel, owner_clinic_id, integration_id)
    select of_kind, wanted.channel, of_clinic, of_integration from unnest(channels) as wanted (channel)
    on conflict (kind, channel) do nothing;
    if exists (select 1 from unnest(channels) as wanted (channel)
                 join private.integration_channels c on c.kind = of_kind and c.channel = wanted.channel
                where c.integration_id <> of_integration) then
        raise exception 'a channel belongs to another integration' using errcode = '23505', constraint = 'integration_channels_pkey';
    end if;
end
$$;
comment on function private.claim_channels is
    'Gives an integration exactly these channels; a unique violation if one belongs to another integration, of whatever clinic.';
select private.run_as_system('private.claim_channels(uuid, uuid, text, text[])');
grant execute on function private.claim_channels to clinigraph_system, clinigraph_admin, clinigraph_tenant;

-- ---- What services send ----

create domain inbound_webhooks_status as text constraint inbound_webhooks_status_check
    check (value in ('received', 'processed', 'failed', 'ignored'));

create table inbound_webhooks (
    id uuid not null,
    clinic_id uuid not null,
    integration_id uuid not null,
    kind integrations_kind not null,
    event_id text not null constraint inbound_webhooks_event_id_check check (char_length(event_id) between 1 and 200),
    event_type text constraint inbound_webhooks_event_type_check check (char_length(event_type) between 1 and 100),
    headers jsonb not null default '[]' constraint inbound_webhooks_headers_check check (jsonb_typeof(headers) = 'array'),
    query text constraint inbound_webhooks_query_check check (char_length(query) between 1 and 1000),
    body_enc bytea not null,
    body_bytes integer not null constraint inbound_webhooks_body_bytes_check check (body_bytes >= 0),
    status inbound_webhooks_status not null default 'received',
    attempts integer not null default 0 constraint inbound_webhooks_attempts_check check (attempts >= 0),
    error text constraint inbound_webhooks_error_check check (char_length(error) between 1 and 1000),
    received_at timestamptz not null default now(),
    processed_at timestamptz,
    constraint inbound_webhooks_pkey primary key (clinic_id, id),
    constraint inbound_webhooks_clinic_id_integration_id_event_id_key unique (clinic_id, integration_id, event_id)
);
select private.common_table('inbound_webhooks', 'clinic', 'inbound_webhook', 'status attempts processed_at', 'update or delete');
-- What the server does with what came in is seen in what that changes; only what people do is in the trail.
create or replace trigger audit after update or delete on inbound_webhooks for each row
    when (current_setting('role') <> 'clinigraph_system')
    execute function private.audit_inbound_webhooks('inbound_webhook', 'status attempts processed_at');
select private.policy('inbound_webhooks', 'admin', command, 'true') from unnest('{select,update}'::text[]) as command;
grant select, insert, update, delete on inbound_webhooks to clinigraph_system;
grant select, update (status, attempts, error, processed_at) on inbound_webhooks to clinigraph_admin;
alter table inbound_webhooks add constraint inbound_webhooks_integration_id_fkey
    foreign key (clinic_id, integration_id) references integrations (clinic_id, id) on delete cascade;
create index inbound_webhooks_clinic_id_integration_id_idx on inbound_webhooks (clinic_id, integration_id);
create index inbound_webhooks_id_idx on inbound_webhooks (id);
create index inbound_webhooks_received_at_idx on inbound_webhooks (received_at, id);
create index inbound_webhooks_clinic_id_received_at_idx on inbound_webhooks (clinic_id, received_at, id);
create index inbound_webhooks_integration_id_received_at_idx on inbound_webhooks (integration_id, received_at, id);
create index inbound_webhooks_kind_received_at_idx on inbound_webhooks (kind, received_at, id);
create index inbound_webhooks_status_received_at_idx on inbound_webhooks (status, received_at, id);
comment on column inbound_webhooks.clinic_id is 'Clinic of the integration; the nil UUID for one of the platform.';
comment on column inbound_webhooks.query is 'Query of the address that it was sent to; null if there was none.';
comment on column inbound_webhooks.headers is 'Headers that say how the body is to be read; none of them is a secret.';
comment on column inbound_webhooks.body_enc is 'Body as it was received, sealed.';

create table webhook_refusals (
    id uuid not null,
    clinic_id uuid not null,
    integration_id uuid not null,
    count integer not null default 1 constraint webhook_refusals_count_check check (count > 0),
    last_reason text not null constraint webhook_refusals_last_reason_check check (char_length(last_reason) between 1 and 200),
    last_at timestamptz not null default now(),
    constraint webhook_refusals_pkey primary key (clinic_id, id),
    constraint webhook_refusals_clinic_id_integration_id_key unique (clinic_id, integration_id)
);
-- It counts what strangers send: nobody's change, so not in the trail.
select private.clinic_table('webhook_refusals', null, null);
alter table webhook_refusals add constraint webhook_refusals_integration_id_fkey
    foreign key (clinic_id, integration_id) references integrations (clinic_id, id) on delete cascade;
create index webhook_refusals_id_idx on webhook_refusals (id);
create index webhook_refusals_integration_id_idx on webhook_refusals (integration_id, id);
comment on column webhook_refusals.clinic_id is 'Clinic of the integration; the nil UUID for one of the platform.';

comment on column webhook_refusals.integration_id is 'Integration whose webhooks were refused.';

create table private.inbound_parts (
    clinic_id uuid not null,
    integration_id uuid not null,
    key text not null constraint inbound_parts_key_check check (char_length(key) between 1 and 300),
    processed_at timestamptz not null default now(),
    constraint inbound_parts_pkey primary key (clinic_id, integration_id, key)
);
select private.place('private.inbound_parts', 'clinic');
alter table private.inbound_parts enable row level security, force row level security;
select private.policy('private.inbound_parts', 'system', 'all', 'true');
grant select, insert, delete on private.inbound_parts to clinigraph_system;
create index inbound_parts_processed_at_idx on private.inbound_parts (processed_at);
comment on table private.inbound_parts is 'Messages, statuses and the like that were handled, so that one that comes again in another delivery is not handled twice.';
comment on column private.inbound_parts.clinic_id is 'Clinic of the integration; the nil UUID for one of the platform.';
comment on column private.inbound_parts.integration_id is 'Integration that it came in by.';
comment on column private.inbound_parts.key is 'Identifier of the part at the service.';
comment on column private.inbound_parts.processed_at is 'Time at which it was handled.';

-- Notifications of a failure go to the people who manage the clinic.
alter domain notifications_kind drop constraint notifications_kind_check;
alter domain notifications_kind add constraint notifications_kind_check
    check (value in ('ticket_created', 'ticket_reply', 'ticket_status_changed', 'ticket_overdue', 'webhook_disabled', 'integration_error'));

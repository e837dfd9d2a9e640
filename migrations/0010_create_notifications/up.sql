create table notifications (
    id uuid not null constraint notifications_pkey primary key,
    recipient_user_id uuid not null constraint notifications_recipient_user_id_fkey references users (id) on delete cascade,
    clinic_id uuid not null constraint notifications_clinic_id_fkey references clinics (id),
    kind text not null constraint notifications_kind_check check (kind in ('ticket_created', 'ticket_reply', 'ticket_status_changed')),
    title text not null constraint notifications_title_check check (char_length(title) between 1 and 300),
    body text not null constraint notifications_body_check check (char_length(body) <= 1000),
    link_path text constraint notifications_link_path_check check (link_path ~ '^/' and char_length(link_path) <= 500),
    ticket_id uuid,
    dedupe_key text not null constraint notifications_dedupe_key_key unique,
    read_at timestamptz,
    archived_at timestamptz,
    created_at timestamptz not null,
    constraint notifications_ticket_id_fkey foreign key (clinic_id, ticket_id)
        references support_tickets (clinic_id, id) on delete cascade
);
create index notifications_recipient_idx on notifications (recipient_user_id, created_at, id);
create index notifications_unread_idx on notifications (recipient_user_id, created_at, id) where read_at is null and archived_at is null;
create index notifications_clinic_id_ticket_id_idx on notifications (clinic_id, ticket_id);
comment on table notifications is 'What somebody is told of, made in the transaction of its cause.';
comment on column notifications.id is 'UUIDv7, made by the server.';
comment on column notifications.recipient_user_id is 'Who is told.';
comment on column notifications.clinic_id is 'The clinic it is about.';
comment on column notifications.kind is 'What it tells of.';
comment on column notifications.title is 'In a line.';
comment on column notifications.body is 'A little more.';
comment on column notifications.link_path is 'Where a dashboard leads from it.';
comment on column notifications.ticket_id is 'The ticket it is about; null for none.';
comment on column notifications.dedupe_key is 'The cause and the recipient: nobody is told twice of one thing.';
comment on column notifications.read_at is 'When it was read; null before.';
comment on column notifications.archived_at is 'When it was put away; null before.';
comment on column notifications.created_at is 'When it was made.';

-- One's own alone, and of the clinic one works in; made for others only about that clinic.
alter table notifications enable row level security, force row level security;
create policy system on notifications to clinigraph_system using (true) with check (true);
create policy admin_reads on notifications for select to clinigraph_admin using (recipient_user_id = (select private.request_user_id()));
create policy admin_changes on notifications for update to clinigraph_admin using (recipient_user_id = (select private.request_user_id()));
create policy admin_makes on notifications for insert to clinigraph_admin with check (true);
create policy tenant_reads on notifications for select to clinigraph_tenant
    using (clinic_id = (select private.request_clinic_id()) and recipient_user_id = (select private.request_user_id()));
create policy tenant_changes on notifications for update to clinigraph_tenant
    using (clinic_id = (select private.request_clinic_id()) and recipient_user_id = (select private.request_user_id()));
create policy tenant_makes on notifications for insert to clinigraph_tenant with check (clinic_id = (select private.request_clinic_id()));
grant select, insert on notifications to clinigraph_system, clinigraph_admin, clinigraph_tenant;
grant update (read_at, archived_at) on notifications to clinigraph_system, clinigraph_admin, clinigraph_tenant;

create trigger audit after insert or update or delete on notifications
    for each row execute function private.audit('notification', 'recipient_user_id kind ticket_id read_at archived_at');

create table support_tickets (
    id uuid not null constraint support_tickets_pkey primary key,
    clinic_id uuid not null constraint support_tickets_clinic_id_fkey references clinics (id),
    number integer not null generated always as identity constraint support_tickets_number_key unique,
    created_by_user_id uuid not null constraint support_tickets_created_by_user_id_fkey references users (id),
    assignee_id uuid constraint support_tickets_assignee_id_fkey references users (id),
    title text not null constraint support_tickets_title_check check (char_length(title) between 1 and 200),
    description text not null constraint support_tickets_description_check check (char_length(description) between 1 and 10000),
    priority text not null default 'medium'
        constraint support_tickets_priority_check check (priority in ('low', 'medium', 'high', 'urgent')),
    priority_rank smallint not null generated always as
        (case priority when 'low' then 1 when 'medium' then 2 when 'high' then 3 else 4 end) stored,
    status text not null default 'open'
        constraint support_tickets_status_check check (status in ('open', 'in_progress', 'waiting', 'resolved', 'closed')),
    first_response_due_at timestamptz,
    resolution_due_at timestamptz,
    first_responded_at timestamptz,
    resolved_at timestamptz,
    closed_at timestamptz,
    -- Punctuation goes first: Postgres would keep addresses, part numbers and paths whole, and a search asks for words.
    search tsvector not null generated always as
        (to_tsvector('simple', translate(title || ' ' || description, '!"#$%&''()*+,-./:;<=>?@[\]^_`{|}~', repeat(' ', 32)))) stored,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    created_by uuid,
    updated_by uuid,
    version integer not null default 1,
    constraint support_tickets_clinic_id_id_key unique (clinic_id, id)
);
create index support_tickets_clinic_id_created_at_idx on support_tickets (clinic_id, created_at, id);
create index support_tickets_clinic_id_updated_at_idx on support_tickets (clinic_id, updated_at, id);
create index support_tickets_clinic_id_priority_idx on support_tickets (clinic_id, priority_rank, id);
create index support_tickets_clinic_id_status_idx on support_tickets (clinic_id, status, updated_at, id);
create index support_tickets_created_at_idx on support_tickets (created_at, id);
create index support_tickets_updated_at_idx on support_tickets (updated_at, id);
create index support_tickets_priority_idx on support_tickets (priority_rank, id);
create index support_tickets_status_idx on support_tickets (status, updated_at, id);
create index support_tickets_assignee_id_idx on support_tickets (assignee_id, status, updated_at, id);
create index support_tickets_created_by_user_id_idx on support_tickets (created_by_user_id, id);
-- Serves administrators. Under a clinic's policy Postgres may not use it (the operator is not leakproof), and the
-- clinic's own index is short enough.
create index support_tickets_search_idx on support_tickets using gin (search);
comment on table support_tickets is 'A request for help, raised by a clinic and answered by the platform.';
comment on column support_tickets.id is 'UUIDv7, made by the server.';
comment on column support_tickets.clinic_id is 'The clinic that raised it.';
comment on column support_tickets.number is 'Counts up over the whole platform: what people say on the phone.';
comment on column support_tickets.created_by_user_id is 'Who opened it.';
comment on column support_tickets.assignee_id is 'The administrator who works on it; null for nobody.';
comment on column support_tickets.title is 'The matter in a line.';
comment on column support_tickets.description is 'The matter in full.';
comment on column support_tickets.priority is 'How much it presses.';
comment on column support_tickets.priority_rank is 'The priority as a number, so that lists can be ordered by it.';
comment on column support_tickets.status is 'Where it stands.';
comment on column support_tickets.first_response_due_at is 'By when a first answer is due.';
comment on column support_tickets.resolution_due_at is 'By when it should be solved.';
comment on column support_tickets.first_responded_at is 'When an administrator first answered in public.';
comment on column support_tickets.resolved_at is 'When it was last resolved; null while it is not.';
comment on column support_tickets.closed_at is 'When it was closed; null while it is not.';
comment on column support_tickets.search is 'The words of title and description.';
comment on column support_tickets.created_at is 'When the row was made.';
comment on column support_tickets.updated_at is 'When the row was last changed.';
comment on column support_tickets.created_by is 'Who made it; null for the system.';
comment on column support_tickets.updated_by is 'Who changed it last; null for the system.';
comment on column support_tickets.version is 'Counts changes, for optimistic concurrency.';

create table ticket_messages (
    id uuid not null constraint ticket_messages_pkey primary key,
    clinic_id uuid not null,
    ticket_id uuid not null,
    author_user_id uuid not null constraint ticket_messages_author_user_id_fkey references users (id),
    body text not null constraint ticket_messages_body_check check (char_length(body) between 1 and 10000),
    is_internal boolean not null,
    created_at timestamptz not null default now(),
    constraint ticket_messages_clinic_id_id_key unique (clinic_id, id),
    constraint ticket_messages_ticket_id_fkey foreign key (clinic_id, ticket_id)
        references support_tickets (clinic_id, id) on delete cascade
);
create index ticket_messages_clinic_id_ticket_id_idx on ticket_messages (clinic_id, ticket_id, created_at, id);
create index ticket_messages_ticket_id_created_at_idx on ticket_messages (ticket_id, created_at, id);
create index ticket_messages_author_user_id_idx on ticket_messages (author_user_id);
comment on table ticket_messages is 'What was said on a ticket.';
comment on column ticket_messages.id is 'UUIDv7, made by the server.';
comment on column ticket_messages.clinic_id is 'The clinic of the ticket.';
comment on column ticket_messages.ticket_id is 'The ticket.';
comment on column ticket_messages.author_user_id is 'Who wrote it.';
comment on column ticket_messages.body is 'The words.';
comment on column ticket_messages.is_internal is 'A note among administrators: the policy hides it from the clinic.';
comment on column ticket_messages.created_at is 'When it was written.';

create trigger touch before update on support_tickets for each row execute function private.touch();

alter table support_tickets enable row level security, force row level security;
create policy system on support_tickets to clinigraph_system using (true) with check (true);
create policy admin on support_tickets to clinigraph_admin using (true) with check (true);
create policy tenant on support_tickets to clinigraph_tenant
    using (clinic_id = (select private.request_clinic_id()))
    with check (clinic_id = (select private.request_clinic_id()));

-- A clinic neither reads nor writes an internal note, whatever a resolver says.
alter table ticket_messages enable row level security, force row level security;
create policy system on ticket_messages to clinigraph_system using (true) with check (true);
create policy admin on ticket_messages to clinigraph_admin using (true) with check (true);
create policy tenant on ticket_messages to clinigraph_tenant
    using (clinic_id = (select private.request_clinic_id()) and not is_internal)
    with check (clinic_id = (select private.request_clinic_id()) and not is_internal);

grant select, insert, update on support_tickets to clinigraph_system, clinigraph_admin, clinigraph_tenant;
grant select, insert on ticket_messages to clinigraph_system, clinigraph_admin, clinigraph_tenant;

-- Tickets, in which a clinic asks the platform for help, and the messages on them.

create domain support_tickets_title as text
    constraint support_tickets_title_check check (char_length(value) between 1 and 200);
create domain support_tickets_description as text
    constraint support_tickets_description_check check (char_length(value) between 1 and 10000);
create domain support_tickets_priority as text
    constraint support_tickets_priority_check check (value in ('low', 'medium', 'high', 'urgent'));
create domain support_tickets_status as text
    constraint support_tickets_status_check check (value in ('open', 'in_progress', 'waiting', 'resolved', 'closed'));

create table support_tickets (
    id uuid not null,
    clinic_id uuid not null,
    number integer not null generated always as identity,
    created_by_user_id uuid not null,
    assignee_id uuid,
    title support_tickets_title not null,
    description support_tickets_description not null,
    priority support_tickets_priority not null default 'medium',
    priority_rank smallint not null generated always as
        (case priority when 'low' then 1 when 'medium' then 2 when 'high' then 3 else 4 end) stored,
    status support_tickets_status not null default 'open',
    first_response_due_at timestamptz,
    resolution_due_at timestamptz,
    first_responded_at timestamptz,
    resolved_at timestamptz,
    closed_at timestamptz,
    -- Without punctuation: Postgres would take addresses, part numbers and paths as one word, and a search asks for words.
    search tsvector not null generated always as
        (to_tsvector('simple', translate(title || ' ' || description, '!"#$%&''()*+,-./:;<=>?@[\]^_`{|}~', repeat(' ', 32)))) stored,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    created_by uuid,
    updated_by uuid,
    version integer not null default 1,
    constraint support_tickets_pkey primary key (clinic_id, id),
    constraint support_tickets_clinic_id_number_key unique (clinic_id, number)
);
select private.clinic_table('support_tickets', 'ticket',
    'number created_by_user_id assignee_id priority status first_response_due_at resolution_due_at first_responded_at resolved_at closed_at',
    tenant => 'select, insert, update', admin => 'select, insert, update', system => 'select, insert, update');
alter table support_tickets
    add constraint support_tickets_clinic_id_fkey foreign key (clinic_id) references clinics (id),
    add constraint support_tickets_created_by_user_id_fkey foreign key (created_by_user_id) references users (id),
    add constraint support_tickets_assignee_id_fkey foreign key (assignee_id) references users (id);
create index support_tickets_clinic_id_created_at_idx on support_tickets (clinic_id, created_at, id);
create index support_tickets_clinic_id_updated_at_idx on support_tickets (clinic_id, updated_at, id);
create index support_tickets_clinic_id_priority_idx on support_tickets (clinic_id, priority_rank, id);
create index support_tickets_clinic_id_status_idx on support_tickets (clinic_id, status, updated_at, id);
create index support_tickets_assignee_id_idx on support_tickets (assignee_id, status, updated_at, id);
create index support_tickets_created_by_user_id_idx on support_tickets (created_by_user_id, id);
-- These serve administrators. Under a clinic's policy Postgres may not use the last one (its operator is not leakproof), and
-- the clinic's own list is short enough.
create index support_tickets_id_idx on support_tickets (id);
create index support_tickets_created_at_idx on support_tickets (created_at, id);
create index support_tickets_updated_at_idx on support_tickets (updated_at, id);
create index support_tickets_priority_idx on support_tickets (priority_rank, id);
create index support_tickets_status_idx on support_tickets (status, updated_at, id);
create index support_tickets_search_idx on support_tickets using gin (search);
comment on column support_tickets.priority_rank is 'Priority as a number, so that lists can be ordered by it.';
comment on column support_tickets.search is 'Words of title and description, for searches.';

create domain ticket_messages_body as text
    constraint ticket_messages_body_check check (char_length(value) between 1 and 10000);

create table ticket_messages (
    id uuid not null,
    clinic_id uuid not null,
    ticket_id uuid not null,
    author_user_id uuid not null,
    body ticket_messages_body not null,
    is_internal boolean not null,
    created_at timestamptz not null default now(),
    constraint ticket_messages_pkey primary key (clinic_id, id)
);
-- A clinic neither reads nor writes an internal note, whatever a resolver says.
select private.clinic_table('ticket_messages', 'ticket_message', 'ticket_id author_user_id is_internal',
    tenant => 'select, insert', admin => 'select, insert', system => 'select, insert', visible => 'not is_internal');
-- The clinic is part of the ticket's key and needs none of its own.
alter table ticket_messages
    add constraint ticket_messages_ticket_id_fkey foreign key (clinic_id, ticket_id)
        references support_tickets (clinic_id, id) on delete cascade,
    add constraint ticket_messages_author_user_id_fkey foreign key (author_user_id) references users (id);
create index ticket_messages_clinic_id_ticket_id_idx on ticket_messages (clinic_id, ticket_id, created_at, id);
create index ticket_messages_author_user_id_idx on ticket_messages (author_user_id);
-- These serve administrators, who may not know the clinic of a ticket or message.
create index ticket_messages_id_idx on ticket_messages (id);
create index ticket_messages_ticket_id_created_at_idx on ticket_messages (ticket_id, created_at, id);

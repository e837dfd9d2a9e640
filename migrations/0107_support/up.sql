-- Tickets, in which a clinic asks the platform for help, and the messages on them.

create domain support_tickets_title as text
    constraint support_tickets_title_check check (char_length(value) between 1 and 200);
create domain support_tickets_description as text
    constraint support_tickets_description_check check (char_length(value) between 1 and 10000);
create domain support_tickets_priority as text
    constraint support_tickets_priority_check check (value in ('low', 'medium', 'high', 'urgent'));
create domain support_tickets_status as text
    constraint support_tickets_status_check check (value in ('open', 'in_progress', 'waiting', 'resolved', 'closed'));

-- People say the number of a ticket on the phone, so it is short; and one who sees two of them must not learn how many tickets
-- other clinics opened in between. A counter for each clinic would tell nothing either, but those who write for one clinic
-- would wait for each other. So the numbers count up over the platform under a permutation whose key nobody sees.
create table private.ticket_number_key (
    is_single boolean not null default true constraint ticket_number_key_pkey primary key
        constraint ticket_number_key_is_single_check check (is_single),
    key bytea not null
);
select private.place('private.ticket_number_key', 'local');
alter table private.ticket_number_key enable row level security, force row level security;
select private.policy('private.ticket_number_key', 'system', 'all', 'true');
grant select, insert on private.ticket_number_key to clinigraph_system;
comment on table private.ticket_number_key is 'Key of the permutation of ticket numbers, drawn once for a database.';
comment on column private.ticket_number_key.is_single is 'Always true: there is one row.';
comment on column private.ticket_number_key.key is 'Random bytes.';
set local role clinigraph_system;
insert into private.ticket_number_key (key) values (sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())));
set local role clinigraph_owner;

create function private.permuted(number bigint, size bigint, key bytea) returns bigint
    language plpgsql immutable strict parallel safe
    set search_path = pg_catalog, pg_temp
as $$
declare
    -- Half of the bits that the numbers below size take, rounded up.
    bits integer := ceil(log(2, size::numeric) / 2);
    halves bigint := 1 << bits;
    high bigint;
    low bigint;
    mixed bytea;
    swapped bigint;
begin
    -- A Feistel network permutes all numbers of twice as many bits; what falls outside of the size is permuted again.
    loop
        high := number / halves;
        low := number % halves;
        for round in 1..4 loop
            mixed := sha256(key || int2send(round::smallint) || int8send(size) || int8send(low));
            swapped := low;
            low := high # ((get_byte(mixed, 0) << 24 | get_byte(mixed, 1) << 16 | get_byte(mixed, 2) << 8 | get_byte(mixed, 3))::bigint & (halves - 1));
            high := swapped;
        end loop;
        number := high * halves + low;
        exit when number < size;
    end loop;
    return number;
end
$$;
comment on function private.permuted is 'The number that stands for a number below size, in an order that only the key tells.';

create sequence support_tickets_number_seq minvalue 0;
grant usage on sequence support_tickets_number_seq to clinigraph_system;

create function private.ticket_number() returns integer
    language plpgsql volatile
    security definer
    set search_path = pg_catalog, pg_temp
as $$
declare
    number bigint := nextval('public.support_tickets_number_seq');
    -- Six digits first, then seven, and so on.
    lowest bigint := 100000;
begin
    while number >= lowest * 9 loop
        number := number - lowest * 9;
        lowest := lowest * 10;
    end loop;
    return lowest + private.permuted(number, lowest * 9, (select key from private.ticket_number_key));
end
$$;
comment on function private.ticket_number is 'Number of a new ticket, which tells nothing of other tickets.';
select private.run_as_system('private.ticket_number()');
revoke all on function private.permuted from public;
grant execute on function private.permuted to clinigraph_system;
grant execute on function private.ticket_number to clinigraph_system, clinigraph_admin, clinigraph_tenant;

create table support_tickets (
    id uuid not null,
    clinic_id uuid not null,
    number integer not null default private.ticket_number(),
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
    tenant => 'select, insert, update', admin => 'select, insert, update', system => 'select, insert, update',
    author => 'created_by_user_id');
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
    tenant => 'select, insert', admin => 'select, insert', system => 'select, insert', visible => 'not is_internal',
    author => 'author_user_id');
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

-- Events are read in the order of their ids; which of them can be passed on is told by who holds a lock on the table
-- (src/live/order.rs). The transaction's number did not tell it: the lower one may draw the higher id.
alter table outbox_events drop column xid;
comment on column outbox_events.id is 'Counts up in the order in which it was drawn; may be committed in another.';

create table private.outbox_removed (
    is_single boolean not null default true constraint outbox_removed_pkey primary key
        constraint outbox_removed_is_single_check check (is_single),
    last_id bigint not null
);
comment on table private.outbox_removed is 'How far old events were removed: a listener that stands further back has missed some.';
comment on column private.outbox_removed.is_single is 'There is one row.';
comment on column private.outbox_removed.last_id is 'The highest id that was removed; 0 before.';
grant select on private.outbox_removed to clinigraph_system;
insert into private.outbox_removed (last_id) values (0);

-- A table of its own first, and attached then: to create it as a partition would lock out everybody who writes.
create function private.make_partition(parent text, suffix text, begins timestamptz, ends timestamptz) returns void
    language plpgsql
    set search_path = pg_catalog, public, pg_temp
as $$
declare
    part text := parent || '_' || suffix;
    held boolean;
begin
    if to_regclass('public.' || part) is not null then
        return;
    end if;
    -- What the default partition holds would not fit beside it. It is a partition as good as any; the next one is made.
    execute format('select exists (select from public.%I where %I >= $1 and %I < $2)', parent,
                   case parent when 'audit_events' then 'occurred_at' else 'created_at' end,
                   case parent when 'audit_events' then 'occurred_at' else 'created_at' end) into held using begins, ends;
    if held then
        return;
    end if;
    execute format('create table public.%I (like public.%I including defaults including constraints)', part, parent);
    execute format('alter table public.%I enable row level security, force row level security', part);
    execute format('alter table public.%I attach partition public.%I for values from (%L) to (%L)', parent, part, begins, ends);
end
$$;
comment on function private.make_partition is 'Makes a partition unless it is there, or rows of its time are elsewhere.';

create function private.make_partitions_at(at timestamptz) returns void
    language plpgsql
    set search_path = pg_catalog, public, pg_temp
    -- Months and days are reckoned in it.
    set timezone = 'UTC'
as $$
declare
    begins timestamptz;
begin
    for begins in select date_trunc('month', at) + n * interval '1 month' from generate_series(0, 3) as n loop
        perform private.make_partition('audit_events', to_char(begins, 'YYYY_MM'), begins, begins + interval '1 month');
    end loop;
    for begins in select date_trunc('day', at) + n * interval '1 day' from generate_series(0, 3) as n loop
        perform private.make_partition('outbox_events', to_char(begins, 'YYYY_MM_DD'), begins, begins + interval '1 day');
    end loop;
end
$$;
comment on function private.make_partitions_at is 'Makes the partitions of the coming months and days.';

create function private.remove_old_events_at(at timestamptz) returns void
    language plpgsql
    set search_path = pg_catalog, public, pg_temp
    set timezone = 'UTC'
as $$
declare
    oldest timestamptz := date_trunc('day', at) - interval '7 days';
    part name;
    last bigint;
begin
    select max(id) into last from outbox_events where created_at < oldest;
    if last is not null then
        update private.outbox_removed set last_id = last where last_id < last;
    end if;
    for part in
        select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid
        where i.inhparent = 'public.outbox_events'::regclass and c.relname ~ '^outbox_events_\d{4}_\d\d_\d\d$'
          and to_date(right(c.relname, 10), 'YYYY_MM_DD') < oldest
        order by 1
    loop
        execute format('drop table public.%I', part);
    end loop;
    -- What has come into the default partition, when a new one could not be made in time.
    delete from outbox_events where created_at < oldest;
end
$$;
comment on function private.remove_old_events_at is 'Removes events older than seven days, whole days of them.';

-- Two functions, for two transactions: one that makes holds the default partition and one that removes wants the whole
-- table, while whoever reads holds the table and wants the default partition.
create or replace function private.make_partitions() returns void
    language plpgsql
    security definer
    set search_path = pg_catalog, public, pg_temp
    -- Whoever writes would wait behind this, and this behind whoever has long been writing: then rather later.
    set lock_timeout = '1s'
as $$
begin
    -- Of several servers one does it.
    if pg_try_advisory_xact_lock(hashtext('clinigraph partitions')) then
        perform private.make_partitions_at(now());
    end if;
exception
    -- It is tried again soon, and there is the default partition.
    when lock_not_available then raise warning 'partitions could not be made: somebody holds a lock';
end
$$;
comment on function private.make_partitions is 'The same as of now, when a server starts and while it runs: its roles may make no tables.';

create function private.remove_old_events() returns void
    language plpgsql
    security definer
    set search_path = pg_catalog, public, pg_temp
    set lock_timeout = '1s'
as $$
begin
    if pg_try_advisory_xact_lock(hashtext('clinigraph partitions')) then
        perform private.remove_old_events_at(now());
    end if;
exception
    when lock_not_available then raise warning 'old events could not be removed: somebody holds a lock';
end
$$;
comment on function private.remove_old_events is 'The same as of now, while a server runs.';
revoke all on function private.make_partitions, private.remove_old_events from public;
grant execute on function private.make_partitions, private.remove_old_events to clinigraph_system;

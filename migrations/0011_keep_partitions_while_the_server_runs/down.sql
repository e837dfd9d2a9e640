create or replace function private.make_partitions() returns void
    language plpgsql
    set search_path = pg_catalog, public, pg_temp
as $$
declare
    begins timestamptz;
    part text;
begin
    for begins in select date_trunc('month', now(), 'UTC') + n * interval '1 month' from generate_series(0, 3) as n loop
        part := 'audit_events_' || to_char(begins at time zone 'UTC', 'YYYY_MM');
        if to_regclass('public.' || part) is null then
            execute format('create table public.%I partition of public.audit_events for values from (%L) to (%L)', part, begins, begins + interval '1 month');
            execute format('alter table public.%I enable row level security, force row level security', part);
        end if;
    end loop;
    for begins in select date_trunc('day', now(), 'UTC') + n * interval '1 day' from generate_series(0, 3) as n loop
        part := 'outbox_events_' || to_char(begins at time zone 'UTC', 'YYYY_MM_DD');
        if to_regclass('public.' || part) is null then
            execute format('create table public.%I partition of public.outbox_events for values from (%L) to (%L)', part, begins, begins + interval '1 day');
            execute format('alter table public.%I enable row level security, force row level security', part);
        end if;
    end loop;
end
$$;
comment on function private.make_partitions is 'Makes the partitions of this and the coming months and days; run by the owner.';
grant execute on function private.make_partitions to public;
revoke all on function private.make_partitions from clinigraph_system;
drop function private.remove_old_events, private.remove_old_events_at, private.make_partitions_at, private.make_partition;
drop table private.outbox_removed;
alter table outbox_events add column xid xid8 not null default pg_current_xact_id();
comment on column outbox_events.id is 'Counts up; read in this order, below the oldest transaction still running.';
comment on column outbox_events.xid is 'The transaction, by which a reader knows what may still be missing.';

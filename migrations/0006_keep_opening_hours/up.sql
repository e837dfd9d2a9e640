create table clinic_hours (
    id uuid not null constraint clinic_hours_pkey primary key,
    clinic_id uuid not null constraint clinic_hours_clinic_id_fkey references clinics (id),
    day_of_week smallint not null constraint clinic_hours_day_of_week_check check (day_of_week between 0 and 6),
    opens_at time(0),
    closes_at time(0),
    is_closed boolean not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    created_by uuid,
    updated_by uuid,
    version integer not null default 1,
    constraint clinic_hours_clinic_id_id_key unique (clinic_id, id),
    constraint clinic_hours_clinic_id_day_of_week_key unique (clinic_id, day_of_week),
    constraint clinic_hours_is_closed_check check (is_closed = (opens_at is null) and is_closed = (closes_at is null)),
    constraint clinic_hours_closes_at_check check (opens_at < closes_at and closes_at < '24:00')
);
comment on table clinic_hours is 'When a clinic is open: a row for each day of the week, on the wall clock of its zone.';
comment on column clinic_hours.id is 'UUIDv7, made by the server.';
comment on column clinic_hours.clinic_id is 'The clinic.';
comment on column clinic_hours.day_of_week is 'Counted from Sunday, which is 0.';
comment on column clinic_hours.opens_at is 'When it opens; null on a day it does not.';
comment on column clinic_hours.closes_at is 'When it closes, before midnight; null on a day it does not open.';
comment on column clinic_hours.is_closed is 'Whether it is closed all day.';
comment on column clinic_hours.created_at is 'When the row was made.';
comment on column clinic_hours.updated_at is 'When the row was last changed.';
comment on column clinic_hours.created_by is 'Who made it; null for the system.';
comment on column clinic_hours.updated_by is 'Who changed it last; null for the system.';
comment on column clinic_hours.version is 'Counts changes, for optimistic concurrency.';

create trigger touch before update on clinic_hours for each row execute function private.touch();
create trigger audit after insert or update or delete on clinic_hours
    for each row execute function private.audit('clinic_hours', 'day_of_week opens_at closes_at is_closed');

alter table clinic_hours enable row level security, force row level security;
create policy system on clinic_hours to clinigraph_system using (true) with check (true);
create policy admin on clinic_hours to clinigraph_admin using (true) with check (true);
create policy tenant on clinic_hours to clinigraph_tenant
    using (clinic_id = (select private.request_clinic_id()))
    with check (clinic_id = (select private.request_clinic_id()));

grant select, insert, update, delete on clinic_hours to clinigraph_system;
grant select on clinic_hours to clinigraph_admin, clinigraph_tenant;

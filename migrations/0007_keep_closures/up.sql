create table clinic_closures (
    id uuid not null constraint clinic_closures_pkey primary key,
    clinic_id uuid not null constraint clinic_closures_clinic_id_fkey references clinics (id),
    date date not null,
    name text constraint clinic_closures_name_check check (char_length(name) between 1 and 200),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    created_by uuid,
    updated_by uuid,
    version integer not null default 1,
    constraint clinic_closures_clinic_id_id_key unique (clinic_id, id),
    constraint clinic_closures_clinic_id_date_key unique (clinic_id, date)
);
create index clinic_closures_clinic_id_date_idx on clinic_closures (clinic_id, date, id);
comment on table clinic_closures is 'A day on which a clinic is closed, whatever its hours say.';
comment on column clinic_closures.id is 'UUIDv7, made by the server.';
comment on column clinic_closures.clinic_id is 'The clinic.';
comment on column clinic_closures.date is 'The day, on the calendar of the clinic.';
comment on column clinic_closures.name is 'What day it is; null when nobody said.';
comment on column clinic_closures.created_at is 'When the row was made.';
comment on column clinic_closures.updated_at is 'When the row was last changed.';
comment on column clinic_closures.created_by is 'Who made it; null for the system.';
comment on column clinic_closures.updated_by is 'Who changed it last; null for the system.';
comment on column clinic_closures.version is 'Counts changes, for optimistic concurrency.';

create trigger touch before update on clinic_closures for each row execute function private.touch();
create trigger audit after insert or update or delete on clinic_closures
    for each row execute function private.audit('clinic_closure', 'date name');

alter table clinic_closures enable row level security, force row level security;
create policy system on clinic_closures to clinigraph_system using (true) with check (true);
create policy admin on clinic_closures to clinigraph_admin using (true) with check (true);
create policy tenant on clinic_closures to clinigraph_tenant
    using (clinic_id = (select private.request_clinic_id()))
    with check (clinic_id = (select private.request_clinic_id()));

grant select, insert, update, delete on clinic_closures to clinigraph_system;
grant select on clinic_closures to clinigraph_admin, clinigraph_tenant;

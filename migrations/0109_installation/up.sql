-- What a database is for, if not for real people. A mark is written with the first made-up rows and stays: the
-- administrators of a demo have a password that everybody knows.

create table private.installation (
    is_single boolean not null default true constraint installation_pkey primary key
        constraint installation_is_single_check check (is_single),
    kind text not null constraint installation_kind_check check (kind in ('demo', 'measurement')),
    marked_at timestamptz not null default now()
);
select private.place('private.installation', 'local');
alter table private.installation enable row level security, force row level security;
select private.policy('private.installation', 'system', 'all', 'true');
grant select, insert on private.installation to clinigraph_system;
comment on table private.installation is 'The mark of a database with made-up people; one for real people has no row.';
comment on column private.installation.is_single is 'Always true: there is one row.';
comment on column private.installation.kind is
    'demo: filled by serve --demo, with a public password; measurement: filled by seed, with people who have no password.';
comment on column private.installation.marked_at is 'Time at which the made-up people came in.';

-- A demo that an earlier version filled has no mark yet. Only the system sees users.
set local role clinigraph_system;
insert into private.installation (kind)
select 'demo' where exists (select 1 from users where email = 'ada@clinigraph.example' and is_platform_admin)
on conflict do nothing;
set local role clinigraph_owner;

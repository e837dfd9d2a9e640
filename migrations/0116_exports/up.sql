-- Exports: files with what somebody may read, written by a job (src/export/). And the identifiers that objects have in other
-- systems (src/external/).

alter domain notifications_kind drop constraint notifications_kind_check;
alter domain notifications_kind add constraint notifications_kind_check
    check (value in ('ticket_created', 'ticket_reply', 'ticket_status_changed', 'ticket_overdue', 'export_ready', 'export_failed',
                     'webhook_disabled', 'integration_error'));

-- ---- Files that the server makes for one user ----

-- The platform's own files have the nil UUID for a clinic, which no foreign key could have.
alter table files drop constraint files_clinic_id_fkey;
alter table removed_files drop constraint removed_files_clinic_id_fkey;
alter domain files_purpose drop constraint files_purpose_check;
alter domain files_purpose add constraint files_purpose_check check (value in ('clinic_logo', 'ticket_attachment', 'export'));
alter table files drop constraint files_visibility_check;
alter table files add constraint files_visibility_check
    check (visibility in ('uploader', 'owner', 'platform', 'clinic', 'everybody'));
drop policy tenant on files;
drop policy auditor_select on files;
select private.policy('files', class, command,
    'clinic_id = private.request_clinic_id() and (visibility in (''clinic'', ''everybody'') or visibility in (''uploader'', ''owner'') and created_by_user_id = private.request_user_id())')
  from (values ('tenant', 'all'), ('auditor', 'select')) as each (class, command);
comment on column files.created_by_user_id is 'User who uploaded the file, or for whom the server made it.';
comment on column files.visibility is
    'Who sees the file: its uploader until it is part of something; then the user for whom it was made, administrators, the staff of the clinic, or everybody in it.';

-- ---- Exports ----

create table export_jobs (
    id uuid not null,
    clinic_id uuid not null,
    requested_by_user_id uuid not null,
    kind text not null constraint export_jobs_kind_check check (kind in ('tickets', 'ticket_messages', 'audit_events')),
    format text not null constraint export_jobs_format_check check (format in ('csv', 'ndjson')),
    has_byte_order_mark boolean not null default false,
    parameters jsonb not null default '{}'
        constraint export_jobs_parameters_check check (jsonb_typeof(parameters) = 'object'),
    status text not null default 'waiting' constraint export_jobs_status_check
        check (status in ('waiting', 'running', 'completed', 'failed', 'cancelled', 'expired')),
    rows_done integer not null default 0 constraint export_jobs_rows_done_check check (rows_done >= 0),
    rows_total integer constraint export_jobs_rows_total_check check (rows_total >= 0),
    file_id uuid,
    error text constraint export_jobs_error_check check (char_length(error) between 1 and 1000),
    started_at timestamptz,
    finished_at timestamptz,
    expires_at timestamptz,
    downloads integer not null default 0 constraint export_jobs_downloads_check check (downloads >= 0),
    downloaded_at timestamptz,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    created_by uuid,
    updated_by uuid,
    version integer not null default 1,
    constraint export_jobs_pkey primary key (clinic_id, id),
    constraint export_jobs_file_check check (file_id is null or status = 'completed'),
    constraint export_jobs_failure_check check ((status = 'failed') = (error is not null)),
    constraint export_jobs_end_check check ((finished_at is null) = (status = 'waiting' or status = 'running'))
);
select private.clinic_table('export_jobs', 'export_job',
    'requested_by_user_id kind format has_byte_order_mark parameters status rows_done rows_total file_id finished_at expires_at downloads',
    tenant => 'select, insert, update (status, finished_at, downloads, downloaded_at)',
    admin => 'select, insert, update (status, finished_at, downloads, downloaded_at)',
    visible => 'requested_by_user_id = private.request_user_id()', author => 'requested_by_user_id');
-- What the server does with an export is seen in the export itself; what people do with one is in the trail.
create or replace trigger audit after insert or update or delete on export_jobs for each row
    when (current_setting('role') <> 'clinigraph_system')
    execute function private.audit_export_jobs('export_job',
        'requested_by_user_id kind format has_byte_order_mark parameters status rows_done rows_total file_id finished_at expires_at downloads');
-- There is no foreign key to clinics: the exports of administrators have the nil UUID.
alter table export_jobs
    add constraint export_jobs_requested_by_user_id_fkey foreign key (requested_by_user_id) references users (id),
    add constraint export_jobs_file_id_fkey foreign key (clinic_id, file_id) references files (clinic_id, id);
create index export_jobs_clinic_id_created_at_idx on export_jobs (clinic_id, created_at, id);
create index export_jobs_clinic_id_file_id_idx on export_jobs (clinic_id, file_id);
create index export_jobs_requested_by_user_id_idx on export_jobs (requested_by_user_id, created_at, id);
create index export_jobs_expires_at_idx on export_jobs (expires_at) where status = 'completed';
create index export_jobs_unfinished_idx on export_jobs (created_at) where status in ('waiting', 'running');
-- These serve administrators.
create index export_jobs_id_idx on export_jobs (id);
create index export_jobs_created_at_idx on export_jobs (created_at, id);
comment on column export_jobs.clinic_id is 'Clinic that the export belongs to; the nil UUID for one of an administrator of the platform.';
comment on column export_jobs.requested_by_user_id is 'User who requested the export, with whose rights the rows are read.';
comment on column export_jobs.file_id is 'File with the exported rows; null before the export is completed, after it has expired, and if there were no rows.';

-- ---- Identifiers in other systems ----

create table external_references (
    id uuid not null,
    clinic_id uuid not null,
    system text not null constraint external_references_system_check check (system ~ '^[a-z0-9][a-z0-9._-]{0,49}$'),
    value text not null constraint external_references_value_check check (char_length(value) between 1 and 200),
    subject_type text not null constraint external_references_subject_type_check check (subject_type ~ '^[a-z][a-z_]{0,62}$'),
    subject_id uuid not null,
    created_at timestamptz not null default now(),
    created_by uuid,
    constraint external_references_pkey primary key (clinic_id, id),
    constraint external_references_clinic_id_system_value_key unique (clinic_id, system, value)
);
select private.clinic_table('external_references', 'external_reference', 'system value subject_type subject_id',
    tenant => 'select, insert, delete', admin => 'select, insert, delete');
alter table external_references
    add constraint external_references_clinic_id_fkey foreign key (clinic_id) references clinics (id);
create index external_references_clinic_id_subject_id_idx on external_references (clinic_id, subject_id, system, value);
-- These serve administrators, who may not know the clinic of an object.
create index external_references_subject_id_idx on external_references (subject_id, system, value);
create index external_references_id_idx on external_references (id);
comment on column external_references.subject_type is 'Kind of the object that has the identifier: the prefix of its ids here.';
comment on column external_references.subject_id is 'Object that has the identifier; no foreign key can follow a column that names its table.';

-- ---- The support desk ----

create index users_first_name_idx on users (first_name, id) where is_platform_admin;

-- Files: what was uploaded, where it is stored and under which key, and who may see it.

create domain files_name as text constraint files_name_check check (char_length(value) between 1 and 255);
create domain files_purpose as text constraint files_purpose_check check (value in ('clinic_logo', 'ticket_attachment'));
create domain files_scan_status as text
    constraint files_scan_status_check check (value in ('not_scanned', 'pending', 'clean', 'infected'));

create table files (
    id uuid not null,
    clinic_id uuid not null,
    created_by_user_id uuid not null,
    name files_name not null,
    purpose files_purpose not null,
    media_type text not null constraint files_media_type_check check (media_type ~ '^[a-z]+/[a-z0-9.+-]+$'),
    size_bytes integer not null constraint files_size_bytes_check check (size_bytes > 0),
    sha256 bytea not null constraint files_hash_check check (octet_length(sha256) = 32),
    object_id uuid not null,
    sealed_key bytea not null,
    visibility text not null default 'uploader'
        constraint files_visibility_check check (visibility in ('uploader', 'platform', 'clinic', 'everybody')),
    subject_type text not null constraint files_subject_type_check check (subject_type ~ '^[a-z][a-z_]{0,62}$'),
    subject_id uuid not null,
    scan_status files_scan_status not null,
    finding text constraint files_finding_check check (char_length(finding) between 1 and 200),
    is_held boolean not null default false,
    hold_reason text constraint files_hold_reason_check check (char_length(hold_reason) between 1 and 1000),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    created_by uuid,
    updated_by uuid,
    version integer not null default 1,
    constraint files_pkey primary key (clinic_id, id),
    constraint files_clinic_id_object_id_key unique (clinic_id, object_id)
);
-- Until a file is part of something, only its uploader sees it; one of an internal note stays among administrators.
select private.clinic_table('files', 'file',
    'created_by_user_id purpose media_type size_bytes visibility subject_type subject_id scan_status finding is_held hold_reason',
    tenant => 'select, insert, update (visibility, subject_type, subject_id), delete',
    admin => 'select, insert, update (visibility, subject_type, subject_id, is_held, hold_reason), delete',
    visible => '(visibility in (''clinic'', ''everybody'') or visibility = ''uploader'' and created_by_user_id = private.request_user_id())',
    author => 'created_by_user_id');
select private.policy('files', class, 'select', 'clinic_id = private.request_clinic_id() and visibility = ''everybody''')
  from unnest('{patient,partner}'::text[]) as class;
alter table files
    add constraint files_clinic_id_fkey foreign key (clinic_id) references clinics (id),
    add constraint files_created_by_user_id_fkey foreign key (created_by_user_id) references users (id);
create index files_clinic_id_subject_id_idx on files (clinic_id, subject_id, created_at, id);
create index files_created_by_user_id_idx on files (created_by_user_id);
create index files_scan_status_idx on files (scan_status, created_at) where scan_status = 'pending';
create index files_created_at_idx on files (created_at) where visibility = 'uploader';
create index files_clinic_id_size_bytes_idx on files (clinic_id) include (size_bytes);
-- These serve administrators, who may not know the clinic of a file or of what it belongs to.
create index files_id_idx on files (id);
create index files_subject_id_idx on files (subject_id, created_at, id);
comment on column files.created_by_user_id is 'User who uploaded the file.';
comment on column files.sha256 is 'SHA-256 of the content.';
comment on column files.finding is 'Name of what the scan has found; null if it has found nothing.';
comment on column files.hold_reason is 'Reason of the last change of the legal hold, for the audit trail; null if there was none.';
comment on column files.object_id is 'Name of the stored object; a file that is stored anew has another.';
comment on column files.sealed_key is 'Key of the object, sealed with a key of the ring.';
comment on column files.visibility is
    'Who sees the file: its uploader until it is part of something; then administrators, the staff of the clinic, or everybody in it.';
comment on column files.subject_type is 'Kind of the object that the file is part of: the prefix of its ids; user for a file that is part of nothing.';
comment on column files.subject_id is 'Object that the file is part of; its uploader if it is part of nothing.';

create table file_uploads (
    id uuid not null,
    clinic_id uuid not null,
    created_by_user_id uuid not null,
    name files_name not null,
    purpose files_purpose not null,
    media_type text not null constraint file_uploads_media_type_check check (media_type ~ '^[a-z]+/[a-z0-9.+-]+$'),
    size_bytes integer not null constraint file_uploads_size_bytes_check check (size_bytes > 0),
    sha256 bytea not null constraint file_uploads_hash_check check (octet_length(sha256) = 32),
    status text not null default 'created'
        constraint file_uploads_status_check check (status in ('created', 'received', 'completed')),
    expires_at timestamptz not null,
    file_id uuid,
    object_id uuid,
    sealed_key bytea,
    stored_media_type text,
    stored_size_bytes integer,
    stored_sha256 bytea,
    scan_status files_scan_status,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    created_by uuid,
    updated_by uuid,
    version integer not null default 1,
    constraint file_uploads_pkey primary key (clinic_id, id),
    constraint file_uploads_clinic_id_object_id_key unique (clinic_id, object_id),
    constraint file_uploads_object_check check (
        (status = 'received') = (object_id is not null)
        and (object_id is null) = (sealed_key is null)
        and (object_id is null) = (stored_media_type is null)
        and (object_id is null) = (stored_size_bytes is null)
        and (object_id is null) = (stored_sha256 is null)
        and (object_id is null) = (scan_status is null))
);
select private.clinic_table('file_uploads', 'file_upload', 'created_by_user_id purpose media_type size_bytes status expires_at file_id',
    tenant => 'select, insert, update (status, file_id, object_id, sealed_key, stored_media_type, stored_size_bytes, stored_sha256, scan_status)',
    admin => 'select, insert, update (status, file_id, object_id, sealed_key, stored_media_type, stored_size_bytes, stored_sha256, scan_status)',
    visible => 'created_by_user_id = private.request_user_id()', author => 'created_by_user_id');
alter table file_uploads
    add constraint file_uploads_clinic_id_fkey foreign key (clinic_id) references clinics (id),
    add constraint file_uploads_created_by_user_id_fkey foreign key (created_by_user_id) references users (id),
    add constraint file_uploads_file_id_fkey foreign key (clinic_id, file_id) references files (clinic_id, id) on delete cascade;
create index file_uploads_clinic_id_idx on file_uploads (clinic_id) include (size_bytes) where status <> 'completed';
create index file_uploads_clinic_id_file_id_idx on file_uploads (clinic_id, file_id);
create index file_uploads_created_by_user_id_idx on file_uploads (created_by_user_id);
create index file_uploads_expires_at_idx on file_uploads (expires_at);
create index file_uploads_id_idx on file_uploads (id);
comment on column file_uploads.created_by_user_id is 'User who uploads the file.';
comment on column file_uploads.sha256 is 'SHA-256 that the content must have.';
comment on column file_uploads.object_id is 'Name of the object with the content that was received; null before, and once it belongs to the file.';
comment on column file_uploads.sealed_key is 'Key of that object, sealed with a key of the ring.';
comment on column file_uploads.stored_media_type is 'Media type of that object, found out from its content.';
comment on column file_uploads.stored_size_bytes is 'Size of that object in bytes; of an image that was written anew it differs from what was agreed.';
comment on column file_uploads.stored_sha256 is 'SHA-256 of that object.';
comment on column file_uploads.scan_status is 'Result of the scan of that object for viruses.';

-- Removing a row and removing its object cannot be one transaction: the row leaves a note, and a job removes the object.
create table removed_files (
    id uuid not null,
    clinic_id uuid not null,
    removed_at timestamptz not null default now(),
    constraint removed_files_pkey primary key (clinic_id, id)
);
select private.common_table('removed_files', 'clinic', 'removed_file', null, null);
grant select, insert, delete on removed_files to clinigraph_system;
alter table removed_files add constraint removed_files_clinic_id_fkey foreign key (clinic_id) references clinics (id);
create index removed_files_removed_at_idx on removed_files (removed_at);
comment on table removed_files is 'Stored objects whose file or upload was removed, and which a job removes.';
comment on column removed_files.id is 'Name of the stored object.';
comment on column removed_files.removed_at is 'Time at which the file or upload was removed.';

create function private.note_removed_file() returns trigger
    language plpgsql
    security definer
    set search_path = pg_catalog, pg_temp
as $$
begin
    insert into public.removed_files (id, clinic_id) values (old.object_id, old.clinic_id);
    return null;
end
$$;
comment on function private.note_removed_file is 'After delete of a file or upload: notes that its object is to be removed.';
select private.run_as_system('private.note_removed_file()');
create trigger note_removed_file after delete on files for each row execute function private.note_removed_file();
create trigger note_removed_file after delete on file_uploads
    for each row when (old.object_id is not null) execute function private.note_removed_file();

create function private.refuse_held_file() returns trigger
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    raise exception 'a file under legal hold cannot be removed';
end
$$;
comment on function private.refuse_held_file is 'Before delete of a file under legal hold: refuses it, whoever asks.';
revoke all on function private.refuse_held_file from public;
create trigger refuse_held_file before delete on files
    for each row when (old.is_held) execute function private.refuse_held_file();

create function private.file_bytes(of_clinic uuid) returns bigint
    language plpgsql volatile
    security definer
    set search_path = pg_catalog, pg_temp
as $$
begin
    if not coalesce(of_clinic = private.request_clinic_id() or private.request_is_admin() or private.request_is_system(), false) then
        return null;
    end if;
    -- Two uploads that begin at once must not both count without the other.
    perform pg_advisory_xact_lock(hashtextextended('clinigraph files of ' || of_clinic, 0));
    return (select coalesce(sum(size_bytes), 0) from public.files where clinic_id = of_clinic)
         + (select coalesce(sum(size_bytes), 0) from public.file_uploads where clinic_id = of_clinic and status <> 'completed');
end
$$;
comment on function private.file_bytes is
    'Bytes of all files and unfinished uploads of a clinic, also of those that the caller does not see; holds up others who ask until the transaction ends.';
select private.run_as_system('private.file_bytes(uuid)');
grant execute on function private.file_bytes to clinigraph_system, clinigraph_admin, clinigraph_tenant;

-- The people who manage a clinic choose its logo.
select private.policy('clinics', 'tenant', 'update', 'id = private.request_clinic_id()');
grant update (logo_file_id) on clinics to clinigraph_tenant;
select private.audit_table('clinics', 'clinic', 'name slug status timezone locale currency country region city network_id logo_file_id subscription_plan subscription_expires_at deleted_at');

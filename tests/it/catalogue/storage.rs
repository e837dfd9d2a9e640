//! What lets a clinic move to another database, and a distributed Postgres hold the tables.

use clinigraph::graphql::entities;

use super::none;

#[tokio::test]
async fn every_row_of_a_clinic_names_it() {
    // Events are read by the relay alone, in the order of their numbers; those of the platform have no clinic.
    none("select name as value from of_clinics where not attnotnull and name <> 'outbox_events'").await;
}

#[tokio::test]
async fn every_table_says_where_it_is_stored() {
    none("select name as value from t where name not in (select name from places)").await;
    none("select table_name::text as value from private.places where to_regclass('public.' || table_name) is null and to_regclass('private.' || table_name) is null").await;
    // Memberships are read with the people of the platform, and events by the relay.
    none(
        "select name as value from places
         where (place = 'clinic') <> exists (select 1 from of_clinics c where c.oid = places.oid and c.name <> 'clinics')
           and name not in ('memberships', 'outbox_events')",
    )
    .await;
}

#[tokio::test]
async fn every_key_of_a_clinics_table_has_the_clinic() {
    // The trail is partitioned by time, which must be part of its key.
    none(
        "select name || ': ' || pg_get_constraintdef(k.oid) as value
         from of_clinics c join pg_constraint k on k.conrelid = c.oid and k.contype = 'p'
         where name not in ('clinics', 'outbox_events')
           and pg_get_constraintdef(k.oid) <> case name when 'audit_events' then 'PRIMARY KEY (clinic_id, occurred_at, id)'
                                                        else 'PRIMARY KEY (clinic_id, id)' end",
    )
    .await;
    none(
        "select i.indexrelid::regclass::text as value
         from of_clinics c join pg_index i on i.indrelid = c.oid
         where name not in ('clinics', 'outbox_events') and (i.indisunique or i.indisexclusion)
           and not c.attnum = any (i.indkey::smallint[])",
    )
    .await;
    none(
        "select k.conname::text as value from of_clinics c join pg_constraint k on k.conrelid = c.oid and k.contype = 'u'
         where pg_get_constraintdef(k.oid) = 'UNIQUE (clinic_id, id)'",
    )
    .await;
}

#[tokio::test]
async fn foreign_keys_leave_a_clinic_only_for_users_and_clinics() {
    none(
        "select k.conname::text as value
         from pg_constraint k join places f on f.oid = k.conrelid join places t on t.oid = k.confrelid
         where k.contype = 'f' and k.conparentid = 0
           and (f.place = 'clinic' and t.place <> 'clinic' and t.name not in ('users', 'clinics')
                or f.place <> 'clinic' and t.place = 'clinic'
                or k.confdeltype in ('n', 'd') or k.confupdtype in ('n', 'd'))",
    )
    .await;
}

#[tokio::test]
async fn policies_look_at_their_own_row_only() {
    none(
        "select p.polname || ' on ' || p.polrelid::regclass as value
         from pg_policy p, concat_ws(' ', pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid)) as condition
         where condition ~* '\\mfrom\\M'",
    )
    .await;
}

#[tokio::test]
async fn triggers_can_run_where_the_row_is() {
    // Only a statement can truncate.
    none(
        "select g.tgname || ' on ' || name as value
         from pg_trigger g join places on places.oid = g.tgrelid
         where place = 'clinic' and not g.tgisinternal
           and (g.tgtype & 1 = 0 and g.tgtype & 32 = 0 or g.tgnewtable is not null or g.tgoldtable is not null or g.tgdeferrable)",
    )
    .await;
    // The triggers of platform tables would run on each copy of the row.
    none(
        "select g.tgname || ' on ' || name as value
         from pg_trigger g join places on places.oid = g.tgrelid join pg_proc f on f.oid = g.tgfoid
         where place = 'platform' and not g.tgisinternal
           and f.prosrc !~ 'begin\\s+if not private\\.is_home\\(\\) then\\s+return null;' and g.tgfoid <> 'private.touch_platform'::regproc",
    )
    .await;
    none(
        "select g.tgname || ' on ' || g.tgrelid::regclass as value from pg_trigger g join pg_proc f on f.oid = g.tgfoid
         where not g.tgisinternal and f.prosrc ~* 'outbox_events'",
    )
    .await;
}

#[tokio::test]
async fn functions_write_what_a_distributed_postgres_takes() {
    none(
        "select f.oid::regprocedure::text as value from pg_proc f
         where f.pronamespace in ('public'::regnamespace, 'private'::regnamespace) and f.prosrc ~* 'exists\\s*\\(\\s*select\\s+from'",
    )
    .await;
    none(
        "select f.oid::regprocedure || ': ' || statement as value
         from pg_proc f, regexp_split_to_table(f.prosrc, ';') as statement
         where f.pronamespace in ('public'::regnamespace, 'private'::regnamespace)
           and statement ~* 'insert\\s+into' and statement ~* '\\mselect\\M' and statement !~* 'on conflict'",
    )
    .await;
}

#[tokio::test]
async fn what_administrators_get_by_an_id_alone_has_an_index_for_it() {
    let tables: Vec<_> = entities().iter().map(|def| format!("('{}')", def.table)).collect();
    none(&format!(
        "select name as value from t join (values {}) as entity (table_name) on table_name = name
         where not exists (select 1 from pg_index i join pg_attribute a on a.attrelid = t.oid and a.attname = 'id'
                           where i.indrelid = t.oid and i.indkey[0] = a.attnum and i.indpred is null)",
        tables.join(", ")
    ))
    .await;
}

#[tokio::test]
async fn foreign_keys_between_tables_of_clinics_carry_the_clinic() {
    none(
        "select k.conname::text as value
         from pg_constraint k
         join of_clinics f on f.oid = k.conrelid
         join of_clinics t on t.oid = k.confrelid and t.name <> 'clinics'
         where k.contype = 'f' and k.conparentid = 0
           and not exists (select from unnest(k.conkey, k.confkey) as pair (ours, theirs) where ours = f.attnum and theirs = t.attnum)",
    )
    .await;
}

#[tokio::test]
async fn every_table_of_clinics_has_an_index_that_begins_with_the_clinic() {
    none(
        // Nobody of a clinic reads events; the relay reads them by their numbers.
        "select c.name as value from of_clinics c
         where c.name <> 'outbox_events'
           and not exists (select from pg_index i where i.indrelid = c.oid and i.indkey[0] = c.attnum and i.indpred is null)",
    )
    .await;
}

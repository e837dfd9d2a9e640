//! How tables are made: names, comments, indexes, stamps and the audit trail.

use super::none;

#[tokio::test]
async fn the_database_says_who_created_a_row() {
    none(
        "select name as value from t
         join pg_attribute a on a.attrelid = t.oid and a.attname = 'created_by'
         left join pg_attrdef d on d.adrelid = t.oid and d.adnum = a.attnum
         where pg_get_expr(d.adbin, t.oid) is distinct from 'private.request_user_id()'",
    )
    .await;
}

#[tokio::test]
async fn every_foreign_key_has_an_index() {
    none(
        "select k.conname::text as value
         from pg_constraint k join t on t.oid = k.conrelid
         where k.contype = 'f'
           and not exists (
               select from pg_index i
               where i.indrelid = k.conrelid and i.indpred is null
                 and (select array_agg(key order by key) from unnest((i.indkey::smallint[])[0:cardinality(k.conkey) - 1]) as key)
                   = (select array_agg(key order by key) from unnest(k.conkey) as key))",
    )
    .await;
}

#[tokio::test]
async fn no_table_has_more_columns_than_diesel_is_built_for() {
    none(
        "select t.name as value from t join pg_attribute a on a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped
         group by t.name having count(*) > 32",
    )
    .await;
}

#[tokio::test]
async fn every_table_column_and_function_is_described() {
    let all = "(select oid, name from t union select oid, relname::text from pg_class
                where relnamespace = 'private'::regnamespace and relkind in ('r', 'p')) as t";
    none(&format!("select name as value from {all} where coalesce(obj_description(oid, 'pg_class'), '') = ''")).await;
    none(&format!(
        "select t.name || '.' || a.attname as value
         from {all} join pg_attribute a on a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped
         where coalesce(col_description(t.oid, a.attnum), '') = ''"
    ))
    .await;
    none(
        "select oid::regprocedure::text as value from pg_proc
         where pronamespace in ('public'::regnamespace, 'private'::regnamespace) and coalesce(obj_description(oid, 'pg_proc'), '') = ''",
    )
    .await;
}

#[tokio::test]
async fn every_constraint_and_index_is_named_by_one_convention() {
    // Table, columns, kind; of a foreign key the clinic is left out, as it is always there. Postgres would number
    // what it names itself, and a number at the end tells nobody what was violated.
    none(
        "select k.conname || ' should be ' || wanted as value
         from pg_constraint k
         join t on t.oid = k.conrelid
         cross join lateral (
             select coalesce(string_agg(a.attname, '_' order by c.place) filter (where k.contype <> 'f' or a.attname <> 'clinic_id'), 'clinic_id') as columns
             from unnest(k.conkey) with ordinality as c (attnum, place)
             join pg_attribute a on a.attrelid = t.oid and a.attnum = c.attnum
         ) as named
         cross join lateral (
             select case k.contype when 'p' then t.name || '_pkey'
                                   when 'f' then t.name || '_' || columns || '_fkey'
                                   when 'u' then t.name || '_' || columns || '_key' end as wanted
         ) as convention
         where k.conname <> wanted",
    )
    .await;
    none(
        "select k.conname::text as value from pg_constraint k join t on t.oid = k.conrelid
         where k.contype in ('c', 'x') and k.conname !~ ('^' || t.name || '_[a-z_]+_' || case k.contype when 'c' then 'check' else 'excl' end || '$')",
    )
    .await;
    none(
        "select c.relname::text as value
         from pg_index i join pg_class c on c.oid = i.indexrelid join t on t.oid = i.indrelid
         where not exists (select from pg_constraint k where k.conindid = i.indexrelid and k.contype in ('p', 'u', 'x'))
           and c.relname !~ ('^' || t.name || '_[a-z_]+_' || case when i.indisunique then 'key' else 'idx' end || '$')",
    )
    .await;
}

#[tokio::test]
async fn what_nearly_every_change_writes_to_leaves_its_checks_to_domains() {
    // Postgres reads a table's checks anew in every statement that writes to it; those of a domain it keeps.
    none(
        "select k.conname::text as value from pg_constraint k join t on t.oid = k.conrelid
         where k.contype = 'c'
           and t.name in ('audit_events', 'notifications', 'outbox_events', 'support_tickets', 'ticket_messages')",
    )
    .await;
    none(
        "select typname::text as value from pg_type
         where typtype = 'd' and typnamespace in ('public'::regnamespace, 'private'::regnamespace)
           and not exists (select from t join pg_attribute a on a.attrelid = t.oid
                           where a.atttypid = pg_type.oid and typname = t.name || '_' || a.attname)",
    )
    .await;
}

#[tokio::test]
async fn what_people_change_is_stamped_and_audited() {
    none(
        "select name as value from t
         where exists (select from pg_attribute a where a.attrelid = t.oid and a.attname = 'version')
           and not exists (select from pg_trigger g where g.tgrelid = t.oid and g.tgfoid in ('private.touch'::regproc, 'private.touch_platform'::regproc))",
    )
    .await;
    // The trail does not tell of itself, of the events that follow from a change, of stored answers, nor of the content that
    // goes with a file, nor of what strangers send.
    none(
        "select name as value from t
         where name not in ('audit_events', 'outbox_events', 'idempotency_keys', 'removed_files', 'sign_in_attempts', 'webhook_refusals')
           and not exists (select from pg_trigger g where g.tgrelid = t.oid and g.tgname = 'audit')",
    )
    .await;
}

#[tokio::test]
async fn the_trail_knows_all_columns() {
    // A migration that gives a table a column calls private.audit_table() again.
    none(
        "select g.tgrelid::regclass::text as value
         from pg_trigger g
         join pg_proc f on f.oid = g.tgfoid
         cross join string_to_array(encode(g.tgargs, 'escape'), '\\000') as arguments
         where g.tgname = 'audit' and f.prosrc <> private.audit_body(g.tgrelid, arguments[1], arguments[2])",
    )
    .await;
}

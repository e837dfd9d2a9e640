//! What holds for every table, read from Postgres' own catalogue. Each test asks for what breaks its rule and wants
//! nothing; a rule's exceptions stand beside it with their reasons.

use clinigraph::{
    access::{MembershipStatus, UserStatus},
    audit::{ActorKind, AuditVerb},
    clinic::ClinicStatus,
    graphql::entities,
    kernel::{actor::SystemRole, db},
    notification::NotificationKind,
    provider::{ProviderStatus, VerificationStatus},
    support::{TicketPriority, TicketStatus},
};
use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};
use tokio::sync::OnceCell;

use crate::harness::{TestApp, database, sql::told};

/// What the rules are asked of: our tables (`t`) without partitions, which have no rules of their own, and those
/// of clinics among them (`of_clinics`).
const TABLES: &str = "
with t as (
    select c.oid, c.relname::text as name, c.relrowsecurity and c.relforcerowsecurity as forced
    from pg_class c
    where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
      and c.relname <> '__diesel_schema_migrations'
), places as (
    select t.*, p.place from t join private.places p on p.table_name = t.name
), of_clinics as (
    select t.*, a.attnum, a.attnotnull
    from t join pg_attribute a on a.attrelid = t.oid and a.attname = case t.name when 'clinics' then 'id' else 'clinic_id' end
), classes (role) as (
    values ('clinigraph_tenant'), ('clinigraph_admin'), ('clinigraph_patient'), ('clinigraph_system')
)
";

/// A connection to the one database that all these tests read and none changes.
async fn superuser() -> AsyncPgConnection {
    static URL: OnceCell<String> = OnceCell::const_new();
    db::connect(URL.get_or_init(database).await).await.unwrap()
}

/// What a query over [`TABLES`] finds.
async fn found(query: &str) -> Vec<String> {
    told(&superuser().await, &format!("{TABLES} {query}")).await.unwrap()
}

/// That a query over [`TABLES`] finds no breach.
async fn none(query: &str) {
    assert_eq!(found(query).await, Vec::<String>::new());
}

#[tokio::test]
async fn the_tables_of_clinics_are_seen_by_these_tests() {
    let tables = found("select name as told from of_clinics order by name").await;

    for known in ["audit_events", "clinics", "memberships", "outbox_events", "support_tickets", "ticket_messages"] {
        assert!(tables.iter().any(|table| table == known), "{known}");
    }
}

#[tokio::test]
async fn every_table_forces_row_level_security() {
    none("select name as told from t where not forced").await;
    // Partitions can be named in a query, and then their own switches count.
    none(
        "select relname::text as told from pg_class
         where relispartition and relkind in ('r', 'p') and not (relrowsecurity and relforcerowsecurity)",
    )
    .await;
}

#[tokio::test]
async fn every_class_of_actor_has_a_policy_for_what_it_is_granted() {
    none(
        "select concat_ws(' ', role, command.name, t.name) as told
         from t, classes, (values ('select', 'r'), ('insert', 'a'), ('update', 'w'), ('delete', 'd')) as command (name, letter)
         where case command.name when 'delete' then has_table_privilege(role, t.oid, command.name)
                                 else has_any_column_privilege(role, t.oid, command.name) end
           and not exists (select from pg_policy p where p.polrelid = t.oid and p.polcmd::text in ('*', command.letter)
                           and role::regrole = any (p.polroles))",
    )
    .await;
}

#[tokio::test]
async fn no_policy_is_for_everybody_and_none_of_a_tenant_forgets_the_clinic() {
    none("select p.polname || ' on ' || t.name as told from pg_policy p join t on t.oid = p.polrelid where '0' = any (p.polroles)").await;
    none(
        "select p.polname || ' on ' || c.name as told
         from pg_policy p join of_clinics c on c.oid = p.polrelid,
              unnest(array[pg_get_expr(p.polqual, c.oid), pg_get_expr(p.polwithcheck, c.oid)]) as condition
         where array['clinigraph_tenant'::regrole::oid, 'clinigraph_patient'::regrole::oid] && p.polroles
           and condition not like '%private.request_clinic_id()%'",
    )
    .await;
}

#[tokio::test]
async fn no_class_of_actor_may_do_more_to_a_table_than_change_its_rows() {
    none(
        "select concat_ws(' ', role, privilege, t.name) as told
         from t, (select role from classes union select 'clinigraph_app') as r,
              unnest('{truncate,references,trigger}'::text[]) as privilege
         where has_table_privilege(role, t.oid, privilege)",
    )
    .await;
    // The login may touch nothing before it takes a class's role.
    none(
        "select privilege || ' ' || t.name as told from t, unnest('{select,insert,update,references}'::text[]) as privilege
         where has_any_column_privilege('clinigraph_app', t.oid, privilege)",
    )
    .await;
}

/// What each class of actor may do to a table: s(elect), i(nsert), u(pdate), d(elete); in brackets where it is not all
/// columns. The policies say to which rows.
const RIGHTS: [(&str, &str); 3] = [
    (
        "clinigraph_admin",
        "audit_events s, clinic_closures siud, clinic_configs siu, clinic_hours s, clinic_networks siu, clinics siu, \
         idempotency_keys siud, memberships siu, notifications si(u), outbox_events i, providers s, \
         support_tickets siu, ticket_messages si, users (s)",
    ),
    (
        "clinigraph_system",
        "audit_events si, clinic_closures siud, clinic_configs siud, clinic_hours siud, clinic_networks siud, clinics siud, \
         idempotency_keys siud, memberships siud, notifications si(u), outbox_events si, providers siud, sessions siud, sign_in_attempts siud, support_tickets siu, ticket_messages si, user_sign_ins siu, users siud",
    ),
    (
        "clinigraph_tenant",
        "clinic_closures siud, clinic_configs su, clinic_hours s, clinic_networks s, clinics s, idempotency_keys siud, \
         memberships s, notifications si(u), outbox_events i, providers s, support_tickets siu, ticket_messages si, users (s)",
    ),
];

#[tokio::test]
async fn each_class_of_actor_has_these_rights_and_no_other() {
    let rights = found(
        "select role || ': ' || string_agg(name || ' ' || letters, ', ' order by name) as told
         from (
             select role, t.name, string_agg(case when has_table_privilege(role, t.oid, c.name) then c.letter else '(' || c.letter || ')' end, '' order by c.place) as letters
             from t, classes, (values (1, 'select', 's'), (2, 'insert', 'i'), (3, 'update', 'u'), (4, 'delete', 'd')) as c (place, name, letter)
             where case c.name when 'delete' then has_table_privilege(role, t.oid, c.name)
                               else has_any_column_privilege(role, t.oid, c.name) end
             group by role, t.name
         ) as each group by role order by role",
    )
    .await;

    assert_eq!(rights, RIGHTS.map(|(role, tables)| format!("{role}: {tables}")));
}

#[tokio::test]
async fn every_row_of_a_clinic_names_it() {
    // Events are read by the relay alone, in the order of their numbers; those of the platform have no clinic.
    none("select name as told from of_clinics where not attnotnull and name <> 'outbox_events'").await;
}

// ---- What lets a clinic move to another database, and a distributed Postgres hold the tables ----

#[tokio::test]
async fn every_table_says_where_it_is_stored() {
    none("select name as told from t where name not in (select name from places)").await;
    none("select table_name::text as told from private.places where to_regclass('public.' || table_name) is null and to_regclass('private.' || table_name) is null").await;
    // Memberships are read with the people of the platform, and events by the relay.
    none(
        "select name as told from places
         where (place = 'clinic') <> exists (select 1 from of_clinics c where c.oid = places.oid and c.name <> 'clinics')
           and name not in ('memberships', 'outbox_events')",
    )
    .await;
}

#[tokio::test]
async fn every_key_of_a_clinics_table_has_the_clinic() {
    // The trail is partitioned by time, which must be part of its key.
    none(
        "select name || ': ' || pg_get_constraintdef(k.oid) as told
         from of_clinics c join pg_constraint k on k.conrelid = c.oid and k.contype = 'p'
         where name not in ('clinics', 'outbox_events')
           and pg_get_constraintdef(k.oid) <> case name when 'audit_events' then 'PRIMARY KEY (clinic_id, occurred_at, id)'
                                                        else 'PRIMARY KEY (clinic_id, id)' end",
    )
    .await;
    none(
        "select i.indexrelid::regclass::text as told
         from of_clinics c join pg_index i on i.indrelid = c.oid
         where name not in ('clinics', 'outbox_events') and (i.indisunique or i.indisexclusion)
           and not c.attnum = any (i.indkey::smallint[])",
    )
    .await;
    none(
        "select k.conname::text as told from of_clinics c join pg_constraint k on k.conrelid = c.oid and k.contype = 'u'
         where pg_get_constraintdef(k.oid) = 'UNIQUE (clinic_id, id)'",
    )
    .await;
}

#[tokio::test]
async fn foreign_keys_leave_a_clinic_only_for_users_and_clinics() {
    none(
        "select k.conname::text as told
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
        "select p.polname || ' on ' || p.polrelid::regclass as told
         from pg_policy p, concat_ws(' ', pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid)) as condition
         where condition ~* '\\mfrom\\M'",
    )
    .await;
}

#[tokio::test]
async fn triggers_can_run_where_the_row_is() {
    // Only a statement can truncate.
    none(
        "select g.tgname || ' on ' || name as told
         from pg_trigger g join places on places.oid = g.tgrelid
         where place = 'clinic' and not g.tgisinternal
           and (g.tgtype & 1 = 0 and g.tgtype & 32 = 0 or g.tgnewtable is not null or g.tgoldtable is not null or g.tgdeferrable)",
    )
    .await;
    // The triggers of platform tables would run on each copy of the row.
    none(
        "select g.tgname || ' on ' || name as told
         from pg_trigger g join places on places.oid = g.tgrelid join pg_proc f on f.oid = g.tgfoid
         where place = 'platform' and not g.tgisinternal
           and f.prosrc !~ 'begin\\s+if not private\\.is_home\\(\\) then\\s+return null;' and g.tgfoid <> 'private.touch_platform'::regproc",
    )
    .await;
    none(
        "select g.tgname || ' on ' || g.tgrelid::regclass as told from pg_trigger g join pg_proc f on f.oid = g.tgfoid
         where not g.tgisinternal and f.prosrc ~* 'outbox_events'",
    )
    .await;
}

#[tokio::test]
async fn functions_write_what_a_distributed_postgres_takes() {
    none(
        "select f.oid::regprocedure::text as told from pg_proc f
         where f.pronamespace in ('public'::regnamespace, 'private'::regnamespace) and f.prosrc ~* 'exists\\s*\\(\\s*select\\s+from'",
    )
    .await;
    none(
        "select f.oid::regprocedure || ': ' || statement as told
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
        "select name as told from t join (values {}) as entity (table_name) on table_name = name
         where not exists (select 1 from pg_index i join pg_attribute a on a.attrelid = t.oid and a.attname = 'id'
                           where i.indrelid = t.oid and i.indkey[0] = a.attnum and i.indpred is null)",
        tables.join(", ")
    ))
    .await;
}

#[tokio::test]
async fn the_database_says_who_created_a_row() {
    none(
        "select name as told from t
         join pg_attribute a on a.attrelid = t.oid and a.attname = 'created_by'
         left join pg_attrdef d on d.adrelid = t.oid and d.adnum = a.attnum
         where pg_get_expr(d.adbin, t.oid) is distinct from 'private.request_user_id()'",
    )
    .await;
}

#[tokio::test]
async fn foreign_keys_between_tables_of_clinics_carry_the_clinic() {
    none(
        "select k.conname::text as told
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
        "select c.name as told from of_clinics c
         where c.name <> 'outbox_events'
           and not exists (select from pg_index i where i.indrelid = c.oid and i.indkey[0] = c.attnum and i.indpred is null)",
    )
    .await;
}

#[tokio::test]
async fn every_foreign_key_has_an_index() {
    none(
        "select k.conname::text as told
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
        "select t.name as told from t join pg_attribute a on a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped
         group by t.name having count(*) > 32",
    )
    .await;
}

#[tokio::test]
async fn every_table_column_and_function_is_described() {
    let all = "(select oid, name from t union select oid, relname::text from pg_class
                where relnamespace = 'private'::regnamespace and relkind in ('r', 'p')) as t";
    none(&format!("select name as told from {all} where coalesce(obj_description(oid, 'pg_class'), '') = ''")).await;
    none(&format!(
        "select t.name || '.' || a.attname as told
         from {all} join pg_attribute a on a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped
         where coalesce(col_description(t.oid, a.attnum), '') = ''"
    ))
    .await;
    none(
        "select oid::regprocedure::text as told from pg_proc
         where pronamespace in ('public'::regnamespace, 'private'::regnamespace) and coalesce(obj_description(oid, 'pg_proc'), '') = ''",
    )
    .await;
}

#[tokio::test]
async fn every_constraint_and_index_is_named_by_one_convention() {
    // Table, columns, kind; of a foreign key the clinic is not told, as it is always there. Postgres would number
    // what it names itself, and a number at the end tells nobody what was violated.
    none(
        "select k.conname || ' should be ' || wanted as told
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
        "select k.conname::text as told from pg_constraint k join t on t.oid = k.conrelid
         where k.contype in ('c', 'x') and k.conname !~ ('^' || t.name || '_[a-z_]+_' || case k.contype when 'c' then 'check' else 'excl' end || '$')",
    )
    .await;
    none(
        "select c.relname::text as told
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
        "select k.conname::text as told from pg_constraint k join t on t.oid = k.conrelid
         where k.contype = 'c'
           and t.name in ('audit_events', 'notifications', 'outbox_events', 'support_tickets', 'ticket_messages')",
    )
    .await;
    none(
        "select typname::text as told from pg_type
         where typtype = 'd' and typnamespace in ('public'::regnamespace, 'private'::regnamespace)
           and not exists (select from t join pg_attribute a on a.attrelid = t.oid
                           where a.atttypid = pg_type.oid and typname = t.name || '_' || a.attname)",
    )
    .await;
}

#[tokio::test]
async fn what_people_change_is_stamped_and_audited() {
    none(
        "select name as told from t
         where exists (select from pg_attribute a where a.attrelid = t.oid and a.attname = 'version')
           and not exists (select from pg_trigger g where g.tgrelid = t.oid and g.tgfoid in ('private.touch'::regproc, 'private.touch_platform'::regproc))",
    )
    .await;
    // The trail does not tell of itself, of the events that follow from a change, nor of kept answers; of attempts to sign in it
    // has the refusals.
    none(
        "select name as told from t
         where name not in ('audit_events', 'outbox_events', 'idempotency_keys', 'sign_in_attempts')
           and not exists (select from pg_trigger g where g.tgrelid = t.oid and g.tgname = 'audit')",
    )
    .await;
}

#[tokio::test]
async fn the_trail_knows_all_columns() {
    // A migration that gives a table a column calls private.audit_table() again.
    none(
        "select g.tgrelid::regclass::text as told
         from pg_trigger g
         join pg_proc f on f.oid = g.tgfoid
         cross join string_to_array(encode(g.tgargs, 'escape'), '\\000') as arguments
         where g.tgname = 'audit' and f.prosrc <> private.audit_body(g.tgrelid, arguments[1], arguments[2])",
    )
    .await;
}

#[tokio::test]
async fn policies_call_helpers_in_sub_selects_only() {
    none(
        "select p.polname || ' on ' || p.polrelid::regclass as told
         from pg_policy p, concat_ws(' ', pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid)) as condition
         where regexp_replace(condition, '\\( SELECT private\\.request_[a-z_]+\\(\\) AS [a-z_]+\\)', '', 'g') ~ '[a-z_]+\\.?[a-z_]*\\('",
    )
    .await;
}

#[tokio::test]
async fn no_view_looks_past_the_policies() {
    none(
        "select oid::regclass::text as told from pg_class
         where relnamespace in ('public'::regnamespace, 'private'::regnamespace)
           and (relkind = 'm' or relkind = 'v' and not 'security_invoker=true' = any (coalesce(reloptions, '{}')))",
    )
    .await;
}

#[tokio::test]
async fn functions_that_act_as_their_owner_are_closed_to_strangers() {
    // What a caller could slip into the path, a temporary table first of all, must not stand for what was meant.
    none(
        "select f.oid::regprocedure::text as told from pg_proc f
         where f.prosecdef and f.pronamespace in ('public'::regnamespace, 'private'::regnamespace)
           and not exists (select from unnest(f.proconfig) as setting
                           where setting = 'search_path=pg_catalog' or setting ~ '^search_path=.*, pg_temp$')",
    )
    .await;
    // A trigger function runs for whoever changes the row, and cannot be called.
    none(
        "select f.oid::regprocedure::text as told from pg_proc f, aclexplode(coalesce(f.proacl, acldefault('f', f.proowner))) as granted
         where f.prosecdef and f.prorettype <> 'trigger'::regtype
           and f.pronamespace in ('public'::regnamespace, 'private'::regnamespace)
           and granted.grantee = 0 and granted.privilege_type = 'EXECUTE'",
    )
    .await;
}

const OURS: &str =
    "('clinigraph_app', 'clinigraph_system', 'clinigraph_admin', 'clinigraph_tenant', 'clinigraph_patient')";

#[tokio::test]
async fn no_role_of_the_server_can_rise_above_the_policies() {
    none(&format!(
        "select rolname::text as told from pg_roles
         where rolname in {OURS} and (rolsuper or rolbypassrls or rolcreaterole or rolcreatedb or rolreplication
                                      or rolcanlogin <> (rolname = 'clinigraph_app') or pg_has_role(oid, 'clinigraph_owner', 'member'))"
    ))
    .await;
    none(&format!(
        "select c.oid::regclass || ' of ' || r.rolname as told from pg_class c join pg_roles r on r.oid = c.relowner where r.rolname in {OURS}"
    ))
    .await;
    // Each class is alone: nobody but the login may become it.
    none(&format!(
        "select m.member::regrole || ' in ' || m.roleid::regrole as told from pg_auth_members m
         where m.member::regrole::text in {OURS} and m.member <> 'clinigraph_app'::regrole"
    ))
    .await;
}

#[tokio::test]
async fn no_role_of_the_server_can_create_anything() {
    none(&format!(
        "select concat_ws(' ', r.rolname, 'in the schema', n.nspname) as told
         from pg_roles r, pg_namespace n
         where r.rolname in {OURS} and n.nspname in ('public', 'private') and has_schema_privilege(r.oid, n.oid, 'create')
         union all
         select r.rolname || ' in the database' from pg_roles r
         where r.rolname in {OURS} and has_database_privilege(r.oid, current_database(), 'create')"
    ))
    .await;
}

/// The constraint that holds a text to an enum's values, and the values.
const ENUMS: [(&str, &[&str]); 11] = [
    ("audit_events_actor_kind_check", ActorKind::TEXTS),
    ("audit_events_verb_check", AuditVerb::TEXTS),
    ("clinics_status_check", ClinicStatus::TEXTS),
    ("memberships_role_check", SystemRole::TEXTS),
    ("memberships_status_check", MembershipStatus::TEXTS),
    ("notifications_kind_check", NotificationKind::TEXTS),
    ("providers_status_check", ProviderStatus::TEXTS),
    ("providers_verification_status_check", VerificationStatus::TEXTS),
    ("support_tickets_priority_check", TicketPriority::TEXTS),
    ("support_tickets_status_check", TicketStatus::TEXTS),
    ("users_status_check", UserStatus::TEXTS),
];

/// Lists of values that are no enum of the API: triggers and the relay alone write them.
const PLAIN_LISTS: [&str; 1] = ["outbox_events_audience_check"];

#[tokio::test]
async fn enums_and_their_constraints_name_the_same_values() {
    let connection = superuser().await;
    let listing = "select conname::text as told from pg_constraint
                   where contype = 'c' and pg_get_constraintdef(oid) like '%ANY (ARRAY[%'
                     and (contypid <> 0 or conrelid in (select oid from t)) order by 1";
    let mut known: Vec<&str> = ENUMS.iter().map(|one| one.0).chain(PLAIN_LISTS).collect();
    known.sort_unstable();

    assert_eq!(told(&connection, &format!("{TABLES} {listing}")).await.unwrap(), known);
    for (constraint, texts) in ENUMS {
        let values = format!(
            "select m[1] as told from pg_constraint, regexp_matches(pg_get_constraintdef(oid), '''([^'']*)''::text', 'g') as m
             where conname = '{constraint}' and conrelid not in (select inhrelid from pg_inherits)"
        );
        assert_eq!(told(&connection, &values).await.unwrap(), texts, "{constraint}");
    }
}

/// What the gate finds after changes for the worse.
async fn findings_after(changes: &[&str]) -> Vec<String> {
    let app = TestApp::new().await;
    let superuser = db::connect(&app.superuser_url).await.unwrap();
    (&mut &superuser).batch_execute(&changes.join(";")).await.unwrap();
    let mut found: Vec<_> =
        db::inspect(&app.server_url).await.unwrap().into_iter().map(|finding| finding.problem).collect();
    found.sort_unstable();
    found
}

#[tokio::test]
async fn the_gate_lets_a_good_database_pass() {
    assert_eq!(findings_after(&[]).await, Vec::<String>::new());
}

#[tokio::test]
async fn the_gate_names_every_fault() {
    let changes = [
        "alter table support_tickets no force row level security",
        "alter table ticket_messages disable row level security",
        "create table rooms (id uuid primary key, clinic_id uuid not null)",
        "alter table support_tickets add constraint support_tickets_id_key unique (id)",
        "alter table ticket_messages add constraint astray foreign key (ticket_id) references support_tickets (id)",
        "alter policy tenant on memberships using (clinic_id = private.request_clinic_id())",
        "alter policy tenant_insert on outbox_events with check (clinic_id = private.request_clinic_id())",
        "alter policy tenant on support_tickets using (true)",
        "alter policy tenant on ticket_messages with check (true)",
        "create policy open on clinics to clinigraph_tenant using (status = 'active')",
        "create policy everybody on audit_events using (true)",
        "alter table audit_events owner to clinigraph_tenant",
    ];

    assert_eq!(
        findings_after(&changes).await,
        [
            "the foreign key astray leads from one clinic's table to another without the clinic",
            "the policy everybody on audit_events does not ask for the clinic",
            "the policy open on clinics does not ask for the clinic",
            "the policy tenant on memberships calls a helper once a row",
            "the policy tenant on support_tickets does not ask for the clinic",
            "the policy tenant on ticket_messages does not ask for the clinic",
            "the policy tenant_insert on outbox_events calls a helper once a row",
            "the role clinigraph_tenant owns the table audit_events",
            "the table rooms has a clinic and no forced row-level security",
            "the table support_tickets has a clinic and no forced row-level security",
            "the table ticket_messages has a clinic and no forced row-level security",
        ]
    );
}

#[tokio::test]
async fn the_gate_names_a_login_above_the_policies() {
    let found = db::inspect(&database().await).await.unwrap();

    let problem = "is a superuser or may bypass row-level security";
    assert!(found.iter().any(|one| one.problem.ends_with(problem)), "{found:?}");
}

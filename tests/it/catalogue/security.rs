//! Who may do what: row security, policies, grants, functions and roles.

use super::{found, none};
use crate::cases::tables;

#[tokio::test]
async fn every_table_forces_row_level_security() {
    none("select name as value from t where not forced").await;
    // Partitions can be named in a query, and then their own switches count.
    none(
        "select relname::text as value from pg_class
         where relispartition and relkind in ('r', 'p') and not (relrowsecurity and relforcerowsecurity)",
    )
    .await;
}

#[tokio::test]
async fn every_class_of_actor_has_a_policy_for_what_it_is_granted() {
    // Auditors, patients and research partners may ask for every table, and get no row where no policy gives them one.
    none(
        "select concat_ws(' ', role, command.name, t.name) as value
         from t, classes, (values ('select', 'r'), ('insert', 'a'), ('update', 'w'), ('delete', 'd')) as command (name, letter)
         where case command.name when 'delete' then has_table_privilege(role, t.oid, command.name)
                                 else has_any_column_privilege(role, t.oid, command.name) end
           and not (command.name = 'select' and role in ('clinigraph_auditor', 'clinigraph_patient', 'clinigraph_partner'))
           and not exists (select from pg_policy p where p.polrelid = t.oid and p.polcmd::text in ('*', command.letter)
                           and role::regrole = any (p.polroles))",
    )
    .await;
}

#[tokio::test]
async fn no_policy_is_for_everybody_and_none_of_a_tenant_forgets_the_clinic() {
    none("select p.polname || ' on ' || t.name as value from pg_policy p join t on t.oid = p.polrelid where '0' = any (p.polroles)").await;
    none(
        "select p.polname || ' on ' || c.name as value
         from pg_policy p join of_clinics c on c.oid = p.polrelid,
              unnest(array[pg_get_expr(p.polqual, c.oid), pg_get_expr(p.polwithcheck, c.oid)]) as condition
         where p.polpermissive
           and '{clinigraph_tenant,clinigraph_auditor,clinigraph_patient,clinigraph_partner}'::regrole[]::oid[] && p.polroles
           and condition not like '%private.request_clinic_id()%'",
    )
    .await;
}

#[tokio::test]
async fn no_class_of_actor_may_do_more_to_a_table_than_change_its_rows() {
    none(
        "select concat_ws(' ', role, privilege, t.name) as value
         from t, (select role from classes union select replace(role, 'clinigraph_', 'clinigraph_login_') from classes) as r,
              unnest('{truncate,references,trigger}'::text[]) as privilege
         where has_table_privilege(role, t.oid, privilege)",
    )
    .await;
    // The logins may touch nothing before they take a class's role.
    none(
        "select privilege || ' ' || t.name as value
         from t, classes, unnest('{select,insert,update,references}'::text[]) as privilege
         where has_any_column_privilege(replace(role, 'clinigraph_', 'clinigraph_login_'), t.oid, privilege)",
    )
    .await;
}

#[tokio::test]
async fn each_class_of_actor_has_the_grants_of_the_cases_and_no_other() {
    let grants = found(
        "select name || ': ' || string_agg(role || ' ' || letters, ', ' order by role) as value
         from (
             select replace(role, 'clinigraph_', '') as role, t.name, string_agg(case when has_table_privilege(role, t.oid, c.name) then c.letter else '(' || c.letter || ')' end, '' order by c.place) as letters
             from t, classes, (values (1, 'select', 's'), (2, 'insert', 'i'), (3, 'update', 'u'), (4, 'delete', 'd')) as c (place, name, letter)
             where case c.name when 'delete' then has_table_privilege(role, t.oid, c.name)
                               else has_any_column_privilege(role, t.oid, c.name) end
             group by role, t.name
         ) as each group by name order by name",
    )
    .await;

    let cases: Vec<String> = tables().iter().map(|table| format!("{}: {}", table.name, table.grants)).collect();
    for (there, case) in grants.iter().zip(&cases) {
        assert_eq!(there, case, "the field `grants` of the table in tests/it/<module>/cases.rs");
    }
    assert_eq!(grants.len(), cases.len());
}

#[tokio::test]
async fn policies_call_helpers_in_sub_selects_only() {
    none(
        "select p.polname || ' on ' || p.polrelid::regclass as value
         from pg_policy p, concat_ws(' ', pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid)) as condition
         where regexp_replace(condition, '\\( SELECT private\\.request_[a-z_]+\\(\\) AS [a-z_]+\\)', '', 'g') ~ '[a-z_]+\\.?[a-z_]*\\('",
    )
    .await;
}

#[tokio::test]
async fn no_view_looks_past_the_policies() {
    none(
        "select oid::regclass::text as value from pg_class
         where relnamespace in ('public'::regnamespace, 'private'::regnamespace)
           and (relkind = 'm' or relkind = 'v' and not 'security_invoker=true' = any (coalesce(reloptions, '{}')))",
    )
    .await;
}

#[tokio::test]
async fn functions_that_act_as_their_owner_are_closed_to_strangers() {
    // What a caller could slip into the path, a temporary table first of all, must not stand for what was meant.
    none(
        "select f.oid::regprocedure::text as value from pg_proc f
         where f.prosecdef and f.pronamespace in ('public'::regnamespace, 'private'::regnamespace)
           and not exists (select from unnest(f.proconfig) as setting
                           where setting ~ '^search_path=.*, pg_temp$')",
    )
    .await;
    // A trigger function runs for every role that changes the row, and cannot be called.
    none(
        "select f.oid::regprocedure::text as value from pg_proc f, aclexplode(coalesce(f.proacl, acldefault('f', f.proowner))) as granted
         where f.prosecdef and f.prorettype <> 'trigger'::regtype
           and f.pronamespace in ('public'::regnamespace, 'private'::regnamespace)
           and granted.grantee = 0 and granted.privilege_type = 'EXECUTE'",
    )
    .await;
}

/// The classes and their logins.
const OURS: &str = "(select role::name from classes union select replace(role, 'clinigraph_', 'clinigraph_login_')::name from classes)";

#[tokio::test]
async fn no_role_of_the_server_can_rise_above_the_policies() {
    none(&format!(
        "select rolname::text as value from pg_roles
         where rolname in {OURS} and (rolsuper or rolbypassrls or rolcreaterole or rolcreatedb or rolreplication
                                      or rolcanlogin <> (rolname ~ '^clinigraph_login_') or pg_has_role(oid, 'clinigraph_owner', 'member')
                                      or pg_has_role(oid, 'clinigraph_audit', 'member'))"
    ))
    .await;
    none(&format!(
        "select c.oid::regclass || ' of ' || r.rolname as value from pg_class c join pg_roles r on r.oid = c.relowner where r.rolname in {OURS}"
    ))
    .await;
    // Each class is alone: nobody but its login may become it.
    none(&format!(
        "select m.member::regrole || ' in ' || m.roleid::regrole as value from pg_auth_members m
         where m.member::regrole::name in {OURS}
           and m.member::regrole::text <> replace(m.roleid::regrole::text, 'clinigraph_', 'clinigraph_login_')"
    ))
    .await;
}

#[tokio::test]
async fn no_role_of_the_server_can_create_anything() {
    none(&format!(
        "select concat_ws(' ', r.rolname, 'in the schema', n.nspname) as value
         from pg_roles r, pg_namespace n
         where r.rolname in {OURS} and n.nspname in ('public', 'private') and has_schema_privilege(r.oid, n.oid, 'create')
         union all
         select r.rolname || ' in the database' from pg_roles r
         where r.rolname in {OURS} and has_database_privilege(r.oid, current_database(), 'create')"
    ))
    .await;
}

//! What holds for every table, read from Postgres' own catalogue. Each test asks for what breaks its rule and wants
//! nothing; a rule's exceptions stand beside it with their reasons.

mod enums;
mod gate;
mod security;
mod shape;
mod storage;

use clinigraph::kernel::db;
use diesel_async::AsyncPgConnection;
use tokio::sync::OnceCell;

use crate::harness::{database, sql::texts};

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
    values ('clinigraph_tenant'), ('clinigraph_admin'), ('clinigraph_auditor'), ('clinigraph_patient'), ('clinigraph_partner'),
           ('clinigraph_system')
)
";

/// A connection to the one database that all these tests read and none changes.
async fn superuser() -> AsyncPgConnection {
    static URL: OnceCell<String> = OnceCell::const_new();
    db::connect(URL.get_or_init(database).await).await.unwrap()
}

/// What a query over [`TABLES`] finds.
async fn found(query: &str) -> Vec<String> {
    texts(&superuser().await, &format!("{TABLES} {query}")).await.unwrap()
}

/// That a query over [`TABLES`] finds no breach.
async fn none(query: &str) {
    assert_eq!(found(query).await, Vec::<String>::new());
}

#[tokio::test]
async fn the_tables_of_clinics_are_seen_by_these_tests() {
    let tables = found("select name as value from of_clinics order by name").await;

    for known in ["audit_events", "clinics", "memberships", "outbox_events", "support_tickets", "ticket_messages"] {
        assert!(tables.iter().any(|table| table == known), "{known}");
    }
}

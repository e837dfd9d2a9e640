//! Generated files are the ones that would be generated now; `make schema` (`UPDATE=1`) writes them anew. Migrations can be
//! undone, and a database with the migrations of another program is refused.

mod error_docs;
mod print_comments;
mod print_schema;

use std::path::Path;

use clinigraph::kernel::{
    db::{self, Logins},
    secrets::KeyRing,
};

use diesel_async::SimpleAsyncConnection;

use self::{error_docs::errors_md, print_comments::print_comments, print_schema::print_schema};
use crate::harness::{KEYS, database, sql::texts};

/// Compares a committed file with what it should be, or writes it.
fn check(name: &str, wanted: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    let there = std::fs::read_to_string(&file).unwrap_or_default();
    if there == wanted {
        return;
    }
    // Left alone when it is right: a new date alone would build everything anew.
    assert!(std::env::var_os("UPDATE").is_some(), "{name} is stale: run `make schema` and read the difference");
    std::fs::write(&file, wanted).unwrap();
}

#[test]
fn schema_graphql_is_fresh() {
    check("schema.graphql", &clinigraph::graphql::sdl());
}

#[test]
fn errors_md_is_fresh() {
    check("docs/ERRORS.md", &errors_md());
}

#[test]
fn notifications_md_is_fresh() {
    check("docs/NOTIFICATIONS.md", &clinigraph::notification::docs(&clinigraph::graphql::notices()));
}

#[test]
fn comments_sql_is_fresh() {
    check("migrations/comments.sql", &print_comments());
}

#[tokio::test]
async fn schema_rs_is_fresh() {
    let mut migrated = db::connect(&database().await).await.unwrap();
    // Those that this program would apply if it were built with them.
    migrated.batch_execute(&print_comments()).await.unwrap();

    check("src/schema.rs", &print_schema(&migrated).await);
}

#[tokio::test]
async fn fingerprint_txt_is_fresh() {
    let mut prepared = db::connect(&prepared().await.0).await.unwrap();
    prepared.batch_execute("set search_path = public").await.unwrap();

    let lines = db::fingerprint(&mut prepared).await.unwrap();

    check("migrations/fingerprint.txt", &(lines.join("\n") + "\n"));
}

/// Everything in the database that migrations could have made, and the rights the classes of actors have outside it.
const MADE: &str = "
select 'table ' || c.oid::regclass as value from pg_class c join pg_namespace n on n.oid = c.relnamespace
where n.nspname in ('public', 'private') and c.relkind in ('r', 'p', 'v', 'm', 'S')
union all
select 'function ' || f.oid::regprocedure from pg_proc f where f.pronamespace::regnamespace::text in ('public', 'private')
union all
select 'type ' || t.oid::regtype from pg_type t
where t.typnamespace::regnamespace::text in ('public', 'private') and t.typrelid = 0 and t.typelem = 0
union all
select 'schema ' || nspname from pg_namespace where nspname !~ '^(pg_.*|information_schema|public)$'
union all
select 'extension ' || extname from pg_extension where extname <> 'plpgsql'
order by 1";

/// A prepared database of one's own: its address as superuser, and as the server logs in.
async fn prepared() -> (String, Logins) {
    let url = database().await;
    let logins = prepare(&url).await;
    (url, logins)
}

/// What each start does.
async fn prepare(url: &str) -> Logins {
    db::prepare(url, KeyRing::parse(KEYS).unwrap().root()).await.unwrap().logins
}

#[tokio::test]
async fn the_migrations_can_be_undone_without_a_trace() {
    let (url, _) = prepared().await;

    let undone = db::revert_all(&url).await.unwrap();

    let connection = db::connect(&url).await.unwrap();
    assert!(undone.len() >= 4, "{undone:?}");
    assert_eq!(texts(&connection, MADE).await.unwrap(), ["table __diesel_schema_migrations"]);
}

#[tokio::test]
async fn the_migrations_can_be_undone_and_done_again() {
    let (url, logins) = prepared().await;
    let connection = db::connect(&url).await.unwrap();
    let (made, schema) = (texts(&connection, MADE).await.unwrap(), print_schema(&connection).await);

    db::redo(&url).await.unwrap();

    // Partitions are made by a start, not by migrations.
    prepare(&url).await;
    assert_eq!(texts(&connection, MADE).await.unwrap(), made);
    assert_eq!(print_schema(&connection).await, schema);
    assert_eq!(db::inspect(&logins).await.unwrap(), []);
}

#[tokio::test]
async fn a_database_of_another_history_is_refused() {
    let (url, _) = prepared().await;
    let connection = db::connect(&url).await.unwrap();
    (&mut &connection).batch_execute("insert into __diesel_schema_migrations (version) values ('0003')").await.unwrap();

    let refused = db::prepare(&url, KeyRing::parse(KEYS).unwrap().root()).await.unwrap_err();

    let cause = refused.cause().unwrap().to_string();
    assert!(cause.contains("the migrations 0003, which this one does not know"), "{cause}");
    assert!(cause.contains("empty database"), "{cause}");
}

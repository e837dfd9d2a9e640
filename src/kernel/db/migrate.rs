//! Roles and migrations, embedded and run over the same driver as everything else, as the owner.

use std::collections::BTreeSet;

use diesel::{
    QueryResult,
    migration::{Migration, MigrationSource},
    pg::Pg,
};
use diesel_async::{AsyncMigrationHarness, AsyncPgConnection, SimpleAsyncConnection};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::{Address, pool::connect};
use crate::kernel::{Error, Result, hex::hex};

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations");
const ROLES: &str = include_str!("../../../migrations/roles.sql");
const COMMENTS: &str = include_str!("../../../migrations/comments.sql");

/// The role that a server logs in as.
pub const SERVER_LOGIN: &str = "clinigraph_app";

/// Result of preparing a database.
#[derive(Debug)]
pub struct Preparation {
    /// Names of the migrations that were run now.
    pub ran: Vec<String>,
    /// Connection string for the server's own role.
    pub server_url: String,
}

/// Brings roles and tables up to date. `url` is of a role that may do so: the owner of the database who may also make
/// roles, or a superuser. The server's role gets a password that follows from `secret`, so that every server with
/// the secret can log in without being given the password.
pub async fn prepare(url: &str, secret: &[u8]) -> Result<Preparation> {
    let mut owner = connect(url).await?;
    let password = password(secret)?;
    // Roles belong to the whole cluster and an advisory lock to one database: when two are prepared at
    // once, one can find a role changed by the other, and tries again.
    let mut tries = 0;
    while let Err(error) = prepare_roles(&mut owner, &password).await {
        tries += 1;
        if tries == 10 || error.to_string() != "tuple concurrently updated" {
            return Err(error.into());
        }
    }
    owner.batch_execute("set role clinigraph_owner").await?;
    let (unknown, ran) = migrate(owner, |harness| {
        let unknown = unknown_versions(harness)?;
        let ran = if unknown.is_empty() { harness.run_pending_migrations(MIGRATIONS)? } else { Vec::new() };
        Ok((unknown, ran.iter().map(ToString::to_string).collect()))
    })
    .await?;
    if !unknown.is_empty() {
        return Err(Error::unavailable(format!(
            "this database was prepared by another version of clinigraph: it has the migrations {}, which this one does \
             not know. Use the version that prepared it, or an empty database",
            unknown.join(", ")
        )));
    }
    let mut owner = connect(url).await?;
    owner.batch_execute("set role clinigraph_owner").await?;
    owner.batch_execute(COMMENTS).await?;
    owner.batch_execute("select private.make_partitions()").await?;
    let address: Address = url.parse()?;
    Ok(Preparation { ran, server_url: address.with_login(SERVER_LOGIN, &password).text() })
}

/// Versions that the database has and this program does not: of a later release, or of a discarded history.
fn unknown_versions(harness: &mut Harness) -> Result<Vec<String>, Failure> {
    let known: Vec<Box<dyn Migration<Pg>>> = MIGRATIONS.migrations()?;
    let known: BTreeSet<String> = known.iter().map(|migration| migration.name().version().to_string()).collect();
    let mut unknown: Vec<_> = harness.applied_migrations()?.iter().map(ToString::to_string).collect();
    unknown.retain(|version| !known.contains(version));
    unknown.sort_unstable();
    Ok(unknown)
}

async fn prepare_roles(owner: &mut AsyncPgConnection, password: &str) -> QueryResult<()> {
    owner.batch_execute(ROLES).await?;
    // Hexadecimal digits only, so there is nothing to escape.
    owner
        .batch_execute(&format!(
            "do $$ begin
                 perform pg_advisory_xact_lock(hashtext('clinigraph roles'));
                 alter role clinigraph_app password '{password}';
                 if not pg_has_role(current_user, 'clinigraph_owner', 'member') then
                     execute format('grant clinigraph_owner to %I', current_user);
                 end if;
                 execute format('grant create, connect on database %I to clinigraph_owner', current_database());
                 grant create, usage on schema public to clinigraph_owner;
             end $$;"
        ))
        .await
}

/// Undoes and runs again each migration, newest first, to prove that each can be reverted.
pub async fn redo(url: &str) -> Result<Vec<String>> {
    as_owner(url, |harness| {
        let undone = harness.revert_all_migrations(MIGRATIONS)?.iter().map(ToString::to_string).collect();
        harness.run_pending_migrations(MIGRATIONS)?;
        Ok(undone)
    })
    .await
}

/// Undoes every migration.
pub async fn revert_all(url: &str) -> Result<Vec<String>> {
    as_owner(url, |harness| Ok(harness.revert_all_migrations(MIGRATIONS)?.iter().map(ToString::to_string).collect()))
        .await
}

type Failure = Box<dyn std::error::Error + Send + Sync>;
type Harness = AsyncMigrationHarness<AsyncPgConnection>;

async fn as_owner<T: Send + 'static>(
    url: &str,
    work: impl FnOnce(&mut Harness) -> Result<T, Failure> + Send + 'static,
) -> Result<T> {
    let mut owner = connect(url).await?;
    owner.batch_execute("set role clinigraph_owner").await?;
    migrate(owner, work).await
}

/// The harness blocks, so it works on a thread where that is allowed.
async fn migrate<T: Send + 'static>(
    owner: AsyncPgConnection,
    work: impl FnOnce(&mut Harness) -> Result<T, Failure> + Send + 'static,
) -> Result<T> {
    let done = tokio::task::spawn_blocking(move || work(&mut Harness::new(owner))).await;
    done.map_err(Error::internal)?.map_err(Error::internal)
}

/// The password of the server's role: whoever has the keys can log in, and nobody needs to be told.
pub fn password(secret: &[u8]) -> Result<String> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).map_err(Error::internal)?;
    mac.update(b"login of clinigraph_app");
    Ok(hex(&mac.finalize().into_bytes()))
}

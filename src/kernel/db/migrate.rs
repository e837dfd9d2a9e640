//! Roles and migrations, embedded and run over the same driver as everything else, as the owner.

use std::collections::BTreeSet;

use diesel::{
    QueryResult,
    migration::{Migration, MigrationSource},
    pg::Pg,
};
use diesel_async::{AsyncMigrationHarness, AsyncPgConnection, SimpleAsyncConnection};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::{
    Address,
    logins::{Logins, password},
    pool::{Class, connect},
};
use crate::kernel::{Error, Result};

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations");
const ROLES: &str = include_str!("../../../migrations/roles.sql");
const COMMENTS: &str = include_str!("../../../migrations/comments.sql");

/// Result of preparing a database.
#[derive(Debug)]
pub struct Preparation {
    /// Names of the migrations that were run now.
    pub ran: Vec<String>,
    /// How the server logs in.
    pub logins: Logins,
}

/// Brings roles and tables up to date. `url` is of a role that may do so: the owner of the database who may also make
/// roles, or a superuser. The passwords of the server's logins follow from `secret`.
pub async fn prepare(url: &str, secret: &[u8]) -> Result<Preparation> {
    let mut owner = connect(url).await?;
    let passwords = Class::ALL.into_iter().map(|class| {
        // Hexadecimal digits only, so there is nothing to escape.
        Ok(format!("alter role {} password '{}';", class.login(), password(class, secret)?))
    });
    let passwords: String = passwords.collect::<Result<_>>()?;
    // Roles belong to the whole cluster and an advisory lock to one database: when two are prepared at once,
    // one can find a role changed by the other, and tries again.
    let mut tries = 0;
    while let Err(error) = prepare_roles(&mut owner, &passwords).await {
        tries += 1;
        if tries == 10 || error.to_string() != "tuple concurrently updated" {
            return Err(error.into());
        }
        owner.batch_execute("rollback").await?;
    }
    // A connection of its own, since the harness keeps the other.
    let mut login = connect(url).await?;
    let ran = bring_up_to_date(owner, &mut login).await;
    login.batch_execute(LEAVE_AUDIT).await?;
    Ok(Preparation { ran: ran?, logins: logins(url, secret)? })
}

/// Runs the migrations that are pending, and what follows them at each start; returns the names of the migrations.
async fn bring_up_to_date(mut owner: AsyncPgConnection, login: &mut AsyncPgConnection) -> Result<Vec<String>> {
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
    // As the login itself, since the trail belongs to another role than the tables.
    login.batch_execute(COMMENTS).await?;
    login.batch_execute("select private.make_audit_partitions(), private.make_event_partitions()").await?;
    Ok(ran)
}

/// How the server logs in to a database that was prepared with these keys.
pub fn logins(url: &str, secret: &[u8]) -> Result<Logins> {
    let address: Address = url.parse()?;
    Logins::of_classes(secret, |user, password| address.clone().with_login(user, password).text())
}

/// Ends the membership of `prepare_roles()`.
const LEAVE_AUDIT: &str = "do $$ begin
    if not (select rolsuper from pg_roles where rolname = current_user) then
        execute format('revoke clinigraph_audit from %I', current_user);
    end if;
end $$;";

/// Versions that the database has and this program does not: of a later release, or of a discarded history.
fn unknown_versions(harness: &mut Harness) -> Result<Vec<String>, Failure> {
    let known: Vec<Box<dyn Migration<Pg>>> = MIGRATIONS.migrations()?;
    let known: BTreeSet<String> = known.iter().map(|migration| migration.name().version().to_string()).collect();
    let mut unknown: Vec<_> = harness.applied_migrations()?.iter().map(ToString::to_string).collect();
    unknown.retain(|version| !known.contains(version));
    unknown.sort_unstable();
    Ok(unknown)
}

async fn prepare_roles(owner: &mut AsyncPgConnection, passwords: &str) -> QueryResult<()> {
    owner.batch_execute(ROLES).await?;
    owner
        .batch_execute(&format!(
            "begin;
             select pg_advisory_xact_lock(hashtext('clinigraph roles'));
             {passwords}
             do $$ begin
                 -- A superuser can take every role. Another login has to be a member, which from Postgres 16 on it is not by
                 -- having made the role; of the audit trail only as long as it prepares the database.
                 if not (select rolsuper from pg_roles where rolname = current_user) then
                     execute format('grant clinigraph_owner, clinigraph_audit to %I', current_user);
                 end if;
                 execute format('grant create, connect on database %I to clinigraph_owner', current_database());
                 -- What is in a temporary schema could stand in for what a function means.
                 execute format('revoke temporary on database %I from public', current_database());
                 grant create, usage on schema public to clinigraph_owner, clinigraph_audit;
                 grant usage on schema public to clinigraph_system, clinigraph_admin, clinigraph_tenant, clinigraph_auditor,
                                                 clinigraph_patient, clinigraph_partner;
                 revoke create on schema public from public;
             end $$;
             commit;"
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

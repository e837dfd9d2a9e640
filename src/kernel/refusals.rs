//! Refusals in the audit trail. Where something is refused no row changes and no trigger runs, so the server writes the row.

use std::time::Duration;

use diesel::{select, sql_types};
use diesel_async::RunQueryDsl;
use moka::sync::Cache;
use uuid::Uuid;

use super::{
    Result,
    actor::Person,
    db::{Class, Scope},
};

diesel::define_sql_function! {
    #[expect(clippy::too_many_arguments, reason = "each is a column of the row")]
    #[sql_name = "private.audit_refusal"]
    fn audit_refusal(
        actor_kind: sql_types::Text,
        actor: sql_types::Nullable<sql_types::Uuid>,
        email: sql_types::Nullable<sql_types::Text>,
        clinic: sql_types::Nullable<sql_types::Uuid>,
        verb: sql_types::Text,
        resource: sql_types::Text,
        resource_id: sql_types::Nullable<sql_types::Uuid>,
        reason: sql_types::Text,
    );
}

/// Writes that a sign-in was refused. `account` is the user who was tried and their email address, if there is one: that is
/// also who tried, as far as anybody knows, unless somebody was signed in.
pub async fn sign_in_refused(
    scope: &Scope,
    caller: Option<&Person>,
    account: Option<(Uuid, &str)>,
    reason: &str,
) -> Result<()> {
    let who = caller.map(|caller| (caller.user_id, caller.email.as_str())).or(account);
    let (actor, email) = who.unzip();
    let tried = account.map(|(user, _)| user);
    let row = audit_refusal("system", actor, email, None::<Uuid>, "sign_in", "user", tried, reason);
    select(row).execute(&mut scope.tx().await?.conn()?).await?;
    Ok(())
}

/// Which refused mutations are written: the first of each person and mutation in a minute. So a flood of them is a few rows,
/// one for each mutation that there is.
#[derive(Debug)]
pub struct RefusedMutations(Cache<(Uuid, String), ()>);

impl Default for RefusedMutations {
    fn default() -> Self {
        Self(Cache::builder().max_capacity(50_000).time_to_live(Duration::from_secs(60)).build())
    }
}

impl RefusedMutations {
    /// Whether this one is to be written.
    pub fn is_first(&self, person: &Person, mutation: &str) -> bool {
        self.0.entry((person.user_id, mutation.to_owned())).or_insert(()).is_fresh()
    }
}

/// Writes that a mutation was refused to a person, who had not the permission for it.
pub async fn mutation_refused(scope: &Scope, person: &Person, reason: &str) -> Result<()> {
    let clinic = person.acting.map(|(clinic, _)| clinic);
    let row = audit_refusal(
        Class::of(person).name(),
        Some(person.user_id),
        Some(person.email.as_str()),
        clinic,
        "attempt",
        "session",
        person.session_id,
        reason,
    );
    select(row).execute(&mut scope.tx().await?.conn()?).await?;
    Ok(())
}

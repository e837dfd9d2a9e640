//! Signing in: the check of a password, and who it belongs to. An unknown address takes the same way as a known one: the same
//! statements in the same transactions, a hash, and a row in the audit trail.

use diesel::{ExpressionMethods, OptionalExtension, QueryDsl};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::{
    Attempts, Passwords, UserStatus,
    attempts::{Attempt, Purpose},
    password::LONGEST,
};
use crate::{
    kernel::{Code, Error, Result, clock::Clock, db::Scope, refusals, request::Request, text::EmailAddress},
    schema::users,
};

/// Columns of an account that signing in needs.
#[derive(Debug, diesel::Queryable)]
struct Account {
    id: Uuid,
    email: String,
    password_hash: Option<String>,
    status: UserStatus,
}

/// Somebody whose password was right.
pub struct Proved {
    pub user_id: Uuid,
    pub email: String,
    /// What is still counted as a failure, until a session begins.
    pub attempt: Attempt,
}

/// What signing in works with.
#[derive(Clone, Copy)]
pub struct SignIn<'a> {
    pub request: &'a Request,
    pub attempts: &'a Attempts,
    pub passwords: &'a Passwords,
    pub clock: &'a Clock,
}

impl SignIn<'_> {
    /// The active user whom an email address and a password belong to.
    pub async fn check_password(self, email: &EmailAddress, password: &str) -> Result<Proved> {
        if password.chars().count() > LONGEST {
            return Err(Error::invalid("input.password", format!("must have at most {LONGEST} characters")));
        }
        let (request, email) = (self.request, email.as_str());
        let attempt = self.attempts.attempt(Purpose::SignIn, email, request.origin.address)?;
        // First, so that nobody is charged for a turn that never comes.
        let turn = self.passwords.turn_of(request.origin.address).await?;
        let now = self.clock.now();
        let (account, admission) = request
            .as_system(async |scope| {
                let tx = scope.tx().await?;
                let columns = (users::id, users::email, users::password_hash, users::status);
                let account = users::table.filter(users::email.eq(email)).filter(users::deleted_at.is_null());
                let account = account.select(columns).first::<Account>(&mut tx.conn()?).await.optional()?;
                Ok((account, attempt.charge(scope, now).await?))
            })
            .await?;
        admission.require()?;
        let hash = account.as_ref().and_then(|account| account.password_hash.clone());
        let right = self.passwords.verify(&turn, password, hash).await?;
        drop(turn);
        let is_right = |account: &Account| right && account.status == UserStatus::Active;
        if let Some(account) = account.as_ref().filter(|account| is_right(account)) {
            return Ok(Proved { user_id: account.id, email: account.email.clone(), attempt });
        }
        let (reason, error) = match &account {
            Some(_) if right => {
                ("the account is not active", Error::new(Code::UserInactive, "this account is not active"))
            }
            Some(_) => ("wrong password", wrong()),
            None => ("unknown email address", wrong()),
        };
        self.refused(account.as_ref(), reason).await?;
        Err(error)
    }

    /// Writes the refusal into the audit trail, in a transaction of its own.
    async fn refused(self, account: Option<&Account>, reason: &str) -> Result<()> {
        let caller = self.request.scope().actor().person().ok().map(AsRef::as_ref);
        let account = account.map(|account| (account.id, account.email.as_str()));
        let written = async |scope: &Scope| refusals::sign_in_refused(scope, caller, account, reason).await;
        self.request.as_system(written).await
    }
}

fn wrong() -> Error {
    Error::new(Code::InvalidCredentials, "e-mail address or password is wrong")
}

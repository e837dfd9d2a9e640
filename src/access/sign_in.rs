//! Signing in: the check of a password, and who it belongs to.

use chrono::{DateTime, Utc};
use diesel::{ExpressionMethods, NullableExpressionMethods, OptionalExtension, QueryDsl};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::{
    Passwords, Sessions, UserStatus,
    attempts::{self, Attempt, Failures},
    password::LONGEST,
};
use crate::{
    kernel::{Code, Error, Result, request::Request, text::EmailAddress},
    schema::{user_sign_ins, users},
};

/// Columns of an account that signing in needs.
#[derive(Debug, diesel::Queryable)]
struct Account {
    id: Uuid,
    password_hash: Option<String>,
    status: UserStatus,
    count: Option<i16>,
    locked_until: Option<DateTime<Utc>>,
}

impl Account {
    fn failures(&self) -> Failures {
        Failures { count: self.count.unwrap_or_default(), locked_until: self.locked_until }
    }
}

/// The active user whom an email address and a password belong to.
pub async fn check_password(
    request: &Request,
    sessions: &Sessions,
    passwords: &Passwords,
    email: &EmailAddress,
    password: &str,
) -> Result<Uuid> {
    let locked = |until: DateTime<Utc>, now: DateTime<Utc>| {
        let seconds = (until - now).num_seconds().max(1).unsigned_abs();
        Error::new(Code::AccountLocked, "too many wrong passwords; please wait a little").retry_after(seconds)
    };
    let email = email.as_str().to_owned();
    if password.chars().count() > LONGEST {
        return Err(Error::invalid("input.password", format!("must have at most {LONGEST} characters")));
    }
    let account = request
        .as_system(async |scope| {
            let tx = scope.tx().await?;
            let columns = (
                users::id,
                users::password_hash,
                users::status,
                user_sign_ins::failed_sign_ins.nullable(),
                user_sign_ins::locked_until.nullable(),
            );
            let account = users::table.left_join(user_sign_ins::table).filter(users::email.eq(&email));
            let account = account.filter(users::deleted_at.is_null());
            Ok(account.select(columns).first::<Account>(&mut tx.conn()?).await.optional()?)
        })
        .await?;
    let unknown = sessions.unknown_addresses();
    let before = account.as_ref().map_or_else(|| unknown.failures(&email), Account::failures);
    let now = sessions.now();
    if let Some(until) = before.locked_at(now) {
        return Err(locked(until, now));
    }
    let hash = account.as_ref().and_then(|account| account.password_hash.clone());
    let right = passwords.verify(password, hash).await?;
    let now = sessions.now();
    let attempt = match &account {
        // In a transaction of its own, which stays if the operation fails: the next attempt must find the count.
        Some(account) => request.as_system(async |scope| attempts::count(scope, account.id, right, now).await).await?,
        None => unknown.count(email, now),
    };
    match (attempt, account) {
        (Attempt::Locked(until), _) => Err(locked(until, now)),
        (Attempt::Right, Some(account)) if account.status == UserStatus::Active => Ok(account.id),
        (Attempt::Right, Some(_)) => Err(Error::new(Code::UserInactive, "this account is not active")),
        (Attempt::Right, None) | (Attempt::Wrong, _) => {
            Err(Error::new(Code::InvalidCredentials, "e-mail address or password is wrong"))
        }
    }
}

//! Wrong passwords in a row, and the lock that follows. They are counted for accounts in the database, and for email
//! addresses without an account in memory: a stranger must not see which of the two an address is.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::{ExpressionMethods, QueryDsl, insert_into, update};
use diesel_async::RunQueryDsl;
use moka::{Entry, ops::compute::Op, sync::Cache};
use uuid::Uuid;

use crate::{
    kernel::{
        Result,
        db::{Scope, prepared},
    },
    schema::user_sign_ins,
};

/// Number of wrong passwords in a row that lock an account.
const MOST_FAILURES: i16 = 5;
/// Time for which a locked account refuses every password.
const LOCKED_FOR: TimeDelta = TimeDelta::minutes(15);

/// Wrong passwords in a row.
#[derive(Debug, Clone, Copy, Default)]
pub struct Failures {
    pub count: i16,
    pub locked_until: Option<DateTime<Utc>>,
}

/// Result of an attempt to sign in.
pub enum Attempt {
    Right,
    Wrong,
    Locked(DateTime<Utc>),
}

impl Failures {
    pub fn locked_at(self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.locked_until.filter(|until| *until > now)
    }

    /// Counts a password that was checked. Of many that are sent at once, those checked after the account was locked all
    /// fail, so that nobody learns whether one of them was right.
    fn count(self, right: bool, now: DateTime<Utc>) -> (Attempt, Self) {
        if let Some(until) = self.locked_at(now) {
            return (Attempt::Locked(until), self);
        }
        if right {
            return (Attempt::Right, Self::default());
        }
        let count = self.count.saturating_add(1);
        let after = if count >= MOST_FAILURES {
            Self { count: 0, locked_until: Some(now + LOCKED_FOR) }
        } else {
            Self { count, locked_until: None }
        };
        (Attempt::Wrong, after)
    }
}

/// Wrong passwords for email addresses that have no account.
#[derive(Debug, Clone)]
pub struct UnknownAddresses(Cache<String, Failures>);

impl Default for UnknownAddresses {
    fn default() -> Self {
        Self(Cache::builder().max_capacity(50_000).build())
    }
}

impl UnknownAddresses {
    pub fn failures(&self, email: &str) -> Failures {
        self.0.get(email).unwrap_or_default()
    }

    /// Counts a password for an address.
    pub fn count(&self, email: String, now: DateTime<Utc>) -> Attempt {
        let mut attempt = Attempt::Wrong;
        self.0.entry(email).and_compute_with(|entry| {
            let (counted, failures) = entry.map(Entry::into_value).unwrap_or_default().count(false, now);
            attempt = counted;
            Op::Put(failures)
        });
        attempt
    }
}

/// Counts a checked password on its account, one after the other.
pub async fn count(scope: &Scope, user_id: Uuid, right: bool, now: DateTime<Utc>) -> Result<Attempt> {
    let tx = scope.tx().await?;
    // A row that does not exist cannot be locked.
    let first = insert_into(user_sign_ins::table).values(user_sign_ins::user_id.eq(user_id)).on_conflict_do_nothing();
    first.execute(&mut tx.conn()?).await?;
    let columns = (user_sign_ins::failed_sign_ins, user_sign_ins::locked_until);
    let row = user_sign_ins::table.find(user_id).for_update().select(columns);
    let (count, locked_until) = row.first::<(i16, Option<DateTime<Utc>>)>(&mut tx.conn()?).await?;
    let (attempt, after) = Failures { count, locked_until }.count(right, now);
    if !matches!(attempt, Attempt::Locked(_)) {
        let changes =
            (user_sign_ins::failed_sign_ins.eq(after.count), user_sign_ins::locked_until.eq(after.locked_until));
        prepared(update(user_sign_ins::table.find(user_id)).set(changes)).execute(&mut tx.conn()?).await?;
    }
    Ok(attempt)
}

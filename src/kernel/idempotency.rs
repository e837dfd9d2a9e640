//! Idempotency: the first answer to a mutation with a key is stored, encrypted, in the transaction of the mutation, and
//! repeated when the same user sends the same key and the same operation within a day.

use chrono::{TimeDelta, Utc};
use diesel::{ExpressionMethods, Insertable, OptionalExtension, QueryDsl, delete, insert_into, update};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::{
    Code, Error, Result,
    db::{Scope, prepared},
    secrets::{KeyRing, Place},
};
use crate::schema::idempotency_keys::{self as keys, table};

/// How long an answer is stored.
pub const LIFETIME: TimeDelta = TimeDelta::hours(24);

/// The key that a field of a mutation runs under.
#[derive(Debug, Clone)]
pub struct Key {
    pub user_id: Uuid,
    /// As sent, with the position of the field in its operation.
    pub key: String,
    /// Hash of the operation, its variables, and the clinic, role and permissions of the user.
    pub request_hash: [u8; 32],
}

#[derive(Debug, Insertable)]
#[diesel(table_name = keys, treat_none_as_default_value = false)]
struct NewKey<'a> {
    user_id: Uuid,
    key: &'a str,
    request_hash: &'a [u8],
    expires_at: chrono::DateTime<Utc>,
}

impl Key {
    fn row(&self) -> String {
        format!("{}:{}", self.user_id, self.key)
    }

    /// Claims the key for this transaction, or returns the answer stored under it. A duplicate that still runs is waited
    /// for: the unique constraint blocks until its transaction ends.
    pub async fn claim(&self, scope: &Scope, ring: &KeyRing, now: chrono::DateTime<Utc>) -> Result<Option<Vec<u8>>> {
        let tx = scope.tx().await?;
        let mut conn = tx.conn()?;
        let mine = table.find((self.user_id, &self.key));
        delete(mine.filter(keys::expires_at.le(now))).execute(&mut conn).await?;
        let new = NewKey {
            user_id: self.user_id,
            key: &self.key,
            request_hash: &self.request_hash,
            expires_at: now + LIFETIME,
        };
        let claimed = insert_into(table).values(new).on_conflict_do_nothing().execute(&mut conn).await?;
        if claimed == 1 {
            return Ok(None);
        }
        let earlier = mine
            .select((keys::request_hash, keys::response))
            .first::<(Vec<u8>, Option<Vec<u8>>)>(&mut conn)
            .await
            .optional()?;
        match earlier {
            Some((hash, Some(sealed))) if hash == self.request_hash => {
                ring.open(self.place(&self.row()), &sealed).map(Some)
            }
            Some((hash, _)) if hash != self.request_hash => Err(Error::new(
                Code::IdempotencyConflict,
                "this idempotency key was used with another request; please use a new one",
            )),
            _ => Err(Error::unavailable("an idempotency key without an answer")),
        }
    }

    /// Stores the answer.
    pub async fn store(&self, scope: &Scope, ring: &KeyRing, answer: &[u8]) -> Result<()> {
        let sealed = ring.seal(self.place(&self.row()), answer)?;
        let tx = scope.tx().await?;
        prepared(update(table.find((self.user_id, &self.key))).set(keys::response.eq(sealed)))
            .execute(&mut tx.conn()?)
            .await?;
        Ok(())
    }

    fn place<'a>(&self, row: &'a str) -> Place<'a> {
        Place { table: "idempotency_keys", column: "response", row }
    }
}

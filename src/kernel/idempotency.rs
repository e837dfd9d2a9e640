//! Idempotency: the first answer to a keyed mutation is kept, sealed, in the transaction that it answers for, and given
//! again to whoever sends the same key and the same operation within a day.

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

const KEPT: TimeDelta = TimeDelta::hours(24);

/// A key that a mutation came with.
#[derive(Debug, Clone)]
pub struct Key {
    pub user_id: Uuid,
    /// As sent, with the place of the field in its operation.
    pub key: String,
    /// Of what was asked.
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

    /// Takes the key for this transaction; the earlier answer when there is one. A twin that is under way is waited
    /// for: the unique key holds us until it has ended.
    pub async fn take(&self, scope: &Scope, ring: &KeyRing, now: chrono::DateTime<Utc>) -> Result<Option<Vec<u8>>> {
        let tx = scope.tx().await?;
        let mut conn = tx.conn()?;
        let mine = table.find((self.user_id, &self.key));
        delete(mine.filter(keys::expires_at.le(now))).execute(&mut conn).await?;
        let new =
            NewKey { user_id: self.user_id, key: &self.key, request_hash: &self.request_hash, expires_at: now + KEPT };
        let taken = insert_into(table).values(new).on_conflict_do_nothing().execute(&mut conn).await?;
        if taken == 1 {
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
                "this idempotency key was used with another input; please take a new one",
            )),
            _ => Err(Error::unavailable("an idempotency key without an answer")),
        }
    }

    /// Keeps the answer.
    pub async fn keep(&self, scope: &Scope, ring: &KeyRing, answer: &[u8]) -> Result<()> {
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

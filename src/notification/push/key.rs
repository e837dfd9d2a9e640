//! The key by which push services know this server (RFC 8292). It is made once and stored sealed: with another one, no
//! browser's subscription would work any more.

use std::sync::Arc;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use diesel::{
    OptionalExtension, QueryableByName, sql_query,
    sql_types::{Binary, Text},
};
use diesel_async::RunQueryDsl;
use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair},
};
use serde_json::json;
use tokio::sync::OnceCell;

use crate::kernel::{
    Error, Result,
    db::{Database, Scope},
    secrets::{KeyRing, Place},
};

const NAME: &str = "web_push";
const PLACE: Place<'static> = Place { table: "server_keys", column: "sealed", row: NAME };
/// How long a push service accepts an authorization; a day at most.
const VALID: TimeDelta = TimeDelta::hours(12);

pub struct ServerKey {
    database: Database,
    ring: Arc<KeyRing>,
    key: OnceCell<EcdsaKeyPair>,
}

#[derive(QueryableByName)]
struct Stored {
    #[diesel(sql_type = Binary)]
    sealed: Vec<u8>,
}

impl ServerKey {
    pub fn new(database: Database, ring: Arc<KeyRing>) -> Self {
        Self { database, ring, key: OnceCell::new() }
    }

    /// The public half, as browsers take it.
    pub async fn public(&self) -> Result<String> {
        Ok(URL_SAFE_NO_PAD.encode(self.key().await?.public_key()))
    }

    /// The header by which a push service knows who sends.
    pub async fn authorization(&self, audience: &str, contact: &str, now: DateTime<Utc>) -> Result<String> {
        let key = self.key().await?;
        let head = json!({ "typ": "JWT", "alg": "ES256" }).to_string();
        let claims = json!({ "aud": audience, "exp": (now + VALID).timestamp(), "sub": contact }).to_string();
        let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(head), URL_SAFE_NO_PAD.encode(claims));
        let signature = key.sign(&SystemRandom::new(), signed.as_bytes());
        let signature = signature.map_err(|_| Error::internal("the key of push messages does not sign"))?;
        let public = URL_SAFE_NO_PAD.encode(key.public_key());
        Ok(format!("vapid t={signed}.{}, k={public}", URL_SAFE_NO_PAD.encode(signature)))
    }

    async fn key(&self) -> Result<&EcdsaKeyPair> {
        self.key.get_or_try_init(async || self.load().await).await
    }

    async fn load(&self) -> Result<EcdsaKeyPair> {
        let sealed = self.database.as_system(None, async |scope| self.load_or_make(scope).await).await?;
        let pkcs8 = self.ring.open(PLACE, &sealed)?;
        EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &pkcs8, &SystemRandom::new())
            .map_err(|error| Error::internal(format!("the key of push messages: {error}")))
    }

    /// The sealed key. Of several servers that make one at the same time, one is first.
    async fn load_or_make(&self, scope: &Scope) -> Result<Vec<u8>> {
        let tx = scope.tx().await?;
        let stored = || sql_query("select sealed from private.server_keys where name = $1").bind::<Text, _>(NAME);
        if let Some(stored) = stored().get_result::<Stored>(&mut tx.conn()?).await.optional()? {
            return Ok(stored.sealed);
        }
        let made = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new());
        let made = made.map_err(|_| Error::internal("no key for push messages could be made"))?;
        let sealed = self.ring.seal(PLACE, made.as_ref())?;
        sql_query("insert into private.server_keys (name, sealed) values ($1, $2) on conflict do nothing")
            .bind::<Text, _>(NAME)
            .bind::<Binary, _>(sealed)
            .execute(&mut tx.conn()?)
            .await?;
        Ok(stored().get_result::<Stored>(&mut tx.conn()?).await?.sealed)
    }
}

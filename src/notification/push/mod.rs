//! Push messages to browsers (RFC 8030, 8291, 8292), over the push service of each browser's maker, who cannot read them.

mod encrypt;
mod key;
mod subscription;

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use diesel::{ExpressionMethods, QueryDsl};
use diesel_async::RunQueryDsl;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use serde_json::json;
use url::Url;
use uuid::Uuid;

use self::key::ServerKey;
pub use self::subscription::{PushMutation, PushQuery, PushSubscription};
use super::{
    compose::Message,
    outside::{Accepted, Unsent},
};
use crate::{
    kernel::{
        Result,
        clock::Clock,
        db::{Database, Scope},
        secrets::KeyRing,
    },
    outbound::{Outbound, Reach, Request, Unsent as NotSent},
    schema::push_subscriptions as rows,
};

/// How long a push service keeps a message for a browser that is off, in seconds.
const KEPT_SECONDS: u32 = 24 * 3600;
/// Time for the answer of a push service.
const WITHIN: Duration = Duration::from_secs(15);

/// A browser of a user.
#[derive(Debug, Clone)]
pub struct Target {
    pub id: Uuid,
    pub endpoint: String,
    pub public_key: Vec<u8>,
    pub secret: Vec<u8>,
}

impl Target {
    pub async fn of_user(scope: &Scope, user: Uuid) -> Result<Vec<Self>> {
        let of_user = rows::table.filter(rows::user_id.eq(user)).order(rows::id).select((
            rows::id,
            rows::endpoint,
            rows::public_key,
            rows::secret,
        ));
        let found: Vec<(Uuid, String, Vec<u8>, Vec<u8>)> = of_user.load(&mut scope.tx().await?.conn()?).await?;
        let target = |(id, endpoint, public_key, secret)| Self { id, endpoint, public_key, secret };
        Ok(found.into_iter().map(target).collect())
    }
}

/// Sends push messages; clones share the key.
#[derive(Clone)]
pub struct Push(Arc<Parts>);

struct Parts {
    outbound: Outbound,
    key: ServerKey,
    clock: Clock,
    /// Whom a push service can write to: the address of this server.
    contact: Option<String>,
}

impl Push {
    #[must_use]
    pub fn new(
        outbound: Outbound,
        database: Database,
        ring: Arc<KeyRing>,
        clock: Clock,
        contact: Option<String>,
    ) -> Self {
        Self(Arc::new(Parts { outbound, key: ServerKey::new(database, ring), clock, contact }))
    }

    /// Whether the server knows the address that push services ask for.
    #[must_use]
    pub fn is_there(&self) -> bool {
        self.0.contact.is_some()
    }

    /// The server's public key, with which browsers subscribe.
    pub async fn public_key(&self) -> Result<String> {
        self.0.key.public().await
    }

    async fn check(&self, endpoint: &Url) -> Result<(), NotSent> {
        self.0.outbound.check(endpoint, Reach::Public).await
    }

    /// Sends a message to all browsers of somebody; also returns the browsers that do not exist any more.
    pub async fn send_all(
        &self,
        browsers: &[Target],
        message: &Message,
        is_urgent: bool,
    ) -> (Vec<Uuid>, Result<Accepted, Unsent>) {
        let payload = json!({ "title": message.sender_name, "body": message.text, "url": message.link }).to_string();
        let mut gone = Vec::new();
        let mut outcome = Err(Unsent::Refused("no browser takes push messages any more".to_owned()));
        for browser in browsers {
            match self.send(browser, payload.as_bytes(), is_urgent).await {
                Ok(true) => outcome = Ok(Accepted { provider_message_id: None }),
                Ok(false) => gone.push(browser.id),
                Err(unsent) if outcome.is_err() => outcome = Err(unsent),
                Err(_) => {}
            }
        }
        (gone, outcome)
    }

    /// Whether the browser still exists.
    async fn send(&self, browser: &Target, payload: &[u8], is_urgent: bool) -> Result<bool, Unsent> {
        let refused = |error: String| Unsent::Refused(error);
        let url = Url::parse(&browser.endpoint).map_err(|error| refused(error.to_string()))?;
        let body = encrypt::encrypt(&browser.public_key, &browser.secret, payload)
            .ok_or_else(|| refused("the keys of the browser are not valid".to_owned()))?;
        let authorization = self.authorization(&url, self.0.clock.now()).await;
        let authorization = authorization.map_err(|error| Unsent::Later(error.to_string()))?;
        let mut request = Request::new(Method::POST, url, Reach::Public);
        request.within = WITHIN;
        request.keep = 1024;
        request.headers = headers(&authorization, is_urgent).map_err(|error| refused(error.to_string()))?;
        request.body = body.into();
        let reply = match self.0.outbound.send(request).await {
            Ok(reply) => reply,
            Err(NotSent::Refused(refusal)) => return Err(refused(refusal.to_string())),
            Err(error) => return Err(Unsent::Later(error.to_string())),
        };
        match reply.status {
            status if status.is_success() => Ok(true),
            StatusCode::NOT_FOUND | StatusCode::GONE => Ok(false),
            status if status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error() => {
                Err(Unsent::Later(format!("the push service answered {status}")))
            }
            status => Err(refused(format!("the push service answered {status}"))),
        }
    }

    async fn authorization(&self, url: &Url, now: DateTime<Utc>) -> Result<String> {
        let contact = self.0.contact.as_deref().unwrap_or_default();
        self.0.key.authorization(&url.origin().ascii_serialization(), contact, now).await
    }
}

fn headers(authorization: &str, is_urgent: bool) -> Result<HeaderMap, header::InvalidHeaderValue> {
    let mut headers = HeaderMap::new();
    headers.insert(header::AUTHORIZATION, HeaderValue::try_from(authorization)?);
    headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("aes128gcm"));
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    headers.insert(HeaderName::from_static("ttl"), KEPT_SECONDS.into());
    let urgency = if is_urgent { "high" } else { "normal" };
    headers.insert(HeaderName::from_static("urgency"), HeaderValue::from_static(urgency));
    Ok(headers)
}

//! Calls of services: with the credentials of an integration, and with what can be said of how they ended.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;

use crate::{
    kernel::{Error, Result},
    outbound::{Outbound, Reach, Reply, Request, Unsent},
};

/// Time for a call; people wait for none of them.
const WITHIN: Duration = Duration::from_secs(20);

/// A call that is being made up.
pub struct Call(Request);

/// Why a call has no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoAnswer {
    /// Nothing was sent, and trying again makes sense.
    NotSent(String),
    /// Nothing was sent, as the address is not allowed.
    Refused(String),
    /// The service may have done what was asked.
    Unknown(String),
}

impl NoAnswer {
    #[must_use]
    pub fn reason(&self) -> &str {
        match self {
            Self::NotSent(reason) | Self::Refused(reason) | Self::Unknown(reason) => reason,
        }
    }
}

/// What a service answered.
#[derive(Debug)]
pub struct Answered {
    pub status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
    is_whole: bool,
}

impl Answered {
    /// The body as JSON; none if it is not, or not all of it came.
    #[must_use]
    pub fn json<T: DeserializeOwned>(&self) -> Option<T> {
        serde_json::from_slice(&self.body).ok().filter(|_| self.is_whole)
    }

    /// The number of seconds in a header.
    #[must_use]
    pub fn seconds(&self, header: &str) -> Option<u64> {
        self.headers.get(header)?.to_str().ok()?.trim().parse().ok()
    }
}

impl Call {
    /// To a path behind the base address of a service.
    pub fn new(method: Method, base: &str, path: &str, reach: Reach) -> Result<Self> {
        let url = format!("{}{path}", base.trim_end_matches('/'));
        let url = Url::parse(&url).map_err(|_| Error::internal("the address of a service is no URL"))?;
        Ok(Self(Request { within: WITHIN, ..Request::new(method, url, reach) }))
    }

    fn header(mut self, name: HeaderName, value: &str, is_secret: bool) -> Result<Self> {
        // Without the value, which may be a secret.
        let mut value =
            HeaderValue::try_from(value).map_err(|_| Error::internal(format!("{name} cannot have this value")))?;
        value.set_sensitive(is_secret);
        self.0.headers.insert(name, value);
        Ok(self)
    }

    pub fn with(self, name: &'static str, value: &str) -> Result<Self> {
        self.header(HeaderName::from_static(name), value, false)
    }

    pub fn bearer(self, token: &str) -> Result<Self> {
        self.header(header::AUTHORIZATION, &format!("Bearer {token}"), true)
    }

    pub fn basic(self, user: &str, password: &str) -> Result<Self> {
        let pair = STANDARD.encode(format!("{user}:{password}"));
        self.header(header::AUTHORIZATION, &format!("Basic {pair}"), true)
    }

    pub fn json(mut self, body: &Value) -> Result<Self> {
        self.0.body = serde_json::to_vec(body).map_err(Error::internal)?.into();
        self.header(header::CONTENT_TYPE, "application/json", false)
    }

    pub fn form(mut self, fields: &[(&str, &str)]) -> Result<Self> {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        self.0.body = body.into();
        self.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded", false)
    }

    /// Makes the call.
    pub async fn send(self, outbound: &Outbound) -> Result<Answered, NoAnswer> {
        let sent = outbound.send(self.0).await;
        sent.map(|Reply { status, headers, body, is_whole }| Answered { status, headers, body, is_whole }).map_err(
            |unsent| {
                let reason = unsent.to_string();
                match unsent {
                    Unsent::Refused(_) => NoAnswer::Refused(reason),
                    Unsent::NotResolved | Unsent::ConnectFailed(_) | Unsent::TlsFailed(_) => NoAnswer::NotSent(reason),
                    Unsent::TimedOut | Unsent::Broken => NoAnswer::Unknown(reason),
                }
            },
        )
    }
}

/// A setting or a secret fits into no request.
impl From<Error> for NoAnswer {
    fn from(error: Error) -> Self {
        tracing::error!(%error, cause = ?error.cause(), "a call could not be made up");
        Self::Refused("a setting or a secret of the integration cannot be used".to_owned())
    }
}

//! What is sent, and what comes of it.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use thiserror::Error;
use url::Url;

use super::guard::{Reach, Refusal};

/// A request to another server.
#[derive(Debug, Clone)]
pub struct Request {
    pub method: Method,
    pub url: Url,
    pub headers: HeaderMap,
    pub body: Bytes,
    /// Time for all of it, from looking up the address to the end of the answer.
    pub within: Duration,
    /// Bytes of the answer's body that are kept; the rest is not read.
    pub keep: usize,
    pub reach: Reach,
}

impl Request {
    /// Without headers and body, for 20 seconds, and with 64 KiB of the answer.
    #[must_use]
    pub fn new(method: Method, url: Url, reach: Reach) -> Self {
        Self {
            method,
            url,
            headers: HeaderMap::new(),
            body: Bytes::new(),
            within: Duration::from_secs(20),
            keep: 64 * 1024,
            reach,
        }
    }
}

/// The answer of the other server, whatever its status.
#[derive(Debug, Clone)]
pub struct Reply {
    pub status: StatusCode,
    pub headers: HeaderMap,
    /// The beginning of the body, as far as it is kept.
    pub body: Bytes,
    /// Whether this is all of the body: it was not too long, and it ended in time and without a break.
    pub is_whole: bool,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Unsent {
    /// Nothing was sent, as the address is not allowed.
    #[error("{0}")]
    Refused(#[from] Refusal),
    #[error("the name of the server was not found")]
    NotResolved,
    #[error("{0}")]
    ConnectFailed(&'static str),
    #[error("{0}")]
    TlsFailed(&'static str),
    /// The other server may have received the request.
    #[error("the server did not answer in time")]
    TimedOut,
    /// The other server may have received the request.
    #[error("the connection broke before the server had answered, or its answer was not HTTP")]
    Broken,
}

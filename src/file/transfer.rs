//! What uploads and downloads have in common: how long they may take, and how they are refused.

use std::time::Duration;

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde_json::json;
use tokio::time::Instant;

use crate::kernel::{Code, Error, links::BadLink};

/// Time that any transfer may take, and bytes a second of a large one.
const AT_LEAST: Duration = Duration::from_secs(60);
const BYTES_A_SECOND: u64 = 32 << 10;

/// How long a transfer may take.
#[derive(Debug, Clone, Copy)]
pub struct Pace(Instant);

impl Pace {
    /// For so many bytes, from now on.
    #[must_use]
    pub fn of(bytes: u64) -> Self {
        Self(Instant::now() + AT_LEAST + Duration::from_secs(bytes / BYTES_A_SECOND))
    }

    #[must_use]
    pub fn end(self) -> Instant {
        self.0
    }
}

/// A transfer that is refused.
#[derive(Debug)]
pub struct Refused {
    status: StatusCode,
    error: Error,
    /// Range that could be had, in the words of the header.
    range: Option<String>,
}

impl Refused {
    fn new(status: StatusCode, code: Code, message: impl Into<String>) -> Self {
        Self { status, error: Error::new(code, message), range: None }
    }

    /// The content is not what was agreed.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, Code::InvalidInput, message)
    }

    /// There is nothing at this address, or the caller may not know of it.
    pub fn unknown() -> Self {
        Self::new(StatusCode::NOT_FOUND, Code::NotFound, "there is no file at this address")
    }

    /// The upload has its content.
    pub fn used() -> Self {
        let message = "the content of this upload was received already; complete the upload, or begin another";
        Self::new(StatusCode::CONFLICT, Code::InvalidTransition, message)
    }

    pub fn busy() -> Self {
        let mut busy =
            Self::new(StatusCode::TOO_MANY_REQUESTS, Code::RateLimited, "too many transfers at once; please try again");
        busy.error = busy.error.retry_after(2);
        busy
    }

    pub fn slow() -> Self {
        Self::new(StatusCode::REQUEST_TIMEOUT, Code::Timeout, "the content took too long to arrive")
    }

    /// The file is not served.
    pub fn not_served(message: &str) -> Self {
        Self::new(StatusCode::CONFLICT, Code::InvalidTransition, message)
    }

    /// No byte of the range is in the file.
    pub fn beyond(size: u64) -> Self {
        let message = format!("the range is not within the {size} bytes of the file");
        let refused = Self::new(StatusCode::RANGE_NOT_SATISFIABLE, Code::InvalidInput, message);
        Self { range: Some(format!("bytes */{size}")), ..refused }
    }
}

impl From<BadLink> for Refused {
    fn from(link: BadLink) -> Self {
        match link {
            BadLink::Unknown => Self::unknown(),
            BadLink::Expired => Self::new(
                StatusCode::GONE,
                Code::NotFound,
                "this address has expired; read a new one from the API, or begin another upload",
            ),
        }
    }
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        let status = match error.code() {
            Code::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Code::RateLimited => StatusCode::TOO_MANY_REQUESTS,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self { status, error, range: None }
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let Self { status, error, range } = self;
        if let Some(cause) = error.cause() {
            tracing::error!(%error, %cause, "a transfer failed");
        }
        let body =
            json!({ "errors": [{ "message": error.message(), "extensions": { "code": error.code().as_str() } }] });
        let mut response = (status, axum::body::Body::from(body.to_string())).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some(seconds) = error.seconds_to_wait() {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        if let Some(Ok(range)) = range.map(HeaderValue::try_from) {
            headers.insert(header::CONTENT_RANGE, range);
        }
        response
    }
}

//! What becomes of a message that is sent: accepted, refused in one of several ways, and delivered or not.

use std::time::Duration;

use super::call::NoAnswer;
use crate::kernel::{Code, Error};

/// State of a message at the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DeliveryState {
    Queued,
    Sent,
    /// The service cannot find out whether it was delivered.
    Unknown,
    Delivered,
    Read,
    Failed,
}

impl DeliveryState {
    /// Whether this is news to somebody who knows of another state. Reports come in any order, and some never: states go
    /// forward, and a failure only replaces what is not delivered.
    #[must_use]
    pub fn supersedes(self, known: Self) -> bool {
        match (known, self) {
            (Self::Failed | Self::Delivered | Self::Read, Self::Failed) => false,
            (Self::Failed, _) => matches!(self, Self::Delivered | Self::Read),
            _ => self > known,
        }
    }
}

/// A message that the service has accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// Identifier of the message at the service.
    pub provider_id: String,
    pub state: DeliveryState,
}

/// Why a message was not sent. The texts are for people and have nothing of the message in them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SendFailure {
    /// It can never be sent so.
    Final { code: Option<String>, reason: String },
    /// The person does not want messages.
    OptedOut,
    /// The service takes a template only, since the person has not written for a day.
    NeedsTemplate,
    /// The same may work after a while; nothing was sent.
    TryAgain { after: Duration, reason: String },
    /// The integration does not work: report it with [`report_failure`](super::Integrations::report_failure).
    Broken { reason: String },
    /// It may have been sent. Sending it again could send it twice, since the service has no key for that; a report with its
    /// reference may tell.
    Unknown { reason: String },
}

impl SendFailure {
    #[must_use]
    pub fn reason(&self) -> &str {
        match self {
            Self::Final { reason, .. }
            | Self::TryAgain { reason, .. }
            | Self::Broken { reason }
            | Self::Unknown { reason } => reason,
            Self::OptedOut => "the person does not want messages",
            Self::NeedsTemplate => "the person has not written for a day, so only a template can be sent",
        }
    }

    pub(super) fn broken(reason: impl Into<String>) -> Self {
        Self::Broken { reason: reason.into() }
    }

    pub(super) fn try_again(seconds: u64, reason: impl Into<String>) -> Self {
        Self::TryAgain { after: Duration::from_secs(seconds), reason: reason.into() }
    }
}

impl From<NoAnswer> for SendFailure {
    fn from(answer: NoAnswer) -> Self {
        match answer {
            NoAnswer::NotSent(reason) => Self::try_again(30, reason),
            NoAnswer::Refused(reason) => Self::Broken { reason },
            NoAnswer::Unknown(reason) => Self::Unknown { reason },
        }
    }
}

/// Something is wrong with the integration itself, such as a credential that fits into no header.
impl From<Error> for SendFailure {
    fn from(error: Error) -> Self {
        tracing::error!(%error, cause = ?error.cause(), "a message could not be made up");
        Self::broken("a setting or a secret of the integration cannot be used")
    }
}

/// For an operation that needed the message sent.
impl From<SendFailure> for Error {
    fn from(failure: SendFailure) -> Self {
        let error = Self::new(Code::IntegrationFailed, format!("the message could not be sent: {}", failure.reason()));
        match failure {
            SendFailure::TryAgain { after, .. } => error.retry_after(after.as_secs()),
            _ => error,
        }
    }
}

/// The failure of an answer that says nothing but a status of the server's side.
pub(super) fn of_server(status: http::StatusCode, wait: Option<u64>) -> SendFailure {
    let reason = format!("the service answered {}", status.as_u16());
    match status.as_u16() {
        // Of these the service itself knows that it did nothing.
        500 | 503 => SendFailure::try_again(wait.unwrap_or(30), reason),
        _ => SendFailure::Unknown { reason },
    }
}

#[cfg(test)]
mod tests {
    use super::DeliveryState::{Delivered, Failed, Queued, Read, Sent, Unknown};

    #[test]
    fn states_go_forward_whatever_order_they_come_in() {
        for (known, news) in [
            (Queued, Sent),
            (Sent, Delivered),
            (Queued, Read),
            (Delivered, Read),
            (Sent, Unknown),
            (Unknown, Delivered),
            (Queued, Failed),
            (Sent, Failed),
            (Failed, Delivered),
        ] {
            assert!(news.supersedes(known), "{known:?} {news:?}");
        }
        for (known, late) in [
            (Sent, Sent),
            (Delivered, Sent),
            (Read, Delivered),
            (Delivered, Failed),
            (Read, Failed),
            (Failed, Sent),
            (Failed, Failed),
        ] {
            assert!(!late.supersedes(known), "{known:?} {late:?}");
        }
    }
}

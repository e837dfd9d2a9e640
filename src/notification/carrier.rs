//! What carries messages on a channel that each clinic sets up for itself. The module that knows the services behind it
//! implements this; notifications know neither.

use futures_util::future::BoxFuture;
use uuid::Uuid;

use super::outside::{Accepted, Unsent};
use crate::kernel::{Result, db::Scope};

/// A message that is to be carried.
#[derive(Debug, Clone)]
pub struct Carried {
    pub clinic: Uuid,
    /// Delivery of the notification, which receipts refer to.
    pub delivery: Uuid,
    /// Phone number in E.164 format.
    pub address: String,
    pub text: String,
    /// Language of the text.
    pub language: super::NotificationLanguage,
}

/// Carries messages for clinics.
pub trait Carrier: Send + Sync {
    /// Whether it can carry messages for a clinic.
    fn serves<'a>(&'a self, scope: &'a Scope, clinic: Uuid) -> BoxFuture<'a, Result<bool>>;

    /// Carries a message once.
    fn carry<'a>(&'a self, message: &'a Carried) -> BoxFuture<'a, Result<Accepted, Unsent>>;
}

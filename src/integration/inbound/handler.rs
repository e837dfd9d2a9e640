//! What other modules do with what came in. `entities.rs` lists their handlers, as it does their jobs.

use futures_util::future::BoxFuture;

use super::Inbound;
use crate::{
    clinic::Clinic,
    integration::{Integration, IntegrationKind},
    kernel::{Id, Result, db::Scope},
};

/// A part of a webhook, for handlers.
#[derive(Debug)]
pub struct Received {
    pub integration: Id<Integration>,
    pub kind: IntegrationKind,
    /// Clinic that it concerns: that of the integration; of what comes in for the platform, the clinic that the reference names or
    /// that has the number it is for. None if neither does.
    pub clinic: Option<Id<Clinic>>,
    /// The row that the message was sent for ([`Integrations::reference`](crate::integration::Integrations::reference)).
    pub reference: Option<uuid::Uuid>,
    pub content: Inbound,
}

/// What a module does with some of what comes in.
///
/// ```ignore
/// pub const FOLLOW_DELIVERY: InboundHandler = InboundHandler {
///     name: "follow_delivery",
///     wants: |content| matches!(content, Inbound::Status(_)),
///     handle: |scope, received| follow(scope, received).boxed(),
/// };
/// ```
pub struct InboundHandler {
    pub name: &'static str,
    pub wants: fn(&Inbound) -> bool,
    /// Works in the transaction that marks the part as handled, so that it takes effect once. For a webhook of a clinic the scope
    /// reaches the rows of that clinic alone; for one of the platform all rows, so every statement must name the clinic.
    pub handle: for<'a> fn(&'a Scope, &'a Received) -> BoxFuture<'a, Result<()>>,
}

impl std::fmt::Debug for InboundHandler {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("InboundHandler").field(&self.name).finish()
    }
}

/// The handlers of all modules, as a service of jobs.
#[derive(Debug, Clone, Default)]
pub struct InboundHandlers(pub Vec<&'static InboundHandler>);

//! Webhooks: events of a clinic that are sent to addresses of its choice, signed, in order, and again until they are accepted.
//!
//! An endpoint (`endpoint.rs`) has an owner, with whose rights its events are sent (`owner.rs`). The feed (`feed.rs`) records a
//! delivery (`delivery.rs`) for each event that an endpoint wants. The dispatcher (`dispatcher.rs`) claims what is due
//! (`queue.rs`), makes attempts (`attempt.rs`, `message.rs`, `secret.rs`) and notes what came of them (`health.rs`), with the time
//! of the next attempt (`retry.rs`). An endpoint that fails for days is disabled (`disable.rs`).

mod attempt;
mod delivery;
pub mod demo;
mod disable;
mod dispatcher;
mod endpoint;
mod events;
mod feed;
mod graph;
mod health;
mod inputs;
mod kinds;
mod message;
mod notice_kinds;
mod notices;
mod owner;
mod queue;
mod rates;
mod redeliver;
mod retry;
mod secret;
mod service;
mod upkeep;

pub use delivery::{
    WebhookAttempt, WebhookDelivery, WebhookDeliveryFilter, WebhookDeliveryOrder, WebhookDeliveryOrderField,
    WebhookDeliveryReason, WebhookDeliveryStatus,
};
pub use dispatcher::{Dispatcher, DispatcherSettings};
pub use endpoint::{
    WebhookDisabledReason, WebhookEndpoint, WebhookEndpointFilter, WebhookEndpointOrder, WebhookEndpointOrderField,
    WebhookEndpointStatus,
};
pub use events::WebhookEndpointEventKind;
pub use graph::{WebhookMutation, WebhookReads};
pub use notices::NOTICES;
pub use rates::RATES;
pub use service::{OwnersQueries, Pending, Webhooks};
pub use upkeep::JOBS;

/// Most deliveries that wait for one endpoint.
pub const MOST_WAITING: i64 = 10_000;

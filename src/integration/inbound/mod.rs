//! What services send: received and stored (`http.rs`, `receive.rs`), sealed and once, and then processed by a job
//! (`process.rs`), which gives each part to the handlers of other modules (`handler.rs`).

mod content;
mod graph;
mod handler;
mod http;
mod identify;
mod limits;
mod parse;
mod process;
mod receive;
mod refusals;
mod upkeep;
mod verify;
mod webhook;

pub use self::{
    content::{
        Arrived, Consent, DeliveryStatus, Inbound, InboundMessage, MessageContent, Part, ServiceEvent, unreadable,
    },
    graph::{InboundMutation, InboundReads},
    handler::{InboundHandler, InboundHandlers, Received},
    http::routes,
    process::Process,
    refusals::WebhookRefusals,
    upkeep::RemoveOld,
    webhook::{
        InboundWebhook, InboundWebhookFilter, InboundWebhookOrder, InboundWebhookOrderField, InboundWebhookStatus,
    },
};

//! Integrations with services outside: their settings and secrets, the clients that speak to them, and what they send.
//!
//! An integration belongs to a clinic, or to the platform and then serves the clinics that have none of its kind. Its row has the
//! settings of its kind (`settings/`), sealed secrets (`secrets.rs`) and a status that tests and failures change (`check.rs`,
//! `health.rs`). Other modules ask [`Integrations`] for the one that is in use ([`Integrations::active`]), send with its clients
//! (`sms/`, `whatsapp/`), and handle what comes in by webhooks (`inbound/`) with an [`InboundHandler`], which `entities.rs` lists.

mod active;
mod call;
mod carriers;
mod check;
mod delivery;
pub mod demo;
mod events;
mod graph;
mod health;
mod inbound;
mod inputs;
#[expect(clippy::module_inception, reason = "the module is named for its first entity")]
mod integration;
mod notice_kinds;
mod notices;
mod probe;
mod rates;
mod reference;
mod secrets;
mod service;
mod settings;
mod signature;
mod sms;
mod video_token;
mod webhook_address;
mod whatsapp;

use crate::jobs::{JobKind, Jobs, Schedule};

pub use self::{
    active::Active,
    carriers::{FOLLOW_CONSENT, FOLLOW_DELIVERY, SmsCarrier, WhatsAppCarrier},
    delivery::{DeliveryState, SendFailure, Sent},
    events::{IntegrationEventKind, IntegrationSubscription},
    graph::IntegrationMutation,
    inbound::{
        Consent, DeliveryStatus, Inbound, InboundHandler, InboundHandlers, InboundMessage, InboundMutation,
        InboundReads, InboundWebhook, InboundWebhookFilter, InboundWebhookOrder, InboundWebhookOrderField,
        InboundWebhookStatus, MessageContent, Received, ServiceEvent, WebhookRefusals, routes,
    },
    integration::{
        Integration, IntegrationFilter, IntegrationKind, IntegrationOrder, IntegrationOrderField, IntegrationReads,
        IntegrationStatus,
    },
    notices::NOTICES,
    rates::RATES,
    secrets::{IntegrationSecret, SecretName, Secrets},
    service::Integrations,
    settings::{
        CalComSettings, LanguageModelSettings, OscarEmrSettings, OscarProtocol, PaystackSettings, RetellSettings,
        Settings, SmsProvider, SmsSettings, StripeSettings, VapiAuthentication, VapiSettings, VideoProvider,
        VideoSettings, WhatsAppSettings,
    },
    signature::{Refused, Scheme, Signed, SignedByStandard, is_ed25519_key},
    sms::SmsMessage,
    whatsapp::{Button, Recipient, WhatsAppContent, WhatsAppMessage},
};

pub const JOBS: Jobs = Jobs {
    kinds: &[
        JobKind::of::<check::Check>(),
        JobKind::of::<check::CheckFailed>(),
        JobKind::of::<inbound::Process>(),
        JobKind::of::<inbound::RemoveOld>(),
    ],
    schedules: &[Schedule::every_minutes::<check::CheckFailed>(30), Schedule::every_minutes::<inbound::RemoveOld>(360)],
    starters: &[],
};

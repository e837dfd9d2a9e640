//! The lists of entities, of topics, of the rates of operations, of jobs, of exports and of kinds of notifications, with one line
//! for each.

use crate::{
    access, audit, clinic,
    export::{self, Exporter},
    external, file,
    integration::{self, InboundHandlers},
    jobs,
    kernel::{
        entity::{Def, Entity},
        events::{EventKind, Topic},
        rate::OperationRates,
    },
    notification, provider, server_info, support, webhook,
};

/// Every entity, for look-ups by an id of any kind and for the tests that hold for all of them.
#[must_use]
pub fn entities() -> [&'static Def; 26] {
    [
        clinic::ClinicNetwork::def(),
        clinic::Clinic::def(),
        clinic::ClinicConfig::def(),
        clinic::ClinicHours::def(),
        clinic::ClinicClosure::def(),
        provider::Provider::def(),
        access::User::def(),
        access::Membership::def(),
        support::Ticket::def(),
        support::TicketMessage::def(),
        file::File::def(),
        file::FileUpload::def(),
        notification::Notification::def(),
        notification::NotificationDelivery::def(),
        notification::NotificationTemplate::def(),
        notification::ContactConsent::def(),
        notification::PushSubscription::def(),
        audit::AuditEvent::def(),
        jobs::Job::def(),
        export::ExportJob::def(),
        external::ExternalReference::def(),
        webhook::WebhookEndpoint::def(),
        webhook::WebhookDelivery::def(),
        integration::Integration::def(),
        integration::InboundWebhook::def(),
        integration::WebhookRefusals::def(),
    ]
}

/// Every topic, for the activity of a clinic and for the tests that hold for all of them.
#[must_use]
pub fn topics() -> [&'static Topic; 10] {
    [
        clinic::ClinicEventKind::TOPIC,
        clinic::ClinicConfigEventKind::TOPIC,
        clinic::ClinicClosureEventKind::TOPIC,
        support::TicketEventKind::TOPIC,
        support::TicketMessageEventKind::TOPIC,
        notification::NotificationEventKind::TOPIC,
        jobs::JobEventKind::TOPIC,
        export::ExportEventKind::TOPIC,
        webhook::WebhookEndpointEventKind::TOPIC,
        integration::IntegrationEventKind::TOPIC,
    ]
}

/// Every operation that has a rate of its own, or that callers who are not signed in may use.
#[must_use]
pub fn operation_rates() -> Vec<OperationRates> {
    [
        &access::RATES[..],
        &server_info::RATES,
        &support::RATES,
        &file::RATES,
        &export::RATES,
        &webhook::RATES,
        &integration::RATES,
    ]
    .concat()
}

/// What the modules declare of their jobs, for workers.
#[must_use]
pub fn jobs() -> [&'static jobs::Jobs; 6] {
    [&jobs::JOBS, &support::JOBS, &notification::JOBS, &export::JOBS, &webhook::JOBS, &integration::JOBS]
}

/// What the modules declare of their notifications.
#[must_use]
pub fn notices() -> notification::Notices {
    notification::Notices::new([support::NOTICES, export::NOTICES, webhook::NOTICES, integration::NOTICES].concat())
}

/// Every kind of export.
#[must_use]
pub fn exporters() -> [Exporter; 3] {
    [
        Exporter::of::<support::TicketExport>(),
        Exporter::of::<support::TicketMessageExport>(),
        Exporter::of::<audit::AuditEventExport>(),
    ]
}

/// What the modules do with what services send.
#[must_use]
pub fn inbound_handlers() -> InboundHandlers {
    InboundHandlers(vec![&integration::FOLLOW_DELIVERY, &integration::FOLLOW_CONSENT])
}

//! The list of entities, a line each.

use crate::{
    access, audit, clinic,
    kernel::entity::{Def, Entity},
    notification, provider, support,
};

/// Every entity, for look-ups by an id of any kind and for the tests that hold for all of them.
#[must_use]
pub fn entities() -> [&'static Def; 12] {
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
        notification::Notification::def(),
        audit::AuditEvent::def(),
    ]
}

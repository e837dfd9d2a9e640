//! The list of entities, a line each.

use crate::{
    access, clinic,
    kernel::entity::{Def, Entity},
    notification, support,
};

/// Every entity, for look-ups by an id of any kind and for the tests that hold for all of them.
#[must_use]
pub fn entities() -> [&'static Def; 7] {
    [
        clinic::ClinicNetwork::def(),
        clinic::Clinic::def(),
        access::User::def(),
        access::Membership::def(),
        support::SupportTicket::def(),
        support::TicketMessage::def(),
        notification::Notification::def(),
    ]
}

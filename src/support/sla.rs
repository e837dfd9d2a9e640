//! Due dates of tickets by priority.

use chrono::{DateTime, TimeDelta, Utc};

use super::TicketPriority;

/// Times by which a ticket should be answered and resolved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DueDates {
    pub first_response: DateTime<Utc>,
    pub resolution: DateTime<Utc>,
}

impl DueDates {
    /// Counted from the opening of the ticket.
    #[must_use]
    pub fn of(priority: TicketPriority, opened: DateTime<Utc>) -> Self {
        let (first_response, resolution) = match priority {
            TicketPriority::Urgent => (1, 8),
            TicketPriority::High => (4, 24),
            TicketPriority::Medium => (8, 72),
            TicketPriority::Low => (24, 168),
        };
        Self {
            first_response: opened + TimeDelta::hours(first_response),
            resolution: opened + TimeDelta::hours(resolution),
        }
    }
}

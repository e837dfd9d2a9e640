//! What is due when, by priority. A pure rule.

use chrono::{DateTime, TimeDelta, Utc};

use super::TicketPriority;

/// By when a ticket is to be answered and solved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    pub first_response: DateTime<Utc>,
    pub resolution: DateTime<Utc>,
}

impl Due {
    /// Counted from the opening.
    #[must_use]
    pub fn of(priority: TicketPriority, opened: DateTime<Utc>) -> Self {
        let (first, whole) = match priority {
            TicketPriority::Urgent => (1, 8),
            TicketPriority::High => (4, 24),
            TicketPriority::Medium => (8, 72),
            TicketPriority::Low => (24, 168),
        };
        Self { first_response: opened + TimeDelta::hours(first), resolution: opened + TimeDelta::hours(whole) }
    }
}

//! What a caller may do with a ticket: mutations enforce these rules, and the ticket's own fields report them.

use super::TicketStatus;
use crate::kernel::{Actor, Permission, write::State};

impl TicketStatus {
    /// The permission that it takes to move a ticket to this status.
    #[must_use]
    pub fn permission(self) -> Permission {
        match self {
            Self::Closed => Permission::TicketsWrite,
            Self::Open | Self::InProgress | Self::Waiting | Self::Resolved => Permission::TicketsManage,
        }
    }

    /// The statuses to which this caller may move a ticket from here.
    #[must_use]
    pub fn next_for(self, actor: &Actor) -> Vec<Self> {
        self.next().iter().copied().filter(|next| actor.may(next.permission())).collect()
    }

    /// Whether a ticket in this status takes replies that its clinic sees.
    #[must_use]
    pub fn takes_replies(self) -> bool {
        self != Self::Closed
    }
}

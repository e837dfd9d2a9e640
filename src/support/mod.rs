//! Support: tickets that a clinic raises and the platform answers, and what is said on them. Other rooms use
//! [`Ticket`] as an edge.

mod events;
mod graph;
mod message;
mod sla;
mod ticket;

pub use events::{SupportSubscription, TicketEventKind, TicketMessageEventKind};
pub use graph::{SupportMutation, SupportReads};
pub use message::TicketMessage;
pub use ticket::{Ticket, TicketFilter, TicketOrder, TicketOrderField, TicketPriority, TicketStatus};

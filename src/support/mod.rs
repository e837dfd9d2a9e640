//! Support: tickets that a clinic raises and the platform answers, and what is said on them. Other rooms use
//! [`Ticket`] as an edge.

mod ability;
mod graph;
mod message;
mod sla;
mod ticket;

pub use graph::{SupportMutation, SupportReads};
pub use message::TicketMessage;
pub use ticket::{Ticket, TicketCounts, TicketFilter, TicketOrder, TicketOrderField, TicketPriority, TicketStatus};

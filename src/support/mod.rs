//! Support: tickets that a clinic raises and the platform answers, and what is said on them. Other rooms use
//! [`SupportTicket`] as an edge.

mod graph;
mod message;
mod sla;
mod ticket;

pub use graph::{SupportMutation, SupportReads};
pub use message::TicketMessage;
pub use ticket::{SupportTicket, TicketFilter, TicketOrder, TicketOrderField, TicketPriority, TicketStatus};

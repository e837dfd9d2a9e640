//! Support: tickets that clinics open and the platform answers, and the messages on them.
//!
//! Other modules use [`Ticket`] and [`TicketMessage`] as edges.

pub mod demo;
mod graph;
mod message;
mod notices;
mod sla;
mod ticket;

pub use graph::{SupportMutation, SupportReads};
pub use message::TicketMessage;
pub use ticket::{Ticket, TicketFilter, TicketOrder, TicketOrderField, TicketPriority, TicketStatus};

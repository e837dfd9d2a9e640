//! Support: tickets that clinics open and the platform answers, and the messages on them.
//!
//! Other modules use [`Ticket`] and [`TicketMessage`] as edges.

mod ability;
mod deadlines;
pub mod demo;
mod desk;
mod events;
mod export;
mod graph;
mod message;
mod notice_kinds;
mod notices;
mod rates;
mod sla;
mod ticket;

pub use deadlines::{JOBS, WatchTickets};
pub use desk::SupportDeskQuery;
pub use events::{SupportSubscription, TicketEventKind, TicketMessageEventKind};
pub use export::{SupportExportMutation, TicketExport, TicketMessageExport};
pub use graph::{SupportMutation, SupportReads};
pub use message::TicketMessage;
pub use notices::NOTICES;
pub use rates::RATES;
pub use ticket::{Ticket, TicketCounts, TicketFilter, TicketOrder, TicketOrderField, TicketPriority, TicketStatus};

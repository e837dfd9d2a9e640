//! The audit trail, as administrators read it.

pub mod cases;
mod events;

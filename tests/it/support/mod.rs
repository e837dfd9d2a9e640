//! Support tickets: what a clinic and the platform can do with them, and what neither sees of the other.

mod assign;
pub mod cases;
mod changed;
mod deadlines;
mod desk;
mod internal_notes;
mod lists;
mod open;
mod person;
mod reply;
mod rights;
mod status;
mod trail;

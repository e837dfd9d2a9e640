//! Clinics, the tenants, and the networks they belong to; how a clinic wants to be run, when it is open and when not.
//! Other rooms use [`Clinic`] as an edge, and [`resolve_clinic`] to learn which clinic an operation is about.

#[expect(clippy::module_inception, reason = "the room is named for its first entity")]
mod clinic;
mod closure;
mod config;
mod events;
mod graph;
mod hours;
mod network;

pub use clinic::{Clinic, ClinicFilter, ClinicLists, ClinicOrder, ClinicQuery, ClinicStatus, resolve_clinic};
pub use closure::ClinicClosure;
pub use config::{ClinicConfig, Greeting};
pub use events::ClinicConfigEventKind;
pub use graph::ClinicMutation;
pub use hours::ClinicHours;
pub use network::ClinicNetwork;

//! Clinics, which are the tenants, and their networks; a clinic's logo, configuration, opening hours and closures.
//!
//! Other modules use [`Clinic`] as an edge, and [`ActingClinic`] in the inputs of their mutations.

mod acting_clinic;
#[expect(clippy::module_inception, reason = "the module is named for its first entity")]
mod clinic;
mod closure;
mod config;
pub mod demo;
mod events;
mod graph;
mod hours;
mod logo;
mod network;

pub use acting_clinic::ActingClinic;
pub use clinic::{Clinic, ClinicFilter, ClinicOrder, ClinicStatus};
pub use closure::ClinicClosure;
pub use config::{ClinicConfig, Greeting};
pub use events::{ClinicClosureEventKind, ClinicConfigEventKind, ClinicEventKind};
pub use graph::{ClinicMutation, ClinicQuery, ClinicReads};
pub use hours::ClinicHours;
pub use logo::ClinicLogoMutation;
pub use network::ClinicNetwork;

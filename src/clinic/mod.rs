//! Clinics, the tenants, and the networks they belong to. Other rooms use [`Clinic`] as an edge.

#[expect(clippy::module_inception, reason = "the room is named for its first entity")]
mod clinic;
mod network;

pub use clinic::{Clinic, ClinicFilter, ClinicLists, ClinicOrder, ClinicQuery, ClinicStatus};
pub use network::ClinicNetwork;

//! Clinics, the tenants, and the networks they belong to. Other rooms use [`Clinic`] as an edge.

mod clinic;
mod network;

pub use clinic::{Clinic, ClinicFilter, ClinicLists, ClinicOrder, ClinicQuery, ClinicStatus};
pub use network::ClinicNetwork;

//! Providers, who treat patients in a clinic.
//!
//! Other modules use [`Provider`] as an edge, and [`Provider::is_offered_by`] before they book one.

pub mod demo;
mod graph;
#[expect(clippy::module_inception, reason = "the module is named for its first entity")]
mod provider;

pub use graph::ProviderReads;
pub use provider::{ConsultationMode, Provider, ProviderStatus, Qualification, VerificationStatus};

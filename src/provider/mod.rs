//! Providers, who treat patients. Other modules use [`Provider`] as an edge.

pub mod demo;
#[expect(clippy::module_inception, reason = "the module is named for its first entity")]
mod provider;

pub use provider::{ConsultationMode, Provider, ProviderReads, ProviderStatus, Qualification, VerificationStatus};

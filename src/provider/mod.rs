//! Those who treat patients. Other rooms use [`Provider`] as an edge, and [`is_offered`] before they name one.

#[expect(clippy::module_inception, reason = "the room is named for its first entity")]
mod provider;

pub use provider::{
    ConsultationMode, Provider, ProviderReads, ProviderStatus, Qualification, VerificationStatus, is_offered,
};

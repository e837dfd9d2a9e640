//! Queries of providers.

use super::Provider;
use crate::queries;

queries! {
    /// Queries of providers.
    ProviderReads;
    one {
        /// Provider with this id. Null if there is none that the caller may see.
        provider: Provider,
    }
    list {
        /// Providers of the caller's clinic; for administrators of the platform, of all clinics.
        providers: Provider,
    }
}

//! Providers.

use clinigraph::{
    clinic::Clinic,
    kernel::{
        Id,
        write::{NoEvent, Stored},
    },
    provider::Provider,
    schema::providers,
};

use crate::clinic::TestClinic;

impl TestClinic<'_> {
    /// A provider of the clinic; returns their id as the API spells it.
    pub async fn provider(&self, first_name: &str, last_name: &str) -> String {
        let provider = Provider::new_in(Id::<Clinic>::from_uuid(self.id))
            .first_name(first_name)
            .last_name(last_name)
            .set(providers::currency, "CAD");
        self.app.as_system(async |scope| provider.insert(scope, NoEvent).await).await.to_string()
    }
}

//! Clinics.

use clinigraph::{
    clinic::{Clinic, ClinicStatus},
    kernel::{
        Id,
        text::{CurrencyCode, TimeZone},
        write::{NoEvent, Stored},
    },
};
use uuid::Uuid;

use crate::harness::TestApp;

/// A clinic of a test.
pub struct TestClinic<'a> {
    pub app: &'a TestApp,
    pub id: Uuid,
    pub slug: String,
}

impl TestClinic<'_> {
    /// The clinic's id as the API spells it.
    pub fn api_id(&self) -> String {
        Id::<Clinic>::from_uuid(self.id).to_string()
    }
}

impl TestApp {
    /// An active clinic.
    pub async fn clinic(&self, name: &str) -> TestClinic<'_> {
        let slug = format!("{}-{}", name.to_lowercase(), self.next());
        let clinic = Clinic::new_row()
            .name(name)
            .slug(slug.as_str())
            .timezone(TimeZone::new("America/Vancouver").unwrap())
            .currency(CurrencyCode::new("CAD").unwrap())
            .status(ClinicStatus::Active);
        let id = self.as_system(async |scope| clinic.insert(scope, NoEvent).await).await.uuid();
        TestClinic { app: self, id, slug }
    }

    /// A clinic that is there already.
    pub fn existing(&self, id: Uuid, slug: &str) -> TestClinic<'_> {
        TestClinic { app: self, id, slug: slug.to_owned() }
    }
}

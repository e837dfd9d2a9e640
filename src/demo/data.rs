//! Made-up clinics, people, providers and tickets: the same in every database. Loaded into an empty database only. The rows
//! are in `demo.rs` of their domains.

use diesel::QueryDsl;
use diesel_async::RunQueryDsl;

use crate::{
    access::{
        self, Passwords,
        demo::{DemoUser, USERS},
    },
    clinic::{self, demo::CLINICS},
    kernel::{
        Error, Result,
        actor::SystemRole,
        db::{Database, Scope},
        demo::Demo,
    },
    provider,
    schema::clinics,
    server::DemoPerson,
    support,
};

/// Password of everybody in the demo, which is public.
pub const PASSWORD: &str = "clinigraph demo";

/// The time at which the demo begins.
const NOON: &str = "2026-11-16T12:00:00Z";

/// Loads the demo data unless there is a clinic already, and returns who can sign in.
pub async fn load(database: &Database) -> Result<Vec<DemoPerson>> {
    let hash = Passwords::new(1, 1).hash(PASSWORD).await?;
    database
        .as_system(None, async |scope| {
            let tx = scope.tx().await?;
            if clinics::table.count().get_result::<i64>(&mut tx.conn()?).await? == 0 {
                fill(scope, &hash).await?;
                tracing::info!("demo data loaded");
            }
            Ok(())
        })
        .await?;
    Ok(USERS.iter().map(shown).collect())
}

async fn fill(scope: &Scope, password_hash: &str) -> Result<()> {
    let mut demo = Demo::new(NOON.parse().map_err(Error::internal)?);
    let clinics = clinic::demo::load(scope, &mut demo).await?;
    let users = access::demo::load(scope, &mut demo, &clinics, password_hash).await?;
    for clinic in &clinics {
        let first = provider::demo::load(scope, &mut demo, *clinic, &users).await?;
        clinic::demo::configure(scope, &mut demo, *clinic, first).await?;
    }
    clinic::demo::load_calendars(scope, &mut demo, &clinics).await?;
    support::demo::load(scope, &mut demo, &clinics, &users).await
}

/// A user, as the sign-in page shows them.
fn shown(user: &DemoUser) -> DemoPerson {
    let role = match (user.clinic, user.role) {
        (None, _) => "Platform administrator",
        (_, SystemRole::ClinicManager) => "Clinic manager",
        (_, SystemRole::Staff) => "Staff",
        (_, SystemRole::Clinician) => "Clinician",
        (_, SystemRole::Auditor) => "Auditor",
        (_, SystemRole::Patient) => "Patient",
        (_, SystemRole::ResearchPartner) => "Research partner",
    };
    let clinic = CLINICS.iter().find(|clinic| user.clinic == Some(clinic.slug));
    DemoPerson {
        label: format!("{} {}", user.first_name, user.last_name),
        email: user.email.to_owned(),
        password: PASSWORD.to_owned(),
        role: role.to_owned(),
        clinic: clinic.map(|clinic| clinic.name.to_owned()),
    }
}

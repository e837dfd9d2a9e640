//! Made-up clinics, people, providers and tickets: the same in every database. Loaded into an empty database only, which
//! is marked. The rows are in `demo.rs` of their domains.

use diesel::{QueryDsl, dsl::exists, select};
use diesel_async::RunQueryDsl;

use crate::{
    access::{
        self, Passwords,
        demo::{DemoUser, USERS},
    },
    clinic::{self, demo::CLINICS},
    export, external,
    file::{self, Files},
    integration,
    jobs::{self, Payload},
    kernel::{
        Code, Error, Result,
        actor::SystemRole,
        db::{
            Database, Scope,
            installation::{self, MadeUp},
        },
        demo::Demo,
    },
    notification, provider,
    schema::{clinics, users},
    server::DemoPerson,
    support::{self, WatchTickets},
    webhook::{self, Webhooks},
};

/// Password of everybody in the demo, which is public.
pub const PASSWORD: &str = "clinigraph demo";

/// The time at which the demo begins.
const NOON: &str = "2026-11-16T12:00:00Z";

/// Loads the demo data unless it is there, and returns who can sign in. A database with anybody else in it is refused: the
/// administrators of the demo would see them, and their password is public.
pub async fn load(database: &Database) -> Result<Vec<DemoPerson>> {
    let hash = Passwords::new(1, 1).hash(PASSWORD).await?;
    database
        .as_system(None, async |scope| {
            if installation::mark_in(scope).await? == Some(MadeUp::Demo) {
                return Ok(());
            }
            if has_others(scope).await? {
                return Err(Error::new(
                    Code::OperationNotAllowed,
                    "there are clinics or users in this database that are not the demo's, and anyone could sign in as \
                     administrators who see them. Serve it without --demo, or give the demo an empty database",
                ));
            }
            installation::mark(scope, MadeUp::Demo).await?;
            fill(scope, &hash).await?;
            tracing::info!("demo data loaded");
            Ok(())
        })
        .await?;
    Ok(USERS.iter().map(shown).collect())
}

/// Whether anything is there that the demo did not bring.
async fn has_others(scope: &Scope) -> Result<bool> {
    let tx = scope.tx().await?;
    let has_clinics: bool = select(exists(clinics::table.select(clinics::id))).get_result(&mut tx.conn()?).await?;
    let has_users: bool = select(exists(users::table.select(users::id))).get_result(&mut tx.conn()?).await?;
    Ok(has_clinics || has_users)
}

/// Loads the files of the demo unless they are there.
pub async fn load_files(files: &Files) -> Result<()> {
    file::demo::load(files, "acacia").await?;
    export::demo::load(files, "acacia").await
}

/// Loads the webhooks of the demo unless they are there.
pub async fn load_webhooks(database: &Database, webhooks: &Webhooks) -> Result<()> {
    webhook::demo::load(database, webhooks, &mut Demo::new(NOON.parse().map_err(Error::internal)?)).await
}

async fn fill(scope: &Scope, password_hash: &str) -> Result<()> {
    let mut demo = Demo::new(NOON.parse().map_err(Error::internal)?);
    let clinics = clinic::demo::load(scope, &mut demo).await?;
    let users = access::demo::load(scope, &mut demo, &clinics, password_hash).await?;
    let mut firsts = Vec::new();
    for clinic in &clinics {
        let first = provider::demo::load(scope, &mut demo, *clinic, &users).await?;
        clinic::demo::configure(scope, &mut demo, *clinic, first).await?;
        firsts.push((clinic.0, first));
    }
    clinic::demo::load_calendars(scope, &mut demo, &clinics).await?;
    support::demo::load(scope, &mut demo, &clinics, &users).await?;
    notification::demo::load(scope, &mut demo, &clinics).await?;
    integration::demo::load(scope, &mut demo, &clinics).await?;
    jobs::demo::load(scope, &mut demo, &clinics, WatchTickets::KIND).await?;
    external::demo::load(scope, &mut demo, &firsts).await
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

//! An app of one's own, served on a port of its own, and what a test puts into it.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use clinigraph::{
    access::{UserStatus, token_hash},
    app::{Reached, pipeline},
    clinic::ClinicStatus,
    kernel::{
        actor::SystemRole,
        clock::Clock,
        db::{self, Database, Scope},
        secrets::KeyRing,
    },
    live::Names,
    pipeline::{Limits, Operations, Rates, Settings},
    schema::{clinics, memberships, providers, sessions, users},
    server::{ServerConfig, serve},
};
use diesel::{ExpressionMethods, insert_into};
use diesel_async::RunQueryDsl;
use tokio::task::JoinHandle;
use uuid::Uuid;

use super::{
    Person,
    cluster::{KEYS, database},
};

/// An app with an empty database, reached over HTTP on loopback.
pub struct TestApp {
    pub address: SocketAddr,
    pub database: Database,
    pub clock: Clock,
    /// The app's database, as superuser: for what the API does not show.
    pub superuser_url: String,
    /// The same, as the server logs in.
    pub server_url: String,
    served: JoinHandle<()>,
    relaying: JoinHandle<()>,
    count: AtomicUsize,
}

/// A server on a database that is there.
pub struct Another {
    pub address: SocketAddr,
    pub database: Database,
    pub served: JoinHandle<()>,
    pub relaying: JoinHandle<()>,
}

impl Another {
    async fn on(reached: &Reached, settings: Settings, connections: usize, config: ServerConfig, clock: Clock) -> Self {
        let pipeline = pipeline(reached, settings, connections, clock).await.unwrap();
        let database = pipeline.database().clone();
        let relaying = tokio::spawn(clinigraph::live::relay(Arc::clone(pipeline.hub()), reached.server_url.clone()));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let served = tokio::spawn(async move {
            serve(listener, Arc::new(pipeline), config, std::future::pending()).await.unwrap();
        });
        Self { address, database, served, relaying }
    }

    /// Somebody of the other server, here.
    pub fn person(&self, person: &Person) -> Person {
        Person::new(self.address, person.token.clone(), person.user_id)
    }

    pub fn stop(self) {
        self.served.abort();
        self.relaying.abort();
        self.database.pools().close();
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        self.served.abort();
        self.relaying.abort();
        self.database.pools().close();
    }
}

/// How operations are run, unless a test says otherwise.
pub fn settings() -> Settings {
    Settings {
        limits: Limits::default(),
        rates: Rates { user: 0, anonymous: 0 },
        transport: ServerConfig::default().limits(),
        operations: Operations::default(),
        deadline: Duration::from_secs(10),
        development: true,
    }
}

/// How the apps of tests name events: all have the same keys.
pub fn names_of_events() -> Names {
    Names::new(&KeyRing::parse(KEYS).unwrap()).unwrap()
}

impl TestApp {
    pub async fn new() -> Self {
        Self::with(settings(), 4).await
    }

    pub async fn with(settings: Settings, connections: usize) -> Self {
        Self::served(settings, connections, ServerConfig::default()).await
    }

    /// With limits of the transports other than the usual ones.
    pub async fn served(settings: Settings, connections: usize, config: ServerConfig) -> Self {
        let settings = Settings { transport: config.limits(), ..settings };
        let superuser_url = database().await;
        let ring = Arc::new(KeyRing::parse(KEYS).unwrap());
        let prepared = db::prepare(&superuser_url, ring.root()).await.unwrap();
        let clock = Clock::default();
        let reached = Reached { embedded: None, server_url: prepared.server_url, ran: prepared.ran, ring };
        let Another { address, database, served, relaying } =
            Another::on(&reached, settings, connections, config, clock.clone()).await;
        Self {
            address,
            database,
            clock,
            superuser_url,
            server_url: reached.server_url,
            served,
            relaying,
            count: AtomicUsize::new(0),
        }
    }

    /// One more server on the same database, which shares nothing else with this one.
    pub async fn another(&self) -> Another {
        let ring = Arc::new(KeyRing::parse(KEYS).unwrap());
        let reached = Reached { embedded: None, server_url: self.server_url.clone(), ran: Vec::new(), ring };
        Another::on(&reached, settings(), 4, ServerConfig::default(), self.clock.clone()).await
    }

    fn next(&self) -> usize {
        self.count.fetch_add(1, Ordering::Relaxed)
    }

    /// Works on the database as the server itself.
    pub async fn as_system<T>(&self, work: impl AsyncFnOnce(&Scope) -> clinigraph::kernel::Result<T>) -> T {
        self.database.as_system(None, work).await.unwrap()
    }

    /// An active clinic.
    pub async fn clinic(&self, name: &str) -> TestClinic<'_> {
        let id = Uuid::now_v7();
        let slug = format!("{}-{}", name.to_lowercase(), self.next());
        self.as_system(async |scope| {
            let tx = scope.tx().await?;
            let clinic = (
                clinics::id.eq(id),
                clinics::name.eq(name),
                clinics::slug.eq(&slug),
                clinics::timezone.eq("America/Vancouver"),
                clinics::currency.eq("CAD"),
                clinics::status.eq(ClinicStatus::Active),
            );
            insert_into(clinics::table).values(clinic).execute(&mut tx.conn()?).await?;
            Ok(())
        })
        .await;
        TestClinic { app: self, id, slug }
    }

    /// A clinic that is there already.
    pub fn existing(&self, id: Uuid, slug: &str) -> TestClinic<'_> {
        TestClinic { app: self, id, slug: slug.to_owned() }
    }

    /// Somebody nobody knows.
    pub fn nobody(&self) -> Person {
        Person::new(self.address, None, Uuid::nil())
    }

    /// A platform administrator, signed in.
    pub async fn administrator(&self) -> Person {
        let user = self.user("Ada", true).await;
        self.signed_in(user, None).await
    }

    /// An active user, with no membership as yet.
    pub async fn user(&self, first_name: &str, is_platform_admin: bool) -> Uuid {
        let id = Uuid::now_v7();
        let email = format!("{}-{}@people.example", first_name.to_lowercase(), self.next());
        self.as_system(async |scope| {
            let tx = scope.tx().await?;
            let user = (
                users::id.eq(id),
                users::email.eq(&email),
                users::first_name.eq(first_name),
                users::last_name.eq("Tester"),
                users::status.eq(UserStatus::Active),
                users::is_platform_admin.eq(is_platform_admin),
            );
            insert_into(users::table).values(user).execute(&mut tx.conn()?).await?;
            Ok(())
        })
        .await;
        id
    }

    /// A session for a user, acting in a clinic.
    pub async fn signed_in(&self, user: Uuid, clinic: Option<Uuid>) -> Person {
        let token = format!("test_{}", Uuid::now_v7());
        let expires = self.clock.now() + chrono::TimeDelta::days(1);
        self.as_system(async |scope| {
            let tx = scope.tx().await?;
            let session = (
                sessions::id.eq(Uuid::now_v7()),
                sessions::user_id.eq(user),
                sessions::token_hash.eq(token_hash(&token).to_vec()),
                sessions::acting_clinic_id.eq(clinic),
                sessions::expires_at.eq(expires),
            );
            insert_into(sessions::table).values(session).execute(&mut tx.conn()?).await?;
            Ok(())
        })
        .await;
        Person::new(self.address, Some(token), user)
    }
}

/// A clinic of a test.
pub struct TestClinic<'a> {
    app: &'a TestApp,
    pub id: Uuid,
    pub slug: String,
}

impl TestClinic<'_> {
    /// The clinic's id as the API spells it.
    pub fn api_id(&self) -> String {
        clinigraph::kernel::Id::<clinigraph::clinic::Clinic>::from_uuid(self.id).to_string()
    }

    /// Somebody new who belongs to the clinic, signed in.
    pub async fn person(&self, role: SystemRole) -> Person {
        let user = self.app.user(&format!("{role:?}"), false).await;
        self.join(user, role).await;
        self.app.signed_in(user, Some(self.id)).await
    }

    /// A provider of the clinic; returns their id as the API spells it.
    pub async fn provider(&self, first_name: &str, last_name: &str) -> String {
        let id = Uuid::now_v7();
        self.app
            .as_system(async |scope| {
                let tx = scope.tx().await?;
                let provider = (
                    providers::id.eq(id),
                    providers::clinic_id.eq(self.id),
                    providers::first_name.eq(first_name),
                    providers::last_name.eq(last_name),
                    providers::currency.eq("CAD"),
                );
                insert_into(providers::table).values(provider).execute(&mut tx.conn()?).await?;
                Ok(())
            })
            .await;
        clinigraph::kernel::Id::<clinigraph::provider::Provider>::from_uuid(id).to_string()
    }

    pub async fn manager(&self) -> Person {
        self.person(SystemRole::ClinicManager).await
    }

    /// Makes a user belong to the clinic.
    pub async fn join(&self, user: Uuid, role: SystemRole) {
        self.app
            .as_system(async |scope| {
                let tx = scope.tx().await?;
                let membership = (
                    memberships::id.eq(Uuid::now_v7()),
                    memberships::clinic_id.eq(self.id),
                    memberships::user_id.eq(user),
                    memberships::role.eq(role),
                );
                insert_into(memberships::table).values(membership).execute(&mut tx.conn()?).await?;
                Ok(())
            })
            .await;
    }
}

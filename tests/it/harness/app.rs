//! An app of one's own, served on a port of its own. What a test puts into it is in `builders.rs` of each domain.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use clinigraph::{
    app::{Reached, pipeline},
    file::{Files, StoreOptions},
    graphql,
    jobs::{self, Worker},
    kernel::{
        clock::Clock,
        db::{self, Class, Database, Logins, Scope},
        secrets::KeyRing,
        services::Services,
    },
    live::{Hub, Names},
    pipeline::{Limits, Operations, Rates, Settings},
    server::{Graphiql, ServerConfig, serve_with},
};
use tempfile::TempDir;
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
    /// The events that the server has read.
    pub hub: Arc<Hub>,
    pub clock: Clock,
    /// The app's database, as superuser: for what the API does not show.
    pub superuser_url: String,
    /// How the server logs in to it.
    pub logins: Logins,
    pub files: Files,
    /// What the jobs of the server work with.
    pub services: Services,
    /// Where the files of the app are stored.
    pub directory: TempDir,
    served: JoinHandle<()>,
    relaying: JoinHandle<()>,
    count: AtomicUsize,
}

/// A server on a database that is there.
pub struct Another {
    pub address: SocketAddr,
    pub database: Database,
    pub hub: Arc<Hub>,
    pub files: Files,
    pub services: Services,
    pub served: JoinHandle<()>,
    pub relaying: JoinHandle<()>,
}

impl Another {
    async fn on(reached: &Reached, settings: Settings, connections: usize, config: ServerConfig, clock: Clock) -> Self {
        let pipeline = pipeline(reached, settings, connections, clock).await.unwrap();
        let (database, hub) = (pipeline.database().clone(), Arc::clone(pipeline.hub()));
        let (files, services) = (pipeline.files().clone(), pipeline.services());
        let routes = clinigraph::file::routes(files.clone())
            .merge(clinigraph::integration::routes(pipeline.integrations().clone()));
        let relaying = tokio::spawn(clinigraph::live::relay(
            Arc::clone(pipeline.hub()),
            reached.logins.url(Class::System).to_owned(),
        ));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let served = tokio::spawn(async move {
            serve_with(listener, Arc::new(pipeline), config, routes, std::future::pending()).await.unwrap();
        });
        Self { address, database, hub, files, services, served, relaying }
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
        operation_rates: 0,
        transport: ServerConfig::default().limits(),
        operations: Operations::default(),
        deadline: Duration::from_secs(10),
        development: true,
        ..Settings::default()
    }
}

/// How they are served, unless a test says otherwise.
pub fn server() -> ServerConfig {
    ServerConfig { graphiql: Graphiql::Open, development: true, ..ServerConfig::default() }
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
        Self::served(settings, connections, server()).await
    }

    /// With limits of the transports other than the usual ones.
    pub async fn served(settings: Settings, connections: usize, config: ServerConfig) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mut settings = Settings { transport: config.limits(), ..settings };
        if matches!(settings.files.store, StoreOptions::Nowhere) {
            settings.files.store = StoreOptions::Directory(directory.path().to_owned());
        }
        let superuser_url = database().await;
        let ring = Arc::new(KeyRing::parse(KEYS).unwrap());
        let prepared = db::prepare(&superuser_url, ring.root()).await.unwrap();
        let clock = Clock::default();
        let reached = Reached { embedded: None, logins: prepared.logins, ran: prepared.ran, ring };
        let Another { address, database, hub, files, services, served, relaying } =
            Another::on(&reached, settings, connections, config, clock.clone()).await;
        Self {
            address,
            database,
            hub,
            clock,
            superuser_url,
            logins: reached.logins,
            files,
            services,
            directory,
            served,
            relaying,
            count: AtomicUsize::new(0),
        }
    }

    /// One more server on the same database, which shares nothing else with this one.
    pub async fn another(&self) -> Another {
        let ring = Arc::new(KeyRing::parse(KEYS).unwrap());
        let reached = Reached { embedded: None, logins: self.logins.clone(), ran: Vec::new(), ring };
        Another::on(&reached, settings(), 4, ServerConfig::default(), self.clock.clone()).await
    }

    /// Waits until the server has read all events.
    pub async fn has_read_all_events(&self) {
        let newest = self.value("select coalesce(max(id), 0) from outbox_events").await.as_i64().unwrap();
        let mut progress = self.hub.progress();
        progress.wait_for(|position| position.is_some_and(|position| position >= newest)).await.unwrap();
    }

    /// A worker with the server's own jobs, which works when it is told to.
    pub fn server_worker(&self) -> Worker {
        let (hub, services) = (Arc::clone(&self.hub), self.services.clone());
        Worker::new(self.database.clone(), hub, &graphql::jobs(), services, jobs::Settings::default())
    }

    /// Lets the server's own jobs run, as many as are due, with those that the events so far start.
    pub async fn work(&self) {
        self.has_read_all_events().await;
        self.server_worker().run_due().await.unwrap();
    }

    /// A number that nothing else in this app has, for names that must differ.
    pub fn next(&self) -> usize {
        self.count.fetch_add(1, Ordering::Relaxed)
    }

    /// Works on the database as the server itself.
    pub async fn as_system<T>(&self, work: impl AsyncFnOnce(&Scope) -> clinigraph::kernel::Result<T>) -> T {
        self.database.as_system(None, work).await.unwrap()
    }

    /// Somebody nobody knows.
    pub fn nobody(&self) -> Person {
        Person::new(self.address, None, Uuid::nil())
    }
}

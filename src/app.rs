//! Starts the parts of the program in order, database, keys, pipeline and server, and stops them again.

use std::{path::Path, sync::Arc, time::Duration};

use axum::Router;
use diesel::{QueryableByName, sql_query, sql_types::Bool};
use diesel_async::RunQueryDsl;
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};

use crate::{
    access::Passwords,
    config::{DatabaseOptions, JobOptions, OperationMode, Seed, Serve, Work},
    demo,
    embedded::{Embedded, Options},
    entities, file, integration,
    jobs::{self, Worker},
    kernel::{
        Code, Error, Result,
        clock::Clock,
        db::{
            self, Address, Class, Database, Finding, Logins, Pools,
            installation::{self, MadeUp},
        },
        secrets::KeyRing,
    },
    live::relay,
    mail, notification,
    pipeline::{Manifest, Operations, Pipeline, Settings},
    seed::{self, Seeded},
    server::{Graphiql, PageConfig, ServerConfig, serve_with},
    webhook::{Dispatcher, DispatcherSettings, Webhooks},
};

/// A reachable database, and how the server logs in to it.
pub struct Reached {
    /// The private Postgres, if that is used; it runs as long as this value lives.
    pub embedded: Option<Embedded>,
    pub logins: Logins,
    /// The migrations that this start ran.
    pub ran: Vec<String>,
    pub ring: Arc<KeyRing>,
}

/// Connects to the database and, if the login may do so, migrates it.
pub async fn reach(database: &DatabaseOptions) -> Result<Reached> {
    let ring = Arc::new(keys(database)?);
    let (embedded, url) = match &database.database_url {
        Some(url) => (None, secured(url, database)?),
        None => {
            let options =
                Options { binaries: database.postgres.clone(), max_connections: 200, ..Options::new(&database.data) };
            let embedded = Embedded::start(options).await.map_err(Error::unavailable)?;
            let url = embedded.superuser_url("postgres");
            (Some(embedded), url)
        }
    };
    let url = match &embedded {
        Some(embedded) => own_database(embedded, &url).await?,
        None => url,
    };
    if database.prepared {
        let logins = db::logins(&url, ring.root())?;
        return Ok(Reached { embedded, logins, ran: Vec::new(), ring });
    }
    if !may_prepare(&url).await? {
        return Ok(Reached { embedded, logins: Logins::one(&url), ran: Vec::new(), ring });
    }
    let prepared = db::prepare(&url, ring.root()).await?;
    Ok(Reached { embedded, logins: prepared.logins, ran: prepared.ran, ring })
}

/// The connection string as it is used: never in plain text to another machine that was not named.
fn secured(url: &str, database: &DatabaseOptions) -> Result<String> {
    let address = url.parse::<Address>()?.secured(&database.allow_plaintext_to)?;
    if address.trusts_any_server() {
        tracing::warn!(
            "the certificate of the database at {} is not checked, so another machine could pose as it: use \
             sslmode=verify-full",
            address.remote_hosts().join(", ")
        );
    }
    Ok(address.text())
}

/// The database `clinigraph` in the private Postgres, created if it is missing.
async fn own_database(embedded: &Embedded, url: &str) -> Result<String> {
    let mut connection = db::connect(url).await?;
    let exists: Holds = sql_query("select exists (select from pg_database where datname = 'clinigraph') as holds")
        .get_result(&mut connection)
        .await?;
    if !exists.holds {
        sql_query("create database clinigraph").execute(&mut connection).await?;
    }
    Ok(embedded.superuser_url("clinigraph"))
}

#[derive(QueryableByName)]
struct Holds {
    #[diesel(sql_type = Bool)]
    holds: bool,
}

/// Whether a login may create roles and tables.
async fn may_prepare(url: &str) -> Result<bool> {
    let mut connection = db::connect(url).await?;
    let may: Holds = sql_query(
        "select rolsuper or (rolcreaterole and has_database_privilege(current_database(), 'create')) as holds
         from pg_roles where rolname = current_user",
    )
    .get_result(&mut connection)
    .await?;
    Ok(may.holds)
}

/// The configured keys, or those of the data directory, which the first start creates.
fn keys(database: &DatabaseOptions) -> Result<KeyRing> {
    if let Some(keys) = &database.keys {
        return KeyRing::parse(keys);
    }
    let file = database.data.join("keys");
    match std::fs::read_to_string(&file) {
        Ok(keys) => KeyRing::parse(keys.trim()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let keys = KeyRing::generate()?;
            write_private(&file, &keys)
                .map_err(|error| Error::internal(format!("cannot write {}: {error}", file.display())))?;
            KeyRing::parse(&keys)
        }
        Err(error) => Err(Error::internal(format!("cannot read {}: {error}", file.display()))),
    }
}

/// Writes a file atomically, readable by its owner only.
fn write_private(file: &Path, text: &str) -> std::io::Result<()> {
    use std::io::Write;
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let temporary = file.with_extension("new");
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut open = options.open(&temporary)?;
    open.write_all(text.as_bytes())?;
    open.sync_all()?;
    std::fs::rename(temporary, file)
}

/// The findings that speak against serving on a database.
pub async fn examine(database: &DatabaseOptions) -> Result<Vec<Finding>> {
    let reached = reach(database).await?;
    let findings = findings(&reached.logins).await;
    close(reached.embedded).await;
    findings
}

async fn findings(logins: &Logins) -> Result<Vec<Finding>> {
    let mut findings = db::inspect(logins).await?;
    findings.extend(installation::mark_of(logins.url(Class::System)).await?.map(made_up));
    Ok(findings)
}

/// What is wrong with made-up people where real ones are to be.
fn made_up(mark: MadeUp) -> Finding {
    let problem = match mark {
        MadeUp::Demo => "this database was filled by `serve --demo`: the password of its administrators is public",
        MadeUp::Measurement => "this database was filled by `seed` for measurements: its people are made up",
    };
    let remedy = "begin afresh: use the --database-url of an empty database or, for the private Postgres, another --data \
                  directory; a demo is served with --demo";
    Finding { problem: problem.to_owned(), remedy: remedy.to_owned() }
}

/// Refuses to serve made-up people to real ones, and a demo to the network unless that was said.
async fn check_purpose(logins: &Logins, options: &Serve) -> Result<()> {
    if options.demo {
        let is_near = options.address.ip().to_canonical().is_loopback();
        return if is_near || options.demo_on_network {
            Ok(())
        } else {
            Err(Error::new(
                Code::OperationNotAllowed,
                format!(
                    "--demo lets everybody who reaches {} sign in as an administrator: listen on this machine only, or \
                     add --demo-on-network",
                    options.address
                ),
            ))
        };
    }
    match installation::mark_of(logins.url(Class::System)).await? {
        None => Ok(()),
        Some(mark @ MadeUp::Demo) => {
            let Finding { problem, remedy } = made_up(mark);
            Err(Error::new(Code::OperationNotAllowed, format!("{problem}; {remedy}")))
        }
        // Nobody can sign in there but with the tokens that were printed once.
        Some(mark @ MadeUp::Measurement) => {
            tracing::warn!("{}", made_up(mark).problem);
            Ok(())
        }
    }
}

/// Fills a database for measurements.
pub async fn seed(options: &Seed) -> Result<Seeded> {
    let reached = reach(&options.database).await?;
    let owner_url = match (&reached.embedded, &options.database.database_url) {
        (Some(embedded), _) => embedded.superuser_url("clinigraph"),
        (None, url) => secured(url.as_deref().unwrap_or_default(), &options.database)?,
    };
    let seeded = seed::seed(&owner_url, &options.scale, options.force).await;
    close(reached.embedded).await;
    seeded
}

/// Creates everything below the transports.
pub async fn pipeline(reached: &Reached, settings: Settings, connections: usize, clock: Clock) -> Result<Pipeline> {
    let settings = Settings { connections, ..settings };
    let findings = db::inspect(&reached.logins).await?;
    if !findings.is_empty() {
        let mut problems: Vec<_> =
            findings.iter().take(10).map(|finding| format!("{} ({})", finding.problem, finding.remedy)).collect();
        if findings.len() > problems.len() {
            problems.push(format!("and {} more; clinigraph doctor lists all", findings.len() - problems.len()));
        }
        return Err(Error::unavailable(format!("this database is not safe to serve on:\n  {}", problems.join("\n  "))));
    }
    let pools = Pools::new(&db::Config {
        logins: reached.logins.clone(),
        connections,
        jobs: settings.job_connections,
        wait: Duration::from_secs(5),
        statement_timeout: settings.statement_timeout.min(settings.deadline),
        job_timeout: settings.deadline,
        shares: settings.shares,
    })?;
    let database = Database::new(pools, clock.clone());
    Pipeline::new(settings, database, clock, Arc::clone(&reached.ring), Passwords::new(2, 64)).await
}

/// Serves until a signal asks to stop.
pub async fn run(options: Serve) -> Result<()> {
    let reached = reach(&options.database).await?;
    let served = serve_on(&reached, &options).await;
    close(reached.embedded).await;
    served
}

async fn serve_on(reached: &Reached, options: &Serve) -> Result<()> {
    for migration in &reached.ran {
        tracing::info!(migration, "migrated");
    }
    check_purpose(&reached.logins, options).await?;
    let settings = Settings {
        limits: options.limits.limits(),
        rates: options.limits.rates(),
        operation_rates: options.limits.operation_rates,
        shares: options.limits.shares(),
        transport: options.limits.server().limits(),
        files: options.files.settings(&options.database.data)?,
        outbound: options.outbound.options(),
        mail: options.messages.mail(options.is_development()),
        public_url: options.messages.public_url.clone().or_else(|| options.own_url()),
        operations: operations(options)?,
        deadline: options.limits.deadline(),
        statement_timeout: options.limits.statement_timeout(),
        development: options.is_development(),
        job_connections: if options.no_worker { 0 } else { options.jobs.jobs },
        ..Settings::default()
    };
    let pipeline = pipeline(reached, settings, options.connections, Clock::default()).await?;
    let relaying = tokio::spawn(relay(Arc::clone(pipeline.hub()), reached.logins.url(Class::System).to_owned()));
    let maintaining = {
        let (database, files) = (pipeline.database().clone(), pipeline.files().clone());
        tokio::spawn(async move { tokio::join!(db::maintain(&database), file::maintain(&files)) })
    };
    let people = if options.demo { demo::load(pipeline.database()).await? } else { Vec::new() };
    if options.demo {
        demo::load_files(pipeline.files()).await?;
        demo::load_webhooks(pipeline.database(), pipeline.services().get::<Webhooks>()?).await?;
    }
    let simulation = (options.demo && !options.demo_quiet).then(|| {
        let pipeline = pipeline.clone();
        tokio::spawn(async move { demo::play(&pipeline).await })
    });
    let listener = TcpListener::bind(options.address).await.map_err(|error| {
        Error::unavailable(format!(
            "cannot listen on {}: {error}; choose another address with --address",
            options.address
        ))
    })?;
    let address = listener.local_addr().map_err(Error::unavailable)?;
    let has_mailbox = pipeline.outside().mailer().mailbox().is_some();
    print_addresses(&address.to_string(), options.graphiql(), has_mailbox, &people);
    let stop = Stop::on_signal();
    let working = (!options.no_worker).then(|| start_worker(&pipeline, &options.jobs, stop.clone())).transpose()?;
    let config = ServerConfig {
        origins: options.origins.clone(),
        graphiql: options.graphiql(),
        development: options.is_development(),
        page: PageConfig { demo: options.demo, people, ..PageConfig::default() },
        ..options.limits.server()
    };
    let routes = routes(&pipeline);
    let served = serve_with(listener, Arc::new(pipeline), config, routes, stop.clone().asked()).await;
    let served = served.map_err(Error::unavailable);
    stop.ask();
    if let Some(working) = working {
        working.await.map_err(Error::internal)?;
    }
    simulation.iter().for_each(tokio::task::JoinHandle::abort);
    relaying.abort();
    maintaining.abort();
    served
}

/// What is served beside the API: files, pages behind links in messages, and the mailbox of development.
pub fn routes(pipeline: &Pipeline) -> Router {
    let unsubscribe = notification::routes(pipeline.database().clone(), pipeline.links().clone());
    let integrations = integration::routes(pipeline.integrations().clone());
    let routes = file::routes(pipeline.files().clone()).merge(unsubscribe).merge(integrations);
    match pipeline.outside().mailer().mailbox() {
        Some(mailbox) => routes.merge(mail::routes(mailbox.clone())),
        None => routes,
    }
}

/// Runs jobs without serving the API, until a signal asks to stop.
pub async fn work(options: Work) -> Result<()> {
    let reached = reach(&options.database).await?;
    let worked = work_on(&reached, &options).await;
    close(reached.embedded).await;
    worked
}

async fn work_on(reached: &Reached, options: &Work) -> Result<()> {
    let settings = Settings {
        job_connections: options.jobs.jobs,
        outbound: options.outbound.options(),
        mail: options.messages.mail(false),
        public_url: options.messages.public_url.clone(),
        // Jobs write files of their own, such as exports.
        files: options.files.settings(&options.database.data)?,
        ..Settings::default()
    };
    // What requests would use is not opened before there is a request.
    let pipeline = pipeline(reached, settings, 1, Clock::default()).await?;
    let relaying = tokio::spawn(relay(Arc::clone(pipeline.hub()), reached.logins.url(Class::System).to_owned()));
    let maintaining = {
        let database = pipeline.database().clone();
        tokio::spawn(async move { db::maintain(&database).await })
    };
    tracing::info!("works on jobs");
    let worked = start_worker(&pipeline, &options.jobs, Stop::on_signal())?.await.map_err(Error::internal);
    relaying.abort();
    maintaining.abort();
    worked
}

/// Runs jobs and sends webhooks, until it is asked to stop.
fn start_worker(pipeline: &Pipeline, options: &JobOptions, stop: Stop) -> Result<JoinHandle<()>> {
    let settings = jobs::Settings {
        at_once: options.jobs,
        drain: Duration::from_secs(options.drain_seconds),
        ..jobs::Settings::default()
    };
    let (database, hub, services) = (pipeline.database().clone(), Arc::clone(pipeline.hub()), pipeline.services());
    let drain = DispatcherSettings { drain: settings.drain, ..DispatcherSettings::default() };
    let dispatcher = Dispatcher::new(database.clone(), Arc::clone(&hub), &services, drain)?;
    let worker = Worker::new(database, hub, &entities::jobs(), services, settings);
    Ok(tokio::spawn(async move {
        tokio::join!(worker.work(stop.clone().asked()), dispatcher.work(stop.asked()));
    }))
}

/// Asks all parts of the program to stop; clones are the same.
#[derive(Clone)]
struct Stop(Arc<watch::Sender<bool>>);

impl Stop {
    /// On Ctrl-C or SIGTERM.
    fn on_signal() -> Self {
        let stop = Self(Arc::new(watch::Sender::new(false)));
        let on_signal = stop.clone();
        tokio::spawn(async move {
            shutdown_signal().await;
            on_signal.ask();
        });
        stop
    }

    fn ask(&self) {
        self.0.send_replace(true);
    }

    async fn asked(self) {
        drop(self.0.subscribe().wait_for(|asked| *asked).await);
    }
}

fn operations(options: &Serve) -> Result<Operations> {
    let manifest = options.manifest.as_deref().map(Manifest::read).transpose()?.unwrap_or_default();
    Ok(match options.operations {
        OperationMode::Any => Operations::Any(manifest),
        OperationMode::Trusted => Operations::Trusted(manifest),
    })
}

#[expect(clippy::print_stdout, reason = "the output of the command")]
fn print_addresses(address: &str, graphiql: Graphiql, has_mailbox: bool, people: &[crate::server::DemoPerson]) {
    println!("\n  clinigraph is running on http://{address}");
    if graphiql != Graphiql::Off {
        println!("  GraphiQL:                http://{address}/graphiql");
    }
    if has_mailbox {
        println!("  E-mails that it sends:   http://{address}/dev/mailbox");
    }
    println!();
    if people.is_empty() {
        return;
    }
    println!("  Sign in as one of these users, each with the password {:?}:\n", demo::PASSWORD);
    for person in people {
        let clinic = person.clinic.as_deref().unwrap_or("all clinics");
        println!("    {:<34} {:<24} {clinic}", person.email, person.role);
    }
    println!();
}

async fn close(embedded: Option<Embedded>) {
    if let Some(mut embedded) = embedded
        && let Err(error) = embedded.stop().await
    {
        tracing::error!(%error, "the private Postgres did not stop cleanly");
    }
}

/// Ready on Ctrl-C or SIGTERM.
async fn shutdown_signal() {
    let interrupted = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        let mut terminated = match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(terminated) => terminated,
            Err(error) => {
                tracing::warn!(%error, "cannot listen for SIGTERM");
                drop(interrupted.await);
                return;
            }
        };
        tokio::select! { _ = interrupted => {} _ = terminated.recv() => {} }
    }
    #[cfg(not(unix))]
    drop(interrupted.await);
    tracing::info!("stopping");
}

//! One small pool of connections for each class of actor. Each has a login of its own (`logins.rs`), which has no rights
//! itself; a scope takes the role of its class for one transaction. Postgres would also plan a prepared statement again for
//! another role than the one that first ran it.

use std::{
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use deadpool::managed::{self, Metrics, Object, RecycleError, RecycleResult, Timeouts};
use diesel::connection::InstrumentationEvent;
use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection};
use futures_util::{
    FutureExt,
    future::{BoxFuture, Shared},
};
use tokio::{sync::Notify, task::JoinSet};

use super::{
    Address, Logins,
    turns::{Claim, Shares, Turn, Turns},
};
use crate::kernel::{
    Error, Result,
    actor::{Person, SystemRole},
};

/// A class of actor, each with a database role and a login of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// Staff of a clinic.
    Tenant,
    /// Platform administrators.
    Admin,
    /// The server itself.
    System,
    /// People who read what the staff of a clinic reads, and change nothing.
    Auditor,
    /// Patients, and people without a clinic: what is their own.
    Patient,
    /// Research partners.
    Partner,
}

impl Class {
    /// In the order of their numbers.
    pub const ALL: [Self; 6] = [Self::Tenant, Self::Admin, Self::System, Self::Auditor, Self::Patient, Self::Partner];

    /// The class of a person.
    #[must_use]
    pub fn of(person: &Person) -> Self {
        Self::of_caller(person.is_platform_admin, person.acting.map(|(_, role)| role))
    }

    /// The class of a person with this role in the clinic that they act in; `private.class_of()` says the same.
    #[must_use]
    pub fn of_caller(is_platform_admin: bool, role: Option<SystemRole>) -> Self {
        use SystemRole::{Auditor, ClinicManager, Clinician, Patient, ResearchPartner, Staff};
        match role {
            _ if is_platform_admin => Self::Admin,
            Some(ClinicManager | Staff | Clinician) => Self::Tenant,
            Some(Auditor) => Self::Auditor,
            Some(ResearchPartner) => Self::Partner,
            Some(Patient) | None => Self::Patient,
        }
    }

    /// The name of the class in SQL (`private.request_kind()`).
    #[must_use]
    pub fn name(self) -> &'static str {
        self.role().trim_start_matches("clinigraph_")
    }

    /// The role that a scope of this class takes.
    #[must_use]
    pub fn role(self) -> &'static str {
        match self {
            Self::Tenant => "clinigraph_tenant",
            Self::Admin => "clinigraph_admin",
            Self::System => "clinigraph_system",
            Self::Auditor => "clinigraph_auditor",
            Self::Patient => "clinigraph_patient",
            Self::Partner => "clinigraph_partner",
        }
    }

    /// The role that the server logs in as for this class.
    #[must_use]
    pub fn login(self) -> &'static str {
        match self {
            Self::Tenant => "clinigraph_login_tenant",
            Self::Admin => "clinigraph_login_admin",
            Self::System => "clinigraph_login_system",
            Self::Auditor => "clinigraph_login_auditor",
            Self::Patient => "clinigraph_login_patient",
            Self::Partner => "clinigraph_login_partner",
        }
    }

    /// Of the connections that are configured for tenants, how many this class may have.
    fn share(self, connections: usize) -> usize {
        let share = match self {
            Self::Tenant => connections,
            Self::Admin | Self::Patient => connections.div_ceil(2),
            Self::System | Self::Auditor | Self::Partner => connections.div_ceil(4),
        };
        share.max(2)
    }
}

/// How the server reaches its database.
#[derive(Debug, Clone)]
pub struct Config {
    pub logins: Logins,
    /// Connections of the tenants' pool; the others get a share of it.
    pub connections: usize,
    /// Connections of the server itself for jobs that run at once, beside its share.
    pub jobs: usize,
    /// How long a request waits for a connection.
    pub wait: Duration,
    /// Longest time of one statement for a caller.
    pub statement_timeout: Duration,
    /// Longest time of one statement of the server itself.
    pub job_timeout: Duration,
    /// How callers share the connections.
    pub shares: Shares,
}

/// How long a statement waits for a lock of another transaction.
const LOCK_TIMEOUT: Duration = Duration::from_secs(3);
/// How long a transaction may be open while no statement runs in it.
const IDLE_TIMEOUT: Duration = Duration::from_secs(15);

/// A connection, and its counters.
pub struct Connection {
    pub pg: AsyncPgConnection,
    counted: Arc<Counted>,
    /// Transaction that only read and is still open.
    open: Mutex<Left>,
    closer: Arc<Closer>,
    /// Whether it broke, or its transaction is in an unknown state.
    is_gone: Arc<AtomicBool>,
}

#[derive(Debug, Default)]
struct Counted {
    /// Statements sent.
    sent: AtomicUsize,
    /// Statements that stay prepared.
    prepared: AtomicUsize,
}

impl Connection {
    /// Statements sent over it so far.
    #[must_use]
    pub fn sent(&self) -> usize {
        self.counted.sent.load(Ordering::Relaxed)
    }

    /// Statements that it was asked to prepare and cache so far; counted when asked.
    pub(super) fn prepared(&self) -> usize {
        self.counted.prepared.load(Ordering::Relaxed)
    }
}

/// A message that is certain to be sent once the future was polled.
pub(super) type Sent = Shared<BoxFuture<'static, Result<()>>>;

impl Connection {
    /// Sends the message that opens a transaction, behind the end of one that was left open.
    pub fn open(self: &Arc<Self>, message: String) -> Sent {
        let mut left = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let message = if left.since.take().is_some() { format!("commit; {message}") } else { message };
        self.send(message)
    }

    /// Leaves a transaction that only read open. Its end is sent with the opening of the next one, or after a moment: a
    /// message of its own would cost as much as a small statement.
    pub fn leave_open(self: &Arc<Self>) {
        let mut left = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        left.since = Some(Instant::now());
        if !std::mem::replace(&mut left.is_watched, true) {
            self.closer.watch(self);
        }
    }

    /// Ends a transaction that was left open for long enough.
    fn close(self: &Arc<Self>) -> Option<Sent> {
        let mut left = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        left.since.take_if(|since| since.elapsed() >= LINGER).map(|_| self.send("commit".to_owned()))
    }

    /// Callers must hold the lock of `open`, so that no message is sent between their check and theirs.
    fn send(self: &Arc<Self>, message: String) -> Sent {
        let on = Arc::clone(self);
        let sent = async move { Ok((&on.pg).batch_execute(&message).await?) };
        let sent = sent.boxed().shared();
        // The first poll sends the message; an answer that has already come stays in the shared future.
        drop(sent.clone().now_or_never());
        sent
    }
}

/// Longest time for which a transaction that only read stays open, since it keeps Postgres from removing old rows.
const LINGER: Duration = Duration::from_millis(5);

#[derive(Debug, Default)]
struct Left {
    since: Option<Instant>,
    /// Whether the closer watches the connection.
    is_watched: bool,
}

/// Ends transactions that were left open and whose connection was not used again.
#[derive(Debug, Default)]
struct Closer {
    left: Mutex<Vec<Weak<Connection>>>,
    more: Notify,
}

impl Closer {
    fn watch(&self, connection: &Arc<Connection>) {
        self.left.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::downgrade(connection));
        self.more.notify_one();
    }

    async fn run(self: Arc<Self>) {
        let mut watched: Vec<Weak<Connection>> = Vec::new();
        loop {
            if watched.is_empty() {
                self.more.notified().await;
            }
            tokio::time::sleep(LINGER).await;
            watched.append(&mut self.left.lock().unwrap_or_else(PoisonError::into_inner));
            let mut sent = Vec::new();
            watched.retain(|connection| {
                let Some(connection) = connection.upgrade() else { return false };
                if let Some(commit) = connection.close() {
                    sent.push((connection.clone(), commit));
                }
                let mut left = connection.open.lock().unwrap_or_else(PoisonError::into_inner);
                left.is_watched = left.since.is_some();
                left.is_watched
            });
            for (connection, commit) in sent {
                let ended = tokio::time::timeout(Duration::from_secs(5), commit).await;
                if !matches!(ended, Ok(Ok(()))) {
                    connection.is_gone.store(true, Ordering::Release);
                }
            }
        }
    }
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connection").field("counted", &self.counted).finish_non_exhaustive()
    }
}

/// Most prepared statements of a connection; with more, it is not used again. They live as long as the connection, and each
/// selection of columns is one, so that unusual selections could fill the memory of Postgres.
const MOST_PREPARED: usize = 500;

/// Opens one connection, outside any pool.
pub async fn connect(url: &str) -> Result<AsyncPgConnection> {
    Ok(connect_and_watch(&url.parse()?).await?.0)
}

/// Opens a connection, with a flag that is set when it breaks. Diesel's own driver would check this for each statement, which
/// costs more than it gains: a statement that runs fails by itself.
async fn connect_and_watch(address: &Address) -> Result<(AsyncPgConnection, Arc<AtomicBool>)> {
    let (client, connection) = address.connect().await?;
    let is_gone = Arc::new(AtomicBool::new(false));
    let gone = Arc::clone(&is_gone);
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            // Not a warning: the next request that needs a connection reports it, and at a stop it is expected.
            tracing::debug!(%error, "a connection to the database broke");
        }
        gone.store(true, Ordering::Release);
    });
    Ok((AsyncPgConnection::try_from(client).await.map_err(Error::unavailable)?, is_gone))
}

impl Class {
    /// Prepared statement with which a scope checks its caller: by the number of changes of their access, and completely if
    /// that number has changed. Where the server works for the caller, the statement has more parameters, and accepts a caller
    /// whose clinic is inactive.
    pub(super) const CHECK_CALLER: &str = "check_caller";

    /// The settings of a connection, with a name for operators. Statements have one plan for all values, as planning a page
    /// costs more than reading it (`Condition::replan` is the exception). None is large enough for parallel workers, which
    /// would also lose the order of pages. A transaction reads one snapshot unless it is opened otherwise.
    fn settings(self, config: &Config) -> String {
        let statement_timeout = if self == Self::System { config.job_timeout } else { config.statement_timeout };
        let mut settings = format!(
            "set application_name = 'clinigraph'; set jit = off; set search_path = public;
             set plan_cache_mode = force_generic_plan; set max_parallel_workers_per_gather = 0;
             set default_transaction_isolation = 'repeatable read'; set default_transaction_read_only = on;
             set statement_timeout = {}; set lock_timeout = {}; set idle_in_transaction_session_timeout = {};",
            statement_timeout.as_millis(),
            LOCK_TIMEOUT.as_millis(),
            IDLE_TIMEOUT.as_millis(),
        );
        if self != Self::System {
            // Reading a whole table costs more than Postgres estimates: it does not know what checking a policy for each row
            // costs, and for the few people and clinics that a page names it would hash all of them.
            settings += "set enable_seqscan = off;";
        }
        let (types, recheck) = match self {
            Self::System => {
                (", uuid, uuid, text, uuid, text", "private.check_caller_of_system($3, $1, $4, $5, $6, $7)")
            }
            _ => ("", "private.recheck_caller()"),
        };
        settings += &format!(
            "set role {};
             prepare {} (uuid, bigint{types}) as
                 select case when coalesce((select v.version from private.access_versions v where v.user_id = $1), 0) <> $2
                     then {recheck} end;
             reset role;",
            self.role(),
            Self::CHECK_CALLER
        );
        settings
    }
}

/// Makes and checks connections.
#[derive(Debug)]
pub struct Manager {
    address: Address,
    settings: String,
    closer: Arc<Closer>,
}

impl managed::Manager for Manager {
    type Type = Arc<Connection>;
    type Error = Error;

    async fn create(&self) -> Result<Arc<Connection>> {
        // Boxed, since every future that may need a connection would be larger otherwise.
        let (mut pg, is_gone) = Box::pin(connect_and_watch(&self.address)).await?;
        pg.batch_execute(&self.settings).await?;
        let counted = Arc::new(Counted::default());
        let counts = Arc::clone(&counted);
        pg.set_instrumentation(move |event: InstrumentationEvent<'_>| match event {
            InstrumentationEvent::StartQuery { .. } => {
                counts.sent.fetch_add(1, Ordering::Relaxed);
            }
            InstrumentationEvent::CacheQuery { .. } => {
                counts.prepared.fetch_add(1, Ordering::Relaxed);
            }
            _ => {}
        });
        let closer = Arc::clone(&self.closer);
        Ok(Arc::new(Connection { pg, counted, open: Mutex::default(), closer, is_gone }))
    }

    async fn recycle(&self, connection: &mut Arc<Connection>, _: &Metrics) -> RecycleResult<Error> {
        if connection.is_gone.load(Ordering::Acquire) {
            return Err(RecycleError::message("broken"));
        }
        if connection.prepared() > MOST_PREPARED {
            return Err(RecycleError::message("too many prepared statements"));
        }
        Ok(())
    }
}

/// A connection on loan.
pub struct Loan {
    // It is returned before the place: the next one that is let in finds it.
    connection: Object<Manager>,
    turn: Turn,
}

impl Loan {
    #[must_use]
    pub fn connection(&self) -> &Arc<Connection> {
        &self.connection
    }

    /// Closes the connection instead of returning it.
    pub fn discard(self) {
        drop(Object::take(self.connection));
        drop(self.turn);
    }
}

/// A pool, and who uses its connections next.
#[derive(Debug, Clone)]
struct SharedPool {
    pool: managed::Pool<Manager>,
    turns: Arc<Turns>,
}

/// The pools; clones share them.
#[derive(Debug, Clone)]
pub struct Pools {
    /// In the order of [`Class::ALL`].
    of_classes: Arc<[SharedPool]>,
    /// Ends with the last of them.
    _closing: Arc<JoinSet<()>>,
}

impl Pools {
    /// Needs a runtime, on which transactions that were left open are ended.
    pub fn new(config: &Config) -> Result<Self> {
        let closer = Arc::new(Closer::default());
        let mut closing = JoinSet::new();
        closing.spawn(Arc::clone(&closer).run());
        let pool = |class: Class| {
            let address: Address = config.logins.url(class).parse()?;
            let settings = class.settings(config);
            let jobs = if class == Class::System { config.jobs } else { 0 };
            let connections = class.share(config.connections) + jobs;
            let pool = managed::Pool::builder(Manager { address, settings, closer: Arc::clone(&closer) })
                .max_size(connections)
                // The connection that was returned last: its transaction may still be open, and its caches are warm.
                .queue_mode(managed::QueueMode::Lifo)
                .runtime(deadpool::Runtime::Tokio1)
                .timeouts(Timeouts { wait: Some(config.wait), create: Some(config.wait), recycle: Some(config.wait) })
                .build()
                .map_err(Error::internal)?;
            Ok::<_, Error>(SharedPool { pool, turns: Turns::new(connections, config.shares) })
        };
        let of_classes = Class::ALL.into_iter().map(pool).collect::<Result<_>>()?;
        Ok(Self { of_classes, _closing: Arc::new(closing) })
    }

    /// A connection for a class; the scope takes the role. `RATE_LIMITED` if the party of the claim uses or
    /// waits for too many.
    pub async fn get(&self, class: Class, claim: Claim) -> Result<Loan> {
        let SharedPool { pool, turns } = &self.of_classes[class as usize];
        let turn = turns.take(claim).await?;
        let connection = pool.get().await.map_err(Error::unavailable)?;
        Ok(Loan { connection, turn })
    }

    /// How many connections are open, over all classes.
    #[must_use]
    pub fn open(&self) -> usize {
        self.of_classes.iter().map(|shared| shared.pool.status().size).sum()
    }

    /// Ends all connections that are not in use, and all others when they come back.
    pub fn close(&self) {
        self.of_classes.iter().for_each(|shared| shared.pool.close());
    }
}

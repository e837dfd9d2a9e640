//! A private Postgres for installations that name no database.
//!
//! The server finds (or fetches) the Postgres programs, keeps one cluster under the data directory and runs it as a
//! child for as long as it lives itself. The cluster listens on a Unix socket in a private directory only; anybody who can
//! open that directory is trusted, so nothing else may.
//!
//! - `lock`: one server per data directory.
//! - `identity`: which user Postgres runs as, because it refuses to run as root.
//! - `home`: where the cluster lives, and what is remembered about it.
//! - `binaries`, `download`: where the programs come from.
//! - `cluster`: making the cluster.
//! - `socket`: a socket path short enough for the kernel.
//! - `postmaster`, `pid_file`: starting, watching and stopping the server program.
//!
//! To support another Postgres version, extend `SUPPORTED` in `binaries.rs`; to move the pinned download, replace the version and the
//! four integrity values in `download.rs` together.

mod binaries;
mod cluster;
mod download;
mod error;
mod home;
mod identity;
mod lock;
mod log;
mod pid_file;
mod postmaster;
mod program;
mod socket;

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Weak},
    time::{Duration, Instant},
};

use tracing::{info, warn};

pub use self::error::Error;
use self::{
    binaries::Binaries, home::Home, identity::Identity, lock::Lock, log::ServerLog, postmaster::Postmaster,
    socket::PORT,
};

const SUPERUSER: &str = "postgres";
/// A postmaster left over from a crash is shutting down by itself; this long we only watch.
const ORPHAN_PATIENCE: Duration = Duration::from_secs(5);
const ORPHAN_LIMIT: Duration = Duration::from_mins(1);
/// Left-over backends hold the shared memory for a moment after their postmaster is gone.
const RETRY_LIMIT: Duration = Duration::from_secs(10);
/// Recovery after a crash replays at most `max_wal_size`, but disks can be slow; killing it would only start it again.
const READY_LIMIT: Duration = Duration::from_mins(10);
const STOP_LIMIT: Duration = Duration::from_mins(1);

/// How to run the private Postgres.
#[derive(Debug, Clone)]
pub struct Options {
    /// Made when missing. Everything lives below it, unless the server runs as root and the path is closed to others.
    pub data_dir: PathBuf,
    /// A directory with `postgres` and `initdb`. When set, no other place is looked at.
    pub binaries: Option<PathBuf>,
    /// Whether an installed Postgres may be used. When false, only the pinned download is.
    pub use_installed: bool,
    /// False gives up crash safety for speed. For tests only: a crash can then corrupt the cluster.
    pub durable: bool,
    /// Connections Postgres accepts, three of which are reserved for the superuser.
    pub max_connections: u16,
}

impl Options {
    /// A durable cluster with any installed Postgres and 100 connections.
    #[must_use]
    pub fn new(data_dir: impl Into<PathBuf>) -> Self {
        Self { data_dir: data_dir.into(), binaries: None, use_installed: true, durable: true, max_connections: 100 }
    }
}

/// A running private Postgres. Dropping it asks Postgres to shut down without waiting; [`Embedded::stop`] also waits.
#[derive(Debug)]
pub struct Embedded {
    postmaster: Postmaster,
    socket_dir: PathBuf,
    cluster_dir: PathBuf,
    log: ServerLog,
    major: u32,
}

impl Embedded {
    /// Starts the cluster of `options.data_dir`, making it first when there is none.
    ///
    /// # Errors
    ///
    /// Every [`Error`] says what the operator can do. Nothing is left running and no half-made cluster is left behind.
    pub async fn start(options: Options) -> Result<Self, Error> {
        let begun = Instant::now();
        let caller = Arc::new(());
        let waiting = Arc::downgrade(&caller);
        let plan = tokio::task::spawn_blocking(move || Plan::make(&options, &waiting));
        let plan = plan.await.map_err(|_| Error::Interrupted)??;
        wait_for_orphan(&plan).await?;
        let postmaster = launch(&plan).await?;
        info!(
            postgres.major = plan.binaries.major,
            postgres.cluster = %plan.cluster.display(),
            duration_ms = begun.elapsed().as_millis(),
            "embedded Postgres is ready"
        );
        Ok(Self {
            postmaster,
            socket_dir: plan.socket_dir,
            cluster_dir: plan.cluster,
            log: plan.log,
            major: plan.binaries.major,
        })
    }

    /// The directory of the Unix socket. Anybody who can enter it is trusted by Postgres.
    #[must_use]
    pub fn socket_dir(&self) -> &Path {
        &self.socket_dir
    }

    /// Names the socket inside its directory. Every cluster has the same one, so it identifies nothing.
    #[must_use]
    pub const fn port(&self) -> u16 {
        PORT
    }

    /// The major version, 15 to 18.
    #[must_use]
    pub const fn version(&self) -> u32 {
        self.major
    }

    /// Where the data is. As root this can be outside the data directory, so backups and messages should ask here.
    #[must_use]
    pub fn cluster_dir(&self) -> &Path {
        &self.cluster_dir
    }

    /// The file Postgres logs to.
    #[must_use]
    pub fn log_file(&self) -> &Path {
        self.log.path()
    }

    /// A connection URL for the superuser. For making roles and databases; requests must not use it, because the
    /// superuser passes every row-level policy.
    #[must_use]
    pub fn superuser_url(&self, database: &str) -> String {
        self.url(SUPERUSER, database)
    }

    /// A connection URL for any role. No password is needed over the private socket.
    #[must_use]
    pub fn url(&self, role: &str, database: &str) -> String {
        socket::url(&self.socket_dir, role, database)
    }

    /// Completes when Postgres has ended, asked or not. A server without its database should end too.
    pub async fn ended(&self) {
        self.postmaster.ended().await;
    }

    /// Shuts Postgres down: open transactions are rolled back, the data is written out. Does nothing the second time.
    ///
    /// # Errors
    ///
    /// [`Error::StillRunning`] when Postgres does not end within the limits; its data stays recoverable.
    pub async fn stop(&mut self) -> Result<(), Error> {
        self.postmaster.stop(STOP_LIMIT).await?;
        // Outside the data directory it would be litter; the next start makes it again.
        let _ = std::fs::remove_dir(&self.socket_dir);
        Ok(())
    }
}

/// Everything that is decided before Postgres is started.
struct Plan {
    lock: Arc<Lock>,
    identity: Identity,
    binaries: Binaries,
    cluster: PathBuf,
    socket_dir: PathBuf,
    log: ServerLog,
    settings: Vec<String>,
}

impl Plan {
    fn make(options: &Options, caller: &Weak<()>) -> Result<Self, Error> {
        let data_dir = home::open_data_dir(&options.data_dir)?;
        let mut lock = Lock::take(&data_dir)?;
        // Blocking work outlives the future that waits for it; a start given up must not begin to make a cluster.
        if caller.strong_count() == 0 {
            return Err(Error::Interrupted);
        }
        let home = Home::settle(&data_dir, options.durable)?;
        if home.dir != data_dir {
            lock.also(&home.dir)?;
        }
        let binaries = binaries::choose(options, &home)?;
        let cluster = home.cluster();
        if home.major.is_none() {
            cluster::make(&home, &binaries, options.durable)?;
        }
        home.remember(&data_dir, &binaries)?;
        let socket_dir = socket::settle(&home)?;
        let settings = cluster::settings(&socket_dir, options);
        let log = ServerLog::open(&home.dir)?;
        Ok(Self { lock: Arc::new(lock), identity: home.identity, binaries, cluster, socket_dir, log, settings })
    }
}

/// Waits for a postmaster that an earlier server left behind, and asks it to end when it does not do so by itself.
async fn wait_for_orphan(plan: &Plan) -> Result<(), Error> {
    let begun = Instant::now();
    let mut asked = false;
    while let Some(pid) = pid_file::living_postmaster(&plan.cluster)? {
        if begun.elapsed() > ORPHAN_LIMIT {
            return Err(Error::Orphan { pid, cluster: plan.cluster.clone() });
        }
        if !asked && begun.elapsed() > ORPHAN_PATIENCE {
            warn!(postgres.pid = pid, "asking the Postgres of an earlier run to end");
            postmaster::ask_to_end(pid);
            asked = true;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}

async fn launch(plan: &Plan) -> Result<Postmaster, Error> {
    let begun = Instant::now();
    loop {
        socket::sweep(&plan.socket_dir)?;
        let stale = pid_file::read(&plan.cluster);
        let mark = plan.log.mark();
        let mut command = program::command(&plan.binaries.dir.join("postgres"), &plan.identity);
        command.arg("-D").arg(&plan.cluster).args(&plan.settings);
        plan.log.attach(&mut command)?;
        let mut postmaster = Postmaster::spawn(command, Arc::clone(&plan.lock)).await?;
        if postmaster.ready(&plan.cluster, stale.as_deref(), READY_LIMIT).await {
            return Ok(postmaster);
        }
        let had_ended = postmaster.has_ended();
        postmaster.stop(STOP_LIMIT).await?;
        let tail = plan.log.tail(mark);
        let left_over = tail.contains("postmaster.pid") || tail.contains("still in use");
        if had_ended && left_over && begun.elapsed() < RETRY_LIMIT {
            tokio::time::sleep(Duration::from_millis(200)).await;
            continue;
        }
        return Err(if had_ended {
            Error::DidNotStart { log: plan.log.path().to_owned(), tail }
        } else {
            Error::NotReady { seconds: READY_LIMIT.as_secs(), log: plan.log.path().to_owned(), tail }
        });
    }
}

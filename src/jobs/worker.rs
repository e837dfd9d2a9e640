//! A worker: it claims jobs and runs several at once. Any number of workers, in any number of processes, share the table.
//!
//! It is woken by jobs that its own process adds, by the relays of others (`live/relay.rs`), by the events that the relay
//! reads, by its own jobs that end, and once a second in any case.

use std::{
    collections::HashMap,
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures_util::FutureExt;
use tokio::{
    sync::watch,
    task::JoinSet,
    time::{Instant, sleep, sleep_until, timeout},
};
use uuid::Uuid;

use super::{
    Job, JobKind, Jobs, Running, Schedule,
    from_events::Feed,
    queue::{self, Claimed},
    schedule,
};
use crate::{
    kernel::{Error, Id, Result, db::Database, services::Services},
    live::Hub,
};

/// How a worker works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// Jobs that it runs at the same time.
    pub at_once: usize,
    /// How long a claim holds that is not renewed. A worker renews its claims three times as often.
    pub lease: Duration,
    /// How often it looks for jobs if nothing wakes it.
    pub poll: Duration,
    /// How long it lets jobs finish when it is asked to stop.
    pub drain: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            at_once: 4,
            lease: Duration::from_secs(30),
            poll: Duration::from_secs(1),
            drain: Duration::from_secs(20),
        }
    }
}

/// Shortest pause between two claims, so that the jobs of a busy moment are claimed together.
const PACE: Duration = Duration::from_millis(10);
/// How often schedules are looked at.
const SCHEDULED_EVERY: Duration = Duration::from_secs(60);

/// A worker; it works while [`Worker::work`] runs.
#[derive(Clone)]
pub struct Worker(Arc<Parts>);

struct Parts {
    database: Database,
    hub: Arc<Hub>,
    services: Services,
    kinds: Vec<&'static JobKind>,
    schedules: Vec<&'static Schedule>,
    feed: tokio::sync::Mutex<Feed>,
    settings: Settings,
    /// What it runs now, by lease.
    running: Mutex<HashMap<Uuid, Arc<Claimed>>>,
}

impl Worker {
    #[must_use]
    pub fn new(
        database: Database,
        hub: Arc<Hub>,
        jobs: &[&'static Jobs],
        services: Services,
        settings: Settings,
    ) -> Self {
        Self(Arc::new(Parts {
            database,
            hub,
            services,
            kinds: jobs.iter().flat_map(|jobs| jobs.kinds).collect(),
            schedules: jobs.iter().flat_map(|jobs| jobs.schedules).collect(),
            feed: tokio::sync::Mutex::new(Feed::new(jobs.iter().flat_map(|jobs| jobs.starters).collect())),
            settings,
            running: Mutex::default(),
        }))
    }

    /// Works until `stop` is ready. Then it claims nothing more, lets its jobs finish for a while, and gives back those that
    /// have not.
    pub async fn work(&self, stop: impl Future<Output = ()>) {
        let parts = &self.0;
        let mut tasks = JoinSet::new();
        let stopped = async {
            parts.work_on(stop, &mut tasks).await;
            parts.drain(&mut tasks).await;
        };
        tokio::select! {
            () = stopped => {}
            () = parts.renew_for_ever() => {}
        }
    }

    /// Runs everything that can run now, and returns when nothing is left; returns the number of attempts.
    pub async fn run_due(&self) -> Result<usize> {
        let parts = &self.0;
        schedule::add_next(&parts.database, &parts.schedules).await?;
        let mut attempts = 0;
        loop {
            queue::end_expired(&parts.database).await?;
            parts.feed.lock().await.read_on(&parts.database, &parts.hub).await?;
            let mut tasks = JoinSet::new();
            attempts += parts.claim(&mut tasks).await?;
            if tasks.is_empty() {
                return Ok(attempts);
            }
            while tasks.join_next().await.is_some() {}
        }
    }
}

impl Parts {
    async fn work_on(self: &Arc<Self>, stop: impl Future<Output = ()>, tasks: &mut JoinSet<()>) {
        let mut stop = std::pin::pin!(stop);
        let mut events = self.hub.progress();
        let mut tended = Tended::default();
        let mut pause = Duration::from_millis(100);
        let mut woken = Woken::ByJobs;
        loop {
            let begun = Instant::now();
            // Not cut short by the signal: a claim that was sent has to be taken up.
            match self.look(woken, &mut tended, tasks).await {
                Ok(()) => pause = Duration::from_millis(100),
                Err(error) => {
                    tracing::warn!(%error, cause = ?error.cause(), "the worker cannot look for jobs");
                    if !ready_within(pause, &mut stop).await {
                        pause = (pause * 2).min(Duration::from_secs(5));
                        continue;
                    }
                    return;
                }
            }
            woken = self.wait(&mut stop, &mut events, tasks).await;
            if woken == Woken::ToStop {
                return;
            }
            sleep_until(begun + PACE).await;
        }
    }

    /// Waits until there may be something to do.
    async fn wait(
        &self,
        stop: &mut (impl Future<Output = ()> + Unpin),
        events: &mut watch::Receiver<Option<i64>>,
        tasks: &mut JoinSet<()>,
    ) -> Woken {
        let woken = tokio::select! {
            biased;
            () = stop => return Woken::ToStop,
            Some(_) = tasks.join_next(), if !tasks.is_empty() => Woken::ByJobs,
            () = self.database.jobs_added().notified() => Woken::ByJobs,
            Ok(()) = events.changed() => Woken::ByEvents,
            () = sleep(self.settings.poll) => Woken::ByJobs,
        };
        // All that have ended make room together.
        let before = tasks.len();
        while tasks.try_join_next().is_some() {}
        if tasks.len() < before { Woken::ByJobs } else { woken }
    }

    /// Adds the jobs of events and schedules, and claims what is due.
    async fn look(self: &Arc<Self>, woken: Woken, tended: &mut Tended, tasks: &mut JoinSet<()>) -> Result<()> {
        let has_started = self.feed.lock().await.read_on(&self.database, &self.hub).await?;
        // Most events start nothing; but where there are events all the time, nothing else wakes the worker.
        if woken == Woken::ByEvents && !has_started && !is_time(tended.claimed, self.settings.poll) {
            return Ok(());
        }
        if is_time(tended.expired, self.settings.poll) {
            queue::end_expired(&self.database).await?;
            tended.expired = Some(Instant::now());
        }
        if is_time(tended.schedules, SCHEDULED_EVERY) {
            schedule::add_next(&self.database, &self.schedules).await?;
            tended.schedules = Some(Instant::now());
        }
        self.claim(tasks).await?;
        tended.claimed = Some(Instant::now());
        Ok(())
    }

    /// Claims as many jobs as there is room for, and starts them; returns their number.
    async fn claim(self: &Arc<Self>, tasks: &mut JoinSet<()>) -> Result<usize> {
        let room = self.settings.at_once.saturating_sub(tasks.len());
        if room == 0 || self.kinds.is_empty() {
            return Ok(0);
        }
        let claimed = queue::claim(&self.database, &self.kinds, room, self.settings.lease).await?;
        let number = claimed.len();
        for job in claimed {
            let job = Arc::new(job);
            self.running().insert(job.lease_id, Arc::clone(&job));
            let parts = Arc::clone(self);
            tasks.spawn(async move {
                parts.attempt(&job).await;
                parts.running().remove(&job.lease_id);
            });
        }
        Ok(number)
    }

    fn running(&self) -> std::sync::MutexGuard<'_, HashMap<Uuid, Arc<Claimed>>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One attempt at a job.
    async fn attempt(&self, job: &Arc<Claimed>) {
        let Some(kind) = self.kinds.iter().find(|kind| kind.name == job.kind) else { return };
        let running = Running::new(self.database.clone(), self.services.clone(), kind.name, Arc::clone(job));
        let payload = job.payload.0.clone();
        let ran = async {
            (kind.run)(payload, running.clone()).await?;
            if running.is_finished() { Ok(()) } else { running.finish(async |_| Ok(())).await }
        };
        let ran = AssertUnwindSafe(timeout(kind.rules.time, ran)).catch_unwind().await;
        let id = Id::<Job>::from_uuid(job.id);
        let error = match ran {
            Ok(Ok(Ok(()))) => {
                tracing::debug!(job = %id, kind = kind.name, attempt = job.attempts, "done");
                return;
            }
            Ok(Ok(Err(error))) => error,
            Ok(Err(_)) => Error::unavailable(format!("the job took longer than {} seconds", kind.rules.time.as_secs())),
            Err(_) => Error::internal("the job panicked"),
        };
        tracing::warn!(job = %id, kind = kind.name, attempt = job.attempts, %error, cause = ?error.cause(), "a job failed");
        if running.is_finished() {
            return;
        }
        // The cause may have values of rows in it, which administrators of the platform need not see.
        let failure = format!("{}: {}", error.code().as_str(), error.message());
        if let Err(error) = queue::fail(&self.database, job, &failure, None).await {
            // Its lease expires.
            tracing::warn!(job = %id, %error, "cannot note the failure of a job");
        }
    }

    /// Renews the leases of what runs, until it is dropped.
    async fn renew_for_ever(&self) {
        loop {
            sleep(self.settings.lease / 3).await;
            let leases: Vec<Uuid> = self.running().keys().copied().collect();
            if !leases.is_empty()
                && let Err(error) = queue::renew(&self.database, &leases, self.settings.lease).await
            {
                tracing::warn!(%error, "cannot renew the claims of jobs");
            }
        }
    }

    /// Lets what runs finish, and gives back what has not within the limit.
    async fn drain(&self, tasks: &mut JoinSet<()>) {
        let finished = timeout(self.settings.drain, async { while tasks.join_next().await.is_some() {} }).await;
        if finished.is_ok() {
            return;
        }
        tasks.shutdown().await;
        let left: Vec<_> = self.running().drain().map(|(_, job)| job).collect();
        tracing::warn!(jobs = left.len(), "gives jobs back that were not finished in time");
        if let Err(error) = queue::give_back(&self.database, &left).await {
            // Their leases expire.
            tracing::warn!(%error, "cannot give jobs back");
        }
    }
}

/// Why a worker does not wait any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Woken {
    /// There may be jobs, or room for them.
    ByJobs,
    /// There are events, which may start jobs.
    ByEvents,
    ToStop,
}

/// When a worker last did what it does not do each time.
#[derive(Debug, Default)]
struct Tended {
    claimed: Option<Instant>,
    expired: Option<Instant>,
    schedules: Option<Instant>,
}

/// Whether something is to be done again that was last done at a time.
fn is_time(last: Option<Instant>, every: Duration) -> bool {
    last.is_none_or(|at| at.elapsed() >= every)
}

/// Whether a future is ready within a time.
async fn ready_within(time: Duration, mut future: impl Future<Output = ()> + Unpin) -> bool {
    timeout(time, &mut future).await.is_ok()
}

//! Kinds of jobs that do what a test tells them.

use std::{
    collections::HashMap,
    sync::{Arc, LazyLock, Mutex},
    time::Duration,
};

use clinigraph::{
    job,
    jobs::{JobKind, Jobs, Priority, Rules, Running, Schedule, Starter, Work},
    kernel::{Error, Id, Result, db::Scope, events::EventKind, ids::Kind},
    support::TicketEventKind,
};
use diesel::{sql_query, sql_types::Text};
use diesel_async::RunQueryDsl;
use tokio::sync::Semaphore;

pub const TASKS: Jobs = Jobs {
    kinds: &[
        JobKind::of::<Task>(),
        JobKind::of::<Urgent>(),
        JobKind::of::<Single>(),
        JobKind::of::<OnePerClinic>(),
        JobKind::of::<Brief>(),
        JobKind::of::<Started>(),
    ],
    schedules: &[],
    starters: &[Starter {
        name: "started",
        topic: TicketEventKind::TOPIC,
        wants: |kind| kind == TicketEventKind::Opened.text(),
        start: |ticket| Started { ticket_id: Id::from_uuid(ticket.id) }.in_clinic(Id::from_uuid(ticket.clinic)),
    }],
};

/// Kinds that come again.
pub const TIMED: Jobs = Jobs {
    kinds: &[JobKind::of::<Nightly>(), JobKind::of::<Often>()],
    schedules: &[Schedule::daily_in_clinics::<Nightly>(2, 30), Schedule::every_minutes::<Often>(10)],
    starters: &[],
};

/// What payloads name.
pub struct TaskId;

impl Kind for TaskId {
    const PREFIX: &'static str = "task";
}

/// What a task does.
#[derive(Clone)]
pub enum Act {
    /// Leaves its effect.
    Succeed,
    /// Fails after its effect, in the transaction of it.
    Fail,
    Panic,
    /// Says that it has begun, waits, and then leaves its effect.
    Hold(Arc<Gate>),
}

/// Where tasks wait.
pub struct Gate {
    pub entered: Semaphore,
    pub open: Semaphore,
}

impl Gate {
    pub fn closed() -> Arc<Self> {
        Arc::new(Self { entered: Semaphore::new(0), open: Semaphore::new(0) })
    }

    /// Waits until that many tasks have entered.
    pub async fn has(&self, number: u32) {
        drop(tokio::time::timeout(Duration::from_secs(20), self.entered.acquire_many(number)).await.unwrap());
    }

    pub fn open(&self) {
        self.open.add_permits(1000);
    }
}

static ACTS: LazyLock<Mutex<HashMap<uuid::Uuid, Act>>> = LazyLock::new(Mutex::default);

/// Says what a task does from now on; it succeeds otherwise.
pub fn give(task: Id<TaskId>, act: Act) {
    ACTS.lock().unwrap().insert(task.uuid(), act);
}

pub async fn leave_effect(scope: &Scope, name: &str) -> Result<()> {
    let effect = sql_query("insert into effects (task) values ($1)").bind::<Text, _>(name);
    effect.execute(&mut scope.tx().await?.conn()?).await?;
    Ok(())
}

async fn act(job: Running, task: Id<TaskId>) -> Result<()> {
    let act = ACTS.lock().unwrap().get(&task.uuid()).cloned().unwrap_or(Act::Succeed);
    match &act {
        Act::Panic => panic!("as the test wants it"),
        Act::Hold(gate) => {
            gate.entered.add_permits(1);
            drop(gate.open.acquire().await);
        }
        Act::Succeed | Act::Fail => {}
    }
    job.finish(async |scope| {
        leave_effect(scope, &task.to_string()).await?;
        if matches!(act, Act::Fail) { Err(Error::unavailable("the test wants it")) } else { Ok(()) }
    })
    .await
}

macro_rules! tasks {
    ($($name:ident $kind:literal $rules:expr;)+) => {$(
        job! {
            /// A task of a test.
            $name $kind { task_id: Id<TaskId> }
        }

        impl Work for $name {
            const RULES: Rules = $rules;

            async fn run(self, job: Running) -> Result<()> {
                act(job, self.task_id).await
            }
        }
    )+};
}
tasks! {
    Task "test_task" Rules { attempts: 3, at_once_in_clinic: 100, at_once: 100, ..Rules::USUAL };
    Urgent "test_urgent" Rules { priority: Priority::First, ..Rules::USUAL };
    Single "test_single" Rules { at_once: 1, at_once_in_clinic: 1, ..Rules::USUAL };
    OnePerClinic "test_one_per_clinic" Rules { at_once_in_clinic: 1, ..Rules::USUAL };
    Brief "test_brief" Rules { time: Duration::from_millis(200), attempts: 1, ..Rules::USUAL };
}

job! {
    /// Comes each night in each clinic.
    Nightly "test_nightly" {}
}

impl Work for Nightly {
    async fn run(self, job: Running) -> Result<()> {
        let clinic = job.clinic()?;
        job.finish(async |scope| leave_effect(scope, &format!("{} {}", clinic.uuid(), scope.now())).await).await
    }
}

job! {
    /// Comes every ten minutes for the platform.
    Often "test_often" {}
}

impl Work for Often {
    async fn run(self, job: Running) -> Result<()> {
        job.finish(async |scope| leave_effect(scope, &format!("often {}", scope.now())).await).await
    }
}

job! {
    /// Is started by each ticket that is opened.
    Started "test_started" { ticket_id: Id<clinigraph::support::Ticket> }
}

impl Work for Started {
    async fn run(self, job: Running) -> Result<()> {
        job.finish(async |scope| leave_effect(scope, &self.ticket_id.to_string()).await).await
    }
}

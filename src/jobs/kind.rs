//! What a module declares of its jobs: their kinds, when they run, and which events start them.

use std::{pin::Pin, time::Duration};

use super::{JobReference, NewJob, Running, Schedule, Starter};
use crate::{
    clinic::Clinic,
    kernel::{Error, Id, Result, ids},
};

/// Everything that one module declares of its jobs.
#[derive(Debug, Clone, Copy)]
pub struct Jobs {
    pub kinds: &'static [JobKind],
    pub schedules: &'static [Schedule],
    pub starters: &'static [Starter],
}

/// The ids that a job gets; [`job!`](crate::job) implements it.
pub trait Payload: Sized + Send + 'static {
    /// Name of the kind of job. It must never change: jobs that wait have it.
    const KIND: &'static str;
    /// Names of the ids.
    const NAMES: &'static [&'static str];

    fn references(&self) -> Vec<JobReference>;

    fn of_references(references: &[JobReference]) -> Result<Self>;
}

/// Declares the payload of a kind of job: its name and the ids that it gets. [`Work`] says what such a job does.
///
/// ```ignore
/// job! {
///     /// Reports a ticket whose first response is late.
///     FirstResponseDue "ticket_first_response_due" { ticket_id: Id<Ticket> }
/// }
/// ```
#[macro_export]
macro_rules! job {
    ($(#[doc = $doc:literal])+ $name:ident $kind:literal { $($field:ident : Id<$of:ty>),* $(,)? }) => {
        $(#[doc = $doc])+
        #[derive(Debug, Clone)]
        pub struct $name { $(pub $field: $crate::kernel::Id<$of>),* }

        impl $crate::jobs::Payload for $name {
            const KIND: &'static str = $kind;
            const NAMES: &'static [&'static str] = &[$(stringify!($field)),*];

            fn references(&self) -> Vec<$crate::jobs::JobReference> {
                vec![$($crate::jobs::JobReference {
                    name: stringify!($field).to_owned(),
                    id: async_graphql::ID(self.$field.to_string()),
                }),*]
            }

            fn of_references(_references: &[$crate::jobs::JobReference]) -> $crate::kernel::Result<Self> {
                Ok(Self { $($field: $crate::jobs::JobReference::find(_references, stringify!($field))?),* })
            }
        }
    };
}

impl JobReference {
    /// The id of this name in the payload of a job.
    pub fn find<T: ids::Kind>(references: &[Self], name: &str) -> Result<Id<T>> {
        let found = references.iter().find(|reference| reference.name == name);
        let found = found.ok_or_else(|| Error::internal(format!("the job has no {name}")))?;
        found.id.parse().map_err(Error::internal)
    }
}

/// How soon a job starts, compared with others that could start at the same time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Priority {
    /// Somebody waits for it.
    First = 0,
    High = 1,
    Usual = 2,
    /// It can wait until nothing else is to be done.
    Last = 3,
}

/// How jobs of a kind run.
#[derive(Debug, Clone, Copy)]
pub struct Rules {
    /// Attempts after which a job is dead.
    pub attempts: i32,
    pub priority: Priority,
    /// Most jobs of the kind that run at the same time, over all workers.
    pub at_once: i32,
    /// The same in one clinic.
    pub at_once_in_clinic: i32,
    /// Longest time of one attempt.
    pub time: Duration,
}

impl Rules {
    pub const USUAL: Self = Self {
        attempts: 10,
        priority: Priority::Usual,
        at_once: 16,
        at_once_in_clinic: 2,
        time: Duration::from_secs(60),
    };
}

/// What a job does.
pub trait Work: Payload {
    const RULES: Rules = Rules::USUAL;

    /// Does the work. What it changes in the database it changes in [`Running::finish`], and what it does elsewhere must bear
    /// to be repeated: a worker can die between the two.
    fn run(self, job: Running) -> impl Future<Output = Result<()>> + Send;

    /// A job of a clinic, which is added by [`NewJob::enqueue`].
    fn in_clinic(self, clinic: Id<Clinic>) -> NewJob {
        NewJob::of(&self, clinic.uuid())
    }

    /// A job of the platform, which reaches every row.
    fn of_platform(self) -> NewJob {
        NewJob::of(&self, uuid::Uuid::nil())
    }
}

type Run = fn(Vec<JobReference>, Running) -> Pin<Box<dyn Future<Output = Result<()>> + Send>>;

/// A declared kind of job.
#[derive(Debug, Clone, Copy)]
pub struct JobKind {
    pub name: &'static str,
    pub rules: Rules,
    pub(super) run: Run,
}

impl JobKind {
    #[must_use]
    pub const fn of<W: Work>() -> Self {
        Self { name: W::KIND, rules: W::RULES, run: run::<W> }
    }
}

fn run<W: Work>(references: Vec<JobReference>, job: Running) -> Pin<Box<dyn Future<Output = Result<()>> + Send>> {
    Box::pin(async move { W::of_references(&references)?.run(job).await })
}

//! Events of jobs, for the administrators of the platform, and the subscription to them.

use async_graphql::{Context, SimpleObject, Subscription};

use super::Job;
use crate::{
    clinic::Clinic,
    events,
    kernel::{Id, Result, entity::Maybe},
    live::{EventBase, Events, Subscribe},
};

events! {
    /// Kind of change to a job that somebody should know of.
    JobEventKind of Job {
        /// The job has failed in its last attempt.
        Died = "died",
        /// An administrator has retried the dead job.
        Retried = "retried",
        /// An administrator has dropped the job.
        Dropped = "dropped",
    }
}

/// Death of a job, or what an administrator did with a job.
#[derive(SimpleObject)]
pub struct JobEvent {
    #[graphql(flatten)]
    base: EventBase,
    /// Kind of change to the job.
    kind: JobEventKind,
    /// Job as it is now. Null if it is done or was dropped.
    job: Maybe<Job>,
}

#[derive(Default)]
pub struct JobSubscription;

#[Subscription]
impl JobSubscription {
    /// Reports the deaths of jobs, and what administrators do with jobs. Needs the permission `JOBS_MANAGE`.
    async fn job_events(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Clinic whose jobs are reported.")] clinic_id: Option<Id<Clinic>>,
        #[graphql(desc = "Kinds of events that are reported.")] kinds: Option<Vec<JobEventKind>>,
        #[graphql(desc = "Cursor of the event after which to resume.")] after: Option<String>,
    ) -> Result<Events<JobEvent>> {
        let wanted = Subscribe::<JobEventKind>::after(after).clinic(clinic_id).kinds(kinds);
        wanted.each(ctx, |event| JobEvent { kind: event.kind, job: event.subject(), base: event.base })
    }
}

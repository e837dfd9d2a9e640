//! Queries and mutations of jobs, for the administrators of the platform.

use async_graphql::{Context, Object, SimpleObject};

use super::{Job, JobCounts, JobEventKind, JobStatus};
use crate::{
    clinic::Clinic,
    input,
    kernel::{
        Code, Error, Id, Permission, RequestOf, Result,
        entity::{Maybe, One},
        events::{Audience, Event},
        write::{Input, NoEvent, Stored},
    },
    queries,
};

queries! {
    /// Queries of jobs.
    JobReads;
    one {
        /// Job with this id. Null if there is none: a job that is done no longer exists. Needs the permission `JOBS_MANAGE`.
        job: Job,
    }
    list {
        /// Jobs of the server that are not done. Null, with an error, without the permission `JOBS_MANAGE`.
        jobs: Job,
    }
    count {
        /// Numbers of the jobs that are not done. Null, with an error, without the permission `JOBS_MANAGE`.
        job_counts: JobCounts,
    }
}

input! {
    /// Dead job that is going to be retried.
    RetryJobInput {
        /// Identifier of the job.
        job_id: Id<Job>,
    }
}

/// Result of retrying a job.
#[derive(SimpleObject)]
pub struct RetryJobPayload {
    /// Job that waits for its next attempt.
    job: One<Job>,
}

input! {
    /// Job that is going to be dropped.
    DropJobInput {
        /// Identifier of the job.
        job_id: Id<Job>,
    }
}

/// Result of dropping a job.
#[derive(SimpleObject)]
pub struct DropJobPayload {
    /// Identifier of the job that was dropped.
    dropped_job_id: Id<Job>,
    /// Clinic that the job worked in. Null if it worked for the platform.
    clinic: Maybe<Clinic>,
}

#[derive(Debug, Default)]
pub struct JobMutation;

#[Object]
impl JobMutation {
    /// Lets a dead job start anew, with all its attempts; `INVALID_TRANSITION` if it is not dead, `DUPLICATE` if a job of its
    /// kind with its key waits already. Needs the permission `JOBS_MANAGE`.
    async fn retry_job(&self, ctx: &Context<'_>, input: Input<RetryJobInput>) -> Result<RetryJobPayload> {
        let scope = ctx.permitted(Permission::JobsManage)?;
        let job = Job::lock(scope, input.valid()?.job_id, None).await?;
        if job.status != JobStatus::Dead {
            return Err(refused("only a job that is DEAD can be retried", job.status));
        }
        let waits = job.edit().status(JobStatus::Waiting).run_at(scope.now()).attempts(0).died_at(None);
        waits.only_for(Audience::Platform).update(scope, JobEventKind::Retried).await?;
        scope.jobs_are_added();
        Ok(RetryJobPayload { job: One::of(job.id) })
    }

    /// Removes a job that is dead or waits, so that it never runs again; `INVALID_TRANSITION` while it runs. Needs the
    /// permission `JOBS_MANAGE`.
    async fn drop_job(&self, ctx: &Context<'_>, input: Input<DropJobInput>) -> Result<DropJobPayload> {
        let scope = ctx.permitted(Permission::JobsManage)?;
        let job = Job::lock(scope, input.valid()?.job_id, None).await?;
        if job.status == JobStatus::Running {
            return Err(refused("a job cannot be dropped while it is RUNNING", job.status));
        }
        job.remove(scope, NoEvent).await?;
        let clinic = Some(job.clinic_id).filter(|clinic| !clinic.uuid().is_nil());
        let dropped = Event::of(JobEventKind::Dropped, job.id, clinic.map(Id::uuid));
        dropped.to(Audience::Platform).push(scope);
        Ok(DropJobPayload { dropped_job_id: job.id, clinic: Maybe::of(clinic) })
    }
}

fn refused(message: &str, status: JobStatus) -> Error {
    let message = format!("{message}; this one is {}", status.text().to_uppercase());
    Error::new(Code::InvalidTransition, message).allowed(Vec::new())
}

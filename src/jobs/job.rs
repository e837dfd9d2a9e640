//! The entity, its list and its counts.

use chrono::{DateTime, Utc};

use crate::{
    aggregate,
    clinic::Clinic,
    entity, filter, json_object,
    kernel::{Id, entity::DateTimeRange, entity::JsonList},
    orders,
    schema::jobs,
    text_enum,
};

text_enum! {
    /// Status of a job; a job that is done no longer exists.
    JobStatus {
        /// The job waits for its time or for a worker.
        Waiting = "waiting",
        /// A worker runs the job.
        Running = "running",
        /// The job has failed in each of its attempts.
        Dead = "dead",
    }
}

json_object! {
    /// Object that a job works on.
    JobReference {
        /// Name of the reference in the job, such as `ticket_id`.
        name: String,
        /// Identifier of the object that the job works on.
        id: async_graphql::ID,
    }
}

entity! {
    /// Job of the server: work that it does in the background. Needs the permission `JOBS_MANAGE`.
    Job "job" of jobs, tenant clinic_id, read JobsManage;
    columns {
        /// Identifier of the job.
        id: Id<Job>,
        /// Kind of the job, which says what it does.
        kind: String,
        /// Key of the job: at most one job of a kind with the same key waits in a clinic. Null if it has none.
        key: Option<String>,
        /// Objects that the job works on, by their identifiers.
        payload: JsonList<JobReference>,
        /// Current status of the job.
        status: JobStatus,
        /// Priority of the job from 0 to 3; the jobs with the lowest number start first.
        priority: i32,
        /// Time at which the job starts or started; of a job that failed, the time of its next attempt.
        run_at: DateTime<Utc>,
        /// Number of attempts that were begun.
        attempts: i32,
        /// Number of attempts after which the job is dead.
        max_attempts: i32,
        /// Error of the last attempt that failed, at most 1,000 characters. Null if none has failed.
        last_error: Option<String>,
        /// Time at which the last attempt failed. Null if the job is not dead.
        died_at: Option<DateTime<Utc>>,
        /// Time at which the job was added.
        created_at: DateTime<Utc>,
    }
    inside {
        clinic_id: Id<Clinic>,
    }
    computed {
        /// Whether the job can be retried now.
        viewer_can_retry: bool = |_viewer, status: JobStatus| status == JobStatus::Dead,
        /// Whether the job can be dropped now.
        viewer_can_drop: bool = |_viewer, status: JobStatus| status != JobStatus::Running,
    }
    edges {
        /// Clinic that the job works in. Null if it works for the platform.
        clinic: maybe Clinic by clinic_id,
    }
    unique {
        jobs_clinic_id_kind_key_key on key "a job of this kind with this key waits already; drop this one instead",
    }
}

orders! {
    /// Order of a list of jobs.
    JobOrder by JobOrderField, usually RunAt Desc;
    /// Time at which the job starts or started.
    RunAt = "run_at" as Timestamptz,
}

aggregate! {
    /// Numbers of jobs, in all and by their properties.
    JobCounts of Job {
        /// Numbers of jobs by status; a status that no job has is left out.
        by_status: JobStatusCount {
            /// Status of the jobs.
            status: JobStatus,
        },
        /// Numbers of jobs by kind; a kind that no job has is left out.
        by_kind: JobKindCount {
            /// Kind of the jobs.
            kind: String,
        },
        /// Numbers of dead jobs by kind; a kind of which no job is dead is left out.
        dead_by_kind: JobDeadKindCount {
            /// Kind of the dead jobs.
            kind: String = "case when status = 'dead' then kind end",
        },
    }
}

filter! {
    /// Conditions on a list of jobs; all of them must hold.
    JobFilter of Job in jobs, order JobOrder {
        /// Clinic that the job works in.
        clinic_id: equal(clinic_id: Id<Clinic>),
        /// Statuses, any of which matches.
        status: any(status: JobStatus) replan,
        /// Kinds, any of which matches.
        kind: any(kind: String),
        /// Times between which the job starts or started.
        run_at: range(run_at: DateTimeRange),
    }
}

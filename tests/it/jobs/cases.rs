//! Rows of jobs in the tests that hold for every table and operation.

use clinigraph::jobs::JobStatus;

use crate::cases::{ADMINISTERS, ALL, Budget, Cases, Enum, Filling, OF_CLINIC, Rights, Table, administrator, rights};

pub const CASES: Cases = Cases { tables: TABLES, rights: RIGHTS, budgets: BUDGETS, enums: ENUMS };

const TABLES: &[Table] = &[Table {
    name: "jobs",
    grants: "admin s(u)d, system siud",
    of_clinic: OF_CLINIC,
    tenant: None,
    admin: ALL,
    insert: "(id, clinic_id, kind, run_at, max_attempts) values (gen_random_uuid(), $clinic, 'ticket_watch', now(), 1)",
}];

const RIGHTS: &[Rights] = &[
    rights("Query.job", "{ job(id: \"job_00000000000000000000000000\") { id lastError } }", ADMINISTERS),
    rights(
        "Query.jobs",
        "query ($clinic: ID!) { jobs(filter: { clinicId: $clinic }) { totalCount nodes { id lastError payload { id } } } }",
        ADMINISTERS,
    ),
    rights("Query.jobCounts", "{ jobCounts { total byStatus { status count } byKind { kind count } } }", ADMINISTERS),
    rights(
        "Mutation.retryJob",
        "mutation { retryJob(input: { jobId: \"job_00000000000000000000000000\" }) { job { id } } }",
        ADMINISTERS,
    ),
    rights(
        "Mutation.dropJob",
        "mutation { dropJob(input: { jobId: \"job_00000000000000000000000000\" }) { droppedJobId } }",
        ADMINISTERS,
    ),
    rights(
        "Subscription.jobEvents",
        "subscription ($clinic: ID!, $after: String!) { jobEvents(clinicId: $clinic, after: $after) { cursor kind job { id } } }",
        ADMINISTERS,
    ),
];

const BUDGETS: &[Budget] = &[
    administrator("Query.job", "query ($job: ID!) { job(id: $job) { kind clinic { name } payload { id } } }", 1),
    administrator("Query.jobs", "{ jobs(filter: { status: DEAD }) { nodes { kind clinic { name } } } }", 2),
    administrator("Query.jobCounts", "{ jobCounts { total byStatus { status count } deadByKind { kind count } } }", 1),
    administrator(
        "Mutation.retryJob",
        "mutation ($job: ID!) { retryJob(input: { jobId: $job }) { job { status } } }",
        4,
    ),
    administrator("Mutation.dropJob", "mutation ($job: ID!) { dropJob(input: { jobId: $job }) { droppedJobId } }", 3),
];

const ENUMS: &[Enum] = &[Enum { constraint: "jobs_status_check", values: JobStatus::TEXTS }];

/// A dead job, and the event of its death.
pub async fn fill(filling: &Filling<'_>) {
    filling
        .execute(
            "insert into jobs (id, clinic_id, kind, status, run_at, max_attempts, died_at, last_error)
             values (gen_random_uuid(), $clinic, 'ticket_watch', 'dead', now(), 1, now(), $secret);
             insert into outbox_events (clinic_id, audience, topic, subject_id, kind)
             select clinic_id, 'platform', 'job', id, 'died' from jobs where clinic_id = $clinic",
        )
        .await;
}

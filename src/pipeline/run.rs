//! Running an admitted operation under its deadline, so that neither a panic nor an operation without end reaches the
//! transport.

use std::{panic::AssertUnwindSafe, sync::Arc};

use async_graphql::{ServerError, parser::types::OperationType};
use futures_util::FutureExt;
use tokio::time::{Instant, timeout_at};

use super::{
    Parts,
    admit::Job,
    answer::{self, CostReport, Data},
    arguments,
    executor::Resolved,
    server_error,
};
use crate::{
    kernel::{Code, Error, Result, db::Access, request::Request},
    server::contract::{Answer, Status},
};

/// What running an operation, or one field of a mutation, came to.
#[derive(Default)]
pub struct Executed {
    pub data: Data,
    pub errors: Vec<ServerError>,
    pub sql_count: usize,
    pub cookies: Vec<String>,
    /// It is the answer that was stored under an idempotency key.
    pub is_repeated: bool,
}

impl Executed {
    /// Nothing but an error.
    pub fn failed(error: &Error) -> Self {
        Self { data: Data::Null, errors: vec![server_error(error)], ..Self::default() }
    }
}

impl Parts {
    /// Runs the operation. When the caller's rights have changed since they were looked up, looks again and runs it once
    /// more: nothing was done.
    pub async fn execute(&self, mut job: Job) -> Result<Answer> {
        let deadline = Instant::now() + self.settings.deadline;
        let mut repeated = false;
        loop {
            let executed = match job.kind {
                // Boxed, as a future that is spawned and timed is moved some ten times.
                OperationType::Query => guarded(deadline, Box::pin(self.run_query(&job))).await,
                OperationType::Mutation => Box::pin(self.run_mutation(&job, deadline)).await,
                OperationType::Subscription => Err(Error::internal("a subscription does not end here")),
            };
            match executed {
                Ok(executed) => return Ok(self.executed(&job, executed)),
                Err(refusal) => {
                    let Some(hash) = job.token_hash.filter(|_| refusal.refuses_caller()) else { return Err(refusal) };
                    self.tokens.forget(&hash);
                    if repeated || !refusal.is_stale_actor() {
                        return Err(refusal);
                    }
                    repeated = true;
                    job.actor = self.actor(Some(hash), job.origin.address).await?;
                }
            }
        }
    }

    fn executed(&self, job: &Job, executed: Executed) -> Answer {
        let cost = CostReport {
            cost: job.cost,
            limit: self.settings.limits.cost,
            sql_count: self.settings.development.then_some(executed.sql_count),
        };
        let waits = executed.errors.iter().filter_map(|error| error.source::<Error>()?.seconds_to_wait());
        Answer {
            retry_after: waits.max(),
            body: answer::write(&executed.data, &executed.errors, Some(cost), &job.origin.request_id),
            status: Status::Executed,
            cookies: executed.cookies,
            rate_limit: job.rate_limit,
        }
    }

    async fn run_query(&self, job: &Job) -> Result<Executed> {
        let request = Arc::new(Request::new(
            self.database.on_terms(job.terms()),
            job.actor.clone(),
            Access::Read,
            String::new(),
            Arc::clone(&job.origin),
            job.token_hash,
        ));
        // Only async-graphql's own executor answers about the schema.
        let resolved = if job.roots.iter().any(|(_, name)| name.starts_with("__") && *name != "__typename") {
            self.executor.introspection(job.invocation(), &request).await
        } else {
            self.executor.query(job.invocation(), &request).await?
        };
        request.finish_others();
        let scope = Arc::clone(request.scope());
        let checked = scope.check().await;
        if let Some(refusal) = scope.refusal().await {
            // Every statement behind the opening failed with it, so the connection is clean.
            scope.roll_back().await;
            return Err(refusal);
        }
        checked?;
        let sql_count = scope.sent();
        scope.finish();
        let (data, errors) = self.data(job, resolved);
        Ok(Executed { data, errors, sql_count, ..Executed::default() })
    }

    /// What the executor resolved, with each refused argument value named by its path.
    pub fn data(&self, job: &Job, resolved: Resolved) -> (Data, Vec<ServerError>) {
        let Resolved { fields, mut errors } = resolved;
        arguments::locate(&mut errors, job.kind, job.invocation(), &self.types);
        (fields.map_or(Data::Null, Data::Fields), errors)
    }
}

/// Runs what must not panic or outlast the deadline. `Err` is the refusal of the caller by the database, before anything
/// was done.
pub async fn guarded(deadline: Instant, work: impl Future<Output = Result<Executed>>) -> Result<Executed> {
    let error = match timeout_at(deadline, AssertUnwindSafe(work).catch_unwind()).await {
        Ok(Ok(executed)) => return executed,
        Ok(Err(panic)) => {
            let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
            let text = text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
            Error::internal(format!("panic: {text}"))
        }
        Err(_) => timed_out(),
    };
    Ok(Executed::failed(&error))
}

/// The error of an operation that outlasts its deadline.
pub fn timed_out() -> Error {
    Error::new(Code::Timeout, "the operation took too long and was cancelled")
}

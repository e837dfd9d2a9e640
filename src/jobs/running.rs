//! A job while it runs: who it is, and the transactions that it works in.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use uuid::Uuid;

use super::{
    Job,
    queue::{self, Claimed},
};
use crate::{
    clinic::Clinic,
    kernel::{
        Error, Id, Result,
        db::{Database, Note, Scope},
        services::Services,
    },
};

/// A job that runs; clones are the same job.
#[derive(Debug, Clone)]
pub struct Running {
    database: Database,
    services: Services,
    kind: &'static str,
    claimed: Arc<Claimed>,
    is_finished: Arc<AtomicBool>,
}

impl Running {
    pub(super) fn new(database: Database, services: Services, kind: &'static str, claimed: Arc<Claimed>) -> Self {
        Self { database, services, kind, claimed, is_finished: Arc::default() }
    }

    /// The job's own id: the same in each attempt, so that an outside system can be asked to do a thing once.
    #[must_use]
    pub fn id(&self) -> Id<Job> {
        Id::from_uuid(self.claimed.id)
    }

    /// The clinic that the job works in; an error for a job of the platform.
    pub fn clinic(&self) -> Result<Id<Clinic>> {
        let clinic = self.clinic_id().map(Id::from_uuid);
        clinic.ok_or_else(|| Error::internal("a job of the platform has no clinic"))
    }

    fn clinic_id(&self) -> Option<Uuid> {
        Some(self.claimed.clinic_id).filter(|clinic| !clinic.is_nil())
    }

    /// Number of this attempt, from 1.
    #[must_use]
    pub fn attempt(&self) -> i32 {
        self.claimed.attempts
    }

    /// What a job of the platform works with if one transaction is not enough.
    #[must_use]
    pub fn database(&self) -> &Database {
        &self.database
    }

    /// What the job works with outside the database.
    pub fn service<T: Send + Sync + 'static>(&self) -> Result<&T> {
        self.services.get()
    }

    /// Works in a transaction of its own before the job is finished. If the attempt fails later, it is repeated.
    pub async fn before<T>(&self, work: impl AsyncFnOnce(&Scope) -> Result<T>) -> Result<T> {
        self.database.as_job(self.clinic_id(), self.note(), work).await
    }

    /// Finishes the job: what `effects` changes is committed together with the end of the job, or not at all.
    pub async fn finish(&self, effects: impl AsyncFnOnce(&Scope) -> Result<()>) -> Result<()> {
        self.before(async |scope| {
            // First, so that a job that was taken over changes nothing, and adds a successor with its own key.
            queue::complete(scope, &self.claimed).await?;
            effects(scope).await
        })
        .await?;
        self.is_finished.store(true, Ordering::Release);
        Ok(())
    }

    pub(super) fn is_finished(&self) -> bool {
        self.is_finished.load(Ordering::Acquire)
    }

    /// What the audit trail stores of the changes that the job makes.
    #[must_use]
    pub fn note(&self) -> Note {
        Note::Job { kind: self.kind, id: self.id().to_string() }
    }
}

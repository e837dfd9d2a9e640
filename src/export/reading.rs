//! Reading the rows of an export with the rights that whoever requested it has at that moment.

use std::{sync::Arc, time::Duration};

use uuid::Uuid;

use super::Exporter;
use crate::{
    access::standing,
    entities::entities,
    jobs::Running,
    kernel::{
        Actor, Code, Error, Permission, Result,
        actor::Person,
        db::{Access, Scope},
        entity::{Batch, Kinds, Pages},
    },
};

/// How often a page is tried.
const TRIES: usize = 10;
/// Pause before a page is tried again for which there was no connection.
const PAUSE: Duration = Duration::from_millis(500);

/// The person with whose rights rows are read.
pub struct Reader<'j> {
    job: &'j Running,
    exporter: Exporter,
    user: Uuid,
    clinic: Option<Uuid>,
    person: Option<Arc<Person>>,
    kinds: Kinds,
}

impl<'j> Reader<'j> {
    pub fn new(job: &'j Running, exporter: Exporter, user: Uuid, clinic: Option<Uuid>) -> Self {
        Self { job, exporter, user, clinic, person: None, kinds: Kinds::new(entities()) }
    }

    /// The next rows. `FORBIDDEN` if the person may not export them any more, and the code of the reason if they may do nothing
    /// any more.
    pub async fn next<'e>(&mut self, pages: &mut Pages<'e>) -> Result<Batch<'e>> {
        for _ in 0..TRIES {
            let scope = self.open().await?;
            let read = pages.next(&scope, &self.kinds).await;
            if let Some(batch) = self.close(scope, read).await? {
                return Ok(batch);
            }
        }
        Err(unread())
    }

    /// The number of all rows.
    pub async fn count(&mut self, pages: &Pages<'_>) -> Result<i32> {
        for _ in 0..TRIES {
            let scope = self.open().await?;
            let counted = pages.count(&scope, &self.kinds).await;
            if let Some(count) = self.close(scope, counted).await? {
                return Ok(count);
            }
        }
        Err(unread())
    }

    /// A transaction of the person, which only reads.
    async fn open(&mut self) -> Result<Arc<Scope>> {
        let actor = Actor::Person(self.person().await?);
        actor.require(Permission::DataExport)?;
        actor.require(self.exporter.permission)?;
        Ok(Arc::new(self.job.database().scope(actor, Access::Read, None)))
    }

    /// Ends it; none if it must be read again: the rights of the person have changed since they were looked up, or all connections
    /// of the clinic were taken.
    async fn close<T>(&mut self, scope: Arc<Scope>, read: Result<T>) -> Result<Option<T>> {
        let error = match read {
            Ok(done) => {
                scope.finish();
                return Ok(Some(done));
            }
            Err(error) => error,
        };
        let refusal = scope.refusal().await.unwrap_or(error);
        scope.roll_back().await;
        if refusal.refuses_caller() {
            self.person = None;
        } else if refusal.code() == Code::RateLimited {
            // Others of the clinic have their turn.
            tokio::time::sleep(PAUSE).await;
        } else {
            return Err(refusal);
        }
        Ok(None)
    }

    async fn person(&mut self) -> Result<Arc<Person>> {
        if let Some(person) = &self.person {
            return Ok(Arc::clone(person));
        }
        let (user, clinic) = (self.user, self.clinic);
        let person = self.job.before(async |scope| standing(scope, user, clinic).await).await?;
        self.person = Some(Arc::clone(&person));
        Ok(person)
    }
}

fn unread() -> Error {
    Error::unavailable("the rights of the person change all the time, or there are no connections")
}

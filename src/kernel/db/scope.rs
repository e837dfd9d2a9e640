//! A scope is one transaction, as one actor, on one connection. Tables can only be reached through a scope, so that each
//! query runs as an actor.
//!
//! Opening costs no round trip: `begin`, the role of the class, the caller, and the check of the caller are sent as one
//! message, with the first statement right behind it. The result of that statement is returned only if the opening
//! succeeded. It is one message and not three because only the first poll of one future is certain to send it before the
//! next; it contains nothing but ids, numbers and names of roles. The connection of a scope that is dropped before its end
//! never returns to the pool, since a statement may still run on it.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use chrono::{DateTime, Utc};
use diesel::{
    pg::Pg,
    query_builder::{AsQuery, QueryFragment, QueryId},
};
use diesel_async::{AsyncConnectionCore, AsyncPgConnection, SimpleAsyncConnection};
use futures_util::{FutureExt, TryStreamExt};
use tokio::sync::{Notify, OnceCell};
use uuid::Uuid;

use super::{
    pool::{Class, Connection, Loan, Pools, Sent},
    turns::{Party, Terms},
};
use crate::kernel::{
    Actor, Code, Error, Result,
    actor::{Origin, Person},
    clock::Clock,
    events::{Event, InsertEvents},
    hex::hex,
};

/// A row as Postgres sent it.
pub type PgRow = <AsyncPgConnection as AsyncConnectionCore>::Row<'static, 'static>;

/// Whether a scope may write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Read only, of one snapshot.
    Read,
    /// Read committed: a statement that waited for a lock sees what the other wrote.
    Write,
}

/// Opens scopes.
#[derive(Debug, Clone)]
pub struct Database {
    pools: Pools,
    clock: Clock,
    /// Notified when a transaction with events or new jobs was committed by this process.
    events_committed: Arc<Notify>,
    /// Notified when there may be new jobs.
    jobs_added: Arc<Notify>,
    terms: Terms,
}

impl Database {
    #[must_use]
    pub fn new(pools: Pools, clock: Clock) -> Self {
        Self { pools, clock, events_committed: Arc::default(), jobs_added: Arc::default(), terms: Terms::default() }
    }

    /// The same database, for scopes that wait for their connections on these terms.
    #[must_use]
    pub fn on_terms(&self, terms: Terms) -> Self {
        Self { terms, ..self.clone() }
    }

    /// The same database, for work of the server that a party asked for.
    #[must_use]
    pub fn on_behalf_of(&self, party: Party) -> Self {
        self.on_terms(Terms { on_behalf_of: Some(party), ..self.terms })
    }

    /// Notifies of events and jobs that this process has written, which others may have to know of.
    #[must_use]
    pub fn events_committed(&self) -> &Notify {
        &self.events_committed
    }

    /// Notifies of jobs that this process, or as it seems another one, has added.
    #[must_use]
    pub fn jobs_added(&self) -> &Notify {
        &self.jobs_added
    }

    /// The time, as the server's clock has it.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    #[must_use]
    pub fn pools(&self) -> &Pools {
        &self.pools
    }

    /// A scope for an actor; nothing is sent before its first statement.
    #[must_use]
    pub fn scope(&self, actor: Actor, access: Access, note: Option<Note>) -> Scope {
        Scope {
            database: self.clone(),
            actor,
            access,
            note,
            behalf: Behalf::Nobody,
            lease: OnceCell::new(),
            failed: AtomicBool::new(false),
            opened_at: AtomicUsize::new(0),
            events: Mutex::default(),
            has_events: AtomicBool::new(false),
            has_jobs: AtomicBool::new(false),
            pending: Mutex::default(),
            prepares: AtomicBool::new(false),
        }
    }
}

impl Database {
    /// Works as the server itself, in a transaction of its own that is committed if the work succeeds.
    pub async fn as_system<T>(&self, note: Option<Note>, work: impl AsyncFnOnce(&Scope) -> Result<T>) -> Result<T> {
        self.as_system_for(Behalf::Nobody, note, work).await
    }

    /// Works as the server itself for somebody.
    pub async fn as_system_for<T>(
        &self,
        behalf: Behalf,
        note: Option<Note>,
        work: impl AsyncFnOnce(&Scope) -> Result<T>,
    ) -> Result<T> {
        run(Scope { behalf, ..self.scope(Actor::System, Access::Write, note) }, work).await
    }

    /// Works as a job: of a clinic, whose rows alone it reaches, or of the platform.
    pub async fn as_job<T>(
        &self,
        clinic: Option<Uuid>,
        note: Note,
        work: impl AsyncFnOnce(&Scope) -> Result<T>,
    ) -> Result<T> {
        run(self.scope(clinic.map_or(Actor::System, Actor::Job), Access::Write, Some(note)), work).await
    }
}

/// Works in a scope that is committed if the work succeeds.
async fn run<T>(scope: Scope, work: impl AsyncFnOnce(&Scope) -> Result<T>) -> Result<T> {
    match work(&scope).await {
        Ok(done) => scope.commit().await.map(|()| done),
        Err(error) => {
            // If the scope was not opened, that is why the statements failed.
            let refusal = scope.refusal().await;
            scope.roll_back().await;
            Err(refusal.unwrap_or(error))
        }
    }
}

/// For whom the server works when it works as itself: the audit trail names them, and rows are created by them.
#[derive(Debug, Clone)]
pub enum Behalf {
    Nobody,
    /// A caller who is signed in. The transaction opens only if their session and user are valid, as one of their own does; their
    /// clinic may be inactive.
    Caller(Arc<Person>),
    /// A user who has just proved who they are.
    User {
        id: Uuid,
        email: String,
    },
}

/// What the audit trail stores of the cause of a change.
#[derive(Debug, Clone)]
pub enum Note {
    Request {
        operation: String,
        origin: Arc<Origin>,
    },
    /// A job, by its kind and its id.
    Job {
        kind: &'static str,
        id: String,
    },
}

/// One transaction, as one actor.
pub struct Scope {
    database: Database,
    actor: Actor,
    access: Access,
    note: Option<Note>,
    behalf: Behalf,
    /// Result of the attempt to open it.
    lease: OnceCell<Result<Lease>>,
    /// A statement failed: the transaction is broken, and can only be rolled back.
    failed: AtomicBool,
    /// Number of statements on the connection when the scope was opened, to count those of the scope.
    opened_at: AtomicUsize,
    /// Events that are not written yet.
    events: Mutex<Vec<Event>>,
    /// Whether there were any, of which the relay is notified after the commit.
    has_events: AtomicBool,
    /// Whether jobs were added, of which workers are notified after the commit.
    has_jobs: AtomicBool,
    /// Statements that were sent and not awaited yet.
    pending: Mutex<Vec<Sent>>,
    /// Whether some of them must be prepared first and may not have been sent.
    prepares: AtomicBool,
}

impl std::fmt::Debug for Scope {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Scope").field("actor", &self.actor).field("access", &self.access).finish_non_exhaustive()
    }
}

/// A connection on loan, and the answer to its opening.
struct Lease {
    held: Arc<Held>,
    opened: Sent,
}

/// A connection that returns to the pool only if its transaction is known to have ended.
struct Held {
    loan: Option<Loan>,
    ended: AtomicBool,
}

impl Held {
    fn connection(&self) -> Result<&Arc<Connection>> {
        self.loan.as_ref().map(Loan::connection).ok_or_else(|| Error::internal("the connection is gone"))
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if !*self.ended.get_mut()
            && let Some(loan) = self.loan.take()
        {
            loan.discard();
        }
    }
}

impl Scope {
    #[must_use]
    pub fn actor(&self) -> &Actor {
        &self.actor
    }

    /// The time, as the server's clock has it.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        self.database.clock.now()
    }

    /// Statements sent so far, without those that opened the scope.
    #[must_use]
    pub fn sent(&self) -> usize {
        let now = self.leased().and_then(|lease| lease.held.connection().ok()).map(|connection| connection.sent());
        now.map_or(0, |now| now.saturating_sub(self.opened_at.load(Ordering::Relaxed)))
    }

    fn class(&self) -> Result<Class> {
        match &self.actor {
            Actor::Nobody => Err(Error::unauthenticated()),
            Actor::System | Actor::Job(_) => match &self.behalf {
                Behalf::Caller(person) => person.session().map(|_| Class::System),
                Behalf::Nobody | Behalf::User { .. } => Ok(Class::System),
            },
            Actor::Person(person) => {
                if self.access == Access::Write {
                    person.session()?;
                }
                Ok(Class::of(person))
            }
        }
    }

    /// The message that opens the transaction.
    fn opening(&self, class: Class) -> String {
        // Reading is the default of a connection (`pool.rs`).
        let mode = match self.access {
            Access::Read => "",
            Access::Write => " isolation level read committed, read write",
        };
        let mut opening = format!("begin{mode}; set local role {}", class.role());
        // This message must contain no text from outside: only ids, numbers, names of roles, and hexadecimal digits, which
        // cannot end a string.
        let check_caller = Class::CHECK_CALLER;
        match (&self.actor, &self.behalf) {
            (Actor::Person(person), _) => {
                let Person { user_id, session_id, access_version, network_id, .. } = person.as_ref();
                let mut acting = String::new();
                if let Some((clinic, role)) = person.acting {
                    acting = format!(" {clinic} {}", role.text());
                    acting.extend(network_id.map(|network| format!(" {network}")));
                }
                // The word of the session is empty for somebody without one.
                let session_id = session_id.map_or_else(String::new, |session| session.to_string());
                opening += &format!(
                    "; set local app.caller = '{user_id} {session_id}{acting}'; execute {check_caller} ('{user_id}', {access_version})"
                );
            }
            (Actor::System, Behalf::Caller(person)) => {
                let Person { user_id, session_id, access_version, network_id, acting, .. } = person.as_ref();
                let (clinic, role) = acting.map(|(clinic, role)| (clinic, role.text())).unzip();
                let (clinic, role, network) = (quoted(clinic), quoted(role), quoted(*network_id));
                let class = Class::of(person).name();
                // `class` of the scope has refused a caller without a session.
                let session_id = session_id.unwrap_or_default();
                opening += &format!(
                    "; set local app.caller = '{user_id} {session_id}'; execute {check_caller} ('{user_id}', {access_version}, \
                     '{session_id}', {clinic}, {role}, {network}, '{class}')"
                );
            }
            (Actor::System, Behalf::User { id, .. }) => opening += &format!("; set local app.caller = '{id}'"),
            // Without a person and a session: the clinic is the third word.
            (Actor::Job(clinic), _) => opening += &format!("; set local app.caller = '  {clinic}'"),
            (Actor::Nobody, _) | (Actor::System, Behalf::Nobody) => {}
        }
        if let Some(note) = self.note() {
            opening += &format!("; set local app.request = '{note}'");
        }
        opening
    }

    /// Request and caller for the audit triggers, in hexadecimal digits.
    fn note(&self) -> Option<String> {
        let email = match (&self.actor, &self.behalf) {
            (Actor::Person(person), _) | (Actor::System, Behalf::Caller(person)) => Some(person.email.as_str()),
            (Actor::System, Behalf::User { email, .. }) => Some(email.as_str()),
            (Actor::Nobody | Actor::Job(_), _) | (Actor::System, Behalf::Nobody) => None,
        };
        let note = self.note.as_ref().filter(|_| self.access == Access::Write)?;
        let parts = match note {
            Note::Request { operation, origin } => {
                let Origin { request_id, address, agent } = origin.as_ref();
                [operation.clone(), request_id.clone(), address.to_string(), agent.clone().unwrap_or_default()]
            }
            Note::Job { kind, id } => [format!("job {kind}"), id.clone(), String::new(), String::new()],
        };
        let parts = parts.iter().map(String::as_str).chain([email.unwrap_or_default()]);
        // The triggers split the list at unit separators, so its items must have none.
        let list = parts.map(|part| part.replace('\x1f', " ")).collect::<Vec<_>>().join("\x1f");
        Some(hex(list.as_bytes()))
    }

    /// The connection, on which the opening was sent and may not be answered yet.
    async fn lease(&self) -> Result<&Lease> {
        let lease = match self.lease.get() {
            Some(lease) => lease,
            // Boxed, since the future of every statement would be larger otherwise. A failure is not tried again: each of
            // many statements would wait as long as the first.
            None => Box::pin(self.lease.get_or_init(|| self.open())).await,
        };
        lease.as_ref().map_err(Error::clone)
    }

    fn leased(&self) -> Option<&Lease> {
        self.lease.get()?.as_ref().ok()
    }

    /// Takes a connection and sends the opening.
    async fn open(&self) -> Result<Lease> {
        let class = self.class()?;
        let loan = self.database.pools.get(class, self.database.terms.claim(&self.actor)).await?;
        let opened = loan.connection().open(self.opening(class));
        self.opened_at.store(loan.connection().sent(), Ordering::Relaxed);
        let held = Arc::new(Held { loan: Some(loan), ended: AtomicBool::new(false) });
        Ok(Lease { held, opened })
    }

    /// Runs one statement that reads an entity.
    pub async fn load<Q>(&self, query: Q) -> Result<Vec<PgRow>>
    where
        Q: AsQuery + Send,
        Q::Query: QueryFragment<Pg> + QueryId + Send,
    {
        self.load_after(async { Ok(()) }, query).await
    }

    /// Runs one statement that reads an entity, planned for its values; later ones in this transaction are planned so too.
    /// Other statements have one plan for all values (`pool.rs`).
    pub async fn load_planned<Q>(&self, query: Q) -> Result<Vec<PgRow>>
    where
        Q: AsQuery + Send,
        Q::Query: QueryFragment<Pg> + QueryId + Send,
    {
        let plan = async {
            let mut on = &self.lease().await?.held.connection()?.pg;
            Ok(on.batch_execute("set local plan_cache_mode = force_custom_plan").await?)
        };
        self.load_after(plan, query).await
    }

    async fn load_after<Q>(&self, before: impl Future<Output = Result<()>>, query: Q) -> Result<Vec<PgRow>>
    where
        Q: AsQuery + Send,
        Q::Query: QueryFragment<Pg> + QueryId + Send,
    {
        self.sound()?;
        let lease = self.lease().await?;
        let mut on = &lease.held.connection()?.pg;
        let loaded = AsyncConnectionCore::load(&mut on, query);
        let loaded = async { loaded.await?.try_collect::<Vec<PgRow>>().await };
        // Polled in this order, so that the opening is sent first.
        let (opened, prepared, loaded) = futures_util::join!(lease.opened.clone(), before, loaded);
        opened.and(prepared).inspect_err(|_| self.break_off())?;
        loaded.map_err(|error| {
            self.break_off();
            // After one failed statement all others fail, and only the first has the reason.
            self.pending_failure().unwrap_or_else(|| Error::from(error))
        })
    }

    /// Sends a statement without waiting for it; the commit waits for it, and fails if it failed. Nothing in this transaction
    /// may read what the statement writes: if its connection must prepare it first, the next statement overtakes it.
    pub async fn send<Q>(&self, statement: Q) -> Result<()>
    where
        Q: QueryFragment<Pg> + QueryId + Send + 'static,
    {
        let tx = self.tx().await?;
        let connection = Arc::clone(tx.0.connection()?);
        let prepared = connection.prepared();
        // Preparing a statement that is not cached is not counted, and happens each time.
        let is_cached = statement.is_safe_to_cache_prepared(&Pg)?;
        let sent = async move {
            AsyncConnectionCore::execute_returning_count(&mut tx.conn()?, statement).await?;
            Ok(())
        };
        let sent = sent.boxed().shared();
        // The first poll sends the statement, or asks to prepare it; then all others wait until the answer is polled.
        if sent.clone().now_or_never().is_none() {
            tokio::spawn(sent.clone());
        }
        if !is_cached || connection.prepared() != prepared {
            self.prepares.store(true, Ordering::Relaxed);
        }
        self.pending().push(sent);
        Ok(())
    }

    fn pending(&self) -> std::sync::MutexGuard<'_, Vec<Sent>> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The failure of a statement that was not awaited.
    fn pending_failure(&self) -> Option<Error> {
        self.pending().iter().find_map(|sent| sent.clone().now_or_never()?.err())
    }

    /// Adds an event to those that are written before the commit.
    pub fn push_event(&self, event: Event) {
        self.has_events.store(true, Ordering::Relaxed);
        self.events().push(event);
    }

    /// Notes that jobs are added, of which workers are notified after the commit.
    pub fn jobs_are_added(&self) {
        self.has_jobs.store(true, Ordering::Relaxed);
    }

    /// Takes the events that are not written yet, for a statement that writes them.
    #[must_use]
    pub fn take_events(&self) -> Vec<Event> {
        std::mem::take(&mut *self.events())
    }

    /// Writes the events that are not written yet.
    pub async fn write_events(&self) -> Result<()> {
        let events = self.take_events();
        if events.is_empty() { Ok(()) } else { self.send(InsertEvents(events)).await }
    }

    fn events(&self) -> std::sync::MutexGuard<'_, Vec<Event>> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The reason why the database refused to open the scope, if it did.
    pub async fn refusal(&self) -> Option<Error> {
        match self.lease.get()? {
            Ok(lease) => lease.opened.clone().await.err().filter(Error::refuses_caller),
            Err(error) => Some(error.clone()).filter(|error| error.code() == Code::RateLimited),
        }
    }

    /// Opens the scope if no statement has, so that an answer without a statement also goes only to a caller who is still
    /// valid. A caller without a session needs no check.
    pub async fn check(&self) -> Result<()> {
        if self.lease.initialized() || matches!(self.actor, Actor::Nobody) {
            return Ok(());
        }
        self.lease().await?.opened.clone().await
    }

    /// The connection, for statements of diesel. They are sent behind the opening without waiting for it. If it fails they
    /// fail too, since the transaction is broken or has no role with rights; [`Self::refusal`] has the reason.
    pub async fn tx(&self) -> Result<Tx> {
        self.sound()?;
        let lease = self.lease().await?;
        if let Some(Err(error)) = lease.opened.peek() {
            self.break_off();
            return Err(error.clone());
        }
        Ok(Tx(Arc::clone(&lease.held)))
    }

    fn sound(&self) -> Result<()> {
        if self.failed.load(Ordering::Relaxed) {
            Err(Error::internal("an earlier statement of this transaction failed"))
        } else {
            Ok(())
        }
    }

    fn break_off(&self) {
        self.failed.store(true, Ordering::Relaxed);
    }

    /// Ends a transaction that only read.
    pub fn finish(self: Arc<Self>) {
        let Some(lease) = self.leased().filter(|_| self.sound().is_ok()) else { return };
        if self.access == Access::Read
            && matches!(lease.opened.peek(), Some(Ok(())))
            && let Ok(connection) = lease.held.connection()
        {
            self.break_off();
            connection.leave_open();
            lease.held.ended.store(true, Ordering::Release);
            return;
        }
        // Nothing depends on the answer, so it is not awaited. A connection whose transaction did not end is dropped.
        tokio::spawn(async move { drop(self.end("commit").await) });
    }

    /// Commits a transaction that may have written.
    pub async fn commit(&self) -> Result<()> {
        self.sound()?;
        self.write_events().await?;
        let pending = futures_util::future::try_join_all(std::mem::take(&mut *self.pending()));
        if self.prepares.load(Ordering::Relaxed) {
            // The commit would overtake a statement that waits to be prepared.
            if let Err(error) = pending.await {
                self.roll_back().await;
                return Err(error);
            }
            self.end("commit").await?;
        } else {
            // The commit follows without waiting: if one of them failed, it rolls back.
            let (ended, pending) = futures_util::join!(self.end("commit"), pending);
            pending?;
            ended?;
        }
        let has_jobs = self.has_jobs.load(Ordering::Relaxed);
        if has_jobs {
            self.database.jobs_added.notify_one();
        }
        if has_jobs || self.has_events.load(Ordering::Relaxed) {
            self.database.events_committed.notify_one();
        }
        Ok(())
    }

    /// Rolls the transaction back, and returns the connection.
    pub async fn roll_back(&self) {
        // A connection that fails to roll back is dropped.
        drop(self.end("rollback").await);
    }

    /// Ends the transaction with `commit` or `rollback`; nothing can follow it.
    async fn end(&self, command: &'static str) -> Result<()> {
        let Some(lease) = self.leased() else { return Ok(()) };
        self.break_off();
        lease.opened.clone().await.or_else(|error| if command == "rollback" { Ok(()) } else { Err(error) })?;
        (&lease.held.connection()?.pg).batch_execute(command).await?;
        lease.held.ended.store(true, Ordering::Release);
        Ok(())
    }
}

/// An id or a name of a role as SQL.
fn quoted(value: Option<impl std::fmt::Display>) -> String {
    value.map_or_else(|| "null".to_owned(), |value| format!("'{value}'"))
}

/// The connection of a scope, for statements of diesel: `query.load(&mut tx.conn()?).await?`.
pub struct Tx(Arc<Held>);

impl Tx {
    pub fn conn(&self) -> Result<&AsyncPgConnection> {
        self.0.connection().map(|connection| &connection.pg)
    }
}

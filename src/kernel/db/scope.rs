//! The scope: one transaction, as one actor, on one connection. It is the only database to a table, so no query can
//! forget whose it is.
//!
//! Opening costs no round trip: `begin`, the class's role, who asks and whether they still may go out as one message, and
//! the first statement right behind it. What that statement returns is handed on only after the opening was seen to be
//! good.
//! The message is one and not three because only the first poll of one future is certain to put it on the wire
//! before the next; it holds nothing but ids, numbers and names of roles. A scope that is dropped half-way takes its
//! connection out of the pool for good, as nobody knows what is still under way on it.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use chrono::{DateTime, Utc};
use deadpool::managed::Object;
use diesel::{
    pg::Pg,
    query_builder::{AsQuery, QueryFragment, QueryId},
};
use diesel_async::{AsyncConnectionCore, AsyncPgConnection, SimpleAsyncConnection};
use futures_util::{FutureExt, TryStreamExt};
use tokio::sync::{Notify, OnceCell};
use uuid::Uuid;

use super::pool::{Class, Connection, Manager, Pools, Sent};
use crate::kernel::{
    Actor, Error, Result,
    actor::{Origin, Person},
    clock::Clock,
    events::{Event, Written},
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
    /// Rung when a transaction that told of something was committed here.
    told: Arc<Notify>,
}

impl Database {
    #[must_use]
    pub fn new(pools: Pools, clock: Clock) -> Self {
        Self { pools, clock, told: Arc::default() }
    }

    /// Rings when events were written by this process.
    #[must_use]
    pub fn told(&self) -> &Notify {
        &self.told
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
            told: Mutex::default(),
            tells: AtomicBool::new(false),
            behind: Mutex::default(),
            prepares: AtomicBool::new(false),
        }
    }
}

impl Database {
    /// Works as the server itself, in a transaction of its own that stands when the work succeeds.
    pub async fn as_system<T>(&self, note: Option<Note>, work: impl AsyncFnOnce(&Scope) -> Result<T>) -> Result<T> {
        self.on_behalf_of(Behalf::Nobody, note, work).await
    }

    /// Works as the server itself, for somebody.
    pub async fn on_behalf_of<T>(
        &self,
        behalf: Behalf,
        note: Option<Note>,
        work: impl AsyncFnOnce(&Scope) -> Result<T>,
    ) -> Result<T> {
        let scope = Scope { behalf, ..self.scope(Actor::System, Access::Write, note) };
        match work(&scope).await {
            Ok(done) => scope.commit().await.map(|()| done),
            Err(error) => {
                // Where the scope was not opened, the statements behind that failed for no other reason.
                let refusal = scope.refusal().await;
                scope.roll_back().await;
                Err(refusal.unwrap_or(error))
            }
        }
    }
}

/// For whom the server works when it works as itself. They are in the audit trail, and what they create is theirs.
#[derive(Debug, Clone)]
pub enum Behalf {
    Nobody,
    /// Somebody who is signed in: the transaction begins with a look at their session, as their own would, but their clinic may
    /// be inactive.
    Caller(Arc<Person>),
    /// Somebody who has just proved who they are.
    User { id: Uuid, email: String },
}

/// The class of a person, as the database names it.
#[must_use]
pub fn class_of(person: &Person) -> &'static str {
    if person.is_platform_admin { "admin" } else { "tenant" }
}

/// What the audit trail keeps of a request that writes.
#[derive(Debug, Clone)]
pub struct Note {
    pub operation: String,
    pub origin: Arc<Origin>,
}

/// One transaction, as one actor.
pub struct Scope {
    database: Database,
    actor: Actor,
    access: Access,
    note: Option<Note>,
    behalf: Behalf,
    lease: OnceCell<Lease>,
    /// A statement failed: the transaction is broken, and can only be rolled back.
    failed: AtomicBool,
    /// Statements on the connection when the scope stood open, to tell its own.
    opened_at: AtomicUsize,
    /// What happened in it, and is not written yet.
    told: Mutex<Vec<Event>>,
    /// Something did: once it stands, somebody waits for it.
    tells: AtomicBool,
    /// What was sent and nobody has waited for yet.
    behind: Mutex<Vec<Sent>>,
    /// Some of that had to be prepared first, and may not be on the wire.
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

/// A connection that goes back to the pool only when its transaction was heard to end.
struct Held {
    connection: Option<Object<Manager>>,
    ended: AtomicBool,
}

impl Held {
    fn connection(&self) -> Result<&Arc<Connection>> {
        self.connection.as_deref().ok_or_else(|| Error::internal("the connection is gone"))
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if !*self.ended.get_mut()
            && let Some(connection) = self.connection.take()
        {
            drop(Object::take(connection));
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
        let now = self.lease.get().and_then(|lease| lease.held.connection().ok()).map(|connection| connection.sent());
        now.map_or(0, |now| now.saturating_sub(self.opened_at.load(Ordering::Relaxed)))
    }

    fn class(&self) -> Result<Class> {
        match &self.actor {
            Actor::Nobody => Err(Error::unauthenticated()),
            Actor::System => Ok(Class::System),
            Actor::Person(person) if person.is_platform_admin => Ok(Class::Admin),
            Actor::Person(_) => Ok(Class::Tenant),
        }
    }

    /// The message that opens the transaction.
    fn opening(&self, class: Class) -> String {
        // Connections begin like this by themselves (`pool.rs`).
        let mode = match self.access {
            Access::Read => "",
            Access::Write => " isolation level read committed, read write",
        };
        let mut opening = format!("begin{mode}; set local role {}", class.role());
        // Ids, numbers and names of roles only: nothing that came from outside stands in this message as text, and
        // nothing in hexadecimal digits can end a string.
        let stands = Class::STANDS;
        match (&self.actor, &self.behalf) {
            (Actor::Person(person), _) => {
                let Person { user_id, session_id, access_version, network_id, .. } = person.as_ref();
                let mut acting = String::new();
                if let Some((clinic, role)) = person.acting {
                    acting = format!(" {clinic} {}", role.text());
                    acting.extend(network_id.map(|network| format!(" {network}")));
                }
                opening += &format!(
                    "; set local app.caller = '{user_id} {session_id}{acting}'; execute {stands} ('{user_id}', {access_version})"
                );
            }
            (Actor::System, Behalf::Caller(person)) => {
                let Person { user_id, session_id, access_version, network_id, acting, .. } = person.as_ref();
                let (clinic, role) = acting.map(|(clinic, role)| (clinic, role.text())).unzip();
                let (clinic, role, network) = (quoted(clinic), quoted(role), quoted(*network_id));
                let class = class_of(person);
                opening += &format!(
                    "; set local app.caller = '{user_id} {session_id}'; execute {stands} ('{user_id}', {access_version}, \
                     '{session_id}', {clinic}, {role}, {network}, '{class}')"
                );
            }
            (Actor::System, Behalf::User { id, .. }) => opening += &format!("; set local app.caller = '{id}'"),
            (Actor::Nobody, _) | (Actor::System, Behalf::Nobody) => {}
        }
        if let Some(note) = self.note() {
            opening += &format!("; set local app.request = '{note}'");
        }
        opening
    }

    /// What the audit triggers are to know of who writes and why, in hexadecimal digits.
    fn note(&self) -> Option<String> {
        let email = match (&self.actor, &self.behalf) {
            (Actor::Person(person), _) | (Actor::System, Behalf::Caller(person)) => Some(person.email.as_str()),
            (Actor::System, Behalf::User { email, .. }) => Some(email.as_str()),
            (Actor::Nobody, _) | (Actor::System, Behalf::Nobody) => None,
        };
        let note = self.note.as_ref().filter(|_| self.access == Access::Write)?;
        let Origin { request_id, address, agent } = note.origin.as_ref();
        let address = address.to_string();
        let told =
            [&note.operation, request_id, &address, agent.as_deref().unwrap_or_default(), email.unwrap_or_default()];
        // A list is taken apart at unit separators, of which it has none itself.
        let told = told.map(|one| one.replace('\x1f', " ")).join("\x1f");
        Some(hex(told.as_bytes()))
    }

    /// The connection, with the opening on its wire; nobody has waited for the answer yet.
    async fn lease(&self) -> Result<&Lease> {
        match self.lease.get() {
            Some(lease) => Ok(lease),
            // Boxed, or the future of every statement would carry the room for this.
            None => Box::pin(self.lease.get_or_try_init(|| self.open())).await,
        }
    }

    /// Takes a connection and puts the opening on its wire.
    async fn open(&self) -> Result<Lease> {
        let class = self.class()?;
        let connection = self.database.pools.get(class).await?;
        let opened = connection.open(self.opening(class));
        let held = Arc::new(Held { connection: Some(connection), ended: AtomicBool::new(false) });
        let lease = Lease { held, opened };
        self.opened_at.store(lease.held.connection()?.sent(), Ordering::Relaxed);
        Ok(lease)
    }

    /// Runs one statement that reads an entity.
    pub async fn load<Q>(&self, query: Q) -> Result<Vec<PgRow>>
    where
        Q: AsQuery + Send,
        Q::Query: QueryFragment<Pg> + QueryId + Send,
    {
        self.load_after(async { Ok(()) }, query).await
    }

    /// Runs one statement that reads an entity with a plan for its very values, as then all that follow in this transaction; the
    /// others keep one plan for all values (`pool.rs`).
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
        // Polled in this order: the opening is on the wire already.
        let (opened, prepared, loaded) = futures_util::join!(lease.opened.clone(), before, loaded);
        opened.and(prepared).inspect_err(|_| self.break_off())?;
        loaded.map_err(|error| {
            self.break_off();
            // After a statement that failed all others do, and only the first knows why.
            self.failure_behind().unwrap_or_else(|| Error::from(error))
        })
    }

    /// Sends a statement and goes on; the commit waits for it, and fails if it failed. Only for what nobody reads in this
    /// transaction: a statement that its connection must prepare first is overtaken by the next.
    pub async fn send<Q>(&self, statement: Q) -> Result<()>
    where
        Q: QueryFragment<Pg> + QueryId + Send + 'static,
    {
        let tx = self.tx().await?;
        let connection = Arc::clone(tx.0.connection()?);
        let prepared = connection.prepared();
        // What is not kept is prepared each time, and nothing tells of it.
        let is_kept = statement.is_safe_to_cache_prepared(&Pg)?;
        let sent = async move {
            AsyncConnectionCore::execute_returning_count(&mut tx.conn()?, statement).await?;
            Ok(())
        };
        let sent = sent.boxed().shared();
        // The first poll sends, or asks to prepare, which holds up all others until somebody has heard the answer.
        if sent.clone().now_or_never().is_none() {
            tokio::spawn(sent.clone());
        }
        if !is_kept || connection.prepared() != prepared {
            self.prepares.store(true, Ordering::Relaxed);
        }
        self.behind().push(sent);
        Ok(())
    }

    fn behind(&self) -> std::sync::MutexGuard<'_, Vec<Sent>> {
        self.behind.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Why one of those failed that nobody has waited for.
    fn failure_behind(&self) -> Option<Error> {
        self.behind().iter().find_map(|sent| sent.clone().now_or_never()?.err())
    }

    /// Notes what happened.
    pub fn tell_of(&self, event: Event) {
        self.tells.store(true, Ordering::Relaxed);
        self.told().push(event);
    }

    /// What happened since this was last asked, for who writes it.
    #[must_use]
    pub fn take_told(&self) -> Vec<Event> {
        std::mem::take(&mut *self.told())
    }

    /// Writes what happened and was not written yet.
    pub async fn write_told(&self) -> Result<()> {
        let told = self.take_told();
        if told.is_empty() { Ok(()) } else { self.send(Written(told)).await }
    }

    fn told(&self) -> std::sync::MutexGuard<'_, Vec<Event>> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Why the database would not open the scope, when it would not.
    pub async fn refusal(&self) -> Option<Error> {
        self.lease.get()?.opened.clone().await.err().filter(Error::refuses_caller)
    }

    /// Opens the scope if no statement has: what is answered without one is answered to somebody who was looked up a
    /// while ago, and may not be that any more. Nobody is nobody for ever.
    pub async fn check(&self) -> Result<()> {
        if self.lease.initialized() || matches!(self.actor, Actor::Nobody) {
            return Ok(());
        }
        self.lease().await?.opened.clone().await
    }

    /// The connection, for statements in diesel's own words. They go out behind the opening without waiting for it: where
    /// it failed they fail too, as the transaction is broken or there is no role that may do anything, and why is told by
    /// [`Self::refusal`].
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
        let Some(lease) = self.lease.get().filter(|_| self.sound().is_ok()) else { return };
        if self.access == Access::Read
            && matches!(lease.opened.peek(), Some(Ok(())))
            && let Ok(connection) = lease.held.connection()
        {
            self.break_off();
            connection.leave_open();
            lease.held.ended.store(true, Ordering::Release);
            return;
        }
        // Nothing depends on the answer, so nobody waits for it. A transaction that does not end well is thrown away
        // with its connection.
        tokio::spawn(async move { drop(self.end("commit").await) });
    }

    /// Ends a transaction that wrote, or meant to.
    pub async fn commit(&self) -> Result<()> {
        self.sound()?;
        self.write_told().await?;
        let behind = futures_util::future::try_join_all(std::mem::take(&mut *self.behind()));
        if self.prepares.load(Ordering::Relaxed) {
            // The commit would overtake what waits to be prepared.
            if let Err(error) = behind.await {
                self.roll_back().await;
                return Err(error);
            }
            self.end("commit").await?;
        } else {
            // Right behind them: of a transaction in which one of them failed a commit makes nothing.
            let (ended, behind) = futures_util::join!(self.end("commit"), behind);
            behind?;
            ended?;
        }
        if self.tells.load(Ordering::Relaxed) {
            self.database.told.notify_one();
        }
        Ok(())
    }

    /// Undoes what was done, and gives the connection back.
    pub async fn roll_back(&self) {
        // A connection that does not even roll back is thrown away.
        drop(self.end("rollback").await);
    }

    /// Says the last word of the transaction; nothing can follow it.
    async fn end(&self, word: &'static str) -> Result<()> {
        let Some(lease) = self.lease.get() else { return Ok(()) };
        self.break_off();
        lease.opened.clone().await.or_else(|error| if word == "rollback" { Ok(()) } else { Err(error) })?;
        (&lease.held.connection()?.pg).batch_execute(word).await?;
        lease.held.ended.store(true, Ordering::Release);
        Ok(())
    }
}

/// An id or a name of a role as SQL.
fn quoted(value: Option<impl std::fmt::Display>) -> String {
    value.map_or_else(|| "null".to_owned(), |value| format!("'{value}'"))
}

/// A scope's connection, for statements in diesel's own words: `query.load(&mut tx.conn()?).await?`.
pub struct Tx(Arc<Held>);

impl Tx {
    pub fn conn(&self) -> Result<&AsyncPgConnection> {
        self.0.connection().map(|connection| &connection.pg)
    }
}

//! The newest events of a process, in memory: all of them for listeners that resume, and each in the channels of those
//! who listen, so that an event wakes nobody whom it does not concern.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use diesel::{ExpressionMethods, QueryDsl, Queryable, QueryableByName, sql_query, sql_types::BigInt};
use diesel_async::RunQueryDsl;
use tokio::sync::{OnceCell, watch};
use uuid::Uuid;

use super::{names::Names, session_state::SessionStates};
use crate::{
    kernel::{Actor, Code, Error, Result, actor::SystemRole, clock::Clock, db::Database, events::Topic},
    schema::outbox_events,
};

/// Number of events in memory for listeners that resume.
const NEWEST: usize = 8_192;
/// Number of events in each channel: a listener that falls further behind is too slow.
const NEWEST_OF_CHANNEL: usize = 1_024;
/// Number of events that are handed over, or read from the table, at once.
pub const PAGE: i64 = 500;
/// Time for which a text that was read for one listener, or a check of sessions, serves others.
pub const FRESH: Duration = Duration::from_millis(500);

/// An event, as the outbox has it.
#[derive(Debug, Clone, Queryable)]
pub struct OutboxEvent {
    pub id: i64,
    pub clinic_id: Option<Uuid>,
    pub user_id: Option<Uuid>,
    pub audience: String,
    pub topic: String,
    pub subject_id: Uuid,
    pub parent_id: Option<Uuid>,
    pub kind: String,
    pub changed: Vec<String>,
    pub at: DateTime<Utc>,
}

impl OutboxEvent {
    /// The failure to deliver an event whose kind no module declares.
    pub(super) fn undeclared(&self) -> Error {
        Error::internal(format!("undeclared kind of event: {} {}", self.topic, self.kind))
    }
}

/// Which events a listener wants.
#[derive(Debug, Clone)]
pub struct Wanted {
    pub topics: Vec<&'static Topic>,
    /// Whether the topics are personal: only events for the listener alone are wanted.
    is_personal: bool,
    pub clinic: Option<Uuid>,
    /// The subject, or the object that it is part of.
    pub subject_or_parent: Option<Uuid>,
    pub kinds: Option<Vec<&'static str>>,
    /// Cursor of the event behind which to resume.
    pub after: Option<String>,
}

impl Wanted {
    /// All events of some topics, which are all personal or all not.
    #[must_use]
    pub fn topics(topics: Vec<&'static Topic>, after: Option<String>) -> Self {
        let is_personal = topics.iter().any(|topic| topic.is_personal);
        Self { topics, is_personal, clinic: None, subject_or_parent: None, kinds: None, after }
    }

    /// Whether only events for the listener alone are wanted.
    #[must_use]
    pub fn is_personal(&self) -> bool {
        self.is_personal
    }

    /// Whether the listener wants the event, may read its subject's type, and may know that the event happened.
    #[must_use]
    pub fn matches(&self, actor: &Actor, event: &OutboxEvent) -> bool {
        let Actor::Person(person) = actor else { return false };
        let Some(topic) = self.topics.iter().find(|topic| topic.name == event.topic) else { return false };
        let in_reach = match event.clinic_id {
            _ if person.is_platform_admin => true,
            Some(clinic) => actor.clinic_id() == Some(clinic),
            // Of no clinic: what is for one user alone reaches them wherever they act.
            None => self.is_personal,
        };
        let in_audience = person.is_platform_admin || event.audience == "clinic";
        let for_listener =
            if self.is_personal { event.user_id == Some(person.user_id) } else { event.user_id.is_none() };
        in_reach
            && in_audience
            && for_listener
            && topic.require_reader(actor).is_ok()
            && self.clinic.is_none_or(|clinic| event.clinic_id == Some(clinic))
            && self.subject_or_parent.is_none_or(|id| event.subject_id == id || event.parent_id == Some(id))
            && self.kinds.as_ref().is_none_or(|kinds| kinds.contains(&event.kind.as_str()))
    }

    /// The narrowest channel with every event that can match.
    #[must_use]
    pub fn channel(&self, actor: &Actor) -> ChannelKey {
        let clinic = actor.clinic_id().or(self.clinic);
        match (self.is_personal, actor, self.subject_or_parent, clinic) {
            (true, Actor::Person(person), ..) => ChannelKey::User(person.user_id),
            (_, _, Some(id), _) => ChannelKey::Subject(id),
            (_, _, None, Some(clinic)) => ChannelKey::Clinic(clinic),
            _ => ChannelKey::Platform,
        }
    }
}

/// Whose events a channel has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ChannelKey {
    /// Events of all clinics.
    Platform,
    Clinic(Uuid),
    /// Events of one subject and its parts.
    Subject(Uuid),
    /// Events for one user alone.
    User(Uuid),
}

/// The channels an event belongs to.
fn channels(event: &OutboxEvent) -> impl Iterator<Item = ChannelKey> {
    let is_shared = event.user_id.is_none();
    [
        event.user_id.map(ChannelKey::User),
        is_shared.then_some(ChannelKey::Platform),
        event.clinic_id.filter(|_| is_shared).map(ChannelKey::Clinic),
        is_shared.then_some(ChannelKey::Subject(event.subject_id)),
        event.parent_id.filter(|_| is_shared).map(ChannelKey::Subject),
    ]
    .into_iter()
    .flatten()
}

/// The newest events for those who listen to the same.
struct Channel {
    newest: Mutex<Newest>,
    signal: watch::Sender<()>,
}

struct Newest {
    events: VecDeque<Arc<Shared>>,
    /// Events up to this id are not here.
    floor: i64,
}

impl Channel {
    fn new(floor: i64) -> Self {
        Self { newest: Mutex::new(Newest { events: VecDeque::new(), floor }), signal: watch::Sender::new(()) }
    }

    fn push(&self, event: Arc<Shared>) {
        let mut newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        if newest.events.len() == NEWEST_OF_CHANNEL
            && let Some(oldest) = newest.events.pop_front()
        {
            newest.floor = oldest.event.id;
        }
        newest.events.push_back(event);
    }
}

/// What a channel has behind a position.
pub enum Backlog {
    Events(Vec<Arc<Shared>>),
    Empty,
    /// Some of the events are not in the channel any more.
    Dropped,
}

/// A reader of a channel, which exists as long as it has readers.
pub struct ChannelReader {
    hub: Arc<Hub>,
    key: ChannelKey,
    channel: Arc<Channel>,
    signal: watch::Receiver<()>,
    /// The id up to which every event was known when the reader was made.
    pub position: i64,
}

impl ChannelReader {
    /// Some of the events behind a position, in order.
    #[must_use]
    pub fn backlog(&self, position: i64) -> Backlog {
        let newest = self.channel.newest.lock().unwrap_or_else(PoisonError::into_inner);
        if position < newest.floor {
            return Backlog::Dropped;
        }
        let from = newest.events.partition_point(|shared| shared.event.id <= position);
        match newest.events.range(from..).take(PAGE as usize).map(Arc::clone).collect::<Vec<_>>() {
            events if events.is_empty() => Backlog::Empty,
            events => Backlog::Events(events),
        }
    }

    /// Ready when there may be more events than at the last time.
    pub async fn signalled(&mut self) {
        // The sender lives in the channel that is held here.
        drop(self.signal.changed().await);
    }
}

impl Drop for ChannelReader {
    fn drop(&mut self) {
        let mut state = self.hub.state();
        // The map's and this one.
        if Arc::strong_count(&self.channel) == 2 {
            state.channels.remove(&self.key);
        }
    }
}

/// Listeners for whom an event reads the same: those with the same operation and the same rights.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Audience {
    /// Fingerprint of document and variables.
    pub asked: [u8; 32],
    pub clinic: Option<(Uuid, SystemRole)>,
    /// The user, where the result is theirs alone.
    pub user: Option<Uuid>,
}

/// An event, with what its listeners share.
pub struct Shared {
    pub event: OutboxEvent,
    /// The event's id, as the API spells it.
    pub id: String,
    pub cursor: String,
    /// When this process received it.
    pub received: Instant,
    written: Mutex<HashMap<Audience, Written>>,
}

struct Written {
    begun: Instant,
    text: Arc<OnceCell<Bytes>>,
}

impl Shared {
    /// The text for an audience: the first listener writes it, and those who come at the same time share it. For later
    /// ones it is written anew, since an event shows its object as it is at delivery.
    #[must_use]
    pub fn text(self: &Arc<Self>, hub: &Hub, audience: Audience) -> Arc<OnceCell<Bytes>> {
        let now = Instant::now();
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = written.get(&audience)
            && now.duration_since(known.begun) < FRESH
        {
            return Arc::clone(&known.text);
        }
        if written.is_empty() {
            hub.with_texts.lock().unwrap_or_else(PoisonError::into_inner).push_back((now, Arc::clone(self)));
        }
        let text = Arc::default();
        written.insert(audience, Written { begun: now, text: Arc::clone(&text) });
        text
    }
}

/// The events of a process.
pub struct Hub {
    pub database: Database,
    pub names: Names,
    pub session_states: Arc<SessionStates>,
    state: Mutex<State>,
    /// The id up to which every event is known.
    position: watch::Sender<Option<i64>>,
    /// Events with texts, which are dropped when they are not fresh any more.
    with_texts: Mutex<VecDeque<(Instant, Arc<Shared>)>>,
}

#[derive(Default)]
struct State {
    newest: VecDeque<Arc<Shared>>,
    channels: HashMap<ChannelKey, Arc<Channel>>,
}

impl Hub {
    #[must_use]
    pub fn new(database: Database, clock: Clock, names: Names) -> Arc<Self> {
        Arc::new(Self {
            session_states: SessionStates::new(database.clone(), clock),
            database,
            names,
            state: Mutex::default(),
            position: watch::Sender::new(None),
            with_texts: Mutex::default(),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The id up to which every event is known; waits for the relay's first reading.
    pub async fn position(&self) -> Result<i64> {
        let mut watch = self.position.subscribe();
        let known = watch.wait_for(Option::is_some).await.map_err(Error::unavailable)?;
        known.ok_or_else(|| Error::unavailable("the relay has not begun"))
    }

    /// Changes whenever further events are known.
    #[must_use]
    pub fn progress(&self) -> watch::Receiver<Option<i64>> {
        self.position.subscribe()
    }

    /// A reader of a channel.
    pub async fn channel(self: &Arc<Self>, key: ChannelKey) -> Result<ChannelReader> {
        self.position().await?;
        let mut state = self.state();
        // Under the lock: every later event comes into the channel.
        let position = self.position.borrow().unwrap_or_default();
        let channel = Arc::clone(state.channels.entry(key).or_insert_with(|| Arc::new(Channel::new(position))));
        drop(state);
        Ok(ChannelReader { hub: Arc::clone(self), key, signal: channel.signal.subscribe(), channel, position })
    }

    /// Takes in what the relay has read, in order, and wakes the listeners.
    pub async fn publish(&self, events: Vec<OutboxEvent>, position: i64) {
        let received = Instant::now();
        // Before anybody is woken, so that listeners need not wait for the check one after the other. If it fails, they
        // check themselves.
        if events.iter().any(|event| self.concerns_anybody(event)) {
            drop(self.session_states.check_since(received).await);
        }
        let mut woken = Vec::new();
        let mut state = self.state();
        for event in events {
            let shared = self.shared(event, received);
            for key in channels(&shared.event) {
                match state.channels.get(&key) {
                    // Its last reader was dropped while it was being woken.
                    Some(channel) if Arc::strong_count(channel) == 1 => drop(state.channels.remove(&key)),
                    Some(channel) => {
                        channel.push(Arc::clone(&shared));
                        woken.push(Arc::clone(channel));
                    }
                    None => {}
                }
            }
            if state.newest.len() == NEWEST {
                state.newest.pop_front();
            }
            state.newest.push_back(shared);
        }
        self.position.send_replace(Some(position));
        drop(state);
        for channel in woken {
            channel.signal.send_replace(());
        }
    }

    fn concerns_anybody(&self, event: &OutboxEvent) -> bool {
        let state = self.state();
        channels(event).any(|key| state.channels.contains_key(&key))
    }

    fn shared(&self, event: OutboxEvent, received: Instant) -> Arc<Shared> {
        let (id, cursor) = (self.names.id(event.id), self.names.cursor(event.id));
        Arc::new(Shared { id, cursor, event, received, written: Mutex::default() })
    }

    /// Some of the events behind a position, of all channels and in order, and the position that is reached with them.
    pub async fn backlog(&self, position: i64) -> Result<(Vec<Arc<Shared>>, i64)> {
        let known = self.position().await?;
        {
            let state = self.state();
            if state.newest.front().is_some_and(|first| first.event.id <= position + 1) || position >= known {
                let from = state.newest.partition_point(|shared| shared.event.id <= position);
                let events: Vec<_> = state.newest.range(from..).take(PAGE as usize).map(Arc::clone).collect();
                let reached = events.last().map_or(known, |last| last.event.id);
                return Ok((events, reached.max(position)));
            }
        }
        // Further back than memory reaches: out of the table, which is safe to read up to where the relay is.
        let events = self.read(position, known).await?;
        let reached = if (events.len() as i64) < PAGE { known } else { events.last().map_or(known, |last| last.id) };
        let now = Instant::now();
        Ok((events.into_iter().map(|event| self.shared(event, now)).collect(), reached))
    }

    async fn read(&self, position: i64, known: i64) -> Result<Vec<OutboxEvent>> {
        self.database
            .as_system(None, async |scope| {
                let tx = scope.tx().await?;
                let events = outbox_events::table
                    .filter(outbox_events::id.gt(position))
                    .filter(outbox_events::id.le(known))
                    .order(outbox_events::id)
                    .limit(PAGE)
                    .select(COLUMNS);
                Ok(events.load(&mut tx.conn()?).await?)
            })
            .await
    }

    /// Fails with `CURSOR_EXPIRED` when events behind a position were removed, or the position was never reached: after a
    /// database was restored to an earlier state its numbers belong to other events.
    pub async fn require_retained(&self, position: i64) -> Result<()> {
        let retained = self
            .database
            .as_system(None, async |scope| {
                let tx = scope.tx().await?;
                let retained = sql_query(
                    "select last_id as removed, coalesce(pg_sequence_last_value('outbox_events_id_seq'::regclass), 0) as drawn
                     from private.outbox_removed",
                );
                Ok(retained.get_result::<Retained>(&mut tx.conn()?).await?)
            })
            .await?;
        if (retained.removed..=retained.drawn).contains(&position) {
            return Ok(());
        }
        let message = "events after this cursor were removed; reload your data and subscribe without a cursor";
        Err(Error::new(Code::CursorExpired, message))
    }

    /// Ends sessions that may not listen any more, and drops texts that are not fresh, for ever.
    pub async fn guard(&self) {
        let drop_texts = async {
            loop {
                tokio::time::sleep(FRESH).await;
                let mut with_texts = self.with_texts.lock().unwrap_or_else(PoisonError::into_inner);
                while with_texts.front().is_some_and(|(since, _)| since.elapsed() >= FRESH) {
                    if let Some((_, shared)) = with_texts.pop_front() {
                        shared.written.lock().unwrap_or_else(PoisonError::into_inner).clear();
                    }
                }
            }
        };
        tokio::join!(self.session_states.guard(), drop_texts);
    }
}

/// Which events the table can have.
#[derive(QueryableByName)]
struct Retained {
    /// All events up to this id were removed.
    #[diesel(sql_type = BigInt)]
    removed: i64,
    /// The last id so far.
    #[diesel(sql_type = BigInt)]
    drawn: i64,
}

/// The columns of a [`OutboxEvent`].
pub const COLUMNS: (
    outbox_events::id,
    outbox_events::clinic_id,
    outbox_events::user_id,
    outbox_events::audience,
    outbox_events::topic,
    outbox_events::subject_id,
    outbox_events::parent_id,
    outbox_events::kind,
    outbox_events::changed,
    outbox_events::created_at,
) = (
    outbox_events::id,
    outbox_events::clinic_id,
    outbox_events::user_id,
    outbox_events::audience,
    outbox_events::topic,
    outbox_events::subject_id,
    outbox_events::parent_id,
    outbox_events::kind,
    outbox_events::changed,
    outbox_events::created_at,
);

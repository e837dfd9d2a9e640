//! The newest events of a process, in memory: all of them for who resumes, and each in the channels of those who
//! listen, so that an event wakes nobody whom it does not concern.

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
    kernel::{Actor, Code, Error, Result, actor::SystemRole, clock::Clock, db::Database},
    schema::outbox_events,
};

/// So many events are kept in memory for those who resume.
const KEPT: usize = 8_192;
/// So many are kept in each channel: a listener that falls further behind is too slow.
const KEPT_OF_CHANNEL: usize = 1_024;
/// So many are handed out, or read from the table, at once.
pub const PAGE: i64 = 500;
/// What was read for one listener, and who was seen to be good, holds for others for so long.
pub const FRESH: Duration = Duration::from_millis(500);

/// Something that happened.
#[derive(Debug, Clone, Queryable)]
pub struct Happened {
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

/// Which events a listener wants.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// Of these topics; any when empty.
    pub topics: Vec<&'static str>,
    pub clinic: Option<Uuid>,
    /// The subject itself, or what it is part of.
    pub about: Option<Uuid>,
    pub kinds: Option<Vec<&'static str>>,
    /// Only what the listener alone is told.
    pub personal: bool,
    /// Resume behind the event of this cursor.
    pub after: Option<String>,
}

impl Wanted {
    /// Whether the listener wants it, and may know that it happened.
    #[must_use]
    pub fn matches(&self, actor: &Actor, event: &Happened) -> bool {
        let Actor::Person(person) = actor else { return false };
        let here = person.is_platform_admin || event.clinic_id.is_some() && event.clinic_id == actor.clinic_id();
        let told = person.is_platform_admin || event.audience == "clinic";
        let mine = event.user_id == Some(person.user_id);
        here && told
            && (if self.personal { mine } else { event.user_id.is_none() })
            && (self.topics.is_empty() || self.topics.contains(&event.topic.as_str()))
            && self.clinic.is_none_or(|clinic| event.clinic_id == Some(clinic))
            && self.about.is_none_or(|about| event.subject_id == about || event.parent_id == Some(about))
            && self.kinds.as_ref().is_none_or(|kinds| kinds.contains(&event.kind.as_str()))
    }

    /// The narrowest channel with everything in it that can match.
    #[must_use]
    pub fn channel(&self, actor: &Actor) -> ChannelKey {
        let clinic = actor.clinic_id().or(self.clinic);
        match (self.personal, actor, self.about, clinic) {
            (true, Actor::Person(person), ..) => ChannelKey::User(person.user_id),
            (_, _, Some(about), _) => ChannelKey::About(about),
            (_, _, None, Some(clinic)) => ChannelKey::Clinic(clinic),
            _ => ChannelKey::Platform,
        }
    }
}

/// Whose events a channel holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ChannelKey {
    /// Of all clinics.
    Platform,
    Clinic(Uuid),
    /// Of one subject and its parts.
    About(Uuid),
    /// What one user alone is told.
    User(Uuid),
}

/// The channels an event belongs to.
fn channels(event: &Happened) -> impl Iterator<Item = ChannelKey> {
    let of_all = event.user_id.is_none();
    [
        event.user_id.map(ChannelKey::User),
        of_all.then_some(ChannelKey::Platform),
        event.clinic_id.filter(|_| of_all).map(ChannelKey::Clinic),
        of_all.then_some(ChannelKey::About(event.subject_id)),
        event.parent_id.filter(|_| of_all).map(ChannelKey::About),
    ]
    .into_iter()
    .flatten()
}

/// The newest events of those who listen to the same.
struct Channel {
    kept: Mutex<Kept>,
    bell: watch::Sender<()>,
}

struct Kept {
    events: VecDeque<Arc<Shared>>,
    /// What happened up to this id is not here.
    floor: i64,
}

impl Channel {
    fn new(floor: i64) -> Self {
        Self { kept: Mutex::new(Kept { events: VecDeque::new(), floor }), bell: watch::Sender::new(()) }
    }

    fn push(&self, event: Arc<Shared>) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.events.len() == KEPT_OF_CHANNEL
            && let Some(oldest) = kept.events.pop_front()
        {
            kept.floor = oldest.event.id;
        }
        kept.events.push_back(event);
    }
}

/// What a channel has behind a place.
pub enum Behind {
    Events(Vec<Arc<Shared>>),
    Nothing,
    /// Some of it is not there any more.
    Gone,
}

/// Somebody's place in a channel, which lives as long as anybody has one.
pub struct Seat {
    hub: Arc<Hub>,
    key: ChannelKey,
    channel: Arc<Channel>,
    bell: watch::Receiver<()>,
    /// The id up to which everything was known when it was taken.
    pub position: i64,
}

impl Seat {
    /// Some of what happened behind a place, in order.
    #[must_use]
    pub fn behind(&self, place: i64) -> Behind {
        let kept = self.channel.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if place < kept.floor {
            return Behind::Gone;
        }
        let from = kept.events.partition_point(|shared| shared.event.id <= place);
        match kept.events.range(from..).take(PAGE as usize).map(Arc::clone).collect::<Vec<_>>() {
            events if events.is_empty() => Behind::Nothing,
            events => Behind::Events(events),
        }
    }

    /// Ready when there may be more since the last time.
    pub async fn rung(&mut self) {
        // The sender lives in the channel that is held here.
        drop(self.bell.changed().await);
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut state = self.hub.state();
        // The map's and this one.
        if Arc::strong_count(&self.channel) == 2 {
            state.channels.remove(&self.key);
        }
    }
}

/// Listeners for whom an event reads the same: what they asked, and as whom.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Audience {
    /// Of document and variables.
    pub asked: [u8; 32],
    pub clinic: Option<(Uuid, SystemRole)>,
    /// The user, where what is read is theirs alone.
    pub user: Option<Uuid>,
}

/// An event, with what its listeners share.
pub struct Shared {
    pub event: Happened,
    /// The event's id, as the API spells it.
    pub id: String,
    pub cursor: String,
    /// When this process heard of it.
    pub heard: Instant,
    written: Mutex<HashMap<Audience, Written>>,
}

struct Written {
    begun: Instant,
    text: Arc<OnceCell<Bytes>>,
}

impl Shared {
    /// The text for an audience: whoever comes first writes it, and those who come at the same time share it. Later
    /// ones have it written anew, since an event tells how things are when it is delivered.
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
            hub.warm.lock().unwrap_or_else(PoisonError::into_inner).push_back((now, Arc::clone(self)));
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
    /// The id up to which everything is known.
    position: watch::Sender<Option<i64>>,
    /// Events with texts, which are dropped when they are not fresh any more.
    warm: Mutex<VecDeque<(Instant, Arc<Shared>)>>,
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
            warm: Mutex::default(),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The id up to which everything is known; waits for the relay's first look.
    pub async fn position(&self) -> Result<i64> {
        let mut watch = self.position.subscribe();
        let known = watch.wait_for(Option::is_some).await.map_err(Error::unavailable)?;
        known.ok_or_else(|| Error::unavailable("the relay has not begun"))
    }

    /// A place among those who listen to the same.
    pub async fn seat(self: &Arc<Self>, key: ChannelKey) -> Result<Seat> {
        self.position().await?;
        let mut state = self.state();
        // Under the lock: what comes in later comes into the channel.
        let position = self.position.borrow().unwrap_or_default();
        let channel = Arc::clone(state.channels.entry(key).or_insert_with(|| Arc::new(Channel::new(position))));
        drop(state);
        Ok(Seat { hub: Arc::clone(self), key, bell: channel.bell.subscribe(), channel, position })
    }

    /// Takes in what the relay has read, in order.
    pub async fn take_in(&self, events: Vec<Happened>, position: i64) {
        let heard = Instant::now();
        // Before anybody is woken, so that they need not wait for it one after the other. If it fails, they look
        // themselves.
        if events.iter().any(|event| self.concerns_anybody(event)) {
            drop(self.session_states.look_since(heard).await);
        }
        let mut rung = Vec::new();
        let mut state = self.state();
        for event in events {
            let shared = self.shared(event, heard);
            for key in channels(&shared.event) {
                match state.channels.get(&key) {
                    // Whoever left while it was being rung has left it here.
                    Some(channel) if Arc::strong_count(channel) == 1 => drop(state.channels.remove(&key)),
                    Some(channel) => {
                        channel.push(Arc::clone(&shared));
                        rung.push(Arc::clone(channel));
                    }
                    None => {}
                }
            }
            if state.newest.len() == KEPT {
                state.newest.pop_front();
            }
            state.newest.push_back(shared);
        }
        self.position.send_replace(Some(position));
        drop(state);
        for channel in rung {
            channel.bell.send_replace(());
        }
    }

    fn concerns_anybody(&self, event: &Happened) -> bool {
        let state = self.state();
        channels(event).any(|key| state.channels.contains_key(&key))
    }

    fn shared(&self, event: Happened, heard: Instant) -> Arc<Shared> {
        let (id, cursor) = (self.names.id(event.id), self.names.cursor(event.id));
        Arc::new(Shared { id, cursor, event, heard, written: Mutex::default() })
    }

    /// What happened behind a place, as far as it is known, in any channel: some of it, in order, and the place that is
    /// reached with it.
    pub async fn behind(&self, place: i64) -> Result<(Vec<Arc<Shared>>, i64)> {
        let known = self.position().await?;
        {
            let state = self.state();
            if state.newest.front().is_some_and(|first| first.event.id <= place + 1) || place >= known {
                let from = state.newest.partition_point(|shared| shared.event.id <= place);
                let behind: Vec<_> = state.newest.range(from..).take(PAGE as usize).map(Arc::clone).collect();
                let reached = behind.last().map_or(known, |last| last.event.id);
                return Ok((behind, reached.max(place)));
            }
        }
        // Further back than memory goes: out of the table, where what the relay has passed can be read safely.
        let events = self.read(place, known).await?;
        let reached = if (events.len() as i64) < PAGE { known } else { events.last().map_or(known, |last| last.id) };
        let now = Instant::now();
        Ok((events.into_iter().map(|event| self.shared(event, now)).collect(), reached))
    }

    async fn read(&self, place: i64, known: i64) -> Result<Vec<Happened>> {
        self.database
            .as_system(None, async |scope| {
                let tx = scope.tx().await?;
                let events = outbox_events::table
                    .filter(outbox_events::id.gt(place))
                    .filter(outbox_events::id.le(known))
                    .order(outbox_events::id)
                    .limit(PAGE)
                    .select(COLUMNS);
                Ok(events.load(&mut tx.conn()?).await?)
            })
            .await
    }

    /// Fails with `CURSOR_EXPIRED` when what follows a place is not kept any more, or was never written: after a
    /// database was put back to an earlier state its numbers mean other events.
    pub async fn require_kept(&self, place: i64) -> Result<()> {
        let kept = self
            .database
            .as_system(None, async |scope| {
                let tx = scope.tx().await?;
                let kept = sql_query(
                    "select last_id as removed, coalesce(pg_sequence_last_value('outbox_events_id_seq'::regclass), 0) as drawn
                     from private.outbox_removed",
                );
                Ok(kept.get_result::<KeptInTable>(&mut tx.conn()?).await?)
            })
            .await?;
        if (kept.removed..=kept.drawn).contains(&place) {
            return Ok(());
        }
        let told = "what followed this cursor is not kept; reload what you show and listen from now on";
        Err(Error::new(Code::CursorExpired, told))
    }

    /// Ends those who may not listen any more, and forgets texts that are not fresh, for ever.
    pub async fn guard(&self) {
        let forget = async {
            loop {
                tokio::time::sleep(FRESH).await;
                let mut warm = self.warm.lock().unwrap_or_else(PoisonError::into_inner);
                while warm.front().is_some_and(|(since, _)| since.elapsed() >= FRESH) {
                    if let Some((_, shared)) = warm.pop_front() {
                        shared.written.lock().unwrap_or_else(PoisonError::into_inner).clear();
                    }
                }
            }
        };
        tokio::join!(self.session_states.guard(), forget);
    }
}

/// Which events the table can have.
#[derive(QueryableByName)]
struct KeptInTable {
    /// All up to this one are gone.
    #[diesel(sql_type = BigInt)]
    removed: i64,
    /// The last one so far.
    #[diesel(sql_type = BigInt)]
    drawn: i64,
}

/// The columns of a [`Happened`].
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

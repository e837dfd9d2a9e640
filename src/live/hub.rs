//! The newest events, in memory, shared by all listeners of the process.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, PoisonError, RwLock},
    time::{Duration, Instant},
};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use diesel::{BoolExpressionMethods, ExpressionMethods, JoinOnDsl, NullableExpressionMethods, QueryDsl, Queryable};
use diesel_async::RunQueryDsl;
use tokio::sync::{OnceCell, watch};
use uuid::Uuid;

use crate::{
    clinic::ClinicStatus,
    kernel::{
        Actor, Code, Error, Result,
        actor::{Person, Role},
        clock::Clock,
        db::Door,
    },
    schema::{clinics, memberships, outbox_events, sessions, users},
};

/// So many events are kept in memory.
const KEPT: usize = 8_192;
/// So many are read from the table at once.
pub const PAGE: i64 = 500;

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
    /// Resume behind this event.
    pub after: Option<i64>,
}

impl Wanted {
    /// Whether the listener wants it, and may know that it happened.
    #[must_use]
    pub fn matches(&self, actor: &Actor, event: &Happened) -> bool {
        let Actor::Person(person) = actor else { return false };
        let told = if person.is_platform_admin {
            true
        } else {
            event.audience == "clinic" && event.clinic_id.is_some() && event.clinic_id == actor.clinic_id()
        };
        let personal = event.user_id.is_some();
        let mine = event.user_id == Some(person.user_id);
        (if self.personal { mine } else { !personal && told })
            && (self.topics.is_empty() || self.topics.contains(&event.topic.as_str()))
            && self.clinic.is_none_or(|clinic| event.clinic_id == Some(clinic))
            && self.about.is_none_or(|about| event.subject_id == about || event.parent_id == Some(about))
            && self.kinds.as_ref().is_none_or(|kinds| kinds.contains(&event.kind.as_str()))
    }
}

/// Listeners for whom an event reads the same: what they asked, and as whom.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Audience {
    /// Of document and variables.
    pub asked: [u8; 32],
    pub clinic: Option<(Uuid, Role)>,
    /// The user, where what is read is theirs alone.
    pub user: Option<Uuid>,
}

/// An event, with what its listeners share.
#[derive(Debug)]
pub struct Shared {
    pub event: Happened,
    standing: OnceCell<Standings>,
    written: Mutex<HashMap<Audience, Arc<OnceCell<Bytes>>>>,
}

impl Shared {
    #[must_use]
    pub fn new(event: Happened) -> Arc<Self> {
        Arc::new(Self { event, standing: OnceCell::new(), written: Mutex::default() })
    }

    /// The text for an audience: whoever comes first writes it.
    #[must_use]
    pub fn text(&self, audience: Audience) -> Arc<OnceCell<Bytes>> {
        Arc::clone(self.written.lock().unwrap_or_else(PoisonError::into_inner).entry(audience).or_default())
    }

    /// Who of the listeners still stood when this was first delivered: one statement for all of them.
    pub async fn standing(&self, hub: &Hub) -> Result<Standings> {
        self.standing.get_or_try_init(|| hub.look_at_sessions()).await.cloned()
    }
}

/// What a session is good for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    pub is_platform_admin: bool,
    pub acting: Option<(Uuid, Role)>,
}

impl Standing {
    #[must_use]
    pub fn of(person: &Person) -> Self {
        Self { is_platform_admin: person.is_platform_admin, acting: person.acting }
    }
}

/// What each session that listens is good for.
pub type Standings = Arc<HashMap<Uuid, Standing>>;

/// The events of a process.
pub struct Hub {
    pub door: Door,
    clock: Clock,
    ring: RwLock<VecDeque<Arc<Shared>>>,
    /// The id up to which everything is known.
    position: watch::Sender<Option<i64>>,
    /// Sessions that listen, and how often.
    listening: Mutex<HashMap<Uuid, usize>>,
    lately: tokio::sync::Mutex<Option<(Instant, Standings)>>,
}

impl Hub {
    #[must_use]
    pub fn new(door: Door, clock: Clock) -> Arc<Self> {
        Arc::new(Self {
            door,
            clock,
            ring: RwLock::default(),
            position: watch::Sender::new(None),
            listening: Mutex::default(),
            lately: tokio::sync::Mutex::default(),
        })
    }

    /// Ready when there is more.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<Option<i64>> {
        self.position.subscribe()
    }

    /// The id up to which everything is known; waits for the relay's first look.
    pub async fn position(&self) -> Result<i64> {
        let mut watch = self.watch();
        let known = watch.wait_for(Option::is_some).await.map_err(Error::unavailable)?;
        known.ok_or_else(|| Error::unavailable("the relay has not begun"))
    }

    /// Takes in what the relay has read, in order.
    pub fn take_in(&self, events: Vec<Happened>, position: i64) {
        let mut ring = self.ring.write().unwrap_or_else(PoisonError::into_inner);
        for event in events {
            if ring.len() == KEPT {
                ring.pop_front();
            }
            ring.push_back(Shared::new(event));
        }
        drop(ring);
        self.position.send_replace(Some(position));
    }

    /// What happened behind a place, as far as it is known: some of it, in order, and the place that is reached with it.
    pub async fn behind(&self, place: i64) -> Result<(Vec<Arc<Shared>>, i64)> {
        let known = self.position().await?;
        {
            let ring = self.ring.read().unwrap_or_else(PoisonError::into_inner);
            if ring.front().is_some_and(|first| first.event.id <= place + 1) || place >= known {
                let from = ring.partition_point(|shared| shared.event.id <= place);
                let behind: Vec<_> = ring.range(from..).take(256).map(Arc::clone).collect();
                let reached =
                    if behind.len() < 256 { known } else { behind.last().map_or(known, |last| last.event.id) };
                return Ok((behind, reached.max(place)));
            }
        }
        // Further back than memory goes: out of the table, where what the relay has passed can be read safely.
        let events = self.read(place, known).await?;
        let reached = if (events.len() as i64) < PAGE { known } else { events.last().map_or(known, |last| last.id) };
        Ok((events.into_iter().map(Shared::new).collect(), reached))
    }

    async fn read(&self, place: i64, known: i64) -> Result<Vec<Happened>> {
        self.door
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

    /// Fails with `CURSOR_EXPIRED` when what follows a place is not kept any more.
    pub async fn require_kept(&self, place: i64) -> Result<()> {
        let known = self.position().await?;
        let oldest = self
            .door
            .as_system(None, async |scope| {
                let tx = scope.tx().await?;
                Ok(outbox_events::table
                    .select(diesel::dsl::min(outbox_events::id))
                    .first::<Option<i64>>(&mut tx.conn()?)
                    .await?)
            })
            .await?;
        match oldest {
            _ if place >= known => Ok(()),
            Some(oldest) if place + 1 >= oldest => Ok(()),
            _ => Err(Error::new(
                Code::CursorExpired,
                "events so long ago are not kept; reload what you show and listen from now on",
            )),
        }
    }

    /// Counts a session as listening for as long as the guard lives.
    pub fn listen(self: &Arc<Self>, session: Uuid) -> Listening {
        *self.listening.lock().unwrap_or_else(PoisonError::into_inner).entry(session).or_default() += 1;
        Listening { hub: Arc::clone(self), session }
    }

    /// The same, as looked at not longer ago than this: those who wait share a look.
    pub async fn standing_lately(&self, within: Duration) -> Result<Standings> {
        let mut lately = self.lately.lock().await;
        if let Some((at, standing)) = lately.as_ref()
            && at.elapsed() < within
        {
            return Ok(Arc::clone(standing));
        }
        let standing = self.look_at_sessions().await?;
        *lately = Some((Instant::now(), Arc::clone(&standing)));
        Ok(standing)
    }

    /// What the sessions that listen are good for, now; those that are good for nothing are left out.
    pub async fn look_at_sessions(&self) -> Result<Standings> {
        let listening: Vec<Uuid> =
            self.listening.lock().unwrap_or_else(PoisonError::into_inner).keys().copied().collect();
        let now = self.clock.now();
        let rows = self
            .door
            .as_system(None, async |scope| {
                let tx = scope.tx().await?;
                let open = [ClinicStatus::Pending, ClinicStatus::Active];
                let good = sessions::table
                    .inner_join(users::table)
                    .left_join(
                        clinics::table.on(clinics::id
                            .nullable()
                            .eq(sessions::acting_clinic_id)
                            .and(clinics::deleted_at.is_null())
                            .and(clinics::status.eq_any(open))),
                    )
                    .left_join(
                        memberships::table.on(memberships::user_id
                            .eq(users::id)
                            .and(memberships::clinic_id.nullable().eq(sessions::acting_clinic_id))
                            .and(memberships::deleted_at.is_null())
                            .and(memberships::status.eq("active"))),
                    )
                    .filter(sessions::id.eq_any(&listening))
                    .filter(sessions::revoked_at.is_null())
                    .filter(sessions::expires_at.gt(now))
                    .filter(users::status.eq("active"))
                    .filter(users::deleted_at.is_null())
                    .select((
                        sessions::id,
                        users::is_platform_admin,
                        clinics::id.nullable(),
                        memberships::role.nullable(),
                    ));
                Ok(good.load::<(Uuid, bool, Option<Uuid>, Option<Role>)>(&mut tx.conn()?).await?)
            })
            .await?;
        let standing = |(session, is_platform_admin, clinic, role): (_, _, Option<Uuid>, Option<Role>)| {
            (session, Standing { is_platform_admin, acting: clinic.zip(role) })
        };
        Ok(Arc::new(rows.into_iter().map(standing).collect()))
    }
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

/// A session that listens.
pub struct Listening {
    hub: Arc<Hub>,
    session: Uuid,
}

impl Drop for Listening {
    fn drop(&mut self) {
        let mut listening = self.hub.listening.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = listening.get_mut(&self.session) {
            *count -= 1;
            if *count == 0 {
                listening.remove(&self.session);
            }
        }
    }
}

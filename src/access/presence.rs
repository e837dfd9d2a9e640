//! Who is there on a socket, and the one look at all their sessions: a session that ends takes its sockets along, also
//! those on which nothing runs. However many there are, a look is one statement, and it wakes only whom it concerns.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};

use diesel::{ExpressionMethods, QueryDsl};
use diesel_async::RunQueryDsl;
use tokio::{sync::watch, task::JoinHandle};
use uuid::Uuid;

use super::UserStatus;
use crate::{
    kernel::{Result, clock::Clock, db::Door},
    schema::{sessions, users},
};

/// What ends a session must end its sockets within five seconds.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// The sessions that are there, in this process.
#[derive(Debug)]
pub struct Presence {
    door: Door,
    clock: Clock,
    present: Mutex<Present>,
}

#[derive(Debug, Default)]
struct Present {
    /// Dropping a session's sender tells all its sockets; one that nobody receives from is left over.
    sessions: HashMap<Uuid, watch::Sender<()>>,
    /// Looks for as long as anybody is there.
    looking: Option<JoinHandle<()>>,
}

impl Presence {
    #[must_use]
    pub fn new(door: Door, clock: Clock) -> Arc<Self> {
        Arc::new(Self { door, clock, present: Mutex::default() })
    }

    /// Ready once the session is good for nothing any more. Dropping it is leaving.
    pub fn arrive(self: &Arc<Self>, session: Uuid) -> impl Future<Output = ()> + Send + use<> {
        let mut present = self.present();
        let mut told = present.sessions.entry(session).or_default().subscribe();
        if present.looking.as_ref().is_none_or(JoinHandle::is_finished) {
            present.looking = Some(tokio::spawn(look(Arc::downgrade(self))));
        }
        drop(present);
        async move { while told.changed().await.is_ok() {} }
    }

    fn present(&self) -> MutexGuard<'_, Present> {
        self.present.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The sessions that are there; `None` when all have left, and then the next who arrives begins to look again.
    fn who(&self) -> Option<Vec<Uuid>> {
        let mut present = self.present();
        present.sessions.retain(|_, told| told.receiver_count() > 0);
        if present.sessions.is_empty() {
            present.looking = None;
            return None;
        }
        Some(present.sessions.keys().copied().collect())
    }

    /// Those of these sessions that are still good.
    async fn good(&self, who: &[Uuid]) -> Result<HashSet<Uuid>> {
        let now = self.clock.now();
        self.door
            .as_system(None, async |scope| {
                let tx = scope.tx().await?;
                let good = sessions::table
                    .inner_join(users::table)
                    .filter(sessions::id.eq_any(who))
                    .filter(sessions::revoked_at.is_null())
                    .filter(sessions::expires_at.gt(now))
                    .filter(users::status.eq(UserStatus::Active))
                    .filter(users::deleted_at.is_null())
                    .select(sessions::id);
                Ok(good.load(&mut tx.conn()?).await?.into_iter().collect())
            })
            .await
    }
}

async fn look(presence: Weak<Presence>) {
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        let Some(presence) = presence.upgrade() else { return };
        let Some(who) = presence.who() else { return };
        match presence.good(&who).await {
            Ok(good) => {
                let mut present = presence.present();
                for gone in who.iter().filter(|session| !good.contains(session)) {
                    present.sessions.remove(gone);
                }
            }
            // Nothing can be done over a socket meanwhile either: every operation asks the same database.
            Err(error) => tracing::warn!(%error, "cannot see whether the sessions of sockets still hold"),
        }
    }
}

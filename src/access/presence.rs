//! Who is there on a socket, and the one look at all their sessions: a session that ends takes its sockets along, also
//! those on which nothing runs. However many there are, a look is one statement, and it wakes only whom it concerns.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};

use diesel::{BoolExpressionMethods, ExpressionMethods, QueryDsl};
use diesel_async::RunQueryDsl;
use tokio::{sync::watch, task::JoinHandle};
use uuid::Uuid;

use super::UserStatus;
use crate::{
    kernel::{Code, Result, clock::Clock, db::Database},
    schema::{sessions, users},
};

/// What ends a session must end its sockets within five seconds.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// The sessions that are there, in this process.
#[derive(Debug)]
pub struct Presence {
    database: Database,
    clock: Clock,
    present: Mutex<Present>,
}

#[derive(Debug, Default)]
struct Present {
    /// All sockets of a session hear from one sender why they must go; one that nobody receives from is left over.
    sessions: HashMap<Uuid, watch::Sender<Option<Code>>>,
    /// Looks for as long as anybody is there.
    looking: Option<JoinHandle<()>>,
}

impl Presence {
    #[must_use]
    pub fn new(database: Database, clock: Clock) -> Arc<Self> {
        Arc::new(Self { database, clock, present: Mutex::default() })
    }

    /// Ready, with the reason, once the session is good for nothing any more. Dropping it is leaving.
    pub fn arrive(self: &Arc<Self>, session: Uuid) -> impl Future<Output = Code> + Send + use<> {
        let mut present = self.present();
        let mut told = present.sessions.entry(session).or_default().subscribe();
        if present.looking.as_ref().is_none_or(JoinHandle::is_finished) {
            present.looking = Some(tokio::spawn(look(Arc::downgrade(self))));
        }
        drop(present);
        async move {
            let reason = told.wait_for(Option::is_some).await;
            reason.ok().and_then(|reason| *reason).unwrap_or(Code::SessionExpired)
        }
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

    /// Of these sessions those that still hold, and whether their users are active.
    async fn holding(&self, who: &[Uuid]) -> Result<HashMap<Uuid, bool>> {
        let now = self.clock.now();
        self.database
            .as_system(None, async |scope| {
                let tx = scope.tx().await?;
                let is_active = users::status.eq(UserStatus::Active).and(users::deleted_at.is_null());
                let holding = sessions::table
                    .inner_join(users::table)
                    .filter(sessions::id.eq_any(who))
                    .filter(sessions::revoked_at.is_null())
                    .filter(sessions::expires_at.gt(now))
                    .select((sessions::id, is_active));
                Ok(holding.load(&mut tx.conn()?).await?.into_iter().collect())
            })
            .await
    }
}

async fn look(presence: Weak<Presence>) {
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        let Some(presence) = presence.upgrade() else { return };
        let Some(who) = presence.who() else { return };
        match presence.holding(&who).await {
            Ok(holding) => {
                let mut present = presence.present();
                for session in who {
                    let reason = match holding.get(&session) {
                        Some(true) => continue,
                        Some(false) => Code::UserInactive,
                        None => Code::SessionExpired,
                    };
                    if let Some(told) = present.sessions.remove(&session) {
                        told.send_replace(Some(reason));
                    }
                }
            }
            // Nothing can be done over a socket meanwhile either: every operation asks the same database.
            Err(error) => tracing::warn!(%error, "cannot see whether the sessions of sockets still hold"),
        }
    }
}

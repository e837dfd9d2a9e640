//! The sessions that have a socket open, and the check of all of them: when a session ends its sockets are closed, also those
//! on which nothing runs. However many there are, a check is one statement, and wakes only the sockets that must close.

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

/// Interval of the checks. The sockets of a session must be closed within five seconds of its end.
const CHECK_EVERY: Duration = Duration::from_secs(2);

/// The sessions with open sockets in this process.
#[derive(Debug)]
pub struct Presence {
    database: Database,
    clock: Clock,
    present: Mutex<Present>,
}

#[derive(Debug, Default)]
struct Present {
    /// One sender for each session gives all its sockets the reason to close. A sender without receivers is removed.
    sessions: HashMap<Uuid, watch::Sender<Option<Code>>>,
    /// Checks for as long as there is a socket.
    checking: Option<JoinHandle<()>>,
}

impl Presence {
    #[must_use]
    pub fn new(database: Database, clock: Clock) -> Arc<Self> {
        Arc::new(Self { database, clock, present: Mutex::default() })
    }

    /// Future that is ready, with the reason, once the session has become invalid. It is dropped when the socket closes.
    pub fn until_ended(self: &Arc<Self>, session: Uuid) -> impl Future<Output = Code> + Send + use<> {
        let mut present = self.present();
        let mut ended = present.sessions.entry(session).or_default().subscribe();
        if present.checking.as_ref().is_none_or(JoinHandle::is_finished) {
            present.checking = Some(tokio::spawn(check(Arc::downgrade(self))));
        }
        drop(present);
        async move {
            let reason = ended.wait_for(Option::is_some).await;
            reason.ok().and_then(|reason| *reason).unwrap_or(Code::SessionExpired)
        }
    }

    fn present(&self) -> MutexGuard<'_, Present> {
        self.present.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The sessions with open sockets; `None` if there are none, and then the next socket starts the checks again.
    fn sessions(&self) -> Option<Vec<Uuid>> {
        let mut present = self.present();
        present.sessions.retain(|_, ended| ended.receiver_count() > 0);
        if present.sessions.is_empty() {
            present.checking = None;
            return None;
        }
        Some(present.sessions.keys().copied().collect())
    }

    /// Those of the sessions that are still valid, and whether their users are active.
    async fn valid(&self, sessions_to_check: &[Uuid]) -> Result<HashMap<Uuid, bool>> {
        let now = self.clock.now();
        self.database
            .as_system(None, async |scope| {
                let tx = scope.tx().await?;
                let is_active = users::status.eq(UserStatus::Active).and(users::deleted_at.is_null());
                let valid = sessions::table
                    .inner_join(users::table)
                    .filter(sessions::id.eq_any(sessions_to_check))
                    .filter(sessions::revoked_at.is_null())
                    .filter(sessions::expires_at.gt(now))
                    .select((sessions::id, is_active));
                Ok(valid.load(&mut tx.conn()?).await?.into_iter().collect())
            })
            .await
    }
}

async fn check(presence: Weak<Presence>) {
    loop {
        tokio::time::sleep(CHECK_EVERY).await;
        let Some(presence) = presence.upgrade() else { return };
        let Some(checked) = presence.sessions() else { return };
        match presence.valid(&checked).await {
            Ok(valid) => {
                let mut present = presence.present();
                for session in checked {
                    let reason = match valid.get(&session) {
                        Some(true) => continue,
                        Some(false) => Code::UserInactive,
                        None => Code::SessionExpired,
                    };
                    if let Some(ended) = present.sessions.remove(&session) {
                        ended.send_replace(Some(reason));
                    }
                }
            }
            // Meanwhile nothing can be done over a socket either: every operation needs the same database.
            Err(error) => tracing::warn!(%error, "cannot check whether the sessions of sockets are still valid"),
        }
    }
}

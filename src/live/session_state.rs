//! Whether the sessions that listen still may. They are checked together, for all of a process: before a new event is
//! delivered, and every other second in any case, so that a listener without events costs nothing.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use diesel::{BoolExpressionMethods, ExpressionMethods, JoinOnDsl, NullableExpressionMethods, QueryDsl};
use diesel_async::RunQueryDsl;
use tokio::sync::watch;
use uuid::Uuid;

use crate::{
    clinic::ClinicStatus,
    kernel::{
        Code, Error, Result,
        actor::{Person, SystemRole},
        clock::Clock,
        db::Database,
    },
    schema::{clinics, memberships, sessions, users},
};

/// Interval of the checks while nothing happens.
const CHECK_EVERY: Duration = Duration::from_secs(2);
/// Time for which a database that does not answer is asked again; nothing is delivered meanwhile.
const PATIENCE: Duration = Duration::from_secs(4);

/// Whether a session may listen, and as whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionState {
    /// It may, as a person like this.
    Good { is_platform_admin: bool, acting: Option<(Uuid, SystemRole)> },
    /// The session was revoked, has expired, or does not exist.
    Ended,
    /// The user is not active.
    UserInactive,
    /// The clinic that the user acts in is not active.
    ClinicInactive,
}

impl SessionState {
    /// The state of a person's session when they began to listen.
    #[must_use]
    pub fn of(person: &Person) -> Self {
        Self::Good { is_platform_admin: person.is_platform_admin, acting: person.acting }
    }

    /// Fails when the person may not listen any longer, with the code that any other operation of theirs would answer
    /// with now.
    pub fn require(self, person: &Person) -> Result<()> {
        match self {
            _ if self == Self::of(person) => Ok(()),
            Self::Ended => Err(Error::new(Code::SessionExpired, "your session has ended; please sign in again")),
            Self::UserInactive => Err(Error::new(Code::UserInactive, "this account is not active")),
            Self::ClinicInactive => Err(Error::new(Code::ClinicInactive, "this clinic is not active")),
            Self::Good { acting: None, is_platform_admin: false } => {
                Err(Error::forbidden("you do not belong to this clinic any more"))
            }
            Self::Good { .. } => {
                Err(Error::new(Code::Forbidden, "your rights have just changed; please subscribe again"))
            }
        }
    }
}

/// The states of the sessions that listen.
pub struct SessionStates {
    database: Database,
    clock: Clock,
    listening: Mutex<HashMap<Uuid, Entry>>,
    /// When the last check began.
    checked: Mutex<Option<Instant>>,
    turn: tokio::sync::Mutex<()>,
}

struct Entry {
    count: usize,
    state: watch::Sender<Option<SessionState>>,
}

impl SessionStates {
    #[must_use]
    pub fn new(database: Database, clock: Clock) -> Arc<Self> {
        Arc::new(Self {
            database,
            clock,
            listening: Mutex::default(),
            checked: Mutex::default(),
            turn: tokio::sync::Mutex::default(),
        })
    }

    /// Counts a session as listening for as long as the guard lives.
    #[must_use]
    pub fn listen(self: &Arc<Self>, session: Uuid) -> Listening {
        let mut listening = self.listening.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = listening.entry(session).or_insert_with(|| Entry { count: 0, state: watch::Sender::new(None) });
        entry.count += 1;
        let state = entry.state.subscribe();
        drop(listening);
        Listening { session_states: Arc::clone(self), session, state }
    }

    /// Whether no session listens.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.listening.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    /// Checks all sessions, unless a check has begun since then: callers that wait share one.
    pub async fn check_since(&self, then: Instant) -> Result<()> {
        let is_known =
            || self.checked.lock().unwrap_or_else(PoisonError::into_inner).is_some_and(|checked| checked >= then);
        if is_known() {
            return Ok(());
        }
        let _turn = self.turn.lock().await;
        if is_known() {
            return Ok(());
        }
        let patient_until = Instant::now() + PATIENCE;
        loop {
            let begun = Instant::now();
            match self.check().await {
                Ok(()) => {
                    *self.checked.lock().unwrap_or_else(PoisonError::into_inner) = Some(begun);
                    return Ok(());
                }
                Err(error) if error.code() == Code::Unavailable && begun < patient_until => {
                    tokio::time::sleep(Duration::from_millis(200)).await;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Checks the sessions for ever.
    pub async fn guard(&self) {
        loop {
            tokio::time::sleep(CHECK_EVERY).await;
            if !self.is_idle()
                && let Err(error) = self.check_since(Instant::now()).await
            {
                tracing::warn!(%error, "cannot check whether the sessions that listen still may");
            }
        }
    }

    async fn check(&self) -> Result<()> {
        let listening: Vec<Uuid> =
            self.listening.lock().unwrap_or_else(PoisonError::into_inner).keys().copied().collect();
        let found = self.read(&listening).await?;
        let entries = self.listening.lock().unwrap_or_else(PoisonError::into_inner);
        for session in listening {
            if let Some(entry) = entries.get(&session) {
                let now = Some(found.get(&session).copied().unwrap_or(SessionState::Ended));
                entry.state.send_if_modified(|known| std::mem::replace(known, now) != now);
            }
        }
        Ok(())
    }

    /// Reads the states by the same rules as `private.check_caller()`.
    async fn read(&self, listening: &[Uuid]) -> Result<HashMap<Uuid, SessionState>> {
        let now = self.clock.now();
        let rows = self
            .database
            .as_system(None, async |scope| {
                let tx = scope.tx().await?;
                let open = [ClinicStatus::Pending, ClinicStatus::Active];
                let user_is_active = users::status.eq("active").and(users::deleted_at.is_null());
                let clinic_is_active = clinics::status.eq_any(open).and(clinics::deleted_at.is_null());
                let found = sessions::table
                    .inner_join(users::table)
                    .left_join(
                        memberships::table.on(memberships::user_id
                            .eq(users::id)
                            .and(memberships::clinic_id.nullable().eq(sessions::acting_clinic_id))
                            .and(memberships::deleted_at.is_null())
                            .and(memberships::status.eq("active"))),
                    )
                    .left_join(clinics::table.on(clinics::id.nullable().eq(memberships::clinic_id.nullable())))
                    .filter(sessions::id.eq_any(listening))
                    .filter(sessions::revoked_at.is_null())
                    .filter(sessions::expires_at.gt(now))
                    .select((
                        sessions::id,
                        user_is_active,
                        users::is_platform_admin,
                        memberships::clinic_id.nullable(),
                        memberships::role.nullable(),
                        clinic_is_active.nullable(),
                    ));
                Ok(found.load::<Row>(&mut tx.conn()?).await?)
            })
            .await?;
        Ok(rows.into_iter().map(state_of).collect())
    }
}

type Row = (Uuid, bool, bool, Option<Uuid>, Option<SystemRole>, Option<bool>);

fn state_of((session, user_is_active, is_platform_admin, clinic, role, clinic_is_active): Row) -> (Uuid, SessionState) {
    // A user who became an administrator acts in no clinic any more.
    let acting = clinic.zip(role).filter(|_| !is_platform_admin);
    let state = match acting {
        _ if !user_is_active => SessionState::UserInactive,
        Some(_) if clinic_is_active == Some(false) => SessionState::ClinicInactive,
        acting => SessionState::Good { is_platform_admin, acting },
    };
    (session, state)
}

/// A session that listens.
pub struct Listening {
    session_states: Arc<SessionStates>,
    session: Uuid,
    state: watch::Receiver<Option<SessionState>>,
}

impl Listening {
    /// Its state at the last check; `None` before the first check.
    #[must_use]
    pub fn state(&self) -> Option<SessionState> {
        *self.state.borrow()
    }

    /// Ready when the state has changed.
    pub async fn changed(&mut self) {
        // The sender lives as long as the session listens.
        if self.state.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        let mut listening = self.session_states.listening.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = listening.get_mut(&self.session) {
            entry.count -= 1;
            if entry.count == 0 {
                listening.remove(&self.session);
            }
        }
    }
}

//! Sessions: opaque random tokens, of which only hashes are kept, and the operations that make and end them.

use std::{sync::Arc, time::Duration};

use async_graphql::{Context, Object, SimpleObject};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use diesel::{
    BoolExpressionMethods, ExpressionMethods, Insertable, JoinOnDsl, NullableExpressionMethods, OptionalExtension,
    QueryDsl, insert_into, sql_types, update,
};
use diesel_async::RunQueryDsl;
use ipnet::IpNet;
use moka::{Entry, ops::compute::Op, sync::Cache};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{Passwords, User, UserStatus, password::LONGEST, viewer::Viewer};
use crate::{
    clinic::{Clinic, ClinicStatus},
    input,
    kernel::{
        Actor, Code, Error, Id, RequestOf, Result,
        actor::{Person, SystemRole},
        clock::Clock,
        db::{Database, Party, Scope, prepared},
        request::{Request, SessionCookie, service},
        secrets::random,
        text::EmailAddress,
        write::Input,
    },
    schema::{clinics, memberships, sessions, user_sign_ins, users},
};

/// A session lasts so long.
const LASTS: TimeDelta = TimeDelta::days(7);
/// After so many wrong passwords in a row…
const MOST_FAILURES: i16 = 5;
/// …no sign-in is tried for so long.
const LOCKED_FOR: TimeDelta = TimeDelta::minutes(15);

/// Tells who a token belongs to.
#[derive(Debug, Clone)]
pub struct Sessions {
    database: Database,
    clock: Clock,
    /// Who a token was last time. Safe to keep: each transaction checks that it still holds.
    known: Cache<[u8; 32], Arc<Person>>,
    /// Wrong guesses at accounts that do not exist, which are locked like those that do.
    guesses: Cache<String, Failures>,
}

impl Sessions {
    #[must_use]
    pub fn new(database: Database, clock: Clock) -> Self {
        let known = Cache::builder().max_capacity(50_000).time_to_live(Duration::from_secs(60)).build();
        let guesses = Cache::builder().max_capacity(50_000).build();
        Self { database, clock, known, guesses }
    }

    /// Who comes with this token; `SESSION_EXPIRED` when nobody does.
    ///
    /// The clock that set the end of a session tells here, with each request, whether it has come; the database looks too
    /// (`private.look`), by its own clock, whenever somebody is looked up.
    pub async fn actor(&self, hash: [u8; 32]) -> Result<Actor> {
        if let Some(known) = self.known(&hash) {
            return known;
        }
        let person = self.look_up(hash).await?.ok_or_else(Self::ended)?;
        self.known.insert(hash, person);
        self.known(&hash).unwrap_or_else(|| Err(Self::ended()))
    }

    /// Who comes with this token, if that is known without asking the database.
    #[must_use]
    pub fn known(&self, hash: &[u8; 32]) -> Option<Result<Actor>> {
        let person = self.known.get(hash)?;
        if person.good_until <= self.clock.now() {
            self.forget(hash);
            return Some(Err(Self::ended()));
        }
        Some(Ok(Actor::Person(person)))
    }

    /// The same, asking the database on behalf of somebody.
    #[must_use]
    pub fn on_behalf_of(&self, party: Party) -> Self {
        Self { database: self.database.on_behalf_of(party), ..self.clone() }
    }

    /// The error of a token that nobody has.
    #[must_use]
    pub fn ended() -> Error {
        Error::new(Code::SessionExpired, "your session has ended; please sign in again")
    }

    /// Looks again next time.
    pub fn forget(&self, hash: &[u8; 32]) {
        self.known.invalidate(hash);
    }

    async fn look_up(&self, hash: [u8; 32]) -> Result<Option<Arc<Person>>> {
        self.database
            .as_system(None, async |scope| {
                let tx = scope.tx().await?;
                let mut conn = tx.conn()?;
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
                    .filter(sessions::token_hash.eq(hash.as_slice()))
                    .filter(sessions::revoked_at.is_null())
                    .select((
                        sessions::id,
                        sessions::expires_at,
                        users::id,
                        users::email,
                        users::is_platform_admin,
                        sessions::acting_clinic_id,
                        memberships::role.nullable(),
                        clinics::network_id.nullable(),
                    ))
                    .first::<SessionRow>(&mut conn)
                    .await
                    .optional()?;
                let Some((session_id, good_until, user_id, email, is_platform_admin, clinic, role, network)) = found
                else {
                    return Ok(None);
                };
                // Somebody who became an administrator acts in no clinic any more.
                let acting = clinic.zip(role).filter(|_| !is_platform_admin);
                let class = if is_platform_admin { "admin" } else { "tenant" };
                let (clinic, role) = acting.map(|(clinic, role)| (clinic, role.text())).unzip();
                let network_id = network.filter(|_| acting.is_some());
                let vouched = vouch(session_id, user_id, clinic, role, network_id, class);
                let access_version = diesel::select(vouched).get_result(&mut conn).await?;
                Ok(Some(Arc::new(Person {
                    session_id,
                    user_id,
                    email,
                    is_platform_admin,
                    acting,
                    network_id,
                    access_version,
                    good_until,
                })))
            })
            .await
    }

    /// Counts a wrong guess at an account that does not exist.
    fn guess(&self, email: String, now: DateTime<Utc>) -> Attempt {
        let mut attempt = Attempt::Wrong;
        self.guesses.entry(email).and_compute_with(|kept| {
            let (settled, failures) = kept.map(Entry::into_value).unwrap_or_default().settle(false, now);
            attempt = settled;
            Op::Put(failures)
        });
        attempt
    }
}

/// A session with its user, and the clinic acted in: role, and network.
type SessionRow = (Uuid, DateTime<Utc>, Uuid, String, bool, Option<Uuid>, Option<SystemRole>, Option<Uuid>);

diesel::define_sql_function! {
    #[sql_name = "private.vouch"]
    fn vouch(
        session: sql_types::Uuid,
        actor: sql_types::Uuid,
        clinic: sql_types::Nullable<sql_types::Uuid>,
        role: sql_types::Nullable<sql_types::Text>,
        network: sql_types::Nullable<sql_types::Uuid>,
        class: sql_types::Text,
    ) -> sql_types::BigInt;
}

/// Wrong passwords in a row, for an account or for an address without one: a stranger must not see which.
#[derive(Debug, Clone, Copy, Default)]
struct Failures {
    count: i16,
    locked_until: Option<DateTime<Utc>>,
}

/// What came of a password.
enum Attempt {
    Right,
    Wrong,
    Locked(DateTime<Utc>),
}

impl Failures {
    fn lock(self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.locked_until.filter(|until| *until > now)
    }

    /// Counts a password that was checked. Of many sent at once, those checked after the account was locked tell
    /// nothing, not even that one was right.
    fn settle(self, right: bool, now: DateTime<Utc>) -> (Attempt, Self) {
        if let Some(until) = self.lock(now) {
            return (Attempt::Locked(until), self);
        }
        if right {
            return (Attempt::Right, Self::default());
        }
        let count = self.count.saturating_add(1);
        let locks = count >= MOST_FAILURES;
        (
            Attempt::Wrong,
            if locks {
                Self { count: 0, locked_until: Some(now + LOCKED_FOR) }
            } else {
                Self { count, locked_until: None }
            },
        )
    }
}

/// The hash under which a token is kept.
#[must_use]
pub fn token_hash(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

input! {
    /// Credentials of a user.
    SignInInput {
        /// Email address of the user.
        email: EmailAddress,
        /// Password of the user, at most 128 characters.
        password: String,
        /// Whether to store the session in a cookie too, for a dashboard in a browser.
        in_cookie: bool = false,
    }
}

/// Result of signing in.
#[derive(SimpleObject)]
pub struct SignInPayload {
    /// Secret of the session, to be sent with each request as `Authorization: Bearer <token>`. It is shown only once.
    token: String,
    /// Time at which the session ends unless it is ended earlier.
    expires_at: DateTime<Utc>,
    /// User who signed in, and what they may do.
    viewer: Viewer,
}

/// Result of signing out.
#[derive(SimpleObject)]
pub struct SignOutPayload {
    /// Whether the session has ended; always true.
    signed_out: bool,
}

input! {
    /// Clinic to work in from now on.
    SwitchClinicInput {
        /// Clinic that the caller belongs to.
        clinic_id: Id<Clinic>,
    }
}

/// Result of switching to another clinic.
#[derive(SimpleObject)]
pub struct SwitchClinicPayload {
    /// The caller in the other clinic, and what they may do there.
    viewer: Viewer,
}

#[derive(Debug, Insertable)]
#[diesel(table_name = sessions, treat_none_as_default_value = false)]
struct NewSession {
    id: Uuid,
    user_id: Uuid,
    token_hash: Vec<u8>,
    acting_clinic_id: Option<Uuid>,
    expires_at: DateTime<Utc>,
    ip: IpNet,
    user_agent: Option<String>,
}

/// What signing in needs of an account.
#[derive(Debug, diesel::Queryable)]
struct Account {
    id: Uuid,
    password_hash: Option<String>,
    status: UserStatus,
    count: Option<i16>,
    locked_until: Option<DateTime<Utc>>,
}

impl Account {
    fn failures(&self) -> Failures {
        Failures { count: self.count.unwrap_or_default(), locked_until: self.locked_until }
    }
}

#[derive(Debug, Default)]
pub struct AccessMutation;

#[Object]
impl AccessMutation {
    /// Starts a session. An unknown email address and a wrong password are the same error, `INVALID_CREDENTIALS`; after
    /// five of them in a row the account is locked for 15 minutes (`ACCOUNT_LOCKED`).
    async fn sign_in(&self, ctx: &Context<'_>, input: Input<SignInInput>) -> Result<SignInPayload> {
        let input = input.valid()?;
        let (request, sessions) = (ctx.request()?, service::<Sessions>(ctx)?);
        let user_id = check_password(request, sessions, service::<Passwords>(ctx)?, &input).await?;
        let payload = begin(request, sessions, user_id).await?;
        if input.in_cookie {
            let cookie = SessionCookie::Keep { token: payload.token.clone(), seconds: LASTS.num_seconds() };
            request.set_session_cookie(cookie);
        }
        Ok(payload)
    }

    /// Ends the session of the request; its token is no longer accepted.
    async fn sign_out(&self, ctx: &Context<'_>) -> Result<SignOutPayload> {
        let (request, known) = (ctx.request()?, service::<Sessions>(ctx)?);
        let person = ctx.actor()?.person()?;
        let now = known.clock.now();
        request
            .as_system(async |scope| {
                let tx = scope.tx().await?;
                let session =
                    sessions::table.filter(sessions::id.eq(person.session_id)).filter(sessions::revoked_at.is_null());
                prepared(update(session).set(sessions::revoked_at.eq(now))).execute(&mut tx.conn()?).await?;
                Ok(())
            })
            .await?;
        request.set_session_cookie(SessionCookie::Forget);
        request.token_hash.iter().for_each(|hash| known.forget(hash));
        Ok(SignOutPayload { signed_out: true })
    }

    /// Switches the session to another clinic; `NOT_FOUND` if the caller does not belong to it.
    async fn switch_clinic(&self, ctx: &Context<'_>, input: Input<SwitchClinicInput>) -> Result<SwitchClinicPayload> {
        let input = input.valid()?;
        let (request, known) = (ctx.request()?, service::<Sessions>(ctx)?);
        let person = ctx.actor()?.person()?;
        if person.is_platform_admin {
            return Err(Error::forbidden("administrators reach every clinic and act in none"));
        }
        let clinic = input.clinic_id.uuid();
        request
            .as_system(async |scope| {
                if !acting_clinics(scope, person.user_id).await?.contains(&clinic) {
                    return Err(Error::not_found("clinic"));
                }
                let tx = scope.tx().await?;
                let session = sessions::table.find(person.session_id);
                prepared(update(session).set(sessions::acting_clinic_id.eq(clinic))).execute(&mut tx.conn()?).await?;
                Ok(())
            })
            .await?;
        let hash = request.token_hash.ok_or_else(Error::unauthenticated)?;
        known.forget(&hash);
        let actor = known.actor(hash).await?;
        Ok(SwitchClinicPayload { viewer: Viewer::new(request.read_as(actor)) })
    }
}

/// The user of a right password.
async fn check_password(
    request: &Request,
    sessions: &Sessions,
    passwords: &Passwords,
    input: &SignInInput,
) -> Result<Uuid> {
    let locked = |until: DateTime<Utc>, now: DateTime<Utc>| {
        let seconds = (until - now).num_seconds().max(1).unsigned_abs();
        Error::new(Code::AccountLocked, "too many wrong passwords; please wait a little").retry_after(seconds)
    };
    let email = input.email.as_str().to_owned();
    if input.password.chars().count() > LONGEST {
        return Err(Error::invalid("input.password", format!("must have at most {LONGEST} characters")));
    }
    let account = request
        .as_system(async |scope| {
            let tx = scope.tx().await?;
            let columns = (
                users::id,
                users::password_hash,
                users::status,
                user_sign_ins::failed_sign_ins.nullable(),
                user_sign_ins::locked_until.nullable(),
            );
            let account = users::table.left_join(user_sign_ins::table).filter(users::email.eq(&email));
            let account = account.filter(users::deleted_at.is_null());
            Ok(account.select(columns).first::<Account>(&mut tx.conn()?).await.optional()?)
        })
        .await?;
    let before = account.as_ref().map(Account::failures).or_else(|| sessions.guesses.get(&email)).unwrap_or_default();
    let now = sessions.clock.now();
    if let Some(until) = before.lock(now) {
        return Err(locked(until, now));
    }
    let hash = account.as_ref().and_then(|account| account.password_hash.clone());
    let right = passwords.verify(&input.password, hash).await?;
    let now = sessions.clock.now();
    let attempt = match &account {
        // Kept whatever becomes of the operation: the next guess must find it.
        Some(account) => request.as_system(async |scope| settle(scope, account.id, right, now).await).await?,
        None => sessions.guess(email, now),
    };
    match (attempt, account) {
        (Attempt::Locked(until), _) => Err(locked(until, now)),
        (Attempt::Right, Some(account)) if account.status == UserStatus::Active => Ok(account.id),
        (Attempt::Right, Some(_)) => Err(Error::new(Code::UserInactive, "this account is not active")),
        (Attempt::Right, None) | (Attempt::Wrong, _) => {
            Err(Error::new(Code::InvalidCredentials, "e-mail address or password is wrong"))
        }
    }
}

/// Counts a checked password on its account, one after the other.
async fn settle(scope: &Scope, user_id: Uuid, right: bool, now: DateTime<Utc>) -> Result<Attempt> {
    let tx = scope.tx().await?;
    // Nothing can be locked before it is there.
    let first = insert_into(user_sign_ins::table).values(user_sign_ins::user_id.eq(user_id)).on_conflict_do_nothing();
    first.execute(&mut tx.conn()?).await?;
    let columns = (user_sign_ins::failed_sign_ins, user_sign_ins::locked_until);
    let row = user_sign_ins::table.find(user_id).for_update().select(columns);
    let (count, locked_until) = row.first::<(i16, Option<DateTime<Utc>>)>(&mut tx.conn()?).await?;
    let (attempt, after) = Failures { count, locked_until }.settle(right, now);
    if !matches!(attempt, Attempt::Locked(_)) {
        let changes =
            (user_sign_ins::failed_sign_ins.eq(after.count), user_sign_ins::locked_until.eq(after.locked_until));
        prepared(update(user_sign_ins::table.find(user_id)).set(changes)).execute(&mut tx.conn()?).await?;
    }
    Ok(attempt)
}

/// Begins a session for somebody who has shown who they are.
async fn begin(request: &Request, known: &Sessions, user_id: Uuid) -> Result<SignInPayload> {
    let now = known.clock.now();
    let token = format!("cgs_{}", URL_SAFE_NO_PAD.encode(random::<32>()?));
    let hash = token_hash(&token);
    let expires_at = now + LASTS;
    request
        .as_system(async |scope| {
            let session = NewSession {
                id: Uuid::now_v7(),
                user_id,
                token_hash: hash.to_vec(),
                acting_clinic_id: acting_clinics(scope, user_id).await?.into_iter().next(),
                expires_at,
                ip: request.origin.address.into(),
                user_agent: request.origin.agent.as_ref().map(|agent| agent.chars().take(400).collect()),
            };
            let tx = scope.tx().await?;
            insert_into(sessions::table).values(session).execute(&mut tx.conn()?).await?;
            prepared(update(user_sign_ins::table.find(user_id)).set(user_sign_ins::last_login_at.eq(now)))
                .execute(&mut tx.conn()?)
                .await?;
            Ok(())
        })
        .await?;
    let actor = known.actor(hash).await?;
    Ok(SignInPayload { token, expires_at, viewer: Viewer::new(request.read_as(actor)) })
}

/// The clinics a user can act in, the one they have belonged to longest first; none for administrators.
async fn acting_clinics(scope: &Scope, user_id: Uuid) -> Result<Vec<Uuid>> {
    let tx = scope.tx().await?;
    let open = [ClinicStatus::Pending, ClinicStatus::Active];
    let found = memberships::table
        .inner_join(clinics::table)
        .inner_join(users::table.on(users::id.eq(memberships::user_id)))
        .filter(memberships::user_id.eq(user_id))
        .filter(users::is_platform_admin.eq(false))
        .filter(memberships::deleted_at.is_null())
        .filter(memberships::status.eq("active"))
        .filter(clinics::deleted_at.is_null())
        .filter(clinics::status.eq_any(open))
        .order((memberships::created_at, memberships::id))
        .select(memberships::clinic_id);
    Ok(found.load(&mut tx.conn()?).await?)
}

/// The session's owner, as an id of the API.
#[must_use]
pub fn user_id(person: &Person) -> Id<User> {
    Id::from_uuid(person.user_id)
}

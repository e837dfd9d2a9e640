//! Sessions: random tokens, of which only hashes are stored, and the person whom a token belongs to.

use std::{sync::Arc, time::Duration};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use diesel::{
    BoolExpressionMethods, ExpressionMethods, Insertable, JoinOnDsl, NullableExpressionMethods, OptionalExtension,
    QueryDsl, insert_into, sql_types, update,
};
use diesel_async::RunQueryDsl;
use ipnet::IpNet;
use moka::sync::Cache;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{User, acting_clinic::acting_clinics, sign_in::Proved};
use crate::{
    kernel::{
        Actor, Code, Error, Id, Result,
        actor::{Person, SystemRole},
        clock::Clock,
        db::{Class, Database, Party, prepared},
        request::Request,
        secrets::random,
    },
    schema::{clinics, memberships, sessions, user_sign_ins, users},
};

/// Duration of a session.
pub const LASTS: TimeDelta = TimeDelta::days(7);

/// Looks up whom a token belongs to.
#[derive(Debug, Clone)]
pub struct Sessions {
    database: Database,
    clock: Clock,
    /// Persons by the hash of their token. An entry may be out of date: each transaction checks the person again.
    known: Cache<[u8; 32], Arc<Person>>,
}

impl Sessions {
    #[must_use]
    pub fn new(database: Database, clock: Clock) -> Self {
        let known = Cache::builder().max_capacity(50_000).time_to_live(Duration::from_secs(60)).build();
        Self { database, clock, known }
    }

    pub(super) fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// The person whom a token belongs to; `SESSION_EXPIRED` if there is none.
    ///
    /// Each request compares the end of the session with the clock that set it. The database compares it too
    /// (`private.check_caller`), with its own clock, whenever a person is checked there.
    pub async fn actor(&self, hash: [u8; 32]) -> Result<Actor> {
        if let Some(known) = self.known(&hash) {
            return known;
        }
        let person = self.look_up(hash).await?.ok_or_else(Self::ended)?;
        self.known.insert(hash, Arc::clone(&person));
        self.valid(&hash, person)
    }

    /// The same without asking the database; `None` if the token is not known here.
    #[must_use]
    pub fn known(&self, hash: &[u8; 32]) -> Option<Result<Actor>> {
        self.known.get(hash).map(|person| self.valid(hash, person))
    }

    /// The person, unless their session has ended by now.
    fn valid(&self, hash: &[u8; 32], person: Arc<Person>) -> Result<Actor> {
        if person.good_until <= self.clock.now() {
            self.forget(hash);
            return Err(Self::ended());
        }
        Ok(Actor::Person(person))
    }

    /// The same sessions, asking the database on behalf of a party.
    #[must_use]
    pub fn on_behalf_of(&self, party: Party) -> Self {
        Self { database: self.database.on_behalf_of(party), ..self.clone() }
    }

    /// The error of a token that belongs to nobody.
    #[must_use]
    pub fn ended() -> Error {
        Error::new(Code::SessionExpired, "your session has ended; please sign in again")
    }

    /// Makes the next request with this token look the person up again.
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
                // A user who became an administrator works in no clinic any more.
                let acting = clinic.zip(role).filter(|_| !is_platform_admin);
                let class = Class::of_caller(is_platform_admin, acting.map(|(_, role)| role)).name();
                let (clinic, role) = acting.map(|(clinic, role)| (clinic, role.text())).unzip();
                let network_id = network.filter(|_| acting.is_some());
                let version = checked_access_version(session_id, user_id, clinic, role, network_id, class);
                let access_version = diesel::select(version).get_result(&mut conn).await?;
                Ok(Some(Arc::new(Person {
                    session_id: Some(session_id),
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
}

/// A session with its user, the clinic worked in, the role there, and the network of the clinic.
type SessionRow = (Uuid, DateTime<Utc>, Uuid, String, bool, Option<Uuid>, Option<SystemRole>, Option<Uuid>);

diesel::define_sql_function! {
    #[sql_name = "private.checked_access_version"]
    fn checked_access_version(
        session: sql_types::Uuid,
        actor: sql_types::Uuid,
        clinic: sql_types::Nullable<sql_types::Uuid>,
        role: sql_types::Nullable<sql_types::Text>,
        network: sql_types::Nullable<sql_types::Uuid>,
        class: sql_types::Text,
    ) -> sql_types::BigInt;
}

/// The hash under which a token is stored.
#[must_use]
pub fn token_hash(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

/// The user of a session, as an id of the API.
#[must_use]
pub fn user_id(person: &Person) -> Id<User> {
    Id::from_uuid(person.user_id)
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

/// A session that has just begun.
pub struct Begun {
    pub token: String,
    pub expires_at: DateTime<Utc>,
    pub actor: Actor,
}

/// Begins a session of a user whose password was right.
pub async fn begin(request: &Request, known: &Sessions, proved: Proved) -> Result<Begun> {
    let now = known.now();
    let Proved { user_id, email, attempt } = proved;
    let token = format!("cgs_{}", URL_SAFE_NO_PAD.encode(random::<32>()?));
    let hash = token_hash(&token);
    let expires_at = now + LASTS;
    request
        .as_system_for(user_id, &email, async |scope| {
            attempt.succeed(scope, now).await?;
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
            let signed_in = (user_sign_ins::user_id.eq(user_id), user_sign_ins::last_login_at.eq(now));
            let signed_in = insert_into(user_sign_ins::table).values(signed_in).on_conflict(user_sign_ins::user_id);
            let signed_in = signed_in.do_update().set(user_sign_ins::last_login_at.eq(now));
            prepared(signed_in).execute(&mut tx.conn()?).await?;
            Ok(())
        })
        .await?;
    Ok(Begun { token, expires_at, actor: known.actor(hash).await? })
}

/// Ends a person's session.
pub async fn end(request: &Request, known: &Sessions, person: &Person) -> Result<()> {
    let (now, session) = (known.now(), person.session()?);
    request
        .as_system(async |scope| {
            let tx = scope.tx().await?;
            let session = sessions::table.filter(sessions::id.eq(session)).filter(sessions::revoked_at.is_null());
            prepared(update(session).set(sessions::revoked_at.eq(now))).execute(&mut tx.conn()?).await?;
            Ok(())
        })
        .await?;
    request.token_hash.iter().for_each(|hash| known.forget(hash));
    Ok(())
}

//! What a user may do at this moment, for work that the server does later with the rights of whoever asked for it.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use diesel::{
    OptionalExtension, QueryableByName, sql_query,
    sql_types::{BigInt, Bool, Nullable, Text, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use crate::kernel::{
    Code, Error, Result,
    actor::{Person, SystemRole},
    db::Scope,
};

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    email: String,
    #[diesel(sql_type = Bool)]
    is_platform_admin: bool,
    #[diesel(sql_type = Nullable<Text>)]
    role: Option<SystemRole>,
    #[diesel(sql_type = Nullable<Bool>)]
    is_open: Option<bool>,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    network_id: Option<Uuid>,
    #[diesel(sql_type = BigInt)]
    version: i64,
}

/// A user without a session, acting in a clinic or, without one, as an administrator of the platform. Fails if they may do so no
/// more. Each transaction of this person checks that they still may, and can only read; after a change it is refused,
/// and the standing is looked up again.
pub async fn standing(scope: &Scope, user: Uuid, clinic: Option<Uuid>) -> Result<Arc<Person>> {
    let found = sql_query(
        "select u.email, u.is_platform_admin, m.role, c.network_id, c.status in ('pending', 'active') as is_open,
                coalesce(v.version, 0) as version
           from users u
           left join memberships m on m.clinic_id = $2 and m.user_id = u.id and m.deleted_at is null and m.status = 'active'
           left join clinics c on c.id = m.clinic_id and c.deleted_at is null
           left join private.access_versions v on v.user_id = u.id
          where u.id = $1 and u.status = 'active' and u.deleted_at is null",
    );
    let found = found.bind::<SqlUuid, _>(user).bind::<Nullable<SqlUuid>, _>(clinic);
    let found: Option<Row> = found.get_result(&mut scope.tx().await?.conn()?).await.optional()?;
    let row = found.ok_or_else(|| Error::new(Code::UserInactive, "this account is not active"))?;
    let acting = match (clinic, row.role) {
        (None, _) if row.is_platform_admin => None,
        (Some(clinic), Some(role)) if !row.is_platform_admin => {
            if row.is_open != Some(true) {
                return Err(Error::new(Code::ClinicInactive, "this clinic is not active"));
            }
            Some((clinic, role))
        }
        (None, _) => return Err(Error::forbidden("you do not administer the platform any more")),
        (Some(_), _) => return Err(Error::forbidden("you do not belong to this clinic any more")),
    };
    Ok(Arc::new(Person {
        session_id: None,
        user_id: user,
        email: row.email,
        is_platform_admin: row.is_platform_admin,
        acting,
        network_id: row.network_id.filter(|_| acting.is_some()),
        access_version: row.version,
        good_until: DateTime::<Utc>::MAX_UTC,
    }))
}

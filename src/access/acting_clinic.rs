//! The clinic that a session works in.

use diesel::{ExpressionMethods, JoinOnDsl, QueryDsl, update};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use crate::{
    clinic::ClinicStatus,
    kernel::{
        Error, Result,
        actor::Person,
        db::{Scope, prepared},
    },
    schema::{clinics, memberships, sessions, users},
};

/// The clinics that a user can work in, in the order in which they joined; none for administrators.
pub async fn acting_clinics(scope: &Scope, user_id: Uuid) -> Result<Vec<Uuid>> {
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

/// Lets a session work in another clinic; `NOT_FOUND` if its user cannot work there.
pub async fn switch(scope: &Scope, person: &Person, clinic: Uuid) -> Result<()> {
    if !acting_clinics(scope, person.user_id).await?.contains(&clinic) {
        return Err(Error::not_found("clinic"));
    }
    let tx = scope.tx().await?;
    let session = sessions::table.find(person.session()?);
    prepared(update(session).set(sessions::acting_clinic_id.eq(clinic))).execute(&mut tx.conn()?).await?;
    Ok(())
}

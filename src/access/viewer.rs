//! The viewer: the caller, and what the caller may do.

use std::sync::Arc;

use async_graphql::{Context, Object, SimpleObject};
use diesel::{ExpressionMethods, QueryDsl};
use diesel_async::RunQueryDsl;

use super::{User, session::user_id};
use crate::{
    clinic::{Clinic, ClinicStatus},
    kernel::{
        Id, Permission, RequestOf, Result,
        actor::SystemRole,
        db::Scope,
        entity::{Kinds, Maybe, One},
        request::service,
        text::TimeZone,
    },
    notification::unread,
    schema::{clinics, memberships},
};

/// The caller, and what the caller may do at this moment.
#[derive(Debug)]
pub struct Viewer {
    scope: Arc<Scope>,
}

impl Viewer {
    #[must_use]
    pub fn new(scope: Arc<Scope>) -> Self {
        Self { scope }
    }
}

/// Caller of the operation: the user, the clinic worked in, and the permissions there.
#[Object]
impl Viewer {
    /// User who is signed in.
    async fn user(&self) -> Result<One<User>> {
        Ok(One::of(user_id(self.scope.actor().person()?)).under(Arc::clone(&self.scope)))
    }

    /// Clinic that the caller works in. Null for administrators of the platform, who reach every clinic, and for people
    /// without a clinic.
    async fn acting_clinic(&self) -> Maybe<Clinic> {
        Maybe::of(self.scope.actor().clinic_id().map(Id::from_uuid)).under(Arc::clone(&self.scope))
    }

    /// Role of the caller in the clinic worked in. Null if there is none.
    async fn role(&self) -> Result<Option<SystemRole>> {
        Ok(self.scope.actor().person()?.acting.map(|(_, role)| role))
    }

    /// Permissions that the caller has.
    async fn permissions(&self) -> Vec<Permission> {
        self.scope.actor().permissions().to_vec()
    }

    /// Number of the caller's notifications that are neither read nor archived.
    async fn unread_notification_count(&self, ctx: &Context<'_>) -> Result<i64> {
        unread(service::<Kinds>(ctx)?, &self.scope).await
    }

    /// Memberships of the caller in clinics to switch to, ordered by the name of the clinic.
    async fn memberships(&self, ctx: &Context<'_>) -> Result<Vec<ViewerMembership>> {
        let user = self.scope.actor().person()?.user_id;
        // The policy of the clinic worked in hides the caller's memberships in other clinics.
        ctx.request()?
            .as_system(async |scope| {
                let tx = scope.tx().await?;
                let found = memberships::table
                    .inner_join(clinics::table)
                    .filter(memberships::user_id.eq(user))
                    .filter(memberships::deleted_at.is_null())
                    .filter(memberships::status.eq("active"))
                    .filter(clinics::deleted_at.is_null())
                    .order((clinics::name, clinics::id))
                    .select((
                        clinics::id,
                        clinics::name,
                        clinics::slug,
                        clinics::timezone,
                        clinics::status,
                        memberships::role,
                    ));
                let rows: Vec<(Id<Clinic>, String, String, TimeZone, ClinicStatus, SystemRole)> =
                    found.load(&mut tx.conn()?).await?;
                let membership = |(id, name, slug, timezone, status, role)| ViewerMembership {
                    clinic: MembershipClinic { id, name, slug, timezone, status },
                    role,
                };
                Ok(rows.into_iter().map(membership).collect())
            })
            .await
    }
}

/// Membership of the caller in a clinic.
#[derive(Debug, SimpleObject)]
pub struct ViewerMembership {
    /// Clinic that the caller can switch to.
    pub clinic: MembershipClinic,
    /// Role of the caller in that clinic.
    pub role: SystemRole,
}

/// Part of a clinic that its people see before they switch to it.
#[derive(Debug, SimpleObject)]
pub struct MembershipClinic {
    /// Identifier of the clinic.
    pub id: Id<Clinic>,
    /// Name of the clinic.
    pub name: String,
    /// Readable name of the clinic for use in URLs.
    pub slug: String,
    /// Time zone of the clinic.
    pub timezone: TimeZone,
    /// Status of the clinic.
    pub status: ClinicStatus,
}

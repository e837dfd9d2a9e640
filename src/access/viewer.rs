//! Who asks.

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
        entity::{Maybe, One},
        text::TimeZone,
    },
    notification::unread,
    schema::{clinics, memberships},
};

/// Who asks, and what they may do. Everything here is read as they are now.
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

/// Who asks, and what they may do.
#[Object]
impl Viewer {
    /// The user.
    async fn user(&self) -> Result<One<User>> {
        Ok(One::of(user_id(self.scope.actor().person()?)).under(Arc::clone(&self.scope)))
    }

    /// The clinic they work in; null for administrators, who reach every clinic, and for people without one.
    async fn acting_clinic(&self) -> Maybe<Clinic> {
        Maybe::of(self.scope.actor().clinic_id().map(Id::from_uuid)).under(Arc::clone(&self.scope))
    }

    /// What they are in the clinic they work in; null without one.
    async fn role(&self) -> Result<Option<SystemRole>> {
        Ok(self.scope.actor().person()?.acting.map(|(_, role)| role))
    }

    /// What they may do.
    async fn permissions(&self) -> Vec<Permission> {
        self.scope.actor().permissions().to_vec()
    }

    /// Number of the viewer's notifications that are neither read nor archived.
    async fn unread_notification_count(&self) -> Result<i64> {
        unread(&self.scope).await
    }

    /// The clinics they belong to and can switch to, by name.
    async fn memberships(&self, ctx: &Context<'_>) -> Result<Vec<ViewerMembership>> {
        let user = self.scope.actor().person()?.user_id;
        // Their own memberships elsewhere are out of reach of the acting clinic's policy, rightly.
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

/// A clinic the viewer belongs to.
#[derive(Debug, SimpleObject)]
pub struct ViewerMembership {
    /// The clinic, as far as it is shown before one switches to it.
    pub clinic: MembershipClinic,
    /// What they are there.
    pub role: SystemRole,
}

/// As much of a clinic as its people see from outside.
#[derive(Debug, SimpleObject)]
pub struct MembershipClinic {
    /// The clinic's id.
    pub id: Id<Clinic>,
    /// What people call it.
    pub name: String,
    /// Its readable name in addresses.
    pub slug: String,
    /// The zone in which its wall clocks run.
    pub timezone: TimeZone,
    /// How far it is in its life.
    pub status: ClinicStatus,
}

#[derive(Debug, Default)]
pub struct ViewerQuery;

#[Object]
impl ViewerQuery {
    /// Who asks; null when nobody is signed in.
    async fn viewer(&self, ctx: &Context<'_>) -> Result<Option<Viewer>> {
        let scope = ctx.request()?.scope();
        if scope.actor().person().is_err() {
            return Ok(None);
        }
        // Much here comes from who they were looked up as: the scope opens only if they still are.
        scope.tx().await?;
        Ok(Some(Viewer::new(Arc::clone(scope))))
    }
}

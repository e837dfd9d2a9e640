//! Memberships: what a user is in a clinic.

use chrono::{DateTime, Utc};

use super::User;
use crate::{
    clinic::Clinic,
    entity,
    kernel::{
        Id,
        actor::SystemRole,
        entity::FixedOrder,
        page::{Direction, Sort, SortType},
    },
    schema::memberships,
    text_enum,
};

text_enum! {
    /// Whether a membership lets in.
    MembershipStatus {
        /// Not yet: the invitation is open.
        Invited = "invited",
        /// Yes.
        Active = "active",
        /// Not any more.
        Suspended = "suspended",
    }
}

entity! {
    /// What a user is in a clinic.
    Membership "membership" of memberships, tenant clinic_id, live "deleted_at is null", read MembersRead;
    columns {
        /// The membership's id.
        id: Id<Membership>,
        /// What they may do there.
        role: SystemRole,
        /// Whether it lets them in.
        status: MembershipStatus,
        /// When it was made.
        created_at: DateTime<Utc>,
        /// When it was last changed.
        updated_at: DateTime<Utc>,
        /// Counts its changes; give it as expectedVersion.
        version: i32,
    }
    inside {
        clinic_id: Id<Clinic>,
    }
    edges {
        /// The clinic.
        clinic: one Clinic by clinic_id,
        /// The user.
        user: one User by user_id,
        /// Who brought them in; null for the system.
        invited_by: maybe User by invited_by_user_id,
    }
}

/// How a clinic's memberships are listed.
#[derive(Debug)]
pub struct MembershipsOldestFirst;

impl FixedOrder for MembershipsOldestFirst {
    type Of = Membership;
    const SORT: Sort = Sort::new("created_at", SortType::Timestamptz, Direction::Asc);
}

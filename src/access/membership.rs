//! Memberships of users in clinics.

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
    /// Status of a membership.
    MembershipStatus {
        /// The user is invited and cannot work in the clinic yet.
        Invited = "invited",
        /// The user can work in the clinic.
        Active = "active",
        /// The user can no longer work in the clinic.
        Suspended = "suspended",
    }
}

entity! {
    /// Membership of a user in a clinic, with the role that the user has there. Needs the permission `MEMBERS_READ`.
    Membership "membership" of memberships, tenant clinic_id, live "deleted_at is null", read MembersRead;
    columns {
        /// Identifier of the membership.
        id: Id<Membership>,
        /// Role of the user in the clinic, which decides on the permissions.
        role: SystemRole,
        /// Status of the membership.
        status: MembershipStatus,
        /// Time at which the membership was created.
        created_at: DateTime<Utc>,
        /// Time at which the membership was last changed.
        updated_at: DateTime<Utc>,
        /// Version of the membership, which each change increments; pass it as `expectedVersion`.
        version: i32,
    }
    inside {
        clinic_id: Id<Clinic>,
    }
    edges {
        /// Clinic that the user belongs to.
        clinic: one Clinic by clinic_id,
        /// User who belongs to the clinic.
        user: one User by user_id,
        /// User who invited the member. Null if the server created the membership.
        invited_by: maybe User by invited_by_user_id,
    }
}

/// Order of a clinic's memberships.
#[derive(Debug)]
pub struct MembershipsOldestFirst;

impl FixedOrder for MembershipsOldestFirst {
    type Of = Membership;
    const SORT: Sort = Sort::new("created_at", SortType::Timestamptz, Direction::Asc);
}

//! Who asks, and what they may do. The database decides which rows an actor reaches; permissions decide which
//! operations.

use std::{net::IpAddr, sync::Arc};

use async_graphql::Enum;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Error, Result};

/// What a role may do. A field or mutation that needs one says so in its description.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Enum)]
pub enum Permission {
    /// See the clinic's support tickets and their messages.
    TicketsRead,
    /// Open tickets, reply to them and close them.
    TicketsWrite,
    /// Assign tickets, change status and priority, and write internal notes.
    TicketsManage,
    /// See who belongs to the clinic, and as what.
    MembersRead,
    /// Change the clinic's configuration.
    ClinicManage,
    /// See the audit trail.
    AuditRead,
}

impl Permission {
    /// The spelling that clients see.
    #[must_use]
    pub fn name(self) -> &'static str {
        use async_graphql::resolver_utils::EnumType;
        Self::items().iter().find(|item| item.value == self).map_or("", |item| item.name)
    }
}

crate::text_enum! {
    /// What somebody is in a clinic.
    SystemRole {
        /// Runs the clinic.
        ClinicManager = "clinic_manager",
        /// Works at the desk.
        Staff = "staff",
        /// Treats patients.
        Clinician = "clinician",
        /// Looks, and changes nothing.
        Auditor = "auditor",
        /// Is treated there.
        Patient = "patient",
        /// Takes part in research with the clinic.
        ResearchPartner = "research_partner",
    }
}

impl SystemRole {
    #[must_use]
    pub fn permissions(self) -> &'static [Permission] {
        use Permission::{ClinicManage, MembersRead, TicketsRead, TicketsWrite};
        match self {
            Self::ClinicManager => &[TicketsRead, TicketsWrite, MembersRead, ClinicManage],
            Self::Staff => &[TicketsRead, TicketsWrite],
            Self::Auditor => &[TicketsRead, MembersRead],
            Self::Clinician | Self::Patient | Self::ResearchPartner => &[],
        }
    }
}

const EVERYTHING: &[Permission] = {
    use Permission::{AuditRead, ClinicManage, MembersRead, TicketsManage, TicketsRead, TicketsWrite};
    &[TicketsRead, TicketsWrite, TicketsManage, MembersRead, ClinicManage, AuditRead]
};

/// Who asks. Cheap to clone.
#[derive(Debug, Clone)]
pub enum Actor {
    /// Nobody is signed in.
    Nobody,
    /// Somebody with a session.
    Person(Arc<Person>),
    /// The server itself.
    System,
}

/// Somebody with a session, as looked up; each transaction checks that it still holds.
#[derive(Debug, Clone)]
pub struct Person {
    pub session_id: Uuid,
    pub user_id: Uuid,
    pub email: String,
    pub is_platform_admin: bool,
    /// The clinic acted in, and as what; none for administrators and people without a clinic.
    pub acting: Option<(Uuid, SystemRole)>,
    /// The network of that clinic; none for a clinic on its own.
    pub network_id: Option<Uuid>,
    /// Under which number of changes all of this was seen to be good: as long as it stands, it is (`private.vouch`)…
    pub access_version: i64,
    /// …until the session ends.
    pub good_until: DateTime<Utc>,
}

impl Actor {
    #[must_use]
    pub fn permissions(&self) -> &'static [Permission] {
        match self {
            Self::Nobody => &[],
            Self::System => EVERYTHING,
            Self::Person(person) if person.is_platform_admin => EVERYTHING,
            Self::Person(person) => person.acting.map_or(&[], |(_, role)| role.permissions()),
        }
    }

    #[must_use]
    pub fn may(&self, permission: Permission) -> bool {
        self.permissions().contains(&permission)
    }

    /// Fails with `UNAUTHENTICATED` or `FORBIDDEN` when they may not.
    pub fn require(&self, permission: Permission) -> Result<()> {
        match self {
            Self::Nobody => Err(Error::unauthenticated()),
            _ if self.may(permission) => Ok(()),
            _ => Err(Error::forbidden(format!("this needs the permission {}", permission.name()))),
        }
    }

    /// The person, or `UNAUTHENTICATED`.
    pub fn person(&self) -> Result<&Arc<Person>> {
        match self {
            Self::Person(person) => Ok(person),
            Self::Nobody | Self::System => Err(Error::unauthenticated()),
        }
    }

    #[must_use]
    pub fn clinic_id(&self) -> Option<Uuid> {
        match self {
            Self::Person(person) => person.acting.map(|(clinic, _)| clinic),
            Self::Nobody | Self::System => None,
        }
    }

    #[must_use]
    pub fn is_platform_admin(&self) -> bool {
        matches!(self, Self::Person(person) if person.is_platform_admin)
    }
}

/// Where a request came from, for the audit trail and the sessions.
#[derive(Debug, Clone)]
pub struct Origin {
    pub request_id: String,
    pub address: IpAddr,
    pub agent: Option<String>,
}

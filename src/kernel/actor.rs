//! Actors and their permissions. The database decides which rows an actor reaches; permissions decide which operations an
//! actor may use.

use std::{
    net::IpAddr,
    sync::{Arc, LazyLock},
};

use async_graphql::{Enum, resolver_utils::EnumType};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Error, Result};

/// Permission of a role. Fields and mutations that need one name it in their descriptions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Enum)]
pub enum Permission {
    /// Permission to read the support tickets of the clinic and their messages.
    TicketsRead,
    /// Permission to open tickets, reply to them and close them.
    TicketsWrite,
    /// Permission to assign tickets, to change their status and priority, and to write internal notes.
    TicketsManage,
    /// Permission to see the members of the clinic and their roles.
    MembersRead,
    /// Permission to manage the members of the clinic, and to read the contact details of people.
    MembersManage,
    /// Permission to change the configuration, opening hours and closures of the clinic.
    ClinicManage,
    /// Permission to read the audit trail.
    AuditRead,
    /// Permission to see the jobs of the server, to retry them and to drop them.
    JobsManage,
    /// Permission to place files under legal hold and to release them.
    FilesHold,
    /// Permission to see what is sent to people in the name of the clinic, and to change its words.
    NotificationsManage,
    /// Permission to export what the caller may read into files.
    DataExport,
    /// Permission to manage the webhooks of the clinic, and to see their deliveries.
    WebhooksManage,
    /// Permission to see and change the integrations of the clinic with services outside.
    IntegrationsManage,
    /// Permission to see what services outside have sent to the server, and to process it again.
    WebhooksReplay,
}

impl Permission {
    /// The spelling that clients see.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::items().iter().find(|item| item.value == self).map_or("", |item| item.name)
    }
}

crate::text_enum! {
    /// Built-in role of a person in a clinic.
    SystemRole {
        /// Manages the clinic and its people.
        ClinicManager = "clinic_manager",
        /// Works at the front desk.
        Staff = "staff",
        /// Treats patients of the clinic.
        Clinician = "clinician",
        /// Reads data but changes nothing.
        Auditor = "auditor",
        /// Is treated in the clinic.
        Patient = "patient",
        /// Takes part in research of the clinic.
        ResearchPartner = "research_partner",
    }
}

impl SystemRole {
    #[must_use]
    pub fn permissions(self) -> &'static [Permission] {
        use Permission::{
            ClinicManage, DataExport, IntegrationsManage, MembersManage, MembersRead, NotificationsManage, TicketsRead,
            TicketsWrite, WebhooksManage,
        };
        match self {
            Self::ClinicManager => &[
                TicketsRead,
                TicketsWrite,
                MembersRead,
                MembersManage,
                ClinicManage,
                DataExport,
                NotificationsManage,
                WebhooksManage,
                IntegrationsManage,
            ],
            Self::Staff => &[TicketsRead, TicketsWrite],
            Self::Auditor => &[TicketsRead, MembersRead],
            Self::Clinician | Self::Patient | Self::ResearchPartner => &[],
        }
    }
}

/// All permissions, in their declared order.
static EVERYTHING: LazyLock<Vec<Permission>> =
    LazyLock::new(|| Permission::items().iter().map(|item| item.value).collect());

/// Caller of an operation; cheap to clone.
#[derive(Debug, Clone)]
pub enum Actor {
    /// Nobody is signed in.
    Nobody,
    /// A user.
    Person(Arc<Person>),
    /// The server itself.
    System,
    /// A job of the server, which reaches the rows of this clinic only.
    Job(Uuid),
}

/// A user, as they were looked up; each transaction checks that this still holds.
#[derive(Debug, Clone)]
pub struct Person {
    /// The session that the user has signed in with. Without one the server reads for them when they are not there: their
    /// membership is checked at the opening of each transaction, which can only read.
    pub session_id: Option<Uuid>,
    pub user_id: Uuid,
    pub email: String,
    pub is_platform_admin: bool,
    /// The clinic that the person works in, and the role; none for administrators and people without a clinic.
    pub acting: Option<(Uuid, SystemRole)>,
    /// The network of that clinic; none for a clinic on its own.
    pub network_id: Option<Uuid>,
    /// Number of changes of the person's access when this was looked up (`private.checked_access_version`); it is valid
    /// while the number is the same.
    pub access_version: i64,
    /// Time at which the session ends.
    pub good_until: DateTime<Utc>,
}

impl Person {
    /// A number of changes that is never the present one, so that each transaction checks all.
    pub const ALWAYS_CHECKED: i64 = -1;

    /// The session; an error for who has none.
    pub fn session(&self) -> Result<Uuid> {
        self.session_id.ok_or_else(Error::unauthenticated)
    }
}

impl Actor {
    #[must_use]
    pub fn permissions(&self) -> &'static [Permission] {
        match self {
            Self::Nobody => &[],
            Self::System | Self::Job(_) => &EVERYTHING,
            Self::Person(person) if person.is_platform_admin => &EVERYTHING,
            Self::Person(person) => person.acting.map_or(&[], |(_, role)| role.permissions()),
        }
    }

    #[must_use]
    pub fn may(&self, permission: Permission) -> bool {
        self.permissions().contains(&permission)
    }

    /// `UNAUTHENTICATED` or `FORBIDDEN` without the permission.
    pub fn require(&self, permission: Permission) -> Result<()> {
        match self {
            Self::Nobody => Err(Error::unauthenticated()),
            _ if self.may(permission) => Ok(()),
            _ => Err(Error::forbidden(format!("you need the permission {}", permission.name()))),
        }
    }

    /// The person, or `UNAUTHENTICATED`.
    pub fn person(&self) -> Result<&Arc<Person>> {
        match self {
            Self::Person(person) => Ok(person),
            Self::Nobody | Self::System | Self::Job(_) => Err(Error::unauthenticated()),
        }
    }

    #[must_use]
    pub fn clinic_id(&self) -> Option<Uuid> {
        match self {
            Self::Person(person) => person.acting.map(|(clinic, _)| clinic),
            Self::Job(clinic) => Some(*clinic),
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

/// The network of an address. A whole /64 of IPv6 counts as one address: each customer of a provider has one to choose from.
#[must_use]
pub fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(six) => IpAddr::V6((six.to_bits() & (u128::MAX << 64)).into()),
        four @ IpAddr::V4(_) => four,
    }
}

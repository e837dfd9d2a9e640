//! Users: people who sign in.

use chrono::{DateTime, Utc};

use crate::{
    entity,
    kernel::{
        Id,
        text::{LanguageTag, TimeZone},
    },
    schema::users,
    text_enum,
};

text_enum! {
    /// Whether a user can sign in.
    UserStatus {
        /// Invited; not yet.
        Pending = "pending",
        /// Yes.
        Active = "active",
        /// Not any more.
        Suspended = "suspended",
    }
}

impl User {
    /// Whether the user runs the platform and can sign in.
    #[must_use]
    pub fn is_active_administrator(&self) -> bool {
        self.is_platform_admin && self.status == UserStatus::Active
    }
}

entity! {
    /// A person who signs in. A clinic sees its own people, also those who left, and the platform's administrators by
    /// their names.
    User "user" of users, live "deleted_at is null";
    columns {
        /// The user's id.
        id: Id<User>,
        /// Given name.
        first_name: String,
        /// Family name; null when they have none.
        last_name: Option<String>,
        /// Whether they can sign in.
        status: UserStatus,
        /// Whether they run the platform and reach every clinic.
        is_platform_admin: bool,
        /// The language they read.
        locale: LanguageTag,
        /// Their zone; null for that of the clinic.
        timezone: Option<TimeZone>,
        /// When they were made.
        created_at: DateTime<Utc>,
        /// When they were last changed.
        updated_at: DateTime<Utc>,
        /// Counts their changes; give it as expectedVersion.
        version: i32,
    }
    derived {
        /// Given and family name.
        display_name: String = "concat_ws(' ', first_name, last_name)",
        /// What they sign in with; null for administrators as a clinic sees them.
        email: Option<String> = "case when is_platform_admin and (select private.request_clinic_id()) is not null then null else email end",
        /// Telephone; null when none is known, and for administrators as a clinic sees them.
        phone: Option<String> = "case when is_platform_admin and (select private.request_clinic_id()) is not null then null else phone end",
    }
}

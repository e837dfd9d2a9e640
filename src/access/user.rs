//! Users, who sign in.

use chrono::{DateTime, Utc};

use crate::{
    entity,
    kernel::{
        Id,
        text::{EmailAddress, LanguageTag, PhoneNumber, TimeZone},
    },
    schema::users,
    text_enum,
};

text_enum! {
    /// Status of a user's account.
    UserStatus {
        /// The user is invited and cannot sign in yet.
        Pending = "pending",
        /// The user can sign in.
        Active = "active",
        /// The user can no longer sign in.
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
    /// Person with an account. A clinic sees its own people, including those who left, and the names of the platform's
    /// administrators.
    User "user" of users, live "deleted_at is null";
    columns {
        /// Identifier of the user.
        id: Id<User>,
        /// Given name of the user.
        first_name: String,
        /// Family name of the user. Null if there is none.
        last_name: Option<String>,
        /// Status of the user's account.
        status: UserStatus,
        /// Whether the user administers the platform and reaches every clinic.
        is_platform_admin: bool,
        /// Language that the user prefers.
        locale: LanguageTag,
        /// Time zone of the user. Null to use the clinic's time zone.
        timezone: Option<TimeZone>,
        /// Time at which the account was created.
        created_at: DateTime<Utc>,
        /// Time at which the account was last changed.
        updated_at: DateTime<Utc>,
        /// Version of the user, which each change increments; pass it as `expectedVersion`.
        version: i32,
    }
    derived {
        /// Full name of the user: given and family name.
        display_name: String = "concat_ws(' ', first_name, last_name)",
        /// Email address that the user signs in with. Null for administrators of the platform when a clinic asks.
        #[read(MembersManage, own id)]
        email: Option<EmailAddress> = "case when is_platform_admin and (select private.request_clinic_id()) is not null then null else email end",
        /// Phone number of the user. Null if it is not known, and for administrators of the platform when a clinic asks.
        #[read(MembersManage, own id)]
        phone: Option<PhoneNumber> = "case when is_platform_admin and (select private.request_clinic_id()) is not null then null else phone end",
    }
}

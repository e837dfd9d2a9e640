//! Clinics.

use chrono::{DateTime, Utc};

use super::{ClinicClosure, ClinicConfig, ClinicHours, ClinicNetwork, closure::EarliestFirst};
use crate::{
    access::{Membership, MembershipsOldestFirst},
    entity,
    external::ExternalReference,
    file::File,
    filter,
    kernel::{
        Id,
        text::{CurrencyCode, EmailAddress, LanguageTag, PhoneNumber, TimeZone, Url},
    },
    orders,
    provider::Provider,
    schema::clinics,
    support::Ticket,
    text_enum,
};

text_enum! {
    /// Status of a clinic.
    ClinicStatus {
        /// The clinic is being set up; its people can already work in it.
        Pending = "pending",
        /// The clinic is open.
        Active = "active",
        /// The clinic has closed itself for the time being.
        Inactive = "inactive",
        /// The clinic was closed by the platform.
        Suspended = "suspended",
        /// The clinic no longer exists and is retained for the record.
        Archived = "archived",
    }
}

entity! {
    /// Clinic: the tenant that people, patients and all other data belong to.
    Clinic "clinic" of clinics, tenant id, live "deleted_at is null";
    columns {
        /// Identifier of the clinic.
        id: Id<Clinic>,
        /// Name of the clinic.
        name: String,
        /// Readable name of the clinic for use in URLs; no two clinics share one.
        slug: String,
        /// Description that the clinic gives of itself. Null if there is none.
        description: Option<String>,
        /// Phone number of the clinic. Null if it is not known.
        phone: Option<PhoneNumber>,
        /// Email address of the clinic. Null if it is not known.
        email: Option<EmailAddress>,
        /// Website of the clinic. Null if there is none.
        website: Option<Url>,
        /// Street address of the clinic. Null if it is not known.
        address: Option<String>,
        /// City of the clinic. Null if it is not known.
        city: Option<String>,
        /// Province, state or county of the clinic. Null if it is not known.
        region: Option<String>,
        /// Postal code of the clinic. Null if it is not known.
        postal_code: Option<String>,
        /// Country of the clinic as an ISO 3166-1 alpha-2 code, such as CA. Null if it is not known.
        country: Option<String>,
        /// Time zone of the clinic; its opening hours and dates are in this zone.
        timezone: TimeZone,
        /// Language that the clinic works in.
        locale: LanguageTag,
        /// Currency that the clinic charges in.
        currency: CurrencyCode,
        /// Status of the clinic.
        status: ClinicStatus,
        /// Subscription plan of the clinic.
        subscription_plan: String,
        /// Time at which the subscription ends. Null if it does not end.
        subscription_expires_at: Option<DateTime<Utc>>,
        /// Further settings of the clinic as free-form JSON.
        settings: serde_json::Value,
        /// Time at which the clinic was created.
        created_at: DateTime<Utc>,
        /// Time at which the clinic was last changed.
        updated_at: DateTime<Utc>,
        /// Version of the clinic, which each change increments; pass it as `expectedVersion`.
        version: i32,
    }
    inside { logo_file_id: Option<Id<File>> }
    derived {
        /// Address of the clinic in one line, as far as it is known. Null if no part of it is known.
        formatted_address: Option<String> = "nullif(concat_ws(', ', address, city, nullif(concat_ws(' ', region, postal_code), ''), country), '')",
    }
    edges {
        /// Network that the clinic belongs to. Null if it belongs to none.
        network: maybe ClinicNetwork by network_id,
        /// File with the logo of the clinic. Null if it has none.
        logo_file: maybe File by logo_file_id,
        /// Configuration of the clinic.
        config: own ClinicConfig by clinic_id,
        /// Opening hours of the clinic on the seven days of the week, Sunday first. Empty until they are set.
        hours: all ClinicHours by clinic_id order "day_of_week",
        /// Days on which the clinic is closed, whatever its opening hours are, earliest first.
        closures: page ClinicClosure by clinic_id in EarliestFirst,
        /// Providers who treat patients in the clinic.
        providers: list Provider by clinic_id,
        /// Memberships of the people of the clinic, oldest first.
        memberships: page Membership by clinic_id in MembershipsOldestFirst,
        /// Support tickets of the clinic.
        tickets: list Ticket by clinic_id,
        /// Identifiers of the clinic in other systems.
        external_ids: all ExternalReference by subject_id order "system, value, id",
    }
}

orders! {
    /// Order of a list of clinics.
    ClinicOrder by ClinicOrderField, usually Name Asc;
    /// Name of the clinic.
    Name = "name" as Text,
    /// Time at which the clinic was created.
    CreatedAt = "created_at" as Timestamptz,
}

filter! {
    /// Conditions on a list of clinics; all of them must hold.
    ClinicFilter of Clinic in clinics, order ClinicOrder {
        /// Statuses, any of which matches.
        status: any(status: ClinicStatus),
        /// Network that the clinic belongs to.
        network_id: equal(network_id: Id<ClinicNetwork>),
        /// City of the clinic, spelled exactly.
        city: equal(city: String),
        /// Region of the clinic, spelled exactly.
        region: equal(region: String),
    }
}

//! Networks of clinics.

use chrono::{DateTime, Utc};

use crate::{entity, kernel::Id, schema::clinic_networks};

entity! {
    /// Network: a group of clinics that are run together.
    ClinicNetwork "network" of clinic_networks;
    columns {
        /// Identifier of the network.
        id: Id<ClinicNetwork>,
        /// Name of the network.
        name: String,
        /// Readable name of the network for use in URLs.
        slug: String,
        /// Time at which the network was created.
        created_at: DateTime<Utc>,
        /// Time at which the network was last changed.
        updated_at: DateTime<Utc>,
        /// Version of the network, which each change increments; pass it as `expectedVersion`.
        version: i32,
    }
}

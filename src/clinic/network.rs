//! Networks of clinics.

use chrono::{DateTime, Utc};

use crate::{entity, kernel::Id, schema::clinic_networks};

entity! {
    /// A group of clinics under one roof.
    ClinicNetwork "network" of clinic_networks;
    columns {
        /// The network's id.
        id: Id<ClinicNetwork>,
        /// What people call it.
        name: String,
        /// Its readable name in addresses.
        slug: String,
        /// When it was made.
        created_at: DateTime<Utc>,
        /// When it was last changed.
        updated_at: DateTime<Utc>,
        /// Counts its changes; give it as expectedVersion.
        version: i32,
    }
}

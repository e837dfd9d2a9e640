//! The entity.

use chrono::{DateTime, Utc};

use crate::{clinic::Clinic, entity, kernel::Id, schema::external_references};

entity! {
    /// Identifier that an object has in another system. Callers who may not read the object do not see it.
    ExternalReference "external_reference" of external_references, tenant clinic_id, about subject_type;
    columns {
        /// Identifier of the reference itself.
        id: Id<ExternalReference>,
        /// Name of the other system, such as `oscar`.
        system: String,
        /// Identifier of the object in the other system.
        value: String,
        /// Time at which the reference was added.
        created_at: DateTime<Utc>,
    }
    inside {
        clinic_id: Id<Clinic>,
        subject_type: String,
        subject_id: uuid::Uuid,
    }
    edges {
        /// Clinic that the reference belongs to.
        clinic: one Clinic by clinic_id,
        /// Object that has the identifier.
        subject: any Node by subject_type, subject_id,
    }
    unique {
        external_references_clinic_id_system_value_key on value "an object of the clinic already has this identifier in this system",
    }
}

//! Days on which a clinic is closed.

use async_graphql::SimpleObject;

use super::{ActingClinic, Clinic};
use crate::{
    entity, input,
    kernel::{
        Id,
        entity::{FixedOrder, One},
        page::{Direction, Sort, SortType},
        wall_clock::Date,
        write::{Clearable, ExpectedVersion, Patch, Text},
    },
    schema::clinic_closures,
};

entity! {
    /// Day on which a clinic is closed, whatever its opening hours are.
    ClinicClosure "clinic_closure" of clinic_closures, tenant clinic_id;
    columns {
        /// Identifier of the closure.
        id: Id<ClinicClosure>,
        /// Date of the closure in the clinic's time zone.
        date: Date,
        /// Name of the day, such as "Labour Day". Null if it has none.
        name: Option<String>,
        /// Version of the closure, which each change increments; pass it as `expectedVersion`.
        version: i32,
    }
    inside {
        clinic_id: Id<Clinic>,
    }
    edges {
        /// Clinic that is closed.
        clinic: one Clinic by clinic_id,
    }
    unique {
        clinic_closures_clinic_id_date_key on date "the clinic already has a closure on this date",
    }
}

/// Order of a clinic's closures.
#[derive(Debug)]
pub struct EarliestFirst;

impl FixedOrder for EarliestFirst {
    type Of = ClinicClosure;
    const SORT: Sort = Sort::new("date", SortType::Date, Direction::Asc);
}

input! {
    /// Closure to add to a clinic.
    AddClinicClosureInput {
        clinic_id: ActingClinic,
        /// Date of the closure in the clinic's time zone; a clinic has at most one closure on a date.
        date: Date,
        /// Name of the day, such as "Labour Day". Null if it has none.
        name: Option<Text<200>>,
    }
}

/// Result of adding a closure to a clinic.
#[derive(SimpleObject)]
pub struct AddClinicClosurePayload {
    /// Closure that was added.
    pub clinic_closure: One<ClinicClosure>,
}

input! {
    /// Changes to a closure; fields that are left out keep their values.
    ChangeClinicClosureInput for ClinicClosure {
        keys {
            /// Closure that is going to be changed.
            clinic_closure_id: Id<ClinicClosure>,
            expected_version: ExpectedVersion,
        }
        columns {
            /// Date of the closure in the clinic's time zone.
            date: Patch<Date>,
            /// Name of the day. Null to remove it.
            name: Clearable<Text<200>>,
        }
    }
}

/// Result of changing a closure.
#[derive(SimpleObject)]
pub struct ChangeClinicClosurePayload {
    /// Closure after the change.
    pub clinic_closure: One<ClinicClosure>,
}

input! {
    /// Closure to remove from a clinic.
    RemoveClinicClosureInput {
        /// Closure that is going to be removed.
        clinic_closure_id: Id<ClinicClosure>,
        expected_version: ExpectedVersion,
    }
}

/// Result of removing a closure.
#[derive(SimpleObject)]
pub struct RemoveClinicClosurePayload {
    /// Identifier of the closure that was removed.
    pub removed_clinic_closure_id: Id<ClinicClosure>,
    /// Clinic that the closure was removed from.
    pub clinic: One<Clinic>,
}

//! Days on which a clinic is closed.

use super::Clinic;
use crate::{
    entity,
    kernel::{
        Id,
        entity::FixedOrder,
        page::{Direction, Sort, SortType},
        wall_clock::Date,
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

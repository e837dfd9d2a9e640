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
    /// A day on which a clinic is closed, whatever its hours say.
    ClinicClosure "clinic_closure" of clinic_closures, tenant clinic_id;
    columns {
        /// The closure's id.
        id: Id<ClinicClosure>,
        /// The day, on the calendar of the clinic.
        date: Date,
        /// What day it is; null when nobody said.
        name: Option<String>,
        /// Counts its changes; give it as expectedVersion.
        version: i32,
    }
    edges {
        /// The clinic.
        clinic: one Clinic by clinic_id,
    }
}

/// How a clinic's closures are listed.
#[derive(Debug)]
pub struct EarliestFirst;

impl FixedOrder for EarliestFirst {
    type Of = ClinicClosure;
    const SORT: Sort = Sort::new("date", SortType::Date, Direction::Asc);
}

//! Opening hours.

use super::Clinic;
use crate::{
    entity,
    kernel::{
        Id,
        wall_clock::{DayOfWeek, LocalTime},
    },
    schema::clinic_hours,
};

entity! {
    /// Opening hours of a clinic on one day of the week, in the clinic's time zone.
    ClinicHours "clinic_hours" of clinic_hours, tenant clinic_id;
    columns {
        /// Identifier of the opening hours.
        id: Id<ClinicHours>,
        /// Day of the week.
        day_of_week: DayOfWeek,
        /// Time at which the clinic opens. Null if it is closed all day.
        opens_at: Option<LocalTime>,
        /// Time at which the clinic closes, always before midnight. Null if it is closed all day.
        closes_at: Option<LocalTime>,
        /// Whether the clinic is closed all day.
        is_closed: bool,
        /// Version of the opening hours, which each change increments; pass it as `expectedVersion`.
        version: i32,
    }
    inside {
        clinic_id: Id<Clinic>,
    }
    edges {
        /// Clinic that the opening hours belong to.
        clinic: one Clinic by clinic_id,
    }
}

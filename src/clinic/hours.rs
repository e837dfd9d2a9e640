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
    /// When a clinic is open on a day of the week, on the wall clock of its zone.
    ClinicHours "clinic_hours" of clinic_hours, tenant clinic_id;
    columns {
        /// The day's id.
        id: Id<ClinicHours>,
        /// The day.
        day_of_week: DayOfWeek,
        /// When it opens; null on a day it does not.
        opens_at: Option<LocalTime>,
        /// When it closes, always before midnight; null on a day it does not open.
        closes_at: Option<LocalTime>,
        /// Whether it is closed all day.
        is_closed: bool,
        /// Counts its changes; give it as expectedVersion.
        version: i32,
    }
    inside {
        clinic_id: Id<Clinic>,
    }
    edges {
        /// The clinic.
        clinic: one Clinic by clinic_id,
    }
}

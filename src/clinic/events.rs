//! Events of what belongs to a clinic itself.

use super::ClinicConfig;
use crate::events;

events! {
    /// Kind of change to the configuration of a clinic.
    ClinicConfigEventKind of ClinicConfig {
        /// Settings in the configuration were changed.
        Updated = "updated",
    }
}

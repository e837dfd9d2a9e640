//! Events of what belongs to a clinic itself.

use super::{Clinic, ClinicClosure, ClinicConfig};
use crate::events;

events! {
    /// Kind of change to a clinic.
    ClinicEventKind of Clinic {
        /// The clinic was given another logo, or its logo was removed.
        LogoChanged = "logo_changed",
    }
}

events! {
    /// Kind of change to the configuration of a clinic.
    ClinicConfigEventKind of ClinicConfig {
        /// Settings in the configuration were changed.
        Updated = "updated",
    }
}

events! {
    /// Kind of change to the closures of a clinic.
    ClinicClosureEventKind of ClinicClosure {
        /// A closure was added to the clinic.
        Added = "added",
        /// The date or the name of a closure was changed.
        Changed = "changed",
        /// A closure was removed from the clinic.
        Removed = "removed",
    }
}

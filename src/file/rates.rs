//! How often files can be uploaded. Whoever uploads more than this is a program.

use crate::kernel::rate::{
    HOUR, OperationRates, Rate,
    RateSubject::{Clinic, Person},
};

pub const RATES: [OperationRates; 1] =
    [OperationRates::of("createUpload", &[Rate::per(Person, 600, HOUR), Rate::per(Clinic, 2_000, HOUR)])];

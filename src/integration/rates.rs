//! How often integrations can be tested. Each test calls the service outside.

use crate::kernel::rate::{
    HOUR, OperationRates, Rate,
    RateSubject::{Clinic, Person},
};

pub const RATES: [OperationRates; 2] = [
    OperationRates::of("testIntegration", &[Rate::per(Person, 60, HOUR), Rate::per(Clinic, 120, HOUR)]),
    OperationRates::of("createIntegration", &[Rate::per(Person, 60, HOUR), Rate::per(Clinic, 120, HOUR)]),
];

//! How often support can be asked. Only a program writes more than this.

use crate::kernel::rate::{
    HOUR, OperationRates, Rate,
    RateSubject::{Clinic, Person},
};

pub const RATES: [OperationRates; 2] = [
    OperationRates::of("openTicket", &[Rate::per(Person, 60, HOUR), Rate::per(Clinic, 200, HOUR)]),
    OperationRates::of("replyToTicket", &[Rate::per(Person, 240, HOUR), Rate::per(Clinic, 800, HOUR)]),
];

//! How often webhooks can be changed and tested: each time the server looks up a name, or sends a request.

use crate::kernel::rate::{
    HOUR, OperationRates, Rate,
    RateSubject::{Clinic, Person},
};

pub const RATES: [OperationRates; 3] = [
    OperationRates::of("createWebhookEndpoint", &[Rate::per(Person, 60, HOUR), Rate::per(Clinic, 120, HOUR)]),
    OperationRates::of("updateWebhookEndpoint", &[Rate::per(Person, 120, HOUR), Rate::per(Clinic, 240, HOUR)]),
    OperationRates::of("sendTestWebhook", &[Rate::per(Person, 60, HOUR), Rate::per(Clinic, 120, HOUR)]),
];

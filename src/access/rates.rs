//! What callers who are not signed in may do here.

use crate::kernel::rate::{MINUTE, OperationRates, Rate, RateSubject::Address};

pub const RATES: [OperationRates; 2] = [
    // A clinic behind one address, all of whose people sign in when it opens, and some of them twice.
    OperationRates::anonymous("signIn", &[Rate::per(Address, 60, MINUTE)]),
    OperationRates::anonymous("viewer", &[]),
];

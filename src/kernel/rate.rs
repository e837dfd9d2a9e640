//! How often operations may be used, declared by the domain beside them. These rates are part of what an operation is for, and
//! hold beside the cost that a caller may spend in a minute.

use async_graphql::Enum;

pub const MINUTE: u32 = 60;
pub const HOUR: u32 = 60 * MINUTE;

/// Subject by which the uses of an operation are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Enum)]
#[graphql(name = "RateSubject")]
pub enum RateSubject {
    /// The uses by one user are counted together.
    Person,
    /// The uses by all people who work in one clinic are counted together.
    Clinic,
    /// The uses from one network address are counted together, also those of different users.
    Address,
}

/// A number of uses in a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    pub subject: RateSubject,
    pub count: u32,
    pub seconds: u32,
}

impl Rate {
    #[must_use]
    pub const fn per(subject: RateSubject, count: u32, seconds: u32) -> Self {
        Self { subject, count, seconds }
    }
}

/// What is declared of an operation: a root field, or something else that is named like one.
#[derive(Debug, Clone, Copy)]
pub struct OperationRates {
    pub operation: &'static str,
    /// Whether callers who are not signed in may use it. They may use nothing that is not declared so.
    pub is_anonymous: bool,
    pub rates: &'static [Rate],
}

impl OperationRates {
    /// Of an operation of people who are signed in.
    #[must_use]
    pub const fn of(operation: &'static str, rates: &'static [Rate]) -> Self {
        Self { operation, is_anonymous: false, rates }
    }

    /// Of an operation that anybody may use. Without rates, the cost that an address may spend in a minute is the limit.
    #[must_use]
    pub const fn anonymous(operation: &'static str, rates: &'static [Rate]) -> Self {
        Self { operation, is_anonymous: true, rates }
    }
}

//! Money: an exact decimal and a currency, never a float.

use async_graphql::SimpleObject;
use rust_decimal::Decimal;

use super::text::CurrencyCode;

/// An amount of money.
#[derive(Debug, Clone, PartialEq, Eq, SimpleObject)]
pub struct Money {
    /// The amount, as a string, so that no digit is lost on the way.
    pub amount: Decimal,
    /// Its currency.
    pub currency_code: CurrencyCode,
}

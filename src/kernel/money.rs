//! Money: an exact decimal and a currency, never a float.

use rust_decimal::Decimal;

use super::{
    entity::{Column, Def},
    text::CurrencyCode,
};

/// The type of money, over these two columns of a row; `entity!` calls it.
#[must_use]
pub fn part(amount: &'static str, currency: &'static str) -> Def {
    let mut def = Def::unfinished("Money", "", "", "An amount of money.");
    def.columns.push(Column::of::<Decimal>(
        "amount",
        amount,
        "The amount, as a string, so that no digit is lost on the way.",
    ));
    def.columns.push(Column::of::<CurrencyCode>("currency_code", currency, "Its currency."));
    def.finish()
}

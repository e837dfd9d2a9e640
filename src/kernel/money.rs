//! Money: an exact decimal and a currency, never a float.

use rust_decimal::Decimal;

use super::{
    entity::{Column, Def},
    text::CurrencyCode,
};

/// The type of money, over these two columns of a row; `entity!` calls it.
#[must_use]
pub fn part(amount: &'static str, currency: &'static str) -> Def {
    let mut def = Def::unfinished("Money", "", "", "Amount of money in a currency.");
    def.columns.push(Column::of::<Decimal>(
        "amount",
        amount,
        "Exact amount in the main unit of the currency, such as dollars.",
    ));
    def.columns.push(Column::of::<CurrencyCode>("currency_code", currency, "Currency of the amount of money."));
    def.finish()
}

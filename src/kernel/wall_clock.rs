//! Calendar and clock as they hang on a wall: days, dates and times that only a clinic's zone makes instants of.

use chrono::{NaiveDate, NaiveTime};
use diesel::{
    deserialize::{self, FromSql, FromSqlRow},
    expression::AsExpression,
    pg::{Pg, PgValue},
    serialize::{self, Output, ToSql},
    sql_types,
};

use super::{
    entity::{Cell, Json, quote},
    text::graphql_scalar,
};

/// Declares a scalar over one of chrono's types, with the bytes that type has in Postgres.
macro_rules! chrono_scalar {
    ($(#[doc = $doc:literal])+ $name:ident of $of:ty, $sql:ty, $specification:literal, $read:expr) => {
        $(#[doc = $doc])+
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, FromSqlRow, AsExpression)]
        #[diesel(sql_type = $sql)]
        pub struct $name(pub $of);

        // Both are written as ISO 8601 has it.
        graphql_scalar!($name, concat!($($doc, "\n"),+).trim(), $specification, $read, |this: &Self| this.0.to_string());

        impl FromSql<$sql, Pg> for $name {
            fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
                FromSql::<$sql, Pg>::from_sql(value).map(Self)
            }
        }

        impl ToSql<$sql, Pg> for $name {
            fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
                ToSql::<$sql, Pg>::to_sql(&self.0, &mut out.reborrow())
            }
        }
    };
}

chrono_scalar! {
    /// A day of the calendar, without a zone: `2026-12-24`.
    Date of NaiveDate, sql_types::Date, "https://www.rfc-editor.org/rfc/rfc3339#section-5.6",
    |text: String| match NaiveDate::parse_from_str(&text, "%Y-%m-%d") {
        Ok(date) if text.len() == 10 => Ok(Self(date)),
        _ => Err("must be a date, such as 2026-12-24".to_owned()),
    }
}

chrono_scalar! {
    /// A time on the clock of the wall, without a zone, to the second: `09:30:00`. Input may leave the seconds out.
    LocalTime of NaiveTime, sql_types::Time, "https://www.rfc-editor.org/rfc/rfc3339#section-5.6",
    |text: String| {
        let form = if text.len() == 5 { "%H:%M" } else { "%H:%M:%S" };
        match NaiveTime::parse_from_str(&text, form) {
            // A leap second would be a minute of 61.
            Ok(time) if matches!(text.len(), 5 | 8) && !text.ends_with(":60") => Ok(Self(time)),
            _ => Err("must be a time of day, such as 09:30:00".to_owned()),
        }
    }
}

impl Cell for Date {
    fn write(raw: &[u8], out: &mut Json) {
        NaiveDate::write(raw, out);
    }
}

impl Cell for LocalTime {
    fn write(raw: &[u8], out: &mut Json) {
        NaiveTime::write(raw, out);
    }
}

/// A day of the week. The database counts them from Sunday, which is 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, async_graphql::Enum, FromSqlRow, AsExpression)]
#[diesel(sql_type = sql_types::SmallInt)]
#[repr(i16)]
pub enum DayOfWeek {
    /// The first day, as clinics' systems count.
    Sunday,
    /// The day after Sunday.
    Monday,
    /// The day after Monday.
    Tuesday,
    /// The day after Tuesday.
    Wednesday,
    /// The day after Wednesday.
    Thursday,
    /// The day after Thursday.
    Friday,
    /// The last day.
    Saturday,
}

impl DayOfWeek {
    /// The week, Sunday first.
    pub const WEEK: [Self; 7] = {
        use DayOfWeek::{Friday, Monday, Saturday, Sunday, Thursday, Tuesday, Wednesday};
        [Sunday, Monday, Tuesday, Wednesday, Thursday, Friday, Saturday]
    };

    fn of(number: i16) -> Option<Self> {
        Self::WEEK.get(usize::try_from(number).ok()?).copied()
    }
}

impl FromSql<sql_types::SmallInt, Pg> for DayOfWeek {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        let number = FromSql::<sql_types::SmallInt, Pg>::from_sql(value)?;
        Self::of(number).ok_or_else(|| format!("{number} is no day of the week").into())
    }
}

impl ToSql<sql_types::SmallInt, Pg> for DayOfWeek {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        ToSql::<sql_types::SmallInt, Pg>::to_sql(&(*self as i16), &mut out.reborrow())
    }
}

impl Cell for DayOfWeek {
    fn write(raw: &[u8], out: &mut Json) {
        use async_graphql::resolver_utils::EnumType;
        let day = raw.try_into().ok().and_then(|bytes| Self::of(i16::from_be_bytes(bytes)));
        let name = day.and_then(|day| Self::items().iter().find(|item| item.value == day)).map_or("", |item| item.name);
        quote(name.as_bytes(), out);
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::{InputType, Value};

    use super::*;

    fn text<T: InputType>(text: &str) -> Option<Value> {
        T::parse(Some(Value::from(text))).ok().map(|value| value.to_value())
    }

    #[test]
    fn one_form_goes_out() {
        assert_eq!(text::<Date>("2026-02-28"), Some(Value::from("2026-02-28")));
        for no_date in ["2026-02-29", "2026-2-28", "28.02.2026", "+2026-02-28", ""] {
            assert_eq!(text::<Date>(no_date), None, "{no_date}");
        }
        assert_eq!(text::<LocalTime>("09:30"), Some(Value::from("09:30:00")));
        assert_eq!(text::<LocalTime>("23:59:59"), Some(Value::from("23:59:59")));
        for no_time in ["24:00", "9:30", "09:30:60", "09:30:00.5", "09", ""] {
            assert_eq!(text::<LocalTime>(no_time), None, "{no_time}");
        }
    }

    #[test]
    fn the_week_begins_on_sunday() {
        for (number, day) in DayOfWeek::WEEK.into_iter().enumerate() {
            assert_eq!(day as usize, number);
            let mut out = Json::new();
            DayOfWeek::write(&(day as i16).to_be_bytes(), &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), format!("\"{}\"", format!("{day:?}").to_uppercase()));
        }
    }
}

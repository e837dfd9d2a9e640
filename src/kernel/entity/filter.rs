//! Filters, declared by column and operator: one grammar for all lists.

use async_graphql::InputObject;
use chrono::{DateTime, NaiveDate, NaiveTime, Utc};

use crate::kernel::wall_clock::Date;

/// Range of times, open at either end.
#[derive(Debug, Clone, Copy, Default, InputObject)]
pub struct DateTimeRange {
    /// Earliest time, included. Null for no lower bound.
    pub from: Option<DateTime<Utc>>,
    /// Latest time, not included. Null for no upper bound.
    pub until: Option<DateTime<Utc>>,
}

/// The time that a column has in place of null where lists are ordered by it.
pub const NEVER: DateTime<Utc> = match NaiveDate::from_ymd_opt(9999, 12, 31) {
    Some(date) => date.and_time(NaiveTime::MIN).and_utc(),
    None => DateTime::<Utc>::MAX_UTC,
};

/// Range of calendar dates.
#[derive(Debug, Clone, Copy, Default, InputObject)]
pub struct DateRange {
    /// First date, included. Null for no lower bound.
    pub from: Option<Date>,
    /// Last date, not included. Null for no upper bound.
    pub until: Option<Date>,
}

/// Declares the filter of an entity's lists. An operator exists only where an index serves it.
///
/// | operator | matches rows whose column |
/// |---|---|
/// | `equal(column: T)` | has the value |
/// | `any(column: T)` | has one of the values |
/// | `range(column: DateTimeRange)` | lies from `from` to before `until` |
/// | `contains(column: T)` | is a list with the value in it |
/// | `contains_folded(column: T)` | the same, in any case: the column holds lower case |
/// | `present(column)` | is not null (true) or null (false) |
/// | `past(column)` | is a time before now (true) or not (false) |
/// | `due(column: DateTimeRange)` | is a time in the range, where [`NEVER`] is in no range |
/// | `words()` | `search` has all the words of the text, or words that begin so; the field is called `text`, which prices it |
///
/// `replan` behind an operator makes Postgres plan for the very value: some are rare and others are everywhere.
/// `checked by` names a function that may refuse the filter or complete it.
///
/// ```ignore
/// filter! {
///     /// Conditions on a list of rooms.
///     RoomFilter of Room in rooms, order RoomOrder {
///         /// Kinds of room, any of which matches.
///         kind: any(kind: RoomKind),
///     }
/// }
/// ```
#[macro_export]
macro_rules! filter {
    (
        $(#[doc = $doc:literal])+ $name:ident of $entity:ident in $table:ident, order $order:ident $(, checked by $check:path)? {
            $($(#[doc = $field_doc:literal])+ $field:ident : $operator:ident ($($column:ident $(: $type:ty)?)?) $($replan:ident)?),* $(,)?
        }
    ) => {
        $(#[doc = $doc])+
        #[derive(Debug, Clone, Default, async_graphql::InputObject)]
        pub struct $name {
            $($(#[doc = $field_doc])+ pub $field: Option<$crate::filter!(@type $operator $($($type)?)?)>,)*
        }

        impl $crate::kernel::entity::Listable for $entity {
            type Filter = $name;
            type Order = $order;

            #[allow(unused_mut)]
            fn conditions(mut filter: $name) -> $crate::kernel::Result<Vec<$crate::kernel::entity::Condition>> {
                $($check(&mut filter)?;)?
                let mut conditions = Vec::new();
                $(if let Some(value) = filter.$field {
                    let before = conditions.len();
                    $crate::filter!(@conditions $operator $table ($($column)?) value conditions);
                    $crate::filter!(@replan conditions before $($replan)?);
                })*
                Ok(conditions)
            }
        }
    };
    (@type any $type:ty) => { Vec<$type> };
    (@type present) => { bool };
    (@type past) => { bool };
    (@type words) => { String };
    (@type $operator:ident $type:ty) => { $type };
    (@conditions equal $table:ident ($column:ident) $value:ident $into:ident) => {
        $into.push($crate::kernel::entity::condition(
            $table::table,
            diesel::ExpressionMethods::eq($table::$column, $value),
        ));
    };
    (@conditions any $table:ident ($column:ident) $value:ident $into:ident) => {
        $into.push($crate::kernel::entity::one_of($table::$column, $value));
    };
    (@conditions range $table:ident ($column:ident) $value:ident $into:ident) => {
        if let Some(from) = $value.from {
            $into.push($crate::kernel::entity::condition(
                $table::table,
                diesel::ExpressionMethods::ge($table::$column, from),
            ));
        }
        if let Some(until) = $value.until {
            $into.push($crate::kernel::entity::condition(
                $table::table,
                diesel::ExpressionMethods::lt($table::$column, until),
            ));
        }
    };
    (@conditions contains $table:ident ($column:ident) $value:ident $into:ident) => {
        $into.push($crate::kernel::entity::condition(
            $table::table,
            diesel::PgArrayExpressionMethods::contains($table::$column, vec![$value]),
        ));
    };
    (@conditions contains_folded $table:ident ($column:ident) $value:ident $into:ident) => {
        let $value = $value.to_lowercase();
        $crate::filter!(@conditions contains $table ($column) $value $into);
    };
    (@conditions present $table:ident ($column:ident) $value:ident $into:ident) => {
        $into.push(if $value {
            $crate::kernel::entity::condition($table::table, diesel::ExpressionMethods::is_not_null($table::$column))
        } else {
            $crate::kernel::entity::condition($table::table, diesel::ExpressionMethods::is_null($table::$column))
        });
    };
    (@conditions past $table:ident ($column:ident) $value:ident $into:ident) => {
        let now = diesel::IntoSql::into_sql::<diesel::sql_types::Timestamptz>(diesel::dsl::now);
        $into.push(if $value {
            $crate::kernel::entity::condition($table::table, diesel::ExpressionMethods::lt($table::$column, now))
        } else {
            $crate::kernel::entity::condition($table::table, diesel::ExpressionMethods::ge($table::$column, now))
        });
    };
    (@conditions due $table:ident ($column:ident) $value:ident $into:ident) => {
        let until = $value.until.unwrap_or($crate::kernel::entity::NEVER).min($crate::kernel::entity::NEVER);
        let $value = $crate::kernel::entity::DateTimeRange { until: Some(until), ..$value };
        $crate::filter!(@conditions range $table ($column) $value $into);
    };
    (@conditions words $table:ident () $value:ident $into:ident) => {
        $into.extend($crate::kernel::entity::words($table::table, &$value)?);
    };
    (@conditions $operator:ident $table:ident ($($column:ident)?) $value:ident $into:ident) => {
        compile_error!(concat!(
            "the operator `", stringify!($operator($($column)?)), "` of a filter must be one of: equal(column: T), ",
            "any(column: T), range(column: T), contains(column: T), contains_folded(column: T), present(column), past(column), due(column: T), words()",
        ))
    };
    (@replan $conditions:ident $before:ident) => { let _ = $before; };
    (@replan $conditions:ident $before:ident replan) => {
        $crate::kernel::entity::replan_from(&mut $conditions, $before);
    };
}

//! The statements that read entities: of one table, only the columns that were selected. Diesel builds and caches them by
//! their text, and conditions come in diesel's own typed expressions.

use diesel::{
    ExpressionMethods,
    dsl::{self, sql},
    expression::{AppearsOnTable, AsExpression, Expression, array_comparison::AsInExpression},
    pg::Pg,
    query_builder::{AstPass, Query, QueryFragment, QueryId},
    query_source::{Column, Table},
    result::QueryResult,
    serialize::{self, IsNull, Output, ToSql},
    sql_types::{self, SqlType},
};
use std::io::Write;
use uuid::Uuid;

use super::{
    def::Def,
    plan::{Columns, Join, SORTED_BY},
};
use crate::kernel::{
    Error, Permission, Result,
    page::{Key, PageSpec, Position, Sort, SortType},
};

/// A filter of a list.
pub struct Condition {
    /// Any expression of diesel.
    holds: Box<dyn QueryFragment<Pg> + Send + Sync>,
    /// Some values are rare and others everywhere, so that the statement needs a plan for the very value.
    needs_replan: bool,
}

impl Condition {
    /// Notes that values are spread unevenly.
    #[must_use]
    pub fn replan(self) -> Self {
        Self { needs_replan: true, ..self }
    }

    #[must_use]
    pub fn needs_replan(&self) -> bool {
        self.needs_replan
    }
}

/// Notes for the conditions from this place on that values are spread unevenly.
pub fn replan_from(conditions: &mut [Condition], from: usize) {
    for condition in conditions.iter_mut().skip(from) {
        condition.needs_replan = true;
    }
}

impl std::fmt::Debug for Condition {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Condition").field("needs_replan", &self.needs_replan).finish_non_exhaustive()
    }
}

/// A filter; the compiler checks that it is over the list's own table.
pub fn condition<T, E>(_: T, expression: E) -> Condition
where
    T: Table,
    E: AppearsOnTable<T>
        + Expression<SqlType: sql_types::BoolOrNullableBool>
        + QueryFragment<Pg>
        + Send
        + Sync
        + 'static,
{
    Condition { holds: Box::new(expression), needs_replan: false }
}

/// A filter that the compiler does not check, over columns that are named in text.
pub fn raw_condition(expression: impl QueryFragment<Pg> + Send + Sync + 'static) -> Condition {
    Condition { holds: Box::new(expression), needs_replan: false }
}

/// A filter for rows that are part of an object which fulfils some conditions; none without any. `column` holds the id of the
/// object, which is of the same clinic.
#[must_use]
pub fn within(column: &'static str, def: &'static Def, conditions: Vec<Condition>) -> Option<Condition> {
    let needs_replan = conditions.iter().any(Condition::needs_replan);
    (!conditions.is_empty()).then(|| Condition { holds: Box::new(Within { column, def, conditions }), needs_replan })
}

struct Within {
    column: &'static str,
    def: &'static Def,
    conditions: Vec<Condition>,
}

impl QueryFragment<Pg> for Within {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        let tenant = self.def.tenant.unwrap_or("id");
        out.push_sql(&format!("(clinic_id, {}) IN (SELECT {tenant}, id FROM {}", self.column, self.def.table));
        for (at, condition) in self.conditions.iter().enumerate() {
            out.push_sql(if at == 0 { " WHERE (" } else { " AND (" });
            condition.holds.walk_ast(out.reborrow())?;
            out.push_sql(")");
        }
        out.push_sql(")");
        Ok(())
    }
}

/// A filter for rows whose column has one of these values. For a single value it is an equality: only that lets an index
/// which goes on with the order of the list give rows in it, and not to be sorted.
pub fn one_of<C, V>(column: C, values: Vec<V>) -> Condition
where
    C: Column<SqlType: SqlType> + ExpressionMethods,
    V: AsExpression<C::SqlType>,
    Vec<V>: AsInExpression<C::SqlType>,
    dsl::Eq<C, V>: QueryFragment<Pg> + Send + Sync + 'static,
    dsl::EqAny<C, Vec<V>>: QueryFragment<Pg> + Send + Sync + 'static,
{
    let holds: Box<dyn QueryFragment<Pg> + Send + Sync> = match <[V; 1]>::try_from(values) {
        Ok([value]) => Box::new(column.eq(value)),
        Err(values) => Box::new(column.eq_any(values)),
    };
    Condition { holds, needs_replan: false }
}

/// A filter for rows whose column `search` has all words of a text, or words that begin so; none when there is no word
/// in it.
pub fn words<T: Table>(_: T, text: &str) -> Result<Option<Condition>> {
    let length = text.chars().count();
    if length > 200 {
        return Err(Error::invalid("filter.text", format!("must have at most 200 characters, not {length}")));
    }
    Ok(prefixes(text).map(|words| {
        let holds =
            sql::<sql_types::Bool>("search @@ to_tsquery('simple', ").bind::<sql_types::Text, _>(words).sql(")");
        Condition { holds: Box::new(holds), needs_replan: true }
    }))
}

/// Words as a query for beginnings of all of them.
fn prefixes(text: &str) -> Option<String> {
    let words = text.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty());
    let query: Vec<_> = words.map(|word| format!("'{word}':*")).collect();
    (!query.is_empty()).then(|| query.join(" & "))
}

/// Which rows of the table.
pub(super) enum Rows<'a> {
    /// Those whose column is one of these.
    Of { column: &'a str, keys: &'a [Uuid], live: bool, order: Option<&'a str> },
    /// A page of all; `most` includes the row that shows whether more follow.
    Page { page: &'a PageSpec, most: u32 },
    /// A page for each of these parents.
    PageEach { page: &'a PageSpec, column: &'a str, parents: &'a [Uuid], most: u32 },
    /// How many there are.
    Count { page: &'a PageSpec },
    /// How many there are for each of these parents.
    CountEach { page: &'a PageSpec, column: &'a str, parents: &'a [Uuid] },
    /// How many there are, of all and by each of these expressions: the number, a bit for each expression that a row is
    /// not about, and the expressions' values.
    Grouped { page: &'a PageSpec, keys: Vec<&'static str> },
}

/// Ends a list of clinics with the one that rows of the platform have.
const PLATFORM: &str = ", '00000000-0000-0000-0000-000000000000')";

/// A statement that reads an entity.
pub(super) struct Select<'a> {
    pub def: &'static Def,
    pub columns: &'a Columns,
    pub rows: Rows<'a>,
    /// The clinic of the caller, which the statement names for each clinic's table in it: a policy alone does not show a
    /// distributed Postgres where the rows are, and plain Postgres checks it once instead of row by row.
    pub tenant: Option<Uuid>,
    /// The caller's: columns that need another one are not selected, or in the caller's own rows alone.
    pub permissions: &'static [Permission],
    pub caller: Option<Uuid>,
    /// The kinds of objects that the caller may read, where rows are about objects.
    pub readable: Vec<&'static str>,
}

impl Select<'_> {
    /// Whether Postgres is to plan for the very values.
    pub fn needs_replan(&self) -> bool {
        match &self.rows {
            Rows::Of { .. } => false,
            Rows::Page { page, .. }
            | Rows::PageEach { page, .. }
            | Rows::Count { page, .. }
            | Rows::CountEach { page, .. }
            | Rows::Grouped { page, .. } => page.conditions.iter().any(Condition::needs_replan),
        }
    }
}

impl Query for Select<'_> {
    type SqlType = sql_types::Untyped;
}

impl QueryId for Select<'_> {
    // The text differs from selection to selection: diesel then caches by the text itself.
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl QueryFragment<Pg> for Select<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        match &self.rows {
            Rows::Of { column, keys, live, order } => {
                self.head(None, &mut out)?;
                out.push_sql(" WHERE ");
                if self.asks_for_own_clinic(column, keys) {
                    self.of_tenant((self.def.tenant, false), "", "", &mut out)?;
                } else {
                    self.of_tenant((self.def.tenant, self.def.shared), "", " AND ", &mut out)?;
                    out.push_sql(column);
                    out.push_sql(" = ANY(");
                    out.push_bind_param::<sql_types::Array<sql_types::Uuid>, [Uuid]>(keys)?;
                    out.push_sql(")");
                }
                if let (true, Some(live)) = (live, self.def.live) {
                    out.push_sql(" AND ");
                    out.push_sql(live);
                }
                self.about_readable(" AND ", &mut out)?;
                if let Some(order) = order {
                    out.push_sql(" ORDER BY ");
                    out.push_sql(order);
                }
                self.joins(&mut out)?;
            }
            Rows::Page { page, most } => {
                self.head(Some(page.sort), &mut out)?;
                let first = self.filter(page, " WHERE ", &mut out)?;
                self.page(page, first, *most, &mut out)?;
                self.joins(&mut out)?;
                self.order_again(page, &mut out);
            }
            Rows::PageEach { page, column, parents, most } => {
                self.outer_head(&mut out);
                out.push_sql("SELECT m.* FROM unnest(");
                out.push_bind_param::<sql_types::Array<sql_types::Uuid>, [Uuid]>(parents)?;
                out.push_sql(") AS parent (id) CROSS JOIN LATERAL (");
                self.inner_head(Some(page.sort), &mut out)?;
                out.push_sql(" WHERE ");
                out.push_sql(column);
                out.push_sql(" = parent.id");
                self.filter(page, " AND ", &mut out)?;
                self.page(page, " AND ", *most, &mut out)?;
                // With `OFFSET 0` Postgres takes what is joined freely to all pages, and not to each page by itself; what
                // is lateral it could not remember then, as it would not know how often a value comes back.
                out.push_sql(if self.joins_any_freely() { ") AS m OFFSET 0" } else { ") AS m" });
                self.joins(&mut out)?;
                self.order_again(page, &mut out);
            }
            Rows::Count { page } => {
                out.push_sql("SELECT count(*)::int FROM ");
                out.push_sql(self.def.table);
                self.filter(page, " WHERE ", &mut out)?;
            }
            Rows::CountEach { page, column, parents } => {
                out.push_sql("SELECT ");
                out.push_sql(column);
                out.push_sql(", count(*)::int FROM ");
                out.push_sql(self.def.table);
                out.push_sql(" WHERE ");
                out.push_sql(column);
                out.push_sql(" = ANY(");
                out.push_bind_param::<sql_types::Array<sql_types::Uuid>, [Uuid]>(parents)?;
                out.push_sql(")");
                self.filter(page, " AND ", &mut out)?;
                out.push_sql(" GROUP BY ");
                out.push_sql(column);
            }
            Rows::Grouped { page, keys } if keys.is_empty() => {
                out.push_sql("SELECT count(*)::int FROM ");
                out.push_sql(self.def.table);
                self.filter(page, " WHERE ", &mut out)?;
            }
            Rows::Grouped { page, keys } => {
                let names: Vec<String> = (0..keys.len()).map(|at| format!("k{at}")).collect();
                let all = names.join(", ");
                out.push_sql(&format!("SELECT count(*)::int, GROUPING({all}), {all} FROM ("));
                for (at, (key, name)) in keys.iter().zip(&names).enumerate() {
                    out.push_sql(if at > 0 { ", " } else { "SELECT " });
                    out.push_sql(key);
                    out.push_sql(" AS ");
                    out.push_sql(name);
                }
                out.push_sql(" FROM ");
                out.push_sql(self.def.table);
                self.filter(page, " WHERE ", &mut out)?;
                let sets = names.join("), (");
                out.push_sql(&format!(") AS t GROUP BY GROUPING SETS ((), ({sets})) ORDER BY {all}"));
            }
        }
        Ok(())
    }
}

impl Select<'_> {
    fn head<'b>(&'b self, sort: Option<Sort>, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.outer_head(out);
        self.inner_head(sort, out)
    }

    /// Begins the statement around its own rows, when others are joined to them. Columns then go by their place, since
    /// two tables may have one of the same name.
    fn outer_head(&self, out: &mut AstPass<'_, '_, Pg>) {
        if self.columns.joins.is_empty() {
            return;
        }
        let mut number = itoa::Buffer::new();
        for at in 0..self.columns.places.len() {
            out.push_sql(if at > 0 { ", c" } else { "SELECT c" });
            out.push_sql(number.format(at));
        }
        out.push_sql(" FROM (");
    }

    /// Selects the columns of the statement's own table.
    fn inner_head<'b>(&'b self, sort: Option<Sort>, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.columns_of(0, sort, out)?;
        if let (Some(sort), true) = (sort, self.joins_any_freely()) {
            out.push_sql(", ");
            out.push_sql(sort.column);
            out.push_sql(" AS sort_key, id AS sort_id");
        }
        out.push_sql(" FROM ");
        out.push_sql(self.def.table);
        Ok(())
    }

    /// Selects the columns of a table, and those that others are joined by.
    fn columns_of<'b>(&'b self, table: usize, sort: Option<Sort>, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        let mut number = itoa::Buffer::new();
        let mut glue = "SELECT ";
        for (at, place) in self.columns.places.iter().enumerate().filter(|(_, place)| place.table == table) {
            out.push_sql(std::mem::replace(&mut glue, ", "));
            match (sort, place.guard) {
                (Some(sort), _) if place.sql == SORTED_BY => out.push_sql(sort.column),
                (_, Some(guard)) if !self.permissions.contains(&guard.permission) => match (guard.own, &self.caller) {
                    (Some(own), Some(caller)) => {
                        out.push_sql("CASE WHEN ");
                        out.push_sql(own);
                        out.push_sql(" = ");
                        out.push_bind_param::<sql_types::Uuid, Uuid>(caller)?;
                        out.push_sql(" THEN ");
                        out.push_sql(place.sql);
                        out.push_sql(" END");
                    }
                    _ => out.push_sql("NULL"),
                },
                _ => out.push_sql(place.sql),
            }
            if !self.columns.joins.is_empty() {
                out.push_sql(" AS c");
                out.push_sql(number.format(at));
            }
        }
        for (at, join) in self.columns.joins.iter().enumerate().filter(|(_, join)| join.from == table) {
            out.push_sql(", ");
            out.push_sql(join.ours);
            out.push_sql(" AS j");
            out.push_sql(number.format(at + 1));
        }
        Ok(())
    }

    /// Ends the statement's own rows, and joins the others. As it takes tables for cheaper than their policies make them,
    /// Postgres would read a small one whole and check each row: `LIMIT 1` makes it look up what it needs.
    fn joins<'b>(&'b self, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        if self.columns.joins.is_empty() {
            return Ok(());
        }
        let mut number = itoa::Buffer::new();
        out.push_sql(") AS t0");
        for (at, join) in self.columns.joins.iter().enumerate() {
            let freely = self.joins_freely(join);
            out.push_sql(if freely { " LEFT JOIN (" } else { " LEFT JOIN LATERAL (" });
            self.columns_of(at + 1, None, out)?;
            out.push_sql(" FROM ");
            out.push_sql(join.table);
            if freely {
                self.of_tenant((join.tenant, join.shared), " WHERE ", "", out)?;
            } else {
                out.push_sql(" WHERE ");
                if self.joins_own_clinic(join) {
                    self.of_tenant((join.tenant, false), "", "", out)?;
                } else {
                    self.of_tenant((join.tenant, join.shared), "", " AND ", out)?;
                    out.push_sql(join.column);
                    out.push_sql(" = j");
                    out.push_sql(number.format(at + 1));
                }
                out.push_sql(" LIMIT 1");
            }
            out.push_sql(") AS t");
            out.push_sql(number.format(at + 1));
            if freely {
                out.push_sql(" ON c");
                out.push_sql(number.format(join.theirs));
                out.push_sql(" = j");
                out.push_sql(number.format(at + 1));
            } else {
                out.push_sql(" ON true");
            }
        }
        Ok(())
    }

    /// Writes that a table's rows are of the caller's clinic, if it is a clinic's table and the caller acts in one.
    fn of_tenant<'b>(
        &'b self,
        (column, shared): (Option<&'static str>, bool),
        before: &str,
        after: &str,
        out: &mut AstPass<'_, 'b, Pg>,
    ) -> QueryResult<()> {
        if let (Some(tenant), Some(column)) = (&self.tenant, column) {
            out.push_sql(before);
            out.push_sql(column);
            out.push_sql(if shared { " IN (" } else { " = " });
            out.push_bind_param::<sql_types::Uuid, Uuid>(tenant)?;
            out.push_sql(if shared { PLATFORM } else { "" });
            out.push_sql(after);
        }
        Ok(())
    }

    /// Writes that a row is about an object of a kind that the caller may read, if rows are about objects.
    fn about_readable<'b>(&'b self, before: &str, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        if let Some(about) = self.def.about {
            out.push_sql(before);
            out.push_sql(about);
            out.push_sql(" = ANY(");
            out.push_bind_param::<sql_types::Array<sql_types::Text>, Vec<&'static str>>(&self.readable)?;
            out.push_sql(")");
        }
        Ok(())
    }

    /// Whether rows are looked up by their clinic, and only by that of the caller: naming it once is enough.
    fn asks_for_own_clinic(&self, column: &str, keys: &[Uuid]) -> bool {
        !self.def.shared && self.def.tenant == Some(column) && self.tenant.is_some_and(|tenant| keys == [tenant])
    }

    /// Whether rows are joined by the clinic to rows whose clinic the statement names already.
    fn joins_own_clinic(&self, join: &Join) -> bool {
        let (tenant, shared) = match join.from.checked_sub(1).map(|at| &self.columns.joins[at]) {
            Some(from) => (from.tenant, from.shared),
            None => (self.def.tenant, self.def.shared),
        };
        self.tenant.is_some()
            && join.tenant == Some(join.column)
            && tenant == Some(join.ours)
            && !(join.shared || shared)
    }

    /// Whether a table is joined to all rows at once instead of looked up for each: the one clinic of the caller.
    fn joins_freely(&self, join: &Join) -> bool {
        self.tenant.is_some() && join.tenant == Some("id")
    }

    fn joins_any_freely(&self) -> bool {
        self.columns.joins.iter().any(|join| self.joins_freely(join))
    }

    /// Joined freely, rows would come in any order. What is lateral can only be a loop within a loop, which has the order.
    fn order_again(&self, page: &PageSpec, out: &mut AstPass<'_, '_, Pg>) {
        if !self.joins_any_freely() {
            return;
        }
        order_by("sort_key", "sort_id", page.direction(), out);
    }

    /// Writes what rows must fulfil, beginning with `glue`; returns what glues the next condition.
    fn filter<'b>(
        &'b self,
        page: &'b PageSpec,
        mut glue: &'static str,
        out: &mut AstPass<'_, 'b, Pg>,
    ) -> QueryResult<&'static str> {
        let mut next = |out: &mut AstPass<'_, 'b, Pg>| out.push_sql(std::mem::replace(&mut glue, " AND "));
        if self.tenant.is_some() && self.def.tenant.is_some() {
            next(out);
            self.of_tenant((self.def.tenant, self.def.shared), "", "", out)?;
        }
        if let Some(live) = self.def.live {
            next(out);
            out.push_sql(live);
        }
        if self.def.about.is_some() {
            next(out);
            self.about_readable("", out)?;
        }
        for condition in &page.conditions {
            next(out);
            out.push_sql("(");
            condition.holds.walk_ast(out.reborrow())?;
            out.push_sql(")");
        }
        Ok(glue)
    }

    /// Writes position, order and length.
    fn page<'b>(
        &'b self,
        page: &'b PageSpec,
        mut glue: &'static str,
        most: u32,
        out: &mut AstPass<'_, 'b, Pg>,
    ) -> QueryResult<()> {
        let sort = page.sort;
        for (position, greater) in [(&page.after, !sort.descending), (&page.before, sort.descending)] {
            if let Some(position) = position {
                out.push_sql(std::mem::replace(&mut glue, " AND "));
                out.push_sql("(");
                out.push_sql(sort.column);
                out.push_sql(if greater { ", id) > (" } else { ", id) < (" });
                push_key(sort, position, out)?;
                out.push_sql(", ");
                out.push_bind_param::<sql_types::Uuid, Uuid>(&position.id)?;
                out.push_sql(")");
            }
        }
        order_by(sort.column, "id", page.direction(), out);
        // In the text, although it makes a statement of each page size: of a bound number Postgres assumes that it is a
        // tenth of the rows, which never looks as cheap as planning anew, and so it would plan at every execution.
        out.push_sql(" LIMIT ");
        out.push_sql(itoa::Buffer::new().format(most));
        Ok(())
    }
}

/// Writes an order in which the id decides between equals.
fn order_by(key: &str, id: &str, direction: &str, out: &mut AstPass<'_, '_, Pg>) {
    for part in [" ORDER BY ", key, direction, ", ", id, direction] {
        out.push_sql(part);
    }
}

macro_rules! key_to_sql {
    ($($sql:ty),+) => {$(
        /// Postgres' own bytes, handed back as they came.
        impl ToSql<$sql, Pg> for Key {
            fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
                out.write_all(&self.0)?;
                Ok(IsNull::No)
            }
        }
    )+};
}
key_to_sql!(
    sql_types::Timestamptz,
    sql_types::Date,
    sql_types::SmallInt,
    sql_types::Integer,
    sql_types::BigInt,
    sql_types::Numeric,
    sql_types::Text,
    sql_types::Uuid
);

fn push_key<'b>(sort: Sort, position: &'b Position, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
    match sort.of {
        SortType::Timestamptz => out.push_bind_param::<sql_types::Timestamptz, Key>(&position.key),
        SortType::Date => out.push_bind_param::<sql_types::Date, Key>(&position.key),
        SortType::SmallInt => out.push_bind_param::<sql_types::SmallInt, Key>(&position.key),
        SortType::Integer => out.push_bind_param::<sql_types::Integer, Key>(&position.key),
        SortType::BigInt => out.push_bind_param::<sql_types::BigInt, Key>(&position.key),
        SortType::Numeric => out.push_bind_param::<sql_types::Numeric, Key>(&position.key),
        SortType::Text => out.push_bind_param::<sql_types::Text, Key>(&position.key),
        SortType::Uuid => out.push_bind_param::<sql_types::Uuid, Key>(&position.key),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_cannot_break_out_of_a_search() {
        assert_eq!(prefixes("Printer offline").unwrap(), "'Printer':* & 'offline':*");
        assert_eq!(prefixes("a' | b:* & !(c)").unwrap(), "'a':* & 'b':* & 'c':*");
        assert_eq!(prefixes("打印机").unwrap(), "'打印机':*");
        assert_eq!(prefixes(" -- "), None);
        assert!(words(crate::schema::support_tickets::table, &"x".repeat(201)).is_err());
    }
}

//! Counts over a list: of all its rows, and by the values of a column, in one statement. Only what is selected is counted.

use std::{borrow::Cow, marker::PhantomData};

use async_graphql::{
    ContextSelectionSet, OutputType, Positioned, ServerResult, Value, parser::types::Field, registry::Registry,
};

use super::{
    cell::{Cell, Json, close, quote},
    def::{Def, Entity, camel},
    handle::{Listable, PageArgs, list_page, nullable},
    plan::Columns,
    read::Reader,
    register,
    row::{int, with_bytes},
    select::Rows,
    selection::{Group, heads},
};
use crate::kernel::{Error, RequestOf, Result, db::PgRow, page::PageSpec};

/// What can be counted of an entity; `aggregate!` makes it.
pub trait Aggregate: Send + Sync + 'static {
    type Of: Listable;

    fn def() -> &'static AggregateDef;
}

#[derive(Debug)]
pub struct AggregateDef {
    pub type_name: &'static str,
    pub description: &'static str,
    pub groupings: Vec<Grouping>,
}

/// Counts by the values of a column, or of an expression over the row. There must be few of them however large the
/// table is: all are answered at once.
#[derive(Debug)]
pub struct Grouping {
    pub name: String,
    pub description: &'static str,
    /// The type of one value with its count.
    pub type_name: &'static str,
    key: Key,
}

#[derive(Debug)]
struct Key {
    name: String,
    description: &'static str,
    sql: &'static str,
    write: fn(&[u8], &mut Json),
    rank: fn(&[u8]) -> usize,
    register: fn(&mut Registry) -> String,
}

impl Grouping {
    #[must_use]
    pub fn of<T: Cell>(
        (name, description): (&str, &'static str),
        type_name: &'static str,
        (key, key_description, sql): (&str, &'static str, &'static str),
    ) -> Self {
        let key = Key {
            name: camel(key),
            description: key_description,
            sql,
            write: T::write,
            rank: T::rank,
            register: T::register,
        };
        Self { name: camel(name), description, type_name, key }
    }
}

/// Declares the counts of an entity's list. The text after a `=` is an SQL expression over the row; rows for which it
/// is null are left out of that grouping.
///
/// ```ignore
/// aggregate! {
///     /// Numbers of tickets.
///     TicketCounts of Ticket {
///         /// Numbers of tickets by status.
///         by_status: TicketStatusCount { /// Status of the tickets. status: TicketStatus },
///         /// Numbers of tickets by year of opening.
///         by_year: TicketYearCount { /// Year of opening. year: i32 = "extract(year from created_at)::int" },
///     }
/// }
/// ```
#[macro_export]
macro_rules! aggregate {
    ($(#[doc = $doc:literal])+ $name:ident of $entity:ident {
        $($(#[doc = $group_doc:literal])+ $group:ident : $type_name:ident {
            $(#[doc = $key_doc:literal])+ $key:ident : $key_type:ty $(= $sql:literal)? $(,)?
        }),* $(,)?
    }) => {
        $(#[doc = $doc])+
        #[derive(Debug)]
        pub struct $name;

        impl $crate::kernel::entity::Aggregate for $name {
            type Of = $entity;

            fn def() -> &'static $crate::kernel::entity::AggregateDef {
                use $crate::kernel::entity::{AggregateDef, Grouping};
                static DEF: std::sync::LazyLock<AggregateDef> = std::sync::LazyLock::new(|| AggregateDef {
                    type_name: stringify!($name),
                    description: concat!($($doc, "\n"),+).trim(),
                    groupings: vec![$(Grouping::of::<$key_type>(
                        (stringify!($group), concat!($($group_doc, "\n"),+).trim()),
                        stringify!($type_name),
                        (stringify!($key), concat!($($key_doc, "\n"),+).trim(), [$($sql,)? stringify!($key)][0]),
                    )),*],
                });
                &DEF
            }
        }
    };
}

/// Counts over the rows that a filter leaves; null, with an error, where permission hides them.
pub struct Counts<A>(Result<PageSpec>, PhantomData<fn() -> A>);

impl<A: Aggregate> Counts<A> {
    #[must_use]
    pub fn of(filter: Option<<A::Of as Listable>::Filter>) -> Self {
        Self(list_page::<A::Of>(PageArgs::default(), filter, None), PhantomData)
    }
}

/// What is selected of the counts.
struct Selected {
    def: &'static AggregateDef,
    heads: Vec<Json>,
    parts: Vec<Part>,
    /// The groupings that the statement counts by.
    groupings: Vec<&'static Grouping>,
}

enum Part {
    TypeName,
    Total,
    /// The counts of one grouping, by its place among the selected ones.
    By {
        place: usize,
        heads: Vec<Json>,
        parts: Vec<ByPart>,
    },
}

enum ByPart {
    TypeName,
    Value,
    Count,
}

impl Selected {
    fn new(ctx: &ContextSelectionSet<'_>, def: &'static AggregateDef, group: &Group<'_>) -> Self {
        let groups = group.below(ctx, def.type_name);
        let mut groupings: Vec<&'static Grouping> = Vec::new();
        let mut part = |group: &Group<'_>| {
            let Some(grouping) = def.groupings.iter().find(|grouping| grouping.name == group.name()) else {
                return if group.name() == "total" { Part::Total } else { Part::TypeName };
            };
            let known = groupings.iter().position(|known| std::ptr::eq(*known, grouping));
            let place = known.unwrap_or_else(|| {
                groupings.push(grouping);
                groupings.len() - 1
            });
            let below = group.below(ctx, grouping.type_name);
            let part = |group: &Group<'_>| match group.name() {
                "count" => ByPart::Count,
                "__typename" => ByPart::TypeName,
                _ => ByPart::Value,
            };
            Part::By { place, heads: heads(&below), parts: below.iter().map(part).collect() }
        };
        let parts = groups.iter().map(&mut part).collect();
        Self { def, heads: heads(&groups), parts, groupings }
    }

    fn wants_rows(&self) -> bool {
        self.parts.iter().any(|part| !matches!(part, Part::TypeName))
    }

    /// The rows that count one grouping, or all: Postgres sets a bit for each key that it did not group by.
    fn rows_of<'r>(&self, rows: &'r [PgRow], place: Option<usize>) -> impl Iterator<Item = &'r PgRow> + use<'r> {
        let count = self.groupings.len();
        let all = (1 << count) - 1;
        let bits = place.map_or(all, |place| all & !(1 << (count - 1 - place)));
        rows.iter().filter(move |row| count == 0 || int(row, 1) == bits)
    }

    fn write(&self, rows: &[PgRow], out: &mut Json) {
        let start = out.len();
        for (part, head) in self.parts.iter().zip(&self.heads) {
            out.extend_from_slice(head);
            match part {
                Part::TypeName => quote(self.def.type_name.as_bytes(), out),
                Part::Total => write_count(self.rows_of(rows, None).next(), out),
                Part::By { place, heads, parts } => self.write_grouping(rows, *place, (heads, parts), out),
            }
        }
        close(out, start);
    }

    fn write_grouping(&self, rows: &[PgRow], place: usize, (heads, parts): (&[Json], &[ByPart]), out: &mut Json) {
        let (grouping, at) = (self.groupings[place], place + 2);
        let rank = |row: &PgRow| with_bytes(row, at, |bytes| bytes.map(grouping.key.rank));
        let mut ranked: Vec<_> = self.rows_of(rows, Some(place)).filter_map(|row| Some((rank(row)?, row))).collect();
        ranked.sort_by_key(|(rank, _)| *rank);
        out.push(b'[');
        for (index, (_, row)) in ranked.into_iter().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            let start = out.len();
            for (part, head) in parts.iter().zip(heads) {
                out.extend_from_slice(head);
                match part {
                    ByPart::TypeName => quote(grouping.type_name.as_bytes(), out),
                    ByPart::Count => write_count(Some(row), out),
                    ByPart::Value => {
                        with_bytes(row, at, |bytes| (grouping.key.write)(bytes.unwrap_or_default(), out));
                    }
                }
            }
            close(out, start);
        }
        out.push(b']');
    }
}

fn write_count(row: Option<&PgRow>, out: &mut Json) {
    out.extend_from_slice(itoa::Buffer::new().format(row.map_or(0, |row| int(row, 0))).as_bytes());
}

async fn count(
    ctx: &ContextSelectionSet<'_>,
    def: &'static Def,
    selected: &Selected,
    page: &Result<PageSpec>,
) -> Result<Json> {
    let reader = Reader { ctx, scope: ctx.scope()? };
    reader.permitted(def)?;
    let page = page.as_ref().map_err(Error::clone)?;
    let rows = if selected.wants_rows() {
        let keys = selected.groupings.iter().map(|grouping| grouping.key.sql).collect();
        reader.load(reader.select(def, &Columns::default(), Rows::Grouped { page, keys })).await?
    } else {
        Vec::new()
    };
    let mut out = Json::new();
    selected.write(&rows, &mut out);
    Ok(out)
}

impl<A: Aggregate> OutputType for Counts<A> {
    fn type_name() -> Cow<'static, str> {
        Cow::Borrowed(A::def().type_name)
    }

    fn qualified_type_name() -> String {
        A::def().type_name.to_owned()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        let def = A::def();
        register::define(registry, def.type_name, |registry| {
            let int = <i32 as OutputType>::create_type_info(registry);
            let total = register::field("total", &int, "Number of all rows that the filter leaves.");
            let mut grouping = |grouping: &Grouping| {
                register::define(registry, grouping.type_name, |registry| {
                    let key = &grouping.key;
                    let ty = (key.register)(registry);
                    let value = register::field(&key.name, ty, key.description);
                    let count = register::field("count", &int, "Number of rows with this value.");
                    let description = format!("Number of rows that share one {}.", key.name);
                    register::object(grouping.type_name, &description, register::fields([value, count]))
                });
                register::field(&grouping.name, format!("[{}!]!", grouping.type_name), grouping.description)
            };
            let groupings: Vec<_> = def.groupings.iter().map(&mut grouping).collect();
            register::object(def.type_name, def.description, register::fields([total].into_iter().chain(groupings)))
        });
        def.type_name.to_owned()
    }

    async fn resolve(&self, ctx: &ContextSelectionSet<'_>, field: &Positioned<Field>) -> ServerResult<Value> {
        let group = Group { key: &field.node.response_key().node, fields: vec![field] };
        let selected = Selected::new(ctx, A::def(), &group);
        let counted = count(ctx, A::Of::def(), &selected, &self.0).await;
        let fail = |error: Error| ctx.set_error_path(async_graphql::Error::from(error).into_server_error(field.pos));
        nullable(ctx, counted.map(|text| Some(Value::Binary(text.into()))).map_err(fail))
    }
}

//! What an entity is: a declaration of columns and edges (`declare.rs`), of which everything that reads is made. The
//! GraphQL type (`register.rs`), the SQL (`select.rs`), the walk from a selection to an answer (`walk.rs`) and the
//! JSON (`cell.rs`) are all driven by the one table below; resolvers return handles (`handle.rs`) that know how to
//! be walked. Mutations and rules use the struct that the same declaration makes.

mod cell;
mod connection;
mod declare;
mod handle;
mod json;
mod plan;
mod register;
mod select;
mod selection;
mod walk;

use std::collections::HashMap;

use async_graphql::{ServerResult, registry::Registry};

pub use cell::{Cell, Json, quote};
pub use handle::{AnyNode, AnyNodes, Listable, Maybe, One, Page, PageArgs};
pub use json::{JsonDef, JsonField, JsonList, JsonObject};
pub use plan::Plans;
pub use register::{Argument, input_argument};
pub use select::{Condition, condition, one_of, words};

use super::{
    actor::Permission,
    ids::Kind,
    page::{PageSpec, Sort},
};

/// What can be read through a declaration.
pub trait Entity: Kind + Send + Sync {
    fn def() -> &'static Def;
}

/// A declaration, as the walk reads it.
#[derive(Debug)]
pub struct Def {
    pub type_name: &'static str,
    pub description: &'static str,
    pub prefix: &'static str,
    pub table: &'static str,
    /// The column that holds the tenant. Each statement names it, so that an index can serve it; that nothing foreign is
    /// seen is the policy's work.
    pub tenant: Option<&'static str>,
    /// SQL that holds for rows not deleted; lists and look-ups by id apply it, edges to one do not: a message keeps
    /// its author when that person has left.
    pub live: Option<&'static str>,
    /// What the caller must be permitted to read any of it.
    pub read: Option<Permission>,
    pub columns: Vec<Column>,
    pub edges: Vec<Edge>,
    members: HashMap<String, Member>,
}

/// A field of the type, found by its name.
#[derive(Debug, Clone, Copy)]
enum Member {
    Column(usize),
    Edge(usize),
}

/// A field that comes out of the row itself.
#[derive(Debug)]
pub struct Column {
    pub name: String,
    pub description: &'static str,
    /// The column's name, or an SQL expression over the row.
    pub sql: &'static str,
    /// Writes Postgres' bytes as JSON.
    pub write: fn(&[u8], &mut Vec<u8>),
    /// Of a list of objects in json: what can be selected below.
    pub below: fn() -> Option<&'static JsonDef>,
    /// Makes the GraphQL type known and returns its qualified name.
    pub register: fn(&mut Registry) -> String,
}

impl Column {
    #[must_use]
    pub fn of<T: Cell>(name: &str, sql: &'static str, description: &'static str) -> Self {
        Self { name: camel(name), description, sql, write: T::write, below: T::below, register: T::register }
    }
}

/// A field that leads to other rows.
#[derive(Debug)]
pub struct Edge {
    pub name: String,
    pub description: &'static str,
    pub to: fn() -> &'static Def,
    pub kind: EdgeKind,
}

impl Edge {
    #[must_use]
    pub fn of<E: Entity>(name: &str, description: &'static str, kind: EdgeKind) -> Self {
        Self { name: camel(name), description, to: E::def, kind }
    }

    /// To an object over the same row.
    #[must_use]
    pub fn part(
        name: &str,
        description: &'static str,
        to: fn() -> &'static Def,
        present: Option<&'static str>,
    ) -> Self {
        Self { name: camel(name), description, to, kind: EdgeKind::Part { present } }
    }
}

/// How an edge finds its rows.
#[derive(Debug, Clone, Copy)]
pub enum EdgeKind {
    /// This row's column holds the other's id.
    One { column: &'static str, nullable: bool },
    /// The other's column holds this row's id, once at most.
    Own { column: &'static str, nullable: bool },
    /// The other's column holds this row's id; a short list, whole.
    All { column: &'static str, order: &'static str },
    /// The other's column holds this row's id; a connection.
    Page { column: &'static str, list: List },
    /// The very same row: some of its columns, as an object of their own without an id. With `present`, null where
    /// that column is.
    Part { present: Option<&'static str> },
}

/// What a connection can be asked for.
#[derive(Debug, Clone, Copy)]
pub struct List {
    /// The arguments beside `first`, `after`, `last` and `before`.
    pub arguments: fn(&mut Registry) -> Vec<Argument>,
    /// Reads all arguments.
    pub read: for<'a> fn(&async_graphql::Context<'a>) -> ServerResult<PageSpec>,
}

impl List {
    /// A connection with one fixed order and no filter.
    #[must_use]
    pub const fn feed<O: FixedOrder>() -> Self {
        Self { arguments: |_| Vec::new(), read: |ctx| handle::read_feed(ctx, O::Of::def().type_name, O::SORT) }
    }

    /// A connection with the filter and orders of its entity.
    #[must_use]
    pub const fn of<E: Listable>() -> Self {
        Self { arguments: handle::list_arguments::<E>, read: handle::read_list::<E> }
    }
}

/// An order that a connection always has.
pub trait FixedOrder {
    type Of: Entity;
    const SORT: Sort;
}

impl Def {
    /// Makes the fields findable; `declare.rs` calls it last.
    #[must_use]
    pub fn finish(mut self) -> Self {
        let columns = self.columns.iter().enumerate().map(|(at, column)| (column.name.clone(), Member::Column(at)));
        let edges = self.edges.iter().enumerate().map(|(at, edge)| (edge.name.clone(), Member::Edge(at)));
        self.members = columns.chain(edges).collect();
        self
    }

    #[must_use]
    pub fn unfinished(
        type_name: &'static str,
        prefix: &'static str,
        table: &'static str,
        description: &'static str,
    ) -> Self {
        Self {
            type_name,
            description,
            prefix,
            table,
            tenant: None,
            live: None,
            read: None,
            columns: Vec::new(),
            edges: Vec::new(),
            members: HashMap::new(),
        }
    }
}

/// `created_at` to `createdAt`.
#[must_use]
pub fn camel(snake: &str) -> String {
    let mut name = String::with_capacity(snake.len());
    let mut raise = false;
    for letter in snake.chars() {
        if letter == '_' {
            raise = true;
        } else {
            name.push(if raise { letter.to_ascii_uppercase() } else { letter });
            raise = false;
        }
    }
    name
}

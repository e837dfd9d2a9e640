//! What an entity is: a declaration of columns and edges (`declare.rs`), of which everything that reads is made. The
//! GraphQL type (`register.rs`), the SQL (`select.rs`), the walk from a selection to an answer (`plan.rs`, `walk.rs`) and
//! the JSON (`cell.rs`) are all driven by one definition (`def.rs`); resolvers return handles (`handle.rs`) from which the
//! walk starts. Mutations and rules use the struct that the same declaration makes.
//!
//! Imports run in one direction: `cell` and `computed`, `def`, `register` and `selection`, `json`, `plan`, `select`, `walk`,
//! `connection`, `handle`, `aggregate`. Two of these go in a circle, since selections nest: a plan holds plans of pages,
//! and the walk writes connections whose nodes it walks.

mod aggregate;
mod cell;
mod computed;
mod connection;
mod declare;
mod def;
mod filter;
mod handle;
mod json;
mod plan;
mod register;
mod select;
mod selection;
mod walk;

pub use aggregate::{Aggregate, AggregateDef, Counts, Grouping};
pub use cell::{Cell, Json, JsonDef, JsonField, JsonShape, quote};
pub use computed::{Inputs, Rule, WriteJson};
pub use def::{
    Argument, Column, Computed, Def, Edge, EdgeKind, Entity, FixedOrder, Kinds, List, Reference, Unique, camel,
};
pub use filter::{DateRange, DateTimeRange};
pub use handle::{AnyNode, AnyNodes, Listable, Maybe, One, Page, PageArgs};
pub use json::{JsonList, JsonObject, JsonOne};
pub use plan::Plans;
pub use register::input_argument;
pub use select::{Condition, condition, one_of, replan_from, words};

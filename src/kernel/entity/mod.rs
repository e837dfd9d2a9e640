//! An entity is declared by its columns and edges (`declare.rs`), and everything that reads follows from the declaration: one
//! definition (`def.rs`) drives the GraphQL type (`register.rs`), the plans of selections (`plan.rs`), the SQL (`select.rs`),
//! reading (`read.rs`) and the JSON (`cell.rs`, `writer.rs`). Resolvers return handles (`handle.rs`), which are read when the
//! answer is made. Mutations and rules use the struct that the same declaration makes.
//!
//! Imports run in one direction: `cell` and `computed`, `def`, `register` and `selection`, `json`, `plan`, `select`, `row`,
//! `objects`, `writer`, `read`, `connection`, `handle`, `aggregate`, `extract`. Two of these go in a circle, since selections nest: a plan
//! holds plans of pages, and a reader reads connections whose nodes it reads.

mod aggregate;
mod cell;
mod computed;
mod connection;
mod declare;
mod def;
mod extract;
mod filter;
mod handle;
mod json;
mod objects;
mod plan;
mod read;
mod register;
mod row;
mod select;
mod selection;
mod writer;

pub use aggregate::{Aggregate, AggregateDef, Counts, Grouping};
pub use cell::{Cell, Json, JsonDef, JsonField, JsonShape, quote};
pub use computed::{Caller, Inputs, Rule, WriteJson};
pub use def::{
    Argument, Column, Computed, Def, Edge, EdgeKind, Entity, FixedOrder, Guard, Kinds, List, Reference, Unique, camel,
};
pub use extract::{Batch, Extract, Pages, Value};
pub use filter::{DateRange, DateTimeRange, NEVER};
pub use handle::{AnyNode, AnyNodes, Listable, Maybe, One, Page, PageArgs};
pub use json::{JsonList, JsonObject, JsonOne};
pub use plan::Plans;
pub use register::input_argument;
pub use select::{Condition, condition, one_of, raw_condition, replan_from, within, words};

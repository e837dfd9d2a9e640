//! What a selection takes: which columns of which tables, in what order they are written, and what is fetched beside
//! them. It depends on the document alone, and is made once for it.

use std::{
    any::Any,
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use async_graphql::{ContextSelectionSet, Pos, Positioned, parser::types::Field};

use super::{Column, Def, Edge, EdgeKind, Json, Member, connection::Connection, json::Selected, selection::Group};

/// So many tables at most are joined to a statement's own: more make Postgres' planner slow, and then choose blindly.
const MOST_JOINS: usize = 6;

/// The plans of a document's fields. A field is known by where it lies, so they are kept with the document itself.
#[derive(Default)]
pub struct Plans(Mutex<HashMap<Place, Arc<dyn Any + Send + Sync>>>);

/// The address of a field, and the type it is of.
type Place = (usize, &'static str);

impl std::fmt::Debug for Plans {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Plans").finish_non_exhaustive()
    }
}

impl Plans {
    /// The plan of a field over an entity; made anew where the request's document is not kept.
    pub(super) fn of<P: Send + Sync + 'static>(
        ctx: &ContextSelectionSet<'_>,
        field: &Positioned<Field>,
        def: &'static Def,
        make: impl FnOnce() -> P,
    ) -> Arc<P> {
        let Some(plans) = ctx.data_opt::<Arc<Self>>() else { return Arc::new(make()) };
        let place = (std::ptr::from_ref(field).addr(), def.type_name);
        let known = plans.0.lock().unwrap_or_else(PoisonError::into_inner).get(&place).cloned();
        if let Some(Ok(plan)) = known.map(Arc::downcast) {
            return plan;
        }
        let plan = Arc::new(make());
        plans.0.lock().unwrap_or_else(PoisonError::into_inner).insert(place, Arc::clone(&plan) as _);
        plan
    }
}

/// The column that a list is sorted by. Which one it is, is known only when the list's arguments are.
pub(super) const SORTED_BY: &str = "";

/// The columns that a statement answers with, each of its own table or of one joined to it, in the order in which they
/// come. What only joins or sorts is not among them: each cell costs both sides.
#[derive(Debug, Default)]
pub(super) struct Columns {
    pub places: Vec<Taken>,
    pub joins: Vec<Join>,
}

#[derive(Debug)]
pub(super) struct Taken {
    /// 0 for the statement's own, from 1 on for those joined.
    pub table: usize,
    pub sql: &'static str,
}

/// Another table's row beside each of the statement's own, found by a column that is unique there.
#[derive(Debug)]
pub(super) struct Join {
    pub table: &'static str,
    /// Its column, and where that stands…
    pub column: &'static str,
    pub theirs: usize,
    /// …and the one that it must equal, of the statement's own table or of one joined before.
    pub from: usize,
    pub ours: &'static str,
    /// The column that holds the tenant. If it is the id, there is but one such row for everybody of a clinic: the clinic
    /// itself.
    pub tenant: Option<&'static str>,
}

impl Columns {
    pub fn new(first: &[&'static str]) -> Self {
        let places = first.iter().map(|sql| Taken { table: 0, sql }).collect();
        Self { places, joins: Vec::new() }
    }

    /// Where a column stands in the row, which it joins when it is new.
    pub fn place(&mut self, table: usize, sql: &'static str) -> usize {
        let known = self.places.iter().position(|place| place.table == table && place.sql == sql);
        known.unwrap_or_else(|| {
            self.places.push(Taken { table, sql });
            self.places.len() - 1
        })
    }

    /// Joins a table to one that is there; returns its number, and where its column stands.
    fn join(&mut self, to: &Def, from: usize, ours: &'static str, column: &'static str) -> (usize, usize) {
        let number = self.joins.len() + 1;
        let theirs = self.place(number, column);
        self.joins.push(Join { table: to.table, column, theirs, from, ours, tenant: to.tenant });
        (number, theirs)
    }
}

/// Objects that are fetched with one statement, and how they are written.
pub(super) struct Level {
    pub columns: Columns,
    pub plan: Plan,
}

impl Level {
    /// With these columns first.
    pub fn new(
        ctx: &ContextSelectionSet<'_>,
        def: &'static Def,
        groups: &[Group<'_>],
        first: &[&'static str],
        joins: bool,
    ) -> Self {
        let mut columns = Columns::new(first);
        let plan = Plan::new(ctx, def, groups, &mut columns, joins);
        Self { columns, plan }
    }
}

/// How objects of a declaration are written.
pub(super) struct Plan {
    pub def: &'static Def,
    pub slots: Vec<Slot>,
    /// Whether anything is fetched beside the rows.
    pub has_edges: bool,
}

pub(super) struct Slot {
    /// What stands before the value.
    pub head: Json,
    pub what: What,
}

/// One way to answer a selected field.
pub(super) enum What {
    TypeName,
    Column {
        at: usize,
        column: &'static Column,
    },
    /// Objects in a list.
    Objects {
        at: usize,
        selected: Selected,
    },
    /// Other columns of the same row, as an object; with `present`, null where that column is.
    Part {
        key: String,
        present: Option<usize>,
        plan: Plan,
    },
    /// Columns of a row that was joined; there is none where `present` is null.
    Joined {
        key: String,
        pos: Pos,
        present: usize,
        nullable: bool,
        plan: Plan,
    },
    /// Rows that are fetched with a statement of their own, by the value of a column.
    Edge {
        at: usize,
        edge: &'static Edge,
        beyond: Box<Beyond>,
    },
    /// Validation has refused what is no field; this is null all the same.
    Unknown,
}

/// What lies behind an edge.
pub(super) struct Beyond {
    pub key: String,
    /// The field, for its arguments; what is selected below stands in `of`.
    pub field: Positioned<Field>,
    pub of: Below,
}

pub(super) enum Below {
    Objects(Level),
    Pages(Connection),
}

impl Plan {
    /// Adds what a selection needs to the columns of its statement.
    pub fn new(
        ctx: &ContextSelectionSet<'_>,
        def: &'static Def,
        groups: &[Group<'_>],
        columns: &mut Columns,
        joins: bool,
    ) -> Self {
        Self::of_table(ctx, def, groups, columns, 0, joins)
    }

    fn of_table(
        ctx: &ContextSelectionSet<'_>,
        def: &'static Def,
        groups: &[Group<'_>],
        columns: &mut Columns,
        table: usize,
        joins: bool,
    ) -> Self {
        let heads = heads(groups);
        let slot = |(group, head): (&Group<'_>, Json)| {
            let what = match def.members.get(group.name()) {
                Some(Member::Column(index)) => {
                    let column = &def.columns[*index];
                    let at = columns.place(table, column.sql);
                    match (column.below)() {
                        Some(objects) => What::Objects { at, selected: Selected::of(ctx, group, objects) },
                        None => What::Column { at, column },
                    }
                }
                Some(Member::Edge(index)) => {
                    Self::edge(ctx, def.edges.get(*index), group, columns, table, joins).unwrap_or(What::Unknown)
                }
                None if group.name() == "__typename" => What::TypeName,
                None => What::Unknown,
            };
            Slot { head, what }
        };
        let slots: Vec<Slot> = groups.iter().zip(heads).map(slot).collect();
        let has_edges = slots.iter().any(|slot| match &slot.what {
            What::Edge { .. } => true,
            What::Part { plan, .. } | What::Joined { plan, .. } => plan.has_edges,
            _ => false,
        });
        Self { def, slots, has_edges }
    }

    fn edge(
        ctx: &ContextSelectionSet<'_>,
        edge: Option<&'static Edge>,
        group: &Group<'_>,
        columns: &mut Columns,
        table: usize,
        joins: bool,
    ) -> Option<What> {
        let edge = edge?;
        let to = (edge.to)();
        let key = group.key.to_owned();
        let (ours, theirs, nullable) = match edge.kind {
            EdgeKind::Part { present } => {
                let present = present.map(|column| columns.place(table, column));
                let groups = group.below(ctx, to.type_name);
                let plan = Self::of_table(ctx, to, &groups, columns, table, joins);
                return Some(What::Part { key, present, plan });
            }
            EdgeKind::One { column, nullable } => (column, "id", nullable),
            EdgeKind::Own { column, nullable } => ("id", column, nullable),
            EdgeKind::All { column, .. } => {
                let at = columns.place(table, "id");
                let groups = group.below(ctx, to.type_name);
                // A short list may have an order of more columns than a page, which could not be said again outside.
                let below = Below::Objects(Level::new(ctx, to, &groups, &[column], false));
                return Some(What::Edge { at, edge, beyond: Beyond::boxed(group, below) });
            }
            EdgeKind::Page { column, .. } => {
                let at = columns.place(table, "id");
                let below = Below::Pages(Connection::new(ctx, to, group, column));
                return Some(What::Edge { at, edge, beyond: Beyond::boxed(group, below) });
            }
        };
        let groups = group.below(ctx, to.type_name);
        if joins && columns.joins.len() < MOST_JOINS && ends_here(ctx, to, &groups) {
            let (number, present) = columns.join(to, table, ours, theirs);
            let plan = Self::of_table(ctx, to, &groups, columns, number, joins);
            return Some(What::Joined { key, pos: group.fields[0].pos, present, nullable, plan });
        }
        let at = columns.place(table, ours);
        let below = Below::Objects(Level::new(ctx, to, &groups, &[theirs], true));
        Some(What::Edge { at, edge, beyond: Beyond::boxed(group, below) })
    }
}

impl Beyond {
    fn boxed(group: &Group<'_>, of: Below) -> Box<Self> {
        let field = group.fields[0];
        let node = Field {
            alias: field.node.alias.clone(),
            name: field.node.name.clone(),
            arguments: field.node.arguments.clone(),
            directives: Vec::new(),
            selection_set: Positioned::default(),
        };
        Box::new(Self { key: group.key.to_owned(), field: Positioned::new(node, field.pos), of })
    }
}

/// Whether a selection needs nothing but the row it is of and single rows beside it: then it can be joined. Lists could
/// not be fetched once for a row that is repeated, and what permission may hide fails by itself.
fn ends_here(ctx: &ContextSelectionSet<'_>, def: &'static Def, groups: &[Group<'_>]) -> bool {
    def.read.is_none()
        && groups.iter().all(|group| match def.members.get(group.name()) {
            Some(Member::Edge(index)) => {
                let edge = &def.edges[*index];
                let to = (edge.to)();
                matches!(edge.kind, EdgeKind::One { .. } | EdgeKind::Own { .. } | EdgeKind::Part { .. })
                    && ends_here(ctx, to, &group.below(ctx, to.type_name))
            }
            Some(Member::Column(_)) | None => true,
        })
}

/// What stands before the value of each field.
pub(super) fn heads(groups: &[Group<'_>]) -> Vec<Json> {
    let head = |(at, group): (usize, &Group<'_>)| {
        let mut head = Vec::with_capacity(group.key.len() + 4);
        head.push(if at == 0 { b'{' } else { b',' });
        head.push(b'"');
        head.extend_from_slice(group.key.as_bytes());
        head.extend_from_slice(b"\":");
        head
    };
    groups.iter().enumerate().map(head).collect()
}

//! Plans of selections: which columns of which tables they need, in which order these are written, and what other statements
//! fetch. A plan depends on the document alone, and is made once for it.

mod page;

use std::{
    any::Any,
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use async_graphql::{ContextSelectionSet, Pos, Positioned, parser::types::Field};

use super::{
    cell::Json,
    def::{Column, Computed, Def, Edge, EdgeKind, Guard, Member},
    json::Selected,
    selection::{Group, heads},
};
use crate::kernel::actor::Permission;

pub(super) use page::{Connection, EdgePart, PageInfoPart, Part};

/// Most tables that a statement joins: with more the planner of Postgres becomes slow, and then stops comparing all plans.
const MOST_JOINS: usize = 6;

/// The plans of a document's fields. A field is known by its address, so they are stored with the document itself.
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
    /// The plan of a field over an entity; made each time if the request's document is not stored.
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
    /// Null is selected instead for who may not read it.
    pub guard: Option<Guard>,
}

/// Another table's row beside each of the statement's own, found by a column that is unique there.
#[derive(Debug)]
pub(super) struct Join {
    pub table: &'static str,
    /// Its column that is unique, and the place of that column in the row.
    pub column: &'static str,
    pub theirs: usize,
    /// The column that it must equal, of the statement's own table or of one joined before.
    pub from: usize,
    pub ours: &'static str,
    /// The column that holds the tenant. If it is the id, there is but one such row for everybody of a clinic: the clinic
    /// itself.
    pub tenant: Option<&'static str>,
    /// Whether rows of the platform are there too.
    pub shared: bool,
}

impl Columns {
    pub fn new(first: &[&'static str]) -> Self {
        let places = first.iter().map(|sql| Taken { table: 0, sql, guard: None }).collect();
        Self { places, joins: Vec::new() }
    }

    /// The place of a column in the row, to which it is added if it is new.
    pub fn place(&mut self, table: usize, sql: &'static str) -> usize {
        self.place_for(Source { table, joins: false, guard: None }, sql)
    }

    fn place_for(&mut self, Source { table, guard, .. }: Source, sql: &'static str) -> usize {
        let is_it = |place: &Taken| place.table == table && place.sql == sql && place.guard == guard;
        self.places.iter().position(is_it).unwrap_or_else(|| {
            self.places.push(Taken { table, sql, guard });
            self.places.len() - 1
        })
    }

    /// Joins a table to one that is there; returns its number, and the place of its column.
    fn join(&mut self, to: &Def, from: usize, ours: &'static str, column: &'static str) -> (usize, usize) {
        let number = self.joins.len() + 1;
        let theirs = self.place(number, column);
        self.joins.push(Join { table: to.table, column, theirs, from, ours, tenant: to.tenant, shared: to.shared });
        (number, theirs)
    }
}

/// Where the columns of an object come from.
#[derive(Clone, Copy)]
struct Source {
    table: usize,
    /// Whether other tables may be joined.
    joins: bool,
    guard: Option<Guard>,
}

impl Source {
    /// The same, for who may read it only. Nothing is joined for them, since others must not cause it.
    fn guarded(self, read: Option<Guard>) -> Self {
        match read {
            Some(_) => Self { joins: false, guard: read, ..self },
            None => self,
        }
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
    /// The text before the value.
    pub head: Json,
    pub what: What,
}

/// How a selected field is answered.
pub(super) enum What {
    TypeName,
    Column {
        at: usize,
        column: &'static Column,
    },
    /// Objects in json.
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
    /// A value that Rust makes of columns of the row.
    Computed {
        key: String,
        pos: Pos,
        at: Vec<usize>,
        computed: &'static Computed,
    },
    /// An object of the kind that a column names.
    Reference {
        kind: usize,
        id: usize,
        any: Box<AnyKind>,
    },
    /// Null, with an error, for callers without this permission.
    Guarded {
        permission: Permission,
        key: String,
        pos: Pos,
        what: Box<What>,
    },
    /// Validation has refused what is no field; this is null all the same.
    Unknown,
}

impl What {
    /// A guard with an exception is only known row by row, and then it is null without an error.
    fn guarded(self, read: Option<Guard>, group: &Group<'_>) -> Self {
        match read {
            Some(Guard { permission, own: None }) => {
                let (key, pos) = (group.key.to_owned(), group.fields[0].pos);
                Self::Guarded { permission, key, pos, what: Box::new(self) }
            }
            Some(Guard { own: Some(_), .. }) | None => self,
        }
    }

    /// What it is for those who may read it.
    pub fn unguarded(&self) -> &Self {
        match self {
            Self::Guarded { what, .. } => what,
            what => what,
        }
    }
}

/// What is selected beyond an edge.
pub(super) struct Beyond {
    pub key: String,
    /// The field, for its arguments; what is selected below is in `of`.
    pub field: Positioned<Field>,
    pub of: Below,
}

pub(super) enum Below {
    Objects(Level),
    Pages(Connection),
}

/// What is selected of an object of any kind. Which kinds come is known only when rows are there, so each kind is planned
/// when it is first met.
pub(super) struct AnyKind {
    pub key: String,
    pub pos: Pos,
    fields: Vec<Positioned<Field>>,
    levels: Mutex<HashMap<&'static str, Arc<Level>>>,
}

impl AnyKind {
    pub fn new(group: &Group<'_>) -> Self {
        Self {
            key: group.key.to_owned(),
            pos: group.fields[0].pos,
            fields: group.fields.iter().map(|field| (*field).clone()).collect(),
            levels: Mutex::default(),
        }
    }

    /// What the objects of one kind take.
    pub fn level(&self, ctx: &ContextSelectionSet<'_>, def: &'static Def) -> Arc<Level> {
        let mut levels = self.levels.lock().unwrap_or_else(PoisonError::into_inner);
        let level = levels.entry(def.prefix).or_insert_with(|| {
            let group = Group { key: &self.key, fields: self.fields.iter().collect() };
            Arc::new(Level::new(ctx, def, &group.below(ctx, def.type_name), &["id"], true))
        });
        Arc::clone(level)
    }
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
        Self::of_source(ctx, def, groups, columns, Source { table: 0, joins, guard: None })
    }

    fn of_source(
        ctx: &ContextSelectionSet<'_>,
        def: &'static Def,
        groups: &[Group<'_>],
        columns: &mut Columns,
        source: Source,
    ) -> Self {
        let heads = heads(groups);
        let slot = |(group, head): (&Group<'_>, Json)| {
            let what = match def.members.get(group.name()) {
                Some(Member::Column(index)) => {
                    let column = &def.columns[*index];
                    let at = columns.place_for(source.guarded(column.read), column.sql);
                    let what = match (column.below)() {
                        Some(shape) => What::Objects { at, selected: Selected::of(ctx, group, shape) },
                        None => What::Column { at, column },
                    };
                    what.guarded(column.read, group)
                }
                Some(Member::Computed(index)) => {
                    let computed = &def.computed[*index];
                    let at = computed.columns.iter().map(|column| columns.place_for(source, column)).collect();
                    What::Computed { key: group.key.to_owned(), pos: group.fields[0].pos, at, computed }
                }
                Some(Member::Edge(index)) => Self::edge(ctx, &def.edges[*index], group, columns, source),
                Some(Member::Reference(index)) => {
                    let reference = &def.references[*index];
                    let [kind, id] = [reference.kind, reference.id].map(|column| columns.place_for(source, column));
                    What::Reference { kind, id, any: Box::new(AnyKind::new(group)) }
                }
                None if group.name() == "__typename" => What::TypeName,
                None => What::Unknown,
            };
            Slot { head, what }
        };
        let slots: Vec<Slot> = groups.iter().zip(heads).map(slot).collect();
        let has_edges = slots.iter().any(|slot| match slot.what.unguarded() {
            What::Edge { .. } | What::Reference { .. } => true,
            What::Part { plan, .. } | What::Joined { plan, .. } => plan.has_edges,
            _ => false,
        });
        Self { def, slots, has_edges }
    }

    fn edge(
        ctx: &ContextSelectionSet<'_>,
        edge: &'static Edge,
        group: &Group<'_>,
        columns: &mut Columns,
        source: Source,
    ) -> What {
        let to = (edge.to)();
        let key = group.key.to_owned();
        let (ours, theirs, nullable) = match edge.kind {
            EdgeKind::Part { present } => {
                let guard = to.read.map(|permission| Guard { permission, own: None });
                let source = source.guarded(guard);
                let present = present.map(|column| columns.place_for(source, column));
                let groups = group.below(ctx, to.type_name);
                let plan = Self::of_source(ctx, to, &groups, columns, source);
                return What::Part { key, present, plan }.guarded(guard, group);
            }
            EdgeKind::One { column, nullable } => (column, "id", nullable),
            EdgeKind::Own { column, nullable } => ("id", column, nullable),
            EdgeKind::All { column, .. } => {
                let at = columns.place_for(source, "id");
                let groups = group.below(ctx, to.type_name);
                // A short list can be ordered by more columns than a page, which the outer statement could not repeat.
                let below = Below::Objects(Level::new(ctx, to, &groups, &[column], false));
                return What::Edge { at, edge, beyond: Beyond::boxed(group, below) };
            }
            EdgeKind::Page { column, .. } => {
                let at = columns.place_for(source, "id");
                let below = Below::Pages(Connection::new(ctx, to, group, column));
                return What::Edge { at, edge, beyond: Beyond::boxed(group, below) };
            }
        };
        let groups = group.below(ctx, to.type_name);
        if source.joins && columns.joins.len() < MOST_JOINS && ends_here(ctx, to, &groups) {
            let (number, present) = columns.join(to, source.table, ours, theirs);
            let plan = Self::of_source(ctx, to, &groups, columns, Source { table: number, ..source });
            return What::Joined { key, pos: group.fields[0].pos, present, nullable, plan };
        }
        let at = columns.place_for(source, ours);
        let below = Below::Objects(Level::new(ctx, to, &groups, &[theirs], true));
        What::Edge { at, edge, beyond: Beyond::boxed(group, below) }
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
        && def.about.is_none()
        && groups.iter().all(|group| match def.members.get(group.name()) {
            Some(Member::Edge(index)) => {
                let edge = &def.edges[*index];
                let to = (edge.to)();
                matches!(edge.kind, EdgeKind::One { .. } | EdgeKind::Own { .. } | EdgeKind::Part { .. })
                    && ends_here(ctx, to, &group.below(ctx, to.type_name))
            }
            Some(Member::Reference(_)) => false,
            Some(Member::Column(_) | Member::Computed(_)) | None => true,
        })
}

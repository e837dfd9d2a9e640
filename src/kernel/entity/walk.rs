//! The walk: from a selection over a declaration to the text of the answer, level by level. A level is one statement
//! for all its parents, written straight from Postgres' bytes; nothing is made per row but its text.
//!
//! This and its neighbours `selection.rs`, `handle.rs` and `register.rs` are the only places that use the hidden API
//! of async-graphql (`with_field`, `param_value`, `query_env`, …), which is why Cargo.toml pins its version.

use async_graphql::{ContextSelectionSet, PathSegment, ServerError};
use diesel::row::{Field, Row};
use futures_util::future::{BoxFuture, try_join_all};
use uuid::Uuid;

use super::{
    Column, Def, Edge, Json, Member, Way,
    json::Selected,
    select::{Rows, Select},
    selection::Group,
};
use crate::kernel::{
    Code, Error, Result,
    db::{PgRow, Scope},
};

/// Where the text of an object lies in its level's buffer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    start: u32,
    end: u32,
}

/// An object that is null because a non-null field of it failed.
pub(super) const DEAD: Span = Span { start: u32::MAX, end: 0 };

impl Span {
    pub fn is_dead(self) -> bool {
        self.start == u32::MAX
    }
}

/// A failure below some object: which object of the level, the way down from it (deepest first), and what.
pub(super) struct Fault {
    pub at: usize,
    pub way: Vec<PathSegment>,
    pub error: ServerError,
}

/// A level's objects, written.
#[derive(Default)]
pub(super) struct Objects {
    pub json: Json,
    pub spans: Vec<Span>,
    pub faults: Vec<Fault>,
}

impl Objects {
    pub fn with_room(bytes: usize) -> Self {
        Self { json: Json::with_capacity(bytes), ..Self::default() }
    }

    pub fn text(&self, span: Span) -> &[u8] {
        &self.json[span.start as usize..span.end as usize]
    }

    /// The first object's text, without copying it when it is the only one.
    pub fn into_first(self) -> Option<Json> {
        let span = self.spans.first().filter(|span| !span.is_dead())?;
        if (span.start, span.end as usize) == (0, self.json.len()) {
            return Some(self.json);
        }
        Some(self.text(*span).to_vec())
    }

    /// The object at a place, or `None` when it is dead.
    pub fn get(&self, at: usize) -> Option<&[u8]> {
        self.spans.get(at).filter(|span| !span.is_dead()).map(|span| self.text(*span))
    }
}

/// What an edge gives each parent.
#[derive(Clone, Copy)]
enum Cell {
    Null,
    /// A non-null edge without a value: the parent dies of it.
    Dead,
    One(u32),
    /// A list, of the objects from here to there.
    All(u32, u32),
}

struct Cells {
    objects: Objects,
    of: Vec<Cell>,
    /// Faults as the parents see them.
    faults: Vec<Fault>,
}

impl Cells {
    fn same(cell: Cell, parents: usize) -> Self {
        Self { objects: Objects::default(), of: vec![cell; parents], faults: Vec::new() }
    }

    /// The same failure for every parent.
    fn failed(error: &ServerError, key: &str, nullable: bool, parents: usize) -> Self {
        let cell = if nullable { Cell::Null } else { Cell::Dead };
        let fault = |at| Fault { at, way: vec![PathSegment::Field(key.to_owned())], error: error.clone() };
        Self { faults: (0..parents).map(fault).collect(), ..Self::same(cell, parents) }
    }
}

/// One way to answer a selected field.
enum Slot<'a> {
    TypeName,
    Column {
        at: usize,
        column: &'static Column,
    },
    /// Objects in jsonb.
    Objects {
        at: usize,
        selected: Selected,
    },
    Edge {
        at: usize,
        edge: &'static Edge,
    },
    /// An object over the same rows.
    Part {
        def: &'static Def,
        /// The column that is null where the object is.
        present: Option<usize>,
        plan: Plan<'a>,
        groups: Vec<Group<'a>>,
    },
    /// Validation has refused what is no field; this is null all the same.
    Unknown,
}

/// What a selection needs of a declaration.
pub(super) struct Plan<'a> {
    slots: Vec<Slot<'a>>,
    /// `{"id":`, then `,"title":` and so on.
    heads: Vec<Json>,
}

/// Where a column stands among those of the statement; it is added when it is new.
fn place(sql: &'static str, columns: &mut Vec<&'static str>) -> usize {
    columns.iter().position(|known| *known == sql).unwrap_or_else(|| {
        columns.push(sql);
        columns.len() - 1
    })
}

impl<'a> Plan<'a> {
    /// Adds what it needs to `columns`; plans over the same rows share them.
    pub fn new(
        ctx: &ContextSelectionSet<'a>,
        def: &'static Def,
        groups: &[Group<'a>],
        columns: &mut Vec<&'static str>,
    ) -> Self {
        let slots = groups
            .iter()
            .map(|group| match def.members.get(group.name()) {
                Some(Member::Column(at)) => {
                    let column = &def.columns[*at];
                    let at = place(column.sql, columns);
                    match (column.below)() {
                        Some(objects) => Slot::Objects { at, selected: Selected::of(ctx, group, objects) },
                        None => Slot::Column { at, column },
                    }
                }
                Some(Member::Edge(at)) => {
                    let edge = &def.edges[*at];
                    let key = match edge.way {
                        Way::One { column, .. } => column,
                        Way::Own { .. } | Way::All { .. } | Way::Page { .. } => "id",
                        Way::Part { present } => {
                            let def = (edge.to)();
                            let groups = group.below(ctx, def.type_name);
                            let plan = Plan::new(ctx, def, &groups, columns);
                            let present = present.map(|column| place(column, columns));
                            return Slot::Part { def, present, plan, groups };
                        }
                    };
                    Slot::Edge { at: place(key, columns), edge }
                }
                None if group.name() == "__typename" => Slot::TypeName,
                None => Slot::Unknown,
            })
            .collect();
        Self { slots, heads: heads(groups) }
    }
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

/// Ends an object; one without a field was never begun.
pub(super) fn close(out: &mut Json, start: usize) {
    if out.len() == start {
        out.push(b'{');
    }
    out.push(b'}');
}

/// The bytes of a column, and what to make of them.
pub(super) fn with_bytes<T>(row: &PgRow, at: usize, read: impl FnOnce(Option<&[u8]>) -> T) -> T {
    match row.get(at) {
        Some(field) => read(field.value().as_ref().map(diesel::pg::PgValue::as_bytes)),
        None => read(None),
    }
}

pub(super) fn uuid(row: &PgRow, at: usize) -> Option<Uuid> {
    with_bytes(row, at, |bytes| bytes.and_then(|bytes| Uuid::from_slice(bytes).ok()))
}

/// A walk under one scope. Every failed statement fails the whole operation: its transaction is broken.
#[derive(Clone, Copy)]
pub(super) struct Walk<'a> {
    pub ctx: &'a ContextSelectionSet<'a>,
    pub scope: &'a Scope,
}

impl<'a> Walk<'a> {
    /// Whether the caller may read the entity at all.
    pub fn permitted(self, def: &Def) -> Result<()> {
        match def.read {
            Some(permission) => self.scope.actor().require(permission),
            None => Ok(()),
        }
    }

    /// The objects with these ids, in the database's order, and the id of each.
    pub async fn by_ids(
        self,
        def: &'static Def,
        groups: &[Group<'a>],
        ids: &[Uuid],
        live: bool,
    ) -> Result<(Objects, Vec<Uuid>)> {
        let mut columns = vec!["id"];
        let plan = Plan::new(self.ctx, def, groups, &mut columns);
        let rows = Rows::Of { column: "id", keys: ids, live, order: None };
        let rows = self.scope.load(Select { def, columns: &columns, rows }).await?;
        let found = rows.iter().filter_map(|row| uuid(row, 0)).collect();
        Ok((self.render(def, &plan, groups, &rows).await?, found))
    }

    /// Writes a level: first all edges below it, at once, then row by row.
    pub fn render<'w>(
        self,
        def: &'static Def,
        plan: &'w Plan<'a>,
        groups: &'w [Group<'a>],
        rows: &'w [PgRow],
    ) -> BoxFuture<'w, Result<Objects>>
    where
        'a: 'w,
    {
        Box::pin(async move {
            let edges = plan.slots.iter().zip(groups).map(|(slot, group)| async move {
                match slot {
                    Slot::Edge { at, edge } if !rows.is_empty() => {
                        let keys = rows.iter().map(|row| uuid(row, *at)).collect();
                        self.edge(edge, group, keys).await.map(Some)
                    }
                    Slot::Part { def, present, plan, groups } if !rows.is_empty() => {
                        let mut cells = one_each(self.render(def, plan, groups, rows).await?, group.key, false);
                        if let Some(at) = present {
                            for (cell, row) in cells.of.iter_mut().zip(rows) {
                                if with_bytes(row, *at, |bytes| bytes.is_none()) {
                                    *cell = Cell::Null;
                                }
                            }
                        }
                        Ok(Some(cells))
                    }
                    _ => Ok(None),
                }
            });
            let cells = try_join_all(edges).await?;
            let mut out = Objects::with_room(rows.len() * 256);
            for (index, row) in rows.iter().enumerate() {
                let start = out.json.len();
                let mut alive = true;
                for ((slot, head), cells) in plan.slots.iter().zip(&plan.heads).zip(&cells) {
                    out.json.extend_from_slice(head);
                    match (slot, cells) {
                        (Slot::Column { at, column }, _) => with_bytes(row, *at, |bytes| match bytes {
                            Some(bytes) => (column.write)(bytes, &mut out.json),
                            None => out.json.extend_from_slice(b"null"),
                        }),
                        (Slot::Objects { at, selected }, _) => with_bytes(row, *at, |bytes| match bytes {
                            Some(bytes) => selected.write_jsonb(bytes, &mut out.json),
                            None => out.json.extend_from_slice(b"null"),
                        }),
                        (Slot::TypeName, _) => super::quote(def.type_name.as_bytes(), &mut out.json),
                        (_, Some(cells)) => alive &= write_cell(cells, index, &mut out.json),
                        (_, None) => out.json.extend_from_slice(b"null"),
                    }
                }
                close(&mut out.json, start);
                out.spans.push(if alive { span(start, out.json.len()) } else { DEAD });
            }
            out.faults = cells.into_iter().flatten().flat_map(|cells| cells.faults).collect();
            Ok(out)
        })
    }

    /// What an edge gives the parents with these keys.
    fn edge<'w>(
        self,
        edge: &'static Edge,
        group: &'w Group<'a>,
        keys: Vec<Option<Uuid>>,
    ) -> BoxFuture<'w, Result<Cells>>
    where
        'a: 'w,
    {
        Box::pin(async move {
            let to = (edge.to)();
            if let Err(refused) = self.permitted(to) {
                // The type says null where permission may hide it (`register.rs`).
                let error = async_graphql::Error::from(refused).into_server_error(group.fields[0].pos);
                return Ok(Cells::failed(&error, group.key, true, keys.len()));
            }
            match edge.way {
                Way::One { nullable, .. } => self.to_one(to, "id", nullable, group, &keys).await,
                Way::Own { column, nullable } => self.to_one(to, column, nullable, group, &keys).await,
                // Written with the row itself.
                Way::Part { .. } => Ok(Cells::same(Cell::Dead, keys.len())),
                Way::All { column, order } => self.to_all(to, column, order, group, &keys).await,
                Way::Page { column, list } => {
                    let field = self.ctx.with_field(group.fields[0]);
                    match (list.read)(&field) {
                        Ok(page) => {
                            let parents: Vec<Uuid> = keys.iter().map(|key| key.unwrap_or_default()).collect();
                            let connections = self.connections(to, group, &page, Some((column, &parents))).await?;
                            Ok(one_each(connections, group.key, to.read.is_some()))
                        }
                        Err(error) => Ok(Cells::failed(&error, group.key, to.read.is_some(), keys.len())),
                    }
                }
            }
        })
    }

    /// One object at most for each parent, found by a column of the other side.
    async fn to_one(
        self,
        to: &'static Def,
        column: &'static str,
        nullable: bool,
        group: &Group<'a>,
        keys: &[Option<Uuid>],
    ) -> Result<Cells> {
        let mut ids: Vec<Uuid> = keys.iter().flatten().copied().collect();
        ids.sort_unstable();
        ids.dedup();
        if ids.is_empty() {
            return Ok(Cells::same(if nullable { Cell::Null } else { Cell::Dead }, keys.len()));
        }
        let groups = group.below(self.ctx, to.type_name);
        let mut columns = vec![column];
        let plan = Plan::new(self.ctx, to, &groups, &mut columns);
        let rows = Rows::Of { column, keys: &ids, live: false, order: None };
        let rows = self.scope.load(Select { def: to, columns: &columns, rows }).await?;
        let mut place: Vec<Option<u32>> = vec![None; ids.len()];
        for (index, row) in rows.iter().enumerate() {
            if let Some(known) = uuid(row, 0).and_then(|id| ids.binary_search(&id).ok()) {
                place[known] = Some(index as u32);
            }
        }
        let mut objects = self.render(to, &plan, &groups, &rows).await?;
        let of_key =
            |key: &Option<Uuid>| key.and_then(|key| ids.binary_search(&key).ok()).and_then(|known| place[known]);
        let mut faults = Vec::new();
        let mut of = Vec::with_capacity(keys.len());
        for (parent, key) in keys.iter().enumerate() {
            of.push(match of_key(key) {
                Some(at) if !objects.spans[at as usize].is_dead() => Cell::One(at),
                _ if nullable => Cell::Null,
                found => {
                    if found.is_none() {
                        let error = async_graphql::Error::from(Error::new(Code::NotFound, "this cannot be seen"));
                        faults.push(Fault {
                            at: parent,
                            way: vec![PathSegment::Field(group.key.to_owned())],
                            error: error.into_server_error(group.fields[0].pos),
                        });
                    }
                    Cell::Dead
                }
            });
        }
        for fault in std::mem::take(&mut objects.faults) {
            for (parent, key) in keys.iter().enumerate() {
                if of_key(key) == Some(fault.at as u32) {
                    let mut way = fault.way.clone();
                    way.push(PathSegment::Field(group.key.to_owned()));
                    faults.push(Fault { at: parent, way, error: fault.error.clone() });
                }
            }
        }
        Ok(Cells { objects, of, faults })
    }

    /// A short list for each parent, whole.
    async fn to_all(
        self,
        to: &'static Def,
        column: &'static str,
        order: &'static str,
        group: &Group<'a>,
        keys: &[Option<Uuid>],
    ) -> Result<Cells> {
        let parents: Vec<Uuid> = keys.iter().map(|key| key.unwrap_or_default()).collect();
        let groups = group.below(self.ctx, to.type_name);
        let mut columns = vec![column];
        let plan = Plan::new(self.ctx, to, &groups, &mut columns);
        let rows = Rows::Of { column, keys: &parents, live: true, order: Some(order) };
        let rows = self.scope.load(Select { def: to, columns: &columns, rows }).await?;
        let (rows, lists) = by_parent(rows, &parents);
        let objects = self.render(to, &plan, &groups, &rows).await?;
        Ok(lists_each(objects, &lists, group.key))
    }
}

pub(super) fn span(start: usize, end: usize) -> Span {
    Span { start: start as u32, end: end as u32 }
}

/// Writes what an edge gave a parent; false when the parent dies of it.
fn write_cell(cells: &Cells, index: usize, out: &mut Json) -> bool {
    match cells.of[index] {
        Cell::Null => out.extend_from_slice(b"null"),
        Cell::Dead => return false,
        Cell::One(at) => out.extend_from_slice(cells.objects.text(cells.objects.spans[at as usize])),
        Cell::All(from, to) => return write_list(&cells.objects, from as usize, to as usize, out),
    }
    true
}

/// Writes objects as a list; false when one of them is dead, of which a list of non-null things dies too.
pub(super) fn write_list(objects: &Objects, from: usize, to: usize, out: &mut Json) -> bool {
    out.push(b'[');
    for (place, span) in objects.spans[from..to].iter().enumerate() {
        if span.is_dead() {
            return false;
        }
        if place > 0 {
            out.push(b',');
        }
        out.extend_from_slice(objects.text(*span));
    }
    out.push(b']');
    true
}

/// Sorts rows by the parent in their first column, keeping the order within one, and tells where each parent's lie.
pub(super) fn by_parent(rows: Vec<PgRow>, parents: &[Uuid]) -> (Vec<PgRow>, Vec<(u32, u32)>) {
    let mut order: Vec<(Uuid, u32)> = parents.iter().enumerate().map(|(at, id)| (*id, at as u32)).collect();
    order.sort_unstable();
    let place = |id: Uuid| order.get(order.partition_point(|known| known.0 < id)).map_or(u32::MAX, |known| known.1);
    let mut rows: Vec<(u32, PgRow)> =
        rows.into_iter().map(|row| (uuid(&row, 0).map_or(u32::MAX, place), row)).collect();
    if !rows.is_sorted_by_key(|row| row.0) {
        rows.sort_by_key(|row| row.0);
    }
    let mut lists = vec![(0, 0); parents.len()];
    let mut at = 0;
    for chunk in rows.chunk_by(|one, next| one.0 == next.0) {
        if let Some(list) = chunk.first().and_then(|row| lists.get_mut(row.0 as usize)) {
            *list = (at, at + chunk.len() as u32);
        }
        at += chunk.len() as u32;
    }
    (rows.into_iter().map(|row| row.1).collect(), lists)
}

/// Each parent's single object: a connection always is.
fn one_each(mut objects: Objects, key: &str, nullable: bool) -> Cells {
    let of = objects.spans.iter().enumerate();
    let of = of
        .map(|(at, span)| match span.is_dead() {
            false => Cell::One(at as u32),
            true if nullable => Cell::Null,
            true => Cell::Dead,
        })
        .collect();
    let mut faults = std::mem::take(&mut objects.faults);
    for fault in &mut faults {
        fault.way.push(PathSegment::Field(key.to_owned()));
    }
    Cells { objects, of, faults }
}

/// Each parent's list.
fn lists_each(mut objects: Objects, lists: &[(u32, u32)], key: &str) -> Cells {
    let of = lists.iter().map(|(from, to)| Cell::All(*from, *to)).collect();
    let mut faults = Vec::new();
    for mut fault in std::mem::take(&mut objects.faults) {
        if let Some(parent) = lists.iter().position(|(from, to)| (*from as usize..*to as usize).contains(&fault.at)) {
            fault.way.push(PathSegment::Index(fault.at - lists[parent].0 as usize));
            fault.way.push(PathSegment::Field(key.to_owned()));
            faults.push(Fault { at: parent, ..fault });
        }
    }
    Cells { objects, of, faults }
}

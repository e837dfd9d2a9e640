//! The walk: from a plan over a declaration to the text of the answer, level by level. A level is one statement
//! for all its parents, written straight from Postgres' bytes; nothing is made per row but its text.
//!
//! This and its neighbours `plan.rs`, `selection.rs`, `handle.rs` and `register.rs`, and `pipeline/executor.rs`, are the
//! only places that use the hidden API of async-graphql (`with_field`, `param_value`, `query_env`, …), which is why
//! Cargo.toml pins its version.

use async_graphql::{ContextSelectionSet, PathSegment, Pos, ServerError};
use diesel::row::{Field, Row};
use futures_util::future::{BoxFuture, try_join_all};
use uuid::Uuid;

use super::{
    cell::{Json, close, quote},
    computed::Inputs,
    def::{Def, Edge, EdgeKind, Kinds},
    plan::{AnyKind, Below, Beyond, Columns, Level, Plan, What},
    select::{Rows, Select},
};
use crate::kernel::{
    Actor, Code, Error, Result,
    db::{PgRow, Scope},
};

/// Where the text of an object is in its level's buffer.
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

/// A failure below an object: which object of the level, the path from it (deepest first), and the error.
pub(super) struct Fault {
    pub at: usize,
    pub path: Vec<PathSegment>,
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

/// What an edge finds for each parent.
#[derive(Clone, Copy)]
enum Cell {
    Null,
    /// A non-null edge without a value: the parent becomes null.
    Dead,
    One(u32),
    /// A list, of the objects from here to there.
    All(u32, u32),
}

pub(super) struct Cells {
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
        let fault = |at| Fault { at, path: vec![PathSegment::Field(key.to_owned())], error: error.clone() };
        Self { faults: (0..parents).map(fault).collect(), ..Self::same(cell, parents) }
    }

    /// Takes what another statement found for the parents that have nothing yet.
    fn absorb(&mut self, mut other: Self) {
        let (text, spans) = (self.objects.json.len() as u32, self.objects.spans.len() as u32);
        self.objects.json.append(&mut other.objects.json);
        let moved =
            |span: Span| if span.is_dead() { span } else { Span { start: span.start + text, end: span.end + text } };
        self.objects.spans.extend(other.objects.spans.into_iter().map(moved));
        for (cell, found) in self.of.iter_mut().zip(other.of) {
            if let Cell::One(at) = found {
                *cell = Cell::One(at + spans);
            }
        }
        self.faults.append(&mut other.faults);
    }
}

/// What was fetched beside the rows of a plan, slot by slot.
pub(super) enum Fetched {
    Nothing,
    Edge(Cells),
    /// Beside an object over the same rows.
    Below(Vec<Fetched>),
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

/// An `int4`; 0 where it is null.
pub(super) fn int(row: &PgRow, at: usize) -> i32 {
    with_bytes(row, at, |bytes| bytes.and_then(|bytes| bytes.try_into().ok()).map_or(0, i32::from_be_bytes))
}

fn is_null(row: &PgRow, at: usize) -> bool {
    with_bytes(row, at, |bytes| bytes.is_none())
}

/// Writes a column, or null.
fn write(row: &PgRow, at: usize, out: &mut Json, value: impl FnOnce(&[u8], &mut Json)) {
    with_bytes(row, at, |bytes| match bytes {
        Some(bytes) => value(bytes, out),
        None => out.extend_from_slice(b"null"),
    });
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

    pub fn reaches_all(self) -> bool {
        self.scope.actor().is_platform_admin()
    }

    /// A statement under the caller's rights.
    pub fn select<'s>(self, def: &'static Def, columns: &'s Columns, rows: Rows<'s>) -> Select<'s> {
        let actor = self.scope.actor();
        Select {
            def,
            columns,
            rows,
            tenant: actor.clinic_id(),
            reaches_all: self.reaches_all(),
            permissions: actor.permissions(),
        }
    }

    async fn load_level(self, level: &Level, rows: Rows<'_>) -> Result<Vec<PgRow>> {
        self.scope.load(self.select(level.plan.def, &level.columns, rows)).await
    }

    pub async fn load(self, select: Select<'_>) -> Result<Vec<PgRow>> {
        if select.needs_replan() { self.scope.load_planned(select).await } else { self.scope.load(select).await }
    }

    /// The object with this id, if there is one. What depends on the id alone is fetched at the same time.
    pub async fn by_id(self, level: &Level, id: Uuid) -> Result<Objects> {
        let ids = [id];
        let rows = Rows::Of { column: "id", keys: &ids, live: true, order: None };
        let rows = self.load_level(level, rows);
        if !level.plan.has_edges {
            return self.render(&level.plan, &rows.await?).await;
        }
        // The row's statement is sent first, before those of the edges.
        let by_id = level.columns.places.iter().position(|place| place.table == 0 && place.sql == "id");
        let early = level.plan.slots.iter().map(|slot| async move {
            match &slot.what {
                What::Edge { at, edge, beyond } if Some(*at) == by_id => {
                    self.edge(edge, beyond, vec![Some(id)]).await.map(Some)
                }
                _ => Ok(None),
            }
        });
        let (rows, early) = futures_util::try_join!(rows, try_join_all(early))?;
        if rows.is_empty() {
            return Ok(Objects::default());
        }
        let late = self.fetch(&level.plan, &rows, by_id).await?;
        let fetched = early.into_iter().zip(late).map(|(early, late)| early.map_or(late, Fetched::Edge)).collect();
        Ok(self.written(&level.plan, &rows, fetched))
    }

    /// The objects with these ids, in the database's order, and the id of each; the first column is the id.
    pub async fn by_ids(self, level: &Level, ids: &[Uuid]) -> Result<(Objects, Vec<Uuid>)> {
        let rows = Rows::Of { column: "id", keys: ids, live: true, order: None };
        let rows = self.load_level(level, rows).await?;
        let found = rows.iter().filter_map(|row| uuid(row, 0)).collect();
        Ok((self.render(&level.plan, &rows).await?, found))
    }

    /// Writes a level: first all edges below it, at once, then row by row.
    pub async fn render(self, plan: &Plan, rows: &[PgRow]) -> Result<Objects> {
        let fetched = if plan.has_edges && !rows.is_empty() { self.fetch(plan, rows, None).await? } else { Vec::new() };
        Ok(self.written(plan, rows, fetched))
    }

    /// What the edges of a level lead to, except those by this column.
    fn fetch<'w>(self, plan: &'w Plan, rows: &'w [PgRow], but: Option<usize>) -> BoxFuture<'w, Result<Vec<Fetched>>>
    where
        'a: 'w,
    {
        Box::pin(try_join_all(plan.slots.iter().map(move |slot| async move {
            match &slot.what {
                What::Guarded { permission, .. } if !self.scope.actor().may(*permission) => Ok(Fetched::Nothing),
                what => self.fetch_one(what.unguarded(), rows, but).await,
            }
        })))
    }

    async fn fetch_one(self, what: &What, rows: &[PgRow], but: Option<usize>) -> Result<Fetched> {
        match what {
            What::Edge { at, edge, beyond } if Some(*at) != but => {
                let keys = rows.iter().map(|row| uuid(row, *at)).collect();
                self.edge(edge, beyond, keys).await.map(Fetched::Edge)
            }
            What::Reference { kind, id, any } => {
                let keys = rows.iter().map(|row| Some((self.kind(row, *kind)?, uuid(row, *id)?))).collect();
                self.reference(any, keys).await.map(Fetched::Edge)
            }
            What::Part { plan, .. } | What::Joined { plan, .. } if plan.has_edges => {
                self.fetch(plan, rows, None).await.map(Fetched::Below)
            }
            _ => Ok(Fetched::Nothing),
        }
    }

    /// The kind of object that a column names.
    fn kind(self, row: &PgRow, at: usize) -> Option<&'static Def> {
        let kinds = self.ctx.data_opt::<Kinds>()?;
        with_bytes(row, at, |bytes| kinds.get(std::str::from_utf8(bytes?).ok()?))
    }

    /// The objects that rows refer to: one statement for each kind of them.
    fn reference<'w>(self, any: &'w AnyKind, keys: Vec<Option<(&'static Def, Uuid)>>) -> BoxFuture<'w, Result<Cells>>
    where
        'a: 'w,
    {
        Box::pin(self.reference_each(any, keys))
    }

    async fn reference_each(self, any: &AnyKind, keys: Vec<Option<(&'static Def, Uuid)>>) -> Result<Cells> {
        let mut kinds: Vec<&'static Def> = keys.iter().flatten().map(|(def, _)| *def).collect();
        kinds.sort_unstable_by_key(|def| def.prefix);
        kinds.dedup_by_key(|def| def.prefix);
        let found = try_join_all(kinds.into_iter().map(|def| {
            let of_kind = |key: &Option<(&'static Def, Uuid)>| key.filter(|(of, _)| of.prefix == def.prefix);
            let ids: Vec<Option<Uuid>> = keys.iter().map(|key| of_kind(key).map(|(_, id)| id)).collect();
            async move {
                let Err(refused) = self.permitted(def) else {
                    return self.to_one(&any.level(self.ctx, def), "id", true, (&any.key, any.pos), &ids).await;
                };
                let error = async_graphql::Error::from(refused).into_server_error(any.pos);
                let mut cells = Cells::failed(&error, &any.key, true, ids.len());
                cells.faults.retain(|fault| ids[fault.at].is_some());
                Ok(cells)
            }
        }));
        let mut all = Cells::same(Cell::Null, keys.len());
        found.await?.into_iter().for_each(|cells| all.absorb(cells));
        Ok(all)
    }

    /// What an edge gives the parents with these keys.
    fn edge<'w>(self, edge: &'static Edge, beyond: &'w Beyond, keys: Vec<Option<Uuid>>) -> BoxFuture<'w, Result<Cells>>
    where
        'a: 'w,
    {
        Box::pin(async move {
            let to = (edge.to)();
            let (key, pos) = (beyond.key.as_str(), beyond.field.pos);
            if let Err(refused) = self.permitted(to) {
                // The type says null where permission may hide it (`register.rs`).
                let error = async_graphql::Error::from(refused).into_server_error(pos);
                return Ok(Cells::failed(&error, key, true, keys.len()));
            }
            match (edge.kind, &beyond.of) {
                (EdgeKind::One { nullable, .. }, Below::Objects(level)) => {
                    self.to_one(level, "id", nullable, (key, pos), &keys).await
                }
                (EdgeKind::Own { column, nullable }, Below::Objects(level)) => {
                    self.to_one(level, column, nullable, (key, pos), &keys).await
                }
                (EdgeKind::All { column, order }, Below::Objects(level)) => {
                    self.to_all(level, column, order, key, &keys).await
                }
                (EdgeKind::Page { column, list }, Below::Pages(connection)) => {
                    let field = self.ctx.with_field(&beyond.field);
                    match (list.read)(&field) {
                        Ok(page) => {
                            let parents: Vec<Uuid> = keys.iter().map(|key| key.unwrap_or_default()).collect();
                            let connections = self.connections(connection, &page, Some((column, &parents))).await?;
                            Ok(one_each(connections, key, to.read.is_some()))
                        }
                        Err(error) => Ok(Cells::failed(&error, key, to.read.is_some(), keys.len())),
                    }
                }
                // Written with the row itself; and a plan fits the edge it was made for.
                _ => Ok(Cells::same(Cell::Dead, keys.len())),
            }
        })
    }

    /// One object at most for each parent, found by a column of the other side.
    async fn to_one(
        self,
        level: &Level,
        column: &'static str,
        nullable: bool,
        (name, pos): (&str, Pos),
        keys: &[Option<Uuid>],
    ) -> Result<Cells> {
        let mut ids: Vec<Uuid> = keys.iter().flatten().copied().collect();
        ids.sort_unstable();
        ids.dedup();
        if ids.is_empty() {
            return Ok(Cells::same(if nullable { Cell::Null } else { Cell::Dead }, keys.len()));
        }
        let rows = Rows::Of { column, keys: &ids, live: false, order: None };
        let rows = self.load_level(level, rows).await?;
        let mut place: Vec<Option<u32>> = vec![None; ids.len()];
        for (index, row) in rows.iter().enumerate() {
            if let Some(known) = uuid(row, 0).and_then(|id| ids.binary_search(&id).ok()) {
                place[known] = Some(index as u32);
            }
        }
        let mut objects = self.render(&level.plan, &rows).await?;
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
                        faults.push(unseen(parent, name, pos));
                    }
                    Cell::Dead
                }
            });
        }
        for fault in std::mem::take(&mut objects.faults) {
            for (parent, key) in keys.iter().enumerate() {
                if of_key(key) == Some(fault.at as u32) {
                    let mut path = fault.path.clone();
                    path.push(PathSegment::Field(name.to_owned()));
                    faults.push(Fault { at: parent, path, error: fault.error.clone() });
                }
            }
        }
        Ok(Cells { objects, of, faults })
    }

    /// A short list for each parent, whole.
    async fn to_all(
        self,
        level: &Level,
        column: &'static str,
        order: &'static str,
        name: &str,
        keys: &[Option<Uuid>],
    ) -> Result<Cells> {
        let parents: Vec<Uuid> = keys.iter().map(|key| key.unwrap_or_default()).collect();
        let rows = Rows::Of { column, keys: &parents, live: true, order: Some(order) };
        let rows = self.load_level(level, rows).await?;
        let (rows, lists) = by_parent(rows, &parents);
        let objects = self.render(&level.plan, &rows).await?;
        Ok(lists_each(objects, &lists, name))
    }

    /// The objects of a level, with what was fetched beside them.
    fn written(self, plan: &Plan, rows: &[PgRow], mut fetched: Vec<Fetched>) -> Objects {
        let Objects { json, mut spans, mut faults } = Objects::with_room(rows.len() * 256);
        collect_faults(plan, &mut fetched, &mut faults);
        let mut writer = Writer { actor: self.scope.actor(), out: json, faults };
        for (index, row) in rows.iter().enumerate() {
            let start = writer.out.len();
            let alive = writer.object(plan, row, index, &fetched);
            spans.push(if alive { span(start, writer.out.len()) } else { DEAD });
        }
        Objects { json: writer.out, spans, faults: writer.faults }
    }
}

/// The failure of an object that must be there and is not seen.
fn unseen(at: usize, key: &str, pos: Pos) -> Fault {
    let error =
        async_graphql::Error::from(Error::new(Code::NotFound, "the object does not exist or you may not see it"));
    Fault { at, path: vec![PathSegment::Field(key.to_owned())], error: error.into_server_error(pos) }
}

/// Takes the faults of what was fetched, as the objects of the plan see them.
fn collect_faults(plan: &Plan, fetched: &mut [Fetched], faults: &mut Vec<Fault>) {
    for (slot, fetched) in plan.slots.iter().zip(fetched) {
        match (fetched, slot.what.unguarded()) {
            (Fetched::Edge(cells), _) => faults.append(&mut cells.faults),
            (Fetched::Below(below), What::Part { key, plan, .. } | What::Joined { key, plan, .. }) => {
                let before = faults.len();
                collect_faults(plan, below, faults);
                under(key, &mut faults[before..]);
            }
            _ => {}
        }
    }
}

/// Faults of an object, as seen from the object that has it under this key.
fn under(key: &str, faults: &mut [Fault]) {
    for fault in faults {
        fault.path.push(PathSegment::Field(key.to_owned()));
    }
}

/// Writes the objects of a level, one after the other.
struct Writer<'w> {
    actor: &'w Actor,
    out: Json,
    faults: Vec<Fault>,
}

impl Writer<'_> {
    /// Writes an object; false if it is null because a non-null field failed.
    fn object(&mut self, plan: &Plan, row: &PgRow, index: usize, fetched: &[Fetched]) -> bool {
        let start = self.out.len();
        let mut alive = true;
        for (place, slot) in plan.slots.iter().enumerate() {
            self.out.extend_from_slice(&slot.head);
            alive &= match &slot.what {
                What::Column { at, column } => {
                    write(row, *at, &mut self.out, column.write);
                    true
                }
                What::TypeName => {
                    quote(plan.def.type_name.as_bytes(), &mut self.out);
                    true
                }
                what => self.value(what, row, index, fetched.get(place)),
            };
        }
        close(&mut self.out, start);
        alive
    }

    /// Writes the value of a field; false if the object is null because of it.
    fn value(&mut self, what: &What, row: &PgRow, index: usize, fetched: Option<&Fetched>) -> bool {
        match what {
            What::Column { at, column } => write(row, *at, &mut self.out, column.write),
            What::Objects { at, selected } => {
                write(row, *at, &mut self.out, |bytes, out| selected.write_column(bytes, out));
            }
            What::Computed { key, pos, at, computed } => {
                if let Err(error) = (computed.write)(self.actor, &mut Inputs::new(row, at), &mut self.out) {
                    self.fail(index, key, *pos, Error::internal(error.to_string()));
                    return false;
                }
            }
            What::Guarded { permission, key, pos, what } => match self.actor.require(*permission) {
                Ok(()) => return self.value(what, row, index, fetched),
                Err(refused) => {
                    self.fail(index, key, *pos, refused);
                    self.null();
                }
            },
            What::Part { present: Some(present), .. } if is_null(row, *present) => self.null(),
            What::Part { key, plan, .. } => return self.below(key, plan, row, index, fetched),
            What::Joined { key, pos, present, nullable, plan } => {
                let start = self.out.len();
                let there = !is_null(row, *present);
                if there && self.below(key, plan, row, index, fetched) {
                    return true;
                }
                if *nullable {
                    self.out.truncate(start);
                    self.null();
                    return true;
                }
                if !there {
                    self.faults.push(unseen(index, key, *pos));
                }
                return false;
            }
            What::Edge { .. } | What::Reference { .. } => match fetched {
                Some(Fetched::Edge(cells)) => return write_cell(cells, index, &mut self.out),
                _ => return false,
            },
            What::TypeName | What::Unknown => self.null(),
        }
        true
    }

    fn null(&mut self) {
        self.out.extend_from_slice(b"null");
    }

    fn fail(&mut self, at: usize, key: &str, pos: Pos, error: Error) {
        let error = async_graphql::Error::from(error).into_server_error(pos);
        self.faults.push(Fault { at, path: vec![PathSegment::Field(key.to_owned())], error });
    }

    /// Writes an object under a key of another.
    fn below(&mut self, key: &str, plan: &Plan, row: &PgRow, index: usize, fetched: Option<&Fetched>) -> bool {
        let before = self.faults.len();
        let fetched = match fetched {
            Some(Fetched::Below(below)) => below.as_slice(),
            _ => &[],
        };
        let alive = self.object(plan, row, index, fetched);
        under(key, &mut self.faults[before..]);
        alive
    }
}

pub(super) fn span(start: usize, end: usize) -> Span {
    Span { start: start as u32, end: end as u32 }
}

/// Writes what an edge found for a parent; false if the parent is null because of it.
fn write_cell(cells: &Cells, index: usize, out: &mut Json) -> bool {
    match cells.of[index] {
        Cell::Null => out.extend_from_slice(b"null"),
        Cell::Dead => return false,
        Cell::One(at) => out.extend_from_slice(cells.objects.text(cells.objects.spans[at as usize])),
        Cell::All(from, to) => return write_list(&cells.objects, from as usize, to as usize, out),
    }
    true
}
/// Writes objects as a list; false if one of them is null, since then the list of non-null items is null too.
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

/// Sorts rows by the parent in their first column, in their order within each, and returns where each parent's are.
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
        fault.path.push(PathSegment::Field(key.to_owned()));
    }
    Cells { objects, of, faults }
}

/// Each parent's list.
fn lists_each(mut objects: Objects, lists: &[(u32, u32)], key: &str) -> Cells {
    let of = lists.iter().map(|(from, to)| Cell::All(*from, *to)).collect();
    let mut faults = Vec::new();
    for mut fault in std::mem::take(&mut objects.faults) {
        if let Some(parent) = lists.iter().position(|(from, to)| (*from as usize..*to as usize).contains(&fault.at)) {
            fault.path.push(PathSegment::Index(fault.at - lists[parent].0 as usize));
            fault.path.push(PathSegment::Field(key.to_owned()));
            faults.push(Fault { at: parent, ..fault });
        }
    }
    Cells { objects, of, faults }
}

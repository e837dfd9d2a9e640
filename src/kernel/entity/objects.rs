//! The written objects of a level, and which of them belong to which parent.

use async_graphql::{PathSegment, Pos, ServerError};
use uuid::Uuid;

use super::{cell::Json, row::uuid};
use crate::kernel::{Code, Error, db::PgRow};

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
pub(super) enum Found {
    Null,
    /// A non-null edge without a value: the parent becomes null.
    Dead,
    One(u32),
    /// A list, of the objects from here to there.
    All(u32, u32),
}

pub(super) struct PerParent {
    pub objects: Objects,
    pub of: Vec<Found>,
    /// Faults as the parents see them.
    pub faults: Vec<Fault>,
}

impl PerParent {
    pub fn same(cell: Found, parents: usize) -> Self {
        Self { objects: Objects::default(), of: vec![cell; parents], faults: Vec::new() }
    }

    /// The same failure for every parent.
    pub fn failed(error: &ServerError, key: &str, nullable: bool, parents: usize) -> Self {
        let cell = if nullable { Found::Null } else { Found::Dead };
        let fault = |at| Fault { at, path: vec![PathSegment::Field(key.to_owned())], error: error.clone() };
        Self { faults: (0..parents).map(fault).collect(), ..Self::same(cell, parents) }
    }

    /// Takes what another statement found for the parents that have nothing yet.
    pub fn absorb(&mut self, mut other: Self) {
        let (text, spans) = (self.objects.json.len() as u32, self.objects.spans.len() as u32);
        self.objects.json.append(&mut other.objects.json);
        let moved =
            |span: Span| if span.is_dead() { span } else { Span { start: span.start + text, end: span.end + text } };
        self.objects.spans.extend(other.objects.spans.into_iter().map(moved));
        for (cell, found) in self.of.iter_mut().zip(other.of) {
            if let Found::One(at) = found {
                *cell = Found::One(at + spans);
            }
        }
        self.faults.append(&mut other.faults);
    }
}

/// What was fetched beside the rows of a plan, slot by slot.
pub(super) enum Fetched {
    Nothing,
    Edge(PerParent),
    /// Beside an object over the same rows.
    Below(Vec<Fetched>),
}

pub(super) fn span(start: usize, end: usize) -> Span {
    Span { start: start as u32, end: end as u32 }
}

/// Writes what an edge found for a parent; false if the parent is null because of it.
pub(super) fn write_found(found: &PerParent, index: usize, out: &mut Json) -> bool {
    match found.of[index] {
        Found::Null => out.extend_from_slice(b"null"),
        Found::Dead => return false,
        Found::One(at) => out.extend_from_slice(found.objects.text(found.objects.spans[at as usize])),
        Found::All(from, to) => return write_list(&found.objects, from as usize, to as usize, out),
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
pub(super) fn one_each(mut objects: Objects, key: &str, nullable: bool) -> PerParent {
    let of = objects.spans.iter().enumerate();
    let of = of
        .map(|(at, span)| match span.is_dead() {
            false => Found::One(at as u32),
            true if nullable => Found::Null,
            true => Found::Dead,
        })
        .collect();
    let mut faults = std::mem::take(&mut objects.faults);
    for fault in &mut faults {
        fault.path.push(PathSegment::Field(key.to_owned()));
    }
    PerParent { objects, of, faults }
}

/// Each parent's list.
pub(super) fn lists_each(mut objects: Objects, lists: &[(u32, u32)], key: &str) -> PerParent {
    let of = lists.iter().map(|(from, to)| Found::All(*from, *to)).collect();
    let mut faults = Vec::new();
    for mut fault in std::mem::take(&mut objects.faults) {
        if let Some(parent) = lists.iter().position(|(from, to)| (*from as usize..*to as usize).contains(&fault.at)) {
            fault.path.push(PathSegment::Index(fault.at - lists[parent].0 as usize));
            fault.path.push(PathSegment::Field(key.to_owned()));
            faults.push(Fault { at: parent, ..fault });
        }
    }
    PerParent { objects, of, faults }
}

/// The failure of an object that must be there and is not seen.
pub(super) fn unseen(at: usize, key: &str, pos: Pos) -> Fault {
    let error =
        async_graphql::Error::from(Error::new(Code::NotFound, "the object does not exist or you may not see it"));
    Fault { at, path: vec![PathSegment::Field(key.to_owned())], error: error.into_server_error(pos) }
}

//! Reads the objects of a plan and returns the text of the answer, level by level. A level is one statement for all its
//! parents, written straight from Postgres' bytes; nothing is allocated for a row but its text.
//!
//! This and its neighbours `plan.rs`, `selection.rs`, `handle.rs` and `register.rs`, and `pipeline/executor.rs`, are the
//! only places that use the hidden API of async-graphql (`with_field`, `param_value`, `query_env`, …), which is why
//! Cargo.toml pins its version.

use async_graphql::{ContextSelectionSet, PathSegment, Pos};
use futures_util::future::{BoxFuture, try_join_all};
use uuid::Uuid;

use super::{
    computed::Caller,
    def::{Def, Edge, EdgeKind, Kinds},
    objects::{DEAD, Fault, Fetched, Found, Objects, PerParent, by_parent, lists_each, one_each, span, unseen},
    plan::{AnyKind, Below, Beyond, Columns, Level, Plan, What},
    row::{uuid, with_bytes},
    select::{Rows, Select},
    writer::{Writer, collect_faults},
};
use crate::kernel::{
    Result,
    db::{PgRow, Scope},
    links::Links,
};

/// Reads objects under one scope. Every failed statement fails the whole operation: its transaction is broken.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a> {
    pub ctx: &'a ContextSelectionSet<'a>,
    pub scope: &'a Scope,
}

impl<'a> Reader<'a> {
    /// Whether the caller may read the entity at all.
    pub fn permitted(self, def: &Def) -> Result<()> {
        match def.read {
            Some(permission) => self.scope.actor().require(permission),
            None => Ok(()),
        }
    }

    /// A statement under the caller's rights.
    pub fn select<'s>(self, def: &'static Def, columns: &'s Columns, rows: Rows<'s>) -> Select<'s> {
        let actor = self.scope.actor();
        Select {
            def,
            columns,
            rows,
            tenant: actor.clinic_id(),
            permissions: actor.permissions(),
            caller: actor.person().ok().map(|person| person.user_id),
            readable: if def.about.is_some() { self.readable() } else { Vec::new() },
        }
    }

    /// The kinds of objects that the caller may read.
    fn readable(self) -> Vec<&'static str> {
        self.ctx.data_opt::<Kinds>().map(|kinds| kinds.readable(self.scope.actor())).unwrap_or_default()
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
    fn reference<'w>(
        self,
        any: &'w AnyKind,
        keys: Vec<Option<(&'static Def, Uuid)>>,
    ) -> BoxFuture<'w, Result<PerParent>>
    where
        'a: 'w,
    {
        Box::pin(self.reference_each(any, keys))
    }

    async fn reference_each(self, any: &AnyKind, keys: Vec<Option<(&'static Def, Uuid)>>) -> Result<PerParent> {
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
                let mut failed = PerParent::failed(&error, &any.key, true, ids.len());
                failed.faults.retain(|fault| ids[fault.at].is_some());
                Ok(failed)
            }
        }));
        let mut all = PerParent::same(Found::Null, keys.len());
        found.await?.into_iter().for_each(|found| all.absorb(found));
        Ok(all)
    }

    /// What an edge gives the parents with these keys.
    fn edge<'w>(
        self,
        edge: &'static Edge,
        beyond: &'w Beyond,
        keys: Vec<Option<Uuid>>,
    ) -> BoxFuture<'w, Result<PerParent>>
    where
        'a: 'w,
    {
        Box::pin(async move {
            let to = (edge.to)();
            let (key, pos) = (beyond.key.as_str(), beyond.field.pos);
            if let Err(refused) = self.permitted(to) {
                // The type says null where permission may hide it (`register.rs`).
                let error = async_graphql::Error::from(refused).into_server_error(pos);
                return Ok(PerParent::failed(&error, key, true, keys.len()));
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
                        Err(error) => Ok(PerParent::failed(&error, key, to.read.is_some(), keys.len())),
                    }
                }
                // Written with the row itself; and a plan fits the edge it was made for.
                _ => Ok(PerParent::same(Found::Dead, keys.len())),
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
    ) -> Result<PerParent> {
        let mut ids: Vec<Uuid> = keys.iter().flatten().copied().collect();
        ids.sort_unstable();
        ids.dedup();
        if ids.is_empty() {
            return Ok(PerParent::same(if nullable { Found::Null } else { Found::Dead }, keys.len()));
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
                Some(at) if !objects.spans[at as usize].is_dead() => Found::One(at),
                _ if nullable => Found::Null,
                found => {
                    if found.is_none() {
                        faults.push(unseen(parent, name, pos));
                    }
                    Found::Dead
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
        Ok(PerParent { objects, of, faults })
    }

    /// A short list for each parent, whole.
    async fn to_all(
        self,
        level: &Level,
        column: &'static str,
        order: &'static str,
        name: &str,
        keys: &[Option<Uuid>],
    ) -> Result<PerParent> {
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
        let mut writer =
            Writer { caller: Caller::new(self.scope.actor(), self.ctx.data_opt::<Links>()), out: json, faults };
        for (index, row) in rows.iter().enumerate() {
            let start = writer.out.len();
            let alive = writer.object(plan, row, index, &fetched);
            spans.push(if alive { span(start, writer.out.len()) } else { DEAD });
        }
        Objects { json: writer.out, spans, faults: writer.faults }
    }
}

//! What resolvers return: handles that name rows, which are read when the answer is made.

use std::{borrow::Cow, marker::PhantomData, sync::Arc};

use async_graphql::{
    Context, ContextSelectionSet, InputType, OutputType, PathSegment, Positioned, ServerError, ServerResult, Value,
    parser::types::Field, registry::Registry,
};
use futures_util::future::BoxFuture;
use uuid::Uuid;

use super::{
    def::{Argument, Def, Entity, FixedOrder, List},
    plan::{Connection, Level, Plans},
    read::Reader,
    register::{self, input_argument},
    select::Condition,
    selection::Group,
};
use crate::kernel::{
    Error, Id, RequestOf, Result,
    db::Scope,
    page::{PageSpec, Sort, Window},
};

/// The four arguments of a connection, as a resolver takes them.
pub type PageArgs = Window;

/// An entity that has lists with a filter and orders.
#[diagnostic::on_unimplemented(message = "`{Self}` has no lists", note = "declare `filter!` and `orders!` of it")]
pub trait Listable: Entity {
    type Filter: InputType + Default;
    type Order: InputType + Default + Into<Sort>;

    /// What rows must fulfil, also without a filter.
    fn conditions(filter: Self::Filter) -> Result<Vec<Condition>>;
}

impl List {
    /// A connection with one fixed order and no filter.
    #[must_use]
    pub const fn feed<O: FixedOrder>() -> Self {
        Self { arguments: |_| Vec::new(), read: |ctx| read_feed(ctx, O::Of::def().type_name, O::SORT) }
    }

    /// A connection with the filter and orders of its entity.
    #[must_use]
    pub const fn of<E: Listable>() -> Self {
        Self { arguments: list_arguments::<E>, read: read_list::<E> }
    }
}

/// One object that exists: if the caller cannot see it, that is an error.
#[derive(Debug)]
pub struct One<E> {
    id: Uuid,
    under: Option<Arc<Scope>>,
    of: PhantomData<fn() -> E>,
}

impl<E> One<E> {
    #[must_use]
    pub fn of(id: Id<E>) -> Self {
        Self { id: id.uuid(), under: None, of: PhantomData }
    }

    /// Read under another scope than the operation's.
    #[must_use]
    pub fn under(mut self, scope: Arc<Scope>) -> Self {
        self.under = Some(scope);
        self
    }
}

/// One object, or null when there is none that the caller may see.
#[derive(Debug)]
pub struct Maybe<E>(Option<One<E>>);

impl<E> Maybe<E> {
    #[must_use]
    pub fn of(id: Option<Id<E>>) -> Self {
        Self(id.map(One::of))
    }

    /// Read under another scope than the operation's.
    #[must_use]
    pub fn under(self, scope: Arc<Scope>) -> Self {
        Self(self.0.map(|one| one.under(scope)))
    }
}

/// A page of a list; null, with an error, where permission hides it.
pub struct Page<E>(Result<PageSpec>, PhantomData<fn() -> E>);

impl<E: Entity> Page<E> {
    /// A refused argument fails the field alone: the list is null.
    #[must_use]
    pub fn of(page: Result<PageSpec>) -> Self {
        Self(page, PhantomData)
    }
}

impl<E: Listable> Page<E> {
    /// A page of the entity's list.
    #[must_use]
    pub fn list(window: Window, filter: Option<E::Filter>, order: Option<E::Order>) -> Self {
        Self::of(list_page::<E>(window, filter, order))
    }
}

pub(super) fn list_page<E: Listable>(
    window: Window,
    filter: Option<E::Filter>,
    order: Option<E::Order>,
) -> Result<PageSpec> {
    let conditions = E::conditions(filter.unwrap_or_default())?;
    window.page(E::def().type_name, order.unwrap_or_default().into(), conditions)
}

/// Any object by an id of any kind, or null.
#[derive(Debug)]
pub struct AnyNode(pub Option<(&'static Def, Uuid)>);

fn list_arguments<E: Listable>(registry: &mut Registry) -> Vec<Argument> {
    vec![
        input_argument::<Option<E::Filter>>(registry, "filter", "Returns only the items that match every given field."),
        input_argument::<Option<E::Order>>(
            registry,
            "order",
            "Order of the list; items that are equal in it are ordered by id.",
        ),
    ]
}

fn read_window(ctx: &Context<'_>) -> ServerResult<Window> {
    Ok(Window {
        first: ctx.param_value("first", None)?.1,
        after: ctx.param_value("after", None)?.1,
        last: ctx.param_value("last", None)?.1,
        before: ctx.param_value("before", None)?.1,
    })
}

fn read_list<E: Listable>(ctx: &Context<'_>) -> ServerResult<PageSpec> {
    let filter = ctx.param_value::<Option<E::Filter>>("filter", None)?.1;
    let order = ctx.param_value::<Option<E::Order>>("order", None)?.1;
    list_page::<E>(read_window(ctx)?, filter, order).map_err(|error| at(ctx, error))
}

/// A connection with one order and no filter; its cursors are bound to the sort column alone.
fn read_feed(ctx: &Context<'_>, list: &'static str, sort: Sort) -> ServerResult<PageSpec> {
    read_window(ctx)?.page(list, sort, Vec::new()).map_err(|error| at(ctx, error))
}

fn at(ctx: &Context<'_>, error: Error) -> ServerError {
    async_graphql::Error::from(error).into_server_error(ctx.item.pos)
}

/// What a handle leads to.
enum Target<'a> {
    Object(Uuid),
    List(&'a PageSpec),
}

/// What objects found by their ids take.
fn level(ctx: &ContextSelectionSet<'_>, def: &'static Def, group: &Group<'_>) -> Level {
    Level::new(ctx, def, &group.below(ctx, def.type_name), &["id"], true)
}

/// Reads the text of a field's value; `None` is null. Boxed, since every resolver's future would otherwise be as
/// large as this one.
fn answer<'w>(
    ctx: &'w ContextSelectionSet<'w>,
    field: &'w Positioned<Field>,
    def: &'static Def,
    target: Target<'w>,
    under: Option<&'w Scope>,
) -> BoxFuture<'w, ServerResult<Option<Value>>> {
    Box::pin(read(ctx, field, def, target, under))
}

async fn read(
    ctx: &ContextSelectionSet<'_>,
    field: &Positioned<Field>,
    def: &'static Def,
    target: Target<'_>,
    under: Option<&Scope>,
) -> ServerResult<Option<Value>> {
    let fail = |error: Error| ctx.set_error_path(async_graphql::Error::from(error).into_server_error(field.pos));
    let scope = match under {
        Some(scope) => scope,
        None => ctx.scope().map_err(fail)?,
    };
    let reader = Reader { ctx, scope };
    reader.permitted(def).map_err(fail)?;
    let group = Group { key: &field.node.response_key().node, fields: vec![field] };
    let objects = match target {
        Target::Object(id) => {
            let level = Plans::of(ctx, field, def, || level(ctx, def, &group));
            reader.by_id(&level, id).await
        }
        Target::List(page) => {
            let connection = Plans::of(ctx, field, def, || Connection::new(ctx, def, &group, "id"));
            reader.connections(&connection, page, None).await
        }
    };
    let mut objects = objects.map_err(fail)?;
    let faults = std::mem::take(&mut objects.faults);
    let is_empty = objects.spans.is_empty();
    let value = objects.into_first().map(|text| Value::Binary(text.into()));
    let mut faults = faults.into_iter().map(|fault| {
        let error = ctx.set_error_path(fault.error);
        let path = error.path.iter().cloned().chain(fault.path.into_iter().rev()).collect::<Vec<PathSegment>>();
        error.with_path(path)
    });
    // The last failure of an object that became null is returned with it; the others are added as errors.
    if value.is_none()
        && !is_empty
        && let Some(last) = faults.next()
    {
        faults.for_each(|error| ctx.add_error(error));
        return Err(last);
    }
    faults.for_each(|error| ctx.add_error(error));
    Ok(value)
}

impl<E: Entity> OutputType for One<E> {
    fn type_name() -> Cow<'static, str> {
        Cow::Borrowed(E::def().type_name)
    }

    fn create_type_info(registry: &mut Registry) -> String {
        format!("{}!", register::entity(E::def(), registry))
    }

    async fn resolve(&self, ctx: &ContextSelectionSet<'_>, field: &Positioned<Field>) -> ServerResult<Value> {
        answer(ctx, field, E::def(), Target::Object(self.id), self.under.as_deref()).await?.ok_or_else(|| {
            let error = Error::not_found(E::PREFIX);
            ctx.set_error_path(async_graphql::Error::from(error).into_server_error(field.pos))
        })
    }
}

impl<E: Entity> OutputType for Maybe<E> {
    fn type_name() -> Cow<'static, str> {
        Cow::Borrowed(E::def().type_name)
    }

    fn qualified_type_name() -> String {
        E::def().type_name.to_owned()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        register::entity(E::def(), registry).to_owned()
    }

    async fn resolve(&self, ctx: &ContextSelectionSet<'_>, field: &Positioned<Field>) -> ServerResult<Value> {
        let Some(one) = &self.0 else { return Ok(Value::Null) };
        nullable(ctx, answer(ctx, field, E::def(), Target::Object(one.id), one.under.as_deref()).await)
    }
}

impl<E: Entity> OutputType for Page<E> {
    fn type_name() -> Cow<'static, str> {
        Cow::Owned(format!("{}Connection", E::def().type_name))
    }

    fn qualified_type_name() -> String {
        Self::type_name().into_owned()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        register::connection(E::def(), registry)
    }

    async fn resolve(&self, ctx: &ContextSelectionSet<'_>, field: &Positioned<Field>) -> ServerResult<Value> {
        let page = match &self.0 {
            Ok(page) => page,
            Err(error) => {
                let error = async_graphql::Error::from(error.clone()).into_server_error(field.pos);
                return nullable(ctx, Err(ctx.set_error_path(error)));
            }
        };
        nullable(ctx, answer(ctx, field, E::def(), Target::List(page), None).await)
    }
}

impl OutputType for AnyNode {
    fn type_name() -> Cow<'static, str> {
        Cow::Borrowed("Node")
    }

    fn qualified_type_name() -> String {
        "Node".to_owned()
    }

    fn introspection_type_name(&self) -> Cow<'static, str> {
        Cow::Borrowed(self.0.map_or("Node", |(def, _)| def.type_name))
    }

    fn create_type_info(registry: &mut Registry) -> String {
        register::node(registry);
        "Node".to_owned()
    }

    async fn resolve(&self, ctx: &ContextSelectionSet<'_>, field: &Positioned<Field>) -> ServerResult<Value> {
        let Some((def, id)) = self.0 else { return Ok(Value::Null) };
        nullable(ctx, answer(ctx, field, def, Target::Object(id), None).await)
    }
}

/// Objects by ids of any kinds, in the order of the ids: one statement a kind. Null for each not seen.
#[derive(Debug)]
pub struct AnyNodes(pub Vec<(&'static Def, Uuid)>);

impl OutputType for AnyNodes {
    fn type_name() -> Cow<'static, str> {
        Cow::Borrowed("[Node]")
    }

    fn create_type_info(registry: &mut Registry) -> String {
        register::node(registry);
        Self::qualified_type_name()
    }

    async fn resolve(&self, ctx: &ContextSelectionSet<'_>, field: &Positioned<Field>) -> ServerResult<Value> {
        let fail = |error: Error| ctx.set_error_path(async_graphql::Error::from(error).into_server_error(field.pos));
        let reader = Reader { ctx, scope: ctx.scope().map_err(fail)? };
        let group = Group { key: &field.node.response_key().node, fields: vec![field] };
        let mut kinds: Vec<&'static Def> = self.0.iter().map(|(def, _)| *def).collect();
        kinds.sort_unstable_by_key(|def| def.prefix);
        kinds.dedup_by_key(|def| def.prefix);
        let mut texts = vec![Value::Null; self.0.len()];
        for def in kinds {
            let places = || self.0.iter().enumerate().filter(|(_, (of, _))| of.prefix == def.prefix);
            let note = |place: usize, path: Vec<PathSegment>, error: ServerError| {
                let error = ctx.set_error_path(error);
                let path = error
                    .path
                    .iter()
                    .cloned()
                    .chain([PathSegment::Index(place)])
                    .chain(path.into_iter().rev())
                    .collect();
                ctx.add_error(error.with_path(path));
            };
            if let Err(refused) = reader.permitted(def) {
                places().for_each(|(place, _)| note(place, Vec::new(), fail(refused.clone())));
                continue;
            }
            let ids: Vec<Uuid> = places().map(|(_, (_, id))| *id).collect();
            let level = Plans::of(ctx, field, def, || level(ctx, def, &group));
            let (objects, found) = reader.by_ids(&level, &ids).await.map_err(fail)?;
            for (place, (_, id)) in places() {
                let at = found.iter().position(|known| known == id);
                if let Some(text) = at.and_then(|at| objects.get(at)) {
                    texts[place] = Value::Binary(text.to_vec().into());
                }
                for fault in objects.faults.iter().filter(|fault| Some(fault.at) == at) {
                    note(place, fault.path.clone(), fault.error.clone());
                }
            }
        }
        Ok(Value::List(texts))
    }
}

/// A failed nullable field is null with its error beside it.
pub(super) fn nullable(ctx: &ContextSelectionSet<'_>, answered: ServerResult<Option<Value>>) -> ServerResult<Value> {
    Ok(answered
        .unwrap_or_else(|error| {
            ctx.add_error(error);
            None
        })
        .unwrap_or(Value::Null))
}

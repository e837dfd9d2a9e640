//! Drafts: the values that an insert or an update is going to write. A draft of changes keeps only values that differ from
//! the row, names them for the event, and writes nothing if none differs.

use std::marker::PhantomData;

use chrono::{DateTime, Utc};
use diesel::{
    pg::Pg,
    query_builder::{QueryFragment, QueryId},
    serialize::ToSql,
    sql_types::{HasSqlType, Nullable, Timestamptz},
};
use diesel_async::{AsyncConnectionCore, AsyncPgConnection};
use uuid::Uuid;

use super::{
    Clearable, HasState, Int, Items, Patch, State, Stored, Text,
    statement::{Insert, Update, Value},
};
use crate::kernel::{
    Error, Id, Result,
    db::Scope,
    entity::{Entity, camel},
    error::constraint_of,
    events::{Audience, Event, EventKind},
};

/// Values for a new row of an entity, or for one that is there.
#[must_use = "a draft is written by insert or update"]
pub struct Draft<'a, E> {
    /// The row as it is; none for a new one.
    before: Option<&'a E>,
    id: Uuid,
    clinic: Option<Uuid>,
    values: Vec<Value>,
    /// Fields of the API that change although no column of the row does.
    also: Vec<&'static str>,
    parent: Option<Uuid>,
    audience: Audience,
    of: PhantomData<fn() -> E>,
}

impl<'a, E: Stored> Draft<'a, E> {
    pub(super) fn of_new(clinic: Option<Uuid>) -> Self {
        let id = Uuid::now_v7();
        let mut values = vec![Value::id("id", id)];
        if let (Some(clinic), Some(column)) = (clinic, E::def().tenant) {
            values.push(Value::id(column, clinic));
        }
        Self { values, ..Self::empty(None, id, clinic) }
    }

    pub(super) fn of_row(row: &'a E) -> Self {
        Self::empty(Some(row), row.id().uuid(), row.clinic())
    }

    fn empty(before: Option<&'a E>, id: Uuid, clinic: Option<Uuid>) -> Self {
        Self {
            before,
            id,
            clinic,
            values: Vec::new(),
            also: Vec::new(),
            parent: None,
            audience: Audience::Clinic,
            of: PhantomData,
        }
    }

    /// The id that the row has or is going to have.
    #[must_use]
    pub fn row_id(&self) -> Id<E> {
        Id::from_uuid(self.id)
    }

    /// The row as it is.
    #[must_use]
    pub fn before(&self) -> Option<&'a E> {
        self.before
    }

    /// Whether nothing would be written.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Sets a column of the struct; the setters that `entity!` makes call this.
    pub fn assign<S, T>(mut self, column: &'static str, read: impl FnOnce(&E) -> &T, value: Option<T>) -> Self
    where
        S: 'static,
        Pg: HasSqlType<S>,
        T: ToSql<S, Pg> + PartialEq + Send + Sync + 'static,
    {
        let Some(value) = value else { return self };
        self.values.retain(|known| known.column != column);
        if self.before.is_none_or(|row| *read(row) != value) {
            self.values.push(Value::new::<S, T>(column, value));
        }
        self
    }

    /// Sets a column that the struct does not have.
    pub fn set<C, T>(mut self, _: C, value: T) -> Self
    where
        C: diesel::Column<SqlType: 'static>,
        Pg: HasSqlType<C::SqlType>,
        T: ToSql<C::SqlType, Pg> + Send + Sync + 'static,
    {
        self.values.retain(|known| known.column != C::NAME);
        self.values.push(Value::new::<C::SqlType, T>(C::NAME, value));
        self
    }

    pub(super) fn timestamp(mut self, column: &'static str, value: Option<DateTime<Utc>>) -> Self {
        self.values.retain(|known| known.column != column);
        self.values.push(Value::new::<Nullable<Timestamptz>, _>(column, value));
        self
    }

    /// Gives a new row this id, for data that is the same in every database.
    pub fn with_id(mut self, id: Id<E>) -> Self {
        self.id = id.uuid();
        self.values.retain(|known| known.column != "id");
        self.values.push(Value::id("id", self.id));
        self
    }

    /// Dates a new row back, for data that represents earlier work.
    pub fn dated(self, created_at: DateTime<Utc>) -> Self {
        let draft = self.timestamp("created_at", Some(created_at));
        // A row that can change counts its versions, and has the time of the last change.
        if E::COLUMNS.contains(&"version") { draft.timestamp("updated_at", Some(created_at)) } else { draft }
    }

    /// Drafts a transition to another state, with its stamps; nothing if the object is in that state.
    pub fn move_to<S: State>(self, to: S, now: DateTime<Utc>) -> Result<Self>
    where
        E: HasState<S>,
    {
        E::draft_state(self, to, now)
    }

    /// Names a field of the API that changes with the row, although it comes from elsewhere.
    pub fn also(mut self, field: &'static str) -> Self {
        self.also.push(field);
        self
    }

    /// Names the object that the row is part of, for those who subscribe to that object.
    pub fn within<P>(mut self, parent: Id<P>) -> Self {
        self.parent = Some(parent.uuid());
        self
    }

    /// Limits who may learn of the event.
    pub fn only_for(mut self, audience: Audience) -> Self {
        self.audience = audience;
        self
    }

    fn event(&self, event: Event) -> Event {
        let event = event.to(self.audience);
        match self.parent {
            Some(parent) => event.within(parent),
            None => event,
        }
    }

    /// Writes the new row and the event; returns its id.
    pub async fn insert(self, scope: &Scope, event: impl Announce<E> + Copy) -> Result<Id<E>> {
        let id = self.row_id();
        Self::insert_all(scope, vec![self], event).await?;
        Ok(id)
    }

    /// Writes several new rows in one statement, and an event for each.
    pub async fn insert_all(scope: &Scope, drafts: Vec<Self>, event: impl Announce<E> + Copy) -> Result<()> {
        if drafts.is_empty() {
            return Ok(());
        }
        for draft in &drafts {
            if let Some(event) = event.of(draft.row_id(), draft.clinic) {
                draft.event(event).push(scope);
            }
        }
        let rows: Vec<_> = drafts.into_iter().map(|draft| draft.values).collect();
        let columns: Vec<_> = rows.iter().flatten().map(|value| value.column).collect();
        execute::<E>(scope, &columns, Insert { def: E::def(), rows }).await?;
        Ok(())
    }

    /// Writes what differs and the event that names it; false if nothing differs, and then nothing is written.
    pub async fn update(self, scope: &Scope, event: impl Announce<E>) -> Result<bool> {
        if self.values.is_empty() {
            return Ok(false);
        }
        if let Some(event) = event.of(self.row_id(), self.clinic) {
            self.event(event).changed(self.changed()).push(scope);
        }
        let columns: Vec<_> = self.values.iter().map(|value| value.column).collect();
        let update = Update { def: E::def(), id: self.id, clinic: self.clinic, values: self.values };
        execute::<E>(scope, &columns, update).await?;
        Ok(true)
    }

    /// The fields of the API that change, in the order of the declaration.
    fn changed(&self) -> Vec<&'static str> {
        let columns: Vec<_> = self.values.iter().map(|value| value.column).collect();
        let mut changed = self.also.clone();
        changed.extend(E::def().fields_of(&columns));
        if self.before.and_then(Stored::row_version).is_some() {
            // The database counts the version and stamps the time.
            for field in ["updatedAt", "version"] {
                if !changed.contains(&field) {
                    changed.push(field);
                }
            }
        }
        changed
    }
}

/// What a write announces: a declared kind of event, or [`NoEvent`].
pub trait Announce<E> {
    fn of(self, row: Id<E>, clinic: Option<Uuid>) -> Option<Event>;
}

/// Announces nothing, for rows that nobody listens to.
#[derive(Debug, Clone, Copy)]
pub struct NoEvent;

impl<E> Announce<E> for NoEvent {
    fn of(self, _: Id<E>, _: Option<Uuid>) -> Option<Event> {
        None
    }
}

impl<E, K: EventKind<Subject = E>> Announce<E> for K {
    fn of(self, row: Id<E>, clinic: Option<Uuid>) -> Option<Event> {
        Some(Event::of(self, row, clinic))
    }
}

/// Runs a statement that writes these columns of an entity's table. A violated constraint that the entity declares
/// becomes `DUPLICATE`: at the field that would have to differ, or at the whole input if it has no such field, as that of
/// restoring a row.
pub(super) async fn execute<E: Entity>(
    scope: &Scope,
    columns: &[&str],
    statement: impl QueryFragment<Pg> + QueryId + Send,
) -> Result<usize> {
    let tx = scope.tx().await?;
    let mut connection: &AsyncPgConnection = tx.conn()?;
    AsyncConnectionCore::execute_returning_count(&mut connection, statement).await.map_err(|error| {
        let unique =
            constraint_of(&error).and_then(|name| E::def().unique.iter().find(|unique| unique.constraint == name));
        match unique {
            Some(unique) if columns.contains(&unique.field) => {
                Error::duplicate(&format!("input.{}", camel(unique.field)), unique.message)
            }
            Some(unique) => Error::duplicate("input", unique.message),
            None => error.into(),
        }
    })
}

/// What a setter takes: a value of the column's type, or a field of an input that becomes one. None leaves the column
/// alone.
#[diagnostic::on_unimplemented(
    message = "a column of the type `{T}` cannot be set to a value of the type `{Self}`",
    note = "in the `columns` of an input, a column that cannot be null takes a `Patch`, one that can a `Clearable`",
    note = "text, whole numbers and lists with bounds are `Text<MAX>`, `Int<MIN, MAX>` and `Items<T, MIN, MAX>`"
)]
pub trait Assign<T> {
    fn assign(self) -> Option<T>;
}

impl<T> Assign<T> for T {
    fn assign(self) -> Option<T> {
        Some(self)
    }
}

impl<T> Assign<Option<T>> for T {
    fn assign(self) -> Option<Option<T>> {
        Some(Some(self))
    }
}

impl<T> Assign<T> for Patch<T> {
    fn assign(self) -> Option<T> {
        match self {
            Self::Absent => None,
            Self::Value(value) => Some(value),
        }
    }
}

impl<T> Assign<Option<T>> for Clearable<T> {
    fn assign(self) -> Option<Option<T>> {
        match self {
            Self::Absent => None,
            Self::Null => Some(None),
            Self::Value(value) => Some(Some(value)),
        }
    }
}

impl Assign<String> for &str {
    fn assign(self) -> Option<String> {
        Some(self.to_owned())
    }
}

impl Assign<Option<String>> for &str {
    fn assign(self) -> Option<Option<String>> {
        Some(Some(self.to_owned()))
    }
}

/// The same for a type with bounds, which becomes the plain type of the column.
macro_rules! assign_bounded {
    ($([$($generics:tt)*] $bounded:ty => $plain:ty : |$value:ident| $plainly:expr;)+) => {$(
        impl<$($generics)*> From<$bounded> for $plain {
            fn from($value: $bounded) -> Self {
                $plainly
            }
        }

        impl<$($generics)*> Assign<$plain> for $bounded {
            fn assign(self) -> Option<$plain> {
                Some(self.into())
            }
        }

        impl<$($generics)*> Assign<Option<$plain>> for $bounded {
            fn assign(self) -> Option<Option<$plain>> {
                Some(Some(self.into()))
            }
        }

        impl<$($generics)*> Assign<Option<$plain>> for Option<$bounded> {
            fn assign(self) -> Option<Option<$plain>> {
                Some(self.map(Into::into))
            }
        }

        impl<$($generics)*> Assign<$plain> for Patch<$bounded> {
            fn assign(self) -> Option<$plain> {
                Assign::<$bounded>::assign(self).map(Into::into)
            }
        }

        impl<$($generics)*> Assign<Option<$plain>> for Clearable<$bounded> {
            fn assign(self) -> Option<Option<$plain>> {
                Assign::<Option<$bounded>>::assign(self).map(|value| value.map(Into::into))
            }
        }
    )+};
}
assign_bounded! {
    [const MAX: usize] Text<MAX> => String: |text| text.into_string();
    [const MIN: i32, const MAX: i32] Int<MIN, MAX> => i32: |number| number.get();
    [T, const MIN: usize, const MAX: usize] Items<T, MIN, MAX> => Vec<T>: |items| items.0;
}

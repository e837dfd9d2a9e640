//! Rows that Rust code reads, locks and changes.

use diesel::{QueryableByName, pg::Pg};
use uuid::Uuid;

use super::{
    Announce, Draft,
    statement::{Delete, Read},
};
use crate::kernel::{Error, Id, Result, db::Scope, entity::Entity};

/// An entity whose row is read into its struct; `entity!` implements it.
pub trait Stored: Entity + QueryableByName<Pg> + Sized + 'static {
    /// The columns of the struct.
    const COLUMNS: &'static [&'static str];

    fn id(&self) -> Id<Self>;

    /// The clinic that the row belongs to; none for a row of the platform.
    fn clinic(&self) -> Option<Uuid>;

    /// The version of the row; none if its table does not count any.
    fn row_version(&self) -> Option<i32>;

    /// Drafts a new row of a clinic.
    fn new_in<C>(clinic: Id<C>) -> Draft<'static, Self> {
        Draft::of_new(Some(clinic.uuid()))
    }

    /// Drafts a new row of the platform.
    fn new_row() -> Draft<'static, Self> {
        Draft::of_new(None)
    }

    /// Drafts changes to this row.
    fn edit(&self) -> Draft<'_, Self> {
        Draft::of_row(self)
    }

    /// Reads a row and locks it until the transaction ends: `NOT_FOUND` if the caller may not know of it,
    /// `STALE_OBJECT` if it has another version than expected.
    fn lock(
        scope: &Scope,
        id: Id<Self>,
        expected_version: impl Into<Option<i32>>,
    ) -> impl Future<Output = Result<Self>> + Send {
        let read = Read { by: "id", key: id.uuid(), live: self::live::<Self>(), locks: true };
        locked(scope, read, expected_version.into())
    }

    /// As [`Stored::lock`], by another column that is unique.
    fn lock_by(
        scope: &Scope,
        column: &'static str,
        key: impl Into<Uuid>,
        expected_version: impl Into<Option<i32>>,
    ) -> impl Future<Output = Result<Self>> + Send {
        locked(scope, Read { by: column, key: key.into(), live: live::<Self>(), locks: true }, expected_version.into())
    }

    /// As [`Stored::lock`], for a row that was archived.
    fn lock_archived(
        scope: &Scope,
        id: Id<Self>,
        expected_version: impl Into<Option<i32>>,
    ) -> impl Future<Output = Result<Self>> + Send {
        let read = Read { by: "id", key: id.uuid(), live: Some("deleted_at is not null"), locks: true };
        locked(scope, read, expected_version.into())
    }

    /// Reads a row without locking it; none if the caller may not know of it.
    fn find(scope: &Scope, id: Id<Self>) -> impl Future<Output = Result<Option<Self>>> + Send {
        read(scope, Read { by: "id", key: id.uuid(), live: live::<Self>(), locks: false })
    }

    /// Removes the row for good.
    fn remove(&self, scope: &Scope, event: impl Announce<Self> + Send) -> impl Future<Output = Result<()>> + Send {
        let (id, clinic) = (self.id(), self.clinic());
        let event = event.of(id, clinic);
        async move {
            let delete = Delete { def: Self::def(), id: id.uuid(), clinic };
            super::draft::execute::<Self>(scope, &[], delete).await?;
            if let Some(event) = event {
                event.push(scope);
            }
            Ok(())
        }
    }

    /// Archives the row: lists and look-ups leave it out, references to it still find it.
    fn archive(&self, scope: &Scope, event: impl Announce<Self> + Send) -> impl Future<Output = Result<()>> + Send {
        let draft = self.edit().timestamp("deleted_at", Some(scope.now()));
        async move { draft.update(scope, event).await.map(|_| ()) }
    }

    /// Brings an archived row back.
    fn restore(&self, scope: &Scope, event: impl Announce<Self> + Send) -> impl Future<Output = Result<()>> + Send {
        let draft = self.edit().timestamp("deleted_at", None);
        async move { draft.update(scope, event).await.map(|_| ()) }
    }
}

fn live<E: Entity>() -> Option<&'static str> {
    E::def().live
}

async fn read<E: Stored>(scope: &Scope, read: Read) -> Result<Option<E>> {
    let rows = scope.load(read.of::<E>(scope.actor().clinic_id())).await?;
    rows.first().map(E::build).transpose().map_err(Error::internal)
}

async fn locked<E: Stored>(scope: &Scope, of: Read, expected_version: Option<i32>) -> Result<E> {
    let row = read::<E>(scope, of).await?.ok_or_else(|| Error::not_found(&E::def().noun()))?;
    match (expected_version, row.row_version()) {
        (Some(expected), Some(version)) if expected != version => Err(Error::stale(version)),
        _ => Ok(row),
    }
}

//! What imports and integrations do with identifiers of other systems.

use diesel::{ExpressionMethods, OptionalExtension, QueryDsl, upsert::excluded};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::ExternalReference;
use crate::{
    clinic::Clinic,
    kernel::{Id, Result, db::Scope, entity::Entity},
    schema::external_references as rows,
};

/// An object that has an identifier in another system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Linked {
    /// Kind of the object: the prefix of its ids.
    pub kind: String,
    pub id: Uuid,
}

impl Linked {
    /// The id, if the object is of this kind.
    #[must_use]
    pub fn of<E: Entity>(&self) -> Option<Id<E>> {
        (self.kind == E::PREFIX).then(|| Id::from_uuid(self.id))
    }
}

/// Notes the identifier that an object of a clinic has in another system. It may be noted already; if another object had it,
/// this one has it from now on.
pub async fn link<E: Entity>(
    scope: &Scope,
    clinic: Id<Clinic>,
    (system, value): (&str, &str),
    object: Id<E>,
) -> Result<()> {
    let row = (
        rows::id.eq(Id::<ExternalReference>::new()),
        rows::clinic_id.eq(clinic),
        rows::system.eq(system),
        rows::value.eq(value),
        rows::subject_type.eq(E::PREFIX),
        rows::subject_id.eq(object.uuid()),
    );
    let link = diesel::insert_into(rows::table)
        .values(row)
        .on_conflict((rows::clinic_id, rows::system, rows::value))
        .do_update()
        .set((rows::subject_type.eq(excluded(rows::subject_type)), rows::subject_id.eq(excluded(rows::subject_id))));
    link.execute(&mut scope.tx().await?.conn()?).await?;
    Ok(())
}

/// The object of a clinic that has an identifier in another system; none if none has.
pub async fn find(scope: &Scope, clinic: Id<Clinic>, system: &str, value: &str) -> Result<Option<Linked>> {
    let linked = rows::table
        .filter(rows::clinic_id.eq(clinic))
        .filter(rows::system.eq(system))
        .filter(rows::value.eq(value))
        .select((rows::subject_type, rows::subject_id));
    let linked: Option<(String, Uuid)> = linked.first(&mut scope.tx().await?.conn()?).await.optional()?;
    Ok(linked.map(|(kind, id)| Linked { kind, id }))
}

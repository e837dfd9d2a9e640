//! Demo data: the number of a provider of each clinic in its record system.

use super::ExternalReference;
use crate::{
    clinic::Clinic,
    kernel::{
        Id, Result,
        db::Scope,
        demo::Demo,
        entity::Entity,
        write::{Draft, NoEvent},
    },
};

/// Gives an object of each clinic the same number.
pub async fn load<E: Entity>(scope: &Scope, demo: &mut Demo, objects: &[(Id<Clinic>, Id<E>)]) -> Result<()> {
    let references = objects.iter().map(|(clinic, object)| {
        demo.new_in::<ExternalReference, _>(*clinic)
            .system("oscar")
            .value("1001")
            .subject_type(E::PREFIX)
            .subject_id(object.uuid())
    });
    let references = references.collect();
    Draft::insert_all(scope, references, NoEvent).await
}

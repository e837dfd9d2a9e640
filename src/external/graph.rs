//! The look-up by an identifier of another system, and the mutations.

use async_graphql::{Context, Object, SimpleObject};
use diesel::{
    OptionalExtension, QueryableByName, sql_query,
    sql_types::{Nullable, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::{ExternalReference, find};
use crate::{
    clinic::Clinic,
    input,
    kernel::{
        Code, Error, Id, Permission, RequestOf, Result,
        db::Scope,
        entity::{AnyNode, Def, EdgeKind, Entity, Kinds, One},
        ids::AnyId,
        request::service,
        write::{Input, NoEvent, Stored, Text},
    },
};

#[derive(Debug, Default)]
pub struct ExternalQuery;

#[Object]
impl ExternalQuery {
    /// Object that has an identifier in another system. Null if there is none that the caller may see.
    async fn by_external_id(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Name of the other system, such as `oscar`.")] system: String,
        #[graphql(desc = "Identifier of the object in the other system.")] value: String,
        #[graphql(
            desc = "Clinic that the object belongs to. Administrators of the platform must name it; others may leave it out."
        )]
        clinic_id: Option<Id<Clinic>>,
    ) -> Result<AnyNode> {
        let scope = ctx.scope()?;
        scope.actor().person()?;
        let acting = scope.actor().clinic_id().map(Id::from_uuid);
        let clinic = acting.or(clinic_id);
        let clinic = clinic.ok_or_else(|| Error::invalid("clinicId", "administrators must name the clinic"))?;
        if clinic_id.is_some_and(|named| named != clinic) {
            return Ok(AnyNode(None));
        }
        let found = find(scope, clinic, &system, &value).await?;
        let kinds = service::<Kinds>(ctx)?;
        let readable = kinds.readable(scope.actor());
        let found = found.filter(|found| readable.contains(&found.kind.as_str()));
        Ok(AnyNode(found.and_then(|found| Some((kinds.get(&found.kind)?, found.id)))))
    }
}

input! {
    /// Identifier in another system that is going to be added to an object.
    AddExternalReferenceInput {
        /// Object that has the identifier: an object of a type with the field `externalIds`.
        subject_id: AnyId,
        /// Name of the other system in lower-case letters, digits, dots, hyphens and underscores, such as `oscar`. Numbers that
        /// a system gives to different kinds of objects at the same time need a name for each kind, such as `oscar-provider`.
        system: Text<50>,
        /// Identifier of the object in the other system, which no other object of the clinic has there.
        value: Text<200>,
    }
}

/// Result of adding an identifier in another system.
#[derive(SimpleObject)]
pub struct AddExternalReferencePayload {
    /// Reference that was added.
    external_reference: One<ExternalReference>,
}

input! {
    /// Identifier in another system that is going to be removed from its object.
    RemoveExternalReferenceInput {
        /// Identifier of the reference itself.
        external_reference_id: Id<ExternalReference>,
    }
}

/// Result of removing an identifier in another system.
#[derive(SimpleObject)]
pub struct RemoveExternalReferencePayload {
    /// Identifier of the reference that was removed.
    removed_external_reference_id: Id<ExternalReference>,
    /// Clinic that the reference belonged to.
    clinic: One<Clinic>,
}

#[derive(Debug, Default)]
pub struct ExternalMutation;

#[Object]
impl ExternalMutation {
    /// Adds to an object the identifier that it has in another system; `DUPLICATE` if an object of the clinic has it already.
    /// Needs the permission `CLINIC_MANAGE`.
    async fn add_external_reference(
        &self,
        ctx: &Context<'_>,
        input: Input<AddExternalReferenceInput>,
    ) -> Result<AddExternalReferencePayload> {
        let scope = ctx.permitted(Permission::ClinicManage)?;
        let (input, mut problems) = input.check()?;
        let message = "must have lower-case letters, digits, dots, hyphens and underscores only, and begin with a letter or digit";
        problems.check(is_name(input.system.as_str()), "input.system", message);
        problems.done()?;
        let def = kind(service::<Kinds>(ctx)?, &input.subject_id)?;
        let clinic = clinic_of(scope, def, input.subject_id.uuid).await?;
        let reference = ExternalReference::new_in(clinic)
            .system(input.system)
            .value(input.value)
            .subject_type(def.prefix)
            .subject_id(input.subject_id.uuid)
            .insert(scope, NoEvent)
            .await?;
        Ok(AddExternalReferencePayload { external_reference: One::of(reference) })
    }

    /// Removes from an object the identifier that it has in another system. Needs the permission `CLINIC_MANAGE`.
    async fn remove_external_reference(
        &self,
        ctx: &Context<'_>,
        input: Input<RemoveExternalReferenceInput>,
    ) -> Result<RemoveExternalReferencePayload> {
        let scope = ctx.permitted(Permission::ClinicManage)?;
        let reference = ExternalReference::find(scope, input.valid()?.external_reference_id).await?;
        let readable = service::<Kinds>(ctx)?.readable(scope.actor());
        let reference = reference.filter(|reference| readable.contains(&reference.subject_type.as_str()));
        let reference = reference.ok_or_else(|| Error::not_found("external reference"))?;
        reference.remove(scope, NoEvent).await?;
        let (removed_external_reference_id, clinic) = (reference.id, One::of(reference.clinic_id));
        Ok(RemoveExternalReferencePayload { removed_external_reference_id, clinic })
    }
}

fn is_name(system: &str) -> bool {
    let is_plain = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit();
    system.starts_with(is_plain) && system.chars().all(|letter| is_plain(letter) || matches!(letter, '.' | '_' | '-'))
}

/// The kind of object that an id names, if its objects show identifiers of other systems.
fn kind(kinds: &Kinds, id: &AnyId) -> Result<&'static Def> {
    let shows = |def: &&'static Def| {
        let is_shown = |edge: &crate::kernel::entity::Edge| {
            matches!(edge.kind, EdgeKind::All { .. }) && (edge.to)().prefix == ExternalReference::def().prefix
        };
        def.tenant.is_some() && def.edges.iter().any(is_shown)
    };
    let prefix = id.prefix.as_deref();
    let def = prefix.and_then(|prefix| kinds.get(prefix)).filter(shows);
    def.ok_or_else(|| {
        let message = "must be the id of an object that has the field externalIds, with its prefix";
        Error::invalid_value(Code::InvalidId, "input.subjectId", message)
    })
}

#[derive(QueryableByName)]
struct Found {
    #[diesel(sql_type = SqlUuid)]
    clinic_id: Uuid,
}

/// The clinic of an object; `NOT_FOUND` if the caller may not know of the object.
async fn clinic_of(scope: &Scope, def: &'static Def, id: Uuid) -> Result<Id<Clinic>> {
    let not_found = || Error::not_found(&def.noun());
    def.read.map_or(Ok(()), |permission| scope.actor().require(permission)).map_err(|_| not_found())?;
    let tenant = def.tenant.unwrap_or("id");
    let live = def.live.unwrap_or("true");
    let table = def.table;
    // Of the caller's clinic, or of any for an administrator.
    let own = if scope.actor().clinic_id().is_some() { format!("{tenant} = $2") } else { "$2 is null".to_owned() };
    let found = sql_query(format!("select {tenant} as clinic_id from {table} where {own} and id = $1 and {live}"));
    let found = found.bind::<SqlUuid, _>(id).bind::<Nullable<SqlUuid>, _>(scope.actor().clinic_id());
    let found: Option<Found> = found.get_result(&mut scope.tx().await?.conn()?).await.optional()?;
    Ok(Id::from_uuid(found.ok_or_else(not_found)?.clinic_id))
}

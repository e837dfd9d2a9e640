//! Requesting an export, which the mutations of other modules do.

use super::{ExportEventKind, ExportFormat, ExportJob, Exported, kind::store_parameters, run::RunExport};
use crate::{
    access::user_id,
    clinic::Clinic,
    jobs::Work,
    kernel::{
        Error, Id, Permission, Result,
        db::Scope,
        error::FieldProblem,
        events::Event,
        rate::{
            HOUR, OperationRates, Rate,
            RateSubject::{Clinic as OfClinic, Person},
        },
        write::{NoEvent, Stored},
    },
};

/// How often exports can be requested.
pub const RATES: [OperationRates; 2] = [
    OperationRates::of("requestTicketExport", &[Rate::per(Person, 30, HOUR), Rate::per(OfClinic, 60, HOUR)]),
    OperationRates::of("requestAuditExport", &[Rate::per(Person, 30, HOUR)]),
];

/// How the file is written.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    pub format: ExportFormat,
    pub has_byte_order_mark: bool,
}

/// Requests an export of a kind for the caller: in their clinic or, for an administrator, of the platform. Needs `DATA_EXPORT`
/// and the permission of the kind. Whatever the parameters say, only rows that the caller may read when the job runs are in it.
pub async fn request<E: Exported>(scope: &Scope, parameters: E::Parameters, options: Options) -> Result<Id<ExportJob>> {
    let actor = scope.actor();
    actor.require(Permission::DataExport)?;
    actor.require(E::PERMISSION)?;
    let stored = store_parameters(&parameters)?;
    // The conditions are made once to learn what is wrong with the parameters.
    E::conditions(parameters).map_err(in_input)?;
    let (person, clinic) = (actor.person()?, actor.clinic_id());
    let draft = ExportJob::new_in(Id::<Clinic>::from_uuid(clinic.unwrap_or_default()))
        .requested_by_user_id(user_id(person))
        .kind(E::KIND)
        .format(options.format)
        .has_byte_order_mark(options.has_byte_order_mark)
        .parameters(stored)
        .created_at(scope.now());
    let id = draft.insert(scope, NoEvent).await?;
    Event::of(ExportEventKind::Requested, id, clinic).for_user(person.user_id).push(scope);
    let job = RunExport { export_job_id: id };
    let job = match clinic {
        Some(clinic) => job.in_clinic(Id::from_uuid(clinic)),
        None => job.of_platform(),
    };
    // The key is what `upkeep.rs` looks for.
    job.unless_waiting(id.uuid().to_string()).enqueue(scope).await?;
    Ok(id)
}

/// Problems of a filter, at their paths in the input of the mutation.
fn in_input(error: Error) -> Error {
    if error.fields().is_empty() {
        return error;
    }
    let within = |field: &FieldProblem| FieldProblem { path: format!("input.{}", field.path), ..field.clone() };
    Error::invalid_fields(error.fields().iter().map(within).collect())
}

//! Audit events.

use chrono::{DateTime, Utc};

use crate::{
    access::User,
    clinic::Clinic,
    entity, filter, json_object,
    kernel::{
        Error, Id, Result,
        entity::{DateTimeRange, JsonList},
        error::Problems,
        ids::AnyId,
        text::EmailAddress,
    },
    orders,
    schema::audit_events,
    text_enum,
};

text_enum! {
    /// Kind of actor that did something.
    ActorKind {
        /// A person of a clinic acted.
        Tenant = "tenant",
        /// An administrator of the platform acted.
        Admin = "admin",
        /// An auditor of a clinic acted.
        Auditor = "auditor",
        /// A patient acted in the portal.
        Patient = "patient",
        /// A research partner acted.
        Partner = "partner",
        /// The server itself acted.
        System = "system",
        /// A person with direct access to the database acted.
        Owner = "owner",
    }
}

text_enum! {
    /// Kind of action on an object.
    AuditVerb {
        /// The object was created.
        Create = "create",
        /// The object was changed.
        Update = "update",
        /// The object was removed.
        Delete = "delete",
        /// The object was viewed.
        View = "view",
        /// A sign-in as the object, a user, was refused.
        SignIn = "sign_in",
        /// A mutation was refused to the caller, whose session is the object.
        Attempt = "attempt",
    }
}

json_object! {
    /// Change of one field of an object.
    AuditChange {
        /// Field of the object, as the API names it; of a column that the API does not show, its name in camel case.
        field: String,
        /// Value before the change as JSON. Null if there was none or if it is redacted.
        before: Option<serde_json::Value>,
        /// Value after the change as JSON. Null if there is none or if it is redacted.
        after: Option<serde_json::Value>,
        /// Whether the values are left out of the audit trail because they are secrets or free text.
        redacted: bool = "false",
    }
}

entity! {
    /// Entry of the audit trail: an action on an object. The database writes it in the transaction of the action, and
    /// nobody can alter it. Needs the permission `AUDIT_READ`.
    AuditEvent "audit_event" of audit_events, tenant clinic_id, read AuditRead;
    columns {
        /// Identifier of the audit event.
        id: Id<AuditEvent>,
        /// Time of the action.
        occurred_at: DateTime<Utc>,
        /// Kind of actor that did it.
        actor_kind: ActorKind,
        /// Email address of the actor at the time of the action; of a failed sign-in by nobody who is signed in, that of the
        /// account that was tried. Null for the server, and if no account was tried.
        actor_email: Option<EmailAddress>,
        /// Kind of action that was done.
        verb: AuditVerb,
        /// Mutation that did it, or the word job and the kind of the job that did it. Null for other work of the server and for
        /// direct access to the database.
        operation: Option<String>,
        /// Kind of object that was acted on, as in the prefix of its id.
        resource_type: String,
        /// Changes of the object, by field.
        changes: JsonList<AuditChange>,
        /// User agent of the request. Null if there was none.
        user_agent: Option<String>,
        /// Identifier of the request, or of the job. Null if there was neither.
        request_id: Option<String>,
        /// Whether the action succeeded; refused attempts are recorded too where they matter.
        success: bool,
        /// Reason that the actor gave, or for which the action was refused. Null if there is none.
        reason: Option<String>,
    }
    inside {
        clinic_id: Id<Clinic>,
    }
    derived {
        /// Sequence number in the order of writing, as a string since it can exceed Int. Gaps come from transactions that
        /// were rolled back.
        seq: String = "seq::text",
        /// Identifier of the object that was acted on. Null if there is none.
        resource_id: Option<AnyId> = "resource_type || '_' || resource_id",
        /// Identifier of the patient concerned. Null if no patient is concerned.
        patient_id: Option<AnyId> = "'patient_' || patient_id",
        /// IP address of the request. Null if there was none.
        ip: Option<String> = "host(ip)",
    }
    edges {
        /// User who did it. Null for the server, and if the user is no longer visible to the caller.
        actor: maybe User by actor_user_id,
        /// Clinic concerned. Null if the action concerns the platform.
        clinic: maybe Clinic by clinic_id,
        /// Object that was created, changed, removed or viewed, as it is now.
        resource: any Node by resource_type, resource_id,
    }
}

orders! {
    /// Order of a list of audit events.
    AuditEventOrder by AuditEventOrderField, usually OccurredAt Desc;
    /// Time of the action.
    OccurredAt = "occurred_at" as Timestamptz,
}

filter! {
    /// Conditions on a list of audit events; all of them must hold. `verb` and `resourceType` only narrow a list: one of
    /// the other fields must be given as well.
    AuditEventFilter of AuditEvent in audit_events, order AuditEventOrder, checked by complete {
        /// Clinic that the event belongs to.
        clinic_id: equal(clinic_id: Id<Clinic>),
        /// User who did the action.
        actor_user_id: equal(actor_user_id: Id<User>),
        /// Patient whom the action concerns.
        patient_id: equal(patient_id: AnyId),
        /// Object that was acted on.
        resource_id: equal(resource_id: AnyId),
        /// Kind of object that was acted on, as in the prefix of its id.
        resource_type: equal(resource_type: String),
        /// Kind of action that was done.
        verb: equal(verb: AuditVerb),
        /// Times between which the event occurred.
        occurred_at: range(occurred_at: DateTimeRange),
    }
}

/// Refuses a filter that no index serves, and takes the kind of object from a typed id.
fn complete(filter: &mut AuditEventFilter) -> Result<()> {
    // A range without a beginning leaves all older events.
    let is_anchored = filter.clinic_id.is_some()
        || filter.actor_user_id.is_some()
        || filter.patient_id.is_some()
        || filter.resource_id.is_some()
        || filter.occurred_at.is_some_and(|range| range.from.is_some());
    let mut problems = Problems::default();
    let path = if filter.verb.is_some() { "filter.verb" } else { "filter.resourceType" };
    let narrows = filter.verb.is_some() || filter.resource_type.is_some();
    let message = "needs clinicId, actorUserId, patientId, resourceId or occurredAt.from beside it";
    problems.check(!narrows || is_anchored, path, message);
    problems.done()?;
    if let Some(AnyId { prefix: Some(prefix), .. }) = &filter.patient_id
        && prefix != "patient"
    {
        return Err(Error::wrong_kind("patient", prefix));
    }
    if let Some(AnyId { prefix: Some(prefix), .. }) = &filter.resource_id {
        let kind = filter.resource_type.get_or_insert_with(|| prefix.clone());
        if kind != prefix {
            return Err(Error::wrong_kind(kind, prefix));
        }
    }
    Ok(())
}

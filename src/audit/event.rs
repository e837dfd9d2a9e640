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
    },
    orders, queries,
    schema::audit_events,
    text_enum,
};

text_enum! {
    /// What kind of actor did something.
    ActorKind {
        /// Somebody of a clinic.
        Tenant = "tenant",
        /// A platform administrator.
        Admin = "admin",
        /// A patient.
        Patient = "patient",
        /// The server itself.
        System = "system",
        /// Somebody who works on the database itself.
        Owner = "owner",
    }
}

text_enum! {
    /// What was done to a row.
    AuditVerb {
        /// It was made.
        Create = "create",
        /// It was changed.
        Update = "update",
        /// It was removed.
        Delete = "delete",
        /// It was looked at.
        View = "view",
    }
}

json_object! {
    /// A column that changed.
    AuditChange {
        /// The column, as the database spells it.
        field: String,
        /// What it held before, as JSON; null for nothing, and where it is redacted.
        before: Option<serde_json::Value>,
        /// What it held after, as JSON; null for nothing, and where it is redacted.
        after: Option<serde_json::Value>,
        /// Whether its values are kept out of the trail: it holds secrets or free text.
        redacted: bool = "false",
    }
}

entity! {
    /// Who did what to which row. Written by the database in the transaction of the change; nobody can alter it. Needs the
    /// permission `AUDIT_READ`.
    AuditEvent "audit_event" of audit_events, tenant clinic_id, read AuditRead;
    columns {
        /// The event's id.
        id: Id<AuditEvent>,
        /// When.
        occurred_at: DateTime<Utc>,
        /// What kind of actor did it.
        actor_kind: ActorKind,
        /// Their e-mail address at that time; null for the system.
        actor_email: Option<String>,
        /// What was done.
        verb: AuditVerb,
        /// The field of the API that did it; null for jobs and hands.
        operation: Option<String>,
        /// The kind of row, as in its id.
        resource_type: String,
        /// What changed, by column.
        changes: JsonList<AuditChange>,
        /// Program the request came from; null for none.
        user_agent: Option<String>,
        /// The request; null for none.
        request_id: Option<String>,
        /// Whether it was done; a refused attempt is kept too where that matters.
        success: bool,
        /// The reason given, where one is asked for; null for none.
        reason: Option<String>,
    }
    inside {
        clinic_id: Option<Id<Clinic>>,
    }
    derived {
        /// Counts up in the order of writing; a string, as it outgrows Int. Gaps come from what was rolled back.
        seq: String = "seq::text",
        /// The row; null where there is none. Give it to node while the row is there.
        resource_id: Option<AnyId> = "resource_type || '_' || resource_id",
        /// The patient concerned; null for none.
        patient_id: Option<AnyId> = "'patient_' || patient_id",
        /// Address the request came from; null for none.
        ip: Option<String> = "host(ip)",
    }
    edges {
        /// Who did it; null for the system, and when they cannot be seen any more.
        actor: maybe User by actor_user_id,
        /// The clinic concerned; null for the platform.
        clinic: maybe Clinic by clinic_id,
    }
}

orders! {
    /// The order of a list of audit events.
    AuditEventOrder by AuditEventOrderField, usually OccurredAt Desc;
    /// By when it happened.
    OccurredAt = "occurred_at" as Timestamptz,
}

filter! {
    /// Conditions on a list of audit events; all of them must hold. `verb` and `resourceType` only narrow a list: one of
    /// the other fields must be given as well.
    AuditEventFilter of AuditEvent in audit_events, order AuditEventOrder, checked by complete {
        /// Clinic that the event belongs to.
        clinic_id: equal(clinic_id: Id<Clinic>),
        /// User who acted.
        actor_user_id: equal(actor_user_id: Id<User>),
        /// Patient concerned.
        patient_id: equal(patient_id: AnyId),
        /// Object that was acted on.
        resource_id: equal(resource_id: AnyId),
        /// Kind of object that was acted on, as in the prefix of its id.
        resource_type: equal(resource_type: String),
        /// Kind of action.
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

queries! {
    /// Reads of the audit trail.
    AuditReads;
    list {
        /// The audit trail. Null, with an error, without the permission `AUDIT_READ`.
        audit_events: AuditEvent,
    }
}

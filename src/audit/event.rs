//! Audit events.

use async_graphql::InputObject;
use chrono::{DateTime, Utc};
use diesel::ExpressionMethods;

use crate::{
    access::User,
    clinic::Clinic,
    entity, json_object,
    kernel::{
        Error, Id, Result,
        entity::{Condition, JsonList, Listable, condition},
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
    derived {
        /// Counts up in the order of writing; a string, as it outgrows Int. Gaps come from what was rolled back.
        seq: String = "seq::text",
        /// Identifier of the row, which may have been removed since; null if the event concerns no row.
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
        /// Object that was created, changed, removed or viewed, as it is now.
        resource: any Node by resource_type, resource_id,
    }
}

orders! {
    /// The order of a list of audit events.
    AuditEventOrder by AuditEventOrderField, usually OccurredAt Desc;
    /// By when it happened.
    OccurredAt = "occurred_at" as Timestamptz,
}

/// Which audit events. `verb` and `resourceType` only narrow further: one of the other fields must stand beside them.
#[derive(Debug, Default, InputObject)]
pub struct AuditEventFilter {
    /// Of this clinic.
    pub clinic_id: Option<Id<Clinic>>,
    /// By this user.
    pub actor_user_id: Option<Id<User>>,
    /// Of this patient.
    pub patient_id: Option<AnyId>,
    /// To this row.
    pub resource_id: Option<AnyId>,
    /// To rows of this kind, as in their ids.
    pub resource_type: Option<String>,
    /// Where this was done.
    pub verb: Option<AuditVerb>,
    /// Not before this.
    pub since: Option<DateTime<Utc>>,
    /// Before this.
    pub until: Option<DateTime<Utc>>,
}

impl AuditEventFilter {
    /// Whether an index can find what is asked for; `until` alone leaves everything before it.
    fn is_anchored(&self) -> bool {
        self.clinic_id.is_some()
            || self.actor_user_id.is_some()
            || self.patient_id.is_some()
            || self.resource_id.is_some()
            || self.since.is_some()
    }
}

impl Listable for AuditEvent {
    type Filter = AuditEventFilter;
    type Order = AuditEventOrder;

    fn conditions(mut filter: AuditEventFilter) -> Result<Vec<Condition>> {
        use audit_events as e;
        let mut problems = Problems::default();
        let narrows = if filter.verb.is_some() { "filter.verb" } else { "filter.resourceType" };
        let needs = filter.verb.is_some() || filter.resource_type.is_some();
        let told = "give clinicId, actorUserId, patientId, resourceId or since as well";
        problems.check(!needs || filter.is_anchored(), narrows, told);
        problems.done()?;
        if let Some(AnyId { prefix: Some(prefix), .. }) = &filter.patient_id
            && prefix != "patient"
        {
            return Err(Error::wrong_kind("patient", prefix));
        }
        // A typed id tells the kind.
        if let Some(AnyId { prefix: Some(prefix), .. }) = &filter.resource_id {
            let kind = filter.resource_type.get_or_insert_with(|| prefix.clone());
            if kind != prefix {
                return Err(Error::wrong_kind(kind, prefix));
            }
        }
        let all = [
            filter.clinic_id.map(|clinic| condition(e::table, e::clinic_id.eq(clinic))),
            filter.actor_user_id.map(|user| condition(e::table, e::actor_user_id.eq(user))),
            filter.patient_id.map(|patient| condition(e::table, e::patient_id.eq(patient.uuid))),
            filter.resource_id.map(|row| condition(e::table, e::resource_id.eq(row.uuid))),
            filter.resource_type.map(|kind| condition(e::table, e::resource_type.eq(kind))),
            filter.verb.map(|verb| condition(e::table, e::verb.eq(verb))),
            filter.since.map(|since| condition(e::table, e::occurred_at.ge(since))),
            filter.until.map(|until| condition(e::table, e::occurred_at.lt(until))),
        ];
        Ok(all.into_iter().flatten().collect())
    }
}

queries! {
    /// Reads of the audit trail.
    AuditReads;
    list {
        /// The audit trail. Null, with an error, without the permission `AUDIT_READ`.
        audit_events: AuditEvent,
    }
}

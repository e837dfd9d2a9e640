//! Exports of the audit trail.

use async_graphql::{Context, Object, SimpleObject};
use chrono::{DateTime, Utc};

use super::{ActorKind, AuditEvent, AuditVerb, event::AuditEventFilter};
use crate::{
    access::User,
    clinic::Clinic,
    export,
    export::{ExportFormat, ExportJob, Options, request},
    input,
    kernel::{
        Id, Permission, RequestOf, Result,
        entity::{DateTimeRange, Listable, One},
        ids::AnyId,
        text::EmailAddress,
        write::Input,
    },
};

export! {
    /// Entries of the audit trail, one in each row.
    AuditEventExport of AuditEvent as AuditEvents, needs AuditRead, time "occurred_at", order "occurred_at" Timestamptz;
    parameters filter: AuditEventFilter = AuditEvent::conditions(filter);
    columns {
        id: Id<AuditEvent>,
        seq: String = "seq::text",
        occurred_at: DateTime<Utc>,
        clinic_id: Option<Id<Clinic>> = "nullif(clinic_id, '00000000-0000-0000-0000-000000000000')",
        actor_kind: ActorKind,
        actor_id: Option<Id<User>> = "actor_user_id",
        actor_email: Option<EmailAddress>,
        verb: AuditVerb,
        operation: Option<String>,
        resource_type: String,
        resource_id: Option<AnyId> = "resource_type || '_' || resource_id",
        patient_id: Option<AnyId> = "'patient_' || patient_id",
        changes: serde_json::Value = "changes::jsonb",
        ip: Option<String> = "host(ip)",
        user_agent: Option<String>,
        request_id: Option<String>,
        success: bool,
        reason: Option<String>,
    }
}

input! {
    /// Export of the audit trail that is going to be requested.
    RequestAuditExportInput {
        /// Clinic whose entries are exported. Null for those of all clinics and of the platform.
        clinic_id: Option<Id<Clinic>>,
        /// Time from which entries are exported, included.
        from: DateTime<Utc>,
        /// Time until which entries are exported, not included. Later entries than the request are left out in any case.
        until: DateTime<Utc>,
        /// Format of the file.
        format: ExportFormat = ExportFormat::Ndjson,
        /// Whether a CSV file begins with a byte order mark, by which some spreadsheets recognise UTF-8.
        has_byte_order_mark: bool = false,
    }
}

/// Result of requesting an export of the audit trail.
#[derive(SimpleObject)]
pub struct RequestAuditExportPayload {
    /// Export that was requested.
    export: One<ExportJob>,
}

#[derive(Debug, Default)]
pub struct AuditExportMutation;

#[Object]
impl AuditExportMutation {
    /// Requests an export of the audit trail, which the server writes in the background; `exportEvents` reports its progress.
    /// Needs the permissions `DATA_EXPORT` and `AUDIT_READ`.
    async fn request_audit_export(
        &self,
        ctx: &Context<'_>,
        input: Input<RequestAuditExportInput>,
    ) -> Result<RequestAuditExportPayload> {
        let scope = ctx.permitted(Permission::AuditRead)?;
        let (input, mut problems) = input.check()?;
        problems.check(input.from < input.until, "input.until", "must be later than from");
        problems.done()?;
        let occurred_at = DateTimeRange { from: Some(input.from), until: Some(input.until) };
        let filter = AuditEventFilter {
            clinic_id: input.clinic_id,
            occurred_at: Some(occurred_at),
            ..AuditEventFilter::default()
        };
        let options = Options { format: input.format, has_byte_order_mark: input.has_byte_order_mark };
        let export = request::<AuditEventExport>(scope, filter, options).await?;
        Ok(RequestAuditExportPayload { export: One::of(export) })
    }
}

//! The number of webhooks whose signature was wrong. Nothing else is stored of them, as anybody can send them.

use chrono::{DateTime, Utc};
use diesel::{
    sql_query,
    sql_types::{Text, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use crate::{
    clinic::Clinic,
    entity,
    integration::{Integration, signature::Refused},
    kernel::{Id, Result, db::Scope},
    schema::webhook_refusals,
};

entity! {
    /// Webhooks for an integration that were refused because their signature was wrong. Needs the permission
    /// `INTEGRATIONS_MANAGE`.
    WebhookRefusals "webhook_refusals" of webhook_refusals, tenant clinic_id, read IntegrationsManage;
    columns {
        /// Identifier of the count.
        id: Id<WebhookRefusals>,
        /// Number of webhooks that were refused.
        count: i32,
        /// Reason of the last refusal, for people.
        last_reason: String,
        /// Time of the last refusal.
        last_at: DateTime<Utc>,
    }
    inside {
        clinic_id: Id<Clinic>,
        integration_id: Id<Integration>,
    }
}

/// Counts a refusal.
pub async fn count(scope: &Scope, row: &Integration, refused: Refused) -> Result<()> {
    tracing::warn!(integration = %row.id, reason = refused.text(), "a webhook was refused");
    sql_query(
        "insert into webhook_refusals as r (id, clinic_id, integration_id, count, last_reason, last_at) values ($1, $2, $3, 1, $4, $5)
         on conflict (clinic_id, integration_id) do update
         set count = least(r.count::bigint + 1, 2147483647)::integer, last_reason = excluded.last_reason, last_at = excluded.last_at",
    )
    .bind::<SqlUuid, _>(Uuid::now_v7())
    .bind::<SqlUuid, _>(row.clinic_id.uuid())
    .bind::<SqlUuid, _>(row.id.uuid())
    .bind::<Text, _>(refused.text())
    .bind::<Timestamptz, _>(scope.now())
    .execute(&mut scope.tx().await?.conn()?)
    .await?;
    Ok(())
}

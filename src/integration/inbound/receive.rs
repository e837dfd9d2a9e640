//! Receiving a webhook: found, checked, and stored with the job that processes it, in one transaction.

use diesel::{
    sql_query,
    sql_types::{Bytea, Integer, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl;
use http::HeaderMap;
use serde_json::json;

use super::{
    InboundWebhook,
    identify::{Identity, identify},
    process::process,
};
use crate::{
    integration::{Integration, IntegrationStatus, Integrations},
    kernel::{Id, Result, secrets::Place, write::Stored},
};

/// Headers that say how a body is to be read, or that help to find it at the service. None of them is a secret.
const STORED_HEADERS: [&str; 7] = [
    "content-type",
    "i-twilio-idempotency-token",
    "x-cal-webhook-version",
    "webhook-id",
    "webhook-timestamp",
    "telnyx-timestamp",
    "user-agent",
];
const LONGEST_QUERY: usize = 1000;

/// Where a body is stored.
pub fn place(row: &str) -> Place<'_> {
    Place { table: "inbound_webhooks", column: "body_enc", row }
}

/// A webhook that was accepted.
pub struct Accepted<'a> {
    pub headers: &'a HeaderMap,
    pub query: Option<&'a str>,
    pub body: &'a [u8],
}

impl Integrations {
    /// The integration with this id, if it receives webhooks now.
    pub(super) async fn receiver(&self, id: Id<Integration>) -> Result<Option<Integration>> {
        let found = self.database().as_system(None, async |scope| Integration::find(scope, id).await).await?;
        Ok(found.filter(|row| row.status != IntegrationStatus::Disabled))
    }

    /// Stores a webhook and lets a job process it. One with an event that is there is not stored again.
    pub(super) async fn store(&self, row: &Integration, accepted: Accepted<'_>) -> Result<()> {
        let header = |name: &str| accepted.headers.get(name).and_then(|value| value.to_str().ok());
        let Identity { id: event_id, event_type } =
            identify(row.kind, header("content-type").unwrap_or_default(), accepted.body);
        let headers = STORED_HEADERS.iter().filter_map(|name| {
            let value: String = header(name)?.chars().take(200).collect();
            Some(json!({ "name": name, "value": value }))
        });
        let headers = serde_json::Value::Array(headers.collect());
        let query = accepted.query.filter(|query| !query.is_empty() && query.chars().count() <= LONGEST_QUERY);
        let id = Id::<InboundWebhook>::new();
        let sealed = self.ring().seal(place(&id.uuid().to_string()), accepted.body)?;
        let bytes = i32::try_from(accepted.body.len()).unwrap_or(i32::MAX);
        self.database()
            .as_system(None, async |scope| {
                let stored = sql_query(
                    "insert into inbound_webhooks (id, clinic_id, integration_id, kind, event_id, event_type, headers, query, body_enc, body_bytes, received_at)
                     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
                     on conflict (clinic_id, integration_id, event_id) do nothing",
                )
                .bind::<SqlUuid, _>(id.uuid())
                .bind::<SqlUuid, _>(row.clinic_id.uuid())
                .bind::<SqlUuid, _>(row.id.uuid())
                .bind::<Text, _>(row.kind.text())
                .bind::<Text, _>(&event_id)
                .bind::<Nullable<Text>, _>(&event_type)
                .bind::<Jsonb, _>(&headers)
                .bind::<Nullable<Text>, _>(query)
                .bind::<Bytea, _>(&sealed)
                .bind::<Integer, _>(bytes)
                .bind::<Timestamptz, _>(scope.now())
                .execute(&mut scope.tx().await?.conn()?)
                .await?;
                if stored == 1 { process(row.clinic_id, id).enqueue(scope).await } else { Ok(()) }
            })
            .await
    }
}

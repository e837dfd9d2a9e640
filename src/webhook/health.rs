//! Noting what came of attempts, and of that, how an endpoint does: when it began to fail, and how many deliveries to it were given
//! up since.

use std::collections::{BTreeSet, HashMap, HashSet};

use chrono::{DateTime, TimeDelta, Utc};
use diesel::{
    QueryableByName, sql_query,
    sql_types::{Array, Integer, Nullable, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::{
    WebhookDeliveryReason, WebhookDisabledReason, WebhookEndpoint, disable,
    queue::{self, Claimed, Outcome},
};
use crate::kernel::{
    Id, Result,
    db::{Database, Note, Scope},
};

/// Time without a success after which an endpoint is disabled.
const LONGEST_FAILING: TimeDelta = TimeDelta::days(3);
/// Deliveries that must have been given up before that.
const FEWEST_FAILED: i32 = 3;

/// What the audit trail stores of the changes that deliveries make to an endpoint.
pub fn note_of(endpoint: Id<WebhookEndpoint>) -> Note {
    Note::Job { kind: "webhook_delivery", id: endpoint.to_string() }
}

#[derive(Debug, Clone, Copy, PartialEq, QueryableByName)]
struct Health {
    #[diesel(sql_type = SqlUuid)]
    clinic_id: Uuid,
    #[diesel(sql_type = SqlUuid)]
    id: Id<WebhookEndpoint>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    failing_since: Option<DateTime<Utc>>,
    #[diesel(sql_type = Integer)]
    failed_deliveries: i32,
}

impl Health {
    /// How the endpoint does after an attempt, and why it has to be disabled.
    fn after(&mut self, outcome: &Outcome, now: DateTime<Utc>) -> Option<WebhookDisabledReason> {
        match outcome {
            Outcome::Delivered(_) => {
                (self.failing_since, self.failed_deliveries) = (None, 0);
                None
            }
            Outcome::GivenUp(_, WebhookDeliveryReason::Gone) => Some(WebhookDisabledReason::Gone),
            Outcome::Retried(..) | Outcome::GivenUp(..) => {
                let since = *self.failing_since.get_or_insert(now);
                self.failed_deliveries += i32::from(matches!(outcome, Outcome::GivenUp(..)));
                let is_over = self.failed_deliveries >= FEWEST_FAILED && now - since >= LONGEST_FAILING;
                is_over.then_some(WebhookDisabledReason::Failures)
            }
            Outcome::Skipped(_) | Outcome::Postponed(_) => None,
        }
    }
}

/// Notes what came of several attempts, and disables endpoints that ask for it or have failed for too long.
pub async fn settle(database: &Database, sent: &[(Claimed, Outcome)]) -> Result<()> {
    let Some((first, _)) = sent.first() else { return Ok(()) };
    let note = note_of(first.endpoint_id);
    let ended = database
        .as_system(Some(note), async |scope| {
            let before = locked(scope, sent).await?;
            let written: HashSet<_> = queue::note(scope, sent).await?.into_iter().collect();
            let mut after: HashMap<_, _> = before.iter().map(|health| (health.id, *health)).collect();
            let mut ended = Vec::new();
            for (delivery, outcome) in sent {
                // A test says nothing about deliveries, and a claim that was lost is noted by who took it over.
                if delivery.event_number == 0 || !written.contains(&delivery.id) {
                    continue;
                }
                let Some(health) = after.get_mut(&delivery.endpoint_id) else { continue };
                ended.extend(
                    health.after(outcome, scope.now()).map(|why| (delivery.clinic_id, delivery.endpoint_id, why)),
                );
            }
            for health in before {
                if let Some(now) = after.get(&health.id).filter(|now| **now != health) {
                    store(scope, now).await?;
                }
            }
            Ok(ended)
        })
        .await?;
    for (clinic, endpoint, reason) in ended {
        disable::disable(database, clinic, endpoint, reason, 0).await?;
    }
    Ok(())
}

/// The endpoints of some deliveries, locked in one order.
async fn locked(scope: &Scope, sent: &[(Claimed, Outcome)]) -> Result<Vec<Health>> {
    let endpoints: BTreeSet<(Uuid, Uuid)> =
        sent.iter().map(|(delivery, _)| (delivery.clinic_id, delivery.endpoint_id.uuid())).collect();
    let (clinics, endpoints): (Vec<_>, Vec<_>) = endpoints.into_iter().unzip();
    let lock = sql_query(
        "select clinic_id, id, failing_since, failed_deliveries from webhook_endpoints
          where clinic_id = any ($1) and id = any ($2) order by clinic_id, id for no key update",
    );
    let lock = lock.bind::<Array<SqlUuid>, _>(clinics).bind::<Array<SqlUuid>, _>(endpoints);
    Ok(lock.load(&mut scope.tx().await?.conn()?).await?)
}

async fn store(scope: &Scope, health: &Health) -> Result<()> {
    let store = sql_query(
        "update webhook_endpoints set failing_since = $3, failed_deliveries = $4 where clinic_id = $1 and id = $2",
    );
    let store = store
        .bind::<SqlUuid, _>(health.clinic_id)
        .bind::<SqlUuid, _>(health.id)
        .bind::<Nullable<Timestamptz>, _>(health.failing_since)
        .bind::<Integer, _>(health.failed_deliveries);
    store.execute(&mut scope.tx().await?.conn()?).await?;
    Ok(())
}

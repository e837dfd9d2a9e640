//! Repeating deliveries, and giving up those of a removed endpoint. Who changes what waits for an endpoint holds the lock of its
//! row, so that of the deliveries about one object exactly one is due.

use chrono::{DateTime, Utc};
use diesel::{
    ExpressionMethods, QueryDsl, QueryableByName, sql_query,
    sql_types::{BigInt, Bool, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl;

use super::{
    MOST_WAITING, WebhookDelivery, WebhookDeliveryReason, WebhookDeliveryStatus, WebhookEndpoint, WebhookEndpointStatus,
};
use crate::{
    kernel::{
        Code, Error, Id, Result,
        db::{Scope, prepared},
        write::{NoEvent, Stored},
    },
    schema::webhook_deliveries as d,
};

/// Most deliveries that one mutation repeats.
const MOST_AT_ONCE: i64 = 1_000;

fn require_active(endpoint: &WebhookEndpoint) -> Result<()> {
    match endpoint.status {
        WebhookEndpointStatus::Active => Ok(()),
        _ => Err(Error::new(Code::InvalidTransition, "the webhook endpoint is not active; resume it first")),
    }
}

/// Deliveries that wait for an endpoint.
async fn waiting(scope: &Scope, endpoint: &WebhookEndpoint) -> Result<i64> {
    let waiting = d::table
        .filter(d::clinic_id.eq(endpoint.clinic_id))
        .filter(d::endpoint_id.eq(endpoint.id))
        .filter(d::status.eq(WebhookDeliveryStatus::Pending));
    Ok(waiting.count().get_result(&mut scope.tx().await?.conn()?).await?)
}

/// Repeats a delivery.
pub async fn one(scope: &Scope, id: Id<WebhookDelivery>) -> Result<Id<WebhookDelivery>> {
    let unlocked = WebhookDelivery::find(scope, id).await?.ok_or_else(|| Error::not_found("webhook delivery"))?;
    let endpoint = WebhookEndpoint::lock(scope, unlocked.endpoint_id, None).await?;
    let delivery = WebhookDelivery::lock(scope, id, None).await?;
    if !delivery.status.can_be_repeated() {
        return Err(Error::new(Code::InvalidTransition, "the delivery is pending already"));
    }
    // A test goes to an endpoint that is paused or disabled too.
    if delivery.event_number > 0 {
        require_active(&endpoint)?;
    }
    let others = d::table
        .filter(d::clinic_id.eq(endpoint.clinic_id))
        .filter(d::endpoint_id.eq(endpoint.id))
        .filter(d::subject_id.eq(delivery.subject_id))
        .filter(d::status.eq(WebhookDeliveryStatus::Pending));
    let others: i64 = others.count().get_result(&mut scope.tx().await?.conn()?).await?;
    delivery
        .edit()
        .status(WebhookDeliveryStatus::Pending)
        .reason(None)
        .attempt_count(0)
        .finished_at(None)
        .next_attempt_at(Some(scope.now()).filter(|_| others == 0))
        .update(scope, NoEvent)
        .await?;
    Ok(id)
}

/// Repeats failed deliveries that were created in a range of time; returns their number.
pub async fn failed(
    scope: &Scope,
    endpoint: &WebhookEndpoint,
    from: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<usize> {
    require_active(endpoint)?;
    if waiting(scope, endpoint).await? + MOST_AT_ONCE > MOST_WAITING {
        let message = format!("too many deliveries are waiting already; at most {MOST_WAITING} may");
        return Err(Error::new(Code::LimitReached, message).limit(MOST_WAITING.unsigned_abs()));
    }
    let chosen = sql_query(
        "with chosen as (
             select id, subject_id, event_number from webhook_deliveries
              where clinic_id = $1 and endpoint_id = $2 and status = 'failed' and event_number > 0
                and created_at >= $3 and created_at < $4
              order by created_at, id limit $5
         )
         select c.id, row_number() over (partition by c.subject_id order by c.event_number) = 1 and not exists (
                    select 1 from webhook_deliveries p
                     where p.clinic_id = $1 and p.endpoint_id = $2 and p.subject_id = c.subject_id and p.status = 'pending')
                as is_first
           from chosen c",
    );
    let chosen = chosen
        .bind::<SqlUuid, _>(endpoint.clinic_id)
        .bind::<SqlUuid, _>(endpoint.id)
        .bind::<Timestamptz, _>(from)
        .bind::<Timestamptz, _>(until)
        .bind::<BigInt, _>(MOST_AT_ONCE);
    let chosen: Vec<Chosen> = chosen.load(&mut scope.tx().await?.conn()?).await?;
    let (first, others): (Vec<_>, Vec<_>) = chosen.iter().partition(|one| one.is_first);
    repeat(scope, endpoint, &first, Some(scope.now())).await?;
    repeat(scope, endpoint, &others, None).await?;
    Ok(chosen.len())
}

/// A failed delivery that is going to be repeated.
#[derive(QueryableByName)]
struct Chosen {
    #[diesel(sql_type = SqlUuid)]
    id: Id<WebhookDelivery>,
    /// Whether no other about the same object comes before it.
    #[diesel(sql_type = Bool)]
    is_first: bool,
}

async fn repeat(
    scope: &Scope,
    endpoint: &WebhookEndpoint,
    chosen: &[&Chosen],
    next_attempt_at: Option<DateTime<Utc>>,
) -> Result<()> {
    if chosen.is_empty() {
        return Ok(());
    }
    let ids: Vec<_> = chosen.iter().map(|one| one.id).collect();
    let rows = d::table.filter(d::clinic_id.eq(endpoint.clinic_id)).filter(d::id.eq_any(ids));
    let repeated = (
        d::status.eq(WebhookDeliveryStatus::Pending),
        d::reason.eq(None::<WebhookDeliveryReason>),
        d::attempt_count.eq(0),
        d::finished_at.eq(None::<DateTime<Utc>>),
        d::next_attempt_at.eq(next_attempt_at),
    );
    prepared(diesel::update(rows).set(repeated)).execute(&mut scope.tx().await?.conn()?).await?;
    Ok(())
}

/// Gives up what waits for an endpoint that is going to be removed.
pub async fn give_up_removed(scope: &Scope, endpoint: &WebhookEndpoint) -> Result<()> {
    give_up(scope, endpoint, WebhookDeliveryReason::EndpointRemoved).await
}

/// Gives up what waits for an endpoint, whose row is locked.
pub async fn give_up(scope: &Scope, endpoint: &WebhookEndpoint, reason: WebhookDeliveryReason) -> Result<()> {
    let waiting = d::table
        .filter(d::clinic_id.eq(endpoint.clinic_id))
        .filter(d::endpoint_id.eq(endpoint.id))
        .filter(d::status.eq(WebhookDeliveryStatus::Pending));
    let given_up = (
        d::status.eq(WebhookDeliveryStatus::Failed),
        d::reason.eq(Some(reason)),
        d::next_attempt_at.eq(None::<DateTime<Utc>>),
        d::finished_at.eq(Some(scope.now())),
    );
    prepared(diesel::update(waiting).set(given_up)).execute(&mut scope.tx().await?.conn()?).await?;
    Ok(())
}

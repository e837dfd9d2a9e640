//! Demo data: a paused webhook endpoint of each clinic, with tests that succeeded and one that failed.

use chrono::TimeDelta;
use diesel::{
    ExpressionMethods, QueryDsl,
    dsl::{exists, select},
};
use diesel_async::RunQueryDsl;

use super::{
    WebhookDelivery, WebhookDeliveryReason, WebhookDeliveryStatus, WebhookEndpoint, WebhookEndpointStatus, Webhooks,
    kinds, secret,
};
use crate::{
    access::User,
    clinic::Clinic,
    kernel::{
        Error, Id, Result,
        db::{Database, Scope},
        demo::Demo,
        ids::Kind,
        text::Url,
        write::{Draft, NoEvent, Stored},
    },
    schema::{clinics, memberships, webhook_endpoints},
};

const QUERY: &str = "query ($id: ID!) { ticket(id: $id) { number title status priority } }";

/// Writes an endpoint for each clinic that has a manager, and its deliveries, unless there are endpoints. The addresses are such
/// that never exist.
pub async fn load(database: &Database, webhooks: &Webhooks, demo: &mut Demo) -> Result<()> {
    database
        .as_system(None, async |scope| {
            let tx = scope.tx().await?;
            let known = select(exists(webhook_endpoints::table.select(webhook_endpoints::id)));
            if known.get_result(&mut tx.conn()?).await? {
                return Ok(());
            }
            let managers = memberships::table
                .inner_join(clinics::table)
                .filter(memberships::role.eq("clinic_manager"))
                .order((clinics::slug, memberships::id))
                .select((clinics::id, clinics::slug, memberships::user_id));
            let managers: Vec<(Id<Clinic>, String, Id<User>)> = managers.load(&mut tx.conn()?).await?;
            for (clinic, slug, manager) in managers {
                endpoint(scope, webhooks, demo, (clinic, &slug, manager)).await?;
            }
            Ok(())
        })
        .await
}

async fn endpoint(
    scope: &Scope,
    webhooks: &Webhooks,
    demo: &mut Demo,
    (clinic, slug, manager): (Id<Clinic>, &str, Id<User>),
) -> Result<()> {
    let draft = demo.new_in::<WebhookEndpoint, _>(clinic);
    let sealed =
        WebhookEndpoint::secret().seal(webhooks.ring(), draft.row_id(), Some(&secret::generate()?), demo.now())?;
    let url = Url::new(format!("https://hooks.{slug}.example/clinigraph")).map_err(Error::internal)?;
    let endpoint = draft
        .owner_user_id(manager)
        .url(url)
        .description("Ticket board at the front desk")
        .event_kinds(vec!["ticket.opened".to_owned(), "ticket.status_changed".to_owned()])
        .query(QUERY)
        .status(WebhookEndpointStatus::Paused)
        .set(webhook_endpoints::secret_enc, sealed.enc.unwrap_or_default())
        .set(webhook_endpoints::secret_last_four, sealed.last_four)
        .set(webhook_endpoints::secret_updated_at, sealed.updated_at)
        .insert(scope, NoEvent)
        .await?;
    let deliveries = (1..=4).map(|days| {
        let at = demo.now() - TimeDelta::days(days);
        let id = demo.id::<WebhookDelivery>(at);
        let delivery = WebhookDelivery::new_in(clinic)
            .with_id(id)
            .endpoint_id(endpoint)
            .event_number(0)
            .event_id(id.to_string())
            .kind(kinds::TEST)
            .subject_type(WebhookEndpoint::PREFIX)
            .subject_id(endpoint.uuid())
            .occurred_at(at)
            .attempt_count(1)
            .finished_at(at + TimeDelta::seconds(2))
            .created_at(at);
        if days == 1 {
            delivery.status(WebhookDeliveryStatus::Failed).reason(WebhookDeliveryReason::AttemptsFailed)
        } else {
            delivery.status(WebhookDeliveryStatus::Delivered)
        }
    });
    Draft::insert_all(scope, deliveries.collect(), NoEvent).await
}

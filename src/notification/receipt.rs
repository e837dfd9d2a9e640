//! What the services of channels report: what became of a message, and what people answered to it.

use async_graphql::resolver_utils::EnumType;
use chrono::{DateTime, Utc};
use diesel::{ExpressionMethods, OptionalExtension, QueryDsl};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::{
    ContactConsentSource, NotificationChannel, NotificationDelivery, NotificationDeliveryReason,
    NotificationDeliveryStatus, NotificationKind, contact, preferences::Preferences,
};
use crate::{
    kernel::{
        Id, Result,
        db::Scope,
        write::{NoEvent, Stored},
    },
    schema::{notification_deliveries, users},
};

/// News of a message.
#[derive(Debug, Clone)]
pub struct Receipt {
    /// `Sent`, `Delivered`, `Read` or `Failed`.
    pub status: NotificationDeliveryStatus,
    pub error: Option<String>,
    pub at: DateTime<Utc>,
}

/// The rank of a status: reports come in any order, and a message does not go back to an earlier one.
fn rank(status: NotificationDeliveryStatus) -> u8 {
    match status {
        NotificationDeliveryStatus::Pending => 0,
        NotificationDeliveryStatus::Sent => 1,
        NotificationDeliveryStatus::Failed | NotificationDeliveryStatus::Skipped => 2,
        NotificationDeliveryStatus::Delivered => 3,
        NotificationDeliveryStatus::Read => 4,
    }
}

/// Notes what became of a delivery, named by its id or by that of the service; false if there is no such delivery.
pub async fn receive(
    scope: &Scope,
    clinic: Uuid,
    (delivery, provider_message_id): (Option<Uuid>, &str),
    receipt: &Receipt,
) -> Result<bool> {
    use notification_deliveries as d;
    let of_clinic = d::table.filter(d::clinic_id.eq(clinic)).select(d::id).into_boxed();
    let named = match delivery {
        Some(delivery) => of_clinic.filter(d::id.eq(delivery)),
        None => of_clinic.filter(d::provider_message_id.eq(provider_message_id)),
    };
    let found: Option<Id<NotificationDelivery>> = named.first(&mut scope.tx().await?.conn()?).await.optional()?;
    let Some(id) = found else { return Ok(false) };
    let known = NotificationDelivery::lock(scope, id, None).await?;
    if rank(receipt.status) <= rank(known.status) {
        return Ok(true);
    }
    let at = Some(receipt.at);
    let draft = known.edit().status(receipt.status).attempting_since(None);
    let draft = match receipt.status {
        NotificationDeliveryStatus::Failed => {
            draft.reason(Some(NotificationDeliveryReason::Refused)).error(receipt.error.clone())
        }
        NotificationDeliveryStatus::Delivered => draft.delivered_at(at).reason(None),
        NotificationDeliveryStatus::Read => draft.delivered_at(known.delivered_at.or(at)).read_at(at).reason(None),
        _ => draft.sent_at(at),
    };
    draft.update(scope, NoEvent).await?;
    Ok(true)
}

/// Notes that somebody with a phone number wants messages on a channel, or wants none: of a clinic, or of the platform. Who has an
/// account gets no notifications on the channel any more, whatever their kind.
pub async fn answer(
    scope: &Scope,
    clinic: Option<Uuid>,
    (channel, address): (NotificationChannel, &str),
    (wants, at): (bool, DateTime<Utc>),
) -> Result<()> {
    if let Some(clinic) = clinic {
        contact::decide(scope, clinic, (channel, address), wants, ContactConsentSource::Message, at).await?;
    }
    if wants {
        return Ok(());
    }
    let with_account = users::table.filter(users::phone.eq(address)).filter(users::deleted_at.is_null());
    let user: Option<Uuid> = with_account.select(users::id).first(&mut scope.tx().await?.conn()?).await.optional()?;
    let Some(user) = user else { return Ok(()) };
    let mut preferences = Preferences::of_user(scope, user).await?;
    for kind in NotificationKind::items() {
        preferences.choose(kind.value, channel, false);
    }
    preferences.write(scope, user).await
}

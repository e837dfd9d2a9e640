//! Decides on which channels outside the application a notification is sent. The events of new notifications start the job,
//! one for all of a clinic's that wait, so that who causes a notification waits for nothing.

use chrono::{DateTime, NaiveTime, Utc};
use chrono_tz::Tz;
use diesel::{
    ExpressionMethods, QueryDsl, QueryableByName, sql_query,
    sql_types::{Bool, Jsonb, Nullable, Text, Time, Timestamptz, Uuid as SqlUuid},
    update,
};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::{
    Notices, Notification, NotificationChannel, NotificationDelivery, NotificationDeliveryReason,
    NotificationDeliveryStatus, NotificationKind, NotificationLanguage, outside::Outside, preferences::Preferences,
    send::SendDelivery,
};
use crate::{
    clinic::Clinic,
    job,
    jobs::{Priority, Rules, Running, Work},
    kernel::{
        Id, Result,
        db::Scope,
        write::{Draft, NoEvent, Stored},
    },
    schema::notifications,
};

job! {
    /// Plans the deliveries of a clinic's new notifications, or of those of no clinic.
    PlanDeliveries "notification_plan" {}
}

/// Notifications of one run.
const BATCH: i32 = 200;
/// Key of the job: one waits in a clinic.
pub(super) const KEY: &str = "new";

impl Work for PlanDeliveries {
    const RULES: Rules = Rules { at_once_in_clinic: 1, priority: Priority::High, ..Rules::USUAL };

    async fn run(self, job: Running) -> Result<()> {
        let clinic = job.clinic().ok();
        let (notices, outside) = (job.service::<Notices>()?, job.service::<Outside>()?);
        job.finish(async |scope| plan(scope, clinic, notices, outside).await).await
    }
}

/// A notification, and what is known of its recipient.
#[derive(QueryableByName)]
struct New {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = Text)]
    kind: NotificationKind,
    #[diesel(sql_type = SqlUuid)]
    user_id: Uuid,
    #[diesel(sql_type = Bool)]
    is_active: bool,
    #[diesel(sql_type = Bool)]
    is_platform_admin: bool,
    #[diesel(sql_type = Text)]
    email: String,
    #[diesel(sql_type = Bool)]
    is_email_verified: bool,
    #[diesel(sql_type = Nullable<Text>)]
    phone: Option<String>,
    #[diesel(sql_type = Bool)]
    is_phone_verified: bool,
    #[diesel(sql_type = Bool)]
    has_browsers: bool,
    #[diesel(sql_type = Text)]
    locale: String,
    #[diesel(sql_type = Nullable<Text>)]
    timezone: Option<String>,
    #[diesel(sql_type = Nullable<Time>)]
    quiet_from: Option<NaiveTime>,
    #[diesel(sql_type = Nullable<Time>)]
    quiet_until: Option<NaiveTime>,
    #[diesel(sql_type = Jsonb)]
    choices: serde_json::Value,
    #[diesel(sql_type = Timestamptz)]
    created_at: DateTime<Utc>,
}

const NEW: &str = "
select n.id, n.kind, n.created_at, u.id as user_id, u.status = 'active' and u.deleted_at is null as is_active, u.is_platform_admin,
       u.email, u.email_verified_at is not null as is_email_verified, u.phone, u.phone_verified_at is not null as is_phone_verified,
       exists (select 1 from push_subscriptions s where s.user_id = u.id) as has_browsers, u.locale,
       coalesce(u.timezone, c.timezone) as timezone, p.quiet_from, p.quiet_until, coalesce(p.choices, '[]') as choices
  from notifications n
  join users u on u.id = n.recipient_user_id
  left join notification_preferences p on p.user_id = u.id
  left join clinics c on c.id = n.clinic_id
 where n.clinic_id = $1 and n.planned_at is null
 order by n.id limit 200
   for update of n skip locked";

async fn plan(scope: &Scope, clinic: Option<Id<Clinic>>, notices: &Notices, outside: &Outside) -> Result<()> {
    let of = clinic.map_or(Uuid::nil(), Id::uuid);
    let new: Vec<New> = sql_query(NEW).bind::<SqlUuid, _>(of).load(&mut scope.tx().await?.conn()?).await?;
    if new.is_empty() {
        return Ok(());
    }
    let mut drafts = Vec::new();
    let mut to_send = Vec::new();
    for one in &new {
        let kind = notices.of(one.kind)?;
        let wants = Preferences::of_row(one.quiet_from, one.quiet_until, one.choices.clone())?;
        for channel in NotificationChannel::OUTSIDE.into_iter().filter(|channel| wants.uses(kind, *channel)) {
            // What cannot be sent to anybody leaves no trace with each of them.
            if !outside.has(scope, of, channel).await? || (channel == NotificationChannel::Push && !one.has_browsers) {
                continue;
            }
            let draft = NotificationDelivery::new_in(Id::<Clinic>::from_uuid(of))
                .notification_id(Id::<Notification>::from_uuid(one.id))
                .recipient_user_id(Some(Id::from_uuid(one.user_id)))
                .is_of_platform(one.is_platform_admin)
                .channel(channel)
                .language(NotificationLanguage::of_tag(&one.locale))
                .address(one.address(channel));
            let now = scope.now();
            let hindrance = one.hindrance(channel);
            let zone: Tz = one.timezone.as_deref().and_then(|zone| zone.parse().ok()).unwrap_or_default();
            let waits = channel.interrupts() && !kind.is_urgent;
            let send_at = wants.quiet_until(zone, now).filter(|_| waits).unwrap_or(now);
            let status = match hindrance {
                Some(_) => NotificationDeliveryStatus::Skipped,
                None => {
                    to_send.push((draft.row_id(), send_at));
                    NotificationDeliveryStatus::Pending
                }
            };
            drafts.push(draft.status(status).reason(hindrance).send_at(send_at));
        }
    }
    Draft::insert_all(scope, drafts, NoEvent).await?;
    use notifications as n;
    let ids: Vec<Uuid> = new.iter().map(|one| one.id).collect();
    update(n::table.filter(n::clinic_id.eq(of)).filter(n::id.eq_any(ids)))
        .set(n::planned_at.eq(scope.now()))
        .execute(&mut scope.tx().await?.conn()?)
        .await?;
    for (notification_delivery_id, send_at) in to_send {
        let job = SendDelivery { notification_delivery_id };
        let job = clinic.map_or_else(|| job.clone().of_platform(), |clinic| job.clone().in_clinic(clinic));
        job.at(send_at).enqueue(scope).await?;
    }
    if new.len() as i32 == BATCH {
        let rest = clinic.map_or_else(|| PlanDeliveries {}.of_platform(), |clinic| PlanDeliveries {}.in_clinic(clinic));
        rest.unless_waiting(KEY).enqueue(scope).await?;
    }
    tracing::debug!(notifications = new.len(), oldest = %new[0].created_at, "planned deliveries");
    Ok(())
}

impl New {
    fn address(&self, channel: NotificationChannel) -> Option<String> {
        match channel {
            NotificationChannel::Email => Some(self.email.clone()),
            NotificationChannel::Sms | NotificationChannel::Whatsapp => self.phone.clone(),
            NotificationChannel::InApp | NotificationChannel::Push => None,
        }
    }

    /// What speaks against sending something on a channel.
    fn hindrance(&self, channel: NotificationChannel) -> Option<NotificationDeliveryReason> {
        use NotificationDeliveryReason::{AddressNotVerified, NoAddress, RecipientInactive};
        if !self.is_active {
            return Some(RecipientInactive);
        }
        match channel {
            NotificationChannel::Email if !self.is_email_verified => Some(AddressNotVerified),
            NotificationChannel::Sms | NotificationChannel::Whatsapp if self.phone.is_none() => Some(NoAddress),
            NotificationChannel::Sms | NotificationChannel::Whatsapp if !self.is_phone_verified => {
                Some(AddressNotVerified)
            }
            _ => None,
        }
    }
}

//! Sends one delivery. It asks again whether the recipient wants it, since that can have changed since it was planned.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::{
    ExpressionMethods, OptionalExtension, QueryDsl, QueryableByName, delete, sql_query,
    sql_types::{Bool, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::{
    NoticeKind, Notices, NotificationChannel, NotificationDelivery, NotificationDeliveryReason,
    NotificationDeliveryStatus, NotificationKind, NotificationLanguage,
    compose::{OwnWords, compose},
    contact,
    outside::{Accepted, Delivery, Outside, Unsent},
    preferences::Preferences,
    push::Target,
    unsubscribe,
};
use crate::{
    job,
    jobs::{Rules, Running, Work},
    kernel::{
        Error, Id, Result,
        db::Scope,
        write::{NoEvent, Stored},
    },
    schema::push_subscriptions,
};

job! {
    /// Sends a delivery of a notification.
    SendDelivery "notification_send" { notification_delivery_id: Id<NotificationDelivery> }
}

/// A message that makes a sound is not attempted any more so long after its time.
const LATEST: TimeDelta = TimeDelta::hours(4);

impl Work for SendDelivery {
    /// The pauses between as many attempts make two days, after which a mail server gives up too.
    const RULES: Rules = Rules { attempts: 16, at_once_in_clinic: 4, ..Rules::USUAL };

    async fn run(self, job: Running) -> Result<()> {
        let id = self.notification_delivery_id;
        let (notices, outside) = (job.service::<Notices>()?, job.service::<Outside>()?);
        let clinic = job.clinic().map_or(Uuid::nil(), Id::uuid);
        let found = job.before(async |scope| prepare(scope, clinic, id).await).await?;
        let outgoing = match found {
            Prepared::Outgoing(outgoing) => outgoing,
            Prepared::Done => return job.finish(async |_| Ok(())).await,
            Prepared::Not(status, reason) => {
                return job.finish(async |scope| end(scope, id, status, reason, None).await).await;
            }
        };
        let row = &outgoing.row;
        let kind = notices.of(row.kind)?;
        if !outgoing.is_wanted(kind)? {
            let (skipped, reason) = (NotificationDeliveryStatus::Skipped, NotificationDeliveryReason::TurnedOff);
            return job.finish(async |scope| end(scope, id, skipped, reason, None).await).await;
        }
        let link = row.link_path.as_deref().and_then(|path| outside.url(path));
        let own = OwnWords { subject: row.own_subject.clone(), text: row.own_text.clone() };
        let of = (row.channel, row.language);
        let message = compose(kind, of, &own, &row.data, (row.clinic_name.clone(), link));
        let can_refuse = row.channel == NotificationChannel::Email && !kind.is_required;
        let delivery = Delivery {
            id,
            clinic,
            channel: row.channel,
            address: row.address.as_deref().unwrap_or_default(),
            reply_to: row.clinic_email.clone(),
            unsubscribe_url: match can_refuse {
                true => unsubscribe::url(outside, row.clinic_id, id)?,
                false => None,
            },
            browsers: &outgoing.browsers,
            is_urgent: kind.is_urgent,
        };
        let (gone, outcome) = outside.send(&delivery, message).await;
        let end = match outcome {
            Ok(accepted) => return job.finish(async |scope| sent(scope, id, accepted, &gone).await).await,
            Err(Unsent::Later(error)) if job.attempt() < Self::RULES.attempts && !outgoing.is_late => {
                job.before(async |scope| again(scope, id, &error, &gone).await).await?;
                return Err(Error::unavailable(error));
            }
            Err(Unsent::Later(error)) => (NotificationDeliveryReason::AttemptsExhausted, error),
            Err(Unsent::Refused(error)) => (NotificationDeliveryReason::Refused, error),
            Err(Unsent::Unknown(error)) => (NotificationDeliveryReason::OutcomeUnknown, error),
        };
        job.finish(async |scope| {
            forget(scope, &gone).await?;
            let (reason, error) = end;
            self::end(scope, id, NotificationDeliveryStatus::Failed, reason, Some(error)).await
        })
        .await
    }
}

/// What a delivery needs to be sent.
#[derive(Debug)]
struct Outgoing {
    row: Row,
    browsers: Vec<Target>,
    /// Whether this is the last attempt, since later the message would come too late.
    is_late: bool,
}

#[derive(Debug, QueryableByName)]
struct Row {
    #[diesel(sql_type = SqlUuid)]
    clinic_id: Uuid,
    #[diesel(sql_type = Text)]
    kind: NotificationKind,
    #[diesel(sql_type = Text)]
    channel: NotificationChannel,
    #[diesel(sql_type = Text)]
    language: NotificationLanguage,
    #[diesel(sql_type = Nullable<Text>)]
    address: Option<String>,
    #[diesel(sql_type = Text)]
    status: NotificationDeliveryStatus,
    #[diesel(sql_type = Timestamptz)]
    send_at: DateTime<Utc>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    attempting_since: Option<DateTime<Utc>>,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    recipient_user_id: Option<Uuid>,
    #[diesel(sql_type = Bool)]
    is_recipient_active: bool,
    #[diesel(sql_type = Jsonb)]
    choices: serde_json::Value,
    #[diesel(sql_type = Jsonb)]
    data: serde_json::Value,
    #[diesel(sql_type = Nullable<Text>)]
    link_path: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    clinic_name: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    clinic_email: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    own_subject: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    own_text: Option<String>,
}

const OUTGOING: &str = "
select d.clinic_id, n.kind, d.channel, d.language, d.address, d.status, d.send_at, d.attempting_since, d.recipient_user_id,
       d.recipient_user_id is null or u.status = 'active' and u.deleted_at is null as is_recipient_active,
       coalesce(p.choices, '[]') as choices, n.data, n.link_path, c.name as clinic_name, c.email as clinic_email,
       t.subject as own_subject, t.text as own_text
  from notification_deliveries d
  join notifications n on n.clinic_id = d.clinic_id and n.id = d.notification_id
  left join users u on u.id = d.recipient_user_id
  left join notification_preferences p on p.user_id = d.recipient_user_id
  left join clinics c on c.id = d.clinic_id
  left join notification_templates t
    on t.clinic_id = d.clinic_id and t.kind = n.kind and t.channel = d.channel and t.language = d.language
 where d.clinic_id = $1 and d.id = $2
   for update of d";

enum Prepared {
    Outgoing(Box<Outgoing>),
    /// Another attempt has brought it to an end.
    Done,
    Not(NotificationDeliveryStatus, NotificationDeliveryReason),
}

/// Reads the delivery and notes that an attempt begins.
async fn prepare(scope: &Scope, clinic: Uuid, id: Id<NotificationDelivery>) -> Result<Prepared> {
    let tx = scope.tx().await?;
    let row = sql_query(OUTGOING).bind::<SqlUuid, _>(clinic).bind::<SqlUuid, _>(id);
    let Some(row) = row.get_result::<Row>(&mut tx.conn()?).await.optional()? else { return Ok(Prepared::Done) };
    if row.status != NotificationDeliveryStatus::Pending {
        return Ok(Prepared::Done);
    }
    if !row.is_recipient_active {
        return Ok(Prepared::Not(NotificationDeliveryStatus::Skipped, NotificationDeliveryReason::RecipientInactive));
    }
    if row.attempting_since.is_some() && !row.channel.bears_repetition() {
        return Ok(Prepared::Not(NotificationDeliveryStatus::Failed, NotificationDeliveryReason::OutcomeUnknown));
    }
    if let (None, Some(address)) = (row.recipient_user_id, &row.address)
        && !contact::may_send(scope, clinic, row.channel, address).await?
    {
        return Ok(Prepared::Not(NotificationDeliveryStatus::Skipped, NotificationDeliveryReason::TurnedOff));
    }
    let browsers = match (row.channel, row.recipient_user_id) {
        (NotificationChannel::Push, Some(user)) => Target::of_user(scope, user).await?,
        _ => Vec::new(),
    };
    let begin = sql_query(
        "update notification_deliveries set attempts = attempts + 1, attempting_since = $3 where clinic_id = $1 and id = $2",
    );
    let begin = begin.bind::<SqlUuid, _>(clinic).bind::<SqlUuid, _>(id).bind::<Timestamptz, _>(scope.now());
    begin.execute(&mut tx.conn()?).await?;
    let is_late = row.channel.interrupts() && row.send_at + LATEST <= scope.now();
    Ok(Prepared::Outgoing(Box::new(Outgoing { row, browsers, is_late })))
}

impl Outgoing {
    fn is_wanted(&self, kind: &NoticeKind) -> Result<bool> {
        let Row { recipient_user_id, choices, channel, .. } = &self.row;
        if recipient_user_id.is_none() {
            return Ok(true);
        }
        Ok(Preferences::of_row(None, None, choices.clone())?.uses(kind, *channel))
    }
}

async fn sent(scope: &Scope, id: Id<NotificationDelivery>, accepted: Accepted, gone: &[Uuid]) -> Result<()> {
    forget(scope, gone).await?;
    let delivery = NotificationDelivery::lock(scope, id, None).await?;
    let mut draft = delivery.edit().sent_at(scope.now()).attempting_since(None).error(None::<String>);
    // A receipt may have come before the answer.
    if delivery.status == NotificationDeliveryStatus::Pending {
        draft = draft.status(NotificationDeliveryStatus::Sent);
    }
    draft.provider_message_id(accepted.provider_message_id).update(scope, NoEvent).await?;
    Ok(())
}

async fn end(
    scope: &Scope,
    id: Id<NotificationDelivery>,
    status: NotificationDeliveryStatus,
    reason: NotificationDeliveryReason,
    error: Option<String>,
) -> Result<()> {
    let delivery = NotificationDelivery::lock(scope, id, None).await?;
    let draft = delivery.edit().status(status).reason(reason).error(error).attempting_since(None);
    draft.update(scope, NoEvent).await?;
    Ok(())
}

async fn again(scope: &Scope, id: Id<NotificationDelivery>, error: &str, gone: &[Uuid]) -> Result<()> {
    forget(scope, gone).await?;
    let delivery = NotificationDelivery::lock(scope, id, None).await?;
    delivery.edit().error(Some(error.to_owned())).attempting_since(None).update(scope, NoEvent).await?;
    Ok(())
}

/// Removes browsers that do not exist any more.
async fn forget(scope: &Scope, browsers: &[Uuid]) -> Result<()> {
    if browsers.is_empty() {
        return Ok(());
    }
    let gone = push_subscriptions::table.filter(push_subscriptions::id.eq_any(browsers));
    delete(gone).execute(&mut scope.tx().await?.conn()?).await?;
    Ok(())
}

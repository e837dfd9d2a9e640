//! Notifying people who have no account, and what they have agreed to. A message to them is written with its delivery in the
//! transaction of its cause, as there is nobody whose preferences could be asked.

use async_graphql::{Context, Object, SimpleObject};
use chrono::{DateTime, Utc};
use diesel::{
    ExpressionMethods, OptionalExtension, QueryDsl, insert_into, sql_query,
    sql_types::{Bool, Text as SqlText, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::{
    Notice, Notification, NotificationChannel, NotificationDelivery, NotificationDeliveryReason,
    NotificationDeliveryStatus, NotificationLanguage, notify::Texts, send::SendDelivery,
};
use crate::{
    clinic::{ActingClinic, Clinic},
    entity, filter, input,
    jobs::Work,
    kernel::{
        Error, Id, Permission, RequestOf, Result,
        db::Scope,
        entity::One,
        text::{EmailAddress, PhoneNumber},
        write::{Input, NoEvent, Stored, Text},
    },
    orders,
    schema::{contact_consents, notifications},
    text_enum,
};

/// Somebody without an account.
#[derive(Debug, Clone)]
pub struct Contact {
    pub channel: NotificationChannel,
    /// E-mail address or phone number.
    pub address: String,
    pub language: NotificationLanguage,
}

/// Writes a notification to a contact, with its delivery.
pub(super) async fn notify(
    scope: &Scope,
    contact: Contact,
    notice: &Notice,
    data: &serde_json::Value,
    texts: Texts,
) -> Result<()> {
    let Contact { channel, address, language } = contact;
    let clinic = notice.clinic.unwrap_or_default();
    let id = Id::<Notification>::new();
    let at = language.index();
    let text = |texts: &[String]| texts.get(at).cloned().unwrap_or_default();
    let made = insert_into(notifications::table)
        .values((
            notifications::id.eq(id),
            notifications::clinic_id.eq(clinic),
            notifications::kind.eq(notice.kind.kind),
            notifications::title.eq(text(&texts.titles)),
            notifications::body.eq(text(&texts.bodies)),
            notifications::link_path.eq(&notice.link_path),
            notifications::subject_type.eq(notice.subject.kind),
            notifications::subject_id.eq(notice.subject.id),
            notifications::dedupe_key.eq(format!("{}:{}:{address}", notice.cause, channel.text())),
            notifications::data.eq(data),
            notifications::created_at.eq(notice.now),
            notifications::planned_at.eq(notice.now),
        ))
        .on_conflict_do_nothing()
        .execute(&mut scope.tx().await?.conn()?)
        .await?;
    if made == 0 {
        return Ok(());
    }
    let is_wanted = may_send(scope, clinic, channel, &address).await? || notice.kind.is_required;
    let delivery = NotificationDelivery::new_in(Id::<Clinic>::from_uuid(clinic))
        .notification_id(id)
        .channel(channel)
        .language(language)
        .address(address)
        .send_at(notice.now);
    if !is_wanted {
        let reason = if channel.needs_consent() {
            NotificationDeliveryReason::NoConsent
        } else {
            NotificationDeliveryReason::TurnedOff
        };
        let skipped = delivery.status(NotificationDeliveryStatus::Skipped).reason(reason);
        skipped.insert(scope, NoEvent).await?;
        return Ok(());
    }
    let notification_delivery_id = delivery.insert(scope, NoEvent).await?;
    let job = SendDelivery { notification_delivery_id };
    match notice.clinic {
        Some(clinic) => job.in_clinic(Id::from_uuid(clinic)).enqueue(scope).await,
        None => job.of_platform().enqueue(scope).await,
    }
}

/// Whether something may be sent to a contact of a clinic: what makes a phone ring only if they agreed, and other things
/// unless they refused.
pub(super) async fn may_send(scope: &Scope, clinic: Uuid, channel: NotificationChannel, address: &str) -> Result<bool> {
    use contact_consents as c;
    let decided = c::table
        .filter(c::clinic_id.eq(clinic))
        .filter(c::channel.eq(channel))
        .filter(c::address.eq(address))
        .select(c::is_granted);
    let decided: Option<bool> = decided.first(&mut scope.tx().await?.conn()?).await.optional()?;
    Ok(decided.unwrap_or(!channel.needs_consent()))
}

/// Notes what a contact of a clinic has decided, unless a later decision is noted.
pub async fn decide(
    scope: &Scope,
    clinic: Uuid,
    contact: (NotificationChannel, &str),
    is_granted: bool,
    source: ContactConsentSource,
    decided_at: DateTime<Utc>,
) -> Result<()> {
    sql_query(
        "insert into contact_consents as c (id, clinic_id, channel, address, is_granted, source, decided_at)
         values ($1, $2, $3, $4, $5, $6, $7)
         on conflict (clinic_id, channel, address) do update
            set is_granted = excluded.is_granted, source = excluded.source, decided_at = excluded.decided_at
          where c.decided_at <= excluded.decided_at",
    )
    .bind::<SqlUuid, _>(Uuid::now_v7())
    .bind::<SqlUuid, _>(clinic)
    .bind::<SqlText, _>(contact.0)
    .bind::<SqlText, _>(contact.1)
    .bind::<Bool, _>(is_granted)
    .bind::<SqlText, _>(source)
    .bind::<Timestamptz, _>(decided_at)
    .execute(&mut scope.tx().await?.conn()?)
    .await?;
    Ok(())
}

text_enum! {
    /// Way in which somebody has agreed to messages or refused them.
    ContactConsentSource {
        /// The clinic's staff have noted the decision.
        Staff = "staff",
        /// The person has filled in a form.
        Form = "form",
        /// The person has sent a message, such as STOP.
        Message = "message",
        /// The person has followed the link in an e-mail.
        Link = "link",
        /// The decision was imported from another system.
        Import = "import",
    }
}

entity! {
    /// Whether somebody without an account has agreed to messages of a clinic on a channel. Needs the permission
    /// `NOTIFICATIONS_MANAGE`.
    ContactConsent "contact_consent" of contact_consents, tenant clinic_id, read NotificationsManage;
    columns {
        /// Identifier of the consent.
        id: Id<ContactConsent>,
        /// Channel of the messages.
        channel: NotificationChannel,
        /// E-mail address, or phone number in E.164 format, that the messages go to.
        address: String,
        /// Whether the person has agreed to messages; false if they have refused them.
        is_granted: bool,
        /// Way in which the person has decided.
        source: ContactConsentSource,
        /// Note on the decision, such as the form that was signed. Null if there is none.
        note: Option<String>,
        /// Time at which the person decided.
        decided_at: DateTime<Utc>,
        /// Version of the consent, which each change increments; pass it as `expectedVersion`.
        version: i32,
    }
    inside { clinic_id: Id<Clinic> }
    edges {
        /// Clinic whose messages the person decided on.
        clinic: one Clinic by clinic_id,
    }
}

orders! {
    /// Order of a list of consents.
    ContactConsentOrder by ContactConsentOrderField, usually DecidedAt Desc;
    /// Time at which the person decided.
    DecidedAt = "decided_at" as Timestamptz,
}

filter! {
    /// Conditions on a list of consents; all of them must hold.
    ContactConsentFilter of ContactConsent in contact_consents, order ContactConsentOrder {
        /// Clinic whose messages the people decided on.
        clinic_id: equal(clinic_id: Id<Clinic>),
        /// Address that the messages go to.
        address: equal(address: String),
    }
}

input! {
    /// Decision of somebody without an account.
    RecordContactConsentInput {
        clinic_id: ActingClinic,
        /// Channel of the messages: `EMAIL`, `SMS` or `WHATSAPP`.
        channel: NotificationChannel,
        /// E-mail address, or phone number in E.164 format, that the messages go to.
        address: Text<320>,
        /// Whether the person agrees to messages.
        is_granted: bool,
        /// Way in which the person decided.
        source: ContactConsentSource = ContactConsentSource::Staff,
        /// Note on the decision, such as the form that was signed.
        note: Option<Text<500>>,
    }
}

/// Result of recording a decision.
#[derive(SimpleObject)]
pub struct RecordContactConsentPayload {
    /// Consent as it is now.
    contact_consent: One<ContactConsent>,
}

#[derive(Debug, Default)]
pub struct ContactMutation;

#[Object]
impl ContactMutation {
    /// Records whether somebody without an account agrees to messages of the clinic on a channel; without a consent, nothing
    /// is sent to them by SMS or WhatsApp. Needs the permission `NOTIFICATIONS_MANAGE`.
    async fn record_contact_consent(
        &self,
        ctx: &Context<'_>,
        input: Input<RecordContactConsentInput>,
    ) -> Result<RecordContactConsentPayload> {
        let scope = ctx.permitted(Permission::NotificationsManage)?;
        let (input, mut problems) = input.check()?;
        let address = match input.channel {
            NotificationChannel::Email => EmailAddress::new(input.address.as_str()).map(|a| a.as_str().to_owned()),
            NotificationChannel::Sms | NotificationChannel::Whatsapp => {
                PhoneNumber::new(input.address.as_str()).map(|a| a.as_str().to_owned())
            }
            NotificationChannel::InApp | NotificationChannel::Push => {
                problems.check(false, "input.channel", "must be EMAIL, SMS or WHATSAPP");
                Ok(String::new())
            }
        };
        let address = address.unwrap_or_else(|message| {
            problems.check(false, "input.address", message);
            String::new()
        });
        let clinic = input.clinic_id.resolve(scope).await?;
        problems.done()?;
        decide(scope, clinic.uuid(), (input.channel, &address), input.is_granted, input.source, scope.now()).await?;
        use contact_consents as c;
        let row = c::table
            .filter(c::clinic_id.eq(clinic))
            .filter(c::channel.eq(input.channel))
            .filter(c::address.eq(&address))
            .select(c::id);
        let id: Id<ContactConsent> = row.first(&mut scope.tx().await?.conn()?).await.map_err(Error::from)?;
        if let Some(note) = input.note {
            let consent = ContactConsent::lock(scope, id, None).await?;
            consent.edit().note(Some(note.into_string())).update(scope, NoEvent).await?;
        }
        Ok(RecordContactConsentPayload { contact_consent: One::of(id) })
    }
}

//! A clinic's own words for notifications, in place of those that the server brings.

use async_graphql::{Context, Object, SimpleObject};
use diesel::{ExpressionMethods, OptionalExtension, QueryDsl};
use diesel_async::RunQueryDsl;

use super::{
    NoticeKind, Notices, NotificationChannel, NotificationKind, NotificationLanguage,
    compose::{OwnWords, compose},
    kind::{Part, parts},
};
use crate::{
    clinic::{ActingClinic, Clinic},
    entity, filter, input,
    kernel::{
        Error, Id, Permission, RequestOf, Result,
        db::Scope,
        entity::One,
        error::Problems,
        request::service,
        write::{ExpectedVersion, Input, NoEvent, Stored, Text},
    },
    orders,
    schema::{clinics, notification_templates},
};

entity! {
    /// Words of a clinic's own for notifications of a kind, on a channel and in a language. Needs the permission
    /// `NOTIFICATIONS_MANAGE`.
    NotificationTemplate "notification_template" of notification_templates, tenant clinic_id, read NotificationsManage;
    columns {
        /// Identifier of the template.
        id: Id<NotificationTemplate>,
        /// Kind of the notifications.
        kind: NotificationKind,
        /// Channel of the messages.
        channel: NotificationChannel,
        /// Language of the messages.
        language: NotificationLanguage,
        /// Subject of an e-mail, with placeholders in braces. Null for other channels, and to keep the usual subject.
        subject: Option<String>,
        /// Text of the message, with placeholders in braces.
        text: String,
        /// Version of the template, which each change increments; pass it as `expectedVersion`.
        version: i32,
    }
    inside { clinic_id: Id<Clinic> }
    edges {
        /// Clinic whose words these are.
        clinic: one Clinic by clinic_id,
    }
}

orders! {
    /// Order of a list of templates.
    NotificationTemplateOrder by NotificationTemplateOrderField, usually Kind Asc;
    /// Kind of the notifications.
    Kind = "kind" as Text,
}

filter! {
    /// Conditions on a list of templates; all of them must hold.
    NotificationTemplateFilter of NotificationTemplate in notification_templates, order NotificationTemplateOrder {
        /// Clinic whose words they are.
        clinic_id: equal(clinic_id: Id<Clinic>),
    }
}

/// Kind of notification, with the words that the server brings.
#[derive(Debug, SimpleObject)]
pub struct NotificationKindInfo {
    /// Kind of the notifications.
    kind: NotificationKind,
    /// Sentence that says when such notifications are sent.
    trigger: String,
    /// Sentence that says to whom such notifications are sent.
    recipients: String,
    /// Channels outside the application on which they are sent to somebody who has chosen nothing.
    channels: Vec<NotificationChannel>,
    /// Whether such notifications are sent in quiet hours too.
    is_urgent: bool,
    /// Whether nobody can refuse such notifications.
    is_required: bool,
    /// Placeholders that the words outside the application can have.
    placeholders: Vec<NotificationPlaceholder>,
    /// Words on each channel outside the application that has its own, in each language.
    texts: Vec<NotificationText>,
}

/// Placeholder in the words of notifications.
#[derive(Debug, SimpleObject)]
pub struct NotificationPlaceholder {
    /// Name of the placeholder, which is written in braces: `{number}`.
    name: String,
    /// Meaning of the value that replaces the placeholder.
    meaning: String,
    /// Example of a value.
    example: String,
}

/// Words that the server brings for a channel in a language.
#[derive(Debug, SimpleObject)]
pub struct NotificationText {
    /// Channel of the messages.
    channel: NotificationChannel,
    /// Language of the messages.
    language: NotificationLanguage,
    /// Subject of an e-mail. Null for other channels.
    subject: Option<String>,
    /// Text of the message.
    text: String,
}

impl NotificationKindInfo {
    fn of(kind: &NoticeKind) -> Self {
        let placeholder = |known: &super::kind::Placeholder| NotificationPlaceholder {
            name: known.name.to_owned(),
            meaning: known.meaning.to_owned(),
            example: known.example.to_owned(),
        };
        let texts = NotificationChannel::OUTSIDE.into_iter().flat_map(|channel| {
            NotificationLanguage::ALL.map(|language| {
                let (subject, text) = kind.texts(channel, language);
                NotificationText { channel, language, subject: subject.map(str::to_owned), text: text.to_owned() }
            })
        });
        let usual = kind.channels.iter().copied().filter(|channel| *channel != NotificationChannel::InApp);
        Self {
            kind: kind.kind,
            trigger: kind.trigger.to_owned(),
            recipients: kind.recipients.to_owned(),
            channels: usual.collect(),
            is_urgent: kind.is_urgent,
            is_required: kind.is_required,
            placeholders: kind.placeholders_on(NotificationChannel::Email).map(placeholder).collect(),
            texts: texts.collect(),
        }
    }
}

input! {
    /// Words of a clinic's own for notifications.
    SetNotificationTemplateInput {
        clinic_id: ActingClinic,
        /// Kind of the notifications.
        kind: NotificationKind,
        /// Channel of the messages: `EMAIL`, `SMS`, `WHATSAPP` or `PUSH`.
        channel: NotificationChannel,
        /// Language of the messages.
        language: NotificationLanguage,
        /// Subject of an e-mail, with placeholders in braces; the usual one if it is left out.
        subject: Option<Text<200>>,
        /// Text of the message, with placeholders in braces.
        text: Text<4000>,
        expected_version: ExpectedVersion,
    }
}

/// Result of setting the words of notifications.
#[derive(SimpleObject)]
pub struct SetNotificationTemplatePayload {
    /// Template with the words.
    notification_template: One<NotificationTemplate>,
}

input! {
    /// Words of a clinic's own that are going to be removed, so that the usual ones hold again.
    RemoveNotificationTemplateInput {
        /// Identifier of the template.
        notification_template_id: Id<NotificationTemplate>,
        expected_version: ExpectedVersion,
    }
}

/// Result of removing the words of notifications.
#[derive(SimpleObject)]
pub struct RemoveNotificationTemplatePayload {
    /// Identifier of the template that was removed.
    removed_notification_template_id: Id<NotificationTemplate>,
    /// Clinic whose words they were.
    clinic: One<Clinic>,
}

input! {
    /// Message that is going to be shown as recipients would get it, with examples as values.
    PreviewNotificationInput {
        clinic_id: ActingClinic,
        /// Kind of the notification.
        kind: NotificationKind,
        /// Channel of the message: `EMAIL`, `SMS`, `WHATSAPP` or `PUSH`.
        channel: NotificationChannel,
        /// Language of the message.
        language: NotificationLanguage = NotificationLanguage::En,
        /// Subject to try; that of the clinic's template, or else the usual one, if it is left out.
        subject: Option<Text<200>>,
        /// Text to try; that of the clinic's template, or else the usual one, if it is left out.
        text: Option<Text<4000>>,
    }
}

/// Message as recipients would get it.
#[derive(Debug, SimpleObject)]
pub struct NotificationPreview {
    /// Name that is shown as the sender.
    sender_name: String,
    /// Subject of an e-mail. Null for other channels.
    subject: Option<String>,
    /// Message as plain text.
    text: String,
    /// Message as HTML. Null for channels other than `EMAIL`.
    html: Option<String>,
}

#[derive(Debug, Default)]
pub struct TemplateQuery;

#[Object]
impl TemplateQuery {
    /// All kinds of notifications, with the words that the server brings. Needs the permission `NOTIFICATIONS_MANAGE`.
    async fn notification_kinds(&self, ctx: &Context<'_>) -> Result<Vec<NotificationKindInfo>> {
        ctx.permitted(Permission::NotificationsManage)?;
        Ok(service::<Notices>(ctx)?.all().map(NotificationKindInfo::of).collect())
    }

    /// Message of a kind as recipients would get it, with examples as values. Needs the permission `NOTIFICATIONS_MANAGE`.
    async fn notification_preview(
        &self,
        ctx: &Context<'_>,
        input: Input<PreviewNotificationInput>,
    ) -> Result<NotificationPreview> {
        let scope = ctx.permitted(Permission::NotificationsManage)?;
        let (input, mut problems) = input.check()?;
        let kind = service::<Notices>(ctx)?.of(input.kind)?;
        let PreviewNotificationInput { channel, language, subject, text, .. } = input;
        check_words(kind, channel, subject.as_ref().map(Text::as_str), text.as_ref().map(Text::as_str), &mut problems);
        let clinic = input.clinic_id.resolve(scope).await?;
        problems.done()?;
        let own = own_words(scope, clinic, (input.kind, channel, language)).await?;
        let own = OwnWords {
            subject: subject.map(Text::into_string).or(own.subject),
            text: text.map(Text::into_string).or(own.text),
        };
        let name = clinics::table.find(clinic).select(clinics::name);
        let name: String = name.first(&mut scope.tx().await?.conn()?).await?;
        let values = kind.placeholders.iter().map(|known| (known.name.to_owned(), known.example.into())).collect();
        let values = serde_json::Value::Object(values);
        let message = compose(kind, (channel, language), &own, &values, (Some(name.clone()), None));
        let is_mail = channel == NotificationChannel::Email;
        Ok(NotificationPreview {
            sender_name: name,
            subject: is_mail.then(|| message.subject.clone()),
            text: if is_mail { message.plain(None) } else { message.short() },
            html: is_mail.then(|| message.html(None)),
        })
    }
}

#[derive(Debug, Default)]
pub struct TemplateMutation;

#[Object]
impl TemplateMutation {
    /// Sets a clinic's own words for notifications of a kind, on a channel and in a language. Needs the permission
    /// `NOTIFICATIONS_MANAGE`.
    async fn set_notification_template(
        &self,
        ctx: &Context<'_>,
        input: Input<SetNotificationTemplateInput>,
    ) -> Result<SetNotificationTemplatePayload> {
        let scope = ctx.permitted(Permission::NotificationsManage)?;
        let (input, mut problems) = input.check()?;
        let kind = service::<Notices>(ctx)?.of(input.kind)?;
        let subject = input.subject.as_ref().map(Text::as_str);
        check_words(kind, input.channel, subject, Some(input.text.as_str()), &mut problems);
        let clinic = input.clinic_id.resolve(scope).await?;
        problems.done()?;
        let of = (input.kind, input.channel, input.language);
        let (subject, text) = (input.subject.map(Text::into_string), input.text.into_string());
        let id = match find(scope, clinic, of).await? {
            Some(id) => {
                let template = NotificationTemplate::lock(scope, id, input.expected_version).await?;
                template.edit().subject(subject).text(text).update(scope, NoEvent).await?;
                id
            }
            None => {
                let (kind, channel, language) = of;
                let draft = NotificationTemplate::new_in(clinic).kind(kind).channel(channel).language(language);
                draft.subject(subject).text(text).insert(scope, NoEvent).await?
            }
        };
        Ok(SetNotificationTemplatePayload { notification_template: One::of(id) })
    }

    /// Removes a clinic's own words, so that the usual ones hold again. Needs the permission `NOTIFICATIONS_MANAGE`.
    async fn remove_notification_template(
        &self,
        ctx: &Context<'_>,
        input: Input<RemoveNotificationTemplateInput>,
    ) -> Result<RemoveNotificationTemplatePayload> {
        let scope = ctx.permitted(Permission::NotificationsManage)?;
        let input = input.valid()?;
        let template =
            NotificationTemplate::lock(scope, input.notification_template_id, input.expected_version).await?;
        template.remove(scope, NoEvent).await?;
        Ok(RemoveNotificationTemplatePayload {
            removed_notification_template_id: template.id,
            clinic: One::of(template.clinic_id),
        })
    }
}

type Of = (NotificationKind, NotificationChannel, NotificationLanguage);

async fn find(scope: &Scope, clinic: Id<Clinic>, of: Of) -> Result<Option<Id<NotificationTemplate>>> {
    use notification_templates as t;
    let found = t::table
        .filter(t::clinic_id.eq(clinic))
        .filter(t::kind.eq(of.0))
        .filter(t::channel.eq(of.1))
        .filter(t::language.eq(of.2))
        .select(t::id);
    Ok(found.first(&mut scope.tx().await?.conn()?).await.optional()?)
}

async fn own_words(scope: &Scope, clinic: Id<Clinic>, of: Of) -> Result<OwnWords> {
    use notification_templates as t;
    let Some(id) = find(scope, clinic, of).await? else { return Ok(OwnWords::default()) };
    let words = t::table.filter(t::clinic_id.eq(clinic)).filter(t::id.eq(id)).select((t::subject, t::text));
    let (subject, text): (Option<String>, String) =
        words.first(&mut scope.tx().await?.conn()?).await.map_err(Error::from)?;
    Ok(OwnWords { subject, text: Some(text) })
}

/// Checks that words fit their channel and have only placeholders that there are.
fn check_words(
    kind: &NoticeKind,
    channel: NotificationChannel,
    subject: Option<&str>,
    text: Option<&str>,
    problems: &mut Problems,
) {
    let message = "the words in the application cannot be changed; choose EMAIL, SMS, WHATSAPP or PUSH";
    problems.check(channel != NotificationChannel::InApp, "input.channel", message);
    let has_subject = channel == NotificationChannel::Email || subject.is_none();
    problems.check(has_subject, "input.subject", "only an e-mail has a subject");
    let known: Vec<_> = kind.placeholders_on(channel).map(|known| known.name).collect();
    for (path, words) in [("input.subject", subject), ("input.text", text)] {
        for part in parts(words.unwrap_or_default()) {
            if let Part::Placeholder(name) = part {
                let names = known.iter().map(|name| format!("{{{name}}}")).collect::<Vec<_>>().join(", ");
                let message = format!("has no placeholder {{{name}}}; there are {names}");
                problems.check(known.contains(&name), path, message);
            }
        }
    }
}

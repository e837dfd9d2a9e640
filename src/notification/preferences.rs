//! How a user wants to be notified: quiet hours, and choices by kind and channel where they differ from what is usual.

use async_graphql::{Context, Object, SimpleObject};
use chrono::{DateTime, NaiveTime, TimeDelta, TimeZone as _, Utc};
use chrono_tz::Tz;
use diesel::{ExpressionMethods, OptionalExtension, QueryDsl, insert_into};
use diesel_async::RunQueryDsl;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Notices, NotificationChannel, NotificationKind, kind::NoticeKind};
use crate::{
    input,
    kernel::{
        Error, RequestOf, Result,
        db::Scope,
        request::service,
        wall_clock::LocalTime,
        write::{Clearable, Input, Items},
    },
    schema::notification_preferences as rows,
};

/// What a user wants.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Preferences {
    pub quiet: Option<(NaiveTime, NaiveTime)>,
    choices: Vec<Choice>,
}

/// A choice as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Choice {
    kind: String,
    channel: String,
    used: bool,
}

impl Preferences {
    /// Of a stored row: the quiet hours and the choices.
    pub fn of_row(
        quiet_from: Option<NaiveTime>,
        quiet_until: Option<NaiveTime>,
        choices: serde_json::Value,
    ) -> Result<Self> {
        let choices = serde_json::from_value(choices).map_err(Error::internal)?;
        Ok(Self { quiet: quiet_from.zip(quiet_until), choices })
    }

    pub async fn of_user(scope: &Scope, user: Uuid) -> Result<Self> {
        type Row = (Option<NaiveTime>, Option<NaiveTime>, serde_json::Value);
        let row = rows::table.find(user).select((rows::quiet_from, rows::quiet_until, rows::choices));
        let row: Option<Row> = row.first(&mut scope.tx().await?.conn()?).await.optional()?;
        row.map_or_else(|| Ok(Self::default()), |(from, until, choices)| Self::of_row(from, until, choices))
    }

    pub async fn write(&self, scope: &Scope, user: Uuid) -> Result<()> {
        let (from, until) = self.quiet.unzip();
        let choices = serde_json::to_value(&self.choices).map_err(Error::internal)?;
        let values = (rows::quiet_from.eq(from), rows::quiet_until.eq(until), rows::choices.eq(choices));
        insert_into(rows::table)
            .values((rows::user_id.eq(user), values.clone()))
            .on_conflict(rows::user_id)
            .do_update()
            .set((values, rows::updated_at.eq(scope.now())))
            .execute(&mut scope.tx().await?.conn()?)
            .await?;
        Ok(())
    }

    /// Whether the user is notified of a kind on a channel.
    #[must_use]
    pub fn uses(&self, kind: &NoticeKind, channel: NotificationChannel) -> bool {
        let is_usual = kind.channels.contains(&channel);
        let chosen = self.choices.iter().find(|choice| choice.is_for(kind.kind, channel)).map(|choice| choice.used);
        match chosen {
            Some(false) => is_usual && kind.is_required,
            // To choose a channel is to agree to it.
            Some(true) => true,
            None => is_usual && !channel.needs_consent(),
        }
    }

    pub fn choose(&mut self, kind: NotificationKind, channel: NotificationChannel, used: bool) {
        self.choices.retain(|choice| !choice.is_for(kind, channel));
        self.choices.push(Choice { kind: kind.text().to_owned(), channel: channel.text().to_owned(), used });
    }

    /// The end of the quiet hours of a moment, in the user's time zone; none outside of them.
    #[must_use]
    pub fn quiet_until(&self, zone: Tz, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let (from, until) = self.quiet?;
        let local = now.with_timezone(&zone);
        let time = local.time();
        let is_quiet = if from < until { from <= time && time < until } else { from <= time || time < until };
        if !is_quiet {
            return None;
        }
        let day = local.date_naive() + TimeDelta::days(i64::from(time >= until));
        // A time that the clocks skip comes an hour later, and of one that comes twice the first counts.
        let end = |time| zone.from_local_datetime(&day.and_time(time)).earliest();
        end(until).or_else(|| end(until + TimeDelta::hours(1))).map(|end| end.to_utc())
    }
}

impl Choice {
    fn is_for(&self, kind: NotificationKind, channel: NotificationChannel) -> bool {
        self.kind == kind.text() && self.channel == channel.text()
    }
}

/// Wishes of the caller for notifications outside the application.
#[derive(Debug, SimpleObject)]
pub struct NotificationPreferences {
    /// Time of the day at which quiet hours begin, in the time zone of the user or else of the clinic: messages that make a
    /// sound wait until they end, unless they are urgent. Null for no quiet hours.
    quiet_from: Option<LocalTime>,
    /// Time of the day at which quiet hours end; on the next day if it is before their begin. Null for no quiet hours.
    quiet_until: Option<LocalTime>,
    /// Kinds of notifications with each channel on which they can be sent.
    choices: Vec<NotificationChoice>,
}

/// Whether the caller is notified of something on a channel.
#[derive(Debug, SimpleObject)]
pub struct NotificationChoice {
    /// Kind of the notifications.
    kind: NotificationKind,
    /// Channel on which the notifications can be sent.
    channel: NotificationChannel,
    /// Whether the notifications are sent to the caller on the channel.
    is_used: bool,
    /// Whether they are sent on the channel to somebody who has chosen nothing.
    is_usual: bool,
    /// Whether the caller can change the choice; some notifications cannot be refused.
    viewer_can_change: bool,
}

impl NotificationPreferences {
    fn of(preferences: &Preferences, notices: &Notices) -> Self {
        let choices = notices.all().flat_map(|kind| {
            NotificationChannel::OUTSIDE.into_iter().map(|channel| NotificationChoice {
                kind: kind.kind,
                channel,
                is_used: preferences.uses(kind, channel),
                is_usual: Preferences::default().uses(kind, channel),
                viewer_can_change: !(kind.is_required && kind.channels.contains(&channel)),
            })
        });
        Self {
            quiet_from: preferences.quiet.map(|(from, _)| LocalTime(from)),
            quiet_until: preferences.quiet.map(|(_, until)| LocalTime(until)),
            choices: choices.collect(),
        }
    }
}

input! {
    /// Choice for a kind of notifications and a channel.
    NotificationChoiceInput {
        /// Kind of the notifications.
        kind: NotificationKind,
        /// Channel on which the notifications can be sent; `IN_APP` is always used.
        channel: NotificationChannel,
        /// Whether the notifications are sent to the caller on the channel.
        is_used: bool,
    }
}

input! {
    /// Changes to how the caller is notified; fields that are left out keep their values.
    UpdateNotificationPreferencesInput {
        /// Time of the day at which quiet hours begin. Null for no quiet hours.
        quiet_from: Clearable<LocalTime>,
        /// Time of the day at which quiet hours end. Null for no quiet hours.
        quiet_until: Clearable<LocalTime>,
        /// Choices that change; others stay.
        choices: Option<Items<NotificationChoiceInput, 0, 250>>,
    }
}

/// Result of updating the notification preferences.
#[derive(SimpleObject)]
pub struct UpdateNotificationPreferencesPayload {
    /// Preferences of the caller after the update.
    notification_preferences: NotificationPreferences,
}

#[derive(Debug, Default)]
pub struct PreferencesQuery;

#[Object]
impl PreferencesQuery {
    /// Wishes of the caller for notifications outside the application.
    async fn notification_preferences(&self, ctx: &Context<'_>) -> Result<NotificationPreferences> {
        let scope = ctx.scope()?;
        let preferences = Preferences::of_user(scope, scope.actor().person()?.user_id).await?;
        Ok(NotificationPreferences::of(&preferences, service::<Notices>(ctx)?))
    }
}

#[derive(Debug, Default)]
pub struct PreferencesMutation;

#[Object]
impl PreferencesMutation {
    /// Changes how the caller is notified outside the application. To choose `SMS` or `WHATSAPP` is to agree to such messages.
    async fn update_notification_preferences(
        &self,
        ctx: &Context<'_>,
        input: Input<UpdateNotificationPreferencesInput>,
    ) -> Result<UpdateNotificationPreferencesPayload> {
        let scope = ctx.scope()?;
        let user = scope.actor().person()?.user_id;
        let notices = service::<Notices>(ctx)?;
        let (input, mut problems) = input.check()?;
        let known = Preferences::of_user(scope, user).await?;
        let mut preferences = known.clone();
        let (from, until) = preferences.quiet.unzip();
        let time = |clearable: Clearable<LocalTime>, stays| match clearable {
            Clearable::Absent => stays,
            Clearable::Null => None,
            Clearable::Value(time) => Some(time.0),
        };
        let (from, until) = (time(input.quiet_from, from), time(input.quiet_until, until));
        let message = "quiet hours need both a begin and an end";
        problems.check(from.is_some() == until.is_some(), "input.quietUntil", message);
        problems.check(from.is_none() || from != until, "input.quietUntil", "must differ from the begin");
        preferences.quiet = from.zip(until);
        for (at, choice) in input.choices.into_iter().flat_map(|items| items.0).enumerate() {
            let path = format!("input.choices.{at}");
            let is_outside = choice.channel != NotificationChannel::InApp;
            problems.check(is_outside, &format!("{path}.channel"), "every notification is shown in the application");
            let kind = notices.of(choice.kind)?;
            let may = choice.is_used || !(kind.is_required && kind.channels.contains(&choice.channel));
            problems.check(may, &format!("{path}.isUsed"), "notifications of this kind cannot be refused");
            preferences.choose(choice.kind, choice.channel, choice.is_used);
        }
        problems.done()?;
        if preferences != known {
            preferences.write(scope, user).await?;
        }
        Ok(UpdateNotificationPreferencesPayload {
            notification_preferences: NotificationPreferences::of(&preferences, notices),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quiet(from: (u32, u32), until: (u32, u32)) -> Preferences {
        let time = |(hour, minute)| NaiveTime::from_hms_opt(hour, minute, 0).unwrap();
        Preferences { quiet: Some((time(from), time(until))), choices: Vec::new() }
    }

    #[test]
    fn quiet_hours_end_at_their_time_in_the_users_zone() {
        let vancouver = chrono_tz::America::Vancouver;
        let night = quiet((21, 0), (8, 0));
        for (now, end) in [
            // 22:00 and 07:59 there, in winter.
            ("2026-01-10T06:00:00Z", Some("2026-01-10T16:00:00Z")),
            ("2026-01-10T15:59:00Z", Some("2026-01-10T16:00:00Z")),
            ("2026-01-10T16:00:00Z", None),
            ("2026-01-10T20:00:00Z", None),
            // The clocks go forward in this night.
            ("2026-03-08T05:30:00Z", Some("2026-03-08T15:00:00Z")),
        ] {
            let end = end.map(|end| end.parse::<DateTime<Utc>>().unwrap());
            assert_eq!(night.quiet_until(vancouver, now.parse().unwrap()), end, "{now}");
        }
        let noon = quiet((12, 0), (13, 0));
        assert_eq!(
            noon.quiet_until(chrono_tz::UTC, "2026-01-10T12:30:00Z".parse().unwrap()),
            Some("2026-01-10T13:00:00Z".parse().unwrap())
        );
        // The end falls into the hour that is skipped: 02:30 there does not exist on that day.
        let end = quiet((1, 0), (2, 30)).quiet_until(vancouver, "2026-03-08T09:30:00Z".parse().unwrap());
        assert_eq!(end, Some("2026-03-08T10:30:00Z".parse().unwrap()));
    }
}

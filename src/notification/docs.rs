//! The document on all kinds of notifications, `docs/NOTIFICATIONS.md`, written from their declarations.

use std::fmt::Write;

use super::{Notices, NotificationChannel, NotificationLanguage};

const HEAD: &str = "# Notifications

Of what people are notified, by which cause, and in which words. This document is written from the declarations in the
program; a test proves it fresh.

A notification is always shown in the application. Outside of it, it is sent on the channels named here unless the
recipient chooses otherwise (`updateNotificationPreferences`), and only:

- by e-mail, to an address that the recipient has proved to be theirs, with a link to refuse such e-mails at once;
- by SMS and WhatsApp, to a verified number of somebody who has chosen the channel, and to people without an account who have
  agreed to it (`recordContactConsent`);
- by push message, to browsers that the recipient has subscribed (`subscribeToPush`).

SMS, WhatsApp and push messages wait until the quiet hours of the recipient have ended, unless they are urgent. A clinic can set
its own words for each channel outside the application (`setNotificationTemplate`, `notificationPreview`). Words in braces are
placeholders; those marked *confidential* never leave the application. Languages: English, French, Spanish, Chinese, Swahili.
";

/// The document.
#[must_use]
pub fn docs(notices: &Notices) -> String {
    let mut text = HEAD.to_owned();
    let screaming = |text: &str| text.to_uppercase();
    for kind in notices.all() {
        let channels: Vec<_> = kind.channels.iter().map(|channel| format!("`{}`", screaming(channel.text()))).collect();
        let _ = write!(
            text,
            "\n## `{}`\n\n{}\n\n| | |\n|---|---|\n| Recipients | {} |\n| Channels | {} |\n| Urgent | {} |\n| Can be refused | {} |\n",
            screaming(kind.kind.text()),
            kind.trigger,
            kind.recipients,
            if channels.is_empty() { "only in the application".to_owned() } else { channels.join(", ") },
            if kind.is_urgent { "yes" } else { "no" },
            if kind.is_required { "no" } else { "yes" },
        );
        for placeholder in kind.placeholders {
            let confidential = if placeholder.is_confidential { " (*confidential*)" } else { "" };
            let _ = writeln!(text, "| `{{{}}}` | {}{confidential} |", placeholder.name, placeholder.meaning);
        }
        let english = |channel| kind.texts(channel, NotificationLanguage::En);
        let (title, body) = english(NotificationChannel::InApp);
        let (subject, mail) = english(NotificationChannel::Email);
        let (_, short) = english(NotificationChannel::Sms);
        let _ = write!(
            text,
            "\n| in English | |\n|---|---|\n| Title | {} |\n| Text | {body} |\n| Subject of the e-mail | {} |\n| E-mail | {} |\n\
             | SMS, WhatsApp, push | {short} |\n",
            title.unwrap_or_default(),
            subject.unwrap_or_default(),
            mail.replace("\n\n", "<br>"),
        );
    }
    text
}

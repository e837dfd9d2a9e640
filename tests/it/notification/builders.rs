//! Apps that send mail into a mailbox, and what tests read of what was sent.

use clinigraph::{
    mail::MailOptions,
    notification::{NoticeKind, NotificationChannel, NotificationKind, Placeholder},
    outbound::OutboundOptions,
    pipeline::Settings,
};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{Person, TestApp, settings};

/// A kind whose words are what a test says.
pub static PLAIN: NoticeKind = NoticeKind {
    kind: NotificationKind::TicketReply,
    trigger: "A test says so.",
    recipients: "Whom the test says.",
    channels: &[NotificationChannel::Email],
    is_urgent: false,
    is_required: false,
    placeholders: &[Placeholder::new("title", "Title", "Title"), Placeholder::new("text", "Text", "Text")],
    title: ["{title}"; 5],
    body: ["{text}"; 5],
    subject: ["{title}"; 5],
    text: ["{text}"; 5],
    short: ["{text}"; 5],
};

/// Settings of a server that sends mail into a mailbox, and push messages to this machine.
pub fn sending() -> Settings {
    Settings {
        mail: MailOptions::Mailbox,
        public_url: Some("https://clinics.example".to_owned()),
        outbound: OutboundOptions { allows_private: true, ..OutboundOptions::default() },
        ..settings()
    }
}

impl TestApp {
    /// An app that sends mail into a mailbox, whose worker has begun to read events.
    pub async fn sending() -> Self {
        let app = Self::with(sending(), 4).await;
        app.work().await;
        app
    }

    /// The letters in the mailbox, oldest first.
    pub async fn letters(&self) -> Vec<Value> {
        let url = format!("http://{}/dev/mailbox.json", self.address);
        let mut letters: Vec<Value> = reqwest::get(url).await.unwrap().json().await.unwrap();
        letters.reverse();
        letters
    }

    /// The only letter.
    pub async fn letter(&self) -> Value {
        let mut letters = self.letters().await;
        assert_eq!(letters.len(), 1, "{letters:?}");
        letters.remove(0)
    }

    /// Gives everybody a verified e-mail address.
    pub async fn verify_everybody(&self) {
        self.execute("update users set email_verified_at = now()").await;
    }

    /// Sets columns of a user.
    pub async fn set_user(&self, user: Uuid, columns: &str) {
        self.execute(&format!("update users set {columns} where id = '{user}'")).await;
    }

    /// What became of all deliveries, oldest first: channel, status and reason.
    pub async fn outcomes(&self) -> Vec<String> {
        let rows = "select concat_ws(' ', channel, status, reason) as outcome from notification_deliveries order by created_at, id";
        self.rows(rows).await.iter().map(|row| row["outcome"].as_str().unwrap().to_owned()).collect()
    }
}

impl Person {
    /// Chooses whether notifications of a kind are sent on a channel.
    pub async fn choose(&self, kind: &str, channel: &str, is_used: bool) {
        let input = json!({ "choices": [{ "kind": kind, "channel": channel, "isUsed": is_used }] });
        let selection = "{ notificationPreferences { quietFrom } }";
        self.change("updateNotificationPreferences", input, selection).await;
    }
}

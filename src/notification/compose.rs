//! The words of a message: the texts of its kind, or the clinic's own, with the values filled in.

use serde_json::Value as Json;

use super::{
    NotificationChannel, NotificationLanguage,
    kind::{NoticeKind, Words, fill},
};
use crate::kernel::html::escape;

/// Words around a text, by language.
const OPEN: Words = ["Open", "Ouvrir", "Abrir", "打开", "Fungua"];
const UNSUBSCRIBE: Words = [
    "Receive no more e-mails of this kind",
    "Ne plus recevoir d’e-mails de ce type",
    "No recibir más correos de este tipo",
    "不再接收此类邮件",
    "Usipokee tena barua pepe za aina hii",
];

/// A message in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    pub language: NotificationLanguage,
    /// Name of the clinic; none for what concerns no clinic.
    pub sender_name: Option<String>,
    /// Empty where the channel has none.
    pub subject: String,
    pub text: String,
    /// Address of the page that shows the subject.
    pub link: Option<String>,
}

/// A clinic's own words, where it has them.
#[derive(Debug, Clone, Default)]
pub struct OwnWords {
    pub subject: Option<String>,
    pub text: Option<String>,
}

/// Composes the message of a kind on a channel.
#[must_use]
pub fn compose(
    kind: &NoticeKind,
    (channel, language): (NotificationChannel, NotificationLanguage),
    own: &OwnWords,
    values: &Json,
    (sender_name, link): (Option<String>, Option<String>),
) -> Message {
    let (subject, text) = kind.texts(channel, language);
    let subject = own.subject.as_deref().or(subject).unwrap_or_default();
    let text = own.text.as_deref().unwrap_or(text);
    let mut values = values.clone();
    for confidential in kind.placeholders.iter().filter(|known| known.is_confidential) {
        if channel != NotificationChannel::InApp {
            values[confidential.name] = Json::Null;
        }
    }
    values["clinic"] = sender_name.clone().unwrap_or_default().into();
    // A subject is one line, whatever a value brings.
    let subject = fill(subject, language, &values).split_whitespace().collect::<Vec<_>>().join(" ");
    Message { language, sender_name, subject, text: fill(text, language, &values), link }
}

impl Message {
    /// As a short text: SMS, WhatsApp, push.
    #[must_use]
    pub fn short(&self) -> String {
        match &self.link {
            Some(link) => format!("{} {link}", self.text),
            None => self.text.clone(),
        }
    }

    /// As the plain text of an e-mail.
    #[must_use]
    pub fn plain(&self, unsubscribe_url: Option<&str>) -> String {
        let at = self.language.index();
        let mut text = self.text.trim_end().to_owned();
        if let Some(link) = &self.link {
            text += &format!("\n\n{}: {link}", OPEN[at]);
        }
        if let Some(sender) = &self.sender_name {
            text += &format!("\n\n{sender}");
        }
        if let Some(url) = unsubscribe_url {
            text += &format!("\n\n--\n{}: {url}", UNSUBSCRIBE[at]);
        }
        text + "\n"
    }

    /// As the HTML of an e-mail: nothing in it comes from elsewhere, and all text is escaped.
    #[must_use]
    pub fn html(&self, unsubscribe_url: Option<&str>) -> String {
        let at = self.language.index();
        let paragraphs = self.text.trim().split("\n\n").map(|paragraph| {
            format!("<p style=\"margin:0 0 16px\">{}</p>", escape(paragraph.trim()).replace('\n', "<br>"))
        });
        let mut body: String = paragraphs.collect();
        if let Some(link) = &self.link {
            body += &format!(
                "<p style=\"margin:24px 0\"><a href=\"{}\" style=\"background:#0b62a4;color:#ffffff;padding:10px 20px;\
                 border-radius:6px;text-decoration:none\">{}</a></p>",
                escape(link),
                OPEN[at]
            );
        }
        if let Some(sender) = &self.sender_name {
            body += &format!("<p style=\"margin:0 0 16px\">{}</p>", escape(sender));
        }
        if let Some(url) = unsubscribe_url {
            body += &format!(
                "<p style=\"margin:32px 0 0;padding-top:16px;border-top:1px solid #dde4ea;font-size:13px\">\
                 <a href=\"{}\" style=\"color:#5a6b7a\">{}</a></p>",
                escape(url),
                UNSUBSCRIBE[at]
            );
        }
        format!(
            "<!doctype html><html lang=\"{}\"><head><meta charset=\"utf-8\"><title>{}</title></head>\
             <body style=\"margin:0;padding:24px;background:#ffffff;color:#1b2733;font:16px/1.5 sans-serif\">\
             <div style=\"max-width:560px;margin:0 auto\">{body}</div></body></html>",
            self.language.text(),
            escape(&self.subject)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_escaped_and_its_subject_is_one_line() {
        let message = Message {
            language: NotificationLanguage::Fr,
            sender_name: Some("A & B".to_owned()),
            subject: "x".to_owned(),
            text: "One <b>bold</b>\nline.\n\nTwo.".to_owned(),
            link: Some("https://clinic.example/tickets/1?a=1&b=\"2\"".to_owned()),
        };

        let html = message.html(Some("https://clinic.example/u/1"));

        assert!(html.contains("One &lt;b&gt;bold&lt;/b&gt;<br>line.</p><p"), "{html}");
        assert!(
            html.contains("href=\"https://clinic.example/tickets/1?a=1&amp;b=&quot;2&quot;\"")
                && html.contains("A &amp; B")
        );
        assert!(html.contains("Ne plus recevoir") && html.contains(">Ouvrir</a>"));
        assert_eq!(
            message.plain(None),
            "One <b>bold</b>\nline.\n\nTwo.\n\nOuvrir: https://clinic.example/tickets/1?a=1&b=\"2\"\n\nA & B\n"
        );
    }
}

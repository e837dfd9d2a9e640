//! What a module declares of a kind of notification: why it is sent, to whom, on which channels, and its words.

use serde_json::{Map, Value as Json};

use super::{NotificationChannel, NotificationKind};
use crate::text_enum;

text_enum! {
    /// Language in which notifications are written.
    NotificationLanguage {
        /// English, in its international form.
        En = "en",
        /// French, in its international form.
        Fr = "fr",
        /// Spanish, in its international form.
        Es = "es",
        /// Chinese in simplified characters.
        Zh = "zh",
        /// Swahili, in its standard form.
        Sw = "sw",
    }
}

impl NotificationLanguage {
    /// Every language, in the order of [`Words`].
    pub const ALL: [Self; 5] = [Self::En, Self::Fr, Self::Es, Self::Zh, Self::Sw];

    /// The language of a person whose language tag is this: English, if theirs is not there.
    #[must_use]
    pub fn of_tag(tag: &str) -> Self {
        let first = tag.split(['-', '_']).next().unwrap_or_default();
        Self::ALL.into_iter().find(|language| language.text().eq_ignore_ascii_case(first)).unwrap_or(Self::En)
    }

    #[must_use]
    pub fn index(self) -> usize {
        Self::ALL.iter().position(|language| *language == self).unwrap_or_default()
    }
}

/// The same in each language, in the order of [`NotificationLanguage::ALL`].
pub type Words = [&'static str; 5];

/// A kind of notification. Words of its texts in braces are placeholders, which a notification fills in.
#[derive(Debug)]
pub struct NoticeKind {
    pub kind: NotificationKind,
    /// When it is sent: a sentence for the documentation.
    pub trigger: &'static str,
    /// To whom: a sentence for the documentation.
    pub recipients: &'static str,
    /// Channels that are used unless the recipient chooses otherwise.
    pub channels: &'static [NotificationChannel],
    /// Whether it is sent in quiet hours too.
    pub is_urgent: bool,
    /// Whether the recipient cannot refuse it.
    pub is_required: bool,
    /// Names of the placeholders, what each stands for, and an example.
    pub placeholders: &'static [Placeholder],
    /// Title in the application.
    pub title: Words,
    /// Text in the application.
    pub body: Words,
    /// Subject of an e-mail.
    pub subject: Words,
    /// Text of an e-mail, in paragraphs. It must not tell anything about a patient's health: mail is read by others too.
    pub text: Words,
    /// Text for SMS, WhatsApp and push messages, which others may see on the screen of a locked phone.
    pub short: Words,
}

#[derive(Debug, Clone, Copy)]
pub struct Placeholder {
    pub name: &'static str,
    pub meaning: &'static str,
    pub example: &'static str,
    /// Whether the value may tell something about a patient, so that it must not leave the application.
    pub is_confidential: bool,
}

impl Placeholder {
    #[must_use]
    pub const fn new(name: &'static str, meaning: &'static str, example: &'static str) -> Self {
        Self { name, meaning, example, is_confidential: false }
    }

    #[must_use]
    pub const fn confidential(self) -> Self {
        Self { is_confidential: true, ..self }
    }
}

/// The name of the clinic that the notification is about, which every text may have.
pub const CLINIC: Placeholder = Placeholder::new("clinic", "Name of the clinic", "Harbour Family Clinic");

impl NoticeKind {
    /// The placeholders that a text on a channel may have.
    pub fn placeholders_on(&self, channel: NotificationChannel) -> impl Iterator<Item = &Placeholder> {
        let is_inside = channel == NotificationChannel::InApp;
        std::iter::once(&CLINIC).chain(self.placeholders).filter(move |known| is_inside || !known.is_confidential)
    }

    /// Subject (of an e-mail) and text on a channel, with their placeholders.
    #[must_use]
    pub fn texts(
        &self,
        channel: NotificationChannel,
        language: NotificationLanguage,
    ) -> (Option<&'static str>, &'static str) {
        let at = language.index();
        match channel {
            NotificationChannel::InApp => (Some(self.title[at]), self.body[at]),
            NotificationChannel::Email => (Some(self.subject[at]), self.text[at]),
            NotificationChannel::Sms | NotificationChannel::Whatsapp | NotificationChannel::Push => {
                (None, self.short[at])
            }
        }
    }
}

/// The value of a placeholder.
#[derive(Debug, Clone)]
pub enum Value {
    Text(String),
    /// A word that differs by language.
    Words(Words),
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<i32> for Value {
    fn from(number: i32) -> Self {
        Self::Text(number.to_string())
    }
}

impl From<Words> for Value {
    fn from(words: Words) -> Self {
        Self::Words(words)
    }
}

/// Longest value that is stored with a notification.
const LONGEST: usize = 300;

/// Values of placeholders, as they are stored: text, or a list with the word in each language.
#[must_use]
pub fn stored(values: &[(&'static str, Value)]) -> Json {
    let value = |value: &Value| match value {
        Value::Text(text) => Json::from(text.chars().take(LONGEST).collect::<String>()),
        Value::Words(words) => Json::from(words.to_vec()),
    };
    values.iter().map(|(name, one)| ((*name).to_owned(), value(one))).collect::<Map<_, _>>().into()
}

/// A text with the values in place of its placeholders; one without a value is left out.
#[must_use]
pub fn fill(text: &str, language: NotificationLanguage, values: &Json) -> String {
    let mut filled = String::with_capacity(text.len() + 64);
    for part in parts(text) {
        match part {
            Part::Text(text) => filled.push_str(text),
            Part::Placeholder(name) => match &values[name] {
                Json::String(value) => filled.push_str(value),
                Json::Array(words) => {
                    filled.push_str(words.get(language.index()).and_then(Json::as_str).unwrap_or_default());
                }
                _ => {}
            },
        }
    }
    filled
}

/// A part of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part<'a> {
    Text(&'a str),
    Placeholder(&'a str),
}

/// The parts of a text. Braces around anything but a name are text.
pub fn parts(text: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut rest = text;
    let mut from = 0;
    while let Some(open) = rest[from..].find('{').map(|at| from + at) {
        let name = rest[open + 1..].split('}').next().unwrap_or_default();
        let is_name = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric());
        if !is_name || !rest[open + 1 + name.len()..].starts_with('}') {
            from = open + 1;
            continue;
        }
        parts.push(Part::Text(&rest[..open]));
        parts.push(Part::Placeholder(name));
        rest = &rest[open + name.len() + 2..];
        from = 0;
    }
    parts.push(Part::Text(rest));
    parts.retain(|part| *part != Part::Text(""));
    parts
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn placeholders_are_filled_and_other_braces_stay() {
        let values = json!({ "number": "12", "status": ["open", "ouvert", "abierto", "开放", "wazi"] });
        for (text, language, filled) in [
            ("Ticket {number} is {status}.", NotificationLanguage::Fr, "Ticket 12 is ouvert."),
            ("{number}{number}", NotificationLanguage::En, "1212"),
            ("a {missing} b", NotificationLanguage::En, "a  b"),
            ("{ number } {} {a b} { {number", NotificationLanguage::Sw, "{ number } {} {a b} { {number"),
            ("{{number}}", NotificationLanguage::Sw, "{12}"),
            ("", NotificationLanguage::Zh, ""),
        ] {
            assert_eq!(fill(text, language, &values), filled, "{text}");
        }
    }

    #[test]
    fn a_value_is_not_read_as_a_text_with_placeholders() {
        let values = json!({ "title": "{secret}", "secret": "x" });

        assert_eq!(fill("{title}", NotificationLanguage::En, &values), "{secret}");
    }

    #[test]
    fn a_language_is_found_by_its_first_part() {
        let found = ["fr-CA", "zh-Hant-TW", "ES", "sw_KE", "de", ""].map(NotificationLanguage::of_tag);

        use NotificationLanguage::{En, Es, Fr, Sw, Zh};
        assert_eq!(found, [Fr, Zh, Es, Sw, En, En]);
    }
}

//! A letter, and why one is not sent.

/// A letter to one recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// The same in each attempt, so that a mailbox that got the letter twice shows it once.
    pub message_id: String,
    pub to: String,
    /// Name that is shown as the sender, such as that of a clinic.
    pub sender_name: Option<String>,
    pub reply_to: Option<String>,
    pub subject: String,
    pub text: String,
    pub html: String,
    /// Address at which the recipient can refuse such letters, if they can.
    pub unsubscribe_url: Option<String>,
}

/// Why a letter was not sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unsent {
    /// The mail server cannot be reached, or asks to try again later.
    Later(String),
    /// It will never take this letter.
    Never(String),
}

impl Unsent {
    #[must_use]
    pub fn reason(&self) -> &str {
        match self {
            Self::Later(reason) | Self::Never(reason) => reason,
        }
    }
}

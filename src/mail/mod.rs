//! Mail: letters to people, over the operator's SMTP server (`smtp.rs`) or, in development, into a mailbox that a page shows
//! (`mailbox.rs`). What a letter says is decided by who sends it.

mod letter;
mod mailbox;
mod page;
mod smtp;

use crate::kernel::{Result, clock::Clock};

pub use self::{
    letter::{Letter, Unsent},
    mailbox::{Kept, Mailbox},
    page::routes,
    smtp::{SmtpOptions, SmtpUrl},
};

/// Where letters go.
#[derive(Debug, Clone, Default)]
pub enum MailOptions {
    /// To the recipients.
    Smtp(SmtpOptions),
    /// Into a mailbox of this process.
    Mailbox,
    /// Nowhere: nothing is sent by mail.
    #[default]
    Nowhere,
}

/// Sends letters; clones share the connections.
#[derive(Debug, Clone)]
pub struct Mailer(Way);

#[derive(Debug, Clone)]
enum Way {
    Smtp(smtp::Smtp),
    Mailbox(Mailbox),
    Nowhere,
}

impl Mailer {
    pub fn new(options: &MailOptions, clock: Clock) -> Result<Self> {
        Ok(Self(match options {
            MailOptions::Smtp(options) => Way::Smtp(smtp::Smtp::new(options)?),
            MailOptions::Mailbox => Way::Mailbox(Mailbox::new(clock)),
            MailOptions::Nowhere => Way::Nowhere,
        }))
    }

    /// Whether letters go anywhere.
    #[must_use]
    pub fn is_there(&self) -> bool {
        !matches!(self.0, Way::Nowhere)
    }

    /// The mailbox, if that is where letters go.
    #[must_use]
    pub fn mailbox(&self) -> Option<&Mailbox> {
        match &self.0 {
            Way::Mailbox(mailbox) => Some(mailbox),
            Way::Smtp(_) | Way::Nowhere => None,
        }
    }

    /// Hands a letter to the mail server, and returns what that answered.
    pub async fn send(&self, letter: &Letter) -> Result<String, Unsent> {
        match &self.0 {
            Way::Smtp(smtp) => smtp.send(letter).await,
            Way::Mailbox(mailbox) => Ok(mailbox.keep(letter.clone())),
            Way::Nowhere => Err(Unsent::Never("this server has no mail server".to_owned())),
        }
    }

    /// Whether the mail server answers and accepts the login.
    pub async fn check(&self) -> Result<(), Unsent> {
        match &self.0 {
            Way::Smtp(smtp) => smtp.check().await,
            Way::Mailbox(_) | Way::Nowhere => Ok(()),
        }
    }
}

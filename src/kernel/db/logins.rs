//! The logins of the server: one for each class of actor, so that whoever gets hold of a connection of one class cannot take
//! the role of another. Their passwords follow from the server's keys, so that every server with the keys can log in and
//! none needs to be told a password.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::pool::Class;
use crate::kernel::{Error, Result, hex::hex};

/// How the server logs in to its database.
#[derive(Debug, Clone)]
pub struct Logins(Vec<(Class, String)>);

impl Logins {
    /// As the logins that preparing the database made.
    pub(super) fn of_classes(secret: &[u8], url: impl Fn(&str, &str) -> String) -> Result<Self> {
        let login = |class: Class| Ok((class, url(class.login(), &password(class, secret)?)));
        Class::ALL.into_iter().map(login).collect::<Result<_>>().map(Self)
    }

    /// As one role for all classes, which whoever runs the database made: it can take the role of each.
    #[must_use]
    pub fn one(url: &str) -> Self {
        Self(Class::ALL.into_iter().map(|class| (class, url.to_owned())).collect())
    }

    /// The connection string for a class.
    #[must_use]
    pub fn url(&self, class: Class) -> &str {
        self.0.iter().find(|(known, _)| *known == class).map_or("", |(_, url)| url)
    }
}

/// Hexadecimal digits only.
pub(super) fn password(class: Class, secret: &[u8]) -> Result<String> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).map_err(Error::internal)?;
    mac.update(class.login().as_bytes());
    Ok(hex(&mac.finalize().into_bytes()))
}

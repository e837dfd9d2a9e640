//! The logins of the server: one for each class of actor, so that a stolen connection of one class cannot take
//! the role of another. Their passwords follow from the server's keys, so that every server with the keys can log in and
//! no password has to be configured.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::pool::Class;
use crate::kernel::{Error, Result, hex::hex};

/// How the server logs in to its database.
#[derive(Debug, Clone)]
pub struct Logins([String; Class::ALL.len()]);

impl Logins {
    /// As the logins that preparing the database made.
    pub(super) fn of_classes(secret: &[u8], url: impl Fn(&str, &str) -> String) -> Result<Self> {
        let mut logins = Self::one("");
        for class in Class::ALL {
            logins.0[class as usize] = url(class.login(), &password(class, secret)?);
        }
        Ok(logins)
    }

    /// As one role for all classes, which the operator of the database made: it can take the role of each.
    #[must_use]
    pub fn one(url: &str) -> Self {
        Self(Class::ALL.map(|_| url.to_owned()))
    }

    /// The connection string for a class.
    #[must_use]
    pub fn url(&self, class: Class) -> &str {
        &self.0[class as usize]
    }
}

/// Hexadecimal digits only.
pub(super) fn password(class: Class, secret: &[u8]) -> Result<String> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).map_err(Error::internal)?;
    mac.update(class.login().as_bytes());
    Ok(hex(&mac.finalize().into_bytes()))
}

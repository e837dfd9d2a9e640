//! The secrets of an integration: one sealed object of named secrets for each row, and beside it what the API shows of them.

use std::{collections::BTreeMap, fmt};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Integration, settings::json_enum};
use crate::{
    json_object,
    kernel::{
        Error, Id, Result,
        entity::JsonList,
        sealed::{SealedColumn, last_four},
        secrets::KeyRing,
        write::Draft,
    },
};

json_enum! {
    /// Name of a secret of an integration.
    SecretName {
        /// Key for the API of the service.
        ApiKey = "api_key",
        /// Authentication token of an account.
        AuthToken = "auth_token",
        /// Access token for the API of the service.
        AccessToken = "access_token",
        /// Secret that belongs to an access token.
        AccessTokenSecret = "access_token_secret",
        /// Secret of an app at the service.
        AppSecret = "app_secret",
        /// Text that the service sends back when it checks the webhook address.
        VerifyToken = "verify_token",
        /// Secret with which the service authenticates what it sends.
        WebhookSecret = "webhook_secret",
        /// Secret key of an account that takes payments.
        SecretKey = "secret_key",
        /// Password of a user account at the service.
        Password = "password",
        /// Secret of a registered client of the service.
        ConsumerSecret = "consumer_secret",
    }
}

impl PartialOrd for SecretName {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for SecretName {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (*self as usize).cmp(&(*other as usize))
    }
}

json_object! {
    /// Secret of an integration, which is stored encrypted and never returned.
    IntegrationSecret {
        /// Name of the secret, which is also that of the field in which it is set.
        name: SecretName,
        /// Whether the secret is stored.
        configured: bool = "false",
        /// Last four characters of the secret. Null if none is stored or it has fewer than 12 characters.
        last_four: Option<String>,
        /// Time at which the secret was last set or removed. Null if it never was.
        updated_at: Option<DateTime<Utc>>,
    }
}

/// Where the secrets are stored.
const PLACE: SealedColumn = SealedColumn { table: "integrations", column: "secrets_enc" };

/// Secrets by their names, opened. Never shown, not even to the log.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secrets(BTreeMap<SecretName, String>);

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl Secrets {
    /// Stores a secret; none removes it.
    pub fn set(&mut self, name: SecretName, secret: Option<String>) {
        match secret {
            Some(secret) => drop(self.0.insert(name, secret)),
            None => drop(self.0.remove(&name)),
        }
    }

    #[must_use]
    pub fn get(&self, name: SecretName) -> Option<&str> {
        self.0.get(&name).map(String::as_str)
    }

    /// A secret that the settings require.
    pub fn require(&self, name: SecretName) -> Result<&str> {
        self.get(name).ok_or_else(|| Error::internal(format!("an integration in use has no {}", name.text())))
    }

    #[must_use]
    pub fn has_all(&self, names: &[SecretName]) -> bool {
        names.iter().all(|name| self.0.contains_key(name))
    }

    /// The secrets of an integration.
    pub fn open(ring: &KeyRing, integration: &Integration) -> Result<Self> {
        match &integration.secrets_enc {
            Some(sealed) => {
                serde_json::from_str(&PLACE.open(ring, integration.id, sealed)?).map_err(|_| unreadable(integration.id))
            }
            None => Ok(Self::default()),
        }
    }

    /// Drafts the secrets and what is shown of them. What was the same before is shown with its time.
    pub fn draft<'a>(
        &self,
        draft: Draft<'a, Integration>,
        ring: &KeyRing,
        names: &[SecretName],
        before: &Self,
        now: DateTime<Utc>,
    ) -> Result<Draft<'a, Integration>> {
        let shown_before = draft.before().map_or(&[][..], |row| row.secrets.0.as_slice());
        let shown = names.iter().map(|name| {
            let secret = self.get(*name);
            let known = shown_before.iter().find(|shown| shown.name == *name);
            let updated_at =
                if secret == before.get(*name) { known.and_then(|shown| shown.updated_at) } else { Some(now) };
            IntegrationSecret {
                name: *name,
                configured: secret.is_some(),
                last_four: secret.and_then(last_four),
                updated_at,
            }
        });
        let shown = JsonList(shown.collect());
        if self == before {
            return Ok(if draft.before().is_none() { draft.secrets(shown) } else { draft });
        }
        let plain = serde_json::to_string(self).map_err(Error::internal)?;
        let sealed = PLACE.seal(ring, draft.row_id(), (!self.0.is_empty()).then_some(plain.as_str()), now)?;
        Ok(draft.secrets(shown).secrets_enc(sealed.enc))
    }
}

/// Without the cause, which could quote the content.
fn unreadable(id: Id<Integration>) -> Error {
    Error::internal(format!("the secrets of {id} cannot be read"))
}

//! Secrets in columns of an entity: sealed when they are written, opened only by the server itself, and never returned by
//! the API, which says whether there is one. A secret `api_key` takes the columns `api_key_enc bytea`,
//! `api_key_last_four text` and `api_key_updated_at timestamptz`.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{
    Result,
    entity::{Column, Def},
    error::Error,
    secrets::{KeyRing, Place},
};

/// Of a shorter secret, four characters would be too much to show.
const SHORTEST_SHOWN: usize = 12;

/// The type of a secret, over its three columns; `entity!` calls it.
#[must_use]
pub fn part(is_configured: &'static str, last_four: &'static str, updated_at: &'static str) -> Def {
    let description = "Secret that is stored encrypted and never returned.";
    let mut def = Def::unfinished("SealedSecret", "", "", description);
    def.columns.push(Column::of::<bool>("configured", is_configured, "Whether a secret is stored."));
    def.columns.push(Column::of::<Option<String>>(
        "last_four",
        last_four,
        "Last four characters of the secret. Null if none is stored or it has fewer than 12 characters.",
    ));
    def.columns.push(Column::of::<Option<DateTime<Utc>>>(
        "updated_at",
        updated_at,
        "Time at which the secret was last set or removed. Null if it never was.",
    ));
    def.finish()
}

/// Where a secret is stored. A value that is copied to another row or column does not open.
#[derive(Debug, Clone, Copy)]
pub struct SealedColumn {
    pub table: &'static str,
    pub column: &'static str,
}

/// What is written of a secret: the values of its three columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    pub enc: Option<Vec<u8>>,
    pub last_four: Option<String>,
    pub updated_at: DateTime<Utc>,
}

impl SealedColumn {
    /// Seals a secret for a row; `None` removes the one that is there.
    pub fn seal(self, ring: &KeyRing, row: impl Into<Uuid>, plain: Option<&str>, now: DateTime<Utc>) -> Result<Sealed> {
        let row = row.into().to_string();
        let enc = plain.map(|plain| ring.seal(self.place(&row), plain.as_bytes())).transpose()?;
        Ok(Sealed { enc, last_four: plain.and_then(last_four), updated_at: now })
    }

    /// The secret of a row, for the server's own use.
    pub fn open(self, ring: &KeyRing, row: impl Into<Uuid>, enc: &[u8]) -> Result<String> {
        let row = row.into().to_string();
        String::from_utf8(ring.open(self.place(&row), enc)?).map_err(Error::internal)
    }

    fn place(self, row: &str) -> Place<'_> {
        Place { table: self.table, column: self.column, row }
    }
}

/// The last four characters of a secret, unless it is too short to show any.
#[must_use]
pub fn last_four(plain: &str) -> Option<String> {
    let length = plain.chars().count();
    (length >= SHORTEST_SHOWN).then(|| plain.chars().skip(length - 4).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_opens_in_its_own_place_and_shows_four_characters_at_most() {
        let ring = KeyRing::parse(&KeyRing::generate().unwrap()).unwrap();
        let (now, row) = (DateTime::from_timestamp(1_800_000_000, 0).unwrap(), Uuid::from_u128(7));
        let key = SealedColumn { table: "lines", column: "api_key_enc" };
        let sealed = key.seal(&ring, row, Some("sk_live_abcdé123"), now).unwrap();
        let enc = sealed.enc.unwrap();

        assert_eq!(sealed.last_four.as_deref(), Some("é123"));
        assert_eq!(key.open(&ring, row, &enc).unwrap(), "sk_live_abcdé123");
        assert!(key.open(&ring, Uuid::from_u128(8), &enc).is_err());
        assert!(SealedColumn { column: "token_enc", ..key }.open(&ring, row, &enc).is_err());
        for (plain, shown) in [("12345678901", None), ("123456789012", Some("9012"))] {
            assert_eq!(last_four(plain).as_deref(), shown, "{plain}");
        }
        let removed = key.seal(&ring, row, None, now).unwrap();
        assert_eq!(removed, Sealed { enc: None, last_four: None, updated_at: now });
    }
}

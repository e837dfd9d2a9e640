//! Typed ids: `ticket_01jd3v…` for clients, a plain `uuid` in the database, and one Rust type for each kind, so that a
//! user's id in place of a clinic's does not compile. The text form is that of TypeID 0.3.

use std::{borrow::Cow, fmt, hash::Hash, marker::PhantomData, str::FromStr};

use async_graphql::{
    ContextSelectionSet, InputType, InputValueError, InputValueResult, OutputType, Positioned, ServerResult, Value,
    parser::types::Field, registry::Registry,
};
use diesel::{
    deserialize::{self, FromSql, FromSqlRow},
    expression::AsExpression,
    pg::{Pg, PgValue},
    serialize::{self, Output, ToSql},
    sql_types,
};
use uuid::Uuid;

use super::{Code, Error};

/// The message against text that is no id of any type.
pub const MALFORMED: &str = "must be an id, such as ticket_01h455vb4pex5vsknk084sn02q";

/// The extension in which a parser names the id that it refused. The pipeline finds the id's path by it, and removes it.
pub const WRONG_ID: &str = "wrongId";

fn refused<T: InputType>(message: String) -> InputValueError<T> {
    InputValueError::custom(message).with_extension("code", Code::InvalidId.as_str())
}

/// A kind of object that ids can name.
pub trait Kind: 'static {
    /// The prefix of its ids, in snake case.
    const PREFIX: &'static str;
}

/// The id of a `T`.
#[derive(FromSqlRow, AsExpression)]
#[diesel(sql_type = sql_types::Uuid)]
pub struct Id<T>(Uuid, PhantomData<fn() -> T>);

impl<T> Id<T> {
    /// A new id; later ones sort after earlier ones.
    #[must_use]
    pub fn new() -> Self {
        Self(Uuid::now_v7(), PhantomData)
    }

    #[must_use]
    pub const fn from_uuid(uuid: Uuid) -> Self {
        Self(uuid, PhantomData)
    }

    #[must_use]
    pub const fn uuid(self) -> Uuid {
        self.0
    }
}

impl<T> Default for Id<T> {
    fn default() -> Self {
        Self::new()
    }
}

// Derives would ask the same of `T`, which is only a name here.
impl<T> Clone for Id<T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for Id<T> {}
impl<T> PartialEq for Id<T> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}
impl<T> Eq for Id<T> {}
impl<T> Hash for Id<T> {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}
impl<T> From<Id<T>> for Uuid {
    fn from(id: Id<T>) -> Self {
        id.0
    }
}

impl<T: Kind> fmt::Display for Id<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}_", T::PREFIX)?;
        f.write_str(std::str::from_utf8(&encode(self.0)).unwrap_or_default())
    }
}

impl<T> fmt::Debug for Id<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl<T: Kind> FromStr for Id<T> {
    type Err = String;

    /// Takes the typed form, and the bare UUID for people who come from `psql`.
    fn from_str(text: &str) -> Result<Self, String> {
        let wanted = T::PREFIX;
        match split(text) {
            Some((prefix, uuid)) if prefix == wanted => Ok(Self::from_uuid(uuid)),
            Some((prefix, _)) => Err(Error::wrong_kind(wanted, prefix).message().to_owned()),
            None => Uuid::try_parse(text).map(Self::from_uuid).map_err(|_| MALFORMED.to_owned()),
        }
    }
}

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// The 26 letters of a UUID in Crockford's base 32, most significant first.
#[must_use]
pub fn encode(uuid: Uuid) -> [u8; 26] {
    let number = uuid.as_u128();
    std::array::from_fn(|place| ALPHABET[((number >> (5 * (25 - place))) & 31) as usize])
}

/// Splits a typed id into its prefix and its UUID; `None` when it is none.
#[must_use]
pub fn split(text: &str) -> Option<(&str, Uuid)> {
    let (prefix, letters) = text.rsplit_once('_')?;
    // 26 letters hold 130 bits; above `7` the first would not fit into 128.
    if letters.len() != 26 || letters.as_bytes().first().is_none_or(|first| *first > b'7') {
        return None;
    }
    let mut number = 0u128;
    for letter in letters.bytes() {
        let digit = ALPHABET.iter().position(|known| *known == letter)?;
        number = number << 5 | digit as u128;
    }
    Some((prefix, Uuid::from_u128(number)))
}

impl<T: 'static> FromSql<sql_types::Uuid, Pg> for Id<T> {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        <Uuid as FromSql<sql_types::Uuid, Pg>>::from_sql(value).map(Self::from_uuid)
    }
}

impl<T: 'static> ToSql<sql_types::Uuid, Pg> for Id<T> {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        <Uuid as ToSql<sql_types::Uuid, Pg>>::to_sql(&self.0, out)
    }
}

impl<T: Kind> InputType for Id<T> {
    type RawValueType = Self;

    fn type_name() -> Cow<'static, str> {
        Cow::Borrowed("ID")
    }

    fn create_type_info(registry: &mut Registry) -> String {
        <async_graphql::ID as InputType>::create_type_info(registry)
    }

    fn parse(value: Option<Value>) -> InputValueResult<Self> {
        match value.unwrap_or_default() {
            Value::String(text) => {
                text.parse().map_err(|message: String| refused(message).with_extension(WRONG_ID, text))
            }
            _ => Err(refused(MALFORMED.to_owned())),
        }
    }

    fn to_value(&self) -> Value {
        Value::String(self.to_string())
    }

    fn as_raw_value(&self) -> Option<&Self> {
        Some(self)
    }
}

impl<T: Kind> OutputType for Id<T> {
    fn type_name() -> Cow<'static, str> {
        Cow::Borrowed("ID")
    }

    fn create_type_info(registry: &mut Registry) -> String {
        <async_graphql::ID as OutputType>::create_type_info(registry)
    }

    async fn resolve(&self, _: &ContextSelectionSet<'_>, _: &Positioned<Field>) -> ServerResult<Value> {
        Ok(Value::String(self.to_string()))
    }
}

/// The id of an object of any kind: in a column, the kind, `_` and the UUID as text.
#[derive(Debug, Clone, PartialEq, Eq, AsExpression)]
#[diesel(sql_type = sql_types::Uuid)]
pub struct AnyId {
    /// None for a bare UUID.
    pub prefix: Option<String>,
    pub uuid: Uuid,
}

/// In a comparison with a plain `uuid`.
impl ToSql<sql_types::Uuid, Pg> for AnyId {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        <Uuid as ToSql<sql_types::Uuid, Pg>>::to_sql(&self.uuid, out)
    }
}

impl InputType for AnyId {
    type RawValueType = Self;

    fn type_name() -> Cow<'static, str> {
        Cow::Borrowed("ID")
    }

    fn create_type_info(registry: &mut Registry) -> String {
        <async_graphql::ID as InputType>::create_type_info(registry)
    }

    fn parse(value: Option<Value>) -> InputValueResult<Self> {
        let Some(Value::String(text)) = value else { return Err(refused(MALFORMED.to_owned())) };
        match split(&text) {
            Some((prefix, uuid)) => Ok(Self { prefix: Some(prefix.to_owned()), uuid }),
            None => Uuid::try_parse(&text)
                .map(|uuid| Self { prefix: None, uuid })
                .map_err(|_| refused(MALFORMED.to_owned()).with_extension(WRONG_ID, text)),
        }
    }

    fn to_value(&self) -> Value {
        let text = std::str::from_utf8(&encode(self.uuid)).unwrap_or_default().to_owned();
        Value::String(self.prefix.as_ref().map_or_else(|| self.uuid.to_string(), |prefix| format!("{prefix}_{text}")))
    }

    fn as_raw_value(&self) -> Option<&Self> {
        Some(self)
    }
}

impl OutputType for AnyId {
    fn type_name() -> Cow<'static, str> {
        Cow::Borrowed("ID")
    }

    fn create_type_info(registry: &mut Registry) -> String {
        <async_graphql::ID as OutputType>::create_type_info(registry)
    }

    async fn resolve(&self, _: &ContextSelectionSet<'_>, _: &Positioned<Field>) -> ServerResult<Value> {
        Ok(self.to_value())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq)]
    struct Thing;
    impl Kind for Thing {
        const PREFIX: &'static str = "thing";
    }

    #[test]
    fn the_specifications_examples_come_out() {
        for (text, uuid) in [
            ("00000000000000000000000000", "00000000-0000-0000-0000-000000000000"),
            ("00000000000000000000000010", "00000000-0000-0000-0000-000000000020"),
            ("7zzzzzzzzzzzzzzzzzzzzzzzzz", "ffffffff-ffff-ffff-ffff-ffffffffffff"),
            ("01h455vb4pex5vsknk084sn02q", "01890a5d-ac96-774b-bcce-b302099a8057"),
        ] {
            let uuid = Uuid::try_parse(uuid).unwrap();
            assert_eq!(std::str::from_utf8(&encode(uuid)).unwrap(), text);
            assert_eq!(format!("thing_{text}").parse(), Ok(Id::<Thing>::from_uuid(uuid)));
        }
    }

    #[test]
    fn what_is_no_id_of_this_kind_is_refused() {
        for text in [
            "",
            "thing_",
            "thing_8zzzzzzzzzzzzzzzzzzzzzzzzz",
            "thing_01h455vb4pex5vsknk084sn02",
            "thing_01H455VB4PEX5VSKNK084SN02Q",
            "thing_01h455vb4pex5vsknk084sn0uq",
            "other_01h455vb4pex5vsknk084sn02q",
        ] {
            assert!(text.parse::<Id<Thing>>().is_err(), "{text}");
        }
        assert!("01890a5d-ac96-774b-bcce-b302099a8057".parse::<Id<Thing>>().is_ok());
    }
}

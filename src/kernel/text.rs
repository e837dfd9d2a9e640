//! Text with a format: scalars whose values are checked when they come in.

use std::str::FromStr;

/// Makes a type a scalar that clients see as text: its specification, how it is read, and how it is written.
macro_rules! graphql_scalar {
    ($name:ident, $doc:expr, $specification:literal, $read:expr, $write:expr) => {
        impl async_graphql::InputType for $name {
            type RawValueType = Self;

            fn type_name() -> std::borrow::Cow<'static, str> {
                std::borrow::Cow::Borrowed(stringify!($name))
            }

            fn create_type_info(registry: &mut async_graphql::registry::Registry) -> String {
                $crate::kernel::text::scalar(registry, stringify!($name), $doc, $specification);
                <Self as async_graphql::InputType>::qualified_type_name()
            }

            fn parse(value: Option<async_graphql::Value>) -> async_graphql::InputValueResult<Self> {
                match value.unwrap_or_default() {
                    async_graphql::Value::String(text) => $read(text).map_err(async_graphql::InputValueError::custom),
                    other => Err(async_graphql::InputValueError::expected_type(other)),
                }
            }

            fn to_value(&self) -> async_graphql::Value {
                async_graphql::Value::String($write(self))
            }

            fn as_raw_value(&self) -> Option<&Self> {
                Some(self)
            }
        }

        $crate::scalar_field!($name);

        impl async_graphql::OutputType for $name {
            fn type_name() -> std::borrow::Cow<'static, str> {
                <Self as async_graphql::InputType>::type_name()
            }

            fn create_type_info(registry: &mut async_graphql::registry::Registry) -> String {
                <Self as async_graphql::InputType>::create_type_info(registry)
            }

            async fn resolve(
                &self,
                _: &async_graphql::ContextSelectionSet<'_>,
                _: &async_graphql::Positioned<async_graphql::parser::types::Field>,
            ) -> async_graphql::ServerResult<async_graphql::Value> {
                Ok(async_graphql::InputType::to_value(self))
            }
        }
    };
}
pub(crate) use graphql_scalar;

/// Declares a scalar over text: its name and specification for GraphQL, and what it accepts.
macro_rules! text_scalar {
    ($(#[doc = $doc:literal])+ $name:ident, $specification:literal, |$text:ident| $check:expr) => {
        $(#[doc = $doc])+
        #[derive(Debug, Clone, PartialEq, Eq, Hash, diesel::deserialize::FromSqlRow, diesel::expression::AsExpression)]
        #[derive(serde::Serialize, serde::Deserialize)]
        #[diesel(sql_type = diesel::sql_types::Text)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Checks and takes it.
            pub fn new(text: impl Into<String>) -> Result<Self, String> {
                let $text: String = text.into();
                let checked: Result<String, String> = $check;
                checked.map(Self)
            }

            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        graphql_scalar!($name, concat!($($doc, "\n"),+).trim(), $specification, Self::new, |this: &Self| this.0.clone());

        impl diesel::serialize::ToSql<diesel::sql_types::Text, diesel::pg::Pg> for $name {
            fn to_sql<'b>(&'b self, out: &mut diesel::serialize::Output<'b, '_, diesel::pg::Pg>) -> diesel::serialize::Result {
                std::io::Write::write_all(out, self.0.as_bytes())?;
                Ok(diesel::serialize::IsNull::No)
            }
        }

        impl diesel::deserialize::FromSql<diesel::sql_types::Text, diesel::pg::Pg> for $name {
            fn from_sql(value: diesel::pg::PgValue<'_>) -> diesel::deserialize::Result<Self> {
                Ok(Self(std::str::from_utf8(value.as_bytes())?.to_owned()))
            }
        }

        impl super::entity::Cell for $name {
            fn write(raw: &[u8], out: &mut super::entity::Json) {
                super::entity::quote(raw, out);
            }
        }
    };
}

/// Adds a scalar unless it is known.
pub(crate) fn scalar(
    registry: &mut async_graphql::registry::Registry,
    name: &str,
    description: &str,
    specification: &str,
) {
    use async_graphql::registry::MetaType;
    registry.types.entry(name.to_owned()).or_insert_with(|| MetaType::Scalar {
        name: name.to_owned(),
        description: Some(description.to_owned()),
        is_valid: None,
        visible: None,
        inaccessible: false,
        tags: Vec::new(),
        specified_by_url: Some(specification.to_owned()),
        directive_invocations: Vec::new(),
        requires_scopes: Vec::new(),
    });
}

fn accept(holds: bool, text: String, requirement: &str) -> Result<String, String> {
    if holds { Ok(text) } else { Err(format!("{requirement}, not {:?}", text.chars().take(60).collect::<String>())) }
}

/// A parser's message without what async-graphql writes around it: `Failed to parse "Url": … (occurred while parsing "X")`.
#[must_use]
pub fn parser_message(message: &str) -> &str {
    let wrapped = message.split_once("\": ").filter(|(start, _)| start.starts_with("Failed to parse"));
    let message = wrapped.map_or(message, |(_, message)| message);
    message.split_once(" (occurred while parsing").map_or(message, |(message, _)| message)
}

text_scalar! {
    /// Time zone by its IANA name, such as `America/Vancouver`.
    TimeZone, "https://www.iana.org/time-zones",
    |text| accept(chrono_tz::Tz::from_str(&text).is_ok(), text, "must be an IANA time zone, such as America/Vancouver")
}

text_scalar! {
    /// Currency by its ISO 4217 code, such as `CAD`.
    CurrencyCode, "https://www.iso.org/iso-4217-currency-codes.html",
    |text| accept(text.len() == 3 && text.bytes().all(|letter| letter.is_ascii_uppercase()), text, "must be an ISO 4217 currency code, such as CAD")
}

text_scalar! {
    /// Language by its BCP 47 tag, such as `en` or `zh-Hant`.
    LanguageTag, "https://www.rfc-editor.org/info/bcp47",
    |text| accept(
        text.len() <= 35
            && text.split('-').enumerate().all(|(at, part)| {
                (if at == 0 { 2..=8 } else { 1..=8 }).contains(&part.len())
                    && part.bytes().all(|letter| letter.is_ascii_alphanumeric() && (at > 0 || letter.is_ascii_alphabetic()))
            }),
        text, "must be a BCP 47 language tag, such as en-CA"
    )
}

text_scalar! {
    /// Phone number in E.164 format, such as `+16045550123`.
    PhoneNumber, "https://www.itu.int/rec/T-REC-E.164",
    |text| {
        let digits = text.strip_prefix('+').unwrap_or_default();
        let holds = (7..=15).contains(&digits.len()) && digits.bytes().all(|digit| digit.is_ascii_digit()) && !digits.starts_with('0');
        accept(holds, text, "must be a phone number in E.164 format, such as +16045550123")
    }
}

text_scalar! {
    /// Email address, such as `ada@clinic.example`; stored in lower case.
    EmailAddress, "https://html.spec.whatwg.org/multipage/input.html#valid-e-mail-address",
    |text| {
        let text = text.trim().to_lowercase();
        let holds = text.len() <= 254
            && !text.contains(|letter: char| letter.is_whitespace() || letter.is_control())
            && text.split_once('@').is_some_and(|(name, host)| {
                !name.is_empty() && name.len() <= 64 && !host.contains('@') && host.split('.').count() > 1 && host.split('.').all(|part| !part.is_empty())
            });
        accept(holds, text, "must be an email address, such as ada@clinic.example")
    }
}

text_scalar! {
    /// Web address that begins with `https://` or `http://`; at most 2,000 characters.
    Url, "https://url.spec.whatwg.org/",
    |text| {
        let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")).unwrap_or_default();
        let holds = !rest.is_empty() && text.len() <= 2000 && !text.contains(|letter: char| letter.is_whitespace() || letter.is_control());
        accept(holds, text, "must be a URL that begins with https:// or http://")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parser_message_stands_without_its_wrapping() {
        let wrapped = r#"Failed to parse "Url": must be an address (occurred while parsing "OpenInput")"#;

        assert_eq!(parser_message(wrapped), "must be an address");
        assert_eq!(parser_message("must be \"a\": b"), "must be \"a\": b");
    }

    #[test]
    fn forms_are_kept() {
        for zone in ["America/Vancouver", "Africa/Nairobi", "UTC"] {
            assert!(TimeZone::new(zone).is_ok(), "{zone}");
        }
        assert!(TimeZone::new("Mars/Olympus").is_err());
        assert!(CurrencyCode::new("KES").is_ok() && CurrencyCode::new("kes").is_err());
        for tag in ["en", "zh", "en-CA", "zh-Hant-TW"] {
            assert!(LanguageTag::new(tag).is_ok(), "{tag}");
        }
        for tag in ["", "e", "en_CA", "en--CA", "1n"] {
            assert!(LanguageTag::new(tag).is_err(), "{tag}");
        }
        assert!(
            PhoneNumber::new("+16045550123").is_ok()
                && PhoneNumber::new("6045550123").is_err()
                && PhoneNumber::new("+0123456789").is_err()
        );
        assert_eq!(EmailAddress::new(" Ada@Clinic.Example ").unwrap().as_str(), "ada@clinic.example");
        for address in ["", "a", "@b.c", "a@b", "a@b..c", "a b@c.d", "a@b@c.d"] {
            assert!(EmailAddress::new(address).is_err(), "{address}");
        }
        assert!(
            Url::new("https://a.example/x").is_ok()
                && Url::new("javascript:alert(1)").is_err()
                && Url::new("https://").is_err()
        );
    }
}

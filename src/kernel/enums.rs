//! Enums, spelled once: lower case in the database (`in_progress`), SCREAMING in GraphQL (`IN_PROGRESS`).
//!
//! The database stores them as text with a check constraint. A native enum type would lose its indexes under the
//! tenant's policy, since its comparison is not leakproof, and a value could never be taken out again. That
//! constraint and enum name the same values is held by a test.

/// Declares an enum for GraphQL, diesel and the reading of entities.
#[macro_export]
macro_rules! text_enum {
    ($(#[doc = $doc:literal])+ $name:ident { $($(#[doc = $variant_doc:literal])+ $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[doc = $doc])+
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, async_graphql::Enum)]
        #[derive(diesel::deserialize::FromSqlRow, diesel::expression::AsExpression)]
        #[diesel(sql_type = diesel::sql_types::Text)]
        pub enum $name { $($(#[doc = $variant_doc])+ $variant),+ }

        impl $name {
            /// Every value, as the database spells it.
            pub const TEXTS: &'static [&'static str] = &[$($text),+];

            /// As the database spells it.
            #[must_use]
            pub const fn text(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }
        }

        impl diesel::serialize::ToSql<diesel::sql_types::Text, diesel::pg::Pg> for $name {
            fn to_sql<'b>(&'b self, out: &mut diesel::serialize::Output<'b, '_, diesel::pg::Pg>) -> diesel::serialize::Result {
                std::io::Write::write_all(out, self.text().as_bytes())?;
                Ok(diesel::serialize::IsNull::No)
            }
        }

        impl diesel::deserialize::FromSql<diesel::sql_types::Text, diesel::pg::Pg> for $name {
            fn from_sql(value: diesel::pg::PgValue<'_>) -> diesel::deserialize::Result<Self> {
                match std::str::from_utf8(value.as_bytes())? {
                    $($text => Ok(Self::$variant),)+
                    other => Err(format!("{other:?} is no {}", stringify!($name)).into()),
                }
            }
        }

        $crate::scalar_field!($name);
        impl $crate::kernel::entity::WriteJson for $name {
            fn write_json(&self, out: &mut Vec<u8>) {
                <Self as $crate::kernel::entity::Cell>::write(self.text().as_bytes(), out);
            }
        }

        impl $crate::kernel::entity::Cell for $name {
            fn rank(raw: &[u8]) -> usize {
                Self::TEXTS.iter().position(|text| text.as_bytes() == raw).unwrap_or(usize::MAX)
            }

            fn write(raw: &[u8], out: &mut Vec<u8>) {
                out.push(b'"');
                out.extend(raw.iter().map(u8::to_ascii_uppercase));
                out.push(b'"');
            }
        }
    };
}

//! Objects in a json or jsonb column, one or a list of them, as types of the schema. Only what is selected is copied out
//! of Postgres' text, unchanged.

use std::borrow::Cow;

use async_graphql::{
    ContextSelectionSet, InputType, InputValueError, InputValueResult, OutputType, Positioned, ServerResult, Value,
    parser::types::Field, registry::Registry,
};
use diesel::{
    deserialize::{self, FromSql, FromSqlRow},
    expression::AsExpression,
    pg::{Pg, PgValue},
    serialize::{self, IsNull, Output, ToSql},
    sql_types::{Json as SqlJson, Jsonb},
};
use serde::{
    Deserialize, Serialize,
    de::{DeserializeOwned, DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use serde_json::value::RawValue;
use std::io::Write;

use super::{
    cell::{Cell, Json, JsonDef, JsonField, JsonShape, close, quote},
    register,
    selection::{Group, heads},
};

/// What such an object is; `json_object!` makes it.
pub trait JsonObject: Serialize + DeserializeOwned + Send + Sync + 'static {
    fn def() -> &'static JsonDef;
}

/// Declares such an object: its struct, its type, and the input of the same shape where one is
/// needed. The text after a `=` is written if an object has no such key; otherwise null is.
///
/// ```ignore
/// json_object! {
///     /// A greeting.
///     Greeting input "GreetingInput" { /// Its language. language: LanguageTag, /// How loud. volume: i32 = "1" }
/// }
/// ```
#[macro_export]
macro_rules! json_object {
    ($(#[doc = $doc:literal])+ $name:ident $(input $input:literal)? {
        $($(#[doc = $field_doc:literal])+ $field:ident : $field_type:ty $(= $absent:literal)?),+ $(,)?
    }) => {
        $(#[doc = $doc])+
        #[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
        $(#[derive(async_graphql::InputObject)] #[graphql(name = $input)])?
        pub struct $name { $($(#[doc = $field_doc])+ pub $field: $field_type),+ }

        impl $crate::kernel::entity::JsonObject for $name {
            fn def() -> &'static $crate::kernel::entity::JsonDef {
                use $crate::kernel::entity::{JsonDef, JsonField, camel};
                static DEF: std::sync::LazyLock<JsonDef> = std::sync::LazyLock::new(|| JsonDef {
                    type_name: stringify!($name),
                    description: concat!($($doc, "\n"),+).trim(),
                    fields: vec![$(JsonField {
                        key: stringify!($field),
                        name: camel(stringify!($field)),
                        description: concat!($($field_doc, "\n"),+).trim(),
                        absent: [$($absent,)? "null"][0],
                        register: <$field_type as async_graphql::OutputType>::create_type_info,
                    }),+],
                });
                &DEF
            }
        }
    };
}

impl JsonDef {
    /// Makes the type of the object known.
    fn register(&'static self, registry: &mut Registry) {
        register::define(registry, self.type_name, |registry| {
            let field = |field: &JsonField| register::field(&field.name, (field.register)(registry), field.description);
            let all: Vec<_> = self.fields.iter().map(field).collect();
            register::object(self.type_name, self.description, register::fields(all))
        });
    }
}

/// Declares a type of columns that hold such objects; what is written from here is jsonb.
macro_rules! json_column {
    ($(#[doc = $doc:literal])+ $name:ident of $inner:ty, $shape:ident, $type_name:literal) => {
        $(#[doc = $doc])+
        #[derive(Debug, Clone, PartialEq, FromSqlRow, AsExpression)]
        #[diesel(sql_type = Jsonb)]
        pub struct $name<T: std::fmt::Debug>(pub $inner);

        impl<T: JsonObject + std::fmt::Debug> FromSql<Jsonb, Pg> for $name<T> {
            fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
                Ok(Self(serde_json::from_slice(value.as_bytes().get(1..).unwrap_or_default())?))
            }
        }

        impl<T: JsonObject + std::fmt::Debug> FromSql<SqlJson, Pg> for $name<T> {
            fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
                Ok(Self(serde_json::from_slice(value.as_bytes())?))
            }
        }

        impl<T: JsonObject + std::fmt::Debug> ToSql<Jsonb, Pg> for $name<T> {
            fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
                out.write_all(&[1])?;
                serde_json::to_writer(out, &self.0)?;
                Ok(IsNull::No)
            }
        }

        impl<T: JsonObject + std::fmt::Debug> ToSql<SqlJson, Pg> for $name<T> {
            fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
                serde_json::to_writer(out, &self.0)?;
                Ok(IsNull::No)
            }
        }

        impl<T: JsonObject + std::fmt::Debug> OutputType for $name<T> {
            fn type_name() -> Cow<'static, str> {
                Cow::Owned(format!($type_name, T::def().type_name))
            }

            fn create_type_info(registry: &mut Registry) -> String {
                T::def().register(registry);
                <Self as OutputType>::qualified_type_name()
            }

            async fn resolve(&self, ctx: &ContextSelectionSet<'_>, field: &Positioned<Field>) -> ServerResult<Value> {
                let group = Group { key: &field.node.response_key().node, fields: vec![field] };
                let text = serde_json::to_vec(&self.0).unwrap_or_default();
                let mut out = Json::new();
                Selected::of(ctx, &group, JsonShape::$shape(T::def())).write(&text, &mut out);
                Ok(Value::Binary(out.into()))
            }
        }

        /// Where the objects have an input of their shape.
        impl<T: InputType + std::fmt::Debug> InputType for $name<T> {
            type RawValueType = Self;

            fn type_name() -> Cow<'static, str> {
                <$inner as InputType>::type_name()
            }

            fn create_type_info(registry: &mut Registry) -> String {
                <$inner as InputType>::create_type_info(registry)
            }

            fn parse(value: Option<Value>) -> InputValueResult<Self> {
                <$inner as InputType>::parse(value).map(Self).map_err(InputValueError::propagate)
            }

            fn to_value(&self) -> Value {
                self.0.to_value()
            }

            fn as_raw_value(&self) -> Option<&Self> {
                Some(self)
            }
        }

        impl<T: JsonObject + std::fmt::Debug> Cell for $name<T> {
            fn write(raw: &[u8], out: &mut Json) {
                serde_json::Value::write(raw, out);
            }

            fn below() -> Option<JsonShape> {
                Some(JsonShape::$shape(T::def()))
            }
        }
    };
}

json_column! {
    /// A column that holds one such object.
    JsonOne of T, One, "{}"
}

json_column! {
    /// A column that holds a list of such objects.
    JsonList of Vec<T>, List, "[{}!]"
}

/// What is selected of each object: their places among the declared fields; `None` is `__typename`.
pub(super) struct Selected {
    def: &'static JsonDef,
    is_list: bool,
    heads: Vec<Json>,
    fields: Vec<Option<usize>>,
}

impl Selected {
    pub fn of(ctx: &ContextSelectionSet<'_>, group: &Group<'_>, shape: JsonShape) -> Self {
        let (def, is_list) = match shape {
            JsonShape::One(def) => (def, false),
            JsonShape::List(def) => (def, true),
        };
        let groups = group.below(ctx, def.type_name);
        let place = |group: &Group<'_>| def.fields.iter().position(|field| field.name == group.name());
        Self { def, is_list, heads: heads(&groups), fields: groups.iter().map(place).collect() }
    }

    /// Writes a column as it came: json travels as text, jsonb with a version byte before it.
    pub fn write_column(&self, raw: &[u8], out: &mut Json) {
        self.write(raw.strip_prefix(b"\x01").unwrap_or(raw), out);
    }

    /// Writes one object or a list; a column that holds something else, which its check constraint prevents, as an
    /// empty one.
    fn write(&self, text: &[u8], out: &mut Json) {
        let start = out.len();
        let mut json = serde_json::Deserializer::from_slice(text);
        let written = if self.is_list {
            json.deserialize_seq(Items { selected: self, out })
        } else {
            Item { selected: self, out }.deserialize(&mut json)
        };
        if written.is_err() {
            out.truncate(start);
            if self.is_list {
                out.extend_from_slice(b"[]");
            } else {
                self.write_object(&vec![None; self.def.fields.len()], out);
            }
        }
    }

    fn write_object(&self, values: &[Option<&RawValue>], out: &mut Json) {
        let start = out.len();
        for (head, field) in self.heads.iter().zip(&self.fields) {
            out.extend_from_slice(head);
            match field {
                Some(at) => {
                    let text = values[*at].map_or(self.def.fields[*at].absent, RawValue::get);
                    out.extend_from_slice(text.as_bytes());
                }
                None => quote(self.def.type_name.as_bytes(), out),
            }
        }
        close(out, start);
    }
}

struct Items<'s> {
    selected: &'s Selected,
    out: &'s mut Json,
}

impl<'de> Visitor<'de> for Items<'_> {
    type Value = ();

    fn expecting(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        to.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        self.out.push(b'[');
        let start = self.out.len();
        loop {
            let before = self.out.len();
            if before > start {
                self.out.push(b',');
            }
            if items.next_element_seed(Item { selected: self.selected, out: &mut *self.out })?.is_none() {
                self.out.truncate(before);
                self.out.push(b']');
                return Ok(());
            }
        }
    }
}

struct Item<'s> {
    selected: &'s Selected,
    out: &'s mut Json,
}

impl<'de> DeserializeSeed<'de> for Item<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Item<'_> {
    type Value = ();

    fn expecting(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        to.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let mut values: Vec<Option<&RawValue>> = vec![None; self.selected.def.fields.len()];
        while let Some(place) = members.next_key_seed(Key(self.selected.def))? {
            match place.and_then(|at| values.get_mut(at)) {
                Some(value) => *value = Some(members.next_value()?),
                None => members.next_value::<IgnoredAny>().map(|_| ())?,
            }
        }
        self.selected.write_object(&values, self.out);
        Ok(())
    }
}

/// The place of a key among the declared fields.
struct Key(&'static JsonDef);

impl<'de> DeserializeSeed<'de> for Key {
    type Value = Option<usize>;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
        let key = Cow::<str>::deserialize(from).map_err(D::Error::custom)?;
        Ok(self.0.fields.iter().position(|field| field.key == key))
    }
}

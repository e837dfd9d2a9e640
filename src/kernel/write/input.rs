//! Inputs: declared with the types of `field.rs`, read so that all problems are reported together.

use std::borrow::Cow;

use async_graphql::{
    InputType, InputValueError, InputValueResult, Name, Value,
    indexmap::IndexMap,
    registry::{MetaType, Registry},
};

use super::Field;
use crate::kernel::{
    Code, Error, Result,
    entity::{Argument, camel},
    error::{FieldProblem, Problems},
};

/// An input object that `input!` declares.
pub trait InputFields: Sized + Send + Sync {
    const NAME: &'static str;
    const DESCRIPTION: &'static str;
    /// Whether exactly one of the fields is given (`one_of!`).
    const ONE_OF: bool = false;

    /// The fields, as the schema shows them.
    fn fields(registry: &mut Registry) -> Vec<Argument>;

    /// Reads the fields. None if a field that the object cannot do without was not accepted; fields that may be left out
    /// count as left out then, so that the rules of the domain can still look at the others.
    fn read(fields: IndexMap<Name, Value>, path: &str, problems: &mut Problems) -> Option<Self>;
}

/// The argument of a mutation, with the problems found while it was read. It always parses; [`Input::valid`] reports.
#[derive(Debug, Clone)]
pub struct Input<T> {
    value: Option<T>,
    problems: Problems,
}

impl<T> Input<T> {
    /// The input, or `INVALID_INPUT` with all problems.
    pub fn valid(self) -> Result<T> {
        let (value, problems) = self.check()?;
        problems.done()?;
        Ok(value)
    }

    /// The input and the problems so far, for rules of the domain to add theirs before all are reported.
    pub fn check(self) -> Result<(T, Problems)> {
        match self.value {
            Some(value) => Ok((value, self.problems)),
            None => {
                self.problems.done()?;
                Err(Error::internal("an input was refused without a problem"))
            }
        }
    }
}

/// Registers an input object and returns its qualified name.
fn register<T: InputFields>(registry: &mut Registry) -> String {
    let empty = |fields| MetaType::InputObject {
        name: T::NAME.to_owned(),
        description: Some(T::DESCRIPTION.to_owned()),
        input_fields: fields,
        visible: None,
        inaccessible: false,
        tags: Vec::new(),
        rust_typename: Some(std::any::type_name::<T>()),
        oneof: T::ONE_OF,
        directive_invocations: Vec::new(),
    };
    if !registry.types.contains_key(T::NAME) {
        // A placeholder first, since inputs may contain each other.
        registry.types.insert(T::NAME.to_owned(), empty(IndexMap::new()));
        let fields = T::fields(registry).into_iter().map(|field| (field.name.clone(), field)).collect();
        registry.types.insert(T::NAME.to_owned(), empty(fields));
    }
    format!("{}!", T::NAME)
}

impl<T: InputFields> InputType for Input<T> {
    type RawValueType = Self;

    fn type_name() -> Cow<'static, str> {
        Cow::Borrowed(T::NAME)
    }

    fn create_type_info(registry: &mut Registry) -> String {
        register::<T>(registry)
    }

    fn parse(value: Option<Value>) -> InputValueResult<Self> {
        match value {
            Some(Value::Object(fields)) => {
                let mut problems = Problems::default();
                // The only argument of a mutation has this name.
                let value = T::read(fields, "input", &mut problems);
                Ok(Self { value, problems })
            }
            value => Err(InputValueError::expected_type(value.unwrap_or_default())),
        }
    }

    fn to_value(&self) -> Value {
        Value::Null
    }

    fn as_raw_value(&self) -> Option<&Self> {
        Some(self)
    }
}

/// An input object inside another.
impl<T: InputFields> Field for T {
    fn type_name(registry: &mut Registry) -> String {
        register::<T>(registry)
    }

    fn read(value: Option<Value>, path: &str, problems: &mut Problems) -> Option<Self> {
        match value {
            Some(Value::Object(fields)) => <T as InputFields>::read(fields, path, problems),
            _ => {
                problems.check(false, path, "must be an object");
                None
            }
        }
    }
}

/// A field as the schema shows it: its description ends with the bounds of its type.
pub fn argument<T: Field>(registry: &mut Registry, name: &str, description: &str, default: Option<Value>) -> Argument {
    let mut argument = Argument::new(camel(name), T::type_name(registry));
    let description: Vec<_> =
        Some(description.to_owned()).into_iter().filter(|text| !text.is_empty()).chain(T::bounds()).collect();
    argument.description = Some(description.join(" "));
    argument.default_value = default.map(|value| value.to_string());
    argument
}

/// Takes a field out of an object and reads it.
pub fn read_field<T: Field>(
    fields: &mut IndexMap<Name, Value>,
    name: &str,
    path: &str,
    default: Option<T>,
    problems: &mut Problems,
) -> Option<T> {
    let name = camel(name);
    let value = fields.swap_remove(name.as_str());
    match (value, default) {
        (None, Some(default)) => Some(default),
        (value, _) => {
            let path = format!("{path}.{name}");
            let read = T::read(value, &path, problems);
            // A field that was refused counts as left out where it may be.
            read.or_else(|| T::read(None, &path, &mut Problems::default()))
        }
    }
}

/// The error of an input that was refused.
pub fn refusal(path: &str, code: Code, message: impl Into<String>) -> Error {
    Error::invalid_fields(vec![FieldProblem { path: path.to_owned(), code, message: message.into() }])
}

/// Declares the input of a mutation, or a group of fields inside one.
///
/// ```ignore
/// input! {
///     /// Ticket to open.
///     OpenTicketInput {
///         /// Subject of the ticket in one line.
///         title: Text<200>,
///         /// Urgency of the ticket; sets its due dates.
///         priority: TicketPriority = TicketPriority::Medium,
///     }
/// }
///
/// input! {
///     /// Changes to a room; fields that are left out keep their values.
///     UpdateRoomInput for Room {
///         keys { /// Room to change. room_id: Id<Room>, expected_version: ExpectedVersion }
///         columns { /// New name of the room. name: Patch<Text<100>>, /// Note; null clears it. note: Clearable<Text<500>> }
///     }
/// }
/// ```
///
/// With `for`, the columns have the names of the entity's columns, and `input.apply(room.edit())` drafts them.
#[macro_export]
macro_rules! input {
    (
        $(#[doc = $doc:literal])+ $name:ident {
            $($(#[doc = $field_doc:literal])* $field:ident : $type:ty $(= $default:expr)?),* $(,)?
        }
    ) => {
        $(#[doc = $doc])+
        #[derive(Debug, Clone)]
        pub struct $name { $($(#[doc = $field_doc])* pub $field: $type,)* }

        impl $crate::kernel::write::InputFields for $name {
            const NAME: &'static str = stringify!($name);
            const DESCRIPTION: &'static str = concat!($($doc, "\n"),+).trim_ascii();

            fn fields(registry: &mut async_graphql::registry::Registry) -> Vec<$crate::kernel::entity::Argument> {
                vec![$($crate::kernel::write::argument::<$type>(
                    registry,
                    stringify!($field),
                    concat!($($field_doc, "\n"),*).trim(),
                    [$(Some(async_graphql::InputType::to_value(&$default)),)? None].into_iter().next().flatten(),
                )),*]
            }

            fn read(
                mut fields: async_graphql::indexmap::IndexMap<async_graphql::Name, async_graphql::Value>,
                path: &str,
                problems: &mut $crate::kernel::error::Problems,
            ) -> Option<Self> {
                $(let $field = $crate::kernel::write::read_field::<$type>(
                    &mut fields,
                    stringify!($field),
                    path,
                    [$(Some($default),)? None].into_iter().next().flatten(),
                    problems,
                );)*
                Some(Self { $($field: $field?),* })
            }
        }
    };
    (
        $(#[doc = $doc:literal])+ $name:ident for $entity:ident {
            $(keys { $($(#[doc = $key_doc:literal])* $key:ident : $key_type:ty),* $(,)? })?
            columns { $($(#[doc = $field_doc:literal])* $field:ident : $type:ty),* $(,)? }
        }
    ) => {
        $crate::input! {
            $(#[doc = $doc])+ $name {
                $($($(#[doc = $key_doc])* $key: $key_type,)*)?
                $($(#[doc = $field_doc])* $field: $type,)*
            }
        }

        impl $name {
            /// Drafts the values that were given.
            pub fn apply<'a>(
                self,
                draft: $crate::kernel::write::Draft<'a, $entity>,
            ) -> $crate::kernel::write::Draft<'a, $entity> {
                draft$(.$field(self.$field))*
            }
        }
    };
}

/// Declares an input of alternatives, exactly one of which is given: an enum with a case for each.
///
/// ```ignore
/// one_of! {
///     /// Recipient of a letter.
///     RecipientInput {
///         /// Patient who receives the letter.
///         Patient as patient_id: Id<Patient>,
///         /// Address to which the letter is sent.
///         Address as address: AddressInput,
///     }
/// }
/// ```
#[macro_export]
macro_rules! one_of {
    (
        $(#[doc = $doc:literal])+ $name:ident {
            $($(#[doc = $case_doc:literal])+ $case:ident as $field:ident : $type:ty),+ $(,)?
        }
    ) => {
        $(#[doc = $doc])+
        #[derive(Debug, Clone)]
        pub enum $name { $($(#[doc = $case_doc])+ $case($type)),+ }

        impl $crate::kernel::write::InputFields for $name {
            const NAME: &'static str = stringify!($name);
            const DESCRIPTION: &'static str = concat!($($doc, "\n"),+).trim_ascii();
            const ONE_OF: bool = true;

            fn fields(registry: &mut async_graphql::registry::Registry) -> Vec<$crate::kernel::entity::Argument> {
                vec![$($crate::kernel::write::argument::<Option<$type>>(
                    registry,
                    stringify!($field),
                    concat!($($case_doc, "\n"),+).trim(),
                    None,
                )),+]
            }

            fn read(
                mut fields: async_graphql::indexmap::IndexMap<async_graphql::Name, async_graphql::Value>,
                path: &str,
                problems: &mut $crate::kernel::error::Problems,
            ) -> Option<Self> {
                let given = fields.values().filter(|value| **value != async_graphql::Value::Null).count();
                if given != 1 || fields.len() != 1 {
                    let names = [$($crate::kernel::entity::camel(stringify!($field))),+].join(", ");
                    problems.check(false, path, format!("must have exactly one of {names}"));
                    return None;
                }
                $(if fields.contains_key($crate::kernel::entity::camel(stringify!($field)).as_str()) {
                    let value: Option<$type> =
                        $crate::kernel::write::read_field(&mut fields, stringify!($field), path, None, problems);
                    return value.map(Self::$case);
                })+
                None
            }
        }
    };
}

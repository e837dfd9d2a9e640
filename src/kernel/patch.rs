//! Patches with three states: absent leaves a column alone, null clears it, a value sets it. An `Option<Option<T>>`
//! in an input object loses the second (it parses an explicit null as absent), so a patch is declared once and both
//! forms come from it: the input with `MaybeUndefined` and the change set with `Option<Option<T>>`.

use std::borrow::Cow;

use async_graphql::{InputType, InputValueResult, MaybeUndefined, Pos, Value, registry::Registry};

use super::{Code, error::Problems, text::parser_message};

/// A value as it was given. One that is not well formed is told with everything else that is wrong with the input,
/// not alone before it.
#[derive(Debug, Clone)]
pub struct Given<T>(Result<T, (Code, String)>);

impl<T: InputType> InputType for Given<T> {
    type RawValueType = T::RawValueType;

    fn type_name() -> Cow<'static, str> {
        T::type_name()
    }

    fn qualified_type_name() -> String {
        T::qualified_type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        T::create_type_info(registry)
    }

    fn parse(value: Option<Value>) -> InputValueResult<Self> {
        Ok(Self(T::parse(value).map_err(|error| {
            let error = error.into_server_error(Pos::default());
            let code = error.extensions.as_ref().and_then(|extensions| extensions.get("code"));
            let is_id = code == Some(&Value::from(Code::InvalidId.as_str()));
            let message = parser_message(&error.message).to_owned();
            (if is_id { Code::InvalidId } else { Code::InvalidInput }, message)
        })))
    }

    fn to_value(&self) -> Value {
        self.0.as_ref().map_or(Value::Null, T::to_value)
    }

    fn as_raw_value(&self) -> Option<&T::RawValueType> {
        self.0.as_ref().ok().and_then(T::as_raw_value)
    }
}

/// From the edge's three states to the change set's: null clears.
pub fn nullable<T: Clone>(value: &MaybeUndefined<Given<T>>, path: &str, problems: &mut Problems) -> Option<Option<T>> {
    match value {
        MaybeUndefined::Undefined => None,
        MaybeUndefined::Null => Some(None),
        MaybeUndefined::Value(Given(Ok(value))) => Some(Some(value.clone())),
        MaybeUndefined::Value(Given(Err((code, told)))) => {
            problems.refuse(path, *code, told.clone());
            None
        }
    }
}

/// The same for what cannot be cleared.
pub fn required<T: Clone>(value: &MaybeUndefined<Given<T>>, path: &str, problems: &mut Problems) -> Option<T> {
    let value = nullable(value, path, problems)?;
    problems.check(value.is_some(), path, "cannot be cleared; leave it out to keep it");
    value
}

/// Declares a patch: the fields under `required` cannot be cleared, those under `nullable` can.
///
/// ```ignore
/// patch! {
///     /// What to change of a clinic; what is left out stays.
///     UpdateClinicInput => ClinicChanges of clinics {
///         keys { /// The clinic. clinic_id: Id<Clinic>, }
///         required { /// Its new name. name: String, }
///         nullable { /// Its phone; null takes it away. phone: PhoneNumber, }
///     }
/// }
/// ```
#[macro_export]
macro_rules! patch {
    ($(#[doc = $doc:literal])+ $input:ident => $changes:ident of $table:ident {
        keys { $($(#[doc = $key_doc:literal])+ $key:ident : $key_type:ty),* $(,)? }
        required { $($(#[doc = $req_doc:literal])+ $req:ident : $req_type:ty),* $(,)? }
        nullable { $($(#[doc = $null_doc:literal])+ $null:ident : $null_type:ty),* $(,)? }
    }) => {
        $(#[doc = $doc])+
        #[derive(Debug, Clone, async_graphql::InputObject)]
        pub struct $input {
            $($(#[doc = $key_doc])+ pub $key: $key_type,)*
            $($(#[doc = $req_doc])+ pub $req: async_graphql::MaybeUndefined<$crate::kernel::patch::Given<$req_type>>,)*
            $($(#[doc = $null_doc])+ pub $null: async_graphql::MaybeUndefined<$crate::kernel::patch::Given<$null_type>>,)*
        }

        #[doc = concat!("The columns that a [`", stringify!($input), "`] changes.")]
        #[derive(Debug, Clone, Default, diesel::AsChangeset)]
        #[diesel(table_name = $table)]
        pub struct $changes {
            $(pub $req: Option<$req_type>,)*
            $(pub $null: Option<Option<$null_type>>,)*
        }

        impl $input {
            /// The change set: absent, null and value stay three things. What is not well formed is noted, with
            /// `path` (empty, or ending in a dot) before its name.
            #[must_use]
            pub fn changes(&self, path: &str, problems: &mut $crate::kernel::error::Problems) -> $changes {
                use $crate::kernel::{entity::camel, patch};
                let at = |field: &str| format!("{path}{}", camel(field));
                $changes {
                    $($req: patch::required(&self.$req, &at(stringify!($req)), problems),)*
                    $($null: patch::nullable(&self.$null, &at(stringify!($null)), problems),)*
                }
            }
        }

        impl $changes {
            /// Whether nothing is to change.
            #[must_use]
            pub fn is_empty(&self) -> bool {
                true $(&& self.$req.is_none())* $(&& self.$null.is_none())*
            }
        }
    };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::text::PhoneNumber;

    fn given(text: &str) -> MaybeUndefined<Given<PhoneNumber>> {
        MaybeUndefined::parse(Some(Value::from(text))).unwrap()
    }

    #[test]
    fn the_three_states_stay_three() {
        let mut problems = Problems::default();
        let number = PhoneNumber::new("+16045550123").unwrap();

        assert_eq!(nullable::<PhoneNumber>(&MaybeUndefined::Undefined, "phone", &mut problems), None);
        assert_eq!(nullable::<PhoneNumber>(&MaybeUndefined::Null, "phone", &mut problems), Some(None));
        assert_eq!(nullable(&given("+16045550123"), "phone", &mut problems), Some(Some(number.clone())));
        assert_eq!(required::<PhoneNumber>(&MaybeUndefined::Undefined, "phone", &mut problems), None);
        assert_eq!(required(&given("+16045550123"), "phone", &mut problems), Some(number));
        assert!(problems.done().is_ok());
    }

    #[test]
    fn what_is_not_well_formed_is_noted_beside_the_rest() {
        let mut problems = Problems::default();

        assert_eq!(nullable(&given("604"), "phone", &mut problems), None);
        assert_eq!(required::<PhoneNumber>(&MaybeUndefined::Null, "fax", &mut problems), None);

        let noted = problems.done().unwrap_err();
        let noted: Vec<_> = noted.fields().iter().map(|field| (field.path.as_str(), field.message.as_str())).collect();
        let told = r#"must be a phone number in E.164 format, such as +16045550123, not "604""#;
        assert_eq!(noted, [("phone", told), ("fax", "cannot be cleared; leave it out to keep it")]);
    }
}

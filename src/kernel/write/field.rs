//! Types of input fields that carry their bounds: the bound is declared once, in the type, and reaches the description in the
//! schema, the check and the error message.

use async_graphql::{InputType, Pos, Value, registry::Registry};

use crate::kernel::{Code, error::Problems, text::parser_message};

/// A type that a field of an input can have.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the type of a field of an input",
    note = "text, whole numbers and lists with bounds are `Text<MAX>`, `Int<MIN, MAX>` and `Items<T, MIN, MAX>`",
    note = "an enum is declared with `text_enum!` or `states!`, a group of fields with `input!`"
)]
pub trait Field: Sized + Send + Sync {
    /// Registers the GraphQL type and returns its qualified name.
    fn type_name(registry: &mut Registry) -> String;

    /// Sentence on the values that are accepted, for the description of the field.
    fn bounds() -> Option<String> {
        None
    }

    /// Reads the value. A value that is not accepted is noted as a problem at its path, so that all problems of an input
    /// are reported together.
    fn read(value: Option<Value>, path: &str, problems: &mut Problems) -> Option<Self>;
}

/// Reads a scalar or an enum by its own parser.
pub fn read_scalar<T: InputType>(value: Option<Value>, path: &str, problems: &mut Problems) -> Option<T> {
    match T::parse(value) {
        Ok(value) => Some(value),
        Err(error) => {
            let error = error.into_server_error(Pos::default());
            let code = error.extensions.as_ref().and_then(|extensions| extensions.get("code"));
            let is_id = code == Some(&Value::from(Code::InvalidId.as_str()));
            let code = if is_id { Code::InvalidId } else { Code::InvalidInput };
            problems.refuse(path, code, parser_message(&error.message));
            None
        }
    }
}

/// Makes scalars and enums usable as fields of an input.
#[macro_export]
macro_rules! scalar_field {
    ($($type:ty),+ $(,)?) => {$(
        impl $crate::kernel::write::Field for $type {
            fn type_name(registry: &mut async_graphql::registry::Registry) -> String {
                <Self as async_graphql::InputType>::create_type_info(registry)
            }

            fn read(
                value: Option<async_graphql::Value>,
                path: &str,
                problems: &mut $crate::kernel::error::Problems,
            ) -> Option<Self> {
                $crate::kernel::write::read_scalar(value, path, problems)
            }
        }
    )+};
}
pub use scalar_field;

scalar_field!(
    bool,
    i32,
    String,
    serde_json::Value,
    rust_decimal::Decimal,
    chrono::DateTime<chrono::Utc>,
    crate::kernel::ids::AnyId,
);

impl<T: crate::kernel::ids::Kind> Field for crate::kernel::Id<T> {
    fn type_name(registry: &mut Registry) -> String {
        <Self as InputType>::create_type_info(registry)
    }

    fn read(value: Option<Value>, path: &str, problems: &mut Problems) -> Option<Self> {
        read_scalar(value, path, problems)
    }
}

/// The name of a type without its mark of being required.
fn nullable_name<T: Field>(registry: &mut Registry) -> String {
    let name = T::type_name(registry);
    name.strip_suffix('!').map(str::to_owned).unwrap_or(name)
}

/// A field that may be left out or null.
impl<T: Field> Field for Option<T> {
    fn type_name(registry: &mut Registry) -> String {
        nullable_name::<T>(registry)
    }

    fn bounds() -> Option<String> {
        T::bounds()
    }

    fn read(value: Option<Value>, path: &str, problems: &mut Problems) -> Option<Self> {
        match value {
            None | Some(Value::Null) => Some(None),
            value => T::read(value, path, problems).map(Some),
        }
    }
}

/// A list of any length that the limits of the API allow.
impl<T: Field> Field for Vec<T> {
    fn type_name(registry: &mut Registry) -> String {
        format!("[{}]!", T::type_name(registry))
    }

    fn bounds() -> Option<String> {
        T::bounds()
    }

    fn read(value: Option<Value>, path: &str, problems: &mut Problems) -> Option<Self> {
        let items = match value {
            Some(Value::List(items)) => items,
            // A single value becomes a list of one, as in GraphQL.
            value => vec![value.unwrap_or_default()],
        };
        let read: Vec<Option<T>> = items
            .into_iter()
            .enumerate()
            .map(|(at, item)| T::read(Some(item), &format!("{path}.{at}"), problems))
            .collect();
        read.into_iter().collect()
    }
}

/// A list of `MIN` to `MAX` items.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Items<T, const MIN: usize, const MAX: usize>(pub Vec<T>);

impl<T: Field, const MIN: usize, const MAX: usize> Field for Items<T, MIN, MAX> {
    fn type_name(registry: &mut Registry) -> String {
        <Vec<T> as Field>::type_name(registry)
    }

    fn bounds() -> Option<String> {
        let items = if MIN == 0 { format!("At most {MAX} items.") } else { format!("{MIN} to {MAX} items.") };
        Some(T::bounds().map_or(items.clone(), |each| format!("{items} Each item: {each}")))
    }

    fn read(value: Option<Value>, path: &str, problems: &mut Problems) -> Option<Self> {
        let items = <Vec<T> as Field>::read(value, path, problems)?;
        let count = items.len();
        let wanted = if MIN == 0 { format!("at most {MAX}") } else { format!("{MIN} to {MAX}") };
        problems.check((MIN..=MAX).contains(&count), path, format!("must have {wanted} items, not {count}"));
        (MIN..=MAX).contains(&count).then_some(Self(items))
    }
}

/// Text of one to `MAX` characters, without white space around it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Text<const MAX: usize>(String);

impl<const MAX: usize> Text<MAX> {
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    #[must_use]
    pub fn into_string(self) -> String {
        self.0
    }
}

impl<const MAX: usize> Field for Text<MAX> {
    fn type_name(registry: &mut Registry) -> String {
        <String as InputType>::create_type_info(registry)
    }

    fn bounds() -> Option<String> {
        Some(format!("At most {} characters.", grouped(MAX as u64)))
    }

    fn read(value: Option<Value>, path: &str, problems: &mut Problems) -> Option<Self> {
        let text: String = read_scalar(value, path, problems)?;
        let text = text.trim();
        let length = text.chars().count();
        if length == 0 {
            problems.check(false, path, "must not be empty");
            return None;
        }
        if length > MAX {
            problems.check(false, path, format!("must have at most {MAX} characters, not {length}"));
            return None;
        }
        Some(Self(text.to_owned()))
    }
}

/// A whole number from `MIN` to `MAX`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Int<const MIN: i32, const MAX: i32>(i32);

impl<const MIN: i32, const MAX: i32> Int<MIN, MAX> {
    #[must_use]
    pub const fn get(self) -> i32 {
        self.0
    }
}

impl<const MIN: i32, const MAX: i32> Field for Int<MIN, MAX> {
    fn type_name(registry: &mut Registry) -> String {
        <i32 as InputType>::create_type_info(registry)
    }

    fn bounds() -> Option<String> {
        let number = |number: i32| {
            let digits = grouped(number.unsigned_abs().into());
            if number < 0 { format!("-{digits}") } else { digits }
        };
        Some(format!("From {} to {}.", number(MIN), number(MAX)))
    }

    fn read(value: Option<Value>, path: &str, problems: &mut Problems) -> Option<Self> {
        let number: i32 = read_scalar(value, path, problems)?;
        problems.check((MIN..=MAX).contains(&number), path, format!("must be from {MIN} to {MAX}, not {number}"));
        (MIN..=MAX).contains(&number).then_some(Self(number))
    }
}

/// Writes a number with commas between thousands.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let first = digits.len() % 3;
    let (head, tail) = digits.split_at(first);
    let groups = tail.as_bytes().chunks(3).map(|group| std::str::from_utf8(group).unwrap_or_default());
    let groups: Vec<_> = Some(head).filter(|head| !head.is_empty()).into_iter().chain(groups).collect();
    groups.join(",")
}

/// A field of an update that leaves the column as it is when absent; null is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Patch<T> {
    Absent,
    Value(T),
}

impl<T> Patch<T> {
    /// The new value, if one was given.
    pub fn value(&self) -> Option<&T> {
        match self {
            Self::Absent => None,
            Self::Value(value) => Some(value),
        }
    }
}

impl<T: Field> Field for Patch<T> {
    fn type_name(registry: &mut Registry) -> String {
        nullable_name::<T>(registry)
    }

    fn bounds() -> Option<String> {
        T::bounds()
    }

    fn read(value: Option<Value>, path: &str, problems: &mut Problems) -> Option<Self> {
        match value {
            None => Some(Self::Absent),
            Some(Value::Null) => {
                problems.check(false, path, "cannot be null; leave it out to keep the current value");
                None
            }
            value => T::read(value, path, problems).map(Self::Value),
        }
    }
}

/// A field of an update that leaves the column as it is when absent and clears it when null.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Clearable<T> {
    Absent,
    Null,
    Value(T),
}

impl<T> Clearable<T> {
    /// The new value, if one was given.
    pub fn value(&self) -> Option<&T> {
        match self {
            Self::Absent | Self::Null => None,
            Self::Value(value) => Some(value),
        }
    }
}

impl<T: Field> Field for Clearable<T> {
    fn type_name(registry: &mut Registry) -> String {
        nullable_name::<T>(registry)
    }

    fn bounds() -> Option<String> {
        T::bounds()
    }

    fn read(value: Option<Value>, path: &str, problems: &mut Problems) -> Option<Self> {
        match value {
            None => Some(Self::Absent),
            Some(Value::Null) => Some(Self::Null),
            value => T::read(value, path, problems).map(Self::Value),
        }
    }
}

/// Version of the row that the caller last read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ExpectedVersion(pub Option<i32>);

impl Field for ExpectedVersion {
    fn type_name(registry: &mut Registry) -> String {
        <Option<i32> as Field>::type_name(registry)
    }

    fn bounds() -> Option<String> {
        Some(
            "Version of the object that the caller last read. The mutation fails with `STALE_OBJECT` if the object has \
             changed since then; leave it out to write in any case."
                .to_owned(),
        )
    }

    fn read(value: Option<Value>, path: &str, problems: &mut Problems) -> Option<Self> {
        <Option<i32> as Field>::read(value, path, problems).map(Self)
    }
}

impl From<ExpectedVersion> for Option<i32> {
    fn from(version: ExpectedVersion) -> Self {
        version.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::text::PhoneNumber;

    fn read<T: Field>(value: Option<Value>) -> (Option<T>, Vec<(String, String)>) {
        let mut problems = Problems::default();
        let read = T::read(value, "input.field", &mut problems);
        let noted = problems.done().err().map(|error| error.fields().to_vec()).unwrap_or_default();
        (read, noted.into_iter().map(|problem| (problem.path, problem.message)).collect())
    }

    #[test]
    fn absent_null_and_a_value_are_three_things() {
        let text = |value: &str| Text::<5>(value.to_owned());
        assert_eq!(read(None).0, Some(Clearable::<Text<5>>::Absent));
        assert_eq!(read(Some(Value::Null)).0, Some(Clearable::<Text<5>>::Null));
        assert_eq!(read(Some(Value::from(" one "))).0, Some(Clearable::Value(text("one"))));
        assert_eq!(read(None).0, Some(Patch::<Text<5>>::Absent));
        assert_eq!(read(Some(Value::from("one"))).0, Some(Patch::Value(text("one"))));
        let (cleared, noted) = read::<Patch<Text<5>>>(Some(Value::Null));
        assert_eq!(cleared, None);
        assert_eq!(noted[0].1, "cannot be null; leave it out to keep the current value");
    }

    #[test]
    fn bounds_are_checked_and_described_from_one_place() {
        assert_eq!(Text::<10_000>::bounds().as_deref(), Some("At most 10,000 characters."));
        assert_eq!(Int::<-5, 1_000_000>::bounds().as_deref(), Some("From -5 to 1,000,000."));
        assert_eq!(read::<Int<5, 480>>(Some(Value::from(5))).0.map(Int::get), Some(5));
        assert_eq!(read::<Int<5, 480>>(Some(Value::from(481))).1[0].1, "must be from 5 to 480, not 481");
        assert_eq!(read::<Text<3>>(Some(Value::from("four"))).1[0].1, "must have at most 3 characters, not 4");
        assert_eq!(read::<Text<3>>(Some(Value::from("  "))).1[0].1, "must not be empty");
    }

    #[test]
    fn every_problem_of_a_list_is_noted_at_its_place() {
        let numbers = Value::List(vec![Value::from("604"), Value::from("+16045550123"), Value::from("x")]);
        let (read, noted) = read::<Items<PhoneNumber, 1, 5>>(Some(numbers));
        assert_eq!(read, None);
        let paths: Vec<_> = noted.iter().map(|(path, _)| path.as_str()).collect();
        assert_eq!(paths, ["input.field.0", "input.field.2"]);
    }
}

//! Checks input values against the schema, and collects everything that is wrong with them, each with its path.

use std::{collections::HashMap, fmt};

use async_graphql::{
    InputType, Name, Pos, Value,
    indexmap::IndexMap,
    parser::types::{BaseType, Type},
};
use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use uuid::Uuid;

use super::{
    limits::too_many_items,
    types::{Input, InputField, Types},
};
use crate::kernel::{
    Code, Error, Result,
    error::FieldProblem,
    ids,
    text::{CurrencyCode, EmailAddress, LanguageTag, PhoneNumber, TimeZone, Url, parser_message},
    wall_clock::{Date, LocalTime},
};

/// More problems than this are not reported: a request can hold a hundred thousand wrong values.
const MOST_PROBLEMS: usize = 50;

/// What a scalar's parser says against a value.
type Objection = fn(Value) -> Option<String>;

/// The scalars whose text has a format.
const SCALARS: [(&str, Objection); 10] = [
    ("CurrencyCode", objection::<CurrencyCode>),
    ("Date", objection::<Date>),
    ("DateTime", objection::<DateTime<Utc>>),
    ("Decimal", objection::<Decimal>),
    ("EmailAddress", objection::<EmailAddress>),
    ("LanguageTag", objection::<LanguageTag>),
    ("LocalTime", objection::<LocalTime>),
    ("PhoneNumber", objection::<PhoneNumber>),
    ("TimeZone", objection::<TimeZone>),
    ("Url", objection::<Url>),
];

fn objection<T: InputType>(value: Value) -> Option<String> {
    let error = T::parse(Some(value)).err()?;
    Some(parser_message(&error.into_server_error(Pos::default()).message).to_owned())
}

/// A check of the input values of one request.
pub struct Coercion<'a> {
    types: &'a Types,
    longest_list: usize,
    /// Whether the formats of scalars are checked; otherwise the resolver's own parser does that, together with the
    /// rules of the domain.
    checks_formats: bool,
    problems: Vec<Problem>,
    reached_limit: bool,
}

/// Something wrong with a value: the variable or argument that holds it, and the path in there.
struct Problem {
    root: String,
    path: String,
    code: Code,
    message: String,
}

/// A place in an input value, written out only for problems.
#[derive(Clone, Copy)]
enum Place<'a> {
    Root(&'a str),
    Field(&'a Place<'a>, &'a str),
    Item(&'a Place<'a>, usize),
}

impl Place<'_> {
    fn root(&self) -> &str {
        match self {
            Self::Root(name) => name,
            Self::Field(parent, _) | Self::Item(parent, _) => parent.root(),
        }
    }
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root(_) => Ok(()),
            Self::Field(parent, name) => write!(f, "{parent}.{name}"),
            Self::Item(parent, index) => write!(f, "{parent}.{index}"),
        }
    }
}

impl<'a> Coercion<'a> {
    pub fn new(types: &'a Types, longest_list: usize) -> Self {
        Self { types, longest_list, checks_formats: false, problems: Vec::new(), reached_limit: false }
    }

    /// With the formats of scalars checked too.
    pub fn checking_formats(types: &'a Types) -> Self {
        Self { checks_formats: true, ..Self::new(types, usize::MAX) }
    }

    /// The value in the form that the executor takes. What is wrong with it is collected.
    pub fn coerce(&mut self, ty: &Type, value: Value, root: &str) -> Value {
        self.value(ty, value, Place::Root(root))
    }

    /// Collects a problem with a whole variable or argument.
    pub fn refuse(&mut self, root: &str, message: &str) {
        self.note(Place::Root(root), Code::InvalidInput, message.to_owned());
    }

    /// The problems that were found, with the paths of variables replaced by those of the arguments that take them.
    pub fn problems(self, paths: impl FnOnce() -> HashMap<String, String>) -> Vec<FieldProblem> {
        if self.problems.is_empty() {
            return Vec::new();
        }
        let paths = paths();
        let problem = |problem: Problem| {
            let root = paths.get(&problem.root).unwrap_or(&problem.root);
            FieldProblem { path: format!("{root}{}", problem.path), code: problem.code, message: problem.message }
        };
        self.problems.into_iter().map(problem).collect()
    }

    /// Fails with the problems that were found.
    pub fn finish(self, paths: impl FnOnce() -> HashMap<String, String>) -> Result<()> {
        let limit = self.reached_limit.then_some(self.longest_list as u64);
        let problems = self.problems(paths);
        if problems.is_empty() {
            return Ok(());
        }
        let error = Error::invalid_fields(problems);
        Err(match limit {
            Some(limit) => error.limit(limit),
            None => error,
        })
    }

    fn note(&mut self, place: Place<'_>, code: Code, message: String) {
        if self.problems.len() < MOST_PROBLEMS {
            let (root, path) = (place.root().to_owned(), place.to_string());
            self.problems.push(Problem { root, path, code, message });
        }
    }

    fn invalid(&mut self, place: Place<'_>, message: impl Into<String>) -> Value {
        self.note(place, Code::InvalidInput, message.into());
        Value::Null
    }

    fn value(&mut self, ty: &Type, value: Value, place: Place<'_>) -> Value {
        if value == Value::Null {
            return if ty.nullable { Value::Null } else { self.invalid(place, "must not be null") };
        }
        let name = match &ty.base {
            BaseType::Named(name) => name.as_str(),
            BaseType::List(of) => {
                let Value::List(items) = value else { return Value::List(vec![self.value(of, value, place)]) };
                if items.len() > self.longest_list {
                    self.reached_limit = true;
                    return self.invalid(place, too_many_items(items.len(), self.longest_list));
                }
                let items = items.into_iter().enumerate();
                return Value::List(items.map(|(at, item)| self.value(of, item, Place::Item(&place, at))).collect());
            }
        };
        match self.types.input(name) {
            Some(Input::Enum(known)) => self.enum_value(known, value, place),
            Some(Input::Object(fields)) => self.object(name, fields, value, place),
            Some(Input::Scalar) | None => self.scalar(name, value, place),
        }
    }

    fn enum_value(&mut self, known: &[String], value: Value, place: Place<'_>) -> Value {
        let name = match &value {
            Value::String(name) => name,
            // As a literal in the document is parsed.
            Value::Enum(name) => name.as_str(),
            _ => "",
        };
        if known.iter().any(|known| known == name) {
            return value;
        }
        self.invalid(place, format!("must be one of {}", known.join(", ")))
    }

    fn object(&mut self, name: &str, fields: &[InputField], value: Value, place: Place<'_>) -> Value {
        let Value::Object(mut given) = value else {
            return self.invalid(place, format!("must be an object of type {name}"));
        };
        let unknown: Vec<Name> =
            given.keys().filter(|key| !fields.iter().any(|field| field.name == key.as_str())).cloned().collect();
        for key in &unknown {
            self.invalid(Place::Field(&place, key), format!("is not a field of {name}"));
        }
        for field in fields {
            let place = Place::Field(&place, &field.name);
            match given.get_mut(field.name.as_str()) {
                Some(value) => *value = self.value(&field.ty, std::mem::take(value), place),
                None if field.is_required() => {
                    self.invalid(place, "must be given");
                }
                None => {}
            }
        }
        Value::Object(given)
    }

    fn scalar(&mut self, name: &str, value: Value, place: Place<'_>) -> Value {
        match (name, &value) {
            ("Int", Value::Number(number)) if number.as_i64().is_some_and(|number| i32::try_from(number).is_ok()) => {
                value
            }
            ("Int", _) => self.invalid(place, "must be a whole number from -2147483648 to 2147483647"),
            ("Float", Value::Number(_)) | ("Boolean", Value::Boolean(_)) | ("String", Value::String(_)) => value,
            ("Float", _) => self.invalid(place, "must be a number"),
            ("Boolean", _) => self.invalid(place, "must be true or false"),
            ("String", _) => self.invalid(place, "must be a string"),
            ("ID", Value::String(id)) => {
                if self.checks_formats && ids::split(id).is_none() && Uuid::try_parse(id).is_err() {
                    self.note(place, Code::InvalidId, ids::MALFORMED.to_owned());
                }
                value
            }
            ("ID", Value::Number(number)) if number.is_i64() || number.is_u64() => Value::String(number.to_string()),
            ("ID", _) => self.invalid(place, "must be an id, which is a string"),
            _ => {
                let parser = SCALARS.iter().find(|(scalar, _)| self.checks_formats && *scalar == name);
                if let Some(message) = parser.and_then(|(_, objection)| objection(value.clone())) {
                    self.note(place, Code::InvalidInput, message);
                }
                value
            }
        }
    }
}

/// The path of a text in a value; of several, the first that `prefers` takes.
pub fn path_of(text: &str, value: &Value, root: &str, prefers: impl Fn(&str) -> bool) -> Option<String> {
    fn search(text: &str, value: &Value, path: String, found: &mut Vec<String>) {
        match value {
            Value::String(given) if given == text => found.push(path),
            Value::List(items) => {
                items.iter().enumerate().for_each(|(at, item)| search(text, item, format!("{path}.{at}"), found));
            }
            Value::Object(fields) => search_fields(text, fields, &path, found),
            _ => {}
        }
    }
    fn search_fields(text: &str, fields: &IndexMap<Name, Value>, path: &str, found: &mut Vec<String>) {
        fields.iter().for_each(|(name, value)| search(text, value, format!("{path}.{name}"), found));
    }
    let mut found = Vec::new();
    search(text, value, root.to_owned(), &mut found);
    let preferred = found.iter().position(|path| prefers(path)).unwrap_or_default();
    (preferred < found.len()).then(|| found.swap_remove(preferred))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scalar_of_the_schema_is_checked() {
        let sdl = crate::graphql::sdl();
        let declared = sdl.lines().filter_map(|line| line.strip_prefix("scalar ")?.split(' ').next());
        let checked: Vec<_> = declared.filter(|scalar| *scalar != "JSON").collect();

        assert_eq!(checked, SCALARS.map(|(name, _)| name));
    }
}

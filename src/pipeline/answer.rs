//! Writes answers and maps errors. JSON that was written while reading is copied as it is; every error gets a published code and the
//! request id, and the cause of an internal error is logged once.

use async_graphql::{Name, PathSegment, ServerError, Value};
use bytes::Bytes;
use serde_json::{Map, json};

use crate::kernel::{Code, Error, entity::quote};

/// The content of `extensions.cost`.
#[derive(Debug, Clone, Copy)]
pub struct CostReport {
    pub cost: u64,
    pub limit: u64,
    /// Statements sent, where answers report it.
    pub sql_count: Option<usize>,
}

/// A field of an answer: its response key and its value.
pub type Field = (Name, Value);

/// The `data` of an answer: none at all, null, or fields in their order.
#[derive(Debug, Default)]
pub enum Data {
    #[default]
    None,
    Null,
    Fields(Vec<Field>),
}

/// Writes a response map.
#[must_use]
pub fn write(data: &Data, errors: &[ServerError], cost: Option<CostReport>, request_id: &str) -> Bytes {
    let length = match data {
        Data::Fields(fields) => fields.iter().map(|(key, value)| key.len() + 4 + length_of(value)).sum(),
        Data::None | Data::Null => 0,
    };
    let mut out = Vec::with_capacity(length + 128);
    out.push(b'{');
    match data {
        Data::None => {}
        Data::Null => out.extend_from_slice(b"\"data\":null"),
        Data::Fields(fields) => {
            out.extend_from_slice(b"\"data\":{");
            for (at, (key, value)) in fields.iter().enumerate() {
                if at > 0 {
                    out.push(b',');
                }
                quote(key.as_bytes(), &mut out);
                out.push(b':');
                write_value(value, &mut out);
            }
            out.push(b'}');
        }
    }
    if !errors.is_empty() {
        if out.len() > 1 {
            out.push(b',');
        }
        out.extend_from_slice(b"\"errors\":");
        let errors: Vec<_> = errors.iter().map(|error| to_json(error, request_id)).collect();
        out.extend_from_slice(json!(errors).to_string().as_bytes());
    }
    if let Some(cost) = cost {
        if out.len() > 1 {
            out.push(b',');
        }
        let mut number = |name: &[u8], number: u64| {
            out.extend_from_slice(name);
            out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
        };
        number(b"\"extensions\":{\"cost\":{\"cost\":", cost.cost);
        number(b",\"limit\":", cost.limit);
        if let Some(count) = cost.sql_count {
            number(b",\"sqlCount\":", count as u64);
        }
        out.extend_from_slice(b"}}");
    }
    out.push(b'}');
    out.into()
}

/// Estimates the length of a value's JSON: exact for JSON that was written while reading.
fn length_of(value: &Value) -> usize {
    match value {
        Value::Binary(text) => text.len(),
        Value::List(items) => items.iter().map(|item| length_of(item) + 1).sum(),
        _ => 32,
    }
}

/// Writes a value of the executor, with JSON that was written while reading as it is.
pub fn write_value(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Boolean(yes) => out.extend_from_slice(if *yes { b"true" } else { b"false" }),
        Value::Number(number) => out.extend_from_slice(number.to_string().as_bytes()),
        Value::String(text) => quote(text.as_bytes(), out),
        Value::Enum(name) => quote(name.as_bytes(), out),
        Value::Binary(text) => out.extend_from_slice(text),
        Value::List(items) => {
            out.push(b'[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.push(b',');
                }
                write_value(item, out);
            }
            out.push(b']');
        }
        Value::Object(fields) => {
            out.push(b'{');
            for (at, (key, value)) in fields.iter().enumerate() {
                if at > 0 {
                    out.push(b',');
                }
                quote(key.as_bytes(), out);
                out.push(b':');
                write_value(value, out);
            }
            out.push(b'}');
        }
    }
}

/// The code of an error of ours or of async-graphql.
#[must_use]
pub fn code(error: &ServerError) -> &str {
    if let Some(known) = error.source::<Error>() {
        return known.code().as_str();
    }
    match error.extensions.as_ref().and_then(|extensions| extensions.get("code")) {
        Some(Value::String(code)) => code,
        // The only other error is an argument value that the executor refuses.
        _ => Code::InvalidInput.as_str(),
    }
}

/// A resolved field, with the errors beside it, in the form in which it is stored under an idempotency key.
#[must_use]
pub fn to_stored((name, value): &Field, errors: &[ServerError]) -> Vec<u8> {
    let plain = |error: &ServerError| {
        json!({
            "message": error.message, "locations": error.locations, "path": error.path, "extensions": extensions(error),
        })
    };
    let errors = errors.iter().map(plain).collect::<serde_json::Value>().to_string();
    let mut stored = [name.as_bytes(), b"\n", errors.as_bytes(), b"\n"].concat();
    write_value(value, &mut stored);
    stored
}

/// Reads a stored field.
#[must_use]
pub fn from_stored(stored: &[u8]) -> Option<(Field, Vec<ServerError>)> {
    let mut parts = stored.splitn(3, |byte| *byte == b'\n');
    let name = std::str::from_utf8(parts.next()?).ok()?;
    let errors = serde_json::from_slice(parts.next()?).ok()?;
    Some(((Name::new(name), Value::Binary(parts.next()?.to_vec().into())), errors))
}

/// The extensions of an error: its code, and what its code comes with.
fn extensions(error: &ServerError) -> Map<String, serde_json::Value> {
    let mut extensions = match serde_json::to_value(&error.extensions) {
        Ok(serde_json::Value::Object(given)) => given,
        _ => Map::new(),
    };
    extensions.insert("code".to_owned(), code(error).into());
    if let Some(known) = error.source::<Error>() {
        if !known.fields().is_empty() {
            let field = |field: &crate::kernel::error::FieldProblem| json!({ "path": field.path, "code": field.code.as_str(), "message": field.message });
            extensions.insert("fields".to_owned(), known.fields().iter().map(field).collect());
        }
        if !known.allowed_values().is_empty() {
            extensions.insert("allowed".to_owned(), known.allowed_values().into());
        }
        if let Some(cursor) = known.cursor_to_resume() {
            extensions.insert("cursor".to_owned(), cursor.into());
        }
        let numbers = [
            ("retryAfter", known.seconds_to_wait().map(Into::into)),
            ("currentVersion", known.current_version().map(Into::into)),
            ("limit", known.reached_limit().map(Into::into)),
        ];
        for (name, number) in numbers {
            if let Some(number) = number {
                extensions.insert(name.to_owned(), number);
            }
        }
    }
    extensions
}

/// An error as clients see it.
fn to_json(error: &ServerError, request_id: &str) -> serde_json::Value {
    let mut extensions = extensions(error);
    extensions.insert("requestId".to_owned(), request_id.into());
    if let Some(cause) = error.source::<Error>().and_then(Error::cause) {
        tracing::error!(request.id = request_id, code = code(error), error = %Chain(cause), "an operation failed");
    }
    let mut json = json!({ "message": error.message, "extensions": extensions });
    if !error.locations.is_empty() {
        json["locations"] =
            error.locations.iter().map(|place| json!({ "line": place.line, "column": place.column })).collect();
    }
    if !error.path.is_empty() {
        let segment = |segment: &PathSegment| match segment {
            PathSegment::Field(name) => json!(name),
            PathSegment::Index(index) => json!(index),
        };
        json["path"] = error.path.iter().map(segment).collect();
    }
    json
}

/// An error with its causes, for the log.
struct Chain<'a>(&'a (dyn std::error::Error + Send + Sync));

impl std::fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)?;
        let mut next = self.0.source();
        while let Some(cause) = next {
            write!(f, ": {cause}")?;
            next = cause.source();
        }
        Ok(())
    }
}

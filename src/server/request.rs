//! Reads a GraphQL request out of JSON or a query string.

use serde_json::{Map, Value};

use super::{contract::Incoming, strict};

/// Why a text is not a GraphQL request.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// It has the form of a request, but a value in it is not acceptable.
    Content(String),
    /// It does not have the form of a request.
    Shape(String),
}

impl Fault {
    pub(super) fn into_message(self) -> String {
        match self {
            Self::Content(message) | Self::Shape(message) => message,
        }
    }
}

/// Reads the body of a POST, or the payload of a `subscribe` message.
pub(super) fn from_json(json: &str) -> Result<Incoming, Fault> {
    match strict::parse(json).map_err(Fault::Content)? {
        Value::Object(fields) => from_fields(fields),
        Value::Array(_) => Err(shape("must be one request; arrays of requests are not supported")),
        _ => Err(shape("must be a JSON object with `query`")),
    }
}

/// Reads the query string of a GET.
pub(super) fn from_query_string(query: &str) -> Result<Incoming, Fault> {
    let mut fields = Map::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let name = decode(name)?;
        if !matches!(name.as_str(), "query" | "operationName" | "variables" | "extensions") {
            continue;
        }
        let value = decode(value)?;
        let value = match name.as_str() {
            _ if value.is_empty() => Value::Null,
            "variables" | "extensions" => {
                strict::parse(&value).map_err(|problem| Fault::Content(format!("`{name}`: {problem}")))?
            }
            _ => Value::String(value),
        };
        if fields.contains_key(&name) {
            return Err(Fault::Content(format!("the parameter `{name}` is given twice")));
        }
        fields.insert(name, value);
    }
    from_fields(fields)
}

fn from_fields(mut fields: Map<String, Value>) -> Result<Incoming, Fault> {
    let incoming = Incoming {
        query: string(&mut fields, "query")?,
        operation_name: string(&mut fields, "operationName")?,
        variables: object(&mut fields, "variables")?,
        extensions: object(&mut fields, "extensions")?,
    };
    if incoming.query.is_none() && incoming.extensions.is_none() {
        return Err(shape("`query` is missing"));
    }
    Ok(incoming)
}

fn string(fields: &mut Map<String, Value>, name: &str) -> Result<Option<String>, Fault> {
    match fields.remove(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(shape(&format!("`{name}` must be a string"))),
    }
}

fn object(fields: &mut Map<String, Value>, name: &str) -> Result<Option<Map<String, Value>>, Fault> {
    match fields.remove(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Object(object)) => Ok(Some(object)),
        Some(_) => Err(shape(&format!("`{name}` must be an object"))),
    }
}

fn shape(message: &str) -> Fault {
    Fault::Shape(message.to_owned())
}

/// Decodes a part of `application/x-www-form-urlencoded` text. Unlike the common decoders it refuses what is not
/// UTF-8, instead of replacing it by something that the client did not send.
fn decode(encoded: &str) -> Result<String, Fault> {
    let bad = |what: &str| Fault::Content(format!("the query string {what}"));
    let mut bytes = encoded.bytes();
    let mut decoded = Vec::with_capacity(encoded.len());
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'+' => b' ',
            b'%' => match (bytes.next().and_then(hex_digit), bytes.next().and_then(hex_digit)) {
                (Some(high), Some(low)) => high << 4 | low,
                _ => return Err(bad("has a broken percent escape")),
            },
            other => other,
        });
    }
    let text = String::from_utf8(decoded).map_err(|_| bad("is not UTF-8"))?;
    if text.contains('\0') {
        return Err(bad("must not contain the character U+0000"));
    }
    Ok(text)
}

fn hex_digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

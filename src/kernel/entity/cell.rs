//! Writes the binary values of Postgres as JSON text, with one encoder for each type, and without a tree of values or copied
//! strings between.

use async_graphql::{OutputType, registry::Registry};
use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, Timelike, Utc};
use rust_decimal::Decimal;
use uuid::Uuid;

use crate::kernel::{
    hex::hex,
    ids::{self, AnyId, Id, Kind},
    text::scalar,
};

/// The JSON of an answer while it is being written.
pub type Json = Vec<u8>;

/// A type that a column can have.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the type of a column",
    note = "an enum is declared with `text_enum!` or `states!`, JSON with `json_object!` and `JsonList<T>` or `JsonOne<T>`"
)]
pub trait Cell: OutputType {
    /// Writes a value that is not null, in the form the type's own serialisation has.
    fn write(raw: &[u8], out: &mut Json);

    /// The place of a value that is not null among those of its type, where they have an order of their own.
    fn rank(_: &[u8]) -> usize {
        0
    }

    /// The objects of a json column, whose fields can be selected.
    fn below() -> Option<JsonShape> {
        None
    }

    /// Makes the GraphQL type known and returns its qualified name.
    fn register(registry: &mut Registry) -> String {
        Self::create_type_info(registry)
    }
}

impl<T: Cell + Sync> Cell for Option<T> {
    fn write(raw: &[u8], out: &mut Json) {
        T::write(raw, out);
    }

    fn below() -> Option<JsonShape> {
        T::below()
    }

    fn register(registry: &mut Registry) -> String {
        T::register(registry);
        Self::create_type_info(registry)
    }
}

/// A declaration of objects in json (`json_object!`).
#[derive(Debug)]
pub struct JsonDef {
    pub type_name: &'static str,
    pub description: &'static str,
    pub fields: Vec<JsonField>,
}

/// A field of such an object.
#[derive(Debug)]
pub struct JsonField {
    /// As the column spells it.
    pub key: &'static str,
    pub name: String,
    pub description: &'static str,
    /// What an object without it has.
    pub absent: &'static str,
    /// Makes the GraphQL type known and returns its qualified name.
    pub register: fn(&mut Registry) -> String,
}

/// What a column of json holds.
#[derive(Debug, Clone, Copy)]
pub enum JsonShape {
    One(&'static JsonDef),
    List(&'static JsonDef),
}

/// Ends an object; one without a field was never begun.
pub(super) fn close(out: &mut Json, start: usize) {
    if out.len() == start {
        out.push(b'{');
    }
    out.push(b'}');
}

/// Writes a JSON string. Postgres returns valid UTF-8 only, as the connection's encoding is UTF-8.
pub fn quote(text: &[u8], out: &mut Json) {
    out.reserve(text.len() + 2);
    out.push(b'"');
    let mut rest = text;
    loop {
        let (plain, special) = rest.split_at(plain_length(rest));
        out.extend_from_slice(plain);
        let Some((byte, after)) = special.split_first() else { break };
        escape(*byte, out);
        rest = after;
    }
    out.push(b'"');
}

fn is_special(byte: u8) -> bool {
    (byte < 0x20) | (byte == b'"') | (byte == b'\\')
}

/// Number of bytes before the first that must be escaped. Nearly all texts have none of those, so they are
/// compared sixteen at a time, which a processor does in one step.
fn plain_length(text: &[u8]) -> usize {
    let (chunks, _) = text.as_chunks::<16>();
    let any_special = |chunk: &[u8; 16]| chunk.iter().fold(0, |any, byte| any | u8::from(is_special(*byte))) != 0;
    let start = chunks.iter().take_while(|chunk| !any_special(chunk)).count() * 16;
    text[start..].iter().position(|byte| is_special(*byte)).map_or(text.len(), |at| start + at)
}

fn escape(byte: u8, out: &mut Json) {
    match byte {
        b'\n' => out.extend_from_slice(b"\\n"),
        b'\r' => out.extend_from_slice(b"\\r"),
        b'\t' => out.extend_from_slice(b"\\t"),
        0..0x20 => {
            out.extend_from_slice(b"\\u00");
            out.extend_from_slice(hex(&[byte]).as_bytes());
        }
        _ => out.extend_from_slice(&[b'\\', byte]),
    }
}

/// The bytes as an array; zeros if Postgres sent another width, which it does not for a checked column.
fn fixed<const N: usize>(raw: &[u8]) -> [u8; N] {
    raw.try_into().unwrap_or([0; N])
}

impl Cell for String {
    fn write(raw: &[u8], out: &mut Json) {
        quote(raw, out);
    }
}

impl Cell for bool {
    fn write(raw: &[u8], out: &mut Json) {
        out.extend_from_slice(if raw.first() == Some(&1) { b"true" } else { b"false" });
    }
}

impl Cell for i16 {
    fn write(raw: &[u8], out: &mut Json) {
        out.extend_from_slice(itoa::Buffer::new().format(Self::from_be_bytes(fixed(raw))).as_bytes());
    }
}

impl Cell for i32 {
    fn write(raw: &[u8], out: &mut Json) {
        out.extend_from_slice(itoa::Buffer::new().format(Self::from_be_bytes(fixed(raw))).as_bytes());
    }
}

impl<T: Kind> Cell for Id<T> {
    fn write(raw: &[u8], out: &mut Json) {
        out.push(b'"');
        out.extend_from_slice(T::PREFIX.as_bytes());
        out.push(b'_');
        out.extend_from_slice(&ids::encode(Uuid::from_bytes(fixed(raw))));
        out.push(b'"');
    }
}

impl Cell for AnyId {
    fn write(raw: &[u8], out: &mut Json) {
        // A UUID as text ends it.
        let (kind, uuid) = raw.split_at(raw.len().saturating_sub(36));
        out.push(b'"');
        out.extend_from_slice(kind);
        out.extend_from_slice(&ids::encode(Uuid::try_parse_ascii(uuid).unwrap_or_default()));
        out.push(b'"');
    }
}

/// Microseconds from the Unix epoch to Postgres' own, 2000-01-01.
const POSTGRES_EPOCH: i64 = 946_684_800_000_000;

impl Cell for DateTime<Utc> {
    fn write(raw: &[u8], out: &mut Json) {
        let micros = i64::from_be_bytes(fixed(raw)).saturating_add(POSTGRES_EPOCH);
        match DateTime::from_timestamp_micros(micros) {
            Some(time) if (0..=9999).contains(&time.year()) => {
                out.push(b'"');
                write_date(time.date_naive(), out);
                out.push(b'T');
                write_time(time.time(), out);
                out.extend_from_slice(b"+00:00\"");
            }
            Some(time) => quote(time.to_rfc3339().as_bytes(), out),
            None => out.extend_from_slice(b"null"),
        }
    }
}

impl Cell for NaiveDate {
    fn write(raw: &[u8], out: &mut Json) {
        /// 2000-01-01, counted from the first day of year 1.
        const DAYS_TO_EPOCH: i32 = 730_120;
        let day = i32::from_be_bytes(fixed(raw)).saturating_add(DAYS_TO_EPOCH);
        match NaiveDate::from_num_days_from_ce_opt(day) {
            Some(date) => {
                out.push(b'"');
                write_date(date, out);
                out.push(b'"');
            }
            None => out.extend_from_slice(b"null"),
        }
    }
}

impl Cell for NaiveTime {
    fn write(raw: &[u8], out: &mut Json) {
        let micros = i64::from_be_bytes(fixed(raw));
        let seconds = u32::try_from(micros / 1_000_000).unwrap_or_default();
        // Postgres has a 24:00:00, which is no time of day; a check constraint refuses it where it matters.
        match NaiveTime::from_num_seconds_from_midnight_opt(seconds, (micros % 1_000_000) as u32 * 1000) {
            Some(time) => {
                out.push(b'"');
                write_time(time, out);
                out.push(b'"');
            }
            None => out.extend_from_slice(b"null"),
        }
    }
}

/// Two digits.
fn push2(number: u32, out: &mut Json) {
    out.extend_from_slice(&[b'0' + (number / 10 % 10) as u8, b'0' + (number % 10) as u8]);
}

fn write_date(date: NaiveDate, out: &mut Json) {
    let year = date.year().unsigned_abs();
    push2(year / 100, out);
    push2(year % 100, out);
    out.push(b'-');
    push2(date.month(), out);
    out.push(b'-');
    push2(date.day(), out);
}

/// `09:30:00`, with a fraction of three or six digits where there is one.
pub(crate) fn write_time(time: NaiveTime, out: &mut Json) {
    push2(time.hour(), out);
    out.push(b':');
    push2(time.minute(), out);
    out.push(b':');
    push2(time.second(), out);
    let micros = time.nanosecond() / 1000;
    if micros != 0 {
        out.push(b'.');
        push2(micros / 10_000, out);
        if micros.is_multiple_of(1000) {
            out.push(b'0' + (micros / 1000 % 10) as u8);
        } else {
            push2(micros / 100 % 100, out);
            push2(micros % 100, out);
        }
    }
}

impl Cell for serde_json::Value {
    fn write(raw: &[u8], out: &mut Json) {
        // jsonb travels as a version byte and text.
        out.extend_from_slice(raw.get(1..).unwrap_or(b"null"));
    }
}

impl<T: Cell> Cell for Vec<T> {
    fn write(raw: &[u8], out: &mut Json) {
        // Dimensions, flags and element type come first, then per element a length (-1 is null) and its bytes.
        out.push(b'[');
        let mut rest = raw.get(20..).unwrap_or_default();
        let mut first = true;
        while let Some((length, tail)) = rest.split_first_chunk::<4>() {
            let length = usize::try_from(i32::from_be_bytes(*length)).unwrap_or_default();
            let (item, tail) = tail.split_at_checked(length).unwrap_or_default();
            if !first {
                out.push(b',');
            }
            first = false;
            T::write(item, out);
            rest = tail;
        }
        out.push(b']');
    }
}

impl Cell for Decimal {
    /// The library's scalar has no description.
    fn register(registry: &mut Registry) -> String {
        let description = "Exact decimal number as a string, such as `\"120.50\"`.";
        scalar(registry, "Decimal", description, "https://www.w3.org/TR/xmlschema-2/#decimal");
        Self::create_type_info(registry)
    }

    fn write(raw: &[u8], out: &mut Json) {
        // Groups of four digits, the weight of the first, a sign, and how many digits to show behind the point.
        let part = |at: usize| raw.get(at..at + 2).map_or(0, |two| i16::from_be_bytes(fixed(two)));
        let (groups, weight, sign, scale) = (part(0), part(2), part(4), part(6));
        out.push(b'"');
        if sign != 0 {
            out.push(b'-');
        }
        let group = |at: i16| if (0..groups).contains(&at) { part(8 + 2 * at.unsigned_abs() as usize) } else { 0 };
        let mut buffer = itoa::Buffer::new();
        out.extend_from_slice(buffer.format(if weight >= 0 { group(0) } else { 0 }).as_bytes());
        for at in 1..=weight {
            out.extend_from_slice(format!("{:04}", group(at)).as_bytes());
        }
        if scale > 0 {
            out.push(b'.');
            let start = out.len();
            let mut at = weight + 1;
            while out.len() - start < scale.unsigned_abs() as usize {
                out.extend_from_slice(format!("{:04}", group(at)).as_bytes());
                at += 1;
            }
            out.truncate(start + scale.unsigned_abs() as usize);
        }
        out.push(b'"');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl FnOnce(&mut Json)) -> String {
        let mut out = Json::new();
        write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn strings_come_out_as_serde_writes_them() {
        let mut texts =
            ["", "plain", "q\"b\\n\n\r\t", "\u{1}\u{1f}\u{7f}", "héllo 诊所 🩺"].map(str::to_owned).to_vec();
        // Each special byte, at each place of a chunk, alone and before another.
        for special in (0..0x20).chain([b'"', b'\\']) {
            for at in 0..40 {
                let special = char::from(special);
                texts.push(format!("{}{special}{}", "é".repeat(at / 2), "x".repeat(at % 19)));
                texts.push(format!("{}{special}{}\n", "x".repeat(at), "y".repeat(40 - at)));
            }
        }
        for text in texts {
            assert_eq!(
                written(|out| quote(text.as_bytes(), out)),
                serde_json::to_string(&text).unwrap().replace("\\b", "\\u0008").replace("\\f", "\\u000c")
            );
        }
    }

    #[test]
    fn instants_come_out_as_chrono_writes_them() {
        for micros in [0i64, 1, 1000, 123_456, 999_999, 86_399_999_999, -1, 812_345_678_901_234, -900_000_000_000_000] {
            let time = DateTime::from_timestamp_micros(micros + POSTGRES_EPOCH).unwrap();
            let raw = micros.to_be_bytes();
            assert_eq!(written(|out| DateTime::<Utc>::write(&raw, out)), format!("\"{}\"", time.to_rfc3339()));
        }
    }

    #[test]
    fn dates_and_decimals_come_out() {
        assert_eq!(written(|out| NaiveDate::write(&0i32.to_be_bytes(), out)), "\"2000-01-01\"");
        assert_eq!(written(|out| NaiveDate::write(&(-1i32).to_be_bytes(), out)), "\"1999-12-31\"");
        let numeric = |parts: &[i16]| parts.iter().flat_map(|part| part.to_be_bytes()).collect::<Vec<_>>();
        for (parts, text) in [
            (vec![0, 0, 0, 2], "\"0.00\""),
            (vec![1, 0, 0, 0, 42], "\"42\""),
            (vec![3, 1, 0, 2, 1, 2345, 6700], "\"12345.67\""),
            (vec![1, -1, 0x4000, 2, 500], "\"-0.05\""),
            (vec![1, 1, 0, 2, 3], "\"30000.00\""),
        ] {
            assert_eq!(written(|out| Decimal::write(&numeric(&parts), out)), text);
        }
    }

    #[test]
    fn lists_times_and_ids_of_any_kind_come_out() {
        let mut list = [1i32, 0, 25, 2, 1].map(i32::to_be_bytes).concat();
        for text in ["en", "z\"h"] {
            list.extend_from_slice(&(text.len() as i32).to_be_bytes());
            list.extend_from_slice(text.as_bytes());
        }
        assert_eq!(written(|out| Vec::<String>::write(&list, out)), r#"["en","z\"h"]"#);
        let nothing = [0i32, 0, 25].map(i32::to_be_bytes).concat();
        assert_eq!(written(|out| Vec::<String>::write(&nothing, out)), "[]");
        for (micros, text) in [(0i64, "\"00:00:00\""), (34_200_000_000, "\"09:30:00\""), (86_400_000_000, "null")] {
            assert_eq!(written(|out| NaiveTime::write(&micros.to_be_bytes(), out)), text);
        }
        assert_eq!(
            written(|out| AnyId::write(b"ticket_message_01890a5d-ac96-774b-bcce-b302099a8057", out)),
            "\"ticket_message_01h455vb4pex5vsknk084sn02q\""
        );
    }
}

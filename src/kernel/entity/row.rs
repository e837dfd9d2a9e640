//! Columns of a row, as the bytes that Postgres sent.

use diesel::row::{Field, Row};
use uuid::Uuid;

use super::cell::Json;
use crate::kernel::db::PgRow;

/// Reads the bytes of a column.
pub(super) fn with_bytes<T>(row: &PgRow, at: usize, read: impl FnOnce(Option<&[u8]>) -> T) -> T {
    match row.get(at) {
        Some(field) => read(field.value().as_ref().map(diesel::pg::PgValue::as_bytes)),
        None => read(None),
    }
}

pub(super) fn uuid(row: &PgRow, at: usize) -> Option<Uuid> {
    with_bytes(row, at, |bytes| bytes.and_then(|bytes| Uuid::from_slice(bytes).ok()))
}

/// An `int4`; 0 where it is null.
pub(super) fn int(row: &PgRow, at: usize) -> i32 {
    with_bytes(row, at, |bytes| bytes.and_then(|bytes| bytes.try_into().ok()).map_or(0, i32::from_be_bytes))
}

pub(super) fn is_null(row: &PgRow, at: usize) -> bool {
    with_bytes(row, at, |bytes| bytes.is_none())
}

/// Writes a column, or null.
pub(super) fn write(row: &PgRow, at: usize, out: &mut Json, value: impl FnOnce(&[u8], &mut Json)) {
    with_bytes(row, at, |bytes| match bytes {
        Some(bytes) => value(bytes, out),
        None => out.extend_from_slice(b"null"),
    });
}

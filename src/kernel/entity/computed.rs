//! Fields that Rust computes for the caller of some columns of the row, so that a rule has one place: the mutation that
//! enforces it and the field that reports it call the same function.

use diesel::{
    deserialize::{self, FromSql},
    pg::Pg,
    row::{Field, Row},
};

use super::cell::{Json, quote};
use crate::kernel::{Actor, db::PgRow, links::Links};

/// For whom a value is computed.
#[derive(Clone, Copy)]
pub struct Caller<'a> {
    actor: &'a Actor,
    links: Option<&'a Links>,
}

impl<'a> Caller<'a> {
    pub(super) fn new(actor: &'a Actor, links: Option<&'a Links>) -> Self {
        Self { actor, links }
    }

    /// What signs links for the caller; none where the server has no keys, as while the schema is printed.
    #[must_use]
    pub fn links(&self) -> Option<&'a Links> {
        self.links
    }
}

impl std::ops::Deref for Caller<'_> {
    type Target = Actor;

    fn deref(&self) -> &Actor {
        self.actor
    }
}

/// Computes a value and writes it as JSON. A subscription reads an event once for everybody who has the same role in the
/// same clinic: a rule may use the caller's permissions and clinic, and nothing else of the caller.
pub type Rule = fn(&Caller<'_>, &mut Inputs<'_>, &mut Json) -> deserialize::Result<()>;

/// The columns of a rule, in their order.
pub struct Inputs<'r> {
    row: &'r PgRow,
    at: std::slice::Iter<'r, usize>,
}

impl<'r> Inputs<'r> {
    pub(super) fn new(row: &'r PgRow, at: &'r [usize]) -> Self {
        Self { row, at: at.iter() }
    }

    /// The value of the next column, which has the SQL type `S`.
    pub fn take<S, T: FromSql<S, Pg>>(&mut self) -> deserialize::Result<T> {
        let field = self.at.next().and_then(|at| self.row.get(*at));
        T::from_nullable_sql(field.as_ref().and_then(Field::value))
    }
}

/// A value that a rule can have.
pub trait WriteJson {
    fn write_json(&self, out: &mut Json);
}

impl WriteJson for bool {
    fn write_json(&self, out: &mut Json) {
        out.extend_from_slice(if *self { b"true" } else { b"false" });
    }
}

impl WriteJson for i32 {
    fn write_json(&self, out: &mut Json) {
        out.extend_from_slice(itoa::Buffer::new().format(*self).as_bytes());
    }
}

impl WriteJson for String {
    fn write_json(&self, out: &mut Json) {
        quote(self.as_bytes(), out);
    }
}

impl<T: WriteJson> WriteJson for Option<T> {
    fn write_json(&self, out: &mut Json) {
        match self {
            Some(value) => value.write_json(out),
            None => out.extend_from_slice(b"null"),
        }
    }
}

impl<T: WriteJson> WriteJson for Vec<T> {
    fn write_json(&self, out: &mut Json) {
        out.push(b'[');
        for (at, value) in self.iter().enumerate() {
            if at > 0 {
                out.push(b',');
            }
            value.write_json(out);
        }
        out.push(b']');
    }
}

//! Keyset pages: which rows of a list are read, from which position and in which order. A cursor holds the position of one row
//! (the bytes of its sort column, and its id) and is bound to its list and order.

use async_graphql::Enum;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use uuid::Uuid;

use super::{Code, Error, Result, entity::Condition};

/// The largest page of a list.
pub const MOST: u32 = 100;
/// The page size when neither `first` nor `last` is given.
pub const USUAL: u32 = 25;

/// Direction in which a list is ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(name = "OrderDirection")]
pub enum Direction {
    /// The smallest or earliest value comes first.
    Asc,
    /// The largest or latest value comes first.
    Desc,
}

/// The type of a sort column, by which a cursor is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SortType {
    Timestamptz,
    Date,
    SmallInt,
    Integer,
    BigInt,
    Numeric,
    Text,
    /// Ids, which sort by the time at which they were made.
    Uuid,
}

impl SortType {
    /// Whether bytes can be a value of this type, so that Postgres does not fail over them.
    fn fits(self, key: &[u8]) -> bool {
        match self {
            Self::SmallInt => key.len() == 2,
            Self::Date | Self::Integer => key.len() == 4,
            Self::Timestamptz | Self::BigInt => key.len() == 8,
            Self::Uuid => key.len() == 16,
            Self::Numeric => is_numeric(key),
            Self::Text => key.len() <= 4096 && !key.contains(&0) && std::str::from_utf8(key).is_ok(),
        }
    }
}

/// Whether these are the bytes of a finite decimal: how many groups of four digits, the weight of the first, a sign, how
/// many digits to show behind the point, and the groups.
fn is_numeric(key: &[u8]) -> bool {
    let (words, rest) = key.as_chunks::<2>();
    let Some(([groups, _, sign, scale], digits)) = words.split_first_chunk::<4>() else { return false };
    let word = |bytes: &[u8; 2]| u16::from_be_bytes(*bytes);
    rest.is_empty()
        && digits.len() <= 1000
        && usize::from(word(groups)) == digits.len()
        && matches!(word(sign), 0 | 0x4000)
        && word(scale) < 0x4000
        && digits.iter().all(|digit| word(digit) < 10_000)
}

/// An order: a column that is never null, then the id, both in the same direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sort {
    pub column: &'static str,
    pub of: SortType,
    pub descending: bool,
}

impl Sort {
    #[must_use]
    pub const fn new(column: &'static str, of: SortType, direction: Direction) -> Self {
        Self { column, of, descending: matches!(direction, Direction::Desc) }
    }
}

/// The bytes that Postgres gave for a sort column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key(pub Vec<u8>);

/// A position in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    pub key: Key,
    pub id: Uuid,
}

/// The part of a list that is read.
pub struct PageSpec {
    pub sort: Sort,
    pub limit: u32,
    /// Counted from the end, with `last`.
    pub backwards: bool,
    pub after: Option<Position>,
    pub before: Option<Position>,
    pub conditions: Vec<Condition>,
}

impl PageSpec {
    /// The direction in which the database reads, as SQL.
    #[must_use]
    pub fn direction(&self) -> &'static str {
        if self.sort.descending == self.backwards { " ASC" } else { " DESC" }
    }
}

/// The four arguments every list takes.
#[derive(Debug, Clone, Default)]
pub struct Window {
    pub first: Option<i32>,
    pub after: Option<String>,
    pub last: Option<i32>,
    pub before: Option<String>,
}

impl Window {
    /// Checks the arguments against a list (named by its type) and its order.
    pub fn page(self, list: &str, sort: Sort, conditions: Vec<Condition>) -> Result<PageSpec> {
        if self.first.is_some() && self.last.is_some() {
            return Err(Error::invalid("last", "must not be given together with first"));
        }
        let (path, wanted) = if self.last.is_some() { ("last", self.last) } else { ("first", self.first) };
        let limit = match wanted.map(u32::try_from) {
            None => USUAL,
            Some(Ok(count)) if (1..=MOST).contains(&count) => count,
            Some(_) => {
                let given = wanted.unwrap_or_default();
                return Err(Error::invalid(path, format!("must be from 1 to {MOST}, not {given}")).limit(MOST.into()));
            }
        };
        Ok(PageSpec {
            sort,
            limit,
            backwards: self.last.is_some(),
            after: self.after.map(|cursor| read_cursor(&cursor, list, sort, "after")).transpose()?,
            before: self.before.map(|cursor| read_cursor(&cursor, list, sort, "before")).transpose()?,
            conditions,
        })
    }
}

/// Identifies a list and its order in a cursor: FNV-1a over their names.
fn tag(list: &str, sort: Sort) -> [u8; 4] {
    let mut hash = 0x811c_9dc5u32;
    for byte in list.bytes().chain([b'.']).chain(sort.column.bytes()).chain([u8::from(sort.descending)]) {
        hash = (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    }
    hash.to_be_bytes()
}

/// Appends the cursor of a row.
pub fn write_cursor(list: &str, sort: Sort, key: &[u8], id: &[u8], out: &mut Vec<u8>) {
    let mut bytes = Vec::with_capacity(4 + id.len() + key.len());
    bytes.extend_from_slice(&tag(list, sort));
    bytes.extend_from_slice(id);
    bytes.extend_from_slice(key);
    let start = out.len();
    out.resize(start + bytes.len().div_ceil(3) * 4, 0);
    // The buffer fits the padded form, which is never shorter.
    let written = URL_SAFE_NO_PAD.encode_slice(&bytes, &mut out[start..]).unwrap_or_default();
    out.truncate(start + written);
}

fn read_cursor(cursor: &str, list: &str, sort: Sort, path: &str) -> Result<Position> {
    let refused = || Error::invalid_value(Code::InvalidCursor, path, "must be a cursor of this list in this order");
    let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| refused())?;
    let (given, rest) = bytes.split_first_chunk::<4>().ok_or_else(refused)?;
    let (id, key) = rest.split_first_chunk::<16>().ok_or_else(refused)?;
    if *given != tag(list, sort) || !sort.of.fits(key) {
        return Err(refused());
    }
    Ok(Position { key: Key(key.to_vec()), id: Uuid::from_bytes(*id) })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEWEST: Sort = Sort::new("created_at", SortType::Timestamptz, Direction::Desc);

    fn cursor() -> String {
        let mut out = Vec::new();
        write_cursor("Ticket", NEWEST, &7i64.to_be_bytes(), &[5; 16], &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_cursor_comes_back() {
        let window = Window { after: Some(cursor()), ..Window::default() };
        let page = window.page("Ticket", NEWEST, Vec::new()).unwrap();
        assert_eq!(page.after, Some(Position { key: Key(7i64.to_be_bytes().to_vec()), id: Uuid::from_bytes([5; 16]) }));
        assert_eq!(page.limit, USUAL);
    }

    #[test]
    fn a_cursor_of_another_list_or_order_is_refused() {
        let oldest = Sort::new("created_at", SortType::Timestamptz, Direction::Asc);
        for (list, sort, cursor) in [
            ("Clinic", NEWEST, cursor()),
            ("Ticket", oldest, cursor()),
            ("Ticket", NEWEST, "?".to_owned()),
            ("Ticket", NEWEST, cursor()[..10].to_owned()),
        ] {
            let window = Window { before: Some(cursor), ..Window::default() };
            assert_eq!(window.page(list, sort, Vec::new()).err().map(|error| error.code()), Some(Code::InvalidCursor));
        }
    }

    #[test]
    fn a_key_has_the_form_of_its_type() {
        let numeric = |words: &[u16]| words.iter().flat_map(|word| word.to_be_bytes()).collect::<Vec<_>>();
        for (of, key, fits) in [
            (SortType::Integer, vec![0; 4], true),
            (SortType::Integer, vec![0; 8], false),
            (SortType::BigInt, vec![0; 8], true),
            (SortType::BigInt, vec![0; 4], false),
            (SortType::Date, vec![0; 2], false),
            (SortType::Uuid, vec![0; 16], true),
            (SortType::Uuid, vec![0; 15], false),
            (SortType::Numeric, numeric(&[2, 0, 0, 2, 120, 5000]), true),
            (SortType::Numeric, numeric(&[1, 0, 0x4000, 0, 7]), true),
            (SortType::Numeric, numeric(&[0, 0, 0, 0]), true),
            (SortType::Numeric, numeric(&[2, 0, 0, 2, 120]), false),
            (SortType::Numeric, numeric(&[1, 0, 0xC000, 0, 7]), false),
            (SortType::Numeric, numeric(&[1, 0, 0, 0, 10_000]), false),
            (SortType::Numeric, vec![0; 9], false),
            (SortType::Numeric, Vec::new(), false),
        ] {
            assert_eq!(of.fits(&key), fits, "{of:?} {key:?}");
        }
    }

    #[test]
    fn sizes_have_an_edge_at_one_and_at_a_hundred() {
        let page = |first, last| Window { first, last, ..Window::default() }.page("Ticket", NEWEST, Vec::new());
        for (first, last, fits) in [
            (Some(1), None, true),
            (Some(100), None, true),
            (None, Some(100), true),
            (Some(0), None, false),
            (Some(-1), None, false),
            (Some(101), None, false),
            (None, Some(101), false),
            (Some(1), Some(1), false),
        ] {
            assert_eq!(page(first, last).is_ok(), fits, "{first:?} {last:?}");
        }
        assert_eq!(page(Some(500), None).err().and_then(|error| error.reached_limit()), Some(100));
    }
}

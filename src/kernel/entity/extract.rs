//! Rows of an entity outside of an operation, for an export: a list in a fixed order, page by page, with the rights of the actor
//! whom each page's scope is for.

use super::{
    cell::Json,
    def::{Column, Def, Kinds},
    plan::{Columns, Taken},
    row::{int, uuid, with_bytes, write},
    select::{Condition, Rows, Select},
};
use crate::kernel::{
    Result,
    db::{PgRow, Scope},
    page::{Key, PageSpec, Position, Sort},
};

/// What is read of an entity, and in which order.
#[derive(Debug)]
pub struct Extract {
    def: &'static Def,
    sort: Sort,
    columns: Vec<Column>,
    /// The column of the order and the id come before the others.
    selected: Columns,
}

impl Extract {
    /// Columns that have the name of a field of the entity can be read by those who may read the field.
    #[must_use]
    pub fn new(def: &'static Def, sort: Sort, mut columns: Vec<Column>) -> Self {
        let mut selected = Columns::new(&[sort.column, "id"]);
        for column in &mut columns {
            let field = def.columns.iter().find(|field| field.name == column.name);
            column.read = column.read.or_else(|| field.and_then(|field| field.read));
            selected.places.push(Taken { table: 0, sql: column.sql, guard: column.read });
        }
        Self { def, sort, columns, selected }
    }

    /// The names of the columns, as the API has them.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|column| column.name.as_str())
    }

    /// All rows that fulfil some conditions, a number of them at a time.
    #[must_use]
    pub fn pages(&self, conditions: Vec<Condition>, size: u32) -> Pages<'_> {
        let spec = PageSpec { sort: self.sort, limit: size, backwards: false, after: None, before: None, conditions };
        Pages { extract: self, spec }
    }
}

/// Reads the rows of an extract from the first to the last.
pub struct Pages<'e> {
    extract: &'e Extract,
    spec: PageSpec,
}

impl<'e> Pages<'e> {
    fn select<'s>(&'s self, scope: &Scope, kinds: &Kinds, rows: Rows<'s>) -> Result<Select<'s>> {
        let (def, actor) = (self.extract.def, scope.actor());
        def.read.map_or(Ok(()), |permission| actor.require(permission))?;
        Ok(Select {
            def,
            columns: &self.extract.selected,
            rows,
            tenant: actor.clinic_id(),
            permissions: actor.permissions(),
            caller: actor.person().ok().map(|person| person.user_id),
            readable: if def.about.is_some() { kinds.readable(actor) } else { Vec::new() },
        })
    }

    /// The number of all rows that the actor of the scope may read.
    pub async fn count(&self, scope: &Scope, kinds: &Kinds) -> Result<i32> {
        let rows = load(scope, self.select(scope, kinds, Rows::Count { page: &self.spec })?).await?;
        Ok(rows.first().map_or(0, |row| int(row, 0)))
    }

    /// The next rows that the actor of the scope may read; none behind the last. If it fails it can be called again.
    pub async fn next(&mut self, scope: &Scope, kinds: &Kinds) -> Result<Batch<'e>> {
        let rows = Rows::Page { page: &self.spec, most: self.spec.limit };
        let rows = load(scope, self.select(scope, kinds, rows)?).await?;
        let is_last = rows.len() < self.spec.limit as usize;
        if let Some(row) = rows.last() {
            let key = Key(with_bytes(row, 0, |bytes| bytes.unwrap_or_default().to_vec()));
            self.spec.after = Some(Position { key, id: uuid(row, 1).unwrap_or_default() });
        }
        Ok(Batch { columns: &self.extract.columns, rows, is_last })
    }
}

async fn load(scope: &Scope, select: Select<'_>) -> Result<Vec<PgRow>> {
    if select.needs_replan() { scope.load_planned(select).await } else { scope.load(select).await }
}

/// Some rows of an extract.
pub struct Batch<'e> {
    columns: &'e [Column],
    rows: Vec<PgRow>,
    /// Whether no rows follow.
    pub is_last: bool,
}

impl Batch<'_> {
    /// Number of the rows.
    #[must_use]
    pub fn size(&self) -> usize {
        self.rows.len()
    }

    /// Appends the rows with a function that appends one of its values.
    pub fn write_rows(
        &self,
        out: &mut Vec<u8>,
        mut row: impl FnMut(&mut Vec<u8>, &mut dyn Iterator<Item = Value<'_>>),
    ) {
        for of_row in &self.rows {
            let mut values =
                self.columns.iter().enumerate().map(|(at, column)| Value { row: of_row, at: at + 2, column });
            row(out, &mut values);
        }
    }
}

/// A value of a row.
pub struct Value<'r> {
    row: &'r PgRow,
    at: usize,
    column: &'r Column,
}

impl Value<'_> {
    /// The name of its column, as the API has it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.column.name
    }

    /// Appends the value as JSON.
    pub fn write(&self, out: &mut Json) {
        write(self.row, self.at, out, self.column.write);
    }
}

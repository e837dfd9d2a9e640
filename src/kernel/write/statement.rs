//! The statements of writing. Each names the clinic beside the id wherever it is known. All stay prepared by their text, of
//! which there are few.

use diesel::{
    pg::Pg,
    query_builder::{AstPass, Query, QueryFragment, QueryId},
    result::QueryResult,
    serialize::ToSql,
    sql_types::{self, HasSqlType, Untyped, Uuid as SqlUuid},
};
use std::marker::PhantomData;
use uuid::Uuid;

use super::Stored;
use crate::kernel::entity::Def;

/// A value for a column, of whatever type.
pub(super) trait Bind: Send + Sync {
    fn bind<'b>(&'b self, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()>;
}

pub(super) struct Bound<S, T>(pub T, pub PhantomData<fn() -> S>);

impl<S, T> Bind for Bound<S, T>
where
    Pg: HasSqlType<S>,
    T: ToSql<S, Pg> + Send + Sync,
{
    fn bind<'b>(&'b self, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_bind_param::<S, T>(&self.0)
    }
}

/// A column and its new value.
pub(super) struct Value {
    pub column: &'static str,
    pub value: Box<dyn Bind>,
}

impl Value {
    pub fn new<S: 'static, T>(column: &'static str, value: T) -> Self
    where
        Pg: HasSqlType<S>,
        T: ToSql<S, Pg> + Send + Sync + 'static,
    {
        Self { column, value: Box::new(Bound::<S, T>(value, PhantomData)) }
    }

    pub fn id(column: &'static str, id: Uuid) -> Self {
        Self::new::<sql_types::Uuid, _>(column, id)
    }
}

macro_rules! prepared_by_text {
    ($($statement:ident),+) => {$(
        impl QueryId for $statement {
            type QueryId = ();
            const HAS_STATIC_QUERY_ID: bool = false;
        }
    )+};
}
prepared_by_text!(Insert, Update, Delete, ReadRow);

/// Which row is read, and how.
#[derive(Debug, Clone, Copy)]
pub(super) struct Read {
    pub by: &'static str,
    pub key: Uuid,
    /// What holds for the rows that may be found.
    pub live: Option<&'static str>,
    pub locks: bool,
}

impl Read {
    /// The statement over an entity, for a caller who works in this clinic.
    pub fn of<E: Stored>(self, clinic: Option<Uuid>) -> ReadRow {
        ReadRow { def: E::def(), columns: E::COLUMNS, read: self, clinic }
    }
}

/// Reads one row into its struct.
pub(super) struct ReadRow {
    def: &'static Def,
    columns: &'static [&'static str],
    read: Read,
    clinic: Option<Uuid>,
}

impl Query for ReadRow {
    type SqlType = Untyped;
}

impl QueryFragment<Pg> for ReadRow {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        for (at, column) in self.columns.iter().enumerate() {
            out.push_sql(if at == 0 { "SELECT " } else { ", " });
            out.push_sql(column);
        }
        out.push_sql(" FROM ");
        out.push_sql(self.def.table);
        row(self.def, self.read.by, &self.read.key, self.clinic.as_ref(), &mut out)?;
        if let Some(live) = self.read.live {
            out.push_sql(" AND ");
            out.push_sql(live);
        }
        if self.read.locks {
            out.push_sql(" FOR UPDATE");
        }
        Ok(())
    }
}

/// Writes which row: its key, and its clinic where the table has one.
fn row<'b>(
    def: &Def,
    by: &'static str,
    key: &'b Uuid,
    clinic: Option<&'b Uuid>,
    out: &mut AstPass<'_, 'b, Pg>,
) -> QueryResult<()> {
    out.push_sql(" WHERE ");
    out.push_sql(by);
    out.push_sql(" = ");
    out.push_bind_param::<SqlUuid, _>(key)?;
    if let (Some(column), Some(clinic)) = (def.tenant.filter(|column| *column != by), clinic) {
        out.push_sql(" AND ");
        out.push_sql(column);
        out.push_sql(if def.shared { " IN (" } else { " = " });
        out.push_bind_param::<SqlUuid, _>(clinic)?;
        out.push_sql(if def.shared { ", '00000000-0000-0000-0000-000000000000')" } else { "" });
    }
    Ok(())
}

/// Writes new rows in one statement. A column that a row has no value for gets its default.
pub(super) struct Insert {
    pub def: &'static Def,
    pub rows: Vec<Vec<Value>>,
}

impl QueryFragment<Pg> for Insert {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        let mut columns: Vec<&str> = Vec::new();
        for value in self.rows.iter().flatten() {
            if !columns.contains(&value.column) {
                columns.push(value.column);
            }
        }
        if self.rows.len() > 1 {
            // Each number of rows is another text.
            out.unsafe_to_cache_prepared();
        }
        out.push_sql("INSERT INTO ");
        out.push_sql(self.def.table);
        for (at, column) in columns.iter().enumerate() {
            out.push_sql(if at == 0 { " (" } else { ", " });
            out.push_sql(column);
        }
        for (at, row) in self.rows.iter().enumerate() {
            out.push_sql(if at == 0 { ") VALUES (" } else { "), (" });
            for (at, column) in columns.iter().enumerate() {
                if at > 0 {
                    out.push_sql(", ");
                }
                match row.iter().find(|value| value.column == *column) {
                    Some(value) => value.value.bind(&mut out)?,
                    None => out.push_sql("DEFAULT"),
                }
            }
        }
        out.push_sql(")");
        Ok(())
    }
}

/// Changes a row.
pub(super) struct Update {
    pub def: &'static Def,
    pub id: Uuid,
    pub clinic: Option<Uuid>,
    pub values: Vec<Value>,
}

impl QueryFragment<Pg> for Update {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("UPDATE ");
        out.push_sql(self.def.table);
        for (at, value) in self.values.iter().enumerate() {
            out.push_sql(if at == 0 { " SET " } else { ", " });
            out.push_sql(value.column);
            out.push_sql(" = ");
            value.value.bind(&mut out)?;
        }
        row(self.def, "id", &self.id, self.clinic.as_ref(), &mut out)
    }
}

/// Removes a row.
pub(super) struct Delete {
    pub def: &'static Def,
    pub id: Uuid,
    pub clinic: Option<Uuid>,
}

impl QueryFragment<Pg> for Delete {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("DELETE FROM ");
        out.push_sql(self.def.table);
        row(self.def, "id", &self.id, self.clinic.as_ref(), &mut out)
    }
}

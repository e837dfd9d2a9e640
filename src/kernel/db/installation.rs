//! What a database is for. One that was filled with made-up people is marked, so that it never serves real ones.

use diesel::{
    OptionalExtension, QueryableByName, sql_query,
    sql_types::{Bool, Text},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};

use super::{Scope, pool::connect};
use crate::kernel::{Code, Error, Result};

/// What made-up people are in a database for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MadeUp {
    /// To look around: everybody has the same password, which is public.
    Demo,
    /// To be measured: nobody has a password.
    Measurement,
}

impl MadeUp {
    /// How it is stored.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Demo => "demo",
            Self::Measurement => "measurement",
        }
    }
}

const QUERY: &str = "select kind from private.installation";

#[derive(QueryableByName)]
struct Mark {
    #[diesel(sql_type = Text)]
    kind: String,
}

#[derive(QueryableByName)]
struct Prepared {
    #[diesel(sql_type = Bool)]
    is_prepared: bool,
}

fn read(mark: Option<Mark>) -> Result<Option<MadeUp>> {
    let Some(Mark { kind }) = mark else { return Ok(None) };
    let known = [MadeUp::Demo, MadeUp::Measurement].into_iter().find(|made_up| made_up.as_str() == kind);
    known.map(Some).ok_or_else(|| Error::internal(format!("an installation of the unknown kind {kind:?}")))
}

/// The mark of a database, as its server logs in; none if it is for real people.
pub async fn mark_of(server_url: &str) -> Result<Option<MadeUp>> {
    let mut connection = connect(server_url).await?;
    connection.batch_execute("begin read only; set local role clinigraph_system").await?;
    let prepared: Prepared = sql_query("select to_regclass('private.installation') is not null as is_prepared")
        .get_result(&mut connection)
        .await?;
    if !prepared.is_prepared {
        return Err(Error::new(
            Code::OperationNotAllowed,
            "this database is not prepared for this version: run `clinigraph prepare` as its owner",
        ));
    }
    read(sql_query(QUERY).get_result(&mut connection).await.optional()?)
}

/// The same, in a transaction of the system.
pub async fn mark_in(scope: &Scope) -> Result<Option<MadeUp>> {
    let tx = scope.tx().await?;
    read(sql_query(QUERY).get_result(&mut tx.conn()?).await.optional()?)
}

/// Marks the database, in the transaction that makes the people up.
pub async fn mark(scope: &Scope, made_up: MadeUp) -> Result<()> {
    let tx = scope.tx().await?;
    sql_query(statement(made_up)).execute(&mut tx.conn()?).await?;
    Ok(())
}

/// The same on a connection that took the role of the system, or is a superuser's.
pub async fn mark_on(connection: &mut AsyncPgConnection, made_up: MadeUp) -> Result<()> {
    Ok(connection.batch_execute(&statement(made_up)).await?)
}

fn statement(made_up: MadeUp) -> String {
    format!("insert into private.installation (kind) values ('{}')", made_up.as_str())
}

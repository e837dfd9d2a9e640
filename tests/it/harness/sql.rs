//! Plain SQL, for what the API does not show.

use diesel::{QueryableByName, result::QueryResult, sql_query, sql_types::Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    value: String,
}

/// The values of a query's one column, which is text and called `value`.
pub async fn texts(mut on: &AsyncPgConnection, query: &str) -> QueryResult<Vec<String>> {
    let rows: Vec<Row> = sql_query(query).load(&mut on).await?;
    Ok(rows.into_iter().map(|row| row.value).collect())
}

/// Runs a statement; tells how many rows it touched.
pub async fn run(mut on: &AsyncPgConnection, statement: &str) -> QueryResult<usize> {
    sql_query(statement).execute(&mut on).await
}

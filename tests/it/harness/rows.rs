//! The database itself, as superuser: for what the API does not show, and for what only goes wrong outside it.

use clinigraph::kernel::db;
use diesel::{QueryableByName, sql_query, sql_types::Jsonb};
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use serde_json::Value;

use super::TestApp;

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Jsonb)]
    row: Value,
}

impl TestApp {
    /// The rows of a query, each as an object.
    pub async fn rows(&self, query: &str) -> Vec<Value> {
        let mut connection = db::connect(&self.superuser_url).await.unwrap();
        connection.batch_execute("set timezone = 'UTC'").await.unwrap();
        let query = format!("select to_jsonb(row) as row from ({query}) as row");
        sql_query(query).load::<Row>(&mut connection).await.unwrap().into_iter().map(|row| row.row).collect()
    }

    /// The only value of a query's only row.
    pub async fn value(&self, query: &str) -> Value {
        let rows = self.rows(query).await;
        assert_eq!(rows.len(), 1, "{query}");
        rows[0].as_object().unwrap().values().next().unwrap().clone()
    }

    pub async fn execute(&self, statements: &str) {
        let mut connection = db::connect(&self.superuser_url).await.unwrap();
        connection.batch_execute(statements).await.unwrap();
    }

    /// Runs a statement as one of the server's roles.
    pub async fn as_role(&self, role: &str, statement: &str) -> diesel::QueryResult<()> {
        let mut connection = db::connect(&self.superuser_url).await.unwrap();
        connection.batch_execute(&format!("set role clinigraph_{role}; {statement}")).await
    }
}

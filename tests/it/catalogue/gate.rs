//! What the gate finds of the login; what it finds in a database that somebody weakened is in `tests/attack`.

use clinigraph::kernel::db;

use crate::harness::{TestApp, database};

#[tokio::test]
async fn the_gate_lets_a_good_database_pass() {
    let app = TestApp::new().await;

    assert_eq!(db::inspect(&app.logins).await.unwrap(), []);
}

#[tokio::test]
async fn the_gate_names_a_login_above_the_policies() {
    let found = db::inspect(&db::Logins::one(&database().await)).await.unwrap();

    let problem = "is a superuser or may bypass row-level security";
    assert!(found.iter().any(|one| one.problem.ends_with(problem)), "{found:?}");
}

//! What has expired is removed, and nothing else.

use clinigraph::kernel::db::sweep::sweep_now;
use serde_json::json;

use crate::harness::TestApp;

#[tokio::test]
async fn what_has_expired_is_removed_however_much_it_is() {
    let app = TestApp::new().await;
    let someone = app.administrator().await;
    app.execute(&format!(
        "insert into idempotency_keys (user_id, key, request_hash, expires_at)
         select '{user}', 'old-' || n, decode(repeat('00', 32), 'hex'), now() - interval '1 second' from generate_series(1, 1200) as n;
         insert into idempotency_keys (user_id, key, request_hash, expires_at)
         values ('{user}', 'new', decode(repeat('00', 32), 'hex'), now() + interval '1 hour');
         insert into sessions (id, user_id, token_hash, expires_at)
         select gen_random_uuid(), '{user}', sha256(n::text::bytea), now() - n * interval '1 day' from generate_series(1, 10) as n",
        user = someone.user_id
    ))
    .await;

    let removed = sweep_now(&app.database, None).await.unwrap();

    // Of the sessions, those that ended a week ago or earlier.
    assert_eq!(removed, 1200 + 4);
    assert_eq!(app.value("select array_agg(key) from idempotency_keys").await, json!(["new"]));
    assert_eq!(app.value("select count(*) from sessions where expires_at < now()").await, json!(6));
    let trail = "select count(*) from audit_events where resource_type = 'session' and verb = 'delete' and actor_kind = 'system'";
    assert_eq!(app.value(trail).await, json!(4));
    someone.ask("{ viewer { user { id } } }", json!({})).await;
    assert_eq!(sweep_now(&app.database, None).await.unwrap(), 0);
}

#[tokio::test]
async fn a_job_of_the_platform_removes_what_has_expired_every_ten_minutes() {
    let app = TestApp::new().await;
    let administrator = app.administrator().await;
    let worker = app.server_worker();
    worker.run_due().await.unwrap();
    let expired = format!(
        "insert into sessions (id, user_id, token_hash, expires_at)
         values (gen_random_uuid(), '{}', sha256('old'), now() - interval '8 days')",
        administrator.user_id
    );
    app.execute(&expired).await;

    app.clock.turn(chrono::TimeDelta::minutes(10));
    worker.run_due().await.unwrap();

    assert_eq!(app.value("select count(*) from sessions where expires_at < now()").await, json!(0));
    let trail = "select operation from audit_events where resource_type = 'session' and verb = 'delete'";
    assert_eq!(app.value(trail).await, json!("job remove_expired"));
    worker.run_due().await.unwrap();
    let next = administrator
        .ask("{ jobs(filter: { kind: \"remove_expired\" }) { nodes { kind status clinic { id } } } }", json!({}))
        .await;
    assert_eq!(next["jobs"]["nodes"], json!([{ "kind": "remove_expired", "status": "WAITING", "clinic": null }]));
}

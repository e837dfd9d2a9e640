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

    let removed = sweep_now(&app.database).await.unwrap();

    // Of the sessions, those that ended a week ago or earlier.
    assert_eq!(removed, 1200 + 4);
    assert_eq!(app.value("select array_agg(key) from idempotency_keys").await, json!(["new"]));
    assert_eq!(app.value("select count(*) from sessions where expires_at < now()").await, json!(6));
    let trail = "select count(*) from audit_events where resource_type = 'session' and verb = 'delete' and actor_kind = 'system'";
    assert_eq!(app.value(trail).await, json!(4));
    someone.ask("{ viewer { user { id } } }", json!({})).await;
    assert_eq!(sweep_now(&app.database).await.unwrap(), 0);
}

#[tokio::test]
async fn one_server_sweeps_at_a_time() {
    let app = TestApp::new().await;
    let someone = app.administrator().await;
    app.execute(&format!(
        "insert into idempotency_keys (user_id, key, request_hash, expires_at)
         values ('{}', 'old', decode(repeat('00', 32), 'hex'), now() - interval '1 second')",
        someone.user_id
    ))
    .await;
    let mut other = clinigraph::kernel::db::connect(&app.superuser_url).await.unwrap();
    diesel_async::SimpleAsyncConnection::batch_execute(
        &mut other,
        "begin; select pg_advisory_xact_lock(hashtext('clinigraph sweep'))",
    )
    .await
    .unwrap();

    let while_another_does = sweep_now(&app.database).await.unwrap();
    drop(other);

    assert_eq!(while_another_does, 0);
    for _ in 0..100 {
        if sweep_now(&app.database).await.unwrap() == 1 {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("its turn never came");
}

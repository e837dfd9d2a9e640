//! Mutations of several fields: each is done or fails by itself.

use clinigraph::pipeline::Settings;
use serde_json::{Value, json};

use crate::harness::{Answer, Person, TestApp, settings};

/// Opens two tickets; a blank title is refused.
async fn open_two(person: &Person, titles: [&str; 2], key: Option<&str>) -> Answer {
    let query = "mutation ($first: String!, $second: String!) {
        first: openTicket(input: { title: $first, description: \"-\" }) { __typename }
        second: openTicket(input: { title: $second, description: \"-\" }) { __typename }
    }";
    let headers: Vec<_> = key.map(|key| ("idempotency-key", key)).into_iter().collect();
    person.send_with(query, json!({ "first": titles[0], "second": titles[1] }), &headers).await
}

/// Code and path of each error.
fn errors(answer: &Answer) -> Vec<(&str, &Value)> {
    let errors = answer.body["errors"].as_array().map(Vec::as_slice).unwrap_or_default();
    errors.iter().map(|error| (error["extensions"]["code"].as_str().unwrap(), &error["path"])).collect()
}

/// The titles of all tickets, and the number of rows that their changes wrote.
async fn written(app: &TestApp) -> Value {
    let query = "select jsonb_build_array(
        (select coalesce(jsonb_agg(title order by created_at, id), '[]') from support_tickets),
        (select count(*) from audit_events where resource_type = 'ticket'), (select count(*) from outbox_events))";
    app.value(query).await
}

#[tokio::test]
async fn a_failed_field_undoes_only_itself() {
    let app = TestApp::new().await;
    let manager = app.clinic("Oak").await.manager().await;

    let second_fails = open_two(&manager, ["One", " "], None).await;
    let first_fails = open_two(&manager, [" ", "Two"], None).await;
    let both_fail = open_two(&manager, [" ", " "], None).await;

    let done = json!({ "__typename": second_fails.body["data"]["first"]["__typename"] });
    assert!(done["__typename"].is_string(), "{}", second_fails.body);
    assert_eq!(second_fails.body["data"], json!({ "first": done, "second": null }));
    assert_eq!(errors(&second_fails), [("INVALID_INPUT", &json!(["second"]))]);
    assert_eq!(first_fails.body["data"], json!({ "first": null, "second": done }));
    assert_eq!(errors(&first_fails), [("INVALID_INPUT", &json!(["first"]))]);
    assert_eq!(both_fail.body["data"], json!({ "first": null, "second": null }));
    assert_eq!(errors(&both_fail), [("INVALID_INPUT", &json!(["first"])), ("INVALID_INPUT", &json!(["second"]))]);
    assert!([second_fails, first_fails, both_fail].iter().all(|answer| answer.status == 200));
    assert_eq!(written(&app).await, json!([["One", "Two"], 2, 2]));
}

#[tokio::test]
async fn with_a_key_only_the_failed_field_runs_again() {
    let app = TestApp::new().await;
    let manager = app.clinic("Oak").await.manager().await;
    let ticket = manager.open_ticket("Printer").await;
    let query = "mutation ($ticket: ID!) {
        reply: replyToTicket(input: { ticketId: $ticket, body: \"Hello?\" }) { __typename }
        open: openTicket(input: { title: \"One\", description: \"-\" }) { __typename }
    }";
    let send = async || manager.send_with(query, json!({ "ticket": ticket }), &[("idempotency-key", "k")]).await;
    app.execute("update support_tickets set status = 'closed'").await;

    let failed = send().await;
    let failed_again = send().await;
    app.execute("update support_tickets set status = 'open' where title = 'Printer'").await;
    let finished = send().await;
    let repeated = send().await;

    for answer in [&failed, &failed_again] {
        assert_eq!(errors(answer), [("INVALID_TRANSITION", &json!(["reply"]))]);
        assert_eq!(
            (&answer.body["data"]["reply"], &answer.body["data"]["open"]),
            (&Value::Null, &finished.body["data"]["open"])
        );
    }
    assert_eq!(errors(&finished), []);
    assert_eq!(finished.body["data"], repeated.body["data"]);
    assert_eq!(app.value("select count(*) from support_tickets").await, 2, "opened once");
    assert_eq!(app.value("select count(*) from ticket_messages").await, 1, "replied once");
}

#[tokio::test]
async fn what_is_refused_by_the_database_undoes_only_its_field() {
    let app = TestApp::new().await;
    let manager = app.clinic("Oak").await.manager().await;
    app.execute(
        "create function fail() returns trigger language plpgsql as $$ begin raise exception 'no'; end $$;
         create trigger fail before insert on support_tickets for each row when (new.title = 'Cursed')
         execute function fail()",
    )
    .await;

    let answer = open_two(&manager, ["Cursed", "Two"], None).await;

    assert_eq!(answer.body["data"]["first"], Value::Null);
    assert!(answer.body["data"]["second"].is_object(), "{}", answer.body);
    assert_eq!(errors(&answer), [("INTERNAL", &json!(["first"]))]);
    assert_eq!(written(&app).await, json!([["Two"], 1, 1]));
}

#[tokio::test]
async fn a_session_that_ends_between_two_fields_keeps_the_first() {
    let app = TestApp::new().await;
    let manager = app.clinic("Oak").await.manager().await;
    // The first field ends the session in its own transaction.
    app.execute(
        "create function fail() returns trigger language plpgsql security definer as $$
         begin update sessions set revoked_at = now(); return new; end $$;
         create trigger fail after insert on support_tickets for each row execute function fail()",
    )
    .await;

    let answer = open_two(&manager, ["One", "Two"], None).await;
    let next = open_two(&manager, ["One", "Two"], None).await;

    assert!(answer.body["data"]["first"].is_object(), "{}", answer.body);
    assert_eq!(errors(&answer), [("SESSION_EXPIRED", &json!(["second"]))]);
    assert_eq!((next.status, next.code().as_deref(), next.body.get("data")), (401, Some("SESSION_EXPIRED"), None));
}

#[tokio::test]
async fn fields_behind_the_deadline_are_not_run() {
    let deadline = std::time::Duration::from_millis(1500);
    let app = TestApp::with(Settings { deadline, ..settings() }, 4).await;
    let manager = app.clinic("Oak").await.manager().await;
    app.execute(
        "create function wait() returns trigger language plpgsql as $$ begin perform pg_sleep(60); return new; end $$;
         create trigger wait before insert on support_tickets for each row when (new.title = 'Slow')
         execute function wait()",
    )
    .await;

    let answer = open_two(&manager, ["Slow", "Two"], None).await;

    assert_eq!(answer.body["data"], json!({ "first": null, "second": null }));
    assert_eq!(errors(&answer), [("TIMEOUT", &json!(["first"])), ("TIMEOUT", &json!(["second"]))]);
    assert_eq!(written(&app).await, json!([[], 0, 0]));
}

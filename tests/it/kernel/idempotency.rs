//! A repeated mutation with the same key is one mutation.

use chrono::TimeDelta;
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::harness::TestApp;

async fn tickets(app: &TestApp) -> Value {
    app.value("select count(*) from support_tickets").await
}

#[tokio::test]
async fn the_same_key_and_input_give_the_same_answer_and_do_it_once() {
    let app = TestApp::new().await;
    let manager = app.clinic("Oak").await.manager().await;

    let first = manager.open_ticket_once("k", "Printer").await;
    let second = manager.open_ticket_once("k", "Printer").await;

    assert!(first.body["data"]["openTicket"]["ticket"]["id"].is_string());
    assert_eq!(first.body["data"], second.body["data"]);
    assert_eq!(tickets(&app).await, 1);
    for table in ["audit_events where resource_type = 'ticket'", "outbox_events", "idempotency_keys"] {
        assert_eq!(app.value(&format!("select count(*) from {table}")).await, 1, "{table}");
    }
}

#[tokio::test]
async fn twenty_at_once_are_one() {
    let app = TestApp::new().await;
    let manager = app.clinic("Oak").await.manager().await;

    let answers = join_all((0..20).map(|_| manager.open_ticket_once("k", "Printer"))).await;

    assert!(answers[0].body["data"]["openTicket"]["ticket"]["id"].is_string(), "{}", answers[0].body);
    assert!(answers.iter().all(|answer| answer.body["data"] == answers[0].body["data"]), "{answers:?}");
    assert_eq!(tickets(&app).await, 1);
}

#[tokio::test]
async fn the_same_key_with_another_input_is_a_conflict() {
    let app = TestApp::new().await;
    let manager = app.clinic("Oak").await.manager().await;
    manager.open_ticket_once("k", "Printer").await;

    let other_input = manager.open_ticket_once("k", "Scanner").await;
    let other_selection = "mutation ($input: OpenTicketInput!) { openTicket(input: $input) { ticket { id } } }";
    let variables = json!({ "input": { "title": "Printer", "description": "Please help." } });
    let other_document = manager.send_with(other_selection, variables, &[("idempotency-key", "k")]).await;
    let other_key = manager.open_ticket_once("l", "Scanner").await;

    assert_eq!(other_input.code().as_deref(), Some("IDEMPOTENCY_CONFLICT"));
    assert_eq!(other_document.code().as_deref(), Some("IDEMPOTENCY_CONFLICT"));
    assert_eq!(other_key.code(), None);
    assert_eq!(tickets(&app).await, 2);
}

#[tokio::test]
async fn a_mutation_that_failed_leaves_its_key_free() {
    let app = TestApp::new().await;
    let manager = app.clinic("Oak").await.manager().await;

    let failed = manager.open_ticket_once("k", " ").await;
    let other = manager.open_ticket_once("k", "Printer").await;

    assert_eq!(failed.code().as_deref(), Some("INVALID_INPUT"));
    assert_eq!(other.code(), None, "{}", other.body);
    assert_eq!(tickets(&app).await, 1);
}

#[tokio::test]
async fn after_a_day_a_key_is_new() {
    let app = TestApp::new().await;
    let manager = app.clinic("Oak").await.manager().await;
    app.execute("update sessions set expires_at = now() + interval '7 days'").await;
    let first = manager.open_ticket_once("k", "Printer").await;

    app.clock.turn(TimeDelta::hours(24) - TimeDelta::seconds(30));
    let again = manager.open_ticket_once("k", "Printer").await;
    app.clock.turn(TimeDelta::seconds(31));
    let anew = manager.open_ticket_once("k", "Printer").await;

    assert_eq!(again.body["data"], first.body["data"]);
    assert_ne!(anew.body["data"]["openTicket"]["ticket"]["id"], first.body["data"]["openTicket"]["ticket"]["id"]);
    assert_eq!(tickets(&app).await, 2);
}

#[tokio::test]
async fn a_key_belongs_to_its_user() {
    let app = TestApp::new().await;
    let (oak, elm) = (app.clinic("Oak").await, app.clinic("Elm").await);
    let people = [oak.manager().await, oak.manager().await, elm.manager().await];

    for person in &people {
        assert_eq!(person.open_ticket_once("k", "Printer").await.code(), None);
    }
    // Another session of the same user is the same user.
    let again = app.signed_in(people[0].user_id, Some(oak.id)).await;
    again.open_ticket_once("k", "Printer").await;

    assert_eq!(tickets(&app).await, 3);
}

#[tokio::test]
async fn each_field_of_a_mutation_is_kept_by_itself() {
    let app = TestApp::new().await;
    let manager = app.clinic("Oak").await.manager().await;
    let query = "mutation ($second: String!) {
        one: openTicket(input: { title: \"One\", description: \"-\" }) { ticket { id } }
        two: openTicket(input: { title: $second, description: \"-\" }) { ticket { id } }
    }";
    let send =
        async |second: &str| manager.send_with(query, json!({ "second": second }), &[("idempotency-key", "k")]).await;

    let first = send("Two").await;
    let second = send("Two").await;

    assert_eq!(first.body["data"].as_object().unwrap().len(), 2, "{}", first.body);
    assert_ne!(first.body["data"]["one"], first.body["data"]["two"]);
    assert_eq!(first.body["data"], second.body["data"]);
    assert_eq!(tickets(&app).await, 2);
}

#[tokio::test]
async fn a_document_whose_second_field_failed_can_be_finished_with_its_key() {
    let app = TestApp::new().await;
    let manager = app.clinic("Oak").await.manager().await;
    let ticket = manager.open_ticket("Printer").await;
    let query = "mutation ($ticket: ID!) {
        openTicket(input: { title: \"One\", description: \"-\" }) { ticket { id } }
        replyToTicket(input: { ticketId: $ticket, body: \"Two\" }) { message { id } }
    }";
    let send = async || manager.send_with(query, json!({ "ticket": ticket }), &[("idempotency-key", "k")]).await;
    app.execute("update support_tickets set status = 'closed'").await;

    let failed = send().await;
    app.execute("update support_tickets set status = 'open' where title = 'Printer'").await;
    let finished = send().await;

    assert_eq!(failed.code().as_deref(), Some("INVALID_TRANSITION"));
    assert_eq!(failed.body["errors"][0]["path"], json!(["replyToTicket"]));
    assert_eq!(
        failed.body["data"],
        json!({ "openTicket": finished.body["data"]["openTicket"], "replyToTicket": null })
    );
    assert_eq!(finished.code(), None, "{}", finished.body);
    assert_eq!(tickets(&app).await, 2, "the first field was not done again");
    assert_eq!(app.value("select count(*) from ticket_messages").await, 1);
}

#[tokio::test]
async fn an_answer_with_errors_beside_its_data_is_given_again_as_it_was() {
    let app = TestApp::new().await;
    let manager = app.clinic("Oak").await.manager().await;
    let query = "mutation { openTicket(input: { title: \"One\", description: \"-\" }) { ticket { id messages(first: 500) { totalCount } } } }";
    let send = async || manager.send_with(query, json!({}), &[("idempotency-key", "k")]).await.body;

    let mut answers = [send().await, send().await];

    for answer in &mut answers {
        answer["errors"][0]["extensions"]["requestId"].take();
        answer["extensions"].take();
    }
    assert!(answers[0]["data"]["openTicket"]["ticket"]["id"].is_string());
    assert_eq!(answers[0]["errors"][0]["extensions"]["limit"], 100);
    assert_eq!(answers[0], answers[1]);
    assert_eq!(tickets(&app).await, 1);
}

#[tokio::test]
async fn a_key_has_a_length_and_no_strange_characters() {
    let app = TestApp::new().await;
    let manager = app.clinic("Oak").await.manager().await;

    for (key, fits) in
        [("k".repeat(255), true), ("k".repeat(256), false), (String::new(), false), ("ключ".to_owned(), false)]
    {
        let answer = manager.open_ticket_once(&key, "Printer").await;
        let wanted = if fits { (200, None) } else { (400, Some("INVALID_INPUT".to_owned())) };
        assert_eq!((answer.status, answer.code()), wanted, "{key}");
    }
}

#[tokio::test]
async fn a_kept_answer_is_sealed() {
    let app = TestApp::new().await;
    let manager = app.clinic("Oak").await.manager().await;

    manager.open_ticket_once("k", "Zebra").await;

    let row = app.value("select encode(response, 'escape') || k::text from idempotency_keys k").await;
    assert!(!row.as_str().unwrap().contains("Zebra"), "{row}");
}

#[tokio::test]
async fn who_was_demoted_gets_no_answer_that_was_kept_before() {
    let app = TestApp::new().await;
    let manager = app.clinic("Oak").await.manager().await;
    let again = manager.open_ticket_once("k", "Printer").await;
    assert!(again.body["data"]["openTicket"]["ticket"]["id"].is_string());

    for role in ["clinician", "staff"] {
        app.execute(&format!("update memberships set role = '{role}'")).await;
        let again = manager.open_ticket_once("k", "Printer").await;
        assert_eq!(again.code().as_deref(), Some("IDEMPOTENCY_CONFLICT"), "{role}");
        assert!(again.body["data"]["openTicket"].is_null());
    }
    app.execute("update memberships set role = 'clinic_manager'").await;
    assert_eq!(manager.open_ticket_once("k", "Printer").await.body["data"], again.body["data"]);
}

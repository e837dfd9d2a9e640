//! From a stored webhook to its handlers: each part once, in whatever order and however often it comes, and replayed if it failed.

use std::sync::Arc;

use chrono::TimeDelta;
use clinigraph::{
    graphql,
    integration::{Consent, Inbound, InboundHandler, InboundHandlers, MessageContent, Received},
    jobs::{self, Worker},
    kernel::{Error, Result, db::Scope},
};
use diesel::{
    sql_query,
    sql_types::{Nullable, Text, Uuid as SqlUuid},
};
use futures_util::FutureExt;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    fakes::{NUMBER_ID, TELNYX_NUMBER, Telnyx, WhatsApp},
    public_app,
};
use crate::harness::{Person, TestApp};

/// Writes down what it hears; fails at a text that says so.
const HEARS: InboundHandler = InboundHandler {
    name: "hears",
    wants: |content| !matches!(content, Inbound::Other { .. }),
    handle: |scope, received| hear(scope, received).boxed(),
};

async fn hear(scope: &Scope, received: &Received) -> Result<()> {
    use diesel_async::RunQueryDsl;
    let text = match &received.content {
        Inbound::Message(message) => {
            let content = match &message.content {
                MessageContent::Text(text) => text.clone(),
                MessageContent::Button { payload, title } => format!("[{title}: {payload}]"),
                MessageContent::Media { .. } => "(media)".to_owned(),
                MessageContent::Other { kind } => format!("({kind})"),
            };
            let consent =
                if message.consent == Consent::None { String::new() } else { format!(" {:?}", message.consent) };
            format!(
                "{} says {content}{consent}",
                message.from.as_deref().or(message.sender_id.as_deref()).unwrap_or("somebody")
            )
        }
        Inbound::Status(status) => format!("{} is {:?}", status.provider_id, status.state),
        other => format!("{other:?}"),
    };
    let fails: Vec<Failing> = sql_query("select text from fails where strpos($1, text) > 0")
        .bind::<Text, _>(&text)
        .load(&mut scope.tx().await?.conn()?)
        .await?;
    if !fails.is_empty() {
        return Err(Error::unavailable("it fails"));
    }
    sql_query("insert into heard (clinic_id, reference, text) values ($1, $2, $3)")
        .bind::<Nullable<SqlUuid>, _>(received.clinic.map(clinigraph::kernel::Id::uuid))
        .bind::<Nullable<SqlUuid>, _>(received.reference)
        .bind::<Text, _>(text)
        .execute(&mut scope.tx().await?.conn()?)
        .await?;
    Ok(())
}

#[derive(diesel::QueryableByName)]
struct Failing {
    #[diesel(sql_type = Text)]
    #[expect(dead_code, reason = "only whether there is one counts")]
    text: String,
}

/// An app with a handler that writes down what it hears.
async fn hearing() -> TestApp {
    let app = public_app().await;
    app.execute(
        "create table heard (number bigint generated always as identity, clinic_id uuid, reference uuid, text text not null);
         create table fails (text text not null);
         grant select, insert on heard to clinigraph_system;
         grant select on fails to clinigraph_system",
    )
    .await;
    app
}

/// Lets the jobs run, with the handler.
async fn process(app: &TestApp) {
    app.has_read_all_events().await;
    let services = app.services.clone().with(InboundHandlers(vec![&HEARS]));
    let worker =
        Worker::new(app.database.clone(), Arc::clone(&app.hub), &graphql::jobs(), services, jobs::Settings::default());
    worker.run_due().await.unwrap();
}

async fn heard(app: &TestApp) -> Vec<String> {
    let rows = app.rows("select text from heard order by number").await;
    rows.iter().map(|row| row["text"].as_str().unwrap().to_owned()).collect()
}

async fn webhooks(administrator: &Person) -> Vec<Value> {
    let query = "{ inboundWebhooks(order: { field: RECEIVED_AT, direction: ASC }) { nodes { id eventId status attempts error processedAt viewerCanReplay } } }";
    administrator.ask(query, json!({})).await["inboundWebhooks"]["nodes"].as_array().unwrap().clone()
}

#[tokio::test]
async fn each_part_is_handled_once_however_it_comes() {
    let (app, whatsapp) = (hearing().await, WhatsApp::start().await);
    let oak = app.clinic("Oak").await;
    let set = app.connect(&oak, whatsapp.settings()).await;
    let post = async |messages: &[Value], statuses: &[Value]| {
        let body = WhatsApp::delivery(NUMBER_ID, messages, statuses);
        assert_eq!(app.deliver(&set.path, &WhatsApp::sign(&body), body.clone()).await.0, 200);
        process(&app).await;
    };
    let reference = app.integrations().reference(oak.id, Uuid::from_u128(7));
    let (hello, stop) = (WhatsApp::text("in.1", "Hello"), WhatsApp::text("in.2", "stop"));
    let press = json!({ "from": "254700000001", "id": "in.3", "timestamp": "1790417200", "type": "interactive",
        "interactive": { "type": "button_reply", "button_reply": { "id": "confirm:apt_1", "title": "Confirm" } } });
    // Without a phone number.
    let hidden = json!({ "from_user_id": "US.9", "id": "in.4", "timestamp": "1790417200", "type": "image", "image": { "id": "m" } });

    // Late before early, alone and again in a batch.
    post(&[], &[WhatsApp::status("out.1", "read", &reference)]).await;
    post(std::slice::from_ref(&hello), &[]).await;
    post(&[hello.clone(), stop.clone(), press, hidden], &[WhatsApp::status("out.1", "sent", &reference)]).await;
    post(&[stop, hello], &[WhatsApp::status("out.1", "read", &reference)]).await;

    assert_eq!(
        heard(&app).await,
        [
            "out.1 is Read",
            "+254700000001 says Hello",
            "+254700000001 says stop Stop",
            "+254700000001 says [Confirm: confirm:apt_1]",
            "US.9 says (media)",
            "out.1 is Sent",
        ]
    );
    let whose = app.rows("select distinct clinic_id, reference from heard where text like 'out.1%'").await;
    assert_eq!(whose, [json!({ "clinic_id": oak.id, "reference": Uuid::from_u128(7) })]);
    let rows = webhooks(&app.administrator().await).await;
    assert_eq!(rows.len(), 4);
    assert!(
        rows.iter().all(|row| row["status"] == "PROCESSED" && row["attempts"] == 1 && row["viewerCanReplay"] == false),
        "{rows:?}"
    );
}

#[tokio::test]
async fn a_batch_of_a_thousand_is_handled() {
    let (app, whatsapp) = (hearing().await, WhatsApp::start().await);
    let oak = app.clinic("Oak").await;
    let set = app.connect(&oak, whatsapp.settings()).await;
    let statuses: Vec<Value> = (0..1000).map(|at| WhatsApp::status(&format!("out.{at}"), "delivered", "")).collect();
    let body = WhatsApp::delivery(NUMBER_ID, &[], &statuses);

    assert_eq!(app.deliver(&set.path, &WhatsApp::sign(&body), body.clone()).await.0, 200);
    process(&app).await;

    assert_eq!(app.value("select count(distinct text) from heard").await, 1000);
    assert_eq!(webhooks(&app.administrator().await).await[0]["status"], "PROCESSED");
}

#[tokio::test]
async fn what_fails_changes_nothing_is_tried_again_and_can_be_replayed() {
    let (app, telnyx) = (hearing().await, Telnyx::start().await);
    let oak = app.clinic("Oak").await;
    let administrator = app.administrator().await;
    let set = app.connect(&oak, telnyx.settings()).await;
    app.execute("insert into fails values ('bad')").await;
    let body = Telnyx::received("e1", TELNYX_NUMBER, "bad day", None);
    assert_eq!(app.deliver(&set.path, &telnyx.sign(&app.clock, &body), body.clone()).await.0, 200);

    process(&app).await;
    let row = &webhooks(&administrator).await[0];
    assert_eq!(
        (&row["status"], &row["attempts"], &row["viewerCanReplay"]),
        (&json!("RECEIVED"), &json!(1), &json!(false))
    );
    assert_eq!(row["error"], "UNAVAILABLE: the server cannot answer at the moment; please try again");
    let error = administrator.refused("replayInboundWebhook", json!({ "webhookId": row["id"] })).await;
    assert_eq!(error["message"], "only a webhook that is FAILED or IGNORED can be replayed; this one is RECEIVED");
    for _ in 0..5 {
        app.clock.turn(TimeDelta::hours(3));
        process(&app).await;
    }
    let row = &webhooks(&administrator).await[0];
    assert_eq!((&row["status"], &row["attempts"]), (&json!("FAILED"), &json!(6)));
    assert_eq!(app.value("select count(*) from jobs where kind = 'inbound_webhook_process'").await, 0);
    assert_eq!(heard(&app).await, Vec::<String>::new());

    app.execute("delete from fails").await;
    let replayed = administrator
        .change("replayInboundWebhook", json!({ "webhookId": row["id"] }), "{ webhook { status error } }")
        .await;
    assert_eq!(replayed["webhook"], json!({ "status": "RECEIVED", "error": null }));
    process(&app).await;
    assert_eq!(heard(&app).await, ["+254700000001 says bad day"]);
    assert_eq!(webhooks(&administrator).await[0]["status"], "PROCESSED");
    let error = administrator.refused("replayInboundWebhook", json!({ "webhookId": row["id"] })).await;
    assert_eq!(error["extensions"]["code"], "INVALID_TRANSITION");
}

#[tokio::test]
async fn what_cannot_be_read_fails_at_once_and_what_nobody_wants_is_ignored() {
    let (app, telnyx) = (hearing().await, Telnyx::start().await);
    let oak = app.clinic("Oak").await;
    let administrator = app.administrator().await;
    let set = app.connect(&oak, telnyx.settings()).await;
    let other = json!({ "data": { "id": "e2", "event_type": "number_order.complete", "payload": {} } }).to_string();
    let broken = json!({ "data": { "id": "e3", "event_type": "message.received", "payload": { "text": "the body is secret" } } }).to_string();
    for body in ["no json".to_owned(), other, broken] {
        assert_eq!(app.deliver(&set.path, &telnyx.sign(&app.clock, &body), body.clone()).await.0, 200);
    }
    process(&app).await;

    let rows = webhooks(&administrator).await;
    let of = |event: &str| rows.iter().find(|row| row["eventId"] == event).unwrap_or(&rows[0]).clone();
    assert_eq!(of("e2")["status"], "IGNORED");
    assert_eq!((&of("e3")["status"], &of("e3")["attempts"]), (&json!("FAILED"), &json!(1)));
    assert!(!of("e3")["error"].as_str().unwrap().contains("secret"), "{rows:?}");
    assert_eq!(of("digest")["status"], "FAILED");
    assert!(of("digest")["error"].as_str().unwrap().starts_with("the body is not of the expected form"), "{rows:?}");
}

#[tokio::test]
async fn what_comes_in_for_the_platform_goes_to_the_clinic_that_it_names() {
    let (app, telnyx) = (hearing().await, Telnyx::start().await);
    let (oak, elm) = (app.clinic("Oak").await, app.clinic("Elm").await);
    app.connect(&oak, telnyx.settings()).await;
    let mut settings = telnyx.settings();
    settings["sms"]["senderNumber"] = json!("+15550007777");
    let platform = app.add_integration(None, settings).await;
    let post = async |path: &str, body: String| {
        assert_eq!(app.deliver(path, &telnyx.sign(&app.clock, &body), body.clone()).await.0, 200);
    };
    let reference = app.integrations().reference(elm.id, Uuid::from_u128(8));

    post(&platform.path, Telnyx::received("e1", TELNYX_NUMBER, "To Oak", None)).await;
    post(&platform.path, Telnyx::received("e2", "+15550009999", "To nobody", Some("STOP"))).await;
    post(&format!("{}?ref={reference}", platform.path), Telnyx::finalized("e3", "m3", "delivery_failed")).await;
    post(&format!("{}?ref=forged", platform.path), Telnyx::finalized("e4", "m4", "delivered")).await;
    process(&app).await;

    let rows = app.rows("select clinic_id, reference, text from heard order by text collate \"C\"").await;
    let row = |clinic: Value, reference: Value, text: &str| json!({ "clinic_id": clinic, "reference": reference, "text": text });
    assert_eq!(
        rows,
        [
            row(json!(oak.id), Value::Null, "+254700000001 says To Oak"),
            row(Value::Null, Value::Null, "+254700000001 says To nobody Stop"),
            row(json!(elm.id), json!(Uuid::from_u128(8)), "m3 is Failed"),
            row(Value::Null, Value::Null, "m4 is Delivered"),
        ]
    );
}

#[tokio::test]
async fn what_a_clinic_is_sent_stays_in_it() {
    let (app, telnyx) = (hearing().await, Telnyx::start().await);
    let (oak, elm) = (app.clinic("Oak").await, app.clinic("Elm").await);
    let set = app.connect(&oak, telnyx.settings()).await;
    // The clinic signs what it likes: about a message of another clinic, and to the number of another.
    let reference = app.integrations().reference(elm.id, Uuid::from_u128(8));
    for body in [Telnyx::finalized("e1", "m1", "delivered"), Telnyx::received("e2", "+15550009999", "Hello", None)] {
        let path = format!("{}?ref={reference}", set.path);
        assert_eq!(app.deliver(&path, &telnyx.sign(&app.clock, &body), body.clone()).await.0, 200);
    }
    process(&app).await;

    let rows = app.rows("select distinct clinic_id, reference from heard").await;
    assert_eq!(rows, [json!({ "clinic_id": oak.id, "reference": null })]);
    // And administrators alone see what came in.
    for person in [oak.manager().await, elm.manager().await] {
        assert_eq!(person.fail("{ inboundWebhooks { totalCount } }", json!({})).await, "FORBIDDEN");
    }
}

#[tokio::test]
async fn webhooks_are_removed_after_thirty_days() {
    let (app, telnyx) = (hearing().await, Telnyx::start().await);
    let oak = app.clinic("Oak").await;
    let set = app.connect(&oak, telnyx.settings()).await;
    let body = Telnyx::finalized("e1", "m1", "delivered");
    app.deliver(&set.path, &telnyx.sign(&app.clock, &body), body.clone()).await;
    process(&app).await;
    super::add_webhook(&app, oak.id, "received").await;

    app.clock.turn(TimeDelta::days(29));
    process(&app).await;
    assert_eq!(app.value("select count(*) from inbound_webhooks").await, 2);
    // The next removal is planned.
    process(&app).await;
    app.clock.turn(TimeDelta::days(2));
    process(&app).await;
    assert_eq!(app.rows("select event_id, status from inbound_webhooks").await.len(), 1, "what waits stays");
    // It is known longer than that.
    app.deliver(&set.path, &telnyx.sign(&app.clock, &body), body.clone()).await;
    process(&app).await;
    assert_eq!(heard(&app).await, ["m1 is Delivered"]);
    assert_eq!(app.value("select count(*) from private.inbound_parts").await, 1);
}

//! Notifications by text message, with the integration of the clinic: sent once, followed by what the service reports, and refused by
//! STOP.

use chrono::TimeDelta;
use serde_json::json;

use crate::{
    clinic::TestClinic,
    harness::{Person, TestApp},
    integration::{
        PUBLIC, Set,
        fakes::{Mood, TELNYX_NUMBER, Telnyx},
    },
};

/// The phone number that the service reports about.
const PHONE: &str = "+254700000001";

/// An app that knows its address as the services do.
async fn sending() -> TestApp {
    let settings = clinigraph::pipeline::Settings { public_url: Some(PUBLIC.to_owned()), ..super::builders::sending() };
    let app = TestApp::with(settings, 4).await;
    app.work().await;
    app
}

/// A manager of the clinic with a verified phone who wants text messages about replies, and an administrator who replies.
async fn listening<'a>(app: &'a TestApp, telnyx: &Telnyx, clinic: &TestClinic<'a>) -> (Person, Person, Set) {
    let manager = clinic.manager().await;
    app.set_user(manager.user_id, &format!("phone = '{PHONE}', phone_verified_at = now()")).await;
    let set = app.connect(clinic, telnyx.settings()).await;
    manager.choose("TICKET_REPLY", "SMS", true).await;
    manager.choose("TICKET_REPLY", "EMAIL", false).await;
    (manager, app.administrator().await, set)
}

#[tokio::test]
async fn a_text_message_is_sent_once_and_followed() {
    let (app, telnyx) = (sending().await, Telnyx::start().await);
    let oak = app.clinic("Oak").await;
    let (manager, ada, set) = listening(&app, &telnyx, &oak).await;
    let ticket = manager.open_ticket("Mrs Miller").await;
    let before = telnyx.fake.sent().len();

    ada.reply(&ticket, "Her results are here.", false).await;
    app.work().await;

    let sent: Vec<_> = telnyx.fake.sent().split_off(before);
    assert_eq!(sent.len(), 1);
    let message = sent[0].json();
    assert_eq!(message["to"], PHONE);
    let text = message["text"].as_str().unwrap();
    assert!(
        text.starts_with("There is a reply to the support ticket ") && text.contains(&format!("{PUBLIC}/tickets/")),
        "{text}"
    );
    assert!(!text.contains("Miller") && !text.contains("results"), "{text}");
    let query = "{ notificationDeliveries(filter: { channel: SMS }) { nodes { status address deliveredAt reason } } }";
    let delivery = async || manager.ask(query, json!({})).await["notificationDeliveries"]["nodes"][0].take();
    let seen = delivery().await;
    assert_eq!((&seen["status"], &seen["address"]), (&json!("SENT"), &json!(PHONE)));

    let reference = message["webhook_url"].as_str().unwrap().split_once('?').unwrap().1.to_owned();
    let id = app.value("select provider_message_id from notification_deliveries where channel = 'sms'").await;
    let body = Telnyx::finalized("one", id.as_str().unwrap(), "delivered");
    for _ in 0..2 {
        let path = format!("{}?{reference}", set.path);
        assert_eq!(app.deliver(&path, &telnyx.sign(&app.clock, &body), body.clone()).await.0, 200);
        app.work().await;
    }
    let late = Telnyx::finalized("two", id.as_str().unwrap(), "delivery_failed");
    app.deliver(&format!("{}?{reference}", set.path), &telnyx.sign(&app.clock, &late), late.clone()).await;
    app.work().await;
    let seen = delivery().await;
    assert_eq!((&seen["status"], &seen["reason"]), (&json!("DELIVERED"), &json!(null)));
    assert!(seen["deliveredAt"].is_string());
}

#[tokio::test]
async fn a_message_that_the_service_may_have_taken_is_not_sent_again() {
    let (app, telnyx) = (sending().await, Telnyx::start().await);
    let oak = app.clinic("Oak").await;
    let (manager, ada, _) = listening(&app, &telnyx, &oak).await;
    let ticket = manager.open_ticket("Printer").await;
    telnyx.fake.be([Mood::DropsAnswer]);

    ada.reply(&ticket, "Paper?", false).await;
    app.work().await;
    app.clock.turn(TimeDelta::minutes(5));
    app.work().await;

    let outcomes: Vec<_> = app.outcomes().await.into_iter().filter(|outcome| outcome.starts_with("sms")).collect();
    assert_eq!(outcomes, ["sms failed outcome_unknown"]);
}

#[tokio::test]
async fn who_answers_stop_gets_no_more_text_messages() {
    let (app, telnyx) = (sending().await, Telnyx::start().await);
    let oak = app.clinic("Oak").await;
    let (manager, ada, set) = listening(&app, &telnyx, &oak).await;
    let ticket = manager.open_ticket("Printer").await;
    let stop = Telnyx::received("stop", TELNYX_NUMBER, "STOP", Some("STOP"));
    assert_eq!(app.deliver(&set.path, &telnyx.sign(&app.clock, &stop), stop.clone()).await.0, 200);
    app.work().await;
    let before = telnyx.fake.sent().len();

    ada.reply(&ticket, "Paper?", false).await;
    app.work().await;

    assert_eq!(telnyx.fake.sent().len(), before);
    let query = "{ contactConsents { nodes { channel address isGranted source } } }";
    let consents = manager.ask(query, json!({})).await["contactConsents"]["nodes"].take();
    assert_eq!(consents, json!([{ "channel": "SMS", "address": PHONE, "isGranted": false, "source": "MESSAGE" }]));
}

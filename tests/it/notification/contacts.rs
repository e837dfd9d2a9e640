//! Messages to people without an account, and what they have agreed to.

use clinigraph::{
    access::User,
    kernel::Id,
    notification::{
        Contact, ContactConsentSource, Notice, NotificationChannel, NotificationLanguage, Recipients, Subject, decide,
        notify,
    },
};
use serde_json::json;
use uuid::Uuid;

use super::builders::PLAIN;
use crate::harness::TestApp;

/// Writes to a contact of a clinic.
async fn write(app: &TestApp, clinic: Uuid, contact: (NotificationChannel, &str), cause: &str) {
    app.as_system(async |scope| {
        let (channel, address) = contact;
        let notice = Notice {
            kind: &PLAIN,
            clinic: Some(clinic),
            subject: Subject::of(Id::<User>::from_uuid(Uuid::nil())),
            link_path: None,
            values: vec![("title", "Your appointment".into()), ("text", "On Monday.".into())],
            cause: cause.to_owned(),
            now: app.clock.now(),
        };
        let contact = Contact { channel, address: address.to_owned(), language: NotificationLanguage::En };
        notify(scope, Recipients::Contact(contact), notice).await
    })
    .await;
}

const EMAIL: NotificationChannel = NotificationChannel::Email;
const SMS: NotificationChannel = NotificationChannel::Sms;

#[tokio::test]
async fn a_contact_is_written_to_once_for_each_cause() {
    let app = TestApp::sending().await;
    let oak = app.clinic("Oak").await;

    for cause in ["one", "one", "two"] {
        write(&app, oak.id, (EMAIL, "lu@people.example"), cause).await;
    }
    app.work().await;

    let letters = app.letters().await;
    assert_eq!(letters.len(), 2);
    assert_eq!(letters[0]["to"], "lu@people.example");
    let titles = app.rows("select distinct title, body, recipient_user_id from notifications").await;
    assert_eq!(titles, [json!({ "title": "Your appointment", "body": "On Monday.", "recipient_user_id": null })]);
}

#[tokio::test]
async fn a_contact_who_refuses_e_mails_gets_none_and_another_clinic_is_not_concerned() {
    let app = TestApp::sending().await;
    let (oak, elm) = (app.clinic("Oak").await, app.clinic("Elm").await);
    let lu = (EMAIL, "lu@people.example");
    write(&app, oak.id, lu, "one").await;
    app.work().await;
    let letter = app.letter().await;
    let link = letter["unsubscribeUrl"].as_str().unwrap().strip_prefix("https://clinics.example").unwrap().to_owned();
    let client = reqwest::Client::new();
    let answer = client.post(format!("http://{}{link}", app.address)).body("List-Unsubscribe=One-Click").send().await;
    assert_eq!(answer.unwrap().status(), 200);

    write(&app, oak.id, lu, "two").await;
    write(&app, elm.id, lu, "two").await;
    app.work().await;

    let from: Vec<_> = app.letters().await.iter().map(|letter| letter["senderName"].clone()).collect();
    assert_eq!(from, ["Oak", "Elm"]);
    let manager = oak.manager().await;
    let query = "{ contactConsents { nodes { channel address isGranted source } } }";
    let seen = manager.ask(query, json!({})).await["contactConsents"]["nodes"].take();
    assert_eq!(
        seen,
        json!([{ "channel": "EMAIL", "address": "lu@people.example", "isGranted": false, "source": "LINK" }])
    );
    let strangers = elm.manager().await.ask(query, json!({})).await;
    assert_eq!(strangers["contactConsents"]["nodes"], json!([]));
}

#[tokio::test]
async fn nothing_is_sent_to_a_phone_without_consent() {
    let app = TestApp::sending().await;
    let oak = app.clinic("Oak").await;
    let manager = oak.manager().await;
    let phone = (SMS, "+16045550123");

    write(&app, oak.id, phone, "one").await;
    assert_eq!(app.outcomes().await, ["sms skipped no_consent"]);

    let input = json!({ "channel": "SMS", "address": "+1 604 555 0123", "isGranted": true, "note": "Form of 3 May" });
    let selection = "{ contactConsent { address isGranted source note version } }";
    let refused = manager.problems("recordContactConsent", input.clone()).await;
    assert_eq!(refused[0].0, "input.address");
    let input = json!({ "channel": "SMS", "address": "+16045550123", "isGranted": true, "note": "Form of 3 May" });
    let consent = manager.change("recordContactConsent", input, selection).await["contactConsent"].take();
    assert_eq!((&consent["isGranted"], &consent["note"]), (&json!(true), &json!("Form of 3 May")));
    write(&app, oak.id, phone, "two").await;
    assert_eq!(app.outcomes().await, ["sms skipped no_consent", "sms pending"]);
}

#[tokio::test]
async fn an_earlier_decision_that_arrives_late_does_not_count() {
    let app = TestApp::sending().await;
    let oak = app.clinic("Oak").await;
    let now = app.clock.now();
    for (minutes, is_granted) in [(0, false), (-5, true)] {
        app.as_system(async |scope| {
            let at = now + chrono::TimeDelta::minutes(minutes);
            decide(scope, oak.id, (SMS, "+16045550123"), is_granted, ContactConsentSource::Message, at).await
        })
        .await;
    }

    assert_eq!(app.value("select is_granted from contact_consents").await, false);
}

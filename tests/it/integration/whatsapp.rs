//! Sending messages on WhatsApp.

use clinigraph::{
    integration::{Button, Recipient, SendFailure, WhatsAppContent, WhatsAppMessage, WhatsAppSettings},
    kernel::text::PhoneNumber,
};
use serde_json::{Value, json};

use super::{
    fakes::{Mood, WhatsApp},
    public_app,
};
use crate::harness::receiver::Received;

fn message(content: WhatsAppContent) -> WhatsAppMessage {
    let to = Recipient::Phone(PhoneNumber::new("+254700000001").unwrap());
    WhatsAppMessage { to, content, answers: None, reference: "ref".to_owned() }
}

fn text(text: &str) -> WhatsAppContent {
    WhatsAppContent::Text(text.to_owned())
}

#[tokio::test]
async fn texts_buttons_and_templates_have_the_form_that_meta_takes() {
    let (app, whatsapp) = (public_app().await, WhatsApp::start().await);
    let oak = app.clinic("Oak").await;
    app.connect(&oak, whatsapp.settings()).await;
    let by = app.active::<WhatsAppSettings>(&oak).await.unwrap();
    let button = |payload: &str, title: &str| Button { payload: payload.to_owned(), title: title.to_owned() };
    let buttons = WhatsAppContent::Buttons {
        text: "Will you come?".to_owned(),
        buttons: vec![button("confirm:1", "Yes"), button("cancel:1", "No")],
    };
    let template = WhatsAppContent::Template {
        name: "reminder".to_owned(),
        language: "en-US".to_owned(),
        parameters: vec!["tomorrow at 10:00".to_owned()],
    };

    let sent = app.integrations().send_whatsapp(&by, &message(text("Hello"))).await.unwrap();
    assert_eq!(sent.provider_id, "wamid.OUT1");
    app.integrations().send_whatsapp(&by, &message(buttons)).await.unwrap();
    app.integrations().send_whatsapp(&by, &message(template)).await.unwrap();
    let to_id = WhatsAppMessage {
        to: Recipient::Id("KE.1".to_owned()),
        answers: Some("wamid.IN1".to_owned()),
        ..message(text("Hello"))
    };
    app.integrations().send_whatsapp(&by, &to_id).await.unwrap();

    let bodies: Vec<Value> = whatsapp.fake.sent().iter().map(Received::json).collect();
    let envelope = |more: Value| {
        let mut body = json!({ "messaging_product": "whatsapp", "recipient_type": "individual", "biz_opaque_callback_data": "ref" });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let hello = json!({ "body": "Hello", "preview_url": false });
    assert_eq!(bodies[0], envelope(json!({ "to": "+254700000001", "type": "text", "text": hello })));
    let reply = |id: &str, title: &str| json!({ "type": "reply", "reply": { "id": id, "title": title } });
    assert_eq!(
        bodies[1],
        envelope(json!({ "to": "+254700000001", "type": "interactive", "interactive": { "type": "button",
            "body": { "text": "Will you come?" }, "action": { "buttons": [reply("confirm:1", "Yes"), reply("cancel:1", "No")] } } }))
    );
    assert_eq!(
        bodies[2],
        envelope(
            json!({ "to": "+254700000001", "type": "template", "template": { "name": "reminder", "language": { "code": "en_US" },
            "components": [{ "type": "body", "parameters": [{ "type": "text", "text": "tomorrow at 10:00" }] }] } })
        )
    );
    let answering =
        json!({ "recipient": "KE.1", "context": { "message_id": "wamid.IN1" }, "type": "text", "text": hello });
    assert_eq!(bodies[3], envelope(answering));
}

#[tokio::test]
async fn failures_are_told_apart_by_the_code_of_meta() {
    let (app, whatsapp) = (public_app().await, WhatsApp::start().await);
    let oak = app.clinic("Oak").await;
    app.connect(&oak, whatsapp.settings()).await;
    let by = app.active::<WhatsAppSettings>(&oak).await.unwrap();

    for (mood, expected) in [
        (Mood::Refuses(131_047), "NeedsTemplate"),
        (Mood::Refuses(131_050), "OptedOut"),
        (Mood::Refuses(131_056), "TryAgain"),
        (Mood::Refuses(190), "Broken"),
        (Mood::Refuses(132_001), "Final"),
        (Mood::Busy(9), "TryAgain"),
        (Mood::Fails(503), "TryAgain"),
        (Mood::Fails(502), "Unknown"),
        (Mood::DropsAnswer, "Unknown"),
        (Mood::CutsAnswer, "Unknown"),
    ] {
        whatsapp.fake.be([mood.clone()]);
        let failure = app.integrations().send_whatsapp(&by, &message(text("Hello"))).await.unwrap_err();
        assert!(format!("{failure:?}").starts_with(expected), "{mood:?}: {failure:?}");
        assert!(!failure.reason().contains("254700000001"), "{failure:?}");
    }
    let sent = whatsapp.fake.sent().len();
    for content in [
        text(""),
        text(&"x".repeat(4097)),
        WhatsAppContent::Buttons { text: "x".to_owned(), buttons: Vec::new() },
        WhatsAppContent::Buttons {
            text: "x".to_owned(),
            buttons: vec![Button { payload: "p".to_owned(), title: "x".repeat(21) }],
        },
    ] {
        let failure = app.integrations().send_whatsapp(&by, &message(content)).await.unwrap_err();
        assert!(matches!(failure, SendFailure::Final { code: None, .. }), "{failure:?}");
    }
    assert_eq!(whatsapp.fake.sent().len(), sent, "what Meta would refuse is not sent");
}

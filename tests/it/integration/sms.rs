//! Sending text messages by Telnyx and by Twilio, which do not always behave.

use clinigraph::{
    integration::{Active, DeliveryState, SendFailure, SmsMessage, SmsSettings},
    kernel::text::PhoneNumber,
};
use serde_json::json;
use uuid::Uuid;

use super::{
    PUBLIC,
    fakes::{Mood, Telnyx, Twilio},
    public_app,
};
use crate::{clinic::TestClinic, harness::TestApp};

fn message(app: &TestApp, clinic: &TestClinic<'_>) -> SmsMessage {
    SmsMessage {
        to: PhoneNumber::new("+254700000001").unwrap(),
        text: "See you at 10:00".to_owned(),
        reference: app.integrations().reference(clinic.id, Uuid::from_u128(7)),
    }
}

/// Sends a message in each mood; returns a word for what came of it.
async fn send(app: &TestApp, by: &Active<SmsSettings>, message: &SmsMessage) -> String {
    match app.integrations().send_sms(by, message).await {
        Ok(sent) => format!("{:?}", sent.state),
        Err(SendFailure::TryAgain { after, .. }) => format!("again after {}", after.as_secs()),
        Err(SendFailure::Final { code, .. }) => format!("final {}", code.unwrap_or_default()),
        Err(other) => format!("{other:?}").split([' ', '{']).next().unwrap().to_owned(),
    }
}

#[tokio::test]
async fn telnyx_is_sent_what_it_takes_and_its_failures_are_told_apart() {
    let (app, telnyx) = (public_app().await, Telnyx::start().await);
    let oak = app.clinic("Oak").await;
    let set = app.connect(&oak, telnyx.settings()).await;
    let by = app.active::<SmsSettings>(&oak).await.unwrap();
    let message = message(&app, &oak);

    let sent = app.integrations().send_sms(&by, &message).await.unwrap();
    assert_eq!(sent.state, DeliveryState::Queued);
    assert!(sent.provider_id.starts_with("40385f64-"), "{}", sent.provider_id);
    let request = telnyx.fake.sent().remove(0);
    assert_eq!(
        request.json(),
        json!({ "to": "+254700000001", "from": "+15550001111", "text": "See you at 10:00", "type": "SMS",
                "webhook_url": format!("{PUBLIC}{}?ref={}", set.path, message.reference) })
    );
    for (mood, expected) in [
        (Mood::Busy(7), "again after 7"),
        (Mood::Fails(503), "again after 30"),
        (Mood::Fails(504), "Unknown"),
        (Mood::DropsAnswer, "Unknown"),
        (Mood::CutsAnswer, "Unknown"),
        (Mood::Refuses(40_300), "OptedOut"),
        (Mood::Refuses(40_318), "again after 300"),
        (Mood::Refuses(10_009), "Broken"),
        (Mood::Well, "Queued"),
    ] {
        telnyx.fake.be([mood.clone()]);
        assert_eq!(send(&app, &by, &message).await, expected, "{mood:?}");
    }
    assert_eq!(telnyx.fake.sent().len(), 10, "nothing was sent twice");
}

#[tokio::test]
async fn twilio_is_sent_a_form_and_its_failures_are_told_apart() {
    let (app, twilio) = (public_app().await, Twilio::start().await);
    let oak = app.clinic("Oak").await;
    let set = app.connect(&oak, twilio.settings()).await;
    let by = app.active::<SmsSettings>(&oak).await.unwrap();
    let message = message(&app, &oak);

    assert_eq!(send(&app, &by, &message).await, "Queued");
    let request = twilio.fake.sent().remove(0);
    let fields: Vec<(String, String)> = url::form_urlencoded::parse(request.body.as_bytes()).into_owned().collect();
    let field =
        |name: &str| fields.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone()).unwrap_or_default();
    assert_eq!((field("To").as_str(), field("From").as_str()), ("+254700000001", "+15550002222"));
    assert_eq!(field("StatusCallback"), format!("{PUBLIC}{}?ref={}", set.path, message.reference));
    for (mood, expected) in [
        (Mood::Busy(3), "again after 3"),
        (Mood::Fails(500), "again after 30"),
        (Mood::Fails(502), "Unknown"),
        (Mood::DropsAnswer, "Unknown"),
        (Mood::Refuses(21_610), "OptedOut"),
        (Mood::Refuses(21_611), "again after 600"),
        (Mood::Refuses(20_003), "Broken"),
        (Mood::Refuses(21_211), "final 21211"),
    ] {
        twilio.fake.be([mood.clone()]);
        assert_eq!(send(&app, &by, &message).await, expected, "{mood:?}");
    }
    twilio.fake.be([Mood::Refuses(21_211)]);
    let failure = app.integrations().send_sms(&by, &message).await.unwrap_err();
    assert_eq!(failure.reason(), "Twilio answered 400 with code 21211", "its words would name the number");
}

#[tokio::test]
async fn a_service_that_cannot_be_reached_was_sent_nothing() {
    let app = public_app().await;
    let oak = app.clinic("Oak").await;
    // A port on which nobody listens any more.
    let closed = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let base = format!("http://{closed}/v2");
    let settings =
        json!({ "sms": { "provider": "TELNYX", "senderNumber": "+15550001111", "apiKey": "KEY_1", "baseUrl": base } });
    app.add_integration(Some(&oak), settings).await;
    app.execute("update integrations set status = 'active'").await;
    let by = app.active::<SmsSettings>(&oak).await.unwrap();
    let message = message(&app, &oak);

    assert_eq!(send(&app, &by, &message).await, "again after 30");
}

//! Receiving webhooks: what is accepted, stored once and sealed, and what is not.

use std::time::Instant;

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::{
    PUBLIC,
    fakes::{NUMBER_ID, Telnyx, Twilio, VERIFY_TOKEN, WhatsApp},
    public_app,
};
use crate::harness::TestApp;

/// Number of webhooks that are stored.
async fn stored(app: &TestApp) -> Value {
    app.value("select count(*) from inbound_webhooks").await
}

#[tokio::test]
async fn a_signed_webhook_is_stored_sealed_and_once() {
    let (app, telnyx) = (public_app().await, Telnyx::start().await);
    let oak = app.clinic("Oak").await;
    let set = app.connect(&oak, telnyx.settings()).await;
    let body = Telnyx::finalized("e1", "m1", "delivered");
    let post = async || app.deliver(&set.path, &telnyx.sign(&app.clock, &body), body.clone()).await;

    assert_eq!(post().await, (200, String::new()));
    assert_eq!(post().await.0, 200, "a repeat is fine");
    let (one, other) = tokio::join!(post(), post());
    assert_eq!((one.0, other.0), (200, 200));
    let rows = app.rows("select event_id, event_type, status, body_bytes, headers::text as headers, clinic_id from inbound_webhooks").await;
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0]["event_id"], "e1");
    assert_eq!(rows[0]["event_type"], "message.finalized");
    assert_eq!(rows[0]["clinic_id"], json!(oak.id));
    assert_eq!(rows[0]["body_bytes"], json!(body.len()));
    let headers = rows[0]["headers"].as_str().unwrap();
    assert!(headers.contains("telnyx-timestamp") && !headers.contains("signature"), "{headers}");
    let jobs = app.value("select count(*) from jobs where kind = 'inbound_webhook_process'").await;
    assert_eq!(jobs, 1);
}

#[tokio::test]
async fn a_wrong_signature_is_counted_and_nothing_else_is_stored() {
    let (app, telnyx) = (public_app().await, Telnyx::start().await);
    let oak = app.clinic("Oak").await;
    let set = app.connect(&oak, telnyx.settings()).await;
    let body = Telnyx::finalized("e1", "m1", "delivered");
    let now = app.clock.now().timestamp();
    let right = telnyx.sign(&app.clock, &body);
    let changed = body.replace("delivered", "delivereD");
    let mut no_time = right.clone();
    no_time.retain(|(name, _)| *name != "telnyx-timestamp");

    for (headers, body) in [
        (right.clone(), changed),
        (Vec::new(), body.clone()),
        (no_time, body.clone()),
        (telnyx.sign_at(now - 400, &body), body.clone()),
        (telnyx.sign_at(now + 400, &body), body.clone()),
    ] {
        assert_eq!(app.deliver(&set.path, &headers, body).await.0, 401);
    }
    assert_eq!(stored(&app).await, 0);
    let counted = oak.manager().await.integration(&set.id, "{ refusedWebhooks { count lastReason } version }").await;
    assert_eq!(
        counted["refusedWebhooks"],
        json!({ "count": 5, "lastReason": "the time of the signature is too far from the server's clock" })
    );
    assert_eq!(app.value("select count(*) from jobs where kind = 'inbound_webhook_process'").await, 0);
    assert_eq!(app.deliver(&set.path, &right, body).await.0, 200, "and the right one is taken");
}

#[tokio::test]
async fn an_unknown_address_is_not_found_whatever_is_wrong_with_it() {
    let (app, telnyx) = (public_app().await, Telnyx::start().await);
    let oak = app.clinic("Oak").await;
    let manager = oak.manager().await;
    let set = app.connect(&oak, telnyx.settings()).await;
    let other = app.add_integration(Some(&oak), json!({ "calCom": { "apiKey": "cal_1", "webhookSecret": "s" } })).await;
    let body = Telnyx::finalized("e1", "m1", "delivered");
    let signed = telnyx.sign(&app.clock, &body);
    let (start, token) = set.path.rsplit_once('/').unwrap();
    let (other_start, other_token) = other.path.rsplit_once('/').unwrap();

    for path in [
        format!("{start}/{}", &token[1..]),
        format!("{start}/x"),
        format!("{start}/{other_token}"),
        format!("{other_start}/{token}"),
        format!("/webhooks/integration_00000000000000000000000000/{token}"),
        format!("/webhooks/nothing/{token}"),
    ] {
        assert_eq!(app.deliver(&path, &signed, body.clone()).await, (404, String::new()), "{path}");
    }
    let turned = manager.change("rotateWebhookToken", json!({ "integrationId": set.id }), "{ webhookUrl }").await;
    let new_path = turned["webhookUrl"].as_str().unwrap().strip_prefix(PUBLIC).unwrap().to_owned();
    assert_ne!(new_path, set.path);
    assert_eq!(app.deliver(&set.path, &signed, body.clone()).await.0, 404);
    assert_eq!(app.deliver(&new_path, &signed, body.clone()).await.0, 200);
    manager.change("disableIntegration", json!({ "integrationId": set.id }), "{ __typename }").await;
    assert_eq!(app.deliver(&new_path, &signed, body.clone()).await.0, 404);
    manager.change("removeIntegration", json!({ "integrationId": set.id }), "{ __typename }").await;
    assert_eq!(app.deliver(&new_path, &signed, body.clone()).await.0, 404);
    assert_eq!(stored(&app).await, 1);

    // An address that guesses is not listened to for long.
    let mut last = 0;
    // A minute can end meanwhile, from which on it is counted anew.
    for _ in 0..300 {
        last = app.deliver(&format!("{start}/guess"), &[], "{}").await.0;
        if last == 429 {
            break;
        }
    }
    assert_eq!(last, 429);
    app.clock.turn(TimeDelta::minutes(1));
    assert_eq!(app.deliver(&format!("{start}/guess"), &[], "{}").await.0, 404);
}

#[tokio::test]
async fn a_body_may_be_as_large_as_the_largest_of_a_service_and_no_larger() {
    let (app, whatsapp) = (public_app().await, WhatsApp::start().await);
    let oak = app.clinic("Oak").await;
    let set = app.connect(&oak, whatsapp.settings()).await;
    let largest = " ".repeat((3 << 20) - 2) + "{}";
    let begun = Instant::now();

    assert_eq!(app.deliver(&set.path, &WhatsApp::sign(&largest), largest.clone()).await.0, 200);
    assert_eq!(app.deliver(&set.path, &WhatsApp::sign(&largest), largest + " ").await.0, 413);
    assert_eq!(stored(&app).await, 1);
    assert!(begun.elapsed().as_secs() < 20);
}

#[tokio::test]
async fn whatsapp_shakes_hands_with_the_text_that_was_agreed_on() {
    let (app, whatsapp) = (public_app().await, WhatsApp::start().await);
    let oak = app.clinic("Oak").await;
    let set = app.connect(&oak, whatsapp.settings()).await;
    let get = async |path: &str, mode: &str, token: &str| {
        let url = format!("http://{}{path}", app.address);
        let query = [("hub.mode", mode), ("hub.challenge", "1158201444"), ("hub.verify_token", token)];
        let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish();
        let response = reqwest::get(format!("{url}?{query}")).await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    };

    assert_eq!(get(&set.path, "subscribe", VERIFY_TOKEN).await, (200, "1158201444".to_owned()));
    assert_eq!(get(&set.path, "subscribe", "another text").await, (403, String::new()));
    assert_eq!(get(&set.path, "unsubscribe", VERIFY_TOKEN).await, (403, String::new()));
    assert_eq!(get(&format!("{}x", set.path), "subscribe", VERIFY_TOKEN).await, (404, String::new()));
    let other = app.add_integration(Some(&oak), json!({ "calCom": {} })).await;
    assert_eq!(get(&other.path, "subscribe", "").await, (404, String::new()));
}

#[tokio::test]
async fn each_service_is_known_by_its_own_signature() {
    let (app, whatsapp, twilio) = (public_app().await, WhatsApp::start().await, Twilio::start().await);
    let (oak, elm) = (app.clinic("Oak").await, app.clinic("Elm").await);
    let meta = app.connect(&oak, whatsapp.settings()).await;
    let body = WhatsApp::delivery(NUMBER_ID, &[WhatsApp::text("wamid.IN1", "Hello")], &[]);
    assert_eq!(app.deliver(&meta.path, &WhatsApp::sign(&body), body.clone()).await.0, 200);
    let changed = body.replace("Hello", "Hellp");
    assert_eq!(app.deliver(&meta.path, &WhatsApp::sign(&body), changed).await.0, 401);

    // Twilio signs the address that it knows, with the query, and gets an answer that sends nothing.
    let sms = app.connect(&elm, twilio.settings()).await;
    let path = format!("{}?ref=abc", sms.path);
    let (headers, form) =
        Twilio::form(&format!("{PUBLIC}{path}"), &[("MessageSid", "SM1"), ("MessageStatus", "delivered")]);
    assert_eq!(app.deliver(&path, &headers, form.clone()).await, (200, "<Response></Response>".to_owned()));
    assert_eq!(app.deliver(&sms.path, &headers, form.clone()).await.0, 401, "without the query it is another address");
    let (ported, form) =
        Twilio::form(&format!("{PUBLIC}:443{path}"), &[("MessageSid", "SM1"), ("MessageStatus", "sent")]);
    assert_eq!(app.deliver(&path, &ported, form).await.0, 200);

    // What signs with nothing that is stored is refused.
    let unset = app.add_integration(Some(&oak), json!({ "stripe": { "currency": "EUR", "secretKey": "sk_1" } })).await;
    assert_eq!(app.deliver(&unset.path, &[("stripe-signature", "t=1,v1=00".to_owned())], "{}").await.0, 401);
    let counted = oak.manager().await.integration(&unset.id, "{ refusedWebhooks { lastReason } }").await;
    assert_eq!(
        counted["refusedWebhooks"]["lastReason"],
        "the integration has no secret with which signatures are checked"
    );
}

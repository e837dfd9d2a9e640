//! Each kind: what its test calls, with which credentials, and what the settings come back as.

use serde_json::{Value, json};

use super::public_app;
use crate::harness::receiver::{Does, Receiver};

/// A service that answers everything well, and has its address in the settings.
async fn asked(kind: &str, settings: Value) -> (Vec<String>, Value) {
    let app = public_app().await;
    let oak = app.clinic("Oak").await;
    let receiver = Receiver::new(Does::Answer { status: 200, headers: String::new(), body: "{}".to_owned() }).await;
    let mut settings = json!({ kind: settings });
    settings[kind]["baseUrl"] = json!(receiver.url("/api"));
    let set = app.connect(&oak, settings).await;
    let manager = oak.manager().await;
    assert_eq!(manager.integration_status(&set.id).await, ("ACTIVE".to_owned(), None), "{kind}");
    let fields = match kind {
        "calCom" => "{ username defaultEventTypeId }",
        "vapi" => "{ authentication phoneNumber assistantId signatureHeader }",
        "retell" => "{ agentId phoneNumber }",
        "paystack" => "{ currency publicKey }",
        "stripe" => "{ currency apiVersion }",
        "video" => "{ provider accessKey }",
        _ => "{ model }",
    };
    let row = manager.integration(&set.id, &format!("{{ kind {kind} {fields} sms {{ provider }} }}")).await;
    assert_eq!(row["sms"], Value::Null, "the settings of other kinds are null");
    let request = &receiver.received()[0];
    let authorization = request.header("authorization").unwrap_or_default();
    let authorization = if authorization.len() > 60 { "Bearer <token>" } else { authorization };
    (vec![request.line.clone(), authorization.to_owned()], row[kind].clone())
}

#[tokio::test]
async fn each_kind_is_tested_by_the_cheapest_call_of_its_service() {
    let both = |line: &str, secret: &str| vec![line.to_owned(), secret.to_owned()];

    let (called, shown) =
        asked("calCom", json!({ "apiKey": "cal_1", "username": "oak", "defaultEventTypeId": 7 })).await;
    assert_eq!(called, both("GET /api/me", "Bearer cal_1"));
    assert_eq!(shown, json!({ "username": "oak", "defaultEventTypeId": 7 }));
    let vapi = json!({ "authentication": "HMAC", "apiKey": "v1", "webhookSecret": "s", "phoneNumber": "+15550003333", "assistantId": "a1" });
    let (called, shown) = asked("vapi", vapi).await;
    assert_eq!(called, both("GET /api/assistant?limit=1", "Bearer v1"));
    assert_eq!(
        shown,
        json!({ "authentication": "HMAC", "phoneNumber": "+15550003333", "assistantId": "a1", "signatureHeader": null })
    );
    let (called, _) = asked("retell", json!({ "apiKey": "key_1", "agentId": "g1" })).await;
    assert_eq!(called, both("GET /api/get-concurrency", "Bearer key_1"));
    let (called, _) = asked("paystack", json!({ "currency": "KES", "secretKey": "sk_test_1" })).await;
    assert_eq!(called, both("GET /api/balance", "Bearer sk_test_1"));
    let (called, shown) =
        asked("stripe", json!({ "currency": "EUR", "secretKey": "sk_2", "apiVersion": "2026-07-29.dahlia" })).await;
    assert_eq!(called, both("GET /api/account", "Bearer sk_2"));
    assert_eq!(shown, json!({ "currency": "EUR", "apiVersion": "2026-07-29.dahlia" }));
    let (called, shown) = asked("video", json!({ "provider": "HUNDRED_MS", "accessKey": "k", "appSecret": "s" })).await;
    assert_eq!(called, both("GET /api/rooms?limit=10", "Bearer <token>"));
    assert_eq!(shown, json!({ "provider": "HUNDRED_MS", "accessKey": "k" }));
    let (called, _) = asked("video", json!({ "provider": "LIVEKIT", "accessKey": "k", "appSecret": "s" })).await;
    assert_eq!(called, both("POST /api/twirp/livekit.RoomService/ListRooms", "Bearer <token>"));
    let (called, shown) = asked("languageModel", json!({ "model": "small" })).await;
    assert_eq!(called, both("GET /api/models", ""));
    assert_eq!(shown, json!({ "model": "small" }));
}

#[tokio::test]
async fn an_address_that_a_clinic_types_in_reaches_the_public_internet_alone() {
    let app = public_app().await;
    let oak = app.clinic("Oak").await;
    let manager = oak.manager().await;
    let oscar = json!({ "oscarEmr": { "protocol": "SOAP", "baseUrl": "https://127.0.0.1/oscar", "username": "u", "password": "a password" } });
    let made = manager
        .change("createIntegration", json!({ "name": "OSCAR", "settings": oscar }), "{ integration { id } }")
        .await;
    let id = made["integration"]["id"].as_str().unwrap();
    manager.change("testIntegration", json!({ "integrationId": id }), "{ __typename }").await;
    app.work().await;

    let (status, reason) = manager.integration_status(id).await;
    assert_eq!(status, "ERROR");
    assert_eq!(reason.unwrap(), "There was no answer: the address does not belong to the public internet");
}

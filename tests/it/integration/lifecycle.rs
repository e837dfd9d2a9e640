//! From the first input to the removal: what is tested before it is used, and what ends the use.

use clinigraph::integration::{SmsSettings, WhatsAppSettings};
use serde_json::{Value, json};

use super::{
    fakes::{Mood, Telnyx, WhatsApp},
    public_app,
};
use crate::harness::{TestApp, reader::Over};

const EVENTS: &str = "subscription ($after: String) {
    integrationEvents(after: $after) { cursor kind changed integration { id status lastError } }
}";

#[tokio::test]
async fn what_passes_a_test_is_used_and_an_event_tells() {
    let (app, telnyx) = (public_app().await, Telnyx::start().await);
    let oak = app.clinic("Oak").await;
    let manager = oak.manager().await;
    let set = app.add_integration(Some(&oak), telnyx.settings()).await;
    let after = app.now().await;

    let added = manager
        .integration(&set.id, "{ kind status verifiedAt lastError ofPlatform clinic { name } nextStatuses }")
        .await;
    assert_eq!(
        added,
        json!({ "kind": "SMS", "status": "DISCONNECTED", "verifiedAt": null, "lastError": null, "ofPlatform": false,
                "clinic": { "name": "Oak" }, "nextStatuses": ["PENDING", "DISABLED"] })
    );
    assert!(app.active::<SmsSettings>(&oak).await.is_none(), "it was not tested");
    let asked =
        manager.change("testIntegration", json!({ "integrationId": set.id }), "{ integration { status } }").await;
    assert_eq!(asked["integration"]["status"], "PENDING");
    assert!(app.active::<SmsSettings>(&oak).await.is_none(), "it is being tested");
    app.work().await;

    assert_eq!(manager.integration_status(&set.id).await, ("ACTIVE".to_owned(), None));
    let active = app.active::<SmsSettings>(&oak).await.unwrap();
    assert_eq!(active.settings.sender_number.unwrap().as_str(), "+15550001111");
    let mut reader = manager.listen(Over::Stream, EVENTS, Some(&after)).await;
    let (started, connected) = (reader.event().await, reader.event().await);
    assert_eq!((&started["kind"], &connected["kind"]), (&json!("TEST_STARTED"), &json!("CONNECTED")));
    assert_eq!(connected["changed"], json!(["status", "verifiedAt", "lastSyncAt", "updatedAt", "version"]));
}

#[tokio::test]
async fn what_fails_a_test_says_why_and_is_not_used() {
    let (app, telnyx) = (public_app().await, Telnyx::start().await);
    let oak = app.clinic("Oak").await;
    let manager = oak.manager().await;
    let mut settings = telnyx.settings();
    settings["sms"]["apiKey"] = json!("KEY_of_another_account");
    let set = app.connect(&oak, settings).await;

    let wrong_key = ("ERROR".to_owned(), Some("Telnyx answered that the API key is not valid (401)".to_owned()));
    assert_eq!(manager.integration_status(&set.id).await, wrong_key);
    assert!(app.active::<SmsSettings>(&oak).await.is_none());

    // The right key, and a number of somebody else.
    let input = json!({ "integrationId": set.id, "settings": { "sms": { "apiKey": super::fakes::TELNYX_KEY, "senderNumber": "+15550009999" } } });
    let changed = manager.change("updateIntegration", input, "{ integration { status } }").await;
    assert_eq!(changed["integration"]["status"], "PENDING", "a change of what is in use is tested by itself");
    app.work().await;
    let (_, reason) = manager.integration_status(&set.id).await;
    assert_eq!(reason.unwrap(), "Telnyx answered that the sender number does not belong to this account (200)");

    for (mood, expected) in [
        (Mood::Busy(5), "Telnyx answered that there were too many requests; please test again in a minute (429)"),
        (Mood::Fails(502), "Telnyx answered with an error (502)"),
        (
            Mood::DropsAnswer,
            "There was no answer: the connection broke before the server had answered, or its answer was not HTTP",
        ),
    ] {
        telnyx.fake.be([mood]);
        manager.change("testIntegration", json!({ "integrationId": set.id }), "{ __typename }").await;
        app.work().await;
        assert_eq!(manager.integration_status(&set.id).await, ("ERROR".to_owned(), Some(expected.to_owned())));
    }
}

#[tokio::test]
async fn one_of_a_kind_is_in_use_and_the_other_waits_until_it_is_disabled() {
    let (app, telnyx) = (public_app().await, Telnyx::start().await);
    let oak = app.clinic("Oak").await;
    let manager = oak.manager().await;
    let first = app.connect(&oak, telnyx.settings()).await;
    let second = app.add_integration(Some(&oak), telnyx.settings()).await;
    let id = |set: &super::Set| json!({ "integrationId": set.id });

    let error = manager.refused("testIntegration", id(&second)).await;
    assert_eq!(error["extensions"]["code"], "DUPLICATE");
    assert_eq!(error["message"], "another integration of this kind is in use; disable it first");
    manager.change("disableIntegration", id(&first), "{ __typename }").await;
    assert!(app.active::<SmsSettings>(&oak).await.is_none());
    let error = manager.refused("testIntegration", id(&first)).await;
    assert_eq!(error["extensions"]["allowed"], json!(["DISCONNECTED", "PENDING"]));
    let error = manager.refused("enableIntegration", id(&second)).await;
    assert_eq!(error["extensions"]["code"], "INVALID_TRANSITION");
    // The number is still that of the first.
    manager.change("testIntegration", id(&second), "{ __typename }").await;
    app.work().await;
    let taken = "Another integration already receives what comes for this number or identifier";
    assert_eq!(manager.integration_status(&second.id).await, ("ERROR".to_owned(), Some(taken.to_owned())));

    let removed = manager.change("removeIntegration", id(&first), "{ removedIntegrationId clinic { name } }").await;
    assert_eq!(removed, json!({ "removedIntegrationId": first.id, "clinic": { "name": "Oak" } }));
    manager.change("testIntegration", id(&second), "{ __typename }").await;
    app.work().await;
    assert_eq!(manager.integration_status(&second.id).await.0, "ACTIVE");
    assert_eq!(manager.integration(&first.id, "{ id }").await, Value::Null);
    let sealed = "select count(*) from integrations where deleted_at is not null and secrets_enc is not null";
    assert_eq!(app.value(sealed).await, 0);
}

#[tokio::test]
async fn a_number_at_whatsapp_belongs_to_one_clinic() {
    let (app, whatsapp) = (public_app().await, WhatsApp::start().await);
    let (oak, elm) = (app.clinic("Oak").await, app.clinic("Elm").await);
    let first = app.connect(&oak, whatsapp.settings()).await;
    let second = app.connect(&elm, whatsapp.settings()).await;

    assert_eq!(oak.manager().await.integration_status(&first.id).await.0, "ACTIVE");
    let (status, reason) = elm.manager().await.integration_status(&second.id).await;
    assert_eq!(status, "ERROR");
    assert_eq!(reason.unwrap(), "Another integration already receives what comes for this number or identifier");
    assert!(app.active::<WhatsAppSettings>(&elm).await.is_none());
}

#[tokio::test]
async fn a_clinic_without_its_own_uses_that_of_the_platform() {
    let (app, telnyx) = (public_app().await, Telnyx::start().await);
    let (oak, elm) = (app.clinic("Oak").await, app.clinic("Elm").await);
    let administrator = app.administrator().await;
    let platform = app.add_integration(None, telnyx.settings()).await;
    administrator.change("testIntegration", json!({ "integrationId": platform.id }), "{ __typename }").await;
    app.work().await;
    let mut own = telnyx.settings();
    own["sms"]["senderNumber"] = Value::Null;
    own["sms"]["messagingProfileId"] = json!("profile of oak");
    app.connect(&oak, own).await;

    let row = administrator.integration(&platform.id, "{ status ofPlatform clinic { name } }").await;
    assert_eq!(row, json!({ "status": "ACTIVE", "ofPlatform": true, "clinic": null }));
    assert!(app.active::<SmsSettings>(&elm).await.unwrap().is_of_platform);
    assert!(!app.active::<SmsSettings>(&oak).await.unwrap().is_of_platform);
    // Clinics do not see it.
    let manager = elm.manager().await;
    assert_eq!(manager.integration(&platform.id, "{ id }").await, Value::Null);
    assert_eq!(manager.ask("{ integrations { totalCount } }", json!({})).await["integrations"]["totalCount"], 0);
    let error = manager.refused("disableIntegration", json!({ "integrationId": platform.id })).await;
    assert_eq!(error["extensions"]["code"], "NOT_FOUND");
    let input = json!({ "name": "x", "ofPlatform": true, "settings": { "calCom": {} } });
    assert_eq!(manager.refused("createIntegration", input).await["extensions"]["code"], "FORBIDDEN");
    let input = json!({ "name": "x", "ofPlatform": true, "clinicId": elm.api_id(), "settings": { "calCom": {} } });
    let problems = administrator.problems("createIntegration", input).await;
    assert_eq!(problems[0].0, "input.clinicId");
}

#[tokio::test]
async fn bad_settings_are_refused_with_every_problem_at_its_place() {
    let app = TestApp::new().await;
    let manager = app.clinic("Oak").await.manager().await;
    let create = |settings: Value| json!({ "name": "Messages", "settings": settings });

    let twilio = json!({ "sms": { "provider": "TWILIO", "accountSid": "AC/../x" } });
    let problems = manager.problems("createIntegration", create(twilio)).await;
    let paths: Vec<_> = problems.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(paths, ["input.settings.sms.accountSid", "input.settings.sms.senderNumber"]);
    let key = json!({ "sms": { "provider": "TELNYX", "senderNumber": "+15550001111", "webhookPublicKey": "short" } });
    let problems = manager.problems("createIntegration", create(key)).await;
    assert_eq!(problems[0].1, "must be the public key that Telnyx shows: 32 bytes in Base64");
    let numbers = json!({ "whatsApp": { "phoneNumberId": "12/../34", "apiVersion": "v25/x" } });
    let problems = manager.problems("createIntegration", create(numbers)).await;
    let paths: Vec<_> = problems.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(paths, ["input.settings.whatsApp.phoneNumberId", "input.settings.whatsApp.apiVersion"]);
    let plain = json!({ "oscarEmr": { "protocol": "SOAP", "baseUrl": "http://emr.example/oscar" } });
    let problems = manager.problems("createIntegration", create(plain)).await;
    let paths: Vec<_> = problems.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(paths, ["input.settings.oscarEmr.baseUrl", "input.settings.oscarEmr.username"]);
    for settings in [json!({}), json!({ "calCom": {}, "stripe": { "currency": "KES" } })] {
        let problems = manager.problems("createIntegration", create(settings)).await;
        assert_eq!(problems[0].0, "input.settings");
        assert!(problems[0].1.starts_with("must have exactly one of sms, whatsApp, oscarEmr"), "{problems:?}");
    }
    let addressed = json!({ "calCom": { "baseUrl": "https://cal.example" } });
    let error = manager.refused("createIntegration", create(addressed)).await;
    assert_eq!(error["extensions"]["code"], "FORBIDDEN");
    assert!(
        error["message"].as_str().unwrap().starts_with("input.settings.calCom.baseUrl: only administrators"),
        "{error}"
    );

    let made =
        manager.change("createIntegration", create(json!({ "calCom": {} })), "{ integration { id version } }").await;
    let id = made["integration"]["id"].as_str().unwrap();
    let problems = manager.problems("testIntegration", json!({ "integrationId": id })).await;
    assert_eq!(problems[0].1, "the integration needs the secret API_KEY; set it first");
    let other_kind = json!({ "integrationId": id, "settings": { "vapi": { "squadId": "x" } } });
    let problems = manager.problems("updateIntegration", other_kind).await;
    assert_eq!(
        problems[0],
        ("input.settings.vapi".to_owned(), "the integration is of another kind: Cal.com".to_owned())
    );
    let stale =
        manager.refused("updateIntegration", json!({ "integrationId": id, "expectedVersion": 7, "name": "x" })).await;
    assert_eq!(stale["extensions"]["code"], "STALE_OBJECT");
    let address = json!({ "integrationId": id, "settings": { "calCom": { "baseUrl": null } } });
    assert_eq!(manager.refused("updateIntegration", address).await["extensions"]["code"], "FORBIDDEN");
}

#[tokio::test]
async fn a_change_during_a_test_is_tested_by_itself() {
    let (app, telnyx) = (public_app().await, Telnyx::start().await);
    let oak = app.clinic("Oak").await;
    let manager = oak.manager().await;
    let set = app.connect(&oak, telnyx.settings()).await;
    let change =
        |field: &str, value: Value| json!({ "integrationId": set.id, "settings": { "sms": { field: value } } });

    // The name alone changes nothing that was tested.
    let renamed = json!({ "integrationId": set.id, "name": "Texts" });
    let renamed = manager.change("updateIntegration", renamed, "{ integration { name status } }").await;
    assert_eq!(renamed["integration"], json!({ "name": "Texts", "status": "ACTIVE" }));
    // Nor does the value that is there.
    let same = manager
        .change("updateIntegration", change("apiKey", json!(super::fakes::TELNYX_KEY)), "{ integration { status } }")
        .await;
    assert_eq!(same["integration"]["status"], "ACTIVE");
    let removed =
        manager.change("updateIntegration", change("apiKey", Value::Null), "{ integration { status } }").await;
    assert_eq!(removed["integration"]["status"], "DISCONNECTED", "it cannot work without");
    let set_again = manager
        .change("updateIntegration", change("apiKey", json!(super::fakes::TELNYX_KEY)), "{ integration { status } }")
        .await;
    assert_eq!(set_again["integration"]["status"], "DISCONNECTED");
    // A test that is under way does not speak for what was changed since.
    manager.change("testIntegration", json!({ "integrationId": set.id }), "{ __typename }").await;
    manager.change("updateIntegration", change("toleranceSeconds", json!(600)), "{ __typename }").await;
    app.work().await;
    assert_eq!(manager.integration_status(&set.id).await.0, "ACTIVE");
    manager.change("testIntegration", json!({ "integrationId": set.id }), "{ __typename }").await;
    manager.change("disableIntegration", json!({ "integrationId": set.id }), "{ __typename }").await;
    app.work().await;
    assert_eq!(manager.integration_status(&set.id).await.0, "DISABLED");
    manager.change("enableIntegration", json!({ "integrationId": set.id }), "{ __typename }").await;
    app.work().await;
    assert_eq!(manager.integration_status(&set.id).await.0, "ACTIVE");
}

//! Secrets never leave: not in answers, events, the audit trail, errors, notifications, nor in the clear in the database.

use serde_json::{Value, json};

use super::{
    fakes::{TELNYX_KEY, Telnyx},
    public_app,
};

#[tokio::test]
async fn a_secret_shows_its_end_and_its_time_alone() {
    let (app, telnyx) = (public_app().await, Telnyx::start().await);
    let oak = app.clinic("Oak").await;
    let manager = oak.manager().await;
    let set = app.add_integration(Some(&oak), telnyx.settings()).await;
    let shown = async || {
        manager.integration(&set.id, "{ secrets { name configured lastFour updatedAt } }").await["secrets"].clone()
    };

    let first = shown().await;
    assert_eq!(first[0]["name"], "API_KEY");
    assert_eq!((&first[0]["configured"], &first[0]["lastFour"]), (&json!(true), &json!("cdef")));
    assert_eq!(first[1], json!({ "name": "AUTH_TOKEN", "configured": false, "lastFour": null, "updatedAt": null }));
    // What is left out stays, with its time.
    app.clock.turn(chrono::TimeDelta::minutes(5));
    let tolerance = json!({ "integrationId": set.id, "settings": { "sms": { "toleranceSeconds": 60 } } });
    manager.change("updateIntegration", tolerance, "{ __typename }").await;
    assert_eq!(shown().await, first);
    let short = json!({ "integrationId": set.id, "settings": { "sms": { "apiKey": "KEY_short" } } });
    manager.change("updateIntegration", short, "{ __typename }").await;
    let second = shown().await;
    assert_eq!((&second[0]["configured"], &second[0]["lastFour"]), (&json!(true), &Value::Null));
    assert_ne!(second[0]["updatedAt"], first[0]["updatedAt"]);
    let cleared = json!({ "integrationId": set.id, "settings": { "sms": { "apiKey": null } } });
    manager.change("updateIntegration", cleared, "{ __typename }").await;
    assert_eq!(shown().await[0]["configured"], false);
    let sealed = app.value("select count(*) from integrations where secrets_enc is not null").await;
    assert_eq!(sealed, 0, "nothing is sealed where there is nothing");
}

#[tokio::test]
async fn no_secret_is_anywhere_in_the_database_or_in_an_answer() {
    let (app, telnyx) = (public_app().await, Telnyx::start().await);
    let oak = app.clinic("Oak").await;
    let (manager, administrator) = (oak.manager().await, app.administrator().await);
    let mut settings = telnyx.settings();
    settings["sms"]["apiKey"] = json!("KEY_secret_wrong_0123456789");
    let set = app.connect(&oak, settings).await;
    let right = json!({ "integrationId": set.id, "settings": { "sms": { "apiKey": TELNYX_KEY } } });
    manager.change("updateIntegration", right, "{ __typename }").await;
    app.work().await;
    let token = set.path.rsplit('/').next().unwrap().to_owned();
    let body = Telnyx::finalized("e1", "m1", "delivered");
    let (status, _) = app.deliver(&set.path, &telnyx.sign(&app.clock, &body), body.clone()).await;
    assert_eq!(status, 200);
    app.deliver(&set.path, &[], body).await;
    app.work().await;

    let tables = "select relname as value from pg_class where relnamespace in ('public'::regnamespace, 'private'::regnamespace) and relkind = 'r'";
    let mut content = String::new();
    for table in app.rows(tables).await {
        let name = table["value"].as_str().unwrap();
        let schema = format!("(select relnamespace::regnamespace from pg_class where relname = '{name}' limit 1)");
        let schema = app.value(&format!("select {schema}::text as value")).await;
        let rows = app.rows(&format!("select t::text as value from {}.{name} as t", schema.as_str().unwrap())).await;
        content.extend(rows.iter().map(Value::to_string));
    }
    let everything = "{ secrets { name configured lastFour updatedAt } sms { provider senderNumber baseUrl webhookPublicKey } lastError name version refusedWebhooks { count lastReason } }";
    content += &manager.integration(&set.id, everything).await.to_string();
    let webhooks = "{ inboundWebhooks { nodes { id eventId eventType error integration { name } } } }";
    content += &administrator.ask(webhooks, json!({})).await.to_string();
    let trail = "{ auditEvents { nodes { operation changes { field before after } } } }";
    content += &administrator.ask(trail, json!({})).await.to_string();

    assert!(content.contains("the signature is missing"), "the refusal was counted");
    for secret in ["KEY_secret_wrong", TELNYX_KEY, &token, "See you at 10:00"] {
        assert!(!content.contains(secret), "{secret}");
        // Nor as bytes in hexadecimal digits.
        let digits: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
        assert!(!content.contains(&digits), "{secret} in digits");
    }
    assert!(content.contains("secretsEnc"), "the trail says that it changed");
}

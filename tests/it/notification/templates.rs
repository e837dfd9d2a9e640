//! A clinic's own words for notifications.

use clinigraph::kernel::actor::SystemRole;
use serde_json::{Value, json};

use crate::harness::TestApp;

fn words(text: &str) -> Value {
    json!({ "kind": "TICKET_REPLY", "channel": "EMAIL", "language": "EN", "subject": "{clinic}: {number}", "text": text })
}

const TEMPLATE: &str = "{ notificationTemplate { id subject text version } }";

#[tokio::test]
async fn e_mails_of_a_clinic_have_its_own_words() {
    let app = TestApp::sending().await;
    let (oak, ada) = (app.clinic("Oak").await, app.administrator().await);
    let manager = oak.manager().await;
    app.set_user(manager.user_id, "email_verified_at = now()").await;
    let template = manager.change("setNotificationTemplate", words("We have answered <{number}>."), TEMPLATE).await;
    let ticket = manager.open_ticket("Printer").await;
    let number = manager.ticket(&ticket, "{ number }").await["number"].to_string();

    ada.reply(&ticket, "Paper?", false).await;
    app.work().await;

    let letter = app.letter().await;
    assert_eq!(letter["subject"], format!("Oak: {number}"));
    assert!(letter["text"].as_str().unwrap().starts_with(&format!("We have answered <{number}>.\n")), "{letter}");
    assert!(letter["html"].as_str().unwrap().contains(&format!("We have answered &lt;{number}&gt;.</p>")), "{letter}");

    let id = template["notificationTemplate"]["id"].clone();
    let input = json!({ "notificationTemplateId": id });
    manager.change("removeNotificationTemplate", input, "{ removedNotificationTemplateId clinic { id } }").await;
    ada.reply(&ticket, "Ink?", false).await;
    app.work().await;
    assert_eq!(app.letters().await[1]["subject"], format!("Reply to support ticket {number}"));
}

#[tokio::test]
async fn words_are_checked_and_changed_in_place() {
    let app = TestApp::new().await;
    let oak = app.clinic("Oak").await;
    let manager = oak.manager().await;

    let input = json!({ "kind": "TICKET_REPLY", "channel": "SMS", "language": "EN", "subject": "x", "text": "{title} {nummer}" });
    let problems = manager.problems("setNotificationTemplate", input).await;
    let wanted = [
        ("input.subject", "only an e-mail has a subject"),
        ("input.text", "has no placeholder {title}; there are {clinic}, {number}"),
        ("input.text", "has no placeholder {nummer}; there are {clinic}, {number}"),
    ];
    assert_eq!(problems, wanted.map(|(path, message)| (path.to_owned(), message.to_owned())));
    let inside = json!({ "kind": "TICKET_REPLY", "channel": "IN_APP", "language": "EN", "text": "x" });
    assert_eq!(manager.problems("setNotificationTemplate", inside).await[0].0, "input.channel");

    let first = manager.change("setNotificationTemplate", words("One."), TEMPLATE).await["notificationTemplate"].take();
    let second =
        manager.change("setNotificationTemplate", words("Two."), TEMPLATE).await["notificationTemplate"].take();
    assert_eq!((&first["id"], &second["version"], &second["text"]), (&second["id"], &json!(2), &json!("Two.")));
    let mut stale = words("Three.");
    stale["expectedVersion"] = json!(1);
    let error = manager.refused("setNotificationTemplate", stale).await;
    assert_eq!(
        (&error["extensions"]["code"], &error["extensions"]["currentVersion"]),
        (&json!("STALE_OBJECT"), &json!(2))
    );
    let staff = oak.person(SystemRole::Staff).await;
    assert_eq!(staff.refused("setNotificationTemplate", words("x")).await["extensions"]["code"], "FORBIDDEN");
    let stranger = app.clinic("Elm").await.manager().await;
    let input = json!({ "notificationTemplateId": first["id"] });
    assert_eq!(stranger.refused("removeNotificationTemplate", input).await["extensions"]["code"], "NOT_FOUND");
}

#[tokio::test]
async fn a_preview_shows_a_message_as_recipients_get_it() {
    let app = TestApp::new().await;
    let manager = app.clinic("Oak").await.manager().await;
    let query = "query ($input: PreviewNotificationInput!) { notificationPreview(input: $input) { senderName subject text html } }";
    let preview =
        async |input: Value| manager.ask(query, json!({ "input": input })).await["notificationPreview"].take();

    let usual = preview(json!({ "kind": "TICKET_REPLY", "channel": "EMAIL", "language": "FR" })).await;
    assert_eq!(usual["subject"], "Réponse au ticket d’assistance 482913");
    let tried = preview(json!({ "kind": "TICKET_REPLY", "channel": "EMAIL", "text": "<b>{number}</b>" })).await;
    assert!(tried["html"].as_str().unwrap().contains("&lt;b&gt;482913&lt;/b&gt;"), "{tried}");
    assert_eq!(tried["text"], "<b>482913</b>\n\nOak\n");
    let short = preview(json!({ "kind": "TICKET_REPLY", "channel": "SMS" })).await;
    assert_eq!((&short["subject"], &short["html"]), (&Value::Null, &Value::Null));
    assert_eq!(short["text"], "There is a reply to the support ticket 482913.");
    manager.change("setNotificationTemplate", words("Own."), TEMPLATE).await;
    let own = preview(json!({ "kind": "TICKET_REPLY", "channel": "EMAIL" })).await;
    assert_eq!((&own["subject"], &own["text"]), (&json!("Oak: 482913"), &json!("Own.\n\nOak\n")));
}

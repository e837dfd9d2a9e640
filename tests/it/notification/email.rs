//! Notifications by e-mail: to whom, in which words, and how people refuse them.

use clinigraph::kernel::actor::SystemRole;
use serde_json::json;

use super::builders::sending;
use crate::harness::TestApp;

#[tokio::test]
async fn a_notification_is_sent_to_verified_addresses_without_what_is_confidential() {
    let app = TestApp::sending().await;
    let oak = app.clinic("Oak").await;
    let (manager, ada) = (oak.manager().await, app.administrator().await);
    let unverified = app.administrator().await;
    app.set_user(ada.user_id, "email_verified_at = now()").await;

    manager.open_ticket("Mrs Miller's results").await;
    app.work().await;

    let letter = app.letter().await;
    assert_eq!(letter["subject"], "New support ticket from Oak");
    assert_eq!(letter["senderName"], "Oak");
    let text = letter["text"].as_str().unwrap();
    assert!(text.starts_with("Oak has opened a support ticket. Please sign in to read and answer it.\n\nOpen: https://clinics.example/tickets/ticket_"), "{text}");
    for part in ["subject", "text", "html"] {
        assert!(!letter[part].as_str().unwrap().contains("Miller"), "{letter}");
    }
    let to = app.value(&format!("select email from users where id = '{}'", ada.user_id)).await;
    assert_eq!(letter["to"], to);
    let mut outcomes = app.outcomes().await;
    outcomes.sort();
    assert_eq!(outcomes, ["email sent", "email skipped address_not_verified"]);
    assert_eq!(unverified.notifications(json!({})).await.len(), 1, "in the application it is shown all the same");

    app.work().await;
    assert_eq!(app.letters().await.len(), 1);
}

#[tokio::test]
async fn each_recipient_reads_their_own_language() {
    let app = TestApp::sending().await;
    let oak = app.clinic("Oak").await;
    let manager = oak.manager().await;
    for (name, locale) in [("Fatou", "fr-CA"), ("Li", "zh"), ("Otto", "de")] {
        let user = app.user(name, true).await;
        app.set_user(user, &format!("locale = '{locale}', email_verified_at = now()")).await;
    }

    manager.open_ticket("Printer").await;
    app.work().await;

    let mut subjects: Vec<_> = app.letters().await.iter().map(|letter| letter["subject"].clone()).collect();
    subjects.sort_by_key(ToString::to_string);
    let wanted = ["New support ticket from Oak", "Nouveau ticket d’assistance de Oak", "来自 Oak 的新支持工单"];
    assert_eq!(subjects, wanted);
    let titles = app.rows("select title from notifications order by title").await;
    let titles: Vec<_> = titles.iter().map(|row| row["title"].as_str().unwrap()).collect();
    assert_eq!(titles, ["New ticket: Printer", "Nouveau ticket : Printer", "新工单：Printer"]);
}

#[tokio::test]
async fn who_does_not_want_e_mails_of_a_kind_gets_none() {
    let app = TestApp::sending().await;
    let oak = app.clinic("Oak").await;
    let (manager, ada) = (oak.manager().await, app.administrator().await);
    app.verify_everybody().await;
    ada.choose("TICKET_CREATED", "EMAIL", false).await;

    let ticket = manager.open_ticket("Printer").await;
    manager.reply(&ticket, "More.", false).await;
    app.work().await;

    let letter = app.letter().await;
    assert!(letter["subject"].as_str().unwrap().starts_with("Reply to support ticket"), "{letter}");
    assert_eq!(ada.notifications(json!({})).await.len(), 2);
    let asked = "{ notificationPreferences { choices { kind channel isUsed isUsual viewerCanChange } } }";
    let choices = ada.ask(asked, json!({})).await["notificationPreferences"]["choices"].take();
    let wanted = json!({ "kind": "TICKET_CREATED", "channel": "EMAIL", "isUsed": false, "isUsual": true, "viewerCanChange": true });
    assert!(choices.as_array().unwrap().contains(&wanted), "{choices}");
}

#[tokio::test]
async fn one_click_refuses_e_mails_of_a_kind_and_looking_changes_nothing() {
    let app = TestApp::sending().await;
    let oak = app.clinic("Oak").await;
    let (manager, ada) = (oak.manager().await, app.administrator().await);
    app.verify_everybody().await;
    app.set_user(ada.user_id, "locale = 'es'").await;
    manager.open_ticket("One").await;
    app.work().await;
    let letter = app.letter().await;
    let link = letter["unsubscribeUrl"].as_str().unwrap().strip_prefix("https://clinics.example").unwrap().to_owned();
    assert!(letter["text"].as_str().unwrap().contains(&link), "{letter}");
    let url = format!("http://{}{link}", app.address);
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();

    let page = client.get(&url).send().await.unwrap();
    assert_eq!(page.status(), 200);
    let policy = page.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.contains("form-action 'self'") && policy.starts_with("default-src 'none'"), "{policy}");
    assert!(page.text().await.unwrap().contains("Cancelar la suscripción"));
    manager.open_ticket("Two").await;
    app.work().await;
    assert_eq!(app.letters().await.len(), 2, "opening the page changes nothing");

    for _ in 0..2 {
        let form = [("content-type", "application/x-www-form-urlencoded")];
        let request = form.iter().fold(client.post(&url), |request, (name, value)| request.header(*name, *value));
        let answer = request.body("List-Unsubscribe=One-Click").send().await.unwrap();
        assert_eq!(answer.status(), 200);
    }
    manager.open_ticket("Three").await;
    app.work().await;
    assert_eq!(app.letters().await.len(), 2);
    assert_eq!(ada.notifications(json!({})).await.len(), 3);

    for wrong in ["/unsubscribe/x".to_owned(), format!("{}A", &link[..link.len() - 1])] {
        let answer = client.post(format!("http://{}{wrong}", app.address)).send().await.unwrap();
        assert_eq!(answer.status(), 404, "{wrong}");
    }
}

#[tokio::test]
async fn a_recipient_who_was_suspended_meanwhile_gets_nothing() {
    let app = TestApp::sending().await;
    let oak = app.clinic("Oak").await;
    let (manager, ada) = (oak.manager().await, app.administrator().await);
    app.verify_everybody().await;
    manager.open_ticket("Printer").await;
    app.set_user(ada.user_id, "status = 'suspended'").await;

    app.work().await;

    assert_eq!(app.letters().await, Vec::<serde_json::Value>::new());
    assert_eq!(app.outcomes().await, ["email skipped recipient_inactive"]);
}

#[tokio::test]
async fn deliveries_are_seen_by_those_in_whose_name_they_are_sent() {
    let app = TestApp::sending().await;
    let (oak, elm) = (app.clinic("Oak").await, app.clinic("Elm").await);
    let (manager, ada) = (oak.manager().await, app.administrator().await);
    app.verify_everybody().await;
    let ticket = manager.open_ticket("Printer").await;
    ada.reply(&ticket, "Paper?", false).await;
    app.work().await;

    let query =
        "{ notificationDeliveries { nodes { channel status address sentAt recipient { id } clinic { name } } } }";
    let seen = manager.ask(query, json!({})).await["notificationDeliveries"]["nodes"].take();
    assert_eq!(seen.as_array().unwrap().len(), 1, "not what the platform's administrators get: {seen}");
    assert_eq!(seen[0]["recipient"]["id"], manager.api_id());
    assert_eq!(seen[0]["status"], "SENT");
    let all = ada.ask(query, json!({})).await["notificationDeliveries"]["nodes"].take();
    assert_eq!(all.as_array().unwrap().len(), 2);
    let strangers = elm.manager().await.ask(query, json!({})).await;
    assert_eq!(strangers["notificationDeliveries"]["nodes"], json!([]));
    assert_eq!(oak.person(SystemRole::Staff).await.fail(query, json!({})).await, "FORBIDDEN");
}

#[tokio::test]
async fn a_server_without_mail_shows_notifications_and_sends_nothing() {
    let settings = clinigraph::pipeline::Settings { mail: clinigraph::mail::MailOptions::Nowhere, ..sending() };
    let app = TestApp::with(settings, 4).await;
    app.work().await;
    let oak = app.clinic("Oak").await;
    let (manager, ada) = (oak.manager().await, app.administrator().await);
    app.verify_everybody().await;

    manager.open_ticket("Printer").await;
    app.work().await;

    assert_eq!(app.outcomes().await, Vec::<String>::new());
    assert_eq!(ada.notifications(json!({})).await.len(), 1);
    let mailbox = reqwest::get(format!("http://{}/dev/mailbox", app.address)).await.unwrap();
    assert_eq!(mailbox.status(), 404);
}

#[tokio::test]
async fn many_notifications_are_planned_by_few_jobs() {
    let app = TestApp::sending().await;
    let oak = app.clinic("Oak").await;
    let manager = oak.manager().await;
    for _ in 0..5 {
        app.user("Admin", true).await;
    }
    app.verify_everybody().await;

    for number in 0..4 {
        manager.open_ticket(&format!("Printer {number}")).await;
    }
    app.has_read_all_events().await;
    app.work().await;

    assert_eq!(app.letters().await.len(), 20);
    assert_eq!(app.value("select count(*) from notifications where planned_at is null").await, json!(0));
    let page = reqwest::get(format!("http://{}/dev/mailbox", app.address)).await.unwrap().text().await.unwrap();
    assert_eq!(page.matches("New support ticket from Oak").count(), 20);
    let letter = reqwest::get(format!("http://{}/dev/mailbox/20", app.address)).await.unwrap();
    assert!(letter.text().await.unwrap().contains("As plain text"));
}

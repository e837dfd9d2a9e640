//! What is in the file of an export of tickets.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::lines;
use crate::harness::{TestApp, code};

#[tokio::test]
async fn a_csv_file_has_the_tickets_that_the_filter_leaves() {
    let app = TestApp::new().await;
    let (oak, administrator) = (app.clinic("Oak").await, app.administrator().await);
    let manager = oak.manager().await;
    let first = manager.open_ticket("Printer, the \"new\" one").await;
    let formula = manager.open_ticket("=HYPERLINK(\"http://x.example\")").await;
    let closed = manager.open_ticket("Closed").await;
    administrator.bring_ticket_to(&closed, "CLOSED").await;
    administrator.assign_ticket(&first, &administrator).await;

    let export = manager.request_ticket_export(json!({ "filter": { "status": ["OPEN"] } })).await;
    app.work().await;

    let read = "{ kind format parameters status rowsDone rowsTotal error startedAt finishedAt expiresAt downloads
        clinic { name } requestedBy { id } file { name mediaType sizeBytes purpose visibility url subject { id } }
        viewerCanCancel viewerCanDownload }";
    let mut done = manager.export(&export, read).await;
    for time in ["startedAt", "finishedAt", "expiresAt"] {
        assert!(done[time].take().is_string(), "{time}");
    }
    assert!(done["file"]["sizeBytes"].take().as_i64().unwrap() > 0);
    let day = app.clock.now().format("%Y-%m-%d");
    assert_eq!(
        done,
        json!({
            "kind": "TICKETS", "format": "CSV", "parameters": { "status": ["OPEN"] }, "status": "COMPLETED", "rowsDone": 2,
            "rowsTotal": 2, "error": null, "startedAt": null, "finishedAt": null, "expiresAt": null, "downloads": 0,
            "clinic": { "name": "Oak" }, "requestedBy": { "id": manager.api_id() },
            "file": {
                "name": format!("tickets-{day}.csv"), "mediaType": "text/csv", "sizeBytes": null, "purpose": "EXPORT",
                "visibility": "OWNER", "url": null, "subject": { "id": export },
            },
            "viewerCanCancel": false, "viewerCanDownload": true,
        })
    );
    let got = manager.download_export(&export).await;
    assert_eq!(got.header("content-type"), Some("text/csv; charset=utf-8"));
    assert_eq!(got.header("content-disposition"), Some(format!("attachment; filename=\"tickets-{day}.csv\"").as_str()));
    let content = String::from_utf8(got.body.unwrap()).unwrap();
    let rows: Vec<&str> = content.split("\r\n").collect();
    assert_eq!(rows.len(), 4, "a head, two tickets and the end: {content}");
    assert!(
        rows[0].starts_with("id,number,clinicId,clinicName,title,description,priority,status,createdById,"),
        "{content}"
    );
    assert!(
        rows[1].starts_with(&format!("{first},"))
            && rows[1].contains(",\"Printer, the \"\"new\"\" one\",Please help.,MEDIUM,OPEN,")
    );
    assert!(rows[1].contains(&format!(",{},Ada Tester,", administrator.api_id())), "{content}");
    assert!(
        rows[2].starts_with(&format!("{formula},")) && rows[2].contains(",\"'=HYPERLINK(\"\"http://x.example\"\")\",")
    );
    assert!(!content.contains(&closed));
}

#[tokio::test]
async fn an_ndjson_file_has_the_names_and_values_of_the_api() {
    let app = TestApp::new().await;
    let manager = app.clinic("Oak").await.manager().await;
    let ticket = manager.open_ticket("Drucker “offline”\n诊所").await;

    let export = manager.request_ticket_export(json!({ "format": "NDJSON" })).await;
    app.work().await;

    let rows = lines(&manager.content_of_export(&export).await);
    let fields = "id number title description priority status firstResponseDueAt resolutionDueAt firstRespondedAt createdAt updatedAt";
    let read =
        manager.ticket(&ticket, &format!("{{ {fields} clinic {{ id name }} createdBy {{ id displayName }} }}")).await;
    assert_eq!(rows.len(), 1);
    for field in fields.split(' ') {
        assert_eq!(rows[0][field], read[field], "{field}");
    }
    assert_eq!(rows[0]["clinicId"], read["clinic"]["id"]);
    assert_eq!(rows[0]["clinicName"], "Oak");
    assert_eq!(rows[0]["createdById"], read["createdBy"]["id"]);
    assert_eq!(rows[0]["createdByDisplayName"], read["createdBy"]["displayName"]);
    assert_eq!(rows[0]["assigneeId"], Value::Null);
}

#[tokio::test]
async fn each_of_many_rows_comes_once() {
    let app = TestApp::new().await;
    let oak = app.clinic("Oak").await;
    let manager = oak.manager().await;
    app.many_tickets(&manager, oak.id, 777).await;

    for content in ["TICKETS", "MESSAGES"] {
        if content == "MESSAGES" {
            app.execute(&format!(
                "insert into ticket_messages (id, clinic_id, ticket_id, author_user_id, body, is_internal)
                 select gen_random_uuid(), clinic_id, id, '{}', 'Message on ' || title, false from support_tickets",
                manager.user_id
            ))
            .await;
        }
        let export = manager.request_ticket_export(json!({ "content": content, "format": "NDJSON" })).await;
        app.work().await;

        let rows = lines(&manager.content_of_export(&export).await);
        let ids: BTreeSet<&str> = rows.iter().map(|row| row["id"].as_str().unwrap()).collect();
        assert_eq!((rows.len(), ids.len()), (777, 777), "{content}");
        let done = manager.export(&export, "{ rowsDone rowsTotal }").await;
        assert_eq!(done, json!({ "rowsDone": 777, "rowsTotal": 777 }));
    }
}

#[tokio::test]
async fn messages_are_those_on_the_tickets_of_the_filter() {
    let app = TestApp::new().await;
    let manager = app.clinic("Oak").await.manager().await;
    let (printer, phone) = (manager.open_ticket("Printer").await, manager.open_ticket("Telephone").await);
    manager.reply(&printer, "It smokes.", false).await;
    manager.reply(&phone, "It rings.", false).await;

    let input = json!({ "content": "MESSAGES", "format": "NDJSON", "filter": { "text": "print", "status": "OPEN" } });
    let export = manager.request_ticket_export(input).await;
    app.work().await;

    let rows = lines(&manager.content_of_export(&export).await);
    let number = manager.ticket(&printer, "{ number }").await["number"].clone();
    assert_eq!(rows.len(), 1);
    assert_eq!(
        (&rows[0]["body"], &rows[0]["ticketId"], &rows[0]["ticketNumber"], &rows[0]["authorId"]),
        (&json!("It smokes."), &json!(printer), &number, &json!(manager.api_id()))
    );
}

#[tokio::test]
async fn what_is_added_after_the_request_is_left_out() {
    let app = TestApp::new().await;
    let manager = app.clinic("Oak").await.manager().await;
    let before = manager.open_ticket("Before").await;

    let export = manager.request_ticket_export(json!({ "format": "NDJSON" })).await;
    app.clock.turn(TimeDelta::seconds(5));
    manager.open_ticket("After").await;
    app.work().await;

    let rows = lines(&manager.content_of_export(&export).await);
    assert_eq!(rows.iter().map(|row| &row["id"]).collect::<Vec<_>>(), [&json!(before)]);
}

#[tokio::test]
async fn an_export_without_rows_has_a_head_or_no_file() {
    let app = TestApp::new().await;
    let manager = app.clinic("Oak").await.manager().await;

    let csv = manager.request_ticket_export(json!({ "hasByteOrderMark": true })).await;
    let ndjson = manager.request_ticket_export(json!({ "format": "NDJSON" })).await;
    app.work().await;

    let content = manager.content_of_export(&csv).await;
    assert!(content.starts_with("\u{feff}id,number,") && content.ends_with(",createdAt,updatedAt\r\n"), "{content}");
    let read = "{ status rowsDone file { id } viewerCanDownload }";
    let none = json!({ "status": "COMPLETED", "rowsDone": 0, "file": null, "viewerCanDownload": false });
    assert_eq!(manager.export(&ndjson, read).await, none);
    let refused = manager.refused("downloadExport", json!({ "exportId": ndjson })).await;
    assert_eq!(
        (code(&refused), &refused["message"]),
        ("INVALID_TRANSITION", &json!("the export has no rows, and so no file"))
    );
}

#[tokio::test]
async fn a_filter_is_checked_when_the_export_is_requested() {
    let app = TestApp::new().await;
    let (oak, elm) = (app.clinic("Oak").await, app.clinic("Elm").await);
    let manager = oak.manager().await;

    let problems = manager.problems("requestTicketExport", json!({ "filter": { "text": "x".repeat(201) } })).await;
    let foreign = manager.refused("requestTicketExport", json!({ "filter": { "clinicId": elm.api_id() } })).await;

    assert_eq!(problems, [("input.filter.text".to_owned(), "must have at most 200 characters, not 201".to_owned())]);
    assert_eq!(code(&foreign), "NOT_FOUND");
    assert_eq!(app.value("select count(*) from export_jobs").await, 0);
}

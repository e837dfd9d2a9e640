//! Who sees a file: its uploader, and then those who see what it is part of.

use clinigraph::kernel::actor::SystemRole;
use serde_json::{Value, json};

use super::person::Sample;
use crate::harness::{Person, TestApp, code};

async fn reply_with(person: &Person, ticket: &str, file: &str, is_internal: bool) -> Value {
    let input = json!({ "ticketId": ticket, "body": "See there.", "fileIds": [file], "isInternal": is_internal });
    person.change_ticket("replyToTicket", input, "{ id files { id name visibility subject { id } } }").await
}

#[tokio::test]
async fn a_file_that_is_part_of_nothing_is_its_uploaders_alone() {
    let app = TestApp::new().await;
    let (oak, elm) = (app.clinic("Oak").await, app.clinic("Elm").await);
    let staff = oak.person(SystemRole::Staff).await;
    let upload = staff.send_upload(&Sample::text("Draft.")).await;
    let file = staff.complete_upload(&upload).await;

    for other in [oak.manager().await, oak.person(SystemRole::Auditor).await, elm.manager().await] {
        assert_eq!(other.file(&file, "{ id }").await, Value::Null);
        let seen =
            other.ask("query ($id: ID!) { node(id: $id) { id } fileUpload(id: $id) { id } }", json!({ "id": upload }));
        assert_eq!(seen.await, json!({ "node": null, "fileUpload": null }));
        assert_eq!(code(&other.refused("completeUpload", json!({ "uploadId": upload })).await), "NOT_FOUND");
        assert_eq!(other.try_remove_file(&file).await.code().as_deref(), Some("NOT_FOUND"));
    }
    assert!(staff.file(&file, "{ id }").await.is_object());
}

#[tokio::test]
async fn who_reads_a_message_reads_its_files() {
    let app = TestApp::new().await;
    let (oak, elm, administrator) = (app.clinic("Oak").await, app.clinic("Elm").await, app.administrator().await);
    let staff = oak.person(SystemRole::Staff).await;
    let file = staff.upload(&Sample::text("The label.")).await;
    let ticket = staff.open_ticket("Printer").await;

    let message = reply_with(&staff, &ticket, &file, false).await;

    let subject = json!({ "id": message["id"] });
    assert_eq!(
        message["files"],
        json!([{ "id": file, "name": "notes.txt", "visibility": "CLINIC", "subject": subject }])
    );
    for reader in [&oak.manager().await, &oak.person(SystemRole::Auditor).await, &administrator] {
        let read = reader.ticket(&ticket, "{ messages { nodes { files { id url } } } }").await;
        let url = read["messages"]["nodes"][0]["files"][0]["url"].as_str().unwrap().to_owned();
        assert_eq!(reader.get(&url, &[]).await.body.as_deref(), Ok(&b"The label."[..]));
    }
    for other in [elm.manager().await, oak.person(SystemRole::Clinician).await, oak.person(SystemRole::Patient).await] {
        assert_eq!(other.file(&file, "{ id url }").await, Value::Null);
        let seen =
            other.ask("query ($id: ID!) { node(id: $id) { id } nodes(ids: [$id]) { id } }", json!({ "id": file }));
        assert_eq!(seen.await, json!({ "node": null, "nodes": [null] }));
        assert_eq!(other.try_remove_file(&file).await.code().as_deref(), Some("NOT_FOUND"));
    }
}

#[tokio::test]
async fn the_file_of_an_internal_note_stays_among_administrators() {
    let app = TestApp::new().await;
    let (oak, administrator) = (app.clinic("Oak").await, app.administrator().await);
    let manager = oak.manager().await;
    let ticket = manager.open_ticket("Printer").await;
    let upload = administrator.send_upload_to(Some(oak.api_id()), &Sample::text("They pulled the plug.")).await;
    let file = administrator.complete_upload(&upload).await;

    let note = reply_with(&administrator, &ticket, &file, true).await;

    assert_eq!(note["files"][0]["visibility"], "PLATFORM");
    let colleague = app.administrator().await;
    assert!(colleague.file(&file, "{ url }").await["url"].is_string());
    for person in [&manager, &oak.person(SystemRole::Staff).await, &oak.person(SystemRole::Auditor).await] {
        assert_eq!(person.file(&file, "{ id }").await, Value::Null);
        let seen = person.ticket(&ticket, "{ files { id } messages { totalCount nodes { files { id } } } }").await;
        assert_eq!(seen, json!({ "files": [], "messages": { "totalCount": 0, "nodes": [] } }));
        assert_eq!(person.try_remove_file(&file).await.code().as_deref(), Some("NOT_FOUND"));
    }
}

#[tokio::test]
async fn a_ticket_is_opened_with_files() {
    let app = TestApp::new().await;
    let manager = app.clinic("Oak").await.manager().await;
    let files = [manager.upload(&Sample::text("one")).await, manager.upload(&Sample::text("two")).await];

    let input = json!({ "title": "Printer", "description": "See there.", "fileIds": files });
    let ticket = manager.change_ticket("openTicket", input, "{ id files { id subject { __typename } } }").await;

    let subject = json!({ "__typename": "Ticket" });
    let listed = files.each_ref().map(|file| json!({ "id": file, "subject": subject }));
    assert_eq!(ticket["files"], json!(listed));
}

#[tokio::test]
async fn a_file_is_attached_once_by_its_uploader_for_its_purpose_in_its_clinic() {
    let app = TestApp::new().await;
    let (oak, elm, administrator) = (app.clinic("Oak").await, app.clinic("Elm").await, app.administrator().await);
    let (manager, staff) = (oak.manager().await, oak.person(SystemRole::Staff).await);
    let ticket = manager.open_ticket("Printer").await;
    let used = manager.upload(&Sample::text("used")).await;
    reply_with(&manager, &ticket, &used, false).await;
    let others = staff.upload(&Sample::text("others")).await;
    let theirs = elm.manager().await.upload(&Sample::text("theirs")).await;
    let of_elm = administrator.send_upload_to(Some(elm.api_id()), &Sample::text("of Elm")).await;
    let of_elm = administrator.complete_upload(&of_elm).await;
    let logo = manager.upload(&Sample::logo()).await;

    for (person, file, code, message) in [
        (&manager, &used, "INVALID_INPUT", "must not be part of something else already"),
        (&staff, &used, "INVALID_INPUT", "must be a file that you have uploaded yourself"),
        (&manager, &others, "NOT_FOUND", "the file was not found"),
        (&manager, &theirs, "NOT_FOUND", "the file was not found"),
        (&administrator, &of_elm, "INVALID_INPUT", "must belong to the same clinic"),
        (&manager, &logo, "INVALID_INPUT", "must be uploaded for this purpose"),
    ] {
        let input = json!({ "ticketId": ticket, "body": "x", "fileIds": [file] });
        let error = person.refused("replyToTicket", input).await;
        let field = &error["extensions"]["fields"][0];
        assert_eq!((&field["path"], &field["message"]), (&json!("input.fileIds.0"), &json!(message)), "{error}");
        assert_eq!(error["extensions"]["code"], code);
    }
    // A message that fails with its file is not written.
    assert_eq!(manager.ticket(&ticket, "{ messages { totalCount } }").await["messages"]["totalCount"], 1);
}

//! Who gets an export, and what of it: the rights that count are those at the moment when the rows are read.

use clinigraph::kernel::actor::SystemRole;
use serde_json::{Value, json};

use super::{lines, until_status};
use crate::harness::{Person, TestApp, code};

/// The only notification of a person.
async fn notified(person: &Person) -> Value {
    let query = "{ notifications { nodes { kind title body linkPath subject { id } } } }";
    let mut found = person.ask(query, json!({})).await["notifications"]["nodes"].take();
    assert_eq!(found.as_array().unwrap().len(), 1, "{found}");
    found[0].take()
}

#[tokio::test]
async fn an_export_has_neither_internal_notes_nor_rows_of_other_clinics() {
    let app = TestApp::new().await;
    let (oak, elm, administrator) = (app.clinic("Oak").await, app.clinic("Elm").await, app.administrator().await);
    let (manager, other) = (oak.manager().await, elm.manager().await);
    let theirs = other.open_ticket("Elm secret").await;
    other.reply(&theirs, "Elm secret", false).await;
    let ticket = manager.open_ticket("Printer").await;
    administrator.reply(&ticket, "A note.", true).await;
    administrator.reply(&ticket, "An answer.", false).await;
    let input = |content: &str| json!({ "content": content, "format": "NDJSON" });

    let mut exports = Vec::new();
    for person in [&manager, &administrator] {
        for content in ["TICKETS", "MESSAGES"] {
            exports.push(person.request_ticket_export(input(content)).await);
        }
    }
    app.work().await;

    let own = [manager.content_of_export(&exports[0]).await, manager.content_of_export(&exports[1]).await];
    assert_eq!(own.each_ref().map(|content| lines(content).len()), [1, 1]);
    assert!(own[1].contains("An answer."));
    for content in &own {
        assert!(!content.contains("A note.") && !content.contains("Elm secret"), "{content}");
    }
    // An administrator reads all of it, so what is left out is left out for the clinic alone.
    let all = [administrator.content_of_export(&exports[2]).await, administrator.content_of_export(&exports[3]).await];
    assert_eq!(all.each_ref().map(|content| lines(content).len()), [2, 3]);
    assert!(all[1].contains("A note.") && all[1].contains("Elm secret"));
}

#[tokio::test]
async fn who_loses_the_right_before_the_export_runs_gets_no_file() {
    for (change, error) in [
        ("update memberships set role = 'staff'", "you need the permission DATA_EXPORT"),
        ("update memberships set status = 'suspended'", "you do not belong to this clinic any more"),
        ("update users set status = 'suspended' where not is_platform_admin", "this account is not active"),
        ("update clinics set status = 'suspended'", "this clinic is not active"),
    ] {
        let app = TestApp::new().await;
        let manager = app.clinic("Oak").await.manager().await;
        let administrator = app.administrator().await;
        manager.open_ticket("Printer").await;
        let export = manager.request_ticket_export(json!({})).await;

        app.execute(change).await;
        app.work().await;

        let read = administrator.export(&export, "{ status error rowsDone file { id } }").await;
        assert_eq!(read, json!({ "status": "FAILED", "error": error, "rowsDone": 0, "file": null }), "{change}");
        assert_eq!(app.value("select count(*) from files").await, 0);
        assert_eq!(app.value("select count(*) from jobs where kind = 'export_run'").await, 0);
        assert_eq!(app.value("select body from notifications where kind = 'export_failed'").await, error);
    }
}

#[tokio::test]
async fn who_loses_the_right_while_the_export_runs_gets_no_file() {
    let app = TestApp::new().await;
    let oak = app.clinic("Oak").await;
    let (manager, administrator) = (oak.manager().await, app.administrator().await);
    app.many_tickets(&manager, oak.id, 600).await;
    app.execute(
        "create function lose() returns trigger language plpgsql security definer as $$ begin
             update memberships set role = 'staff'; return null; end $$;
         create trigger lose after update on export_jobs for each row when (new.rows_done = 250) execute function lose()",
    )
    .await;

    let export = manager.request_ticket_export(json!({})).await;
    app.work().await;

    let read = administrator.export(&export, "{ status error rowsDone rowsTotal file { id } }").await;
    let error = "you need the permission DATA_EXPORT";
    assert_eq!(read, json!({ "status": "FAILED", "error": error, "rowsDone": 250, "rowsTotal": 600, "file": null }));
    assert_eq!(notified(&manager).await["kind"], "EXPORT_FAILED");
}

#[tokio::test]
async fn a_change_of_rights_that_leaves_the_permission_does_not_stop_an_export() {
    let app = TestApp::new().await;
    let oak = app.clinic("Oak").await;
    let manager = oak.manager().await;
    app.many_tickets(&manager, oak.id, 600).await;
    // Another session of the person ends, which counts as a change of their access.
    app.signed_in(manager.user_id, Some(oak.id)).await;
    app.execute(
        "create function change() returns trigger language plpgsql security definer as $$ begin
             update sessions set revoked_at = now() where id = (select max(id::text)::uuid from sessions); return null; end $$;
         create trigger change after update on export_jobs for each row when (new.rows_done = 250) execute function change()",
    )
    .await;

    let export = manager.request_ticket_export(json!({})).await;
    app.work().await;

    assert_eq!(manager.export(&export, "{ status rowsDone }").await, json!({ "status": "COMPLETED", "rowsDone": 600 }));
}

#[tokio::test]
async fn only_who_requested_an_export_and_administrators_see_it() {
    let app = TestApp::new().await;
    let (oak, elm, administrator) = (app.clinic("Oak").await, app.clinic("Elm").await, app.administrator().await);
    let manager = oak.manager().await;
    let export = manager.request_ticket_export(json!({})).await;
    app.work().await;
    let file = manager.export(&export, "{ file { id } }").await["file"]["id"].as_str().unwrap().to_owned();

    for other in [oak.manager().await, oak.person(SystemRole::Auditor).await, elm.manager().await] {
        assert_eq!(other.export(&export, "{ id }").await, Value::Null);
        assert_eq!(other.file(&file, "{ id }").await, Value::Null);
        let listed = other.ask("{ exports { totalCount } }", json!({})).await;
        assert_eq!(listed["exports"]["totalCount"], 0);
        assert_eq!(code(&other.refused("cancelExport", json!({ "exportId": export })).await), "NOT_FOUND");
    }
    assert_eq!(code(&oak.manager().await.refused("downloadExport", json!({ "exportId": export })).await), "NOT_FOUND");
    assert!(administrator.content_of_export(&export).await.starts_with("id,number,"));
    for (query, person) in [
        ("{ exports(filter: { status: COMPLETED, kind: TICKETS }) { nodes { id } } }", &manager),
        ("{ exports { nodes { id } } }", &administrator),
    ] {
        assert_eq!(person.ask(query, json!({})).await["exports"]["nodes"], json!([{ "id": export }]));
    }
    // The file goes with its export alone.
    assert_eq!(manager.try_remove_file(&file).await.code().as_deref(), Some("INVALID_TRANSITION"));
    let upload = json!({ "name": "x.csv", "purpose": "EXPORT", "mediaType": "text/csv", "sizeBytes": 1, "sha256": "0".repeat(64) });
    let problems = manager.problems("createUpload", upload).await;
    assert_eq!(problems, [("input.purpose".to_owned(), "must be a purpose that files are uploaded for".to_owned())]);
}

#[tokio::test]
async fn who_may_read_tickets_may_not_export_them_yet() {
    let app = TestApp::new().await;
    let oak = app.clinic("Oak").await;
    let administrator = app.administrator().await;
    for role in [SystemRole::Staff, SystemRole::Auditor, SystemRole::Clinician] {
        let person = oak.person(role).await;
        assert_eq!(code(&person.refused("requestTicketExport", json!({})).await), "FORBIDDEN", "{role:?}");
    }
    // Nor does a file stay within reach of who may not any more.
    let manager = oak.manager().await;
    let export = manager.request_ticket_export(json!({})).await;
    app.work().await;
    until_status(&manager, &export, "COMPLETED").await;
    app.execute(&format!("update memberships set role = 'staff' where user_id = '{}'", manager.user_id)).await;

    assert_eq!(code(&manager.refused("downloadExport", json!({ "exportId": export })).await), "FORBIDDEN");
    assert_eq!(manager.export(&export, "{ viewerCanDownload }").await, json!({ "viewerCanDownload": false }));
    assert_eq!(administrator.export(&export, "{ viewerCanDownload }").await, json!({ "viewerCanDownload": true }));
}

#[tokio::test]
async fn the_trail_has_each_request_and_each_download() {
    let app = TestApp::new().await;
    let (oak, administrator) = (app.clinic("Oak").await, app.administrator().await);
    let manager = oak.manager().await;
    let export = manager.request_ticket_export(json!({ "filter": { "priority": "HIGH" } })).await;
    app.work().await;

    let titled = notified(&manager).await;
    assert_eq!(
        titled,
        json!({
            "kind": "EXPORT_READY", "title": "Your export of tickets is ready", "body": "Rows: 0",
            "linkPath": format!("/exports/{export}"), "subject": { "id": export },
        })
    );
    manager.content_of_export(&export).await;
    manager.content_of_export(&export).await;

    let query =
        "query ($id: ID!) { auditEvents(filter: { resourceId: $id }, order: { field: OCCURRED_AT, direction: ASC }) {
        nodes { verb operation actor { id } clinic { id } changes { field after } } } }";
    let trail = administrator.ask(query, json!({ "id": export })).await["auditEvents"]["nodes"].take();
    let entries = trail.as_array().unwrap();
    let done: Vec<_> =
        entries.iter().map(|entry| (entry["verb"].as_str().unwrap(), entry["operation"].as_str().unwrap())).collect();
    assert_eq!(done, [("CREATE", "requestTicketExport"), ("UPDATE", "downloadExport"), ("UPDATE", "downloadExport")]);
    for entry in entries {
        assert_eq!((&entry["actor"]["id"], &entry["clinic"]["id"]), (&json!(manager.api_id()), &json!(oak.api_id())));
    }
    let changes = entries[0]["changes"].as_array().unwrap();
    assert!(changes.contains(&json!({ "field": "parameters", "after": { "priority": ["HIGH"] } })), "{trail}");
    assert!(
        entries[2]["changes"].as_array().unwrap().contains(&json!({ "field": "downloads", "after": 2 })),
        "{trail}"
    );
}

//! The audit trail as administrators read it.

use clinigraph::{
    entities::entities,
    kernel::{
        actor::SystemRole,
        entity::{Def, EdgeKind},
    },
};
use serde_json::{Value, json};

use crate::harness::{Person, TestApp};

const LIST: &str = "query ($filter: AuditEventFilter, $first: Int, $after: String, $order: AuditEventOrder) {
    auditEvents(filter: $filter, first: $first, after: $after, order: $order) {
        totalCount
        edges { cursor node { id seq verb resourceType resourceId operation } }
        pageInfo { hasNextPage hasPreviousPage }
    }
}";

impl Person {
    /// A page of the audit trail.
    async fn audit_events(&self, variables: Value) -> Value {
        self.ask(LIST, variables).await["auditEvents"].take()
    }
}

fn of<'a>(list: &'a Value, field: &str) -> Vec<&'a str> {
    list["edges"].as_array().unwrap().iter().map(|edge| edge["node"][field].as_str().unwrap()).collect()
}

#[tokio::test]
async fn only_administrators_read_the_trail() {
    let app = TestApp::new().await;
    let clinic = app.clinic("Oak").await;

    for role in [SystemRole::ClinicManager, SystemRole::Auditor, SystemRole::Staff] {
        assert_eq!(clinic.person(role).await.fail(LIST, json!({})).await, "FORBIDDEN", "{role:?}");
    }
    assert_eq!(app.nobody().fail(LIST, json!({})).await, "UNAUTHENTICATED");
}

#[tokio::test]
async fn a_page_goes_on_from_the_middle_both_ways() {
    let app = TestApp::new().await;
    let clinic = app.clinic("Oak").await;
    let manager = clinic.manager().await;
    for place in 0..9 {
        manager.open_ticket(&format!("Matter {place}")).await;
    }
    let administrator = app.administrator().await;
    let filter = json!({ "clinicId": clinic.api_id(), "resourceType": "ticket" });

    let all = administrator.audit_events(json!({ "filter": filter })).await;
    let cursor = all["edges"][3]["cursor"].clone();
    let page = administrator.audit_events(json!({ "filter": filter, "first": 3, "after": cursor })).await;
    let oldest = json!({ "field": "OCCURRED_AT", "direction": "ASC" });
    let turned = administrator.audit_events(json!({ "filter": filter, "order": oldest })).await;

    assert_eq!(all["totalCount"], 9);
    assert_eq!(of(&page, "id"), of(&all, "id")[4..7]);
    assert_eq!(page["pageInfo"], json!({ "hasNextPage": true, "hasPreviousPage": true }));
    let mut back = of(&turned, "id");
    back.reverse();
    assert_eq!(back, of(&all, "id"));
    let numbers: Vec<u64> = of(&all, "seq").iter().map(|seq| seq.parse().unwrap()).collect();
    assert!(numbers.is_sorted_by(|one, next| one > next), "{numbers:?}");
    // A cursor of the other order is none of this one.
    let mixed = json!({ "filter": filter, "order": oldest, "after": cursor });
    assert_eq!(administrator.fail(LIST, mixed).await, "INVALID_CURSOR");
}

#[tokio::test]
async fn a_row_is_followed_by_its_id() {
    let app = TestApp::new().await;
    let clinic = app.clinic("Oak").await;
    let manager = clinic.manager().await;
    let ticket = manager.open_ticket("Printer").await;
    manager.open_ticket("Other").await;
    let administrator = app.administrator().await;

    let seen = administrator.audit_events(json!({ "filter": { "resourceId": ticket } })).await;

    assert_eq!(seen["totalCount"], 1);
    let node = &seen["edges"][0]["node"];
    assert_eq!(
        (&node["resourceId"], &node["verb"], &node["operation"]),
        (&json!(ticket), &json!("CREATE"), &json!("openTicket"))
    );
    let by_id = administrator
        .ask(
            "query ($id: ID!) { node(id: $id) { ... on AuditEvent { resourceId changes { field redacted what: after __typename } } } }",
            json!({ "id": node["id"] }),
        )
        .await;
    assert_eq!(by_id["node"]["resourceId"], json!(ticket));
    let changes = by_id["node"]["changes"].as_array().unwrap();
    let change = |field: &str| changes.iter().find(|change| change["field"] == field).unwrap();
    assert_eq!(
        change("title"),
        &json!({ "field": "title", "redacted": true, "what": null, "__typename": "AuditChange" })
    );
    assert_eq!(
        change("priority"),
        &json!({ "field": "priority", "redacted": false, "what": "medium", "__typename": "AuditChange" })
    );
}

#[tokio::test]
async fn the_trail_is_filtered() {
    let app = TestApp::new().await;
    let (oak, elm) = (app.clinic("Oak").await, app.clinic("Elm").await);
    let (ours, theirs) = (oak.manager().await, elm.manager().await);
    let administrator = app.administrator().await;
    let ticket = ours.open_ticket("Printer").await;
    administrator.reply(&ticket, "We look into it", false).await;
    theirs.open_ticket("Phone").await;
    let clinic = oak.api_id();

    for (filter, wanted) in [
        (json!({ "actorUserId": ours.api_id() }), &["ticket"][..]),
        (json!({ "actorUserId": administrator.api_id(), "verb": "CREATE" }), &["ticket_message"]),
        (json!({ "clinicId": clinic, "resourceType": "ticket_message" }), &["ticket_message"]),
        (json!({ "clinicId": clinic, "occurredAt": { "until": "2001-01-01T00:00:00Z" } }), &[]),
        (
            json!({ "resourceType": "ticket", "verb": "UPDATE", "occurredAt": { "from": "2001-01-01T00:00:00Z" } }),
            &["ticket"],
        ),
        (json!({ "patientId": "patient_01h455vb4pex5vsknk084sn02q" }), &[]),
    ] {
        assert_eq!(
            of(&administrator.audit_events(json!({ "filter": filter })).await, "resourceType"),
            wanted,
            "{filter}"
        );
    }
    for (filter, code) in [
        (json!({ "verb": "CREATE" }), "INVALID_INPUT"),
        (json!({ "resourceType": "ticket", "occurredAt": { "until": "2001-01-01T00:00:00Z" } }), "INVALID_INPUT"),
        (json!({ "resourceId": ticket, "resourceType": "user" }), "INVALID_ID"),
        (json!({ "patientId": ticket }), "INVALID_ID"),
        (json!({ "resourceId": "?" }), "INVALID_ID"),
    ] {
        assert_eq!(administrator.fail(LIST, json!({ "filter": filter })).await, code, "{filter}");
    }
}

#[tokio::test]
async fn the_trail_leads_to_what_was_changed_whatever_its_kind() {
    let app = TestApp::new().await;
    let clinic = app.clinic("Oak").await;
    let manager = clinic.manager().await;
    let ticket = manager.open_ticket("Printer").await;
    manager.reply(&ticket, "Hello?", false).await;
    let administrator = app.administrator().await;
    let query = "query ($filter: AuditEventFilter, $order: AuditEventOrder) { auditEvents(filter: $filter, order: $order) { nodes {
        resource { __typename what: id ...F ... on TicketMessage { body ticket { number } } }
    } } } fragment F on Node { ... on Ticket { title clinic { name } } }";
    let order = json!({ "field": "OCCURRED_AT", "direction": "ASC" });

    let answer =
        administrator.send(query, json!({ "filter": { "actorUserId": manager.api_id() }, "order": order })).await;

    let nodes = answer.body["data"]["auditEvents"]["nodes"].as_array().unwrap();
    let ticket = json!({ "resource": {
        "__typename": "Ticket", "what": ticket, "title": "Printer", "clinic": { "name": "Oak" }
    } });
    assert_eq!(nodes[0], ticket);
    assert_eq!(nodes[1]["resource"]["body"], "Hello?");
    assert!(nodes[1]["resource"]["ticket"]["number"].is_u64());
    // The events, the tickets, the messages, and the tickets of the messages.
    assert_eq!(answer.sql_count(), 4, "{}", answer.body);
    // A session has no type of its own, and a notification is seen by its recipient alone.
    let others = json!({ "filter": { "clinicId": clinic.api_id(), "resourceType": "notification" } });
    let others = administrator.ask(query, others).await;
    assert!(others["auditEvents"]["nodes"].as_array().unwrap().iter().all(|node| node["resource"].is_null()));
}

/// The field that shows a column, by the declaration; of an amount of money it is the field with amount and currency.
fn shown(def: &Def, column: &str) -> Option<String> {
    let own = def.columns.iter().find(|field| field.sql == column).map(|field| field.name.clone());
    let edge = || {
        def.edges.iter().find_map(|edge| match edge.kind {
            EdgeKind::One { column: by, .. } if by == column => Some(edge.name.clone()),
            EdgeKind::Part { .. } if (edge.to)().type_name == "Money" => {
                (shown((edge.to)(), column)? == "amount").then(|| edge.name.clone())
            }
            // The trail names each column of a secret by itself, as their names begin with that of the secret.
            EdgeKind::Part { .. } if (edge.to)().type_name == "SealedSecret" => None,
            EdgeKind::Part { .. } => shown((edge.to)(), column),
            _ => None,
        })
    };
    let reference = || def.references.iter().find(|reference| reference.id == column).map(|it| it.name.clone());
    own.or_else(edge).or_else(reference)
}

#[tokio::test]
async fn a_change_names_its_field_as_the_api_does() {
    let app = TestApp::new().await;
    let (manager, administrator) = (app.clinic("Oak").await.manager().await, app.administrator().await);
    let ticket = manager.open_ticket("Printer").await;
    let assign = "mutation ($input: AssignTicketInput!) { assignTicket(input: $input) { ticket { id } } }";
    administrator.ask(assign, json!({ "input": { "ticketId": ticket, "assigneeId": administrator.api_id() } })).await;

    let query = "query ($filter: AuditEventFilter) { auditEvents(first: 1, filter: $filter) { nodes {
        actorEmail changes { field before } } } }";
    let seen = administrator.ask(query, json!({ "filter": { "resourceId": ticket } })).await;
    assert_eq!(seen["auditEvents"]["nodes"][0]["changes"], json!([{ "field": "assignee", "before": null }]));

    let audited =
        "select relname as table, attname as column, private.api_field(attname, atttypid = 'uuid'::regtype) as field
        from pg_trigger join pg_class on pg_class.oid = tgrelid join pg_attribute on attrelid = tgrelid
        where tgname = 'audit' and attnum > 0 and not attisdropped and attgenerated = ''
          and attname <> all ('{id,clinic_id,created_at,created_by,updated_at,updated_by,version}')";
    let columns = app.rows(audited).await;
    let text = |row: &Value, name: &str| row[name].as_str().unwrap().to_owned();
    let mut compared = 0;
    for row in &columns {
        let defs = entities();
        let Some(def) = defs.iter().find(|def| row["table"] == def.table) else { continue };
        if let Some(field) = shown(def, &text(row, "column")) {
            assert_eq!(text(row, "field"), field, "{row}");
            compared += 1;
        }
    }
    assert!(compared > 60, "{compared} of {}", columns.len());
    let field = |name: &str| columns.iter().find(|row| row["column"] == name).map(|row| text(row, "field"));
    assert_eq!(field("acting_clinic_id").as_deref(), Some("actingClinic"), "a column that the API does not show");
    assert_eq!(field("consultation_fee").as_deref(), Some("consultationFee"));
}

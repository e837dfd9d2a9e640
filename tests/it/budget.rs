//! How many SQL statements an operation takes. A budget is exact: a change that needs more says so here, and so does
//! one that needs less. What opens and ends a transaction is not counted, and neither is what the server does as
//! itself, as when it looks up a session.

use std::time::Duration;

use clinigraph::{
    demo,
    graphql::entities,
    outbound::OutboundOptions,
    pipeline::{Limits, Settings},
    webhook::Webhooks,
};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::{
    cases::{Who, assert_complete, bind, budgets, table},
    file::Sample,
    harness::{TestApp, api_id, sdl::root_fields, settings},
    integration,
    support::cases::DASHBOARD,
};

/// An app with the demo's many tickets, and no limit on what is asked for at once.
async fn demo_app() -> TestApp {
    let settings = Settings {
        limits: Limits { cost: 100_000, ..Limits::default() },
        deadline: Duration::from_secs(30),
        outbound: OutboundOptions { allows_private: true, ..OutboundOptions::default() },
        ..settings()
    };
    let app = TestApp::with(settings, 4).await;
    demo::load(&app.database).await.unwrap();
    clinigraph::export::demo::load(&app.files, "acacia").await.unwrap();
    demo::load_webhooks(&app.database, app.services.get::<Webhooks>().unwrap()).await.unwrap();
    app
}

#[test]
fn every_operation_has_a_budget() {
    let fields = root_fields(&["Query", "Mutation"]);

    assert_complete("operation", "budgets", fields, budgets().map(|budget| budget.field.to_owned()));
}

/// An id of each kind of entity that the clinic has.
async fn ids(app: &TestApp, clinic: Uuid) -> Map<String, Value> {
    let mut ids = Map::new();
    for def in entities() {
        let of_clinic = bind(table(def.table).of_clinic, |_| format!("'{clinic}'::uuid"));
        let live = def.live.unwrap_or("true");
        let query = format!("select id from {} where {of_clinic} and {live} order by id desc limit 1", def.table);
        if let Some(row) = app.rows(&query).await.first() {
            ids.insert(def.prefix.to_owned(), json!(api_id(def.prefix, row["id"].as_str().unwrap().parse().unwrap())));
        }
    }
    ids
}

#[tokio::test]
async fn every_operation_keeps_to_its_budget() {
    let app = demo_app().await;
    let uuid = async |query: &str| app.value(query).await.as_str().unwrap().parse::<Uuid>().unwrap();
    let clinic = uuid("select id from clinics where slug = 'acacia'").await;
    let amina = uuid("select id from users where email = 'amina@acacia.example'").await;
    let ada = uuid("select id from users where email = 'ada@clinigraph.example'").await;
    let manager = app.signed_in(amina, Some(clinic)).await;
    let administrator = app.signed_in(ada, None).await;
    let ticket = manager.open_ticket("Printer").await;
    let message = manager.reply(&ticket, "Hello?", false).await;
    let notified = administrator.ask("{ notifications { nodes { id } } }", json!({})).await;
    integration::add_webhook(&app, clinic, "failed").await;
    let mut variables = ids(&app, clinic).await;
    variables.extend([
        ("slug".to_owned(), json!("acacia")),
        ("ticket".to_owned(), json!(ticket)),
        ("ticket_message".to_owned(), json!(message)),
        ("notification".to_owned(), notified["notifications"]["nodes"][0]["id"].clone()),
        ("file".to_owned(), json!(manager.upload(&Sample::text("Notes.")).await)),
        ("logo".to_owned(), json!(manager.upload(&Sample::logo()).await)),
        ("file_upload".to_owned(), json!(manager.send_upload(&Sample::text("More notes.")).await)),
        ("push_subscription".to_owned(), json!(manager.subscribe_browser().await)),
        ("administrator".to_owned(), json!(administrator.api_id())),
        ("waiting_export".to_owned(), json!(manager.request_ticket_export(json!({})).await)),
    ]);

    let mut missed = Vec::new();
    for budget in budgets() {
        // A session of its own: some operations end it.
        let person = match budget.who {
            Who::Manager => app.signed_in(amina, Some(clinic)).await,
            Who::Administrator => app.signed_in(ada, None).await,
        };
        let answer = person.send(budget.document, Value::Object(variables.clone())).await;
        assert_eq!(answer.body.get("errors"), None, "{}", budget.document);
        if answer.sql_count() != budget.statements {
            missed.push(format!("{}: {} instead of {}", budget.document, answer.sql_count(), budget.statements));
        }
    }

    assert_eq!(missed, Vec::<String>::new());
}

#[tokio::test]
async fn a_nested_page_takes_as_many_statements_whatever_its_size() {
    let app = demo_app().await;
    let administrator = app.administrator().await;

    for size in [1, 25, 100] {
        let answer = administrator.send(DASHBOARD, json!({ "first": size })).await;
        let tickets = answer.body["data"]["tickets"]["nodes"].as_array().unwrap();
        let of_each = |ticket: &Value| ticket["messages"]["nodes"].as_array().unwrap().len();

        assert_eq!(tickets.len(), size);
        assert!(size == 1 || tickets.iter().any(|ticket| of_each(ticket) == 3));
        assert!(size == 1 || tickets.iter().any(|ticket| !ticket["assignee"].is_null()));
        assert_eq!(answer.sql_count(), 2, "{size}");
    }
}

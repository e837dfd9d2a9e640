//! Each event names every field that changed, as the API names them.

use async_graphql::parser::{
    parse_schema,
    types::{TypeKind, TypeSystemDefinition},
};
use clinigraph::graphql::topics;
use serde_json::{Value, json};

use crate::{
    harness::{Person, TestApp, reader::Over},
    live::{TICKETS, assign, change_status},
};

/// A ticket with all its fields that are no lists, and its people.
async fn see(person: &Person, ticket: &str) -> Value {
    let query = "query ($id: ID!) { ticket(id: $id) {
        number title description priority status firstResponseDueAt resolutionDueAt firstRespondedAt resolvedAt closedAt
        createdAt updatedAt version clinic { id } createdBy { id } assignee { id } messages { totalCount }
    } }";
    person.ask(query, json!({ "id": ticket })).await["ticket"].take()
}

#[tokio::test]
async fn an_event_names_exactly_the_fields_that_changed() {
    let app = TestApp::new().await;
    let (manager, administrator) = (app.clinic("Oak").await.manager().await, app.administrator().await);
    let ticket = manager.open_ticket("Printer").await;
    let priority = async |priority: &str| {
        let mutation =
            "mutation ($input: ChangeTicketPriorityInput!) { changeTicketPriority(input: $input) { ticket { id } } }";
        administrator.ask(mutation, json!({ "input": { "ticketId": ticket, "priority": priority } })).await;
    };

    for step in 0..9 {
        let mut reader = manager.listen(Over::Stream, TICKETS, Some(&app.now().await)).await;
        let before = see(&manager, &ticket).await;
        match step {
            0 => assign(&administrator, &ticket, Some(&administrator)).await,
            1 => priority("URGENT").await,
            2 => drop(administrator.reply(&ticket, "We look.", false).await),
            3 => drop(administrator.reply(&ticket, "We look again.", false).await),
            4 => change_status(&administrator, &ticket, "IN_PROGRESS").await,
            5 => change_status(&administrator, &ticket, "RESOLVED").await,
            6 => drop(manager.reply(&ticket, "It is not.", false).await),
            7 => assign(&administrator, &ticket, None).await,
            _ => change_status(&manager, &ticket, "CLOSED").await,
        }
        let after = see(&manager, &ticket).await;

        let fields = after.as_object().unwrap().iter();
        let mut differ: Vec<_> = fields.filter(|(name, now)| before[*name] != **now).map(|(name, _)| name).collect();
        differ.sort();
        let event = reader.event().await;
        let mut named: Vec<_> =
            event["changed"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
        named.sort_unstable();
        assert_eq!(named, differ, "{step} {}", event["kind"]);
    }
}

/// The fields of a type of the API.
fn fields(of: &str) -> Vec<String> {
    let definitions = parse_schema(clinigraph::graphql::sdl()).unwrap().definitions.into_iter();
    let found = definitions.filter_map(|definition| match definition {
        TypeSystemDefinition::Type(definition) if definition.node.name.node == of => Some(definition.node.kind),
        _ => None,
    });
    found
        .flat_map(|kind| match kind {
            TypeKind::Object(object) => {
                object.fields.into_iter().map(|field| field.node.name.node.to_string()).collect()
            }
            _ => Vec::new(),
        })
        .collect()
}

#[tokio::test]
async fn every_changed_field_is_a_field_of_the_api() {
    let app = TestApp::new().await;
    let (manager, administrator) = (app.clinic("Oak").await.manager().await, app.administrator().await);
    let ticket = manager.open_ticket("Printer").await;
    administrator.reply(&ticket, "We look.", false).await;
    change_status(&administrator, &ticket, "IN_PROGRESS").await;
    manager
        .ask(
            "mutation { updateClinicConfig(input: { privacy: { officerName: \"Jo\" } }) { clinicConfig { id } } }",
            json!({}),
        )
        .await;
    manager.ask("mutation { markAllNotificationsRead { count } }", json!({})).await;

    let rows = app.rows("select distinct topic, unnest(changed) as field from outbox_events order by 1, 2").await;
    assert!(rows.len() > 8, "{rows:?}");
    for row in rows {
        let topic = topics().into_iter().find(|topic| row["topic"] == topic.name).unwrap();
        let of = (topic.subject)().type_name;
        assert!(fields(of).iter().any(|field| row["field"] == field.as_str()), "{row}");
    }
}

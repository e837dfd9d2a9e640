//! Each event names every field that changed, as the API names them.

use clinigraph::graphql::topics;
use serde_json::json;

use crate::{
    harness::{TestApp, reader::Over, sdl::object_types},
    live::TICKETS,
};

/// All fields of a ticket that are no lists, and its people.
const TICKET: &str = "{
    number title description priority status firstResponseDueAt resolutionDueAt firstRespondedAt resolvedAt closedAt
    createdAt updatedAt version clinic { id } createdBy { id } assignee { id } messages { totalCount }
}";

#[tokio::test]
async fn an_event_names_exactly_the_fields_that_changed() {
    let app = TestApp::new().await;
    let (manager, administrator) = (app.clinic("Oak").await.manager().await, app.administrator().await);
    let ticket = manager.open_ticket("Printer").await;
    let priority = async |priority: &str| {
        let input = json!({ "ticketId": ticket, "priority": priority });
        administrator.change_ticket("changeTicketPriority", input, "{ id }").await;
    };

    for step in 0..9 {
        let mut reader = manager.listen(Over::Stream, TICKETS, Some(&app.now().await)).await;
        let before = manager.ticket(&ticket, TICKET).await;
        match step {
            0 => administrator.assign_ticket(&ticket, &administrator).await,
            1 => priority("URGENT").await,
            2 => drop(administrator.reply(&ticket, "We look.", false).await),
            3 => drop(administrator.reply(&ticket, "We look again.", false).await),
            4 => administrator.change_ticket_status(&ticket, "IN_PROGRESS").await,
            5 => administrator.change_ticket_status(&ticket, "RESOLVED").await,
            6 => drop(manager.reply(&ticket, "It is not.", false).await),
            7 => administrator.unassign_ticket(&ticket).await,
            _ => manager.change_ticket_status(&ticket, "CLOSED").await,
        }
        let after = manager.ticket(&ticket, TICKET).await;

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

#[tokio::test]
async fn every_changed_field_is_a_field_of_the_api() {
    let app = TestApp::new().await;
    let (manager, administrator) = (app.clinic("Oak").await.manager().await, app.administrator().await);
    let ticket = manager.open_ticket("Printer").await;
    administrator.reply(&ticket, "We look.", false).await;
    administrator.change_ticket_status(&ticket, "IN_PROGRESS").await;
    manager
        .ask(
            "mutation { updateClinicConfig(input: { privacy: { officerName: \"Jo\" } }) { clinicConfig { id } } }",
            json!({}),
        )
        .await;
    manager.ask("mutation { markAllNotificationsRead { count } }", json!({})).await;

    let rows = app.rows("select distinct topic, unnest(changed) as field from outbox_events order by 1, 2").await;
    assert!(rows.len() > 8, "{rows:?}");
    let types = object_types();
    for row in rows {
        let topic = topics().into_iter().find(|topic| row["topic"] == topic.name).unwrap();
        let of = (topic.subject)().type_name;
        assert!(types[of].iter().any(|field| row["field"] == field.name.node.as_str()), "{row}");
    }
}

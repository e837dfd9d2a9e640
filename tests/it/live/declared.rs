//! What holds for the events of all topics: how they are declared, and who receives them.

use std::{collections::BTreeSet, fs, path::Path};

use async_graphql::parser::{
    parse_schema,
    types::{TypeKind, TypeSystemDefinition},
};
use clinigraph::{
    graphql::{entities, topics},
    kernel::{Id, actor::SystemRole},
    notification::{Notice, Recipients, Subject, notify},
};
use serde_json::{Value, json};

use super::{ACTIVITY, BOTH, TICKETS, titles};
use crate::harness::{
    TestApp,
    reader::{Over, Received, code},
};
use crate::notification::PLAIN;

const CONFIGURE: &str =
    "mutation { updateClinicConfig(input: { booking: { bufferMinutes: 10 } }) { clinicConfig { id } } }";

/// Number of declarations in the source files of a folder.
fn declarations(folder: &Path) -> usize {
    let count = |path: &Path| {
        let text = fs::read_to_string(path).unwrap();
        text.lines().filter(|line| *line == "events! {").count()
    };
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.map(|path| if path.is_dir() { declarations(&path) } else { count(&path) }).sum()
}

#[test]
fn every_declared_topic_is_in_the_list_of_topics() {
    let names: BTreeSet<_> = topics().iter().map(|topic| topic.name).collect();
    assert_eq!(names.len(), topics().len(), "each topic once");
    assert_eq!(declarations(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src")), topics().len());
    for name in names {
        assert!(entities().iter().any(|def| def.prefix == name), "{name} is no entity");
    }
}

#[test]
fn every_kind_has_a_name_of_its_own_in_the_activity_of_a_clinic() {
    let shared = topics().into_iter().filter(|topic| !topic.is_personal);
    let kinds = shared.flat_map(|topic| topic.kinds.iter().map(move |kind| (topic, kind)));
    let mut names: Vec<_> =
        kinds.map(|(topic, kind)| format!("{}_{}", topic.name, kind.text).to_ascii_uppercase()).collect();
    names.sort();
    let definitions = parse_schema(clinigraph::graphql::sdl()).unwrap().definitions.into_iter();
    let values = definitions.filter_map(|definition| match definition {
        TypeSystemDefinition::Type(definition) if definition.node.name.node == "ClinicActivityKind" => {
            match definition.node.kind {
                TypeKind::Enum(of) => Some(of.values),
                _ => None,
            }
        }
        _ => None,
    });
    let mut values: Vec<_> = values.flatten().map(|value| value.node.value.node.to_string()).collect();
    values.sort();
    assert_eq!(values, names);
}

#[test]
fn every_subscription_delivers_a_type_that_implements_event() {
    let sdl = clinigraph::graphql::sdl();
    let (mut delivered, mut implementing) = (BTreeSet::new(), BTreeSet::new());
    for definition in parse_schema(&sdl).unwrap().definitions {
        let TypeSystemDefinition::Type(definition) = definition else { continue };
        let name = definition.node.name.node;
        let TypeKind::Object(object) = definition.node.kind else { continue };
        if name == "Subscription" {
            delivered.extend(object.fields.iter().map(|field| field.node.ty.node.to_string().replace('!', "")));
        } else if object.implements.iter().any(|interface| interface.node == "Event") {
            implementing.insert(name.to_string());
        }
    }
    assert_eq!(delivered, implementing);
    assert!(sdl.contains("interface Event {"));
}

#[tokio::test]
async fn a_fragment_on_the_interface_reads_the_fields_of_every_event() {
    let app = TestApp::new().await;
    let manager = app.clinic("Oak").await.manager().await;
    let fragment = "fragment Base on Event { eventId cursor occurredAt changed }";
    let subscription = |field: &str| {
        format!(
            "subscription ($after: String) {{ {field}(after: $after) {{ ...Base ... on Event {{ __typename }} }} }} {fragment}"
        )
    };
    let after = app.now().await;
    let mut tickets = manager.listen(Over::Stream, &subscription("ticketEvents"), Some(&after)).await;
    let mut activity = manager.listen(Over::Socket, &subscription("clinicActivity"), Some(&after)).await;

    manager.open_ticket("Printer").await;

    let (ticket, activity) = (tickets.event().await, activity.event().await);
    assert_eq!(
        (&ticket["__typename"], &activity["__typename"]),
        (&json!("TicketEvent"), &json!("ClinicActivityEvent"))
    );
    assert!(ticket["eventId"].as_str().unwrap().starts_with("event_"));
    for name in ["eventId", "cursor", "occurredAt", "changed"] {
        assert_eq!(ticket[name], activity[name], "the same event");
        assert!(!ticket[name].is_null(), "{name}");
    }
}

#[tokio::test]
async fn the_activity_of_a_clinic_has_only_what_the_listener_may_read() {
    let app = TestApp::new().await;
    let oak = app.clinic("Oak").await;
    let (manager, clinician) = (oak.manager().await, oak.person(SystemRole::Clinician).await);
    let after = app.now().await;
    for over in BOTH {
        let mut theirs = clinician.listen_to(over, ACTIVITY, json!({ "after": after })).await;
        let mut all = manager.listen_to(over, ACTIVITY, json!({ "after": after })).await;
        manager.open_ticket("Printer").await;
        manager.ask(CONFIGURE, json!({})).await;

        let first = theirs.event().await;
        assert_eq!(first["kind"], "CLINIC_CONFIG_UPDATED", "{over:?}");
        assert_eq!(first["subject"]["__typename"], "ClinicConfig");
        assert_eq!(all.event().await["kind"], "TICKET_OPENED");
        // To listen to tickets alone takes the permission from the start.
        assert_eq!(clinician.listen(over, TICKETS, None).await.end().await, "FORBIDDEN");
    }
}

#[tokio::test]
async fn an_event_of_a_kind_that_is_not_declared_is_an_error_and_is_not_dropped() {
    let app = TestApp::new().await;
    let manager = app.clinic("Oak").await.manager().await;
    manager.open_ticket("Printer").await;
    let after = app.now().await;
    for (over, query) in BOTH.iter().flat_map(|over| [(over, TICKETS), (over, ACTIVITY)]) {
        let mut reader = manager.listen_to(*over, query, json!({ "after": after })).await;
        app.execute(
            "insert into outbox_events (clinic_id, audience, topic, subject_id, kind)
             select clinic_id, 'clinic', 'ticket', id, 'vanished' from support_tickets limit 1",
        )
        .await;
        match reader.next().await {
            Received::Event(payload, _) => assert_eq!(code(&payload["errors"][0]), "INTERNAL", "{over:?} {query}"),
            other => panic!("{other:?}"),
        }
    }
    // What follows is delivered as ever.
    let mut reader = manager.listen(Over::Stream, TICKETS, Some(&app.now().await)).await;
    manager.open_ticket("Scanner").await;
    assert_eq!(titles(&reader.events(1).await), ["Scanner"]);
}

#[tokio::test]
async fn every_kind_that_is_written_is_declared() {
    let app = TestApp::new().await;
    let (manager, administrator) = (app.clinic("Oak").await.manager().await, app.administrator().await);
    let ticket = manager.open_ticket("Printer").await;
    administrator.reply(&ticket, "We are on it.", false).await;
    administrator.assign_ticket(&ticket, &administrator).await;
    administrator.change_ticket_status(&ticket, "IN_PROGRESS").await;
    manager.ask(CONFIGURE, json!({})).await;
    manager.ask("mutation { markAllNotificationsRead { count } }", json!({})).await;

    let rows = app.rows("select distinct topic, kind from outbox_events").await;
    assert!(rows.len() >= 8, "{rows:?}");
    for row in rows {
        let topic = topics().into_iter().find(|topic| row["topic"] == topic.name);
        let kind = topic.and_then(|topic| topic.kind(row["kind"].as_str().unwrap()));
        assert!(kind.is_some(), "{row}");
    }
}

#[tokio::test]
async fn a_notification_of_no_clinic_reaches_its_recipient_in_every_clinic() {
    let app = TestApp::new().await;
    let (oak, elm) = (app.clinic("Oak").await, app.clinic("Elm").await);
    let in_oak = oak.manager().await;
    elm.join(in_oak.user_id, SystemRole::Staff).await;
    let (in_elm, colleague) = (app.signed_in(in_oak.user_id, Some(elm.id)).await, oak.manager().await);
    let received = "subscription ($after: String) {
        notificationReceived(after: $after) { cursor notification { title clinic { id } } }
    }";
    let after = app.now().await;
    let mut readers = Vec::new();
    for (person, over) in [(&in_oak, Over::Stream), (&in_elm, Over::Socket)] {
        readers.push(person.listen(over, received, Some(&after)).await);
    }

    app.as_system(async |scope| {
        let notice = Notice {
            kind: &PLAIN,
            clinic: None,
            subject: Subject::of(Id::<clinigraph::access::User>::from_uuid(in_oak.user_id)),
            link_path: None,
            values: vec![("title", "Your account".into()), ("text", "".into())],
            cause: "account".to_owned(),
            now: app.clock.now(),
        };
        notify(scope, Recipients::One(in_oak.user_id), notice).await
    })
    .await;

    let wanted = json!({ "title": "Your account", "clinic": null });
    for reader in &mut readers {
        assert_eq!(reader.event().await["notification"], wanted);
    }
    let list = "{ notifications { nodes { title clinic { id } } } }";
    for person in [&in_oak, &in_elm] {
        assert_eq!(person.ask(list, json!({})).await["notifications"]["nodes"], json!([wanted]));
        assert_eq!(person.unread_count().await, 1);
    }
    assert_eq!(colleague.ask(list, json!({})).await["notifications"]["nodes"], Value::Array(Vec::new()));
}

//! Resuming over both transports, without a gap and without a repeat.

use serde_json::{Value, json};

use super::{BOTH, TICKETS, cursor, titles};
use crate::harness::{
    Person, TestApp,
    reader::{EventReader, Over, Received, Subscription},
};

async fn open_tickets(person: &Person, titles: &[&str]) {
    for title in titles {
        person.open_ticket(title).await;
    }
}

#[tokio::test]
async fn missed_events_come_first_and_then_new_ones() {
    let app = TestApp::new().await;
    let manager = app.clinic("Oak").await.manager().await;

    for over in BOTH {
        let mut reader = manager.listen(over, TICKETS, Some(&app.now().await)).await;
        open_tickets(&manager, &["1", "2", "3"]).await;
        let events = reader.events(3).await;
        assert_eq!(titles(&events), ["1", "2", "3"], "{over:?}");
        drop(reader);
        open_tickets(&manager, &["4", "5"]).await;

        let mut reader = manager.listen(over, TICKETS, Some(&cursor(&events[1]))).await;
        let missed = reader.events(3).await;
        open_tickets(&manager, &["6"]).await;
        let live = reader.events(1).await;

        assert_eq!(titles(&missed), ["3", "4", "5"], "{over:?}");
        assert_eq!(missed[0], events[2], "the same event, resumed or not");
        assert_eq!(titles(&live), ["6"], "{over:?}");
    }
}

#[tokio::test]
async fn without_a_cursor_only_new_events_are_delivered() {
    let app = TestApp::new().await;
    let manager = app.clinic("Oak").await.manager().await;
    let mut early = manager.listen(Over::Stream, TICKETS, Some(&app.now().await)).await;
    open_tickets(&manager, &["before"]).await;
    assert_eq!(titles(&early.events(1).await), ["before"]);

    let mut reader = manager.listen(Over::Stream, TICKETS, None).await;
    open_tickets(&manager, &["after"]).await;

    assert_eq!(titles(&reader.events(1).await), ["after"]);
}

#[tokio::test]
async fn listeners_that_reconnect_during_writes_receive_each_event_once() {
    let app = TestApp::new().await;
    let manager = app.clinic("Oak").await.manager().await;
    let began = app.now().await;
    let all: Vec<String> = (0..60).map(|number| number.to_string()).collect();

    let writing = async {
        for title in &all {
            manager.open_ticket(title).await;
        }
    };
    let listening = async |over: Over, each: usize| {
        let mut events: Vec<Value> = Vec::new();
        while events.len() < all.len() {
            let after = events.last().map_or(began.clone(), cursor);
            let mut reader = manager.listen(over, TICKETS, Some(&after)).await;
            events.extend(reader.events(each.min(all.len() - events.len())).await);
        }
        events
    };
    let ((), socket, stream) = tokio::join!(writing, listening(Over::Socket, 7), listening(Over::Stream, 11));

    assert_eq!(titles(&socket), all);
    assert_eq!(socket, stream);
}

#[tokio::test]
async fn a_cursor_from_further_back_than_memory_reads_the_table() {
    let app = TestApp::new().await;
    let manager = app.clinic("Oak").await.manager().await;
    let began = app.now().await;
    let ticket = manager.open_ticket("the one").await;
    // More than one page of them, and none in the memory of a server that starts only now.
    app.execute(
        "insert into outbox_events (clinic_id, audience, topic, subject_id, kind)
         select clinic_id, 'clinic', 'ticket', id, 'replied' from support_tickets, generate_series(1, 1200)",
    )
    .await;

    let other = app.another().await;
    let mut reader = other.person(&manager).listen(Over::Stream, TICKETS, Some(&began)).await;
    let events = reader.events(1201).await;

    assert_eq!((&events[0]["kind"], &events[1200]["kind"]), (&json!("OPENED"), &json!("REPLIED")));
    assert!(events.iter().all(|event| event["ticket"]["id"] == ticket.as_str()));
    other.stop();
}

#[tokio::test]
async fn last_event_id_resumes_an_event_stream_and_overrides_after() {
    let app = TestApp::new().await;
    let manager = app.clinic("Oak").await.manager().await;
    let began = app.now().await;
    open_tickets(&manager, &["1", "2", "3"]).await;
    let mut reader = manager.listen(Over::Stream, TICKETS, Some(&began)).await;
    let mut ids = Vec::new();
    for _ in 0..3 {
        let Received::Event(payload, Some(id)) = reader.next().await else { panic!("an event with an id") };
        assert_eq!(payload["data"]["ticketEvents"]["cursor"], id.as_str());
        ids.push(id);
    }

    // As a browser does: the same request as at first, and the id of the last event beside it.
    for after in [None, Some(&began)] {
        let to =
            Subscription { query: TICKETS, variables: json!({ "after": after }), last_event_id: Some(ids[1].clone()) };
        let mut reader = EventReader::open(app.address, manager.token.as_deref(), Over::Stream, to).await;
        assert_eq!(titles(&reader.events(1).await), ["3"], "{after:?}");
    }
}

#[tokio::test]
async fn an_invalid_cursor_is_refused() {
    let app = TestApp::new().await;
    let manager = app.clinic("Oak").await.manager().await;

    for over in BOTH {
        let mut reader = manager.listen(over, TICKETS, Some("ZXYAAAAAAAAAAAA")).await;
        assert_eq!(reader.end().await, "INVALID_CURSOR", "{over:?}");
    }
    let to = Subscription { query: TICKETS, variables: json!({}), last_event_id: Some("nonsense".to_owned()) };
    let mut reader = EventReader::open(app.address, manager.token.as_deref(), Over::Stream, to).await;
    assert_eq!(reader.end().await, "INVALID_CURSOR");
}

#[tokio::test]
async fn an_event_shows_its_object_as_it_is_at_delivery() {
    let app = TestApp::new().await;
    let (manager, administrator) = (app.clinic("Oak").await.manager().await, app.administrator().await);
    let began = app.now().await;
    let ticket = manager.open_ticket("Printer").await;
    let mut first = manager.listen(Over::Stream, TICKETS, Some(&began)).await;
    assert_eq!(first.event().await["ticket"]["status"], "OPEN");

    administrator.change_ticket_status(&ticket, "IN_PROGRESS").await;
    // Long enough for the text that was read for the first to be dropped.
    tokio::time::sleep(clinigraph::live::FRESH * 2).await;
    let mut second = manager.listen(Over::Stream, TICKETS, Some(&began)).await;

    let opened = second.event().await;
    assert_eq!((&opened["kind"], &opened["ticket"]["status"]), (&json!("OPENED"), &json!("IN_PROGRESS")));
}

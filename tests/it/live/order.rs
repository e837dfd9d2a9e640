//! The order of delivery, when events are committed in another order than that of their ids.

use std::time::Duration;

use clinigraph::kernel::db;
use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};
use serde_json::json;

use super::{ACTIVITY, TICKETS, titles};
use crate::harness::{Person, TestApp, reader::Over, sql};

/// A transaction that writes an event of the ticket with a title.
struct Transaction(AsyncPgConnection);

impl Transaction {
    async fn begin(app: &TestApp) -> Self {
        let mut connection = db::connect(&app.superuser_url).await.unwrap();
        connection.batch_execute("begin").await.unwrap();
        Self(connection)
    }

    /// Draws the number of the transaction.
    async fn number(self) -> Self {
        sql::texts(&self.0, "select pg_current_xact_id()::text as value").await.unwrap();
        self
    }

    /// Draws the id of an event.
    async fn write(self, title: &str) -> Self {
        let insert = format!(
            "insert into outbox_events (clinic_id, audience, topic, subject_id, kind)
             select clinic_id, 'clinic', 'ticket', id, 'replied' from support_tickets where title = '{title}'"
        );
        assert_eq!(sql::run(&self.0, &insert).await.unwrap(), 1);
        self
    }

    async fn end(mut self, word: &str) {
        self.0.batch_execute(word).await.unwrap();
    }
}

async fn tickets(person: &Person) {
    for title in ["one", "two", "three"] {
        person.open_ticket(title).await;
    }
}

#[tokio::test]
async fn an_event_with_a_lower_id_that_is_committed_later_is_delivered_first() {
    let app = TestApp::new().await;
    let manager = app.clinic("Oak").await.manager().await;
    tickets(&manager).await;
    let mut reader = manager.listen(Over::Stream, TICKETS, Some(&app.now().await)).await;

    let one = Transaction::begin(&app).await.write("one").await;
    let two = Transaction::begin(&app).await.write("two").await;
    two.end("commit").await;
    assert_eq!(
        reader.next_within(Duration::from_millis(1500)).await,
        None,
        "the event of one may still come before it"
    );
    one.end("commit").await;

    assert_eq!(titles(&reader.events(2).await), ["one", "two"]);
}

#[tokio::test]
async fn a_lower_id_is_not_lost_when_its_transaction_began_later() {
    let app = TestApp::new().await;
    let manager = app.clinic("Oak").await.manager().await;
    tickets(&manager).await;
    let mut reader = manager.listen(Over::Stream, TICKETS, Some(&app.now().await)).await;

    // When it is committed, two is below the oldest running transaction, and yet an event is to come before it.
    let two = Transaction::begin(&app).await.number().await;
    let one = Transaction::begin(&app).await.number().await.write("one").await;
    two.write("two").await.end("commit").await;
    tokio::time::sleep(Duration::from_millis(1500)).await;
    one.end("commit").await;

    assert_eq!(titles(&reader.events(2).await), ["one", "two"]);
}

#[tokio::test]
async fn an_id_that_was_rolled_back_holds_nothing_back() {
    let app = TestApp::new().await;
    let manager = app.clinic("Oak").await.manager().await;
    tickets(&manager).await;
    let mut reader = manager.listen(Over::Stream, TICKETS, Some(&app.now().await)).await;
    // Nor does a transaction that writes something else, for however long.
    let other = Transaction::begin(&app).await.number().await;

    let one = Transaction::begin(&app).await.write("one").await;
    Transaction::begin(&app).await.write("two").await.end("commit").await;
    one.end("rollback").await;
    assert_eq!(titles(&reader.events(1).await), ["two"]);
    Transaction::begin(&app).await.write("three").await.end("rollback").await;
    Transaction::begin(&app).await.write("three").await.end("commit").await;
    assert_eq!(titles(&reader.events(1).await), ["three"]);

    other.end("rollback").await;
}

#[tokio::test]
async fn a_server_that_starts_meanwhile_skips_nothing() {
    let app = TestApp::new().await;
    let manager = app.clinic("Oak").await.manager().await;
    tickets(&manager).await;
    let began = app.now().await;

    let one = Transaction::begin(&app).await.write("one").await;
    Transaction::begin(&app).await.write("two").await.end("commit").await;
    let other = app.another().await;
    let (mut reader, ()) =
        tokio::join!(async { other.person(&manager).listen(Over::Stream, TICKETS, Some(&began)).await }, async {
            tokio::time::sleep(Duration::from_millis(500)).await;
            one.end("commit").await;
        });

    assert_eq!(titles(&reader.events(2).await), ["one", "two"]);
    other.stop();
}

#[tokio::test]
async fn concurrent_writes_reach_all_listeners_in_the_same_order() {
    let app = TestApp::new().await;
    let manager = app.clinic("Oak").await.manager().await;
    let other = app.another().await;
    let there = other.person(&manager);
    let began = app.now().await;
    let mut here = manager.listen(Over::Socket, TICKETS, Some(&began)).await;
    let mut afar = there.listen(Over::Stream, TICKETS, Some(&began)).await;

    let titles_of = |server: usize| (0..40).map(move |number| format!("{server}-{number}"));
    let writing = titles_of(0).map(|title| (&manager, title)).chain(titles_of(1).map(|title| (&there, title)));
    futures_util::future::join_all(writing.map(|(person, title)| async move { person.open_ticket(&title).await }))
        .await;

    let events = here.events(80).await;
    assert_eq!(afar.events(80).await, events);
    let mut delivered: Vec<_> = titles(&events).into_iter().map(str::to_owned).collect();
    delivered.sort();
    let mut all: Vec<_> = titles_of(0).chain(titles_of(1)).collect();
    all.sort();
    assert_eq!(delivered, all, "each once");
    other.stop();
}

#[tokio::test]
async fn across_topics_events_come_in_the_order_in_which_they_happened() {
    let app = TestApp::new().await;
    let (oak, administrator) = (app.clinic("Oak").await, app.administrator().await);
    let manager = oak.manager().await;
    let mut reader = administrator
        .listen_to(Over::Socket, ACTIVITY, json!({ "clinic": oak.api_id(), "after": app.now().await }))
        .await;

    let ticket = manager.open_ticket("Printer").await;
    manager.reply(&ticket, "It smokes.", false).await;
    administrator.change_ticket_status(&ticket, "IN_PROGRESS").await;
    administrator.reply(&ticket, "Between us: again?", true).await;
    let configure =
        "mutation { updateClinicConfig(input: { booking: { bufferMinutes: 10 } }) { clinicConfig { id } } }";
    manager.ask(configure, json!({})).await;

    let events = reader.events(6).await;
    let kinds: Vec<_> = events.iter().map(|event| event["kind"].as_str().unwrap()).collect();
    let all = [
        "TICKET_OPENED",
        "TICKET_MESSAGE_ADDED",
        "TICKET_REPLIED",
        "TICKET_STATUS_CHANGED",
        "TICKET_MESSAGE_ADDED",
        "CLINIC_CONFIG_UPDATED",
    ];
    assert_eq!(kinds, all);
}

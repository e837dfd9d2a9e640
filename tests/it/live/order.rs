//! In which order events are heard, when they are committed in another one than the one they were numbered in.

use std::time::Duration;

use clinigraph::kernel::db;
use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};
use serde_json::json;

use super::{ACTIVITY, TICKETS, titles};
use crate::support::{Person, TestApp, ear::Over, sql};

/// A transaction that tells of a ticket, which is told apart by its title.
struct Telling(AsyncPgConnection);

impl Telling {
    async fn begin(app: &TestApp) -> Self {
        let mut connection = db::connect(&app.superuser_url).await.unwrap();
        connection.batch_execute("begin").await.unwrap();
        Self(connection)
    }

    /// Draws the transaction's number.
    async fn number(self) -> Self {
        sql::told(&self.0, "select pg_current_xact_id()::text as told").await.unwrap();
        self
    }

    /// Draws the event's.
    async fn tell(self, title: &str) -> Self {
        let tell = format!(
            "insert into outbox_events (clinic_id, audience, topic, subject_id, kind)
             select clinic_id, 'clinic', 'ticket', id, 'replied' from support_tickets where title = '{title}'"
        );
        assert_eq!(sql::run(&self.0, &tell).await.unwrap(), 1);
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
async fn a_lower_number_that_is_committed_later_is_not_lost() {
    let app = TestApp::new().await;
    let manager = app.clinic("Oak").await.manager().await;
    tickets(&manager).await;
    let mut ear = manager.listen(Over::Stream, TICKETS, Some(&app.now().await)).await;

    let one = Telling::begin(&app).await.tell("one").await;
    let two = Telling::begin(&app).await.tell("two").await;
    two.end("commit").await;
    assert_eq!(ear.hear_within(Duration::from_millis(1500)).await, None, "one may still come before it");
    one.end("commit").await;

    assert_eq!(titles(&ear.events(2).await), ["one", "two"]);
}

#[tokio::test]
async fn nor_is_it_when_its_transaction_began_later() {
    let app = TestApp::new().await;
    let manager = app.clinic("Oak").await.manager().await;
    tickets(&manager).await;
    let mut ear = manager.listen(Over::Stream, TICKETS, Some(&app.now().await)).await;

    // Below the oldest transaction that runs stands two, when it is committed; and yet something is before it.
    let two = Telling::begin(&app).await.number().await;
    let one = Telling::begin(&app).await.number().await.tell("one").await;
    two.tell("two").await.end("commit").await;
    tokio::time::sleep(Duration::from_millis(1500)).await;
    one.end("commit").await;

    assert_eq!(titles(&ear.events(2).await), ["one", "two"]);
}

#[tokio::test]
async fn a_number_that_was_given_up_holds_nothing_back() {
    let app = TestApp::new().await;
    let manager = app.clinic("Oak").await.manager().await;
    tickets(&manager).await;
    let mut ear = manager.listen(Over::Stream, TICKETS, Some(&app.now().await)).await;
    // Nor does a transaction that writes something else, for however long.
    let other = Telling::begin(&app).await.number().await;

    let one = Telling::begin(&app).await.tell("one").await;
    Telling::begin(&app).await.tell("two").await.end("commit").await;
    one.end("rollback").await;
    assert_eq!(titles(&ear.events(1).await), ["two"]);
    Telling::begin(&app).await.tell("three").await.end("rollback").await;
    Telling::begin(&app).await.tell("three").await.end("commit").await;
    assert_eq!(titles(&ear.events(1).await), ["three"]);

    other.end("rollback").await;
}

#[tokio::test]
async fn a_server_that_starts_meanwhile_passes_nothing_by() {
    let app = TestApp::new().await;
    let manager = app.clinic("Oak").await.manager().await;
    tickets(&manager).await;
    let began = app.now().await;

    let one = Telling::begin(&app).await.tell("one").await;
    Telling::begin(&app).await.tell("two").await.end("commit").await;
    let other = app.another().await;
    let (mut ear, ()) =
        tokio::join!(async { other.person(&manager).listen(Over::Stream, TICKETS, Some(&began)).await }, async {
            tokio::time::sleep(Duration::from_millis(500)).await;
            one.end("commit").await;
        });

    assert_eq!(titles(&ear.events(2).await), ["one", "two"]);
    other.stop();
}

#[tokio::test]
async fn many_who_write_at_once_are_heard_alike_by_everybody() {
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

    let heard = here.events(80).await;
    assert_eq!(afar.events(80).await, heard);
    let mut told: Vec<_> = titles(&heard).into_iter().map(str::to_owned).collect();
    told.sort();
    let mut all: Vec<_> = titles_of(0).chain(titles_of(1)).collect();
    all.sort();
    assert_eq!(told, all, "each once");
    other.stop();
}

#[tokio::test]
async fn across_topics_events_come_in_the_order_in_which_they_happened() {
    let app = TestApp::new().await;
    let (oak, administrator) = (app.clinic("Oak").await, app.administrator().await);
    let manager = oak.manager().await;
    let mut ear = administrator
        .listen_to(Over::Socket, ACTIVITY, json!({ "clinic": oak.api_id(), "after": app.now().await }))
        .await;

    let ticket = manager.open_ticket("Printer").await;
    manager.reply(&ticket, "It smokes.", false).await;
    super::change_status(&administrator, &ticket, "IN_PROGRESS").await;
    administrator.reply(&ticket, "Between us: again?", true).await;
    let configure = "mutation { updateClinicConfig(input: { booking: { bufferMinutes: 10 } }) { id } }";
    manager.ask(configure, json!({})).await;

    let heard = ear.events(6).await;
    let kinds: Vec<_> = heard.iter().map(|event| event["kind"].as_str().unwrap()).collect();
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

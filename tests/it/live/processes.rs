//! Several servers on one database: what is written through one is delivered through the other.

use std::time::{Duration, Instant};

use clinigraph::{
    kernel::db,
    live::{CHANNEL, LISTENERS},
};
use diesel_async::SimpleAsyncConnection;
use futures_util::stream;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio_postgres::{AsyncMessage, NoTls, Notification};

use super::{BOTH, TICKETS, cursor, titles};
use crate::harness::{TestApp, reader::Over};

#[tokio::test]
async fn another_server_is_notified_at_once() {
    let app = TestApp::new().await;
    let manager = app.clinic("Oak").await.manager().await;
    let other = app.another().await;
    let mut reader = other.person(&manager).listen(Over::Stream, TICKETS, None).await;

    let begun = Instant::now();
    for number in 0..10 {
        let title = number.to_string();
        manager.open_ticket(&title).await;
        assert_eq!(titles(&reader.events(1).await), [title]);
    }

    // Without a notification each would take a second.
    assert!(begun.elapsed() < Duration::from_secs(8), "{:?}", begun.elapsed());
    other.stop();
}

/// A connection that listens on the servers' own channel, and what it receives.
async fn eavesdrop(app: &TestApp) -> (tokio_postgres::Client, UnboundedReceiver<Notification>) {
    let (client, mut connection) =
        app.superuser_url.parse::<tokio_postgres::Config>().unwrap().connect(NoTls).await.unwrap();
    let (sender, received) = tokio::sync::mpsc::unbounded_channel();
    tokio::spawn(async move {
        let mut messages = stream::poll_fn(move |context| connection.poll_message(context));
        while let Some(Ok(message)) = futures_util::StreamExt::next(&mut messages).await {
            if let AsyncMessage::Notification(notification) = message {
                drop(sender.send(notification));
            }
        }
    });
    client.batch_execute(&format!("listen {CHANNEL}")).await.unwrap();
    (client, received)
}

#[tokio::test]
async fn a_notification_is_sent_outside_the_users_transaction_and_carries_no_content() {
    let app = TestApp::new().await;
    let manager = app.clinic("Oak").await.manager().await;
    let (client, mut received) = eavesdrop(&app).await;
    // As another server would.
    client.batch_execute(&format!("select pg_advisory_lock_shared({LISTENERS})")).await.unwrap();

    manager.open_ticket("Printer").await;

    let notification = tokio::time::timeout(Duration::from_secs(20), received.recv()).await.unwrap().unwrap();
    assert!(
        uuid::Uuid::try_parse(notification.payload()).is_ok(),
        "the process and nothing else: {}",
        notification.payload()
    );
    let relay =
        "select pid from pg_stat_activity where datname = current_database() and application_name = 'clinigraph relay'";
    assert_eq!(app.value(relay).await, notification.process_id());
}

#[tokio::test]
async fn a_server_that_is_alone_notifies_nobody() {
    let app = TestApp::new().await;
    let manager = app.clinic("Oak").await.manager().await;
    let (_client, mut received) = eavesdrop(&app).await;
    let mut reader = manager.listen(Over::Stream, TICKETS, None).await;

    manager.open_ticket("Printer").await;

    assert_eq!(titles(&reader.events(1).await), ["Printer"]);
    // A notification would have been sent before the event was read.
    app.execute(&format!("notify {CHANNEL}, 'the end'")).await;
    assert_eq!(received.recv().await.unwrap().payload(), "the end");
}

#[tokio::test]
async fn a_cursor_of_one_server_is_valid_at_the_other() {
    let app = TestApp::new().await;
    let manager = app.clinic("Oak").await.manager().await;
    let other = app.another().await;
    let there = other.person(&manager);

    for over in BOTH {
        let mut reader = manager.listen(over, TICKETS, Some(&app.now().await)).await;
        for title in ["1", "2", "3"] {
            there.open_ticket(title).await;
        }
        let here = reader.events(3).await;
        let resumed = there.listen(over, TICKETS, Some(&cursor(&here[0]))).await.events(2).await;
        assert_eq!(resumed, here[1..], "{over:?}");
    }
    other.stop();
}

#[tokio::test]
async fn a_server_without_a_notification_reads_once_a_second() {
    let app = TestApp::new().await;
    let manager = app.clinic("Oak").await.manager().await;
    let mut reader = manager.listen(Over::Stream, TICKETS, None).await;

    // By a process that no server knows, and without a notification.
    manager.open_ticket("notified").await;
    reader.event().await;
    app.execute(
        "insert into outbox_events (clinic_id, audience, topic, subject_id, kind)
         select clinic_id, 'clinic', 'ticket', id, 'replied' from support_tickets",
    )
    .await;

    assert_eq!(reader.event().await["kind"], "REPLIED");
}

#[tokio::test]
async fn nothing_is_lost_while_the_listeners_connection_is_cut_again_and_again() {
    let app = TestApp::new().await;
    let manager = app.clinic("Oak").await.manager().await;
    let other = app.another().await;
    let mut reader = other.person(&manager).listen(Over::Socket, TICKETS, Some(&app.now().await)).await;

    let mut cut = 0;
    let mut events = Vec::new();
    for number in 0..6 {
        cut += app.cut("clinigraph listener").await;
        manager.open_ticket(&number.to_string()).await;
        events.extend(reader.events(1).await);
    }

    assert!(cut >= 2, "there was something to cut");
    assert_eq!(titles(&events), ["0", "1", "2", "3", "4", "5"]);
    other.stop();
}

#[tokio::test]
async fn the_relay_comes_back_on_new_connections() {
    let app = TestApp::new().await;
    let manager = app.clinic("Oak").await.manager().await;
    let connections = "select pid from pg_stat_activity where datname = current_database()
        and application_name in ('clinigraph listener', 'clinigraph relay') order by pid";
    let mut reader = manager.listen(Over::Socket, TICKETS, Some(&app.now().await)).await;
    manager.open_ticket("before").await;
    reader.event().await;
    let before = app.rows(connections).await;

    app.cut("clinigraph listener").await;
    app.cut("clinigraph relay").await;
    manager.open_ticket("meanwhile").await;
    assert_eq!(titles(&reader.events(1).await), ["meanwhile"]);

    // The listener receives notifications again, here from a process that this one does not know.
    let deadline = Instant::now() + Duration::from_secs(20);
    while app.rows(connections).await.len() < 2 {
        assert!(Instant::now() < deadline);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let after = app.rows(connections).await;
    assert!(before.len() == 2 && after.iter().all(|pid| !before.contains(pid)), "{before:?} {after:?}");
    let mut connection = db::connect(&app.superuser_url).await.unwrap();
    connection.batch_execute("notify clinigraph_events, 'somebody'").await.unwrap();
    manager.open_ticket("after").await;
    assert_eq!(titles(&reader.events(1).await), ["after"]);
}

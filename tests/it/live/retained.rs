//! How long events are retained: partitions are made ahead and removed while the server runs, for months.

use chrono::{Days, NaiveDate, NaiveTime, TimeDelta};
use clinigraph::kernel::db::partitions;

use super::{BOTH, TICKETS};
use crate::harness::{TestApp, names_of_events, reader::Over};

const PARTITIONS: &str = "select c.relname::text as name from pg_inherits i join pg_class c on c.oid = i.inhrelid
    where i.inhparent = '$table'::regclass order by 1";

async fn partitions_of(app: &TestApp, table: &str) -> Vec<String> {
    let rows = app.rows(&PARTITIONS.replace("$table", table)).await;
    rows.iter().map(|row| row["name"].as_str().unwrap().to_owned()).collect()
}

/// As if it were another time.
async fn keep_at(app: &TestApp, day: NaiveDate) {
    let at = day.and_time(NaiveTime::from_hms_opt(12, 0, 0).unwrap()).and_utc();
    for function in ["make_partitions_at", "remove_old_events_at"] {
        app.execute(&format!("set role clinigraph_owner; select private.{function}('{at}')")).await;
    }
}

#[tokio::test]
async fn for_half_a_year_there_are_partitions_ahead_and_no_old_ones() {
    let app = TestApp::new().await;
    let today = app.clock.now().date_naive();

    for day in (0..180).step_by(2).map(|days| today + Days::new(days)) {
        keep_at(&app, day).await;
        let (outbox, audit) = (partitions_of(&app, "outbox_events").await, partitions_of(&app, "audit_events").await);
        for ahead in 0..4 {
            let wanted = (day + Days::new(ahead)).format("outbox_events_%Y_%m_%d").to_string();
            assert!(outbox.contains(&wanted), "{wanted}: {outbox:?}");
        }
        assert!(audit.contains(&day.format("audit_events_%Y_%m").to_string()), "{day}: {audit:?}");
        // Seven days, today, three ahead, and the default one.
        assert!(outbox.len() <= 12, "{day}: {outbox:?}");
    }
    assert!(partitions_of(&app, "audit_events").await.len() >= 9, "the trail is not removed");
    let unsafe_ones = "select count(*) from pg_class where relispartition and relkind = 'r'
        and not (relrowsecurity and relforcerowsecurity)";
    assert_eq!(app.value(unsafe_ones).await, 0);
}

#[tokio::test]
async fn the_servers_roles_can_start_the_job_but_not_choose_its_time() {
    let app = TestApp::new().await;
    app.execute("set role clinigraph_owner; drop table outbox_events_other").await;
    let tomorrow = (app.clock.now().date_naive() + Days::new(1)).format("outbox_events_%Y_%m_%d").to_string();
    app.execute(&format!("drop table {tomorrow}")).await;

    partitions::maintain_now(&app.database).await.unwrap();

    assert!(partitions_of(&app, "outbox_events").await.contains(&tomorrow));
    for role in ["app", "system", "admin", "tenant", "patient"] {
        for call in ["make_partitions_at(now() + interval '1 year')", "remove_old_events_at(now() + interval '1 year')"]
        {
            assert!(app.as_role(role, &format!("select private.{call}")).await.is_err(), "{role} {call}");
        }
    }
}

#[tokio::test]
async fn events_written_without_a_partition_are_retained_and_removed_in_time() {
    let app = TestApp::new().await;
    let today = app.clock.now().date_naive();
    let name = |days: i64| (today + TimeDelta::days(days)).format("outbox_events_%Y_%m_%d").to_string();
    app.execute(&format!("drop table {}; drop table {}", name(0), name(1))).await;
    let manager = app.clinic("Oak").await.manager().await;
    manager.open_ticket("Printer").await;

    keep_at(&app, today).await;

    let partitions = partitions_of(&app, "outbox_events").await;
    assert!(!partitions.contains(&name(0)) && partitions.contains(&name(1)), "{partitions:?}");
    let held = "select count(*) from outbox_events_other where topic = 'ticket'";
    assert_eq!(app.value(held).await, 1);
    // They are removed at the same age as all others.
    keep_at(&app, today + Days::new(7)).await;
    assert_eq!(app.value(held).await, 1);
    keep_at(&app, today + Days::new(8)).await;
    assert_eq!(app.value(held).await, 0);
}

#[tokio::test]
async fn a_cursor_is_valid_while_the_events_after_it_are_retained() {
    let app = TestApp::new().await;
    let manager = app.clinic("Oak").await.manager().await;
    let today = app.clock.now().date_naive();
    // Ten events a day, of the last twelve days.
    for ago in (0..12).rev() {
        let day = today - Days::new(ago);
        let part = day.format("outbox_events_%Y_%m_%d");
        app.execute(&format!(
            "set role clinigraph_owner;
             create table if not exists {part} partition of outbox_events for values from ('{day} 00:00Z') to ('{} 00:00Z');
             reset role;
             insert into outbox_events (clinic_id, audience, topic, subject_id, kind, created_at)
             select null, 'platform', 'clinic', gen_random_uuid(), 'updated', '{day} 00:00Z' from generate_series(1, 10)",
            day + Days::new(1)
        ))
        .await;
    }
    partitions::maintain_now(&app.database).await.unwrap();
    let ids = app.rows("select id from outbox_events order by id").await;
    let oldest = ids[0]["id"].as_i64().unwrap();
    assert_eq!(ids.len(), 80, "seven days and today");

    let names = names_of_events();
    let removed = oldest - 1;
    for over in BOTH {
        for expired in [0, removed - 5, removed - 1] {
            let mut reader = manager.listen(over, TICKETS, Some(&names.cursor(expired))).await;
            assert_eq!(reader.end().await, "CURSOR_EXPIRED", "{over:?} {expired} of {removed}");
        }
        for retained in [removed, oldest, oldest + 40] {
            let mut reader = manager.listen(over, TICKETS, Some(&names.cursor(retained))).await;
            let title = format!("{over:?} {retained}");
            manager.open_ticket(&title).await;
            let mut event = reader.event().await;
            while event["ticket"]["title"] != title.as_str() {
                event = reader.event().await;
            }
        }
    }
}

#[tokio::test]
async fn the_last_cursor_is_valid_when_no_event_is_left() {
    let app = TestApp::new().await;
    let manager = app.clinic("Oak").await.manager().await;
    let before = app.now().await;
    manager.open_ticket("Printer").await;
    let last = app.now().await;
    // Ids that were rolled back leave a gap behind the last one.
    app.execute("select nextval('outbox_events_id_seq') from generate_series(1, 40)").await;
    let later = app.clock.now().date_naive() + Days::new(30);
    keep_at(&app, later).await;
    assert_eq!(app.value("select count(*) from outbox_events").await, 0);

    let other = app.another().await;
    let there = other.person(&manager);
    assert_eq!(there.listen(Over::Stream, TICKETS, Some(&before)).await.end().await, "CURSOR_EXPIRED");
    let mut reader = there.listen(Over::Stream, TICKETS, Some(&last)).await;
    manager.open_ticket("Scanner").await;
    assert_eq!(super::titles(&reader.events(1).await), ["Scanner"]);
    other.stop();
}

#[tokio::test]
async fn a_cursor_beyond_the_last_event_is_expired() {
    let app = TestApp::new().await;
    let manager = app.clinic("Oak").await.manager().await;
    manager.open_ticket("Printer").await;
    let mut reader = manager.listen(Over::Stream, TICKETS, Some(&names_of_events().cursor(1_000_000))).await;
    assert_eq!(reader.end().await, "CURSOR_EXPIRED");
}

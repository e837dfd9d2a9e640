//! The rights of listeners are checked all the time: a listener who lost them receives nothing more, and the reason.

use std::time::Duration;

use clinigraph::kernel::actor::SystemRole;
use serde_json::json;

use super::{BOTH, TICKETS, titles};
use crate::{
    clinic::TestClinic,
    harness::{Person, TestApp},
};

/// How the right to listen is lost: what is done to the database, and the code that the subscription ends with.
const LOSSES: [(&str, &str, &str); 5] = [
    ("revoked", "update sessions set revoked_at = now() where user_id = '$user'", "SESSION_EXPIRED"),
    ("removed", "update memberships set deleted_at = now() where user_id = '$user'", "FORBIDDEN"),
    ("became another", "update memberships set role = 'auditor' where user_id = '$user'", "FORBIDDEN"),
    ("user", "update users set status = 'suspended' where id = '$user'", "USER_INACTIVE"),
    ("clinic", "update clinics set status = 'suspended' where id = '$clinic'", "CLINIC_INACTIVE"),
];

async fn lose(app: &TestApp, how: &str, person: &Person, clinic: &TestClinic<'_>) {
    let (user, clinic) = (person.user_id.to_string(), clinic.id.to_string());
    app.execute(&how.replace("$user", &user).replace("$clinic", &clinic)).await;
}

#[tokio::test]
async fn losing_the_right_ends_a_subscription_within_five_seconds_without_an_event() {
    let app = TestApp::new().await;
    for (name, how, code) in LOSSES {
        let oak = app.clinic("Oak").await;
        let staff = oak.person(SystemRole::Staff).await;
        let began = app.now().await;
        let readers = BOTH.map(|over| staff.listen(over, TICKETS, Some(&began)));
        let mut readers = futures_util::future::join_all(readers).await;
        // Both have begun.
        staff.open_ticket("Printer").await;
        for reader in &mut readers {
            reader.event().await;
        }

        lose(&app, how, &staff, &oak).await;

        let ends = readers.iter_mut().map(|reader| tokio::time::timeout(Duration::from_secs(5), reader.end()));
        for end in futures_util::future::join_all(ends).await {
            assert_eq!(end.expect("within five seconds"), code, "{name}");
        }
    }
}

#[tokio::test]
async fn nothing_is_delivered_after_the_right_was_lost() {
    let app = TestApp::new().await;
    for (name, how, code) in LOSSES {
        let oak = app.clinic("Oak").await;
        let (staff, manager) = (oak.person(SystemRole::Staff).await, app.administrator().await);
        let began = app.now().await;
        let readers = BOTH.map(|over| staff.listen(over, TICKETS, Some(&began)));
        let mut readers = futures_util::future::join_all(readers).await;
        staff.open_ticket("before").await;
        for reader in &mut readers {
            assert_eq!(titles(&reader.events(1).await), ["before"]);
        }

        lose(&app, how, &staff, &oak).await;
        let input = json!({ "title": "after", "description": "Secret.", "clinicId": oak.api_id() });
        let open = "mutation ($input: OpenTicketInput!) { openTicket(input: $input) { ticket { id } } }";
        let opened = manager.send(open, json!({ "input": input })).await;
        if name != "clinic" {
            assert_eq!(opened.code(), None);
        }

        for (reader, over) in readers.iter_mut().zip(BOTH) {
            // `end` would skip an event.
            let received = reader.next().await;
            assert!(!format!("{received:?}").contains("after"), "{name} {over:?}: {received:?}");
            assert!(format!("{received:?}").contains(code), "{name} {over:?}: {received:?}");
        }
    }
}

#[tokio::test]
async fn events_of_other_clinics_do_not_delay_the_end() {
    let app = TestApp::new().await;
    let (oak, elm) = (app.clinic("Oak").await, app.clinic("Elm").await);
    let (staff, other) = (oak.person(SystemRole::Staff).await, elm.manager().await);
    let mut reader = staff.listen(super::Over::Stream, TICKETS, None).await;

    lose(&app, LOSSES[0].1, &staff, &oak).await;
    let busy = async {
        loop {
            other.open_ticket("Elsewhere").await;
        }
    };
    let end = tokio::select! {
        end = tokio::time::timeout(Duration::from_secs(5), reader.end()) => end,
        () = busy => unreachable!(),
    };
    assert_eq!(end.expect("within five seconds"), "SESSION_EXPIRED");
}

#[tokio::test]
async fn an_expired_session_ends_its_subscriptions() {
    let app = TestApp::new().await;
    let manager = app.clinic("Oak").await.manager().await;
    let mut reader = manager.listen(super::Over::Stream, TICKETS, None).await;
    app.execute("update sessions set expires_at = now() + interval '100 milliseconds'").await;
    assert_eq!(reader.end().await, "SESSION_EXPIRED");
}

#[tokio::test]
async fn signing_out_ends_no_other_session_of_the_person() {
    let app = TestApp::new().await;
    let oak = app.clinic("Oak").await;
    let manager = oak.manager().await;
    let elsewhere = app.signed_in(manager.user_id, Some(oak.id)).await;
    let mut stays = elsewhere.listen(super::Over::Stream, TICKETS, None).await;
    let mut goes = manager.listen(super::Over::Socket, TICKETS, Some(&app.now().await)).await;
    elsewhere.open_ticket("before").await;
    goes.event().await;
    stays.event().await;

    manager.ask("mutation { signOut { signedOut } }", json!({})).await;

    assert_eq!(goes.end().await, "SESSION_EXPIRED");
    elsewhere.open_ticket("after").await;
    assert_eq!(titles(&stays.events(1).await), ["after"]);
}

#[tokio::test]
async fn listeners_of_the_same_operation_are_checked_one_by_one() {
    let app = TestApp::new().await;
    let oak = app.clinic("Oak").await;
    let (stays, goes) = (oak.person(SystemRole::Staff).await, oak.person(SystemRole::Staff).await);
    let mut readers =
        [stays.listen(super::Over::Stream, TICKETS, None).await, goes.listen(super::Over::Stream, TICKETS, None).await];

    lose(&app, LOSSES[0].1, &goes, &oak).await;
    stays.open_ticket("after").await;

    // The same operation, so that both could share one reading.
    assert_eq!(titles(&readers[0].events(1).await), ["after"]);
    assert!(!format!("{:?}", readers[1].next().await).contains("after"));
}

//! Who listens is looked at all the time: whoever may not any more hears nothing more, and is told why.

use std::time::Duration;

use clinigraph::kernel::actor::SystemRole;
use serde_json::json;

use super::{BOTH, TICKETS, titles};
use crate::support::{Person, TestApp, TestClinic};

/// Ways to lose the right to listen: what is done to the database, and the code that it ends with.
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
async fn whoever_loses_the_right_is_ended_within_five_seconds_though_nothing_happens() {
    let app = TestApp::new().await;
    for (name, how, code) in LOSSES {
        let oak = app.clinic("Oak").await;
        let staff = oak.person(SystemRole::Staff).await;
        let began = app.now().await;
        let ears = BOTH.map(|over| staff.listen(over, TICKETS, Some(&began)));
        let mut ears = futures_util::future::join_all(ears).await;
        // Both have begun.
        staff.open_ticket("Printer").await;
        for ear in &mut ears {
            ear.event().await;
        }

        lose(&app, how, &staff, &oak).await;

        let ends = ears.iter_mut().map(|ear| tokio::time::timeout(Duration::from_secs(5), ear.end()));
        for end in futures_util::future::join_all(ends).await {
            assert_eq!(end.expect("within five seconds"), code, "{name}");
        }
    }
}

#[tokio::test]
async fn nothing_that_happens_after_the_loss_is_heard() {
    let app = TestApp::new().await;
    for (name, how, code) in LOSSES {
        let oak = app.clinic("Oak").await;
        let (staff, manager) = (oak.person(SystemRole::Staff).await, app.administrator().await);
        let began = app.now().await;
        let ears = BOTH.map(|over| staff.listen(over, TICKETS, Some(&began)));
        let mut ears = futures_util::future::join_all(ears).await;
        staff.open_ticket("before").await;
        for ear in &mut ears {
            assert_eq!(titles(&ear.events(1).await), ["before"]);
        }

        lose(&app, how, &staff, &oak).await;
        let input = json!({ "title": "after", "description": "Secret.", "clinicId": oak.api_id() });
        let open = "mutation ($input: OpenTicketInput!) { openTicket(input: $input) { ticket { id } } }";
        let opened = manager.send(open, json!({ "input": input })).await;
        if name != "clinic" {
            assert_eq!(opened.code(), None);
        }

        for (ear, over) in ears.iter_mut().zip(BOTH) {
            // `end` would pass an event by.
            let heard = ear.hear().await;
            assert!(!format!("{heard:?}").contains("after"), "{name} {over:?}: {heard:?}");
            assert!(format!("{heard:?}").contains(code), "{name} {over:?}: {heard:?}");
        }
    }
}

#[tokio::test]
async fn much_that_happens_elsewhere_does_not_keep_somebody_from_being_ended() {
    let app = TestApp::new().await;
    let (oak, elm) = (app.clinic("Oak").await, app.clinic("Elm").await);
    let (staff, other) = (oak.person(SystemRole::Staff).await, elm.manager().await);
    let mut ear = staff.listen(super::Over::Stream, TICKETS, None).await;

    lose(&app, LOSSES[0].1, &staff, &oak).await;
    let busy = async {
        loop {
            other.open_ticket("Elsewhere").await;
        }
    };
    let end = tokio::select! {
        end = tokio::time::timeout(Duration::from_secs(5), ear.end()) => end,
        () = busy => unreachable!(),
    };
    assert_eq!(end.expect("within five seconds"), "SESSION_EXPIRED");
}

#[tokio::test]
async fn a_session_that_runs_out_ends_its_listeners() {
    let app = TestApp::new().await;
    let manager = app.clinic("Oak").await.manager().await;
    let mut ear = manager.listen(super::Over::Stream, TICKETS, None).await;
    app.execute("update sessions set expires_at = now() + interval '100 milliseconds'").await;
    assert_eq!(ear.end().await, "SESSION_EXPIRED");
}

#[tokio::test]
async fn signing_out_here_does_not_end_another_session_of_the_same_person() {
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
async fn each_of_many_who_ask_the_same_is_let_through_by_themselves() {
    let app = TestApp::new().await;
    let oak = app.clinic("Oak").await;
    let (stays, goes) = (oak.person(SystemRole::Staff).await, oak.person(SystemRole::Staff).await);
    let mut ears =
        [stays.listen(super::Over::Stream, TICKETS, None).await, goes.listen(super::Over::Stream, TICKETS, None).await];

    lose(&app, LOSSES[0].1, &goes, &oak).await;
    stays.open_ticket("after").await;

    // Alike in every word they asked, so that what is read for one is good for the other.
    assert_eq!(titles(&ears[0].events(1).await), ["after"]);
    assert!(!format!("{:?}", ears[1].hear().await).contains("after"));
}

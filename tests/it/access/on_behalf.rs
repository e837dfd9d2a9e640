//! What the server does as itself for somebody: it looks at them first, and the audit trail knows them. What it refuses is in the
//! trail too.

use clinigraph::{access::Passwords, kernel::actor::SystemRole};
use serde_json::{Value, json};

use crate::harness::{Answer, TestApp};

const SIGN_OUT: &str = "mutation { signOut { signedOut } }";
const SWITCH: &str =
    "mutation ($id: ID!) { switchClinic(input: { clinicId: $id }) { viewer { role actingClinic { name } } } }";
const SIGN_IN: &str = "mutation ($input: SignInInput!) { signIn(input: $input) { expiresAt } }";

fn code(answer: &Answer) -> (u16, String) {
    (answer.status, answer.code().unwrap_or_else(|| "fine".to_owned()))
}

async fn trail(app: &TestApp, condition: &str) -> Vec<Value> {
    app.rows(&format!(
        "select actor_kind, actor_user_id, actor_email, clinic_id, verb, operation, resource_type, resource_id, success, reason
         from audit_events where {condition} order by seq"
    ))
    .await
}

#[tokio::test]
async fn a_session_that_was_revoked_does_nothing_as_the_system_either() {
    let app = TestApp::new().await;
    let (oak, elm) = (app.clinic("Oak").await, app.clinic("Elm").await);
    let person = oak.manager().await;
    elm.join(person.user_id, SystemRole::Staff).await;
    let input = json!({ "input": { "email": "nobody@oak.example", "password": "wrong" } });
    person.ask("{ viewer { role } }", json!({})).await;

    app.execute("update sessions set revoked_at = now()").await;

    // Each of them finds the person in the server's memory, as another server revoked the session.
    for (operation, variables) in [(SWITCH, json!({ "id": elm.api_id() })), (SIGN_OUT, json!({})), (SIGN_IN, input)] {
        let another = app.another().await;
        app.execute("update sessions set revoked_at = null").await;
        let there = another.person(&person);
        there.ask("{ viewer { role } }", json!({})).await;
        app.execute("update sessions set revoked_at = '2026-01-01'").await;
        let answer = there.send(operation, variables).await;
        assert_eq!(code(&answer), (401, "SESSION_EXPIRED".to_owned()), "{operation}");
        another.stop();
    }
    let session = app.rows("select acting_clinic_id, revoked_at::date from sessions").await.remove(0);
    assert_eq!(session, json!({ "acting_clinic_id": oak.id, "revoked_at": "2026-01-01" }), "nothing was done");
    assert_eq!(app.value("select count(*) from sign_in_attempts").await, 0);
}

#[tokio::test]
async fn somebody_who_was_suspended_cannot_switch_clinics() {
    let app = TestApp::new().await;
    let (oak, elm) = (app.clinic("Oak").await, app.clinic("Elm").await);
    let person = oak.manager().await;
    elm.join(person.user_id, SystemRole::Staff).await;
    person.ask("{ viewer { role } }", json!({})).await;

    app.execute(&format!("update users set status = 'suspended' where id = '{}'", person.user_id)).await;

    let answer = person.send(SWITCH, json!({ "id": elm.api_id() })).await;
    assert_eq!(code(&answer), (403, "USER_INACTIVE".to_owned()));
    assert_eq!(app.value("select acting_clinic_id from sessions").await, json!(oak.id));
}

#[tokio::test]
async fn whose_clinic_is_inactive_can_switch_to_another_and_sign_out() {
    let app = TestApp::new().await;
    let (oak, elm) = (app.clinic("Oak").await, app.clinic("Elm").await);
    let (goes, leaves) = (oak.manager().await, oak.manager().await);
    elm.join(goes.user_id, SystemRole::Staff).await;
    for person in [&goes, &leaves] {
        person.ask("{ viewer { role } }", json!({})).await;
    }

    app.execute(&format!("update clinics set status = 'suspended' where id = '{}'", oak.id)).await;

    assert_eq!(code(&goes.send("{ clinic { name } }", json!({})).await).1, "CLINIC_INACTIVE");
    let switched = goes.ask(SWITCH, json!({ "id": elm.api_id() })).await;
    assert_eq!(switched["switchClinic"]["viewer"], json!({ "role": "STAFF", "actingClinic": { "name": "Elm" } }));
    assert_eq!(leaves.ask(SIGN_OUT, json!({})).await, json!({ "signOut": { "signedOut": true } }));
}

#[tokio::test]
async fn a_change_of_role_does_not_keep_anybody_from_signing_out() {
    let app = TestApp::new().await;
    let person = app.clinic("Oak").await.manager().await;
    person.ask("{ viewer { role } }", json!({})).await;

    app.execute("update memberships set role = 'auditor'").await;

    assert_eq!(person.ask(SIGN_OUT, json!({})).await, json!({ "signOut": { "signedOut": true } }));
    assert_eq!(app.value("select count(*) from sessions where revoked_at is not null").await, 1);
}

#[tokio::test]
async fn the_trail_knows_for_whom_the_server_works() {
    let app = TestApp::new().await;
    let (oak, elm) = (app.clinic("Oak").await, app.clinic("Elm").await);
    let person = oak.manager().await;
    elm.join(person.user_id, SystemRole::Staff).await;
    let hash = Passwords::new(1, 1).hash("right").await.unwrap();
    app.execute(&format!(
        "update users set email = 'nia@oak.example', password_hash = '{hash}' where id = '{}'",
        person.user_id
    ))
    .await;
    let input = json!({ "input": { "email": "nia@oak.example", "password": "right" } });

    app.nobody().ask(SIGN_IN, input).await;
    person.ask(SWITCH, json!({ "id": elm.api_id() })).await;
    person.ask(SIGN_OUT, json!({})).await;

    let trail = trail(&app, "resource_type = 'session' and operation is not null").await;
    let operations: Vec<_> = trail.iter().map(|row| row["operation"].as_str().unwrap()).collect();
    assert_eq!(operations, ["signIn", "switchClinic", "signOut"]);
    for row in &trail {
        assert_eq!(row["actor_user_id"], json!(person.user_id), "{row}");
        assert_eq!(row["actor_email"], "nia@oak.example", "{row}");
    }
}

#[tokio::test]
async fn a_refused_sign_in_is_in_the_trail() {
    let app = TestApp::new().await;
    let user = app.user("Nia", false).await;
    let hash = Passwords::new(1, 1).hash("right").await.unwrap();
    app.execute(&format!("update users set email = 'nia@oak.example', password_hash = '{hash}' where id = '{user}'"))
        .await;
    let patient = app.clinic("Oak").await.person(SystemRole::Patient).await;
    let attempt = |email: &str, password: &str| json!({ "input": { "email": email, "password": password } });

    app.nobody().send(SIGN_IN, attempt("nia@oak.example", "wrong")).await;
    app.nobody().send(SIGN_IN, attempt("nobody@oak.example", "wrong")).await;
    patient.send(SIGN_IN, attempt("nia@oak.example", "wrong")).await;
    app.execute(&format!("update users set status = 'suspended' where id = '{user}'")).await;
    app.nobody().send(SIGN_IN, attempt("nia@oak.example", "right")).await;

    let rows = trail(&app, "verb = 'sign_in'").await;
    let seen: Vec<_> = rows
        .iter()
        .map(|row| {
            json!([row["actor_user_id"], row["resource_type"], row["resource_id"], row["success"], row["reason"]])
        })
        .collect();
    assert_eq!(
        seen,
        [
            json!([user, "user", user, false, "wrong password"]),
            json!([null, "user", null, false, "unknown email address"]),
            json!([patient.user_id, "user", user, false, "wrong password"]),
            json!([user, "user", user, false, "the account is not active"]),
        ]
    );
    assert_eq!(rows[0]["actor_email"], "nia@oak.example");
    assert_eq!(rows[1]["actor_email"], Value::Null);
    let query = "{ auditEvents(filter: { occurredAt: { from: \"2020-01-01T00:00:00Z\" }, verb: SIGN_IN }) { nodes { verb success } } }";
    let listed = app.administrator().await.ask(query, json!({})).await;
    assert_eq!(listed["auditEvents"]["nodes"].as_array().unwrap().len(), 4);
}

#[tokio::test]
async fn a_refused_mutation_is_in_the_trail_once_however_often_it_is_sent() {
    let app = TestApp::new().await;
    let oak = app.clinic("Oak").await;
    let clinician = oak.person(SystemRole::Clinician).await;
    let open = "mutation { a: openTicket(input: { title: \"x\", description: \"y\" }) { ticket { id } }
                b: openTicket(input: { title: \"x\", description: \"y\" }) { ticket { id } } }";
    let closure = "mutation { addClinicClosure(input: { date: \"2026-09-07\" }) { clinicClosure { date } } }";

    for _ in 0..5 {
        assert_eq!(clinician.fail(open, json!({})).await, "FORBIDDEN");
    }
    assert_eq!(clinician.fail(closure, json!({})).await, "FORBIDDEN");

    let rows = trail(&app, "verb = 'attempt'").await;
    let operations: Vec<_> = rows.iter().map(|row| row["operation"].as_str().unwrap()).collect();
    assert_eq!(operations, ["openTicket", "addClinicClosure"]);
    let first = &rows[0];
    assert_eq!((&first["actor_kind"], &first["success"]), (&json!("tenant"), &json!(false)));
    assert_eq!((&first["actor_user_id"], &first["clinic_id"]), (&json!(clinician.user_id), &json!(oak.id)));
    assert!(first["reason"].as_str().unwrap().contains("TICKETS_WRITE"));
}

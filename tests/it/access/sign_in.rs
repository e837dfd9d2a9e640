//! Who comes in, and as what: sign-in, sessions, and the clinic worked in.

use std::time::{Duration, Instant};

use chrono::TimeDelta;
use clinigraph::{access::Passwords, kernel::actor::SystemRole, pipeline::Settings};
use futures_util::future::join_all;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{Answer, Person, TestApp, settings};

const SIGN_IN: &str = "mutation ($input: SignInInput!) { signIn(input: $input) { token expiresAt
    viewer { user { email } role actingClinic { name } permissions } } }";
const VIEWER: &str =
    "{ viewer { user { displayName } role actingClinic { name } permissions memberships { role clinic { name } } } }";

/// Somebody with the password `right`.
async fn with_password(app: &TestApp, email: &str) -> Uuid {
    let user = app.user("Nia", false).await;
    let hash = Passwords::new(1, 1).hash("right").await.unwrap();
    app.execute(&format!("update users set email = '{email}', password_hash = '{hash}' where id = '{user}'")).await;
    user
}

impl TestApp {
    async fn sign_in(&self, email: &str, password: &str) -> Answer {
        self.nobody().send(SIGN_IN, json!({ "input": { "email": email, "password": password } })).await
    }
}

fn code(answer: &Answer) -> String {
    answer.code().unwrap_or_else(|| "fine".to_owned())
}

/// The first error without what differs from request to request.
fn error(answer: &Answer) -> Value {
    let mut error = answer.body["errors"][0].clone();
    error["extensions"].as_object_mut().unwrap().remove("requestId");
    error
}

fn as_bearer(app: &TestApp, token: &str) -> Person {
    Person::new(app.address, Some(token.to_owned()), Uuid::nil())
}

#[tokio::test]
async fn the_right_password_begins_a_session() {
    let app = TestApp::new().await;
    let oak = app.clinic("Oak").await;
    let user = with_password(&app, "nia@oak.example").await;
    oak.join(user, SystemRole::Staff).await;

    let answer = app.sign_in("  Nia@OAK.example ", "right").await;

    let payload = &answer.body["data"]["signIn"];
    let viewer = json!({
        "user": { "email": "nia@oak.example" },
        "role": "STAFF",
        "actingClinic": { "name": "Oak" },
        "permissions": ["TICKETS_READ", "TICKETS_WRITE"],
    });
    assert_eq!(payload["viewer"], viewer, "{}", answer.body);
    let ends = chrono::DateTime::parse_from_rfc3339(payload["expiresAt"].as_str().unwrap()).unwrap();
    assert_eq!((ends.to_utc() - app.clock.now()).num_hours(), 7 * 24 - 1);
    let person = as_bearer(&app, payload["token"].as_str().unwrap());
    assert_eq!(person.ask(VIEWER, json!({})).await["viewer"]["role"], "STAFF");
}

#[tokio::test]
async fn a_token_is_kept_only_as_its_hash() {
    let app = TestApp::new().await;
    with_password(&app, "nia@oak.example").await;

    let answer = app.sign_in("nia@oak.example", "right").await;

    let token = answer.body["data"]["signIn"]["token"].as_str().unwrap();
    assert!(token.starts_with("cgs_") && token.len() == 4 + 43, "256 bits");
    let stored = app.value("select encode(token_hash, 'hex') from sessions").await;
    assert_eq!(
        stored,
        clinigraph::access::token_hash(token).iter().map(|byte| format!("{byte:02x}")).collect::<String>()
    );
    for table in ["sessions", "audit_events", "outbox_events", "idempotency_keys", "users"] {
        let rows = json!(app.rows(&format!("select t::text from {table} t")).await).to_string();
        assert!(!rows.contains(token) && !rows.contains("argon2") || table == "users", "{table}");
        assert!(!rows.contains(stored.as_str().unwrap()) || table == "sessions", "{table}");
    }
}

#[tokio::test]
async fn a_wrong_password_cannot_be_told_from_an_unknown_address() {
    let app = TestApp::new().await;
    with_password(&app, "nia@oak.example").await;
    let without = app.user("Bo", false).await;
    app.execute(&format!("update users set email = 'bo@oak.example' where id = '{without}'")).await;

    let mut shown = Vec::new();
    for email in ["nia@oak.example", "nobody@oak.example", "bo@oak.example"] {
        let answer = app.sign_in(email, "wrong").await;
        assert_eq!((code(&answer).as_str(), answer.status), ("INVALID_CREDENTIALS", 200));
        shown.push(error(&answer));
    }

    assert!(shown.iter().all(|error| *error == shown[0]), "{shown:?}");
}

#[tokio::test]
async fn five_wrong_passwords_lock_known_and_unknown_addresses_alike() {
    let app = TestApp::new().await;
    with_password(&app, "nia@oak.example").await;
    let both = ["nia@oak.example", "nobody@oak.example"];
    let tell = async |password: &str| {
        let mut shown = Vec::new();
        for email in both {
            let answer = app.sign_in(email, password).await;
            let mut error = error(&answer);
            // Seconds may pass between the two.
            let wait = error["extensions"]["retryAfter"].take().as_u64().map(|seconds| seconds.div_ceil(30) * 30);
            shown.push((code(&answer), wait, error["message"].clone()));
        }
        assert_eq!(shown[0], shown[1]);
        (shown[0].0.clone(), shown[0].1)
    };
    let locked = |seconds| ("ACCOUNT_LOCKED".to_owned(), Some(seconds));
    let wrong = ("INVALID_CREDENTIALS".to_owned(), None);

    for _ in 0..5 {
        assert_eq!(tell("wrong").await, wrong);
    }
    assert_eq!(tell("wrong").await, locked(900));
    app.clock.turn(TimeDelta::minutes(10));
    assert_eq!(tell("wrong").await, locked(300), "the wait grows shorter, and trying does not lengthen it");
    app.clock.turn(TimeDelta::minutes(5));
    for _ in 0..5 {
        assert_eq!(tell("wrong").await, wrong, "the count begins anew");
    }
    assert_eq!(tell("wrong").await, locked(900));
}

#[tokio::test]
async fn a_locked_account_refuses_even_the_right_password_until_the_time_is_over() {
    let app = TestApp::new().await;
    with_password(&app, "nia@oak.example").await;
    for _ in 0..5 {
        app.sign_in("nia@oak.example", "wrong").await;
    }

    let locked = app.sign_in("nia@oak.example", "right").await;
    app.clock.turn(TimeDelta::minutes(15));
    let unlocked = app.sign_in("nia@oak.example", "right").await;

    assert_eq!([code(&locked), code(&unlocked)], ["ACCOUNT_LOCKED", "fine"]);
}

#[tokio::test]
async fn the_right_password_forgives_the_wrong_ones_before_it() {
    let app = TestApp::new().await;
    with_password(&app, "nia@oak.example").await;

    for _ in 0..2 {
        for _ in 0..4 {
            app.sign_in("nia@oak.example", "wrong").await;
        }
        assert_eq!(code(&app.sign_in("nia@oak.example", "right").await), "fine");
    }
}

#[tokio::test]
async fn guesses_at_once_or_in_one_document_count_each() {
    let app = TestApp::new().await;
    with_password(&app, "nia@oak.example").await;
    with_password(&app, "leo@oak.example").await;

    // Thirty guesses that all begin before the first is counted.
    let guesses = join_all((0..30).map(|_| app.sign_in("nia@oak.example", "wrong"))).await;
    let after = app.sign_in("nia@oak.example", "right").await;
    let mut of_leo = Vec::new();
    for _ in 0..5 {
        let query =
            "mutation ($input: SignInInput!) { a: signIn(input: $input) { token } b: signIn(input: $input) { token } }";
        let input = json!({ "input": { "email": "leo@oak.example", "password": "wrong" } });
        of_leo.push(code(&app.nobody().send(query, input).await));
    }

    let tried = guesses.iter().filter(|answer| code(answer) == "INVALID_CREDENTIALS").count();
    assert!(tried <= 5, "{tried} guesses were answered");
    assert_eq!(code(&after), "ACCOUNT_LOCKED");
    let [wrong, locked] = ["INVALID_CREDENTIALS", "ACCOUNT_LOCKED"];
    assert_eq!(
        of_leo,
        [wrong, wrong, wrong, locked, locked],
        "each field counts, so five guesses are two documents and a half"
    );
    assert_eq!(code(&app.sign_in("leo@oak.example", "wrong").await), "ACCOUNT_LOCKED");
}

#[tokio::test]
async fn an_account_that_is_not_active_says_so_only_to_who_knows_the_password() {
    let app = TestApp::new().await;
    let user = with_password(&app, "nia@oak.example").await;
    app.execute(&format!("update users set status = 'suspended' where id = '{user}'")).await;

    let wrong = app.sign_in("nia@oak.example", "wrong").await;
    let right = app.sign_in("nia@oak.example", "right").await;
    app.execute(&format!("update users set status = 'active', deleted_at = now() where id = '{user}'")).await;
    let gone = app.sign_in("nia@oak.example", "right").await;

    assert_eq!(
        [code(&wrong), code(&right), code(&gone)],
        ["INVALID_CREDENTIALS", "USER_INACTIVE", "INVALID_CREDENTIALS"]
    );
    assert_eq!(app.value("select count(*) from sessions").await, 0);
}

#[tokio::test]
async fn a_long_password_is_refused_before_it_is_hashed_and_a_bad_address_at_the_door() {
    let app = TestApp::new().await;

    let longest = app.sign_in("nia@oak.example", &"é".repeat(128)).await;
    let longer = app.sign_in("nia@oak.example", &"é".repeat(129)).await;
    let address = app.sign_in("nia", "right").await;

    assert_eq!(
        [code(&longest), code(&longer), code(&address)],
        ["INVALID_CREDENTIALS", "INVALID_INPUT", "INVALID_INPUT"]
    );
    assert_eq!(longer.body["errors"][0]["extensions"]["fields"][0]["path"], "input.password");
}

#[tokio::test]
async fn signing_out_ends_the_session_at_once_and_no_other() {
    let app = TestApp::new().await;
    let oak = app.clinic("Oak").await;
    let here = oak.manager().await;
    let there = app.signed_in(here.user_id, Some(oak.id)).await;
    here.ask(VIEWER, json!({})).await;

    let out = here.ask("mutation { signOut { signedOut } }", json!({})).await;
    let after = here.send(VIEWER, json!({})).await;

    assert_eq!(out, json!({ "signOut": { "signedOut": true } }));
    assert_eq!((after.status, code(&after).as_str()), (401, "SESSION_EXPIRED"));
    assert_eq!(after.body.get("data"), None, "nothing was executed");
    there.ask(VIEWER, json!({})).await;
    let nobody = app.nobody().send("mutation { signOut { signedOut } }", json!({})).await;
    assert_eq!(code(&nobody), "UNAUTHENTICATED");
}

#[tokio::test]
async fn a_session_that_is_revoked_elsewhere_ends_with_the_next_request() {
    let app = TestApp::new().await;
    let manager = app.clinic("Oak").await.manager().await;
    manager.ask(VIEWER, json!({})).await;

    app.execute("update sessions set revoked_at = now()").await;

    let after = manager.send("{ tickets { totalCount } }", json!({})).await;
    assert_eq!((after.status, code(&after).as_str()), (401, "SESSION_EXPIRED"));
}

#[tokio::test]
async fn a_session_ends_when_the_clock_says_so_and_no_sooner() {
    let app = TestApp::new().await;
    let manager = app.clinic("Oak").await.manager().await;
    let (reads, writes) = ("{ tickets { totalCount } }", "mutation { signOut { signedOut } }");
    manager.ask(reads, json!({})).await;

    app.clock.turn(TimeDelta::hours(24) - TimeDelta::seconds(30));
    manager.ask(reads, json!({})).await;
    app.clock.turn(TimeDelta::seconds(31));

    for operation in [reads, writes, "{ viewer { role } }", "{ __typename }"] {
        let after = manager.send(operation, json!({})).await;
        assert_eq!((after.status, code(&after).as_str()), (401, "SESSION_EXPIRED"), "{operation}");
    }
    assert_eq!(app.value("select count(*) from sessions where revoked_at is not null").await, 0);
}

#[tokio::test]
async fn an_unknown_token_is_refused_also_where_nobody_needs_one() {
    let app = TestApp::new().await;
    let stranger = as_bearer(&app, "cgs_made_up");

    let answer = stranger.send("{ __typename }", json!({})).await;

    assert_eq!((answer.status, code(&answer).as_str()), (401, "SESSION_EXPIRED"));
}

#[tokio::test]
async fn what_changes_about_the_caller_holds_from_the_next_request_on() {
    let app = TestApp::new().await;
    let manager = app.clinic("Oak").await.manager().await;
    let after = async |change: &str| {
        app.execute(change).await;
        code(&manager.send("{ tickets { totalCount } }", json!({})).await)
    };

    assert_eq!(after("").await, "fine");
    assert_eq!(after("update memberships set role = 'clinician'").await, "FORBIDDEN");
    assert_eq!(after("update memberships set role = 'auditor'").await, "fine");
    assert_eq!(after("update memberships set status = 'suspended'").await, "FORBIDDEN", "no clinic is left");
    assert_eq!(after("update memberships set status = 'active'").await, "fine");
    assert_eq!(after("update clinics set status = 'suspended'").await, "CLINIC_INACTIVE");
    assert_eq!(after("update clinics set status = 'pending'").await, "fine");
    assert_eq!(after("update users set status = 'suspended'").await, "USER_INACTIVE");
    assert_eq!(after("update users set status = 'active'").await, "fine");
    assert_eq!(after("update users set is_platform_admin = true").await, "fine");
    assert_eq!(manager.ask(VIEWER, json!({})).await["viewer"]["actingClinic"], json!(null));
    assert_eq!(after("update users set is_platform_admin = false").await, "fine");
    assert_eq!(manager.ask(VIEWER, json!({})).await["viewer"]["actingClinic"], json!({ "name": "Oak" }));
}

#[tokio::test]
async fn one_switches_between_ones_own_clinics() {
    let app = TestApp::new().await;
    let (oak, elm) = (app.clinic("Oak").await, app.clinic("Elm").await);
    let person = oak.manager().await;
    elm.join(person.user_id, SystemRole::Staff).await;
    elm.manager().await.open_ticket("Of Elm").await;
    let switch =
        "mutation ($id: ID!) { switchClinic(input: { clinicId: $id }) { viewer { role actingClinic { name } } } }";
    let tickets = "{ clinic { name } tickets { nodes { title } } }";
    person.ask(tickets, json!({})).await;

    let switched = person.ask(switch, json!({ "id": elm.api_id() })).await;
    let seen = person.ask(tickets, json!({})).await;
    let back = person.ask(switch, json!({ "id": oak.api_id() })).await;

    assert_eq!(switched["switchClinic"]["viewer"], json!({ "role": "STAFF", "actingClinic": { "name": "Elm" } }));
    assert_eq!(seen, json!({ "clinic": { "name": "Elm" }, "tickets": { "nodes": [{ "title": "Of Elm" }] } }));
    assert_eq!(back["switchClinic"]["viewer"], json!({ "role": "CLINIC_MANAGER", "actingClinic": { "name": "Oak" } }));
}

#[tokio::test]
async fn one_cannot_switch_to_a_clinic_that_is_not_ones_own_or_not_open() {
    let app = TestApp::new().await;
    let (oak, elm, ash, fir) =
        (app.clinic("Oak").await, app.clinic("Elm").await, app.clinic("Ash").await, app.clinic("Fir").await);
    let person = oak.manager().await;
    ash.join(person.user_id, SystemRole::Staff).await;
    fir.join(person.user_id, SystemRole::Staff).await;
    app.execute(&format!(
        "update clinics set status = 'suspended' where id = '{}';
         update memberships set status = 'suspended' where clinic_id = '{}'",
        ash.id, fir.id
    ))
    .await;
    let switch = "mutation ($id: ID!) { switchClinic(input: { clinicId: $id }) { viewer { role } } }";

    let mut shown = Vec::new();
    let nowhere = "clinic_01jd3v0000000000000000000a".to_owned();
    for id in [elm.api_id(), ash.api_id(), fir.api_id(), nowhere] {
        shown.push(error(&person.send(switch, json!({ "id": id })).await));
    }
    let administrator = app.administrator().await.send(switch, json!({ "id": oak.api_id() })).await;

    assert_eq!(shown[0]["extensions"]["code"], "NOT_FOUND");
    assert!(shown.iter().all(|error| *error == shown[0]), "{shown:?}");
    assert_eq!(code(&administrator), "FORBIDDEN");
    assert_eq!(person.ask("{ clinic { name } }", json!({})).await["clinic"]["name"], "Oak");
}

#[tokio::test]
async fn a_switch_made_through_another_server_holds_here_too() {
    let app = TestApp::new().await;
    let (oak, elm) = (app.clinic("Oak").await, app.clinic("Elm").await);
    let person = oak.manager().await;
    elm.join(person.user_id, SystemRole::Staff).await;
    assert_eq!(person.ask("{ clinic { name } }", json!({})).await["clinic"]["name"], "Oak");

    app.execute(&format!("update sessions set acting_clinic_id = '{}' where user_id = '{}'", elm.id, person.user_id))
        .await;

    assert_eq!(person.ask("{ clinic { name } }", json!({})).await["clinic"]["name"], "Elm");
}

#[tokio::test]
async fn the_viewer_is_who_asks() {
    let app = TestApp::new().await;
    let (oak, elm) = (app.clinic("Oak").await, app.clinic("Elm").await);
    let manager = oak.manager().await;
    elm.join(manager.user_id, SystemRole::Auditor).await;
    let loner = app.user("Lone", false).await;
    let loner = app.signed_in(loner, None).await;

    let seen = [
        app.nobody().ask(VIEWER, json!({})).await,
        manager.ask(VIEWER, json!({})).await,
        app.administrator().await.ask(VIEWER, json!({})).await,
        loner.ask(VIEWER, json!({})).await,
    ];

    insta::assert_snapshot!(seen.map(|viewer| viewer["viewer"].to_string()).join("\n"), @r#"
    null
    {"actingClinic":{"name":"Oak"},"memberships":[{"clinic":{"name":"Elm"},"role":"AUDITOR"},{"clinic":{"name":"Oak"},"role":"CLINIC_MANAGER"}],"permissions":["TICKETS_READ","TICKETS_WRITE","MEMBERS_READ","MEMBERS_MANAGE","CLINIC_MANAGE","WEBHOOKS_MANAGE"],"role":"CLINIC_MANAGER","user":{"displayName":"ClinicManager Tester"}}
    {"actingClinic":null,"memberships":[],"permissions":["TICKETS_READ","TICKETS_WRITE","TICKETS_MANAGE","MEMBERS_READ","MEMBERS_MANAGE","CLINIC_MANAGE","AUDIT_READ","JOBS_MANAGE","FILES_HOLD","WEBHOOKS_MANAGE"],"role":null,"user":{"displayName":"Ada Tester"}}
    {"actingClinic":null,"memberships":[],"permissions":[],"role":null,"user":{"displayName":"Lone Tester"}}
    "#);
}

#[tokio::test]
async fn many_who_sign_in_do_not_hold_up_others_and_too_many_are_sent_away() {
    // On a slow machine the last ones wait longer than an operation usually may.
    let app = TestApp::with(Settings { deadline: Duration::from_secs(60), ..settings() }, 4).await;
    let manager = app.clinic("Oak").await.manager().await;
    manager.ask("{ viewer { role } }", json!({})).await;

    let begun = Instant::now();
    let burst = join_all((0..160).map(|at| {
        let app = &app;
        async move {
            let answer = app.sign_in(&format!("nobody-{at}@oak.example"), "wrong").await;
            (code(&answer), answer.body["errors"][0]["extensions"]["retryAfter"].clone(), begun.elapsed())
        }
    }));
    let light = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        for _ in 0..5 {
            manager.ask("{ viewer { role } }", json!({})).await;
        }
        begun.elapsed()
    };
    let (burst, light) = tokio::join!(burst, light);

    let last = burst.iter().map(|(.., at)| *at).max().unwrap();
    let of = |wanted: &str| burst.iter().filter(|(code, ..)| code == wanted).count();
    assert_eq!(of("INVALID_CREDENTIALS") + of("RATE_LIMITED"), 160);
    assert!(of("INVALID_CREDENTIALS") >= 32 && of("RATE_LIMITED") > 0, "{}", of("RATE_LIMITED"));
    assert!(burst.iter().all(|(code, wait, _)| code != "RATE_LIMITED" || wait.as_u64() > Some(0)));
    assert!(light < last, "the light queries took until {light:?}, the last sign-in until {last:?}");
}

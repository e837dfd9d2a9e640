//! Guesses at passwords: who is charged for them, who is held up by them, and that nobody learns which addresses have accounts.

use chrono::TimeDelta;
use clinigraph::{
    access::Passwords,
    kernel::{actor::SystemRole, db::sweep::sweep_now},
    server::ServerConfig,
};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{Person, TestApp, log, settings};

const SIGN_IN: &str = "mutation ($input: SignInInput!) { signIn(input: $input) { token } }";

const WRONG: &str = "INVALID_CREDENTIALS";
const LOCKED: &str = "ACCOUNT_LOCKED";
const LIMITED: &str = "RATE_LIMITED";

/// An app behind a proxy, so that a request can come from any address.
async fn app() -> TestApp {
    let config = ServerConfig { trusted_proxies: vec!["127.0.0.1".parse().unwrap()], ..ServerConfig::default() };
    TestApp::served(settings(), 4, config).await
}

/// Somebody with the password `right`.
async fn with_password(app: &TestApp, email: &str) -> Uuid {
    let user = app.user("Nia", false).await;
    let hash = Passwords::new(1, 1).hash("right").await.unwrap();
    app.execute(&format!("update users set email = '{email}', password_hash = '{hash}' where id = '{user}'")).await;
    user
}

/// What signing in from an address comes to: a code or `fine`, and the seconds to wait.
async fn try_from(caller: &Person, address: &str, email: &str, password: &str) -> (String, Option<u64>) {
    let input = json!({ "input": { "email": email, "password": password } });
    let answer = caller.send_with(SIGN_IN, input, &[("x-forwarded-for", address)]).await;
    let wait = answer.body["errors"][0]["extensions"]["retryAfter"].as_u64();
    (answer.code().unwrap_or_else(|| "fine".to_owned()), wait)
}

async fn code_from(caller: &Person, address: &str, email: &str, password: &str) -> String {
    try_from(caller, address, email, password).await.0
}

#[tokio::test]
async fn somebody_who_is_signed_in_is_charged_for_guesses_like_anybody() {
    let app = app().await;
    with_password(&app, "nia@oak.example").await;
    let patient = app.clinic("Oak").await.person(SystemRole::Patient).await;

    let mut codes = Vec::new();
    for _ in 0..7 {
        codes.push(code_from(&patient, "203.0.113.1", "nia@oak.example", "wrong").await);
    }
    let by_nobody = code_from(&app.nobody(), "203.0.113.1", "nia@oak.example", "right").await;

    assert_eq!(codes, [WRONG, WRONG, WRONG, WRONG, WRONG, LOCKED, LOCKED]);
    assert_eq!(by_nobody, LOCKED);
}

#[tokio::test]
async fn aliases_in_one_document_are_charged_each() {
    let app = app().await;
    with_password(&app, "nia@oak.example").await;
    let fields: String = ('a'..='h').map(|alias| format!("{alias}: signIn(input: $input) {{ token }} ")).collect();
    let input = json!({ "input": { "email": "nia@oak.example", "password": "wrong" } });

    let answer = app.nobody().send(&format!("mutation ($input: SignInInput!) {{ {fields} }}"), input).await;

    let errors = answer.body["errors"].as_array().unwrap();
    let codes: Vec<_> = errors.iter().map(|error| error["extensions"]["code"].as_str().unwrap()).collect();
    assert_eq!(codes, [WRONG, WRONG, WRONG, WRONG, WRONG, LOCKED, LOCKED, LOCKED]);
}

#[tokio::test]
async fn what_was_counted_survives_a_restart() {
    let app = TestApp::new().await;
    with_password(&app, "nia@oak.example").await;
    let both = ["nia@oak.example", "nobody@oak.example"];
    for _ in 0..5 {
        for email in both {
            assert_eq!(code_from(&app.nobody(), "", email, "wrong").await, WRONG);
        }
    }

    let another = app.another().await;
    let mut codes = Vec::new();
    for email in both {
        codes.push(code_from(&another.person(&app.nobody()), "", email, "wrong").await);
    }

    assert_eq!(codes, [LOCKED, LOCKED]);
    another.stop();
}

#[tokio::test]
async fn nobody_locks_out_somebody_else_from_another_address() {
    let app = app().await;
    with_password(&app, "nia@oak.example").await;
    let nobody = app.nobody();
    let (home, travels) = ("198.51.100.1", "198.51.100.2");
    assert_eq!(code_from(&nobody, home, "nia@oak.example", "right").await, "fine");

    for last in 1..=2 {
        for _ in 0..5 {
            let attacker = format!("203.0.113.{last}");
            assert_eq!(code_from(&nobody, &attacker, "nia@oak.example", "wrong").await, WRONG);
        }
    }
    assert_eq!(code_from(&nobody, "203.0.113.1", "nia@oak.example", "right").await, LOCKED);
    assert_eq!(code_from(&nobody, "203.0.113.3", "nia@oak.example", "wrong").await, LIMITED, "the account is slowed");

    assert_eq!(code_from(&nobody, home, "nia@oak.example", "right").await, "fine", "but not from where she signed in");
    let (code, pause) = try_from(&nobody, travels, "nia@oak.example", "right").await;
    assert_eq!((code.as_str(), pause), (LIMITED, Some(1)));
    // Others go on while she waits, and take nothing of her turn.
    app.clock.turn(TimeDelta::seconds(2));
    for last in 3..=9 {
        for _ in 0..2 {
            code_from(&nobody, &format!("203.0.113.{last}"), "nia@oak.example", "wrong").await;
        }
    }
    assert_eq!(code_from(&nobody, travels, "nia@oak.example", "right").await, "fine");
}

#[tokio::test]
async fn the_pause_grows_with_the_failures_and_lets_one_attempt_through() {
    let app = app().await;
    with_password(&app, "nia@oak.example").await;
    let nobody = app.nobody();
    assert_eq!(code_from(&nobody, "203.0.113.1", "nia@oak.example", "wrong").await, WRONG);
    app.execute("update sign_in_attempts set failures = 49").await;

    let first = try_from(&nobody, "203.0.113.2", "nia@oak.example", "wrong").await;
    let early = try_from(&nobody, "203.0.113.2", "nia@oak.example", "wrong").await;
    app.clock.turn(TimeDelta::seconds(40));
    let waited = try_from(&nobody, "203.0.113.2", "nia@oak.example", "wrong").await;
    let next = try_from(&nobody, "203.0.113.2", "nia@oak.example", "wrong").await;

    assert_eq!(first, (LIMITED.to_owned(), Some(40)));
    assert_eq!(early.0, LIMITED);
    assert_eq!(waited, (WRONG.to_owned(), None));
    assert_eq!(next, (LIMITED.to_owned(), Some(41)));
}

#[tokio::test]
async fn a_network_that_tries_many_accounts_has_to_wait_and_others_do_not() {
    let app = app().await;
    let nobody = app.nobody();
    let (here, beside, elsewhere) = ("2001:db8:0:1::1", "2001:db8:0:1:ffff::9", "2001:db8:0:2::1");
    assert_eq!(code_from(&nobody, here, "a@oak.example", "wrong").await, WRONG);
    app.execute("update sign_in_attempts set failures = 99").await;

    assert_eq!(code_from(&nobody, here, "b@oak.example", "wrong").await, WRONG, "the hundredth");
    let (code, wait) = try_from(&nobody, beside, "c@oak.example", "wrong").await;
    assert_eq!(code, LIMITED, "a /64 is one network");
    assert!(wait > Some(800) && wait <= Some(900), "{wait:?}");
    assert_eq!(code_from(&nobody, elsewhere, "c@oak.example", "wrong").await, WRONG);
    app.clock.turn(TimeDelta::minutes(15));
    assert_eq!(code_from(&nobody, here, "c@oak.example", "wrong").await, WRONG);
}

/// How many rows each table that could tell has.
async fn counts(app: &TestApp) -> Value {
    let tables = ["audit_events", "outbox_events", "sessions", "sign_in_attempts", "user_sign_ins", "users"];
    let counts = tables.map(|table| format!("(select count(*) from {table}) as {table}"));
    app.rows(&format!("select {}", counts.join(", "))).await.remove(0)
}

/// The statements about signing in that a server's connections sent from a place in the log on.
async fn statements(app: &TestApp, from: usize) -> Vec<String> {
    let pids =
        "select pid from pg_stat_activity where datname = current_database() and application_name = 'clinigraph'";
    let pids: Vec<String> = app.rows(pids).await.iter().map(|row| format!("[{}] ", row["pid"])).collect();
    let text = log().await.split_off(from);
    let lines = text.lines().filter(|line| pids.iter().any(|pid| line.contains(pid.as_str())));
    let lines = lines.filter_map(|line| Some(line.split_once(" execute ")?.1.split_once(": ")?.1.to_owned()));
    let about = ["sign_in_attempts", "\"users\"", "audit_refusal", "sessions", "user_sign_ins"];
    lines.filter(|line| about.iter().any(|about| line.contains(about))).collect()
}

#[tokio::test]
async fn known_and_unknown_addresses_take_the_same_statements_and_rows() {
    let app = TestApp::new().await;
    with_password(&app, "nia@oak.example").await;
    let without = app.user("Bo", false).await;
    app.execute(&format!("update users set email = 'bo@oak.example' where id = '{without}'")).await;
    app.execute(
        "do $$ begin execute format('alter database %I set log_min_duration_statement = 0', current_database()); end $$",
    )
    .await;
    let another = app.another().await;
    let nobody = another.person(&app.nobody());
    // Every connection of the pool prepares what it needs.
    for at in 0..6 {
        code_from(&nobody, "", &format!("warm-{at}@oak.example"), "wrong").await;
    }

    let mut taken = Vec::new();
    for email in ["nia@oak.example", "nobody@oak.example", "bo@oak.example"] {
        let (before, from) = (counts(&app).await, log().await.len());
        assert_eq!(code_from(&nobody, "", email, "wrong").await, WRONG);
        let after = counts(&app).await;
        let rows: Vec<_> = after
            .as_object()
            .unwrap()
            .iter()
            .map(|(table, count)| (table.clone(), count.as_i64().unwrap() - before[table].as_i64().unwrap()))
            .collect();
        taken.push((statements(&app, from).await, rows));
    }

    let (statements, rows) = &taken[0];
    assert_eq!(statements.len(), 4, "{statements:#?}");
    let more = |table: &str| rows.iter().find(|(name, _)| name == table).unwrap().1;
    assert_eq!((more("audit_events"), more("sign_in_attempts"), more("users"), more("user_sign_ins")), (1, 2, 0, 0));
    assert_eq!(taken[0], taken[1]);
    assert_eq!(taken[0], taken[2]);
    another.stop();
}

#[tokio::test]
async fn nothing_about_a_user_changes_when_somebody_tries_or_signs_in() {
    let app = app().await;
    let user = with_password(&app, "nia@oak.example").await;
    let row = format!("select to_jsonb(u) from users u where id = '{user}'");
    let before = app.value(&row).await;

    for _ in 0..3 {
        code_from(&app.nobody(), "203.0.113.1", "nia@oak.example", "wrong").await;
    }
    let tried = app.value(&row).await;
    assert_eq!(code_from(&app.nobody(), "203.0.113.1", "nia@oak.example", "right").await, "fine");

    assert_eq!(before, tried);
    assert_eq!(before, app.value(&row).await);
    let seen = app.value(&format!("select last_login_at from user_sign_ins where user_id = '{user}'")).await;
    assert!(seen.is_string());
}

#[tokio::test]
async fn the_database_does_not_hold_what_was_typed_in_and_old_attempts_are_swept() {
    let app = app().await;
    with_password(&app, "nia@oak.example").await;
    code_from(&app.nobody(), "203.0.113.1", "nia@oak.example", "wr0ng passw0rd").await;
    code_from(&app.nobody(), "203.0.113.1", "nobody@oak.example", "wr0ng passw0rd").await;
    code_from(&app.nobody(), "203.0.113.1", "nia@oak.example", "right").await;

    let attempts = json!(app.rows("select t::text from sign_in_attempts t").await).to_string();
    let trail = json!(app.rows("select t::text from audit_events t").await).to_string();
    assert!(!attempts.contains("oak.example") && !attempts.contains("203.0.113.1"), "{attempts}");
    assert!(!trail.contains("nobody@oak.example") && !trail.contains("wr0ng"), "{trail}");

    assert_eq!(app.value("select count(*) from sign_in_attempts").await, 5);
    assert_eq!(sweep_now(&app.database, None).await.unwrap(), 0);
    app.execute("update sign_in_attempts set expires_at = expires_at - interval '2 days'").await;
    assert_eq!(sweep_now(&app.database, None).await.unwrap(), 4);
    assert_eq!(app.value("select count(*) from sign_in_attempts where succeeded_at is not null").await, 1);
}

#[tokio::test]
async fn one_address_cannot_fill_the_queue_of_those_who_sign_in() {
    let app = app().await;
    with_password(&app, "nia@oak.example").await;
    let nobody = app.nobody();
    let flood = futures_util::future::join_all((0..90).map(|at| {
        let nobody = nobody.clone();
        async move { code_from(&nobody, "203.0.113.1", &format!("nobody-{at}@oak.example"), "wrong").await }
    }));
    let other = async {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        code_from(&nobody, "198.51.100.1", "nia@oak.example", "right").await
    };

    let (flood, other) = tokio::join!(flood, other);

    assert!(flood.iter().any(|code| code == LIMITED), "the queue was full");
    assert_eq!(other, "fine");
}

//! Nobody slows the others down: connections are shared, waiting is bounded, and what anybody can send is charged before
//! any work is done for it.

use std::time::Duration;

use clinigraph::{
    kernel::db::{self, Shares},
    pipeline::{Rates, Settings},
};
use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::harness::{
    Answer, Person, TestApp,
    reader::{EventReader, Over, Subscription},
    settings,
    sql::texts,
};

const PAGE: &str = "{ tickets(first: 25) { nodes { title } } }";

/// Somebody else's transaction, which keeps a ticket locked.
async fn locked(app: &TestApp) -> AsyncPgConnection {
    let mut other = db::connect(&app.superuser_url).await.unwrap();
    other.batch_execute("begin; lock table support_tickets in share mode").await.unwrap();
    other
}

/// Waits until so many transactions of the server wait for a lock.
async fn until_blocked(app: &TestApp, count: u64) {
    let query = "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
    for _ in 0..1000 {
        if app.value(query).await == count {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("not {count} wait, but {}", app.value(query).await);
}

fn replies<'a>(person: &'a Person, ticket: &'a str, count: usize) -> Vec<impl Future<Output = Answer> + use<'a>> {
    let input = json!({ "ticketId": ticket, "body": "Any news?" });
    (0..count).map(|_| person.mutate("replyToTicket", input.clone(), "{ message { id } }")).collect()
}

#[tokio::test]
async fn a_clinic_cannot_hold_all_connections_and_its_queue_is_bounded() {
    let shares =
        Shares { waiting_of_person: 2, waiting_of_party: 3, wait: Duration::from_secs(60), ..Shares::default() };
    let app = TestApp::with(Settings { shares, ..settings() }, 4).await;
    let (oak, elm) = (app.clinic("Oak").await, app.clinic("Elm").await);
    let (busy, colleague, other) = (oak.manager().await, oak.manager().await, elm.manager().await);
    let ticket = busy.open_ticket("Slow").await;
    let mut lock = locked(&app).await;

    let all = join_all(replies(&busy, &ticket, 9));
    let ours = async {
        until_blocked(&app, 3).await;
        let page = other.send(PAGE, json!({})).await;
        // One of the colleague's may wait as well, and then the clinic's queue is full.
        let more = join_all(replies(&colleague, &ticket, 2));
        let release = async {
            tokio::time::sleep(Duration::from_millis(200)).await;
            lock.batch_execute("rollback").await.unwrap();
        };
        (page, tokio::join!(more, release).0)
    };
    let (all, (page, more)) = tokio::join!(all, ours);

    assert_eq!((page.status, page.code()), (200, None), "{}", page.body);
    for (answers, refused) in [(all, 4), (more, 1)] {
        let (limited, done): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.code().is_some());
        assert_eq!(limited.len(), refused, "{limited:?}");
        for answer in limited {
            assert_eq!((answer.status, answer.code().as_deref()), (429, Some("RATE_LIMITED")));
            assert_eq!(answer.body["errors"][0]["extensions"]["retryAfter"], 1);
        }
        assert!(done.iter().all(|answer| answer.status == 200));
    }
    assert_eq!(busy.send(PAGE, json!({})).await.code(), None);
}

#[tokio::test]
async fn waiting_for_a_connection_ends_in_time() {
    let shares = Shares { wait: Duration::from_millis(100), ..Shares::default() };
    let app = TestApp::with(Settings { shares, ..settings() }, 4).await;
    let oak = app.clinic("Oak").await;
    let (busy, reader) = (oak.manager().await, oak.manager().await);
    let ticket = busy.open_ticket("Slow").await;
    let mut lock = locked(&app).await;

    let held = join_all(replies(&busy, &ticket, 3));
    let read = async {
        until_blocked(&app, 3).await;
        // Twenty fields wait together for one connection, not one after the other.
        let fields: String = (0..20).map(|at| format!("a{at}: tickets {{ nodes {{ id }} }} ")).collect();
        let begun = std::time::Instant::now();
        let answer = reader.send(&format!("{{ {fields} }}"), json!({})).await;
        let waited = begun.elapsed();
        lock.batch_execute("rollback").await.unwrap();
        (answer, waited)
    };
    let (held, (answer, waited)) = tokio::join!(held, read);

    assert_eq!((answer.status, answer.code().as_deref()), (429, Some("RATE_LIMITED")), "{}", answer.body);
    assert!(waited < Duration::from_millis(1500), "{waited:?}");
    assert!(held.iter().all(|answer| answer.code().is_none()), "{held:?}");
}

#[tokio::test]
async fn an_idle_subscription_holds_no_connection_and_an_event_waits_for_one() {
    let shares = Shares { waiting_of_person: 0, waiting_of_party: 0, ..Shares::default() };
    let app = TestApp::with(Settings { shares, ..settings() }, 4).await;
    let oak = app.clinic("Oak").await;
    let manager = oak.manager().await;
    let ticket = manager.open_ticket("Slow").await;
    let to = || Subscription {
        query: "subscription ($ticket: ID!) { ticketMessageAdded(ticketId: $ticket) { message { body } } }",
        variables: json!({ "ticket": ticket }),
        last_event_id: None,
    };
    let mut readers = Vec::new();
    for _ in 0..8 {
        readers.push(EventReader::open(app.address, manager.token.as_deref(), Over::Stream, to()).await);
    }
    assert_eq!(manager.send(PAGE, json!({})).await.code(), None);
    app.administrator().await.reply(&ticket, "Here it is.", false).await;

    for reader in &mut readers {
        assert_eq!(reader.event().await["message"]["body"], "Here it is.");
    }
}

#[tokio::test]
async fn a_lock_of_somebody_else_is_waited_for_in_vain_for_three_seconds() {
    let app = TestApp::new().await;
    let manager = app.clinic("Oak").await.manager().await;
    let ticket = manager.open_ticket("Slow").await;
    let _lock = locked(&app).await;

    let error = manager.refused("replyToTicket", json!({ "ticketId": ticket, "body": "Any news?" })).await;

    assert_eq!((&error["extensions"]["code"], &error["extensions"]["retryAfter"]), (&json!("UNAVAILABLE"), &json!(1)));
    assert!(error["message"].as_str().unwrap().contains("somebody else"), "{error}");
}

#[tokio::test]
async fn connections_end_what_takes_too_long() {
    let app = TestApp::new().await;
    for (setting, seconds) in
        [("statement_timeout", 10), ("lock_timeout", 3), ("idle_in_transaction_session_timeout", 15)]
    {
        // As the server logs in, without what its pools say.
        let mut plain = db::connect(app.logins.url(db::Class::Tenant)).await.unwrap();
        let shown = texts(&plain, &format!("select current_setting('{setting}') as value")).await;
        assert_eq!(shown.unwrap(), [format!("{seconds}s")]);
        plain.batch_execute("select 1").await.unwrap();
    }
    let settings = Settings { statement_timeout: Duration::from_millis(300), ..settings() };
    let app = TestApp::with(settings, 4).await;
    let manager = app.clinic("Oak").await.manager().await;
    let mut lock = db::connect(&app.superuser_url).await.unwrap();
    lock.batch_execute("begin; lock table support_tickets in access exclusive mode").await.unwrap();

    assert_eq!(manager.fail(PAGE, json!({})).await, "TIMEOUT");
}

/// With an allowance for strangers, and none for users.
async fn limited(anonymous: u64) -> TestApp {
    TestApp::with(Settings { rates: Rates { user: 0, anonymous }, ..settings() }, 4).await
}

fn with_token(app: &TestApp, token: String) -> Person {
    Person::new(app.address, Some(token), uuid::Uuid::nil())
}

#[tokio::test]
async fn made_up_tokens_are_refused_without_asking_the_database() {
    let app = limited(100).await;
    let manager = app.clinic("Oak").await.manager().await;
    manager.ask(PAGE, json!({})).await;

    let mut codes = Vec::new();
    for at in 0..30 {
        codes.push(with_token(&app, format!("made up {at}")).fail(PAGE, json!({})).await);
    }
    let expired = codes.iter().take_while(|code| *code == "SESSION_EXPIRED").count();
    assert!((5..=15).contains(&expired), "{codes:?}");
    assert!(codes[expired..].iter().all(|code| code == "RATE_LIMITED"), "{codes:?}");
    // A user who was signed in at the same address still is, even if they have to be looked up again.
    app.execute(&format!("update memberships set role = 'staff' where user_id = '{}'", manager.user_id)).await;
    assert_eq!(manager.ask("{ viewer { role } }", json!({})).await["viewer"]["role"], "STAFF");
    // If the database were asked, the request would have to wait for this lock.
    let mut lock = db::connect(&app.superuser_url).await.unwrap();
    lock.batch_execute("begin; lock table sessions in access exclusive mode").await.unwrap();
    let another = with_token(&app, "another".to_owned());
    let answered = std::pin::pin!(another.fail(PAGE, json!({})));
    let code = tokio::select! {
        code = answered => code,
        () = somebody_waits_for(&lock, "sessions") => "asked the database".to_owned(),
    };
    assert_eq!(code, "RATE_LIMITED");
}

/// Returns once another session waits for a lock of the table.
async fn somebody_waits_for(observer: &AsyncPgConnection, table: &str) {
    let waiting =
        format!("select relation::text as value from pg_locks where not granted and relation = '{table}'::regclass");
    while texts(observer, &waiting).await.unwrap().is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn a_token_that_nobody_has_is_asked_for_once() {
    let app = TestApp::new().await;
    let somebody = with_token(&app, "made up".to_owned());
    assert_eq!(somebody.fail(PAGE, json!({})).await, "SESSION_EXPIRED");

    app.execute("alter table sessions rename to asked_for_nothing").await;
    assert_eq!(somebody.fail(PAGE, json!({})).await, "SESSION_EXPIRED");
}

#[tokio::test]
async fn whatever_is_refused_is_charged() {
    let node = "query ($id: ID!) { node(id: $id) { id } }";
    let two = "query A { __typename } query B { __typename }";
    let dear = "{ tickets(first: 100) { nodes { messages(first: 100) { nodes { id } } } } }";
    let requests: [(&str, Value); 4] =
        [(node, json!({ "id": 1.5 })), (two, json!({})), (dear, json!({})), ("{ nothing }", json!({}))];
    for (query, variables) in requests {
        let app = limited(100).await;
        let mut codes = Vec::new();
        for _ in 0..12 {
            codes.push(app.nobody().fail(query, variables.clone()).await);
        }
        let refused = codes.iter().filter(|code| *code == "RATE_LIMITED").count();
        assert_eq!(refused, 2, "{query}: {codes:?}");
    }
}

//! How often operations may be used: by people and clinics, and by callers who are not signed in.

use clinigraph::{
    graphql::operation_rates,
    kernel::{actor::SystemRole, rate::RateSubject},
    pipeline::Settings,
};
use serde_json::{Value, json};

use crate::harness::{Person, TestApp, settings};

/// With five hundredths of the declared rates: three tickets an hour of a person, ten of a clinic.
async fn app() -> TestApp {
    TestApp::with(Settings { operation_rates: 5, ..settings() }, 4).await
}

async fn open(person: &Person) -> Option<Value> {
    let answer = person.mutate("openTicket", json!({ "title": "a", "description": "b" }), "{ ticket { id } }").await;
    answer.body.pointer("/errors/0").cloned()
}

#[tokio::test]
async fn opening_tickets_has_a_rate_of_a_person_and_one_of_a_clinic() {
    let app = app().await;
    let oak = app.clinic("Oak").await;
    let manager = oak.manager().await;
    for _ in 0..3 {
        assert_eq!(open(&manager).await, None);
    }
    let error = open(&manager).await.unwrap();
    assert_eq!(error["extensions"]["code"], "RATE_LIMITED");
    let wait = error["extensions"]["retryAfter"].as_u64().unwrap();
    assert!((1..=3600).contains(&wait), "{error}");
    assert_eq!(app.value("select count(*) from support_tickets").await, 3);

    // Of ten the clinic has seven left, for all of its people.
    let mut opened = 0;
    for _ in 0..3 {
        let colleague = oak.person(SystemRole::Staff).await;
        for _ in 0..3 {
            opened += usize::from(open(&colleague).await.is_none());
        }
    }
    assert_eq!(opened, 7);
    assert_eq!(open(&app.clinic("Elm").await.manager().await).await, None);
    app.clock.turn(chrono::TimeDelta::hours(1));
    assert_eq!(open(&manager).await, None);
}

#[tokio::test]
async fn what_fails_or_is_only_repeated_does_not_count() {
    let app = app().await;
    let manager = app.clinic("Oak").await.manager().await;
    for _ in 0..5 {
        manager.refused("openTicket", json!({ "title": "", "description": "b" })).await;
    }
    let open = "mutation { openTicket(input: { title: \"a\", description: \"b\" }) { ticket { id } } }";
    for _ in 0..5 {
        let answer = manager.send_with(open, json!({}), &[("idempotency-key", "once")]).await;
        assert_eq!(answer.code(), None, "{}", answer.body);
    }
    // Each field of a document is one use; what is too many fails alone.
    let three = "mutation {
        a: openTicket(input: { title: \"a\", description: \"b\" }) { ticket { id } }
        b: openTicket(input: { title: \"a\", description: \"b\" }) { ticket { id } }
        c: openTicket(input: { title: \"a\", description: \"b\" }) { ticket { id } }
    }";
    let answer = manager.send(three, json!({})).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.code().as_deref(), Some("RATE_LIMITED"), "{}", answer.body);
    assert!(answer.body["data"]["b"].is_object() && answer.body["data"]["c"].is_null(), "{}", answer.body);
}

#[tokio::test]
async fn signing_in_has_a_rate_of_an_address_whether_it_succeeds_or_not() {
    let app = app().await;
    let sign_in = "mutation { signIn(input: { email: \"nobody@people.example\", password: \"x\" }) { token } }";
    let mut codes = Vec::new();
    for _ in 0..5 {
        codes.push(app.nobody().fail(sign_in, json!({})).await);
    }
    assert_eq!(codes[..3], ["INVALID_CREDENTIALS"; 3]);
    assert_eq!(codes[3..], ["RATE_LIMITED"; 2]);
}

#[tokio::test]
async fn programs_can_read_the_rates() {
    let app = app().await;
    let query = "{ server { operationRates { operation subject count seconds } anonymousOperations } }";
    let shown = app.nobody().ask(query, json!({})).await;

    let rates = shown["server"]["operationRates"].as_array().unwrap();
    assert!(rates.contains(&json!({ "operation": "openTicket", "subject": "CLINIC", "count": 200, "seconds": 3600 })));
    assert_eq!(rates.len(), operation_rates().iter().map(|of| of.rates.len()).sum::<usize>());
    assert_eq!(shown["server"]["anonymousOperations"], json!(["signIn", "viewer", "server"]));
}

#[test]
fn the_rates_are_documented() {
    let docs = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/TRANSPORT.md")).unwrap();
    let begin = docs.find("| operation | allowed |").expect("the table of rates");
    let table: Vec<_> = docs[begin..].lines().skip(2).take_while(|line| line.starts_with('|')).collect();
    let expected: Vec<_> = operation_rates()
        .iter()
        .map(|of| {
            let rates = of.rates.iter().map(|rate| {
                let subject = match rate.subject {
                    RateSubject::Person => "user",
                    RateSubject::Clinic => "clinic",
                    RateSubject::Address => "address",
                };
                let time = match rate.seconds {
                    60 => "a minute".to_owned(),
                    3600 => "an hour".to_owned(),
                    seconds => format!("in {} minutes", seconds / 60),
                };
                format!("{} {time} of a {subject}", rate.count).replace("of a address", "of an address")
            });
            let rates: Vec<_> = rates.collect();
            let allowed = if rates.is_empty() { "by cost alone".to_owned() } else { rates.join(", ") };
            let anonymous = if of.is_anonymous { "yes" } else { "no" };
            format!("| `{}` | {allowed} | {anonymous} |", of.operation)
        })
        .collect();
    assert_eq!(table, expected);
}

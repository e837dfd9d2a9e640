//! Subscriptions, with ids of a clinic that the caller is not of, or in which they may do little.

use std::time::Duration;

use clinigraph::kernel::actor::SystemRole;
use futures_util::future::join_all;
use serde_json::json;

use super::world::{Side, World};
use crate::{
    cases::all_rights,
    harness::{Person, TestApp, names_of_events},
};

/// What a person hears on a subscription until something is heard, or for a moment when nothing is waited for.
async fn hear(app: &TestApp, person: &Person, document: &str, side: &Side, until: Option<&str>) -> String {
    let mut variables = side.variables();
    variables["after"] = json!(names_of_events().cursor(0));
    let mut request =
        reqwest::Client::new().post(format!("http://{}/graphql", app.address)).header("accept", "text/event-stream");
    if let Some(token) = &person.token {
        request = request.bearer_auth(token);
    }
    let mut response = request.json(&json!({ "query": document, "variables": variables })).send().await.unwrap();
    let mut heard = String::new();
    let listening = async {
        while let Some(chunk) = response.chunk().await.unwrap() {
            heard.push_str(std::str::from_utf8(&chunk).unwrap());
            if until.is_some_and(|until| heard.contains(until)) {
                break;
            }
        }
    };
    drop(tokio::time::timeout(Duration::from_millis(if until.is_some() { 20_000 } else { 1500 }), listening).await);
    heard
}

#[tokio::test]
async fn nobody_hears_of_another_clinic_and_the_weak_hear_nothing() {
    let world = World::new().await;
    let oak = world.app.existing(world.oak.clinic, &world.oak.slug);
    let (patient, auditor) = (oak.person(SystemRole::Patient).await, oak.person(SystemRole::Auditor).await);
    let people = [&world.app.nobody(), &world.elm.manager, &patient, &auditor];

    let (world, people) = (&world, &people);
    let cases = all_rights().filter(|case| case.field.starts_with("Subscription."));
    join_all(cases.map(|case| async move {
        let document = case.document;
        // Their own people hear it, but of no internal note; or the platform's administrators do.
        let is_of_platform = case.codes[1] == "FORBIDDEN";
        let listener = if is_of_platform { &world.administrator } else { &world.oak.manager };
        let own = hear(&world.app, listener, document, &world.oak, Some("cursor")).await;
        assert!(own.contains("cursor"), "{document}: {own}");
        let hidden = world.oak.hidden.iter().any(|id| own.contains(id));
        assert!(is_of_platform || !hidden && !own.contains("Oak note"), "{own}");
        join_all(people.iter().zip(case.codes).enumerate().map(|(place, (person, code))| async move {
            let until = (code != "-").then_some("\"code\"");
            let heard = hear(&world.app, person, document, &world.oak, until).await;
            assert_eq!(heard.contains(&format!("\"code\":\"{code}\"")), until.is_some(), "{document} {place}: {heard}");
            assert_eq!(heard.contains("\"errors\""), until.is_some(), "{document} {place}: {heard}");
            if place < 2 {
                world.oak.assert_absent(&heard);
                // An event whose object is hidden would still tell that there was one.
                assert!(!heard.contains("null"), "{document} {place}: {heard}");
            }
        }))
        .await;
    }))
    .await;
}

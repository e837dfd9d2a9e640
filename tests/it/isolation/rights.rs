//! Root fields of queries and mutations, with ids of a clinic that the caller is not of, or in which they may do little.

use clinigraph::kernel::actor::SystemRole;
use serde_json::json;

use super::world::World;
use crate::{
    cases::{all_rights, assert_complete},
    harness::{TestApp, sdl::root_fields},
};

#[test]
fn every_root_field_has_a_case() {
    let fields = root_fields(&["Query", "Mutation", "Subscription"]);

    assert_complete("root field", "rights", fields, all_rights().map(|case| case.field.to_owned()));
}

/// Tables in which callers may change rows of their own clinic: their session, and the trail of it.
const ABOUT_THE_CALLER: [&str; 2] = ["audit_events", "sessions"];

#[tokio::test]
async fn whoever_may_not_gets_the_documented_code_and_neither_sees_nor_changes_anything() {
    let world = World::new().await;
    let oak = world.app.existing(world.oak.clinic, &world.oak.slug);
    let elm = world.app.existing(world.elm.clinic, &world.elm.slug);
    let states = async || [world.state(&world.oak, &world.elm).await, world.state(&world.elm, &world.oak).await];

    for case in all_rights().filter(|case| !case.field.starts_with("Subscription.")) {
        let people = [
            world.app.nobody(),
            elm.manager().await,
            oak.person(SystemRole::Patient).await,
            oak.person(SystemRole::Auditor).await,
        ];
        for (place, (person, code)) in people.iter().zip(case.codes).enumerate() {
            let mut before = states().await;
            let answer = person.send(case.document, world.oak.variables()).await;
            let mut after = states().await;

            assert_eq!(answer.code().as_deref().unwrap_or("-"), code, "{} {place}: {}", case.document, answer.body);
            if place < 2 {
                world.oak.assert_absent(&answer.body.to_string());
            }
            for [of_oak, of_elm] in [&mut before, &mut after] {
                let own = match place {
                    0 => continue,
                    1 => of_elm,
                    _ => of_oak,
                };
                own.retain(|table, _| !ABOUT_THE_CALLER.contains(&table.as_str()));
            }
            for (before, after) in before.iter().zip(&after) {
                let changed = after.iter().filter(|(table, rows)| before.get(*table) != Some(rows));
                let changed: Vec<_> = changed.map(|(table, _)| table).collect();
                assert!(changed.is_empty(), "{} {place}: rows have changed in {changed:?}", case.document);
            }
        }
    }
}

#[tokio::test]
async fn a_stored_answer_of_one_clinic_is_not_given_in_another() {
    let app = TestApp::new().await;
    let (oak, elm) = (app.clinic("Oak").await, app.clinic("Elm").await);
    let both = oak.manager().await;
    elm.join(both.user_id, SystemRole::Staff).await;
    let document = "mutation { openTicket(input: { title: \"Oak secret\", description: \"x\" }) { ticket { title clinic { name } } } }";
    let key = [("idempotency-key", "one")];
    let first = both.send_with(document, json!({}), &key).await;
    let there = app.signed_in(both.user_id, Some(elm.id)).await;

    let again = both.send_with(document, json!({}), &key).await;
    let elsewhere = there.send_with(document, json!({}), &key).await;

    assert_eq!(again.body["data"], first.body["data"]);
    assert_eq!(elsewhere.code().as_deref(), Some("IDEMPOTENCY_CONFLICT"));
}

//! Days on which a clinic is closed: adding, changing and removing them.

use clinigraph::kernel::actor::SystemRole;
use serde_json::{Value, json};

use crate::harness::TestApp;

#[tokio::test]
async fn closures_are_added_changed_and_removed() {
    let app = TestApp::new().await;
    let manager = app.clinic("Oak").await.manager().await;

    let labour = manager.add_closure("2026-09-07", json!(" Labour Day ")).await;
    let other = manager.add_closure("2026-08-03", Value::Null).await;
    assert_eq!(labour["name"], "Labour Day");
    assert_eq!(labour["clinic"]["name"], "Oak");
    assert_eq!(
        manager.closures().await,
        json!([{ "date": "2026-08-03", "name": null }, { "date": "2026-09-07", "name": "Labour Day" }])
    );

    let input = json!({ "clinicClosureId": other["id"], "expectedVersion": 1, "name": "Civic Holiday" });
    let changed = manager.change_closure(input.clone()).await;
    assert_eq!(changed["version"], 2);
    assert_eq!(changed["date"], "2026-08-03");
    let stale = manager.refused("changeClinicClosure", input).await;
    assert_eq!(stale["extensions"]["code"], "STALE_OBJECT");
    let input = json!({ "clinicClosureId": other["id"], "name": null });
    let cleared = manager.change_closure(input).await;
    assert_eq!(cleared["name"], Value::Null);

    let selection = "{ removedClinicClosureId clinic { closures { nodes { date name } } } }";
    let removed = manager.change("removeClinicClosure", json!({ "clinicClosureId": other["id"] }), selection).await;
    assert_eq!(removed["removedClinicClosureId"], other["id"]);
    assert_eq!(removed["clinic"]["closures"]["nodes"], json!([{ "date": "2026-09-07", "name": "Labour Day" }]));
    let again = manager.refused("removeClinicClosure", json!({ "clinicClosureId": other["id"] })).await;
    assert_eq!(again["extensions"]["code"], "NOT_FOUND");
    assert_eq!(again["message"], "the clinic closure was not found");
}

#[tokio::test]
async fn what_happens_to_a_closure_is_audited_and_announced() {
    let app = TestApp::new().await;
    let oak = app.clinic("Oak").await;
    let (manager, administrator) = (oak.manager().await, app.administrator().await);
    let closure = manager.add_closure("2026-09-07", json!("Labour Day")).await;
    let input = json!({ "clinicClosureId": closure["id"], "date": "2026-09-08" });
    manager.change_closure(input.clone()).await;
    manager.change_closure(input).await;
    manager.change("removeClinicClosure", json!({ "clinicClosureId": closure["id"] }), "{ __typename }").await;

    let query = "query ($id: ID!) {
        auditEvents(filter: { resourceId: $id }) { nodes { verb operation changes { field before after } } } }";
    let trail = administrator.ask(query, json!({ "id": closure["id"] })).await["auditEvents"]["nodes"].take();
    let verbs: Vec<_> = trail.as_array().unwrap().iter().map(|event| event["verb"].clone()).collect();
    assert_eq!(verbs, ["DELETE", "UPDATE", "CREATE"], "a change that changes nothing is not written");
    assert_eq!(trail[1]["changes"], json!([{ "field": "date", "before": "2026-09-07", "after": "2026-09-08" }]));
    let events = "select string_agg(kind || ' ' || array_to_string(changed, ','), '; ' order by id) from outbox_events where topic = 'clinic_closure'";
    assert_eq!(app.value(events).await, "added ; changed date,updatedAt,version; removed ");
}

#[tokio::test]
async fn a_clinic_has_one_closure_on_a_date() {
    let app = TestApp::new().await;
    let (oak, elm) = (app.clinic("Oak").await, app.clinic("Elm").await);
    let (manager, other) = (oak.manager().await, elm.manager().await);
    manager.add_closure("2026-09-07", Value::Null).await;
    let second = manager.add_closure("2026-09-08", Value::Null).await;
    other.add_closure("2026-09-07", Value::Null).await;

    let added = manager.refused("addClinicClosure", json!({ "date": "2026-09-07" })).await;
    let moved = json!({ "clinicClosureId": second["id"], "date": "2026-09-07" });
    let moved = manager.refused("changeClinicClosure", moved).await;

    for error in [added, moved] {
        assert_eq!(error["extensions"]["code"], "DUPLICATE");
        assert_eq!(error["extensions"]["fields"][0]["path"], "input.date");
        assert_eq!(error["message"], "the clinic already has a closure on this date");
    }
}

#[tokio::test]
async fn nobody_else_changes_the_closures_of_a_clinic() {
    let app = TestApp::new().await;
    let (oak, elm) = (app.clinic("Oak").await, app.clinic("Elm").await);
    let (manager, stranger, staff) = (oak.manager().await, elm.manager().await, oak.person(SystemRole::Staff).await);
    let closure = manager.add_closure("2026-09-07", Value::Null).await;
    let id = &closure["id"];

    for (person, code) in [(&stranger, "NOT_FOUND"), (&staff, "FORBIDDEN"), (&app.nobody(), "UNAUTHENTICATED")] {
        let changed = person.refused("changeClinicClosure", json!({ "clinicClosureId": id, "name": "x" })).await;
        let removed = person.refused("removeClinicClosure", json!({ "clinicClosureId": id })).await;
        let added = json!({ "clinicId": oak.api_id(), "date": "2026-01-01" });
        let added = person.refused("addClinicClosure", added).await;
        for error in [changed, removed, added] {
            assert_eq!(error["extensions"]["code"], code);
        }
    }
    assert_eq!(manager.closures().await, json!([{ "date": "2026-09-07", "name": null }]));
}

#[tokio::test]
async fn all_problems_of_a_closure_are_reported_together() {
    let app = TestApp::new().await;
    let manager = app.clinic("Oak").await.manager().await;

    let input = json!({ "date": "2026-02-30", "name": "x".repeat(201) });
    let problems = manager.problems("addClinicClosure", input).await;

    assert_eq!(problems[0].0, "input.date");
    let too_long = ("input.name".to_owned(), "must have at most 200 characters, not 201".to_owned());
    assert_eq!(problems[1..], [too_long]);
}

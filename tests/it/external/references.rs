//! Identifiers of other systems: who sees, adds and removes them, and what imports do with them.

use clinigraph::{
    external::{Linked, find, link},
    kernel::{Id, actor::SystemRole},
    provider::Provider,
};
use serde_json::{Value, json};

use crate::{
    clinic::TestClinic,
    harness::{Person, TestApp, api_id, code},
};

async fn provider(clinic: &TestClinic<'_>, name: &str) -> String {
    let id = uuid::Uuid::now_v7();
    let insert = format!(
        "insert into providers (id, clinic_id, first_name, currency) values ('{id}', '{}', '{name}', 'CAD')",
        clinic.id
    );
    clinic.app.execute(&insert).await;
    api_id("provider", id)
}

async fn add(person: &Person, subject: &str, system: &str, value: &str) -> String {
    let input = json!({ "subjectId": subject, "system": system, "value": value });
    let added = person.change("addExternalReference", input, "{ externalReference { id subject { id } } }").await;
    assert_eq!(added["externalReference"]["subject"]["id"], subject);
    added["externalReference"]["id"].as_str().unwrap().to_owned()
}

async fn by_external_id(person: &Person, system: &str, value: &str, clinic: Option<String>) -> Value {
    let query = "query ($system: String!, $value: String!, $clinic: ID) {
        byExternalId(system: $system, value: $value, clinicId: $clinic) { __typename id } }";
    let variables = json!({ "system": system, "value": value, "clinic": clinic });
    person.ask(query, variables).await["byExternalId"].take()
}

#[tokio::test]
async fn an_object_has_the_identifiers_that_were_added_to_it_and_is_found_by_them() {
    let app = TestApp::new().await;
    let (oak, administrator) = (app.clinic("Oak").await, app.administrator().await);
    let manager = oak.manager().await;
    let (ito, ticket) = (provider(&oak, "Ito").await, manager.open_ticket("Printer").await);
    add(&manager, &ito, "oscar", "101").await;
    let second = add(&manager, &ito, "cal.com", "ito@oak").await;
    add(&administrator, &ticket, "desk", "T-9").await;
    add(&manager, &oak.api_id(), "registry", "CA 77").await;

    let query = "query ($provider: ID!, $ticket: ID!) {
        provider(id: $provider) { externalIds { system value } } ticket(id: $ticket) { externalIds { system value } }
        clinic { externalIds { system value clinic { name } } } }";
    let seen = manager.ask(query, json!({ "provider": ito, "ticket": ticket })).await;
    assert_eq!(
        seen,
        json!({
            "provider": { "externalIds": [{ "system": "cal.com", "value": "ito@oak" }, { "system": "oscar", "value": "101" }] },
            "ticket": { "externalIds": [{ "system": "desk", "value": "T-9" }] },
            "clinic": { "externalIds": [{ "system": "registry", "value": "CA 77", "clinic": { "name": "Oak" } }] },
        })
    );
    let found = json!({ "__typename": "Provider", "id": ito });
    assert_eq!(by_external_id(&manager, "oscar", "101", None).await, found);
    assert_eq!(by_external_id(&administrator, "oscar", "101", Some(oak.api_id())).await, found);
    assert_eq!(by_external_id(&manager, "oscar", "102", None).await, Value::Null);

    let input = json!({ "externalReferenceId": second });
    let removed =
        manager.change("removeExternalReference", input, "{ removedExternalReferenceId clinic { name } }").await;
    assert_eq!(removed, json!({ "removedExternalReferenceId": second, "clinic": { "name": "Oak" } }));
    assert_eq!(by_external_id(&manager, "cal.com", "ito@oak", None).await, Value::Null);
    let trail = "select verb || ' ' || operation as entry from audit_events where resource_type = 'external_reference' order by seq";
    let trail: Vec<_> = app.rows(trail).await.iter().map(|row| row["entry"].as_str().unwrap().to_owned()).collect();
    assert_eq!(trail.len(), 5, "{trail:?}");
    assert_eq!(trail[4], "delete removeExternalReference");
}

#[tokio::test]
async fn an_identifier_is_unique_in_its_system_and_clinic() {
    let app = TestApp::new().await;
    let (oak, elm) = (app.clinic("Oak").await, app.clinic("Elm").await);
    let (manager, other) = (oak.manager().await, elm.manager().await);
    let (ito, hale) = (provider(&oak, "Ito").await, provider(&oak, "Hale").await);
    add(&manager, &ito, "oscar", "101").await;
    add(&manager, &hale, "other", "101").await;
    add(&other, &provider(&elm, "Ito").await, "oscar", "101").await;

    let again =
        manager.refused("addExternalReference", json!({ "subjectId": hale, "system": "oscar", "value": "101" })).await;

    assert_eq!(code(&again), "DUPLICATE");
    assert_eq!(again["extensions"]["fields"][0]["path"], "input.value");
}

#[tokio::test]
async fn what_is_not_there_or_has_no_identifiers_is_refused() {
    let app = TestApp::new().await;
    let (oak, elm, administrator) = (app.clinic("Oak").await, app.clinic("Elm").await, app.administrator().await);
    let manager = oak.manager().await;
    let theirs = provider(&elm, "Ito").await;
    let input = |subject: &str, system: &str| json!({ "subjectId": subject, "system": system, "value": "1" });

    assert_eq!(code(&manager.refused("addExternalReference", input(&theirs, "oscar")).await), "NOT_FOUND");
    assert_eq!(code(&manager.refused("addExternalReference", input(&elm.api_id(), "oscar")).await), "NOT_FOUND");
    let gone = api_id("provider", uuid::Uuid::now_v7());
    assert_eq!(code(&administrator.refused("addExternalReference", input(&gone, "oscar")).await), "NOT_FOUND");
    for subject in [manager.api_id(), uuid::Uuid::now_v7().to_string()] {
        let refused = manager.refused("addExternalReference", input(&subject, "oscar")).await;
        assert_eq!(
            (code(&refused), &refused["extensions"]["fields"][0]["path"]),
            ("INVALID_ID", &json!("input.subjectId"))
        );
    }
    let problems = manager.problems("addExternalReference", input(&oak.api_id(), "Oscar EMR")).await;
    assert_eq!(problems[0].0, "input.system");
    let staff = oak.person(SystemRole::Staff).await;
    assert_eq!(code(&staff.refused("addExternalReference", input(&oak.api_id(), "oscar")).await), "FORBIDDEN");
}

#[tokio::test]
async fn identifiers_show_to_those_who_may_read_the_object() {
    let app = TestApp::new().await;
    let (oak, elm) = (app.clinic("Oak").await, app.clinic("Elm").await);
    let manager = oak.manager().await;
    let ticket = manager.open_ticket("Printer").await;
    let reference = add(&manager, &ticket, "desk", "T-9").await;
    add(&manager, &provider(&oak, "Ito").await, "oscar", "101").await;
    // Clinicians read providers, but no tickets.
    let (clinician, stranger) = (oak.person(SystemRole::Clinician).await, elm.manager().await);

    assert_eq!(by_external_id(&clinician, "oscar", "101", None).await["__typename"], "Provider");
    assert_eq!(by_external_id(&clinician, "desk", "T-9", None).await, Value::Null);
    for person in [&clinician, &stranger] {
        let node = person.ask("query ($id: ID!) { node(id: $id) { id } }", json!({ "id": reference })).await;
        assert_eq!(node["node"], Value::Null);
    }
    assert_eq!(by_external_id(&stranger, "oscar", "101", None).await, Value::Null);
    assert_eq!(by_external_id(&stranger, "oscar", "101", Some(oak.api_id())).await, Value::Null);
    let administrator = app.administrator().await;
    let query = "{ byExternalId(system: \"oscar\", value: \"101\") { id } }";
    assert_eq!(administrator.fail(query, json!({})).await, "INVALID_INPUT", "an administrator names the clinic");
}

#[tokio::test]
async fn an_import_links_objects_again_and_again() {
    let app = TestApp::new().await;
    let oak = app.clinic("Oak").await;
    let (ito, hale) = (provider(&oak, "Ito").await, provider(&oak, "Hale").await);
    let id = |text: &str| text.parse::<Id<Provider>>().unwrap();
    let clinic = Id::from_uuid(oak.id);
    let note = || clinigraph::kernel::db::Note::Job { kind: "import", id: "job".to_owned() };

    for provider in [&ito, &ito, &hale] {
        let linked = app
            .database
            .as_job(Some(oak.id), note(), async |scope| {
                link(scope, clinic, ("oscar", "101"), id(provider)).await?;
                find(scope, clinic, "oscar", "101").await
            })
            .await
            .unwrap();
        assert_eq!(linked, Some(Linked { kind: "provider".to_owned(), id: id(provider).uuid() }));
        assert_eq!(linked.unwrap().of::<Provider>(), Some(id(provider)));
    }
    assert_eq!(app.value("select count(*) from external_references").await, 1);
}

//! Those who treat patients.

use clinigraph::{
    kernel::{
        actor::SystemRole,
        entity::JsonList,
        text::LanguageTag,
        write::{NoEvent, Stored},
    },
    provider::{ConsultationMode, Provider, ProviderStatus, Qualification},
    schema::providers,
};
use diesel::{ExpressionMethods, QueryDsl, update};
use diesel_async::RunQueryDsl;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::harness::{Person, TestApp};

/// The names on a list, in its order.
async fn names(who: &Person, arguments: &str) -> Vec<String> {
    let data = who.ask(&format!("{{ providers{arguments} {{ nodes {{ displayName }} }} }}"), json!({})).await;
    let nodes = data["providers"]["nodes"].as_array().unwrap().clone();
    nodes.iter().map(|node| node["displayName"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_provider_is_read_with_everything_about_them() {
    let app = TestApp::new().await;
    let oak = app.clinic("Oak").await;
    let id = oak.provider("Ann", "Own").await;
    app.as_system(async |scope| {
        use providers as p;
        let tx = scope.tx().await?;
        let known = (
            p::title.eq("Dr."),
            p::specialties.eq(vec!["cardiology", "sports"]),
            p::languages.eq(vec![LanguageTag::new("en").unwrap(), LanguageTag::new("zh-Hant").unwrap()]),
            p::consultation_modes.eq(vec![ConsultationMode::InPerson, ConsultationMode::Video]),
            p::consultation_fee.eq(Decimal::new(12_050, 2)),
            p::qualifications.eq(JsonList(vec![
                Qualification {
                    title: "MD \"honours\"".to_owned(),
                    institution: Some("UBC".to_owned()),
                    year: Some(1999),
                },
                Qualification { title: "FRCPC".to_owned(), institution: None, year: None },
            ])),
        );
        update(p::table.filter(p::clinic_id.eq(oak.id))).set(known).execute(&mut tx.conn()?).await?;
        Ok(())
    })
    .await;

    let seen = oak
        .person(SystemRole::Clinician)
        .await
        .ask(
            "query ($id: ID!) { provider(id: $id) {
                id displayName specialties languages consultationModes status color
                fee: consultationFee { __typename currencyCode amount }
                qualifications { year what: title ... on Qualification { institution } }
                clinic { name } user { id }
            } }",
            json!({ "id": id }),
        )
        .await;

    assert_eq!(
        seen["provider"],
        json!({
            "id": id,
            "displayName": "Dr. Ann Own",
            "specialties": ["cardiology", "sports"],
            "languages": ["en", "zh-Hant"],
            "consultationModes": ["IN_PERSON", "VIDEO"],
            "status": "ACTIVE",
            "color": "#3B82F6",
            "fee": { "__typename": "Money", "currencyCode": "CAD", "amount": "120.50" },
            "qualifications": [
                { "year": 1999, "what": "MD \"honours\"", "institution": "UBC" },
                { "year": null, "what": "FRCPC", "institution": null },
            ],
            "clinic": { "name": "Oak" },
            "user": null,
        })
    );
}

#[tokio::test]
async fn a_provider_without_a_fee_has_null_for_it() {
    let app = TestApp::new().await;
    let oak = app.clinic("Oak").await;
    oak.provider("Ann", "Own").await;

    let seen = oak.manager().await.ask("{ providers { nodes { consultationFee { amount } } } }", json!({})).await;

    assert_eq!(seen["providers"]["nodes"], json!([{ "consultationFee": null }]));
}

#[tokio::test]
async fn a_stranger_clinic_sees_no_provider() {
    let app = TestApp::new().await;
    let (oak, elm) = (app.clinic("Oak").await, app.clinic("Elm").await);
    let id = oak.provider("Ann", "Own").await;

    let seen = elm
        .manager()
        .await
        .ask(
            "query ($id: ID!, $clinic: ID!) { provider(id: $id) { id } node(id: $id) { id } providers(filter: { clinicId: $clinic }) { totalCount } clinic { providers { totalCount } } }",
            json!({ "id": id, "clinic": oak.api_id() }),
        )
        .await;

    let none = json!({ "totalCount": 0 });
    assert_eq!(seen, json!({ "provider": null, "node": null, "providers": none, "clinic": { "providers": none } }));
}

#[tokio::test]
async fn providers_are_filtered_and_ordered() {
    let app = TestApp::new().await;
    let (oak, elm) = (app.clinic("Oak").await, app.clinic("Elm").await);
    for (first, last) in [("Zoe", "Abara"), ("Ann", "Zhang"), ("Ann", "abara")] {
        oak.provider(first, last).await;
    }
    elm.provider("Eve", "Elmer").await;
    app.as_system(async |scope| {
        use providers as p;
        let tx = scope.tx().await?;
        let away = (
            p::status.eq(ProviderStatus::OnLeave),
            p::accepting_new_patients.eq(false),
            p::specialties.eq(vec!["cardiology"]),
            p::languages.eq(vec!["zh"]),
        );
        update(p::table.filter(p::last_name.eq("Zhang"))).set(away).execute(&mut tx.conn()?).await?;
        Ok(())
    })
    .await;
    let staff = oak.person(SystemRole::Staff).await;

    assert_eq!(names(&staff, "").await, ["Ann abara", "Zoe Abara", "Ann Zhang"]);
    assert_eq!(
        names(&staff, "(order: { field: CREATED_AT, direction: DESC })").await,
        ["Ann abara", "Ann Zhang", "Zoe Abara"]
    );
    for (filter, wanted) in [
        ("status: [ON_LEAVE]", &["Ann Zhang"][..]),
        ("status: [ON_LEAVE, ACTIVE], acceptingNewPatients: true", &["Ann abara", "Zoe Abara"]),
        ("specialty: \"Cardiology\"", &["Ann Zhang"]),
        ("language: \"zh\"", &["Ann Zhang"]),
        ("text: \"ann z\"", &["Ann Zhang"]),
        ("text: \"ABA\"", &["Ann abara", "Zoe Abara"]),
        ("text: \"eve\"", &[]),
    ] {
        assert_eq!(names(&staff, &format!("(filter: {{ {filter} }})")).await, wanted, "{filter}");
    }
    let administrator = app.administrator().await;
    assert_eq!(names(&administrator, "(last: 2)").await, ["Eve Elmer", "Ann Zhang"]);
    let one = format!("(filter: {{ clinicId: \"{}\" }})", elm.api_id());
    assert_eq!(names(&administrator, &one).await, ["Eve Elmer"]);
}

#[tokio::test]
async fn an_archived_provider_is_not_found_and_not_listed() {
    let app = TestApp::new().await;
    let oak = app.clinic("Oak").await;
    let id = oak.provider("Ann", "Own").await;
    app.as_system(async |scope| {
        let provider = Provider::lock(scope, id.parse().unwrap(), None).await?;
        provider.archive(scope, NoEvent).await
    })
    .await;

    let seen = oak
        .manager()
        .await
        .ask("query ($id: ID!) { provider(id: $id) { id } providers { totalCount } }", json!({ "id": id }))
        .await;

    assert_eq!(seen, json!({ "provider": null, "providers": { "totalCount": 0 } }));
    assert_eq!(seen["provider"], Value::Null);
}

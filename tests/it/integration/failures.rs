//! A working integration that stops working: it is not used, the managers are notified once, and it recovers by itself.

use chrono::TimeDelta;
use clinigraph::{integration::SmsSettings, kernel::actor::SystemRole};
use serde_json::{Value, json};

use super::{
    fakes::{Mood, Telnyx},
    public_app,
};
use crate::harness::Person;

async fn notified(person: &Person) -> Vec<Value> {
    let query =
        "{ notifications(filter: { kind: INTEGRATION_ERROR }) { nodes { title body linkPath subject { id } } } }";
    person.ask(query, json!({})).await["notifications"]["nodes"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_failure_is_told_once_until_it_works_again() {
    let (app, telnyx) = (public_app().await, Telnyx::start().await);
    let (oak, elm) = (app.clinic("Oak").await, app.clinic("Elm").await);
    let (manager, other, staff) = (oak.manager().await, oak.manager().await, oak.person(SystemRole::Staff).await);
    let stranger = elm.manager().await;
    let set = app.connect(&oak, telnyx.settings()).await;
    let active = app.active::<SmsSettings>(&oak).await.unwrap();

    app.integrations().report_failure(&active, "Telnyx answered 401 10009 Authentication failed").await.unwrap();
    app.integrations().report_failure(&active, "again").await.unwrap();
    let expected = json!({ "title": "The integration Messages stopped working", "body": "Telnyx answered 401 10009 Authentication failed",
        "linkPath": format!("/integrations/{}", set.id), "subject": { "id": set.id } });
    for person in [&manager, &other] {
        assert_eq!(notified(person).await, std::slice::from_ref(&expected));
    }
    for person in [&staff, &stranger, &app.administrator().await] {
        assert_eq!(notified(person).await, Vec::<Value>::new());
    }
    assert!(app.active::<SmsSettings>(&oak).await.is_none());
    let (status, reason) = manager.integration_status(&set.id).await;
    assert_eq!(
        (status.as_str(), reason.as_deref()),
        ("ERROR", Some("Telnyx answered 401 10009 Authentication failed"))
    );

    // It is tested again every half hour: in vain at first, without another word.
    telnyx.fake.be([Mood::Fails(503)]);
    app.clock.turn(TimeDelta::minutes(31));
    app.work().await;
    assert_eq!(manager.integration_status(&set.id).await.1.unwrap(), "Telnyx answered with an error (503)");
    assert_eq!(notified(&manager).await.len(), 1);
    // The next test is planned.
    app.work().await;
    app.clock.turn(TimeDelta::minutes(31));
    app.work().await;
    assert_eq!(manager.integration_status(&set.id).await, ("ACTIVE".to_owned(), None));
    app.integrations().report_failure(&active, "Broken once more").await.unwrap();
    assert_eq!(notified(&manager).await.len(), 2);
    app.integrations().report_success(&active).await.unwrap();
    assert_eq!(manager.integration_status(&set.id).await.0, "ACTIVE");
}

#[tokio::test]
async fn of_the_platforms_own_the_administrators_are_told() {
    let (app, telnyx) = (public_app().await, Telnyx::start().await);
    let (oak, administrator) = (app.clinic("Oak").await, app.administrator().await);
    let platform = app.add_integration(None, telnyx.settings()).await;
    administrator.change("testIntegration", json!({ "integrationId": platform.id }), "{ __typename }").await;
    app.work().await;
    let active = app.active::<SmsSettings>(&oak).await.unwrap();

    app.integrations().report_failure(&active, "No answer").await.unwrap();
    assert_eq!(notified(&administrator).await.len(), 1);
    assert_eq!(notified(&oak.manager().await).await.len(), 0);
    assert!(app.active::<SmsSettings>(&oak).await.is_none());
}

#[tokio::test]
async fn an_operation_that_needs_one_says_that_there_is_none() {
    let app = public_app().await;
    let oak = app.clinic("Oak").await;
    let id = clinigraph::kernel::Id::from_uuid(oak.id);
    let needed =
        app.database.as_system(None, async |scope| app.integrations().require::<SmsSettings>(scope, id).await).await;

    let error = needed.unwrap_err();
    assert_eq!(error.code().as_str(), "INTEGRATION_NOT_CONFIGURED");
    assert_eq!(
        error.message(),
        "no working integration for text messages is set up; please ask the clinic's manager to set one up"
    );
}

//! How a clinic wants to be run, when it is open, and when not.

use clinigraph::{
    clinic::{Clinic, ClinicClosure},
    kernel::{
        Id,
        actor::SystemRole,
        wall_clock::{Date, DayOfWeek, LocalTime},
        write::{NoEvent, Stored},
    },
    schema::clinic_hours,
};
use diesel::{ExpressionMethods, insert_into, result::QueryResult};
use diesel_async::RunQueryDsl;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{TestApp, code};

#[tokio::test]
async fn a_new_clinic_has_a_configuration_in_its_groups() {
    let app = TestApp::new().await;
    let clinic = app.clinic("Oak").await;
    let manager = clinic.manager().await;

    let answer = manager
        .send(
            "{ clinic { name config {
                __typename
                book: booking { __typename acceptingNewPatients appointmentDurationMinutes cancellationWindowHours defaultProvider { id } }
                ...Languages
                ... on ClinicConfig { language { also: defaultLanguage } }
                care { transferPhone }
                privacy { retained: effectiveTranscriptRetentionDays transcriptRetentionDays effectiveAuditRetentionYears }
                clinic { name }
            } } }
            fragment Languages on ClinicConfig { language { defaultLanguage supportedLanguages greetings { text } } }",
            json!({}),
        )
        .await;

    assert_eq!(
        answer.body["data"]["clinic"]["config"],
        json!({
            "__typename": "ClinicConfig",
            "book": {
                "__typename": "ClinicBooking",
                "acceptingNewPatients": true,
                "appointmentDurationMinutes": 15,
                "cancellationWindowHours": null,
                "defaultProvider": null,
            },
            "language": { "defaultLanguage": "en", "supportedLanguages": ["en", "zh"], "greetings": [], "also": "en" },
            "care": { "transferPhone": null },
            "privacy": { "retained": 90, "transcriptRetentionDays": null, "effectiveAuditRetentionYears": 7 },
            "clinic": { "name": "Oak" },
        })
    );
    // The clinic, its configuration with all groups, and the clinic again: all single rows, so joined to one statement.
    assert_eq!(answer.sql_count(), 1);
}

#[tokio::test]
async fn a_stranger_clinic_neither_sees_nor_changes_a_configuration() {
    let app = TestApp::new().await;
    let (oak, elm) = (app.clinic("Oak").await, app.clinic("Elm").await);
    let (ours, theirs) = (oak.manager().await, elm.manager().await);
    let id = ours.ask("{ clinic { config { id } } }", json!({})).await["clinic"]["config"]["id"].take();

    let seen = theirs.ask("query ($id: ID!) { node(id: $id) { id } }", json!({ "id": id })).await;
    let changed = theirs
        .refused("updateClinicConfig", json!({ "clinicId": oak.api_id(), "booking": { "bufferMinutes": 9 } }))
        .await;

    assert_eq!(seen, json!({ "node": null }));
    assert_eq!(code(&changed), "NOT_FOUND");
    assert_eq!(ours.config_version().await, 1);
}

#[tokio::test]
async fn who_does_not_manage_the_clinic_changes_nothing() {
    let app = TestApp::new().await;
    let clinic = app.clinic("Oak").await;
    let input = json!({ "booking": { "bufferMinutes": 9 } });

    for role in [
        SystemRole::Staff,
        SystemRole::Clinician,
        SystemRole::Auditor,
        SystemRole::Patient,
        SystemRole::ResearchPartner,
    ] {
        let error = clinic.person(role).await.refused("updateClinicConfig", input.clone()).await;
        assert_eq!(code(&error), "FORBIDDEN", "{role:?}");
    }
    assert_eq!(code(&app.nobody().refused("updateClinicConfig", input).await), "UNAUTHENTICATED");
    assert_eq!(clinic.manager().await.config_version().await, 1);
}

#[tokio::test]
async fn a_patch_sets_leaves_alone_and_clears() {
    let app = TestApp::new().await;
    let manager = app.clinic("Oak").await.manager().await;

    let set = manager
        .update_config(json!({
            "booking": { "bufferMinutes": 10, "maxNewPatientsPerWeek": 40 },
            "care": { "transferPhone": "+16045550123" },
            "privacy": { "transcriptRetentionDays": 30, "officerEmail": "Mei@Oak.example" },
        }))
        .await;
    let left = manager.update_config(json!({ "booking": { "bufferMinutes": 15 } })).await;
    let cleared = manager
        .update_config(json!({
            "booking": { "maxNewPatientsPerWeek": null },
            "care": { "transferPhone": null },
            "privacy": { "transcriptRetentionDays": null },
        }))
        .await;

    assert_eq!(set["booking"], json!({ "bufferMinutes": 10, "maxNewPatientsPerWeek": 40 }));
    let privacy = |set: Value, days: i32| json!({ "transcriptRetentionDays": set, "effectiveTranscriptRetentionDays": days, "officerEmail": "mei@oak.example" });
    assert_eq!(set["privacy"], privacy(json!(30), 30));
    assert_eq!(left["booking"], json!({ "bufferMinutes": 15, "maxNewPatientsPerWeek": 40 }));
    assert_eq!((&left["care"], &left["privacy"]), (&set["care"], &set["privacy"]));
    assert_eq!(cleared["booking"], json!({ "bufferMinutes": 15, "maxNewPatientsPerWeek": null }));
    assert_eq!(cleared["care"], json!({ "transferPhone": null }));
    assert_eq!(cleared["privacy"], privacy(Value::Null, 90));
    assert_eq!([&set["version"], &left["version"], &cleared["version"]], [2, 3, 4]);
}

#[tokio::test]
async fn languages_and_greetings_are_replaced_as_whole_lists() {
    let app = TestApp::new().await;
    let manager = app.clinic("Oak").await.manager().await;
    let greetings = json!([{ "language": "sw", "text": "Karibu" }, { "language": "en", "text": "  \"Hello\"\n " }]);
    let language = json!({ "defaultLanguage": "sw", "supportedLanguages": ["en", "sw"], "greetings": greetings });

    let changed = manager.update_config(json!({ "language": language })).await;

    assert_eq!(
        changed["language"],
        json!({
            "defaultLanguage": "sw",
            "supportedLanguages": ["en", "sw"],
            "greetings": [{ "language": "sw", "text": "Karibu" }, { "language": "en", "text": "\"Hello\"" }],
        })
    );
    let part = manager
        .ask("{ clinic { config { language { greetings { __typename words: text ...L } } } } } fragment L on Greeting { language }", json!({}))
        .await;
    assert_eq!(
        part["clinic"]["config"]["language"]["greetings"][0],
        json!({ "__typename": "Greeting", "words": "Karibu", "language": "sw" })
    );
}

#[tokio::test]
async fn a_change_of_what_somebody_else_changed_is_refused() {
    let app = TestApp::new().await;
    let manager = app.clinic("Oak").await.manager().await;
    manager.update_config(json!({ "expectedVersion": 1, "booking": { "bufferMinutes": 10 } })).await;

    let input = json!({ "expectedVersion": 1, "booking": { "bufferMinutes": 20 } });
    let error = manager.refused("updateClinicConfig", input).await;

    assert_eq!((code(&error), &error["extensions"]["currentVersion"]), ("STALE_OBJECT", &json!(2)));
    assert_eq!(manager.config_version().await, 2);
}

#[tokio::test]
async fn everything_that_is_wrong_is_told_at_once_and_nothing_is_written() {
    let app = TestApp::new().await;
    let (oak, elm) = (app.clinic("Oak").await, app.clinic("Elm").await);
    let manager = oak.manager().await;
    let stranger = elm.provider("Ann", "Other").await;

    let problems = manager.problems("updateClinicConfig", json!({
            "booking": { "bufferMinutes": 241, "appointmentDurationMinutes": 4, "waitlistEnabled": null, "defaultProviderId": stranger },
            "language": { "defaultLanguage": "fr", "greetings": [{ "language": "sw", "text": " " }] },
            "care": { "transferPhone": "604 555 0123", "preferredPharmacyName": "" },
            "privacy": { "officerEmail": "mei", "transcriptRetentionDays": 0, "auditRetentionYears": 101 },
        })).await;

    let mut paths: Vec<_> = problems.iter().map(|problem| problem.0.as_str()).collect();
    paths.sort_unstable();
    assert_eq!(
        paths,
        [
            "input.booking.appointmentDurationMinutes",
            "input.booking.bufferMinutes",
            "input.booking.defaultProviderId",
            "input.booking.waitlistEnabled",
            "input.care.preferredPharmacyName",
            "input.care.transferPhone",
            "input.language.defaultLanguage",
            "input.language.greetings.0.text",
            "input.privacy.auditRetentionYears",
            "input.privacy.officerEmail",
            "input.privacy.transcriptRetentionDays",
        ]
    );
    assert_eq!(manager.config_version().await, 1);
    let written = app.administrator().await;
    let query = "query ($id: ID!) { auditEvents(filter: { clinicId: $id, resourceType: \"clinic_config\" }) { nodes { verb } } }";
    let events = written.ask(query, json!({ "id": oak.api_id() })).await;
    assert_eq!(events["auditEvents"]["nodes"], json!([{ "verb": "CREATE" }]));
}

#[tokio::test]
async fn the_supported_languages_cannot_lose_the_default_one() {
    let app = TestApp::new().await;
    let manager = app.clinic("Oak").await.manager().await;

    for (given, shown) in [
        (json!(["zh"]), "the default language en must be one of the supported languages"),
        (json!(["en", "en"]), "must not repeat a language"),
        (json!(["en", "not_one"]), r#"must be a BCP 47 language tag, such as en-CA, not "not_one""#),
    ] {
        let problems =
            manager.problems("updateClinicConfig", json!({ "language": { "supportedLanguages": given } })).await;
        assert!(problems[0].1.starts_with(shown), "{problems:?}");
        assert!(problems[0].0.starts_with("input.language.supportedLanguages"), "{problems:?}");
    }
}

#[tokio::test]
async fn the_default_provider_is_one_of_the_clinic() {
    let app = TestApp::new().await;
    let oak = app.clinic("Oak").await;
    let manager = oak.manager().await;
    let provider = oak.provider("Ann", "Own").await;

    manager.update_config(json!({ "booking": { "defaultProviderId": provider } })).await;

    let seen = manager.ask("{ clinic { config { booking { defaultProvider { id displayName } } } } }", json!({})).await;
    assert_eq!(
        seen["clinic"]["config"]["booking"]["defaultProvider"],
        json!({ "id": provider, "displayName": "Ann Own" })
    );
}

#[tokio::test]
async fn a_change_is_audited_without_free_text_and_told_to_the_clinic() {
    let app = TestApp::new().await;
    let oak = app.clinic("Oak").await;
    let manager = oak.manager().await;
    let input = json!({ "booking": { "bufferMinutes": 10 }, "privacy": { "officerName": "Mei Chen" } });

    manager.update_config(input).await;

    let administrator = app.administrator().await;
    let query = "query ($id: ID!) { auditEvents(first: 1, filter: { clinicId: $id }) {
        nodes { verb operation resourceType actorKind actor { id } clinic { name } changes { field before after redacted } } } }";
    let events = administrator.ask(query, json!({ "id": oak.api_id() })).await;
    assert_eq!(
        events["auditEvents"]["nodes"][0],
        json!({
            "verb": "UPDATE",
            "operation": "updateClinicConfig",
            "resourceType": "clinic_config",
            "actorKind": "TENANT",
            "actor": { "id": manager.api_id() },
            "clinic": { "name": "Oak" },
            "changes": [
                { "field": "bufferMinutes", "before": 5, "after": 10, "redacted": false },
                { "field": "officerName", "before": null, "after": null, "redacted": true },
            ],
        })
    );
    let shown: Vec<(String, String, Vec<String>)> = app
        .as_system(async |scope| {
            use clinigraph::schema::outbox_events as o;
            use diesel::QueryDsl;
            let tx = scope.tx().await?;
            let found = o::table.filter(o::topic.eq("clinic_config")).select((o::kind, o::audience, o::changed));
            Ok(found.load(&mut tx.conn()?).await?)
        })
        .await;
    let changed = ["booking", "privacy", "updatedAt", "version"].map(str::to_owned).to_vec();
    assert_eq!(shown, [("updated".to_owned(), "clinic".to_owned(), changed)]);
}

#[tokio::test]
async fn an_administrator_names_the_clinic() {
    let app = TestApp::new().await;
    let oak = app.clinic("Oak").await;
    let administrator = app.administrator().await;
    let booking = json!({ "bufferMinutes": 10 });

    assert_eq!(
        administrator.problems("updateClinicConfig", json!({ "booking": booking })).await[0].0,
        "input.clinicId"
    );
    let changed = administrator.update_config(json!({ "clinicId": oak.api_id(), "booking": booking })).await;
    assert_eq!(changed["booking"]["bufferMinutes"], 10);
}

fn at(time: &str) -> Option<LocalTime> {
    Some(LocalTime(time.parse().unwrap()))
}

async fn open(
    app: &TestApp,
    clinic: Uuid,
    day: DayOfWeek,
    times: [Option<LocalTime>; 2],
    is_closed: bool,
) -> QueryResult<usize> {
    app.as_system(async |scope| {
        use clinic_hours as h;
        let tx = scope.tx().await?;
        let [opens, closes] = times;
        let day = (
            h::id.eq(Uuid::now_v7()),
            h::clinic_id.eq(clinic),
            h::day_of_week.eq(day),
            h::opens_at.eq(opens),
            h::closes_at.eq(closes),
            h::is_closed.eq(is_closed),
        );
        let done = insert_into(h::table).values(day).execute(&mut tx.conn()?).await;
        if done.is_err() {
            scope.roll_back().await;
            return Ok(done);
        }
        Ok(done)
    })
    .await
}

#[tokio::test]
async fn the_week_comes_sunday_first_on_the_wall_clock() {
    let app = TestApp::new().await;
    let clinic = app.clinic("Oak").await;
    for day in DayOfWeek::WEEK.into_iter().rev() {
        let closed = day == DayOfWeek::Sunday;
        let times = if closed { [None, None] } else { [at("09:30:00"), at("23:59:59")] };
        open(&app, clinic.id, day, times, closed).await.unwrap();
    }

    let seen = clinic
        .person(SystemRole::Patient)
        .await
        .ask("{ clinic { hours { dayOfWeek opensAt closesAt isClosed } } }", json!({}))
        .await;

    let hours = seen["clinic"]["hours"].as_array().unwrap();
    let days: Vec<_> = hours.iter().map(|day| day["dayOfWeek"].as_str().unwrap()).collect();
    assert_eq!(days, ["SUNDAY", "MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY"]);
    assert_eq!(hours[0], json!({ "dayOfWeek": "SUNDAY", "opensAt": null, "closesAt": null, "isClosed": true }));
    assert_eq!(
        hours[6],
        json!({ "dayOfWeek": "SATURDAY", "opensAt": "09:30:00", "closesAt": "23:59:59", "isClosed": false })
    );
    let stranger = app.clinic("Elm").await.manager().await;
    assert_eq!(stranger.ask("{ clinic { hours { id } } }", json!({})).await, json!({ "clinic": { "hours": [] } }));
}

#[tokio::test]
async fn the_closures_come_page_by_page_in_the_order_of_their_dates() {
    let app = TestApp::new().await;
    let (oak, elm) = (app.clinic("Oak").await, app.clinic("Elm").await);
    for date in ["2027-05-01", "2026-12-25", "2027-01-01", "1999-12-31"] {
        app.as_system(async |scope| {
            let closure = ClinicClosure::new_in(Id::<Clinic>::from_uuid(oak.id)).date(Date(date.parse().unwrap()));
            closure.insert(scope, NoEvent).await
        })
        .await;
    }
    let query = "query ($after: String) { clinic { closures(first: 2, after: $after) { totalCount nodes { date name } pageInfo { endCursor hasNextPage } } } }";
    let staff = oak.person(SystemRole::Staff).await;

    let first = staff.ask(query, json!({})).await["clinic"]["closures"].take();
    let second =
        staff.ask(query, json!({ "after": first["pageInfo"]["endCursor"] })).await["clinic"]["closures"].take();

    let day = |date: &str| json!({ "date": date, "name": null });
    assert_eq!(first["nodes"], json!([day("1999-12-31"), day("2026-12-25")]));
    assert_eq!(second["nodes"], json!([day("2027-01-01"), day("2027-05-01")]));
    assert_eq!((&first["totalCount"], &second["pageInfo"]["hasNextPage"]), (&json!(4), &json!(false)));
    let theirs = elm.manager().await.ask(query, json!({})).await;
    assert_eq!(theirs["clinic"]["closures"]["totalCount"], 0);
}

//! Every selection is answered as the evaluator does: over a request, a socket and an event stream.

use std::time::Duration;

use clinigraph::{
    kernel::actor::SystemRole,
    pipeline::{Limits, Settings},
};
use proptest::{
    collection::vec,
    prelude::{any, prop_assert_eq},
    test_runner::{Config, RngSeed, TestCaseError, TestRunner},
};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    evaluate::{Actor, Evaluation, World},
    random::Document,
};
use crate::harness::{Person, TestApp};

/// Clinics, people, tickets and messages with as many ties, gaps and strangers as will fit.
async fn populate(app: &TestApp) -> [Uuid; 3] {
    let id = |kind: usize, number: usize| {
        Uuid::from_u128(0x0193_0000_0000_7000_8000_0000_0000_0000 | (kind << 16 | number) as u128)
    };
    let at = |number: usize| {
        format!("timestamptz '2026-01-01 00:00:00Z' + interval '{} milliseconds'", number * 1500 / 4 * 250)
    };
    let mut all = String::new();
    let mut add = |table: &str, columns: &str, values: String| {
        all.push_str(&format!("insert into {table} ({columns}) values ({values});\n"));
    };
    for network in 0..2 {
        add("clinic_networks", "id, name, slug", format!("'{}', 'Network {network}', 'n{network}'", id(1, network)));
    }
    for (clinic, rest) in [
        "'oak', 'Nairobi', 'Tree \"Oak\" st. 1', 'active', null",
        "'elm', 'Nairobi', null, 'active', null",
        "'elm', 'Sydney', null, 'pending', null",
        "'yew', null, null, 'archived', now()",
    ]
    .into_iter()
    .enumerate()
    {
        let network = if clinic % 3 == 0 { format!("'{}'", id(1, clinic / 3)) } else { "null".to_owned() };
        add(
            "clinics",
            "id, network_id, slug, timezone, currency, created_at, name, city, address, status, deleted_at",
            format!("'{}', {network}, 'c{clinic}', 'UTC', 'CAD', {}, {rest}", id(2, clinic), at(clinic / 2)),
        );
    }
    // Two administrators, then three people a clinic, one of whom was deleted.
    for user in 0..12 {
        let (admin, gone) = (user < 2, if user == 5 { "now()" } else { "null" });
        let last = if user % 2 == 0 { "null".to_owned() } else { format!("'Name {user}'") };
        add(
            "users",
            "id, email, first_name, last_name, status, is_platform_admin, created_at, deleted_at",
            format!(
                "'{}', 'u{user}@people.example', 'U{user}', {last}, 'active', {admin}, {}, {gone}",
                id(3, user),
                at(user)
            ),
        );
    }
    for member in 0..14 {
        let (clinic, user) = (member % 3, 2 + member % 10);
        let role = ["clinic_manager", "staff", "clinician"][member / 3 % 3];
        let invited = if member % 2 == 0 { format!("'{}'", id(3, member % 12)) } else { "null".to_owned() };
        let gone = if member % 5 == 4 { "now()" } else { "null" };
        add(
            "memberships",
            "id, clinic_id, user_id, role, invited_by_user_id, created_at, deleted_at",
            format!(
                "'{}', '{}', '{}', '{role}', {invited}, {}, {gone}",
                id(4, member),
                id(2, clinic),
                id(3, user),
                at(member / 3)
            ),
        );
    }
    for ticket in 0..18 {
        let (clinic, priority) = (ticket % 4 % 3, ["low", "medium", "high", "urgent"][ticket * 7 % 4]);
        let status = ["open", "in_progress", "waiting", "resolved", "closed"][ticket % 5];
        let assignee = if ticket % 3 == 0 { format!("'{}'", id(3, ticket % 2)) } else { "null".to_owned() };
        let title = ["Printer", "Über \"Druck\" 打印机", "Lines\\n and \\t tabs", "print"][ticket % 4];
        add(
            "support_tickets",
            "id, clinic_id, created_by_user_id, assignee_id, title, description, priority, status, resolved_at, created_at, updated_at",
            format!(
                "'{}', '{}', '{}', {assignee}, E'{title}', 'Please', '{priority}', '{status}', {}, {}, {}",
                id(5, ticket),
                id(2, clinic),
                id(3, 2 + ticket % 10),
                if status == "resolved" { at(ticket) } else { "null".to_owned() },
                at(ticket / 3),
                at(ticket * 5 % 7),
            ),
        );
        for message in 0..ticket % 5 {
            let number = ticket * 5 + message;
            add(
                "ticket_messages",
                "id, clinic_id, ticket_id, author_user_id, body, is_internal, created_at",
                format!(
                    "'{}', '{}', '{}', '{}', 'Words {number}', {}, {}",
                    id(6, number),
                    id(2, clinic),
                    id(5, ticket),
                    id(3, number % 12),
                    message % 3 == 1,
                    at(message / 2),
                ),
            );
        }
    }
    app.execute(&all).await;
    [id(2, 0), id(3, 0), id(3, 2)]
}

/// Nothing is too much here: what is too much has tests of its own.
fn settings() -> Settings {
    let limits = Limits {
        document_bytes: 1 << 20,
        tokens: 1 << 20,
        nesting: 200,
        depth: 100,
        selections: 1 << 30,
        aliases: 1 << 20,
        directives: 1 << 20,
        root_fields: 1 << 20,
        cost: u64::MAX,
        input_list: 1 << 20,
        schema_lists: u64::MAX,
    };
    Settings { limits, deadline: Duration::from_secs(20), ..crate::harness::settings() }
}

#[test]
fn every_selection_is_answered_as_the_evaluator_does_over_every_transport() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (app, world, askers) = runtime.block_on(async {
        let app = TestApp::with(settings(), 4).await;
        let [oak, ada, manager] = populate(&app).await;
        let administrator = app.signed_in(ada, None).await;
        let clinician = app.user("Clinician", false).await;
        app.execute(&format!(
            "insert into memberships (id, clinic_id, user_id, role, created_at)
             values ('{}', '{oak}', '{clinician}', 'clinician', now())",
            Uuid::now_v7()
        ))
        .await;
        let (clinic, role) = (json!(oak.to_string()), |role: SystemRole| json!(role.text().to_uppercase()));
        let all = vec![
            "TICKETS_READ",
            "TICKETS_WRITE",
            "TICKETS_MANAGE",
            "MEMBERS_READ",
            "MEMBERS_MANAGE",
            "CLINIC_MANAGE",
            "AUDIT_READ",
            "JOBS_MANAGE",
            "FILES_HOLD",
            "NOTIFICATIONS_MANAGE",
            "DATA_EXPORT",
            "WEBHOOKS_MANAGE",
            "INTEGRATIONS_MANAGE",
            "WEBHOOKS_REPLAY",
        ];
        let actor = |is_admin, user: Uuid, clinic, role, permissions| Actor {
            is_admin,
            user: user.to_string(),
            clinic,
            role,
            permissions,
        };
        let askers = [
            (actor(true, ada, Value::Null, Value::Null, all), administrator.clone()),
            (
                actor(
                    false,
                    manager,
                    clinic.clone(),
                    role(SystemRole::ClinicManager),
                    vec![
                        "TICKETS_READ",
                        "TICKETS_WRITE",
                        "MEMBERS_READ",
                        "MEMBERS_MANAGE",
                        "CLINIC_MANAGE",
                        "DATA_EXPORT",
                        "NOTIFICATIONS_MANAGE",
                        "WEBHOOKS_MANAGE",
                        "INTEGRATIONS_MANAGE",
                    ],
                ),
                app.signed_in(manager, Some(oak)).await,
            ),
            (
                actor(false, clinician, clinic, role(SystemRole::Clinician), Vec::new()),
                app.signed_in(clinician, Some(oak)).await,
            ),
        ];
        let world = World::read(&app, &administrator).await;
        (app, world, askers)
    });
    // The same cases in each run; `PROPTEST_RNG_SEED` and `PROPTEST_CASES` ask for others and more.
    let seed = std::env::var("PROPTEST_RNG_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(1);
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(150);
    let config = Config { cases, rng_seed: RngSeed::Fixed(seed), failure_persistence: None, ..Config::default() };

    let compared = TestRunner::new(config).run(&(vec(any::<u8>(), 0..400), 0..3usize), |(bytes, who)| {
        runtime.block_on(compare(&app, &world, &askers[who], &bytes))
    });

    if let Err(failure) = compared {
        panic!("{failure}");
    }
}

async fn compare(
    app: &TestApp,
    world: &World,
    (actor, person): &(Actor, Person),
    bytes: &[u8],
) -> Result<(), TestCaseError> {
    let document = Document::new(bytes, world);
    let query = document.text(world);
    let variables =
        if query.contains("$yes") || query.contains("$no") { json!({ "yes": true, "no": false }) } else { json!({}) };

    let question = json!({ "query": query, "variables": variables });

    let answers = [
        ("a request", app.post(person, question.to_string()).await.text),
        ("a socket", app.over_socket(person, &question).await),
        ("an event stream", app.over_stream(person, &question).await),
    ];

    let mut evaluation = Evaluation { world, actor, fragments: &document.fragments, errors: Vec::new() };
    let data = evaluation.data(&document.roots);
    evaluation.errors.sort();
    for (way, answer) in &answers {
        let (text, paths) = parts(answer);
        prop_assert_eq!(text, &data, "by {}\n{}", way, query);
        prop_assert_eq!(paths, &evaluation.errors[..], "by {}\n{}", way, query);
    }
    Ok(())
}

/// The data as it came, and the paths of the errors.
fn parts(answer: &str) -> (&str, Vec<String>) {
    let whole: Value = serde_json::from_str(answer).unwrap();
    let errors = whole["errors"].as_array().into_iter().flatten();
    let mut paths: Vec<String> = errors.map(|error| error["path"].to_string()).collect();
    paths.sort();
    let end = answer.rfind(",\"errors\":").or_else(|| answer.rfind(",\"extensions\":{\"cost\"")).unwrap_or(0);
    (answer[..end].strip_prefix("{\"data\":").unwrap_or(answer), paths)
}

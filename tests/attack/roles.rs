//! What each class of people reaches by SQL, in a scope of their own, whatever a resolver might forget.

use clinigraph::{
    access::{Sessions, token_hash},
    kernel::{
        actor::SystemRole,
        db::{Access, Scope},
        ids,
    },
};
use diesel::result::QueryResult;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{
    Person, TestApp,
    sql::{run, texts},
};

async fn scope(app: &TestApp, person: &Person, access: Access) -> Scope {
    let sessions = Sessions::new(app.database.clone(), app.clock.clone());
    let actor = sessions.actor(token_hash(person.token.as_deref().unwrap())).await.unwrap();
    app.database.scope(actor, access, None)
}

/// How many rows of a table somebody sees.
async fn seen(app: &TestApp, person: &Person, table: &str) -> QueryResult<String> {
    let scope = scope(app, person, Access::Read).await;
    let query = format!("select count(*)::text as value from {table}");
    let counted = texts(scope.tx().await.unwrap().conn().unwrap(), &query).await;
    scope.roll_back().await;
    counted.map(|mut counted| counted.remove(0))
}

/// Tries a statement, and takes it back; why it failed.
async fn tried(app: &TestApp, person: &Person, statement: &str) -> QueryResult<usize> {
    let scope = scope(app, person, Access::Write).await;
    let done = run(scope.tx().await.unwrap().conn().unwrap(), statement).await;
    scope.roll_back().await;
    done
}

fn uuid(id: &str) -> Uuid {
    ids::split(id).unwrap().1
}

/// A clinic with a ticket of its manager, and people of each kind.
struct World {
    app: TestApp,
    clinic: Uuid,
    ticket: String,
    message: String,
    manager: Person,
    administrator: Person,
}

impl World {
    async fn new() -> Self {
        let app = TestApp::new().await;
        let administrator = app.administrator().await;
        let clinic = app.clinic("Oak").await;
        let manager = clinic.manager().await;
        let ticket = manager.open_ticket("The printer is offline").await;
        let message = administrator.reply(&ticket, "We are looking into it.", false).await;
        let clinic = clinic.id;
        Self { app, clinic, ticket, message, manager, administrator }
    }

    async fn person(&self, role: SystemRole) -> Person {
        self.app.existing(self.clinic, "oak").person(role).await
    }
}

#[tokio::test]
async fn patients_and_research_partners_see_what_is_their_own() {
    let world = World::new().await;
    let stranger = world.app.signed_in(world.app.user("Nadia", false).await, None).await;
    for (who, clinics) in [
        (world.person(SystemRole::Patient).await, "1"),
        (world.person(SystemRole::ResearchPartner).await, "1"),
        (stranger, "0"),
    ] {
        for table in
            ["support_tickets", "ticket_messages", "providers", "clinic_configs", "notifications", "clinic_networks"]
        {
            assert_eq!(seen(&world.app, &who, table).await.unwrap(), "0", "{table}");
        }
        for table in ["sessions", "audit_events", "user_sign_ins", "outbox_events", "private.ticket_number_key"] {
            assert!(seen(&world.app, &who, table).await.is_err(), "{table}");
        }
        assert_eq!(seen(&world.app, &who, "(select id, email from users) as users").await.unwrap(), "1");
        assert_eq!(seen(&world.app, &who, "memberships").await.unwrap(), clinics);
        assert_eq!(seen(&world.app, &who, "clinics").await.unwrap(), clinics);
    }
}

#[tokio::test]
async fn patients_and_research_partners_change_nothing_of_the_clinic() {
    let world = World::new().await;
    for role in [SystemRole::Patient, SystemRole::ResearchPartner, SystemRole::Auditor] {
        let who = world.person(role).await;
        for statement in [
            "update support_tickets set status = 'closed'",
            "update clinic_configs set bot_enabled = true",
            "delete from clinic_closures",
            "update clinics set name = 'Mine'",
            "update memberships set role = 'clinic_manager'",
            "update users set is_platform_admin = true",
            "update notifications set title = 'x'",
            "delete from notifications",
        ] {
            let error = tried(&world.app, &who, statement).await.unwrap_err().to_string();
            assert!(error.starts_with("permission denied for"), "{role:?} {statement}: {error}");
        }
        for statement in [
            format!(
                "insert into support_tickets (id, clinic_id, created_by_user_id, title, description)
                 values (gen_random_uuid(), '{}', '{}', 'x', 'x')",
                world.clinic, who.user_id
            ),
            format!(
                "insert into ticket_messages (id, clinic_id, ticket_id, author_user_id, body, is_internal)
                 values (gen_random_uuid(), '{}', '{}', '{}', 'x', false)",
                world.clinic,
                uuid(&world.ticket),
                who.user_id
            ),
            format!(
                "insert into outbox_events (clinic_id, audience, topic, subject_id, kind)
                 values ('{}', 'clinic', 'ticket', '{}', 'opened')",
                world.clinic,
                uuid(&world.ticket)
            ),
        ] {
            assert!(tried(&world.app, &who, &statement).await.is_err(), "{role:?} {statement}");
        }
    }
}

#[tokio::test]
async fn auditors_read_what_the_clinic_reads() {
    let world = World::new().await;
    let auditor = world.person(SystemRole::Auditor).await;
    for table in ["support_tickets", "ticket_messages", "clinic_configs", "memberships", "clinics"] {
        let of_manager = seen(&world.app, &world.manager, table).await.unwrap();
        assert_eq!(seen(&world.app, &auditor, table).await.unwrap(), of_manager, "{table}");
    }
    assert!(seen(&world.app, &auditor, "sessions").await.is_err());
}

#[tokio::test]
async fn nobody_writes_in_the_name_of_another() {
    let world = World::new().await;
    let (clinic, ticket) = (world.clinic, uuid(&world.ticket));
    for (who, other) in [(&world.manager, &world.administrator), (&world.administrator, &world.manager)] {
        let other = other.user_id;
        for statement in [
            format!(
                "insert into support_tickets (id, clinic_id, created_by_user_id, title, description)
                 values (gen_random_uuid(), '{clinic}', '{other}', 'x', 'x')"
            ),
            format!(
                "insert into ticket_messages (id, clinic_id, ticket_id, author_user_id, body, is_internal)
                 values (gen_random_uuid(), '{clinic}', '{ticket}', '{other}', 'x', false)"
            ),
        ] {
            let error = tried(&world.app, who, &statement).await.unwrap_err().to_string();
            assert!(error.contains("row-level security policy \"author\""), "{statement}: {error}");
        }
        for statement in [
            format!("update support_tickets set created_by_user_id = '{other}'"),
            format!("update support_tickets set created_by = '{other}'"),
            "update support_tickets set version = 1".to_owned(),
            format!("update ticket_messages set author_user_id = '{other}'"),
        ] {
            let error = tried(&world.app, who, &statement).await.unwrap_err().to_string();
            assert!(error.starts_with("permission denied for"), "{statement}: {error}");
        }
    }
}

#[tokio::test]
async fn no_row_moves_to_another_clinic_and_none_changes_its_identity() {
    let world = World::new().await;
    for table in
        ["support_tickets", "ticket_messages", "clinic_configs", "clinic_closures", "memberships", "notifications"]
    {
        for who in [&world.manager, &world.administrator] {
            for statement in [
                format!("update {table} set clinic_id = '{}'", Uuid::now_v7()),
                format!("update {table} set id = gen_random_uuid()"),
                format!("update {table} set created_at = now()"),
            ] {
                assert!(tried(&world.app, who, &statement).await.is_err(), "{statement}");
            }
        }
    }
}

#[tokio::test]
async fn the_role_of_a_class_does_not_open_for_somebody_of_another() {
    let world = World::new().await;
    let patient = world.person(SystemRole::Patient).await;
    // As if the server took the patient for staff: same session, same clinic, another role.
    let session = world.app.value(&format!("select id from sessions where user_id = '{}'", patient.user_id)).await;
    let session = session.as_str().unwrap();
    let look = |role: &str, class: &str| {
        format!(
            "select private.check_caller('{session}', '{}', '{}', '{role}', null, '{class}')",
            patient.user_id, world.clinic
        )
    };

    assert!(world.app.as_role("tenant", &look("patient", "patient")).await.is_ok());
    for (role, class) in
        [("clinic_manager", "tenant"), ("patient", "tenant"), ("patient", "auditor"), ("patient", "admin")]
    {
        let refused = world.app.as_role("tenant", &look(role, class)).await.unwrap_err().to_string();
        assert_eq!(refused, "the caller has changed", "{role} {class}");
    }
}

#[tokio::test]
async fn by_the_api_a_patient_finds_no_trace_of_the_clinics_work() {
    let world = World::new().await;
    let manager = world.manager.api_id();
    let administrator = world.administrator.api_id();
    let document = "query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id } providers(first: 5) { nodes { id } } }";
    let ids = json!({ "ids": [manager, administrator, world.ticket, world.message] });
    for role in [SystemRole::Patient, SystemRole::ResearchPartner] {
        let who = world.person(role).await;
        let answer = who.send(document, ids.clone()).await.body;
        assert_eq!(answer["data"]["nodes"], json!([Value::Null, Value::Null, Value::Null, Value::Null]), "{answer}");
        assert_eq!(answer["data"]["providers"]["nodes"], json!([]), "{answer}");
        let own =
            who.ask("{ viewer { user { id email } actingClinic { name hours { dayOfWeek } } } }", json!({})).await;
        assert_eq!(own["viewer"]["user"]["id"], json!(who.api_id()));
        assert_eq!(own["viewer"]["actingClinic"]["name"], json!("Oak"));
    }
}

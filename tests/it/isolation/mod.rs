//! A clinic's rows stay in the clinic: by SQL, whatever a resolver might forget, and by the API, whatever is asked.
//! Tables, foreign keys, root fields and kinds of objects come from the catalogue and the schema, so that a new one
//! without its line here fails.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use async_graphql::parser::{
    parse_schema,
    types::{TypeKind, TypeSystemDefinition},
};
use clinigraph::{
    access::{Sessions, token_hash},
    kernel::{
        Actor, Permission,
        actor::SystemRole,
        db::{self, Access, Scope},
        entity::Def,
        ids,
    },
    pipeline::{Limits, Settings},
};
use diesel::result::QueryResult;
use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};
use futures_util::future::join_all;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{
    Person, TestApp, log, names_of_events, settings,
    sql::{run, told},
};

/// A clinic with a row in every table.
struct Side {
    clinic: String,
    slug: String,
    network: String,
    manager: Person,
    ticket: String,
    message: String,
    note: String,
    /// One object of each further kind, by the prefix of its ids.
    kinds: BTreeMap<&'static str, String>,
}

struct World {
    app: TestApp,
    superuser: AsyncPgConnection,
    administrator: Person,
    oak: Side,
    elm: Side,
}

fn uuid(id: &str) -> Uuid {
    ids::split(id).unwrap().1
}

fn id(prefix: &str, uuid: &str) -> String {
    format!("{prefix}_{}", std::str::from_utf8(&ids::encode(uuid.parse().unwrap())).unwrap())
}

impl World {
    async fn new() -> Self {
        Self::on(Self::app().await).await
    }

    async fn app() -> TestApp {
        // The deepest selections cost more than a client may ask for at once.
        let limits = Limits {
            cost: 10_000_000,
            depth: 30,
            tokens: 100_000,
            selections: 100_000,
            document_bytes: 1_000_000,
            ..Limits::default()
        };
        TestApp::with(Settings { limits, ..settings() }, 4).await
    }

    async fn on(app: TestApp) -> Self {
        let superuser = db::connect(&app.superuser_url).await.unwrap();
        let administrator = app.administrator().await;
        let oak = Self::side(&app, &superuser, &administrator, "Oak").await;
        let elm = Self::side(&app, &superuser, &administrator, "Elm").await;
        Self { app, superuser, administrator, oak, elm }
    }

    async fn side(app: &TestApp, superuser: &AsyncPgConnection, administrator: &Person, name: &str) -> Side {
        let clinic = app.clinic(name).await;
        let manager = clinic.manager().await;
        let network = Uuid::now_v7();
        let lower = name.to_lowercase();
        (&mut &*superuser)
            .batch_execute(&format!(
                "insert into clinic_networks (id, name, slug) values ('{network}', '{name} network', '{lower}-network');
                 update clinics set network_id = '{network}', description = '{name} secret' where id = '{clinic}';
                 update clinic_configs set preferred_pharmacy_name = '{name} secret' where clinic_id = '{clinic}';
                 insert into user_sign_ins (user_id) values ('{manager}');
                 insert into sign_in_attempts (key, expires_at) values (sha256(convert_to('{clinic}', 'utf8')), now());
                 insert into clinic_hours (id, clinic_id, day_of_week, opens_at, closes_at, is_closed)
                 values (gen_random_uuid(), '{clinic}', 1, '09:00', '17:00', false);
                 insert into clinic_closures (id, clinic_id, date, name) values (gen_random_uuid(), '{clinic}', '2027-01-01', '{name} secret');
                 insert into providers (id, clinic_id, first_name, bio, currency) values (gen_random_uuid(), '{clinic}', 'Pat', '{name} secret', 'CAD')",
                clinic = clinic.id,
                manager = manager.user_id
            ))
            .await
            .unwrap();
        let opened = manager
            .send_with(
                "mutation ($input: OpenTicketInput!) { openTicket(input: $input) { ticket { id } } }",
                json!({ "input": { "title": format!("{name} secret"), "description": format!("{name} secret") } }),
                &[("idempotency-key", "first")],
            )
            .await;
        let ticket = opened.body["data"]["openTicket"]["ticket"]["id"].as_str().unwrap().to_owned();
        let message = manager.reply(&ticket, &format!("{name} secret"), false).await;
        let note = administrator.reply(&ticket, &format!("{name} note"), true).await;
        administrator.reply(&ticket, &format!("{name} secret"), false).await;
        let mut kinds = BTreeMap::new();
        for (prefix, table, whose) in [
            ("membership", "memberships", "user_id = $user"),
            ("notification", "notifications", "recipient_user_id = $user"),
            ("clinic_config", "clinic_configs", OF_CLINIC),
            ("clinic_hours", "clinic_hours", OF_CLINIC),
            ("clinic_closure", "clinic_closures", OF_CLINIC),
            ("provider", "providers", OF_CLINIC),
            ("audit_event", "audit_events", OF_CLINIC),
        ] {
            let whose = whose
                .replace("$user", &format!("'{}'", manager.user_id))
                .replace("$clinic", &format!("'{}'", clinic.id));
            let row =
                told(superuser, &format!("select id::text as told from {table} where {whose} limit 1")).await.unwrap();
            kinds.insert(prefix, id(prefix, &row[0]));
        }
        Side {
            clinic: clinic.api_id(),
            slug: clinic.slug.clone(),
            network: id("network", &network.to_string()),
            manager,
            ticket,
            message,
            note,
            kinds,
        }
    }

    /// A scope as the person's next request would have it.
    async fn scope(&self, person: &Person, access: Access) -> Scope {
        let sessions = Sessions::new(self.app.database.clone(), self.app.clock.clone());
        let actor = sessions.actor(token_hash(person.token.as_deref().unwrap())).await.unwrap();
        self.app.database.scope(actor, access, None)
    }

    async fn superuser(&self, query: &str) -> Vec<String> {
        told(&self.superuser, query).await.unwrap()
    }
}

/// What an actor reads in a transaction of its own.
async fn read(scope: Scope, query: &str) -> QueryResult<Vec<String>> {
    let read = told(scope.tx().await.unwrap().conn().unwrap(), query).await;
    Arc::new(scope).finish();
    read
}

/// What an actor changes in a transaction of its own, which is undone.
async fn change(scope: Scope, statement: &str) -> QueryResult<usize> {
    let changed = run(scope.tx().await.unwrap().conn().unwrap(), statement).await;
    scope.roll_back().await;
    changed
}

fn is_denied<T>(result: &QueryResult<T>) -> bool {
    result.as_ref().is_err_and(|error| {
        let told = error.to_string();
        told.starts_with("permission denied for") || told.starts_with("new row violates row-level security policy")
    })
}

// ---- By SQL ----

/// What holds for a table. In the conditions `$clinic` and `$user` stand for who asks, or who is asked about.
struct Table {
    name: &'static str,
    /// Which rows are a clinic's.
    of_clinic: &'static str,
    /// Which rows the clinic's people read; `None` when the table is closed to them.
    tenant: Option<&'static str>,
    /// Which rows an administrator reads.
    admin: Option<&'static str>,
    /// A new row of `$clinic`; `$user` is one of its people, `$stranger` is not.
    insert: &'static str,
}

const ALL: Option<&str> = Some("true");
const OF_CLINIC: &str = "clinic_id = $clinic";
const OF_ITS_PEOPLE: &str = "user_id in (select user_id from memberships where clinic_id = $clinic)";

const TABLES: [Table; 17] = [
    Table {
        name: "audit_events",
        of_clinic: OF_CLINIC,
        tenant: None,
        admin: ALL,
        insert: "(actor_kind, verb, resource_type, clinic_id) values ('tenant', 'view', 'ticket', $clinic)",
    },
    Table {
        name: "clinic_closures",
        of_clinic: OF_CLINIC,
        tenant: Some(OF_CLINIC),
        admin: ALL,
        insert: "(id, clinic_id, date) values (gen_random_uuid(), $clinic, '2027-12-24')",
    },
    Table {
        name: "clinic_configs",
        of_clinic: OF_CLINIC,
        tenant: Some(OF_CLINIC),
        admin: ALL,
        // Each clinic has one from the start.
        insert: "(id, clinic_id) values (gen_random_uuid(), $clinic)
                 on conflict (clinic_id) do update set version = clinic_configs.version",
    },
    Table {
        name: "clinic_hours",
        of_clinic: OF_CLINIC,
        tenant: Some(OF_CLINIC),
        admin: ALL,
        insert: "(id, clinic_id, day_of_week, is_closed) values (gen_random_uuid(), $clinic, 0, true)",
    },
    Table {
        name: "clinic_networks",
        of_clinic: "id = (select network_id from clinics where id = $clinic)",
        tenant: Some("id = (select network_id from clinics where id = $clinic)"),
        admin: ALL,
        insert: "(id, name, slug) values (gen_random_uuid(), 'New', 'new')",
    },
    Table {
        name: "clinics",
        of_clinic: "id = $clinic",
        tenant: Some("id = $clinic"),
        admin: ALL,
        insert: "(id, name, slug, timezone, currency) values (gen_random_uuid(), 'New', 'new', 'UTC', 'CAD')",
    },
    Table {
        name: "idempotency_keys",
        of_clinic: OF_ITS_PEOPLE,
        tenant: Some("user_id = $user"),
        admin: Some("user_id = $user"),
        insert: "(user_id, key, request_hash, expires_at) values ($user, 'new', sha256('new'), now())",
    },
    Table {
        name: "memberships",
        of_clinic: OF_CLINIC,
        tenant: Some(OF_CLINIC),
        admin: ALL,
        insert: "(id, clinic_id, user_id, role) values (gen_random_uuid(), $clinic, $stranger, 'clinic_manager')",
    },
    Table {
        name: "notifications",
        of_clinic: OF_CLINIC,
        tenant: Some("clinic_id = $clinic and recipient_user_id = $user"),
        admin: Some("recipient_user_id = $user"),
        insert: "(id, recipient_user_id, clinic_id, subject_type, subject_id, kind, title, body, dedupe_key, created_at)
                 select gen_random_uuid(), $user, $clinic, 'ticket', $ticket, 'ticket_reply', 'New', 'New', 'new', now()",
    },
    Table {
        name: "outbox_events",
        of_clinic: OF_CLINIC,
        tenant: None,
        admin: None,
        insert: "(clinic_id, audience, topic, subject_id, kind) values ($clinic, 'clinic', 'ticket', gen_random_uuid(), 'opened')",
    },
    Table {
        name: "providers",
        of_clinic: OF_CLINIC,
        tenant: Some(OF_CLINIC),
        admin: ALL,
        insert: "(id, clinic_id, first_name, currency) values (gen_random_uuid(), $clinic, 'New', 'CAD')",
    },
    Table {
        name: "sessions",
        of_clinic: "acting_clinic_id = $clinic",
        tenant: None,
        admin: None,
        insert: "(id, user_id, token_hash, acting_clinic_id, expires_at) values (gen_random_uuid(), $stranger, sha256('new'), $clinic, now())",
    },
    Table {
        name: "sign_in_attempts",
        // Rows are of no clinic; these stand for attempts at its people.
        of_clinic: "key = sha256(convert_to($clinic::text, 'utf8'))",
        tenant: None,
        admin: None,
        insert: "(key, expires_at) values (sha256(gen_random_uuid()::text::bytea), now())",
    },
    Table {
        name: "support_tickets",
        of_clinic: OF_CLINIC,
        tenant: Some(OF_CLINIC),
        admin: ALL,
        insert: "(id, clinic_id, created_by_user_id, title, description) values (gen_random_uuid(), $clinic, $user, 'New', 'New')",
    },
    Table {
        name: "ticket_messages",
        of_clinic: OF_CLINIC,
        tenant: Some("clinic_id = $clinic and not is_internal"),
        admin: ALL,
        insert: "(id, clinic_id, ticket_id, author_user_id, body, is_internal)
                 select gen_random_uuid(), $clinic, $ticket, $user, 'New', false",
    },
    Table {
        name: "user_sign_ins",
        of_clinic: OF_ITS_PEOPLE,
        tenant: None,
        admin: None,
        insert: "(user_id) values ($user) on conflict (user_id) do update set last_login_at = now()",
    },
    Table {
        name: "users",
        of_clinic: "id in (select user_id from memberships where clinic_id = $clinic)",
        tenant: Some(
            "is_platform_admin or id = $user or id in (select user_id from memberships where clinic_id = $clinic)",
        ),
        admin: ALL,
        insert: "(id, email, first_name) values (gen_random_uuid(), 'new@people.example', 'New')",
    },
];

/// Fills in whose a condition or row is.
fn of(text: &str, side: &Side, stranger: &Side) -> String {
    text.replace("$clinic", &format!("'{}'::uuid", uuid(&side.clinic)))
        .replace("$user", &format!("'{}'::uuid", side.manager.user_id))
        .replace("$stranger", &format!("'{}'::uuid", stranger.manager.user_id))
        .replace("$ticket", &format!("'{}'::uuid", uuid(&side.ticket)))
}

/// The expression that tells a table's rows apart.
async fn key(world: &World, table: &str) -> String {
    let query = format!(
        "select format('concat_ws('':'', %s)', string_agg(a.attname, ', ' order by a.attname)) as told
         from pg_constraint k join pg_attribute a on a.attrelid = k.conrelid and a.attnum = any (k.conkey)
         where k.contype = 'p' and k.conrelid = '{table}'::regclass"
    );
    world.superuser(&query).await.remove(0)
}

fn sorted(mut rows: Vec<String>) -> Vec<String> {
    rows.sort_unstable();
    rows
}

#[tokio::test]
async fn every_table_has_its_line_here_and_rows_of_both_clinics() {
    let world = World::new().await;

    let tables = world
        .superuser(
            "select relname::text as told from pg_class
             where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and not relispartition
               and relname <> '__diesel_schema_migrations' order by 1",
        )
        .await;

    assert_eq!(tables, TABLES.map(|table| table.name));
    for table in TABLES {
        for (side, other) in [(&world.oak, &world.elm), (&world.elm, &world.oak)] {
            let rows = format!("select 'row' as told from {} where {}", table.name, of(table.of_clinic, side, other));
            assert!(!world.superuser(&rows).await.is_empty(), "no row of a clinic in {}", table.name);
        }
    }
}

#[tokio::test]
async fn a_clinic_reads_and_counts_its_own_rows_only() {
    let world = World::new().await;

    for (side, other) in [(&world.oak, &world.elm), (&world.elm, &world.oak)] {
        for table in TABLES {
            let rows = format!("select {} as told from {}", key(&world, table.name).await, table.name);
            let seen = read(world.scope(&side.manager, Access::Read).await, &rows).await;
            let Some(theirs) = table.tenant else {
                assert!(is_denied(&seen), "{}: {seen:?}", table.name);
                continue;
            };
            let seen = sorted(seen.unwrap());
            let foreign = world.superuser(&format!("{rows} where {}", of(table.of_clinic, other, side))).await;
            let count = format!("select count(*)::text as told from {}", table.name);
            let counted = read(world.scope(&side.manager, Access::Read).await, &count).await.unwrap();

            assert_eq!(
                seen,
                sorted(world.superuser(&format!("{rows} where {}", of(theirs, side, other))).await),
                "{}",
                table.name
            );
            assert_eq!(counted, [seen.len().to_string()], "{}", table.name);
            assert!(foreign.iter().all(|row| !seen.contains(row)), "{}", table.name);
        }
    }
}

#[tokio::test]
async fn somebody_without_a_clinic_reads_no_clinics_rows() {
    let world = World::new().await;
    let user = world.app.user("Nomad", false).await;
    let nomad = world.app.signed_in(user, None).await;

    for table in TABLES {
        let rows = format!("select {} as told from {}", key(&world, table.name).await, table.name);
        let seen = read(world.scope(&nomad, Access::Read).await, &rows).await;
        // Of people they see themselves and the platform's own.
        let theirs = if table.name == "users" { "is_platform_admin or first_name = 'Nomad'" } else { "false" };

        match table.tenant {
            Some(_) => assert_eq!(
                sorted(seen.unwrap()),
                sorted(world.superuser(&format!("{rows} where {theirs}")).await),
                "{}",
                table.name
            ),
            None => assert!(is_denied(&seen), "{}", table.name),
        }
    }
}

#[tokio::test]
async fn an_administrator_reads_every_clinics_rows_but_no_secrets() {
    let world = World::new().await;

    for table in TABLES {
        let rows = format!("select {} as told from {}", key(&world, table.name).await, table.name);
        let seen = read(world.scope(&world.administrator, Access::Read).await, &rows).await;
        let Some(theirs) = table.admin else {
            assert!(is_denied(&seen), "{}: {seen:?}", table.name);
            continue;
        };
        let theirs = theirs.replace("$user", &format!("'{}'", world.administrator.user_id));

        assert_eq!(
            sorted(seen.unwrap()),
            sorted(world.superuser(&format!("{rows} where {theirs}")).await),
            "{}",
            table.name
        );
    }
    for secret in ["password_hash", "clinic_ids"] {
        let query = format!("select {secret}::text as told from users");
        assert!(is_denied(&read(world.scope(&world.administrator, Access::Read).await, &query).await), "{secret}");
        assert!(is_denied(&read(world.scope(&world.oak.manager, Access::Read).await, &query).await), "{secret}");
    }
}

#[tokio::test]
async fn the_system_reads_every_row() {
    let world = World::new().await;

    for table in TABLES {
        let rows = format!("select {} as told from {}", key(&world, table.name).await, table.name);
        // The look-up before it would write its own audit row if it wrote any.
        let seen = read(world.app.database.scope(Actor::System, Access::Read, None), &rows).await.unwrap();

        assert_eq!(sorted(seen), sorted(world.superuser(&rows).await), "{}", table.name);
    }
}

#[tokio::test]
async fn a_connection_without_a_scope_reads_nothing() {
    let world = World::new().await;
    let bare = db::connect(&world.app.server_url).await.unwrap();

    for table in TABLES {
        let rows = format!("select 'row' as told from {}", table.name);
        assert!(is_denied(&told(&bare, &rows).await), "{}", table.name);
    }
    // Not even with the role that a scope would take, whether the settings are absent or, as after a scope, empty.
    for role in ["clinigraph_tenant", "clinigraph_patient"] {
        for settings in [
            "reset role",
            "begin; select set_config('app.caller', 'somebody', true), set_config('app.request', '00', true); commit",
        ] {
            (&mut &bare).batch_execute(&format!("{settings}; set role {role}")).await.unwrap();
            for table in TABLES {
                let rows = told(&bare, &format!("select 'row' as told from {}", table.name)).await;
                assert!(is_denied(&rows) || rows.as_ref().is_ok_and(Vec::is_empty), "{role} {}: {rows:?}", table.name);
            }
        }
    }
}

#[tokio::test]
async fn a_clinic_cannot_touch_anothers_rows() {
    let world = World::new().await;

    for (side, other) in [(&world.oak, &world.elm), (&world.elm, &world.oak)] {
        for table in TABLES {
            let name = table.name;
            let theirs = of(table.of_clinic, other, side);
            let key = key(&world, name).await;
            let keys = world
                .superuser(&format!("select quote_literal({key}) as told from {name} where {theirs}"))
                .await
                .join(", ");
            let column = world
                .superuser(&format!(
                    "select attname::text as told from pg_attribute
                     where attrelid = '{name}'::regclass and attnum > 0 and not attisdropped order by attnum limit 1"
                ))
                .await
                .remove(0);
            for statement in [
                format!("update {name} set {column} = {column} where {key} in ({keys})"),
                format!("delete from {name} where {key} in ({keys})"),
            ] {
                let touched = change(world.scope(&side.manager, Access::Write).await, &statement).await;
                assert!(is_denied(&touched) || touched == Ok(0), "{statement}: {touched:?}");
            }
            let truncated =
                change(world.scope(&side.manager, Access::Write).await, &format!("truncate {name} cascade")).await;
            assert!(is_denied(&truncated), "{name}");
        }
    }
}

#[tokio::test]
async fn a_clinic_cannot_make_rows_for_another() {
    let world = World::new().await;

    for (side, other) in [(&world.oak, &world.elm), (&world.elm, &world.oak)] {
        for table in TABLES {
            let insert = format!("insert into {} {}", table.name, of(table.insert, other, side));
            // The statement is a good one: the superuser may.
            run(&world.superuser, "begin").await.unwrap();
            assert_eq!(run(&world.superuser, &insert).await, Ok(1), "{insert}");
            run(&world.superuser, "rollback").await.unwrap();

            let made = change(world.scope(&side.manager, Access::Write).await, &insert).await;

            assert!(is_denied(&made), "{insert}: {made:?}");
        }
    }
}

#[tokio::test]
async fn a_clinic_can_make_what_is_its_own() {
    let world = World::new().await;

    let mut made = Vec::new();
    for table in TABLES {
        let insert = format!("insert into {} {}", table.name, of(table.insert, &world.oak, &world.elm));
        if change(world.scope(&world.oak.manager, Access::Write).await, &insert).await == Ok(1) {
            made.push(table.name);
        }
    }

    assert_eq!(
        made,
        ["clinic_closures", "idempotency_keys", "notifications", "outbox_events", "support_tickets", "ticket_messages"]
    );
}

#[tokio::test]
async fn a_clinic_can_neither_give_its_rows_away_nor_make_an_internal_note() {
    let world = World::new().await;
    let columns = world
        .superuser(
            "select a.attrelid::regclass::text as told from pg_attribute a join pg_class c on c.oid = a.attrelid
             where a.attname = 'clinic_id' and c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition",
        )
        .await;

    for table in columns {
        let statement = format!("update {table} set clinic_id = '{}'", uuid(&world.elm.clinic));
        let moved = change(world.scope(&world.oak.manager, Access::Write).await, &statement).await;
        assert!(is_denied(&moved), "{table}: {moved:?}");
    }
    let note = "insert into ticket_messages (id, clinic_id, ticket_id, author_user_id, body, is_internal)
                values (gen_random_uuid(), $clinic, $ticket, $user, 'New', true)";
    assert!(is_denied(
        &change(world.scope(&world.oak.manager, Access::Write).await, &of(note, &world.oak, &world.elm)).await
    ));
}

#[tokio::test]
async fn nobody_changes_or_removes_an_audit_row() {
    let world = World::new().await;

    for statement in ["update audit_events set reason = 'x'", "delete from audit_events", "truncate audit_events"] {
        for actor in [
            world.scope(&world.oak.manager, Access::Write).await,
            world.scope(&world.administrator, Access::Write).await,
            world.app.database.scope(Actor::System, Access::Write, None),
        ] {
            assert!(is_denied(&change(actor, statement).await), "{statement}");
        }
        let by_hand = run(&world.superuser, statement).await.unwrap_err().to_string();
        assert_eq!(by_hand, "audit_events cannot be changed or removed", "{statement}");
    }
}

/// For each foreign key between tables of clinics, a row of `$clinic` that leads to a row of the other.
const POINTERS: [(&str, &str); 2] = [
    (
        "clinic_configs_default_provider_id_fkey",
        "update clinic_configs set default_provider_id = $theirs_provider where clinic_id = $clinic",
    ),
    (
        "ticket_messages_ticket_id_fkey",
        "insert into ticket_messages (id, clinic_id, ticket_id, author_user_id, body, is_internal)
     values (gen_random_uuid(), $clinic, $theirs_ticket, $user, 'New', false)",
    ),
];

#[tokio::test]
async fn no_row_leads_into_another_clinic_whoever_writes_it() {
    let world = World::new().await;
    let keys = world
        .superuser(
            "select k.conname::text as told from pg_constraint k
             where k.contype = 'f' and k.conparentid = 0 and k.confrelid <> 'clinics'::regclass
               and exists (select from pg_attribute a where a.attrelid = k.conrelid and a.attname = 'clinic_id')
               and exists (select from pg_attribute a where a.attrelid = k.confrelid and a.attname = 'clinic_id')
             order by 1",
        )
        .await;

    assert_eq!(keys, POINTERS.map(|pointer| pointer.0));
    for (side, other) in [(&world.oak, &world.elm), (&world.elm, &world.oak)] {
        for (constraint, statement) in POINTERS {
            let statement = statement
                .replace("$theirs_ticket", &format!("'{}'", uuid(&other.ticket)))
                .replace("$theirs_provider", &format!("'{}'", uuid(&other.kinds["provider"])));
            let statement = of(&statement, side, other);
            let refused = format!("violates foreign key constraint \"{constraint}\"");
            for actor in [
                world.scope(&side.manager, Access::Write).await,
                world.scope(&world.administrator, Access::Write).await,
                world.app.database.scope(Actor::System, Access::Write, None),
            ] {
                let error = change(actor, &statement).await.unwrap_err().to_string();
                assert!(error.ends_with(&refused), "{error}");
            }
            assert!(run(&world.superuser, &statement).await.unwrap_err().to_string().ends_with(&refused));
        }
    }
}

// ---- By the statements that are sent ----

/// The object types of the schema: their fields that need no argument, each with its type.
fn object_types() -> BTreeMap<String, Vec<(String, String)>> {
    let mut types = BTreeMap::new();
    for definition in parse_schema(clinigraph::graphql::sdl()).unwrap().definitions {
        let TypeSystemDefinition::Type(definition) = definition else { continue };
        let TypeKind::Object(object) = definition.node.kind else { continue };
        let fields = object.fields.into_iter().map(|field| field.node);
        let fields = fields.filter(|field| field.arguments.iter().all(|argument| argument.node.ty.node.nullable));
        let named = |ty: String| ty.replace(['[', ']', '!'], "");
        let fields = fields.map(|field| (field.name.node.to_string(), named(field.ty.node.to_string())));
        types.insert(definition.node.name.node.to_string(), fields.collect());
    }
    types
}

/// All that can be selected of a type, so many objects deep.
fn everything(types: &BTreeMap<String, Vec<(String, String)>>, of: &str, depth: usize) -> String {
    let mut selected = Vec::new();
    for (name, ty) in &types[of] {
        match types.contains_key(ty) {
            _ if ty == "Node" => selected.push(format!("{name} {{ id }}")),
            false => selected.push(name.clone()),
            true if depth > 0 => selected.push(format!("{name} {}", everything(types, ty, depth - 1))),
            true => {}
        }
    }
    format!("{{ __typename {} }}", selected.join(" "))
}

/// The statements that the app's connections of one role have executed so far, by the log of Postgres.
async fn executed_as(app: &TestApp, role: &str) -> Vec<String> {
    let connections = app
        .rows(
            "select pid from pg_stat_activity
             where datname = current_database() and application_name = 'clinigraph' and pid <> pg_backend_pid()",
        )
        .await;
    let mine: Vec<String> = connections.iter().map(|row| format!("[{}] ", row["pid"])).collect();
    let text = log().await;
    let mut statements: BTreeMap<&String, Vec<String>> = BTreeMap::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let mut statement = line.to_owned();
        while let Some(more) = lines.next_if(|line| line.starts_with('\t')) {
            statement.push_str(more);
        }
        let Some(pid) = mine.iter().find(|pid| line.contains(pid.as_str())) else { continue };
        if statement.contains(" execute ") || statement.contains(" statement: ") {
            statements.entry(pid).or_default().push(statement);
        }
    }
    // Each pool has connections of its own, and they always take its role.
    let takes = format!("set local role {role}");
    statements.into_values().filter(|all| all.iter().any(|one| one.contains(&takes))).flatten().collect()
}

#[tokio::test]
async fn every_statement_for_somebody_of_a_clinic_names_the_clinic() {
    let app = World::app().await;
    app.execute("do $$ begin execute format('alter database %I set log_min_duration_statement = 0', current_database()); end $$")
        .await;
    let world = World::on(app).await;
    let manager = &world.oak.manager;
    let types = object_types();
    for def in of_clinics() {
        let selection = everything(&types, def.type_name, 4);
        let document = format!("query ($id: ID!) {{ node(id: $id) {{ ... on {} {selection} }} }}", def.type_name);
        let answer = manager.send(&document, json!({ "id": id_of(&world.oak, def.prefix) })).await;
        assert!(answer.body["data"]["node"].is_object(), "{document}: {}", answer.body);
    }
    for case in CASES.iter().filter(|case| !["Mutation.signOut", "Mutation.signIn"].contains(&case.field)) {
        manager.send(case.document, variables(&world.oak)).await;
    }
    let spread = "select relname::text as told from pg_class join private.places on relname = table_name
                  where place = 'clinic' and has_any_column_privilege('clinigraph_tenant', oid, 'select')";
    let spread = world.superuser(spread).await;

    let mut unseen: BTreeSet<&String> = spread.iter().collect();
    let mut unnamed = BTreeSet::new();
    for statement in executed_as(&world.app, "clinigraph_tenant").await {
        let words: Vec<&str> = statement.split([' ', '(', ')', ',', ';']).filter(|word| !word.is_empty()).collect();
        let is_read = |word: &str| ["from", "join", "update"].contains(&word.to_lowercase().as_str());
        let tables = words.windows(2).filter(|pair| is_read(pair[0])).map(|pair| pair[1].trim_matches('"'));
        let tables: Vec<&String> = tables.filter_map(|name| spread.iter().find(|table| *table == name)).collect();
        let is_clinic = |word: &str| ["clinic_id", "\"clinic_id\""].contains(&word.rsplit('.').next().unwrap());
        // One clinic, or a list of it and the nil UUID of the platform's rows.
        let is_value = |word: &str| word.starts_with('$') || word == "ANY";
        let names = words
            .windows(3)
            .filter(|three| is_clinic(three[0]) && ["=", "IN"].contains(&three[1]) && is_value(three[2]));
        if names.count() < tables.len() {
            unnamed.insert(statement.clone());
        }
        unseen.retain(|table| !tables.contains(table));
    }

    assert_eq!(unnamed, BTreeSet::new());
    assert_eq!(unseen, BTreeSet::new(), "statements of every table were seen");
}

// ---- By the API ----

/// A root field, asked with ids of another clinic, and the code (or `-`) that comes back to: nobody; the stranger
/// clinic's manager; a patient of the clinic itself, who may do next to nothing; its auditor, who may only look.
struct Case {
    field: &'static str,
    document: &'static str,
    codes: [&'static str; 4],
}

const OPEN: [&str; 4] = ["UNAUTHENTICATED", "-", "-", "-"];
const READS_TICKETS: [&str; 4] = ["UNAUTHENTICATED", "-", "FORBIDDEN", "-"];
const MANAGES: [&str; 4] = ["UNAUTHENTICATED", "FORBIDDEN", "FORBIDDEN", "FORBIDDEN"];
const NOT_THEIRS: [&str; 4] = ["UNAUTHENTICATED", "NOT_FOUND", "NOT_FOUND", "NOT_FOUND"];
const WRITES: [&str; 4] = ["UNAUTHENTICATED", "NOT_FOUND", "FORBIDDEN", "FORBIDDEN"];

const CASES: &[Case] = &[
    Case {
        field: "Query.server",
        document: "{ server { version limits { cost } errorCodes { code description family retry } } }",
        codes: ["-", "-", "-", "-"],
    },
    Case {
        field: "Query.viewer",
        document: "{ viewer { user { id email } actingClinic { id name } role permissions memberships { clinic { id } } } }",
        codes: ["-", "-", "-", "-"],
    },
    Case {
        field: "Query.clinic",
        document: "query ($clinic: ID!) { clinic(id: $clinic) { id name description network { id } tickets { totalCount nodes { id } } } }",
        codes: ["UNAUTHENTICATED", "-", "FORBIDDEN", "-"],
    },
    Case {
        field: "Query.clinic",
        document: "query ($slug: String!) { clinic(slug: $slug) { id name description } }",
        codes: OPEN,
    },
    Case {
        field: "Query.clinics",
        document: "query ($network: ID!) { all: clinics { totalCount nodes { id } } clinics(filter: { networkId: $network }) { totalCount edges { cursor node { id description } } pageInfo { startCursor endCursor } } }",
        codes: OPEN,
    },
    Case {
        field: "Query.node",
        document: "query ($ticket: ID!) { node(id: $ticket) { id ... on Ticket { title } } }",
        codes: READS_TICKETS,
    },
    Case {
        field: "Query.nodes",
        document: "query ($any: [ID!]!) { nodes(ids: $any) { id __typename } }",
        codes: ["UNAUTHENTICATED", "-", "FORBIDDEN", "-"],
    },
    Case {
        field: "Query.ticket",
        document: "query ($ticket: ID!) { ticket(id: $ticket) { id title messages { nodes { body } } } }",
        codes: READS_TICKETS,
    },
    Case {
        field: "Query.tickets",
        document: "query ($clinic: ID!) { all: tickets { totalCount nodes { id title } } tickets(filter: { clinicId: $clinic, text: \"secret\" }) { totalCount nodes { id title } pageInfo { startCursor endCursor } } }",
        codes: READS_TICKETS,
    },
    Case {
        field: "Query.ticketCounts",
        document: "query ($clinic: ID!) { all: ticketCounts { total byStatus { status count } byDay { day count } } ticketCounts(filter: { clinicId: $clinic }) { total } }",
        codes: READS_TICKETS,
    },
    Case {
        field: "Query.notifications",
        document: "{ notifications { totalCount nodes { id title body clinic { name } } } }",
        codes: OPEN,
    },
    Case {
        field: "Query.auditEvents",
        document: "query ($clinic: ID!) { auditEvents(filter: { clinicId: $clinic }) { totalCount nodes { id changes { field } } } }",
        codes: ["UNAUTHENTICATED", "FORBIDDEN", "FORBIDDEN", "FORBIDDEN"],
    },
    Case {
        field: "Query.provider",
        document: "query ($provider: ID!) { provider(id: $provider) { id bio clinic { name } } }",
        codes: OPEN,
    },
    Case {
        field: "Query.providers",
        document: "{ providers { totalCount nodes { id bio clinic { name config { care { preferredPharmacyName } } hours { opensAt } closures { nodes { name } } } } } }",
        codes: OPEN,
    },
    Case {
        field: "Mutation.archiveNotification",
        document: "mutation ($notification: ID!) { archiveNotification(input: { notificationId: $notification }) { notification { id title } } }",
        codes: NOT_THEIRS,
    },
    Case {
        field: "Mutation.markNotificationRead",
        document: "mutation ($notification: ID!) { markNotificationRead(input: { notificationId: $notification }) { notification { id title } } }",
        codes: NOT_THEIRS,
    },
    Case {
        field: "Mutation.markAllNotificationsRead",
        document: "mutation { markAllNotificationsRead { count } }",
        codes: OPEN,
    },
    Case {
        field: "Mutation.assignTicket",
        document: "mutation ($ticket: ID!, $user: ID!) { assignTicket(input: { ticketId: $ticket, assigneeId: $user }) { ticket { id title } } }",
        codes: MANAGES,
    },
    Case {
        field: "Mutation.unassignTicket",
        document: "mutation ($ticket: ID!) { unassignTicket(input: { ticketId: $ticket }) { ticket { id title } } }",
        codes: MANAGES,
    },
    Case {
        field: "Mutation.changeTicketPriority",
        document: "mutation ($ticket: ID!) { changeTicketPriority(input: { ticketId: $ticket, priority: LOW }) { ticket { id title } } }",
        codes: MANAGES,
    },
    Case {
        field: "Mutation.changeTicketStatus",
        document: "mutation ($ticket: ID!) { changeTicketStatus(input: { ticketId: $ticket, status: CLOSED }) { ticket { id title } } }",
        codes: WRITES,
    },
    Case {
        field: "Mutation.changeTicketStatus",
        document: "mutation ($ticket: ID!) { changeTicketStatus(input: { ticketId: $ticket, status: IN_PROGRESS }) { ticket { id title } } }",
        codes: MANAGES,
    },
    Case {
        field: "Mutation.openTicket",
        document: "mutation ($clinic: ID!) { openTicket(input: { clinicId: $clinic, title: \"x\", description: \"x\" }) { ticket { id clinic { name } } } }",
        codes: WRITES,
    },
    Case {
        field: "Mutation.replyToTicket",
        document: "mutation ($ticket: ID!) { replyToTicket(input: { ticketId: $ticket, body: \"x\" }) { message { id ticket { title } } } }",
        codes: WRITES,
    },
    Case {
        field: "Mutation.signIn",
        document: "mutation { signIn(input: { email: \"nobody@people.example\", password: \"x\" }) { token } }",
        codes: ["INVALID_CREDENTIALS"; 4],
    },
    Case {
        field: "Mutation.updateClinicConfig",
        document: "mutation ($clinic: ID!) { updateClinicConfig(input: { clinicId: $clinic, booking: { bufferMinutes: 10 } }) { clinicConfig { id } } }",
        codes: WRITES,
    },
    Case {
        field: "Mutation.addClinicClosure",
        document: "mutation ($clinic: ID!) { addClinicClosure(input: { clinicId: $clinic, date: \"2026-09-07\" }) { clinicClosure { id } } }",
        codes: WRITES,
    },
    Case {
        field: "Mutation.changeClinicClosure",
        document: "mutation ($clinic_closure: ID!) { changeClinicClosure(input: { clinicClosureId: $clinic_closure, name: \"x\" }) { clinicClosure { id } } }",
        codes: WRITES,
    },
    Case {
        field: "Mutation.removeClinicClosure",
        document: "mutation ($clinic_closure: ID!) { removeClinicClosure(input: { clinicClosureId: $clinic_closure }) { clinic { name } } }",
        codes: WRITES,
    },
    Case { field: "Mutation.signOut", document: "mutation { signOut { signedOut } }", codes: OPEN },
    Case {
        field: "Mutation.switchClinic",
        document: "mutation ($clinic: ID!) { switchClinic(input: { clinicId: $clinic }) { viewer { actingClinic { id name } } } }",
        codes: ["UNAUTHENTICATED", "NOT_FOUND", "-", "-"],
    },
];

/// The ids of a side, by the prefix of their kind.
fn id_of(side: &Side, prefix: &str) -> String {
    match prefix {
        "clinic" => side.clinic.clone(),
        "network" => side.network.clone(),
        "user" => side.manager.api_id(),
        "ticket" => side.ticket.clone(),
        "ticket_message" => side.message.clone(),
        other => side.kinds.get(other).unwrap_or_else(|| panic!("the test has no {other} of a clinic")).clone(),
    }
}

/// The entities that a clinic's people may see; the trail is for administrators, whatever the id.
fn of_clinics() -> impl Iterator<Item = &'static Def> {
    clinigraph::graphql::entities().into_iter().filter(|def| def.read != Some(Permission::AuditRead))
}

fn any_ids(side: &Side) -> Vec<String> {
    of_clinics().map(|def| id_of(side, def.prefix)).chain([side.note.clone()]).collect()
}

fn variables(side: &Side) -> Value {
    json!({ "clinic": side.clinic, "slug": side.slug, "network": side.network, "ticket": side.ticket, "notification": side.kinds["notification"], "provider": side.kinds["provider"], "user": side.manager.api_id(), "clinic_closure": side.kinds["clinic_closure"], "any": any_ids(side) })
}

/// That nothing of a side stands in an answer.
fn tells_nothing_of(side: &Side, name: &str, answer: &Value) {
    let told = answer.to_string();
    for id in any_ids(side) {
        let letters = id.rsplit_once('_').unwrap().1.to_owned();
        assert!(!told.contains(&letters) && !told.contains(&uuid(&id).to_string()), "{told}");
    }
    for word in [side.slug.clone(), format!("{name} secret"), format!("{name} note"), format!("{name} network")] {
        assert!(!told.contains(&word), "{told}");
    }
}

#[test]
fn every_root_field_has_its_case_here() {
    let mut fields = BTreeSet::new();
    for definition in parse_schema(clinigraph::graphql::sdl()).unwrap().definitions {
        let TypeSystemDefinition::Type(definition) = definition else { continue };
        let name = definition.node.name.node;
        if let (true, TypeKind::Object(object)) = (["Query", "Mutation"].contains(&name.as_str()), definition.node.kind)
        {
            fields.extend(object.fields.iter().map(|field| format!("{name}.{}", field.node.name.node)));
        }
    }

    assert_eq!(fields, CASES.iter().map(|case| case.field.to_owned()).collect());
}

#[tokio::test]
async fn whoever_may_not_gets_the_documented_code_and_nothing_of_the_clinic() {
    let world = World::new().await;
    let oak = world.app.existing(uuid(&world.oak.clinic), &world.oak.slug);
    let elm = world.app.existing(uuid(&world.elm.clinic), &world.elm.slug);
    let state = "select md5(string_agg(row, '' order by row)) as told
                 from (select t::text as row from support_tickets t union all select t::text from ticket_messages t
                       union all select t::text from notifications t union all select t::text from clinics t union all select t::text from clinic_networks t) as rows";
    let before = world.superuser(state).await;

    for case in CASES {
        let people = [
            world.app.nobody(),
            elm.manager().await,
            oak.person(SystemRole::Patient).await,
            oak.person(SystemRole::Auditor).await,
        ];
        for (place, (person, code)) in people.iter().zip(case.codes).enumerate() {
            let answer = person.send(case.document, variables(&world.oak)).await;
            assert_eq!(answer.code().as_deref().unwrap_or("-"), code, "{} {place}: {}", case.document, answer.body);
            if place < 2 {
                tells_nothing_of(&world.oak, "Oak", &answer.body);
            }
        }
    }

    assert_eq!(world.superuser(state).await, before);
}

#[tokio::test]
async fn an_object_of_another_clinic_is_null_by_its_id() {
    let world = World::new().await;

    for (side, other, name) in [(&world.oak, &world.elm, "Elm"), (&world.elm, &world.oak, "Oak")] {
        for def in of_clinics() {
            let document = "query ($id: ID!) { node(id: $id) { id __typename } }";
            let theirs = side.manager.send(document, json!({ "id": id_of(other, def.prefix) })).await;
            let own = side.manager.ask(document, json!({ "id": id_of(side, def.prefix) })).await;

            assert_eq!(theirs.body["data"], json!({ "node": null }), "{}", def.type_name);
            assert_eq!(theirs.code(), None, "{}", def.type_name);
            tells_nothing_of(other, name, &theirs.body);
            assert_eq!(own["node"]["__typename"], def.type_name);
        }
    }
}

#[tokio::test]
async fn every_edge_from_ones_own_objects_stays_in_the_clinic() {
    let world = World::new().await;
    let document = "query ($any: [ID!]!) { nodes(ids: $any) { __typename
        ... on Clinic { network { name } memberships { totalCount nodes { user { email } invitedBy { email } } }
                        tickets { totalCount nodes { id } } }
        ... on Membership { clinic { name } user { email } invitedBy { email } }
        ... on Ticket { title clinic { name } createdBy { email } assignee { email } messages { totalCount nodes { body author { email } } } }
        ... on Notification { title body clinic { name } }
        ... on TicketMessage { body author { email } ticket { id clinic { name } } } } }";

    let answer = world.oak.manager.send(document, json!({ "any": any_ids(&world.oak) })).await;

    tells_nothing_of(&world.elm, "Elm", &answer.body);
    assert_eq!(answer.code(), None);
    assert_eq!(answer.body["data"]["nodes"][1]["tickets"]["totalCount"], 1);
}

/// A subscription, asked with ids of another clinic, from the first event on; the codes as of a [`Case`], where `-`
/// is a stream.
const SUBSCRIPTIONS: [(&str, &str, [&str; 4]); 5] = [
    (
        "clinicActivity",
        "subscription ($clinic: ID!, $after: String!) { clinicActivity(clinicId: $clinic, after: $after) { cursor kind subject { id } } }",
        OPEN,
    ),
    (
        "notificationReceived",
        "subscription ($after: String!) { notificationReceived(after: $after) { cursor notification { id title } } }",
        OPEN,
    ),
    (
        "ticketEvents",
        "subscription ($ticket: ID!, $after: String!) { ticketEvents(ticketId: $ticket, after: $after) { cursor ticket { id title } } }",
        READS_TICKETS,
    ),
    (
        "ticketMessageAdded",
        "subscription ($ticket: ID!, $after: String!) { ticketMessageAdded(ticketId: $ticket, after: $after) { cursor message { id body } } }",
        READS_TICKETS,
    ),
    (
        "unreadNotificationCountChanged",
        "subscription ($after: String!) { unreadNotificationCountChanged(after: $after) { cursor count } }",
        OPEN,
    ),
];

/// What a person hears on a subscription until something is heard, or for a moment when nothing is waited for.
async fn hear(app: &TestApp, person: &Person, document: &str, side: &Side, until: Option<&str>) -> String {
    let mut variables = variables(side);
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

#[test]
fn every_subscription_has_its_case_here() {
    let sdl = clinigraph::graphql::sdl();
    let mut fields = Vec::new();
    for definition in parse_schema(&sdl).unwrap().definitions {
        let TypeSystemDefinition::Type(definition) = definition else { continue };
        if let ("Subscription", TypeKind::Object(object)) = (definition.node.name.node.as_str(), definition.node.kind) {
            fields.extend(object.fields.into_iter().map(|field| field.node.name.node.to_string()));
        }
    }

    assert_eq!(fields, SUBSCRIPTIONS.map(|one| one.0));
}

#[tokio::test]
async fn nobody_hears_of_another_clinic_and_the_weak_hear_nothing() {
    let world = World::new().await;
    let oak = world.app.existing(uuid(&world.oak.clinic), &world.oak.slug);
    let (patient, auditor) = (oak.person(SystemRole::Patient).await, oak.person(SystemRole::Auditor).await);
    let people = [&world.app.nobody(), &world.elm.manager, &patient, &auditor];

    let (world, people) = (&world, &people);
    join_all(SUBSCRIPTIONS.iter().map(|(_, document, codes)| async move {
        // Their own people hear it, but of no internal note.
        let own = hear(&world.app, &world.oak.manager, document, &world.oak, Some("cursor")).await;
        assert!(own.contains("cursor"), "{document}: {own}");
        assert!(!own.contains("Oak note") && !own.contains(world.oak.note.rsplit_once('_').unwrap().1), "{own}");
        join_all(people.iter().zip(codes).enumerate().map(|(place, (person, code))| async move {
            let until = (*code != "-").then_some("\"code\"");
            let heard = hear(&world.app, person, document, &world.oak, until).await;
            assert_eq!(heard.contains(&format!("\"code\":\"{code}\"")), until.is_some(), "{document} {place}: {heard}");
            assert_eq!(heard.contains("\"errors\""), until.is_some(), "{document} {place}: {heard}");
            if place < 2 {
                tells_nothing_of(&world.oak, "Oak", &json!(heard));
                // An event whose object is hidden would still tell that there was one.
                assert!(!heard.contains("null"), "{document} {place}: {heard}");
            }
        }))
        .await;
    }))
    .await;
}

#[tokio::test]
async fn a_kept_answer_of_one_clinic_is_not_given_in_another() {
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

// ---- Internal notes ----

const MESSAGES: &str =
    "query ($ticket: ID!, $first: Int, $after: String, $last: Int, $before: String) { ticket(id: $ticket) {
    updatedAt version firstRespondedAt
    messages(first: $first, after: $after, last: $last, before: $before) {
        totalCount edges { cursor node { id body isInternal } } nodes { body }
        pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } }";

fn bodies(page: &Value) -> Vec<&str> {
    page["nodes"].as_array().unwrap().iter().map(|node| node["body"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_manager_never_sees_an_internal_note() {
    let app = TestApp::new().await;
    let manager = app.clinic("Oak").await.manager().await;
    let administrator = app.administrator().await;
    let ticket = manager.open_ticket("Printer").await;
    let mut notes = Vec::new();
    for place in 0..3 {
        notes.push(administrator.reply(&ticket, "A note.", true).await);
        manager.reply(&ticket, &format!("Word {place}."), false).await;
    }
    notes.push(administrator.reply(&ticket, "A note.", true).await);
    let ask = async |window: Value| {
        let mut variables = window;
        variables["ticket"] = json!(ticket);
        manager.ask(MESSAGES, variables).await["ticket"]["messages"].clone()
    };

    let (all, one, rest) = (ask(json!({})).await, ask(json!({ "first": 1 })).await, ask(json!({ "first": 3 })).await);
    let after = ask(json!({ "first": 1, "after": one["pageInfo"]["endCursor"] })).await;
    let oldest = ask(json!({ "last": 1 })).await;
    let before = ask(json!({ "last": 2, "before": oldest["pageInfo"]["startCursor"] })).await;

    assert_eq!(bodies(&all), ["Word 2.", "Word 1.", "Word 0."]);
    for page in [&all, &one, &rest, &after, &oldest, &before] {
        assert_eq!(page["totalCount"], 3);
        assert!(!page.to_string().contains("A note."), "{page}");
        assert!(page["edges"].as_array().unwrap().iter().all(|edge| edge["node"]["isInternal"] == false));
    }
    assert_eq!((bodies(&one), &one["pageInfo"]["hasNextPage"]), (vec!["Word 2."], &json!(true)));
    assert_eq!(
        (bodies(&rest), &rest["pageInfo"]["hasNextPage"]),
        (vec!["Word 2.", "Word 1.", "Word 0."], &json!(false))
    );
    assert_eq!(bodies(&after), ["Word 1."]);
    assert_eq!((bodies(&oldest), &oldest["pageInfo"]["hasPreviousPage"]), (vec!["Word 0."], &json!(true)));
    assert_eq!((bodies(&before), &before["pageInfo"]["hasPreviousPage"]), (vec!["Word 2.", "Word 1."], &json!(false)));
    let by_id = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }";
    assert_eq!(manager.ask(by_id, json!({ "ids": notes })).await, json!({ "nodes": [null, null, null, null] }));
    assert_eq!(administrator.ask(MESSAGES, json!({ "ticket": ticket })).await["ticket"]["messages"]["totalCount"], 7);
}

#[tokio::test]
async fn an_internal_note_does_not_show_on_its_ticket() {
    let app = TestApp::new().await;
    let manager = app.clinic("Oak").await.manager().await;
    let administrator = app.administrator().await;
    let (older, newer) = (manager.open_ticket("Printer").await, manager.open_ticket("Telephone").await);
    let document = "{ tickets(order: { field: UPDATED_AT, direction: DESC }) { totalCount edges { cursor }
        nodes { id status updatedAt version firstRespondedAt messages { totalCount pageInfo { startCursor endCursor hasNextPage } } } } }";
    let before = manager.ask(document, json!({})).await;

    let note = administrator.reply(&older, "A note.", true).await;

    assert_eq!(manager.ask(document, json!({})).await, before);
    assert_eq!(before["tickets"]["nodes"][0]["id"], json!(newer));
    assert_eq!(
        manager.ask("query ($id: ID!) { node(id: $id) { id } }", json!({ "id": note })).await,
        json!({ "node": null })
    );
    let superuser = db::connect(&app.superuser_url).await.unwrap();
    let heard = format!("select audience as told from outbox_events where subject_id = '{}'", uuid(&note));
    assert_eq!(told(&superuser, &heard).await.unwrap(), ["platform"]);
}

#[tokio::test]
async fn a_clinic_sees_administrators_by_their_names_only() {
    let app = TestApp::new().await;
    let manager = app.clinic("Oak").await.manager().await;
    let administrator = app.administrator().await;
    let ticket = manager.open_ticket("Printer").await;
    administrator.reply(&ticket, "Hello.", false).await;
    let assign = "mutation ($ticket: ID!, $user: ID!) { assignTicket(input: { ticketId: $ticket, assigneeId: $user }) { ticket { assignee { email } } } }";
    let assigned = administrator.ask(assign, json!({ "ticket": ticket, "user": administrator.api_id() })).await;

    let document = "query ($ticket: ID!, $user: ID!) {
        ticket(id: $ticket) { assignee { displayName email phone } messages { nodes { author { email phone } } } }
        node(id: $user) { ... on User { displayName email } } }";
    let seen = manager.send(document, json!({ "ticket": ticket, "user": administrator.api_id() })).await;

    assert!(assigned["assignTicket"]["ticket"]["assignee"]["email"].is_string());
    assert_eq!(
        seen.body["data"]["ticket"]["assignee"],
        json!({ "displayName": "Ada Tester", "email": null, "phone": null })
    );
    assert!(!seen.body.to_string().contains("@people.example"), "{}", seen.body);
}

//! What a clinic reads and writes by SQL, whatever a resolver might forget: the policies alone keep rows in their clinic.

use clinigraph::kernel::{
    Actor,
    db::{self, Access, Class},
};
use diesel_async::SimpleAsyncConnection;

use super::world::{World, change, is_denied, read};
use crate::{
    cases::{assert_complete, tables},
    harness::sql::{run, texts},
};

/// The expression that tells a table's rows apart.
async fn key(world: &World, table: &str) -> String {
    let query = format!(
        "select format('concat_ws('':'', %s)', string_agg(a.attname, ', ' order by a.attname)) as value
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
async fn every_table_has_a_case_and_rows_of_both_clinics() {
    let world = World::new().await;

    let there = world
        .superuser(
            "select relname::text as value from pg_class
             where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and not relispartition
               and relname <> '__diesel_schema_migrations' order by 1",
        )
        .await;

    assert_complete("table", "tables", there, tables().iter().map(|table| table.name.to_owned()));
    for table in tables() {
        for (side, other) in world.sides() {
            let rows = format!("select 'row' as value from {} where {}", table.name, side.bind(table.of_clinic, other));
            assert!(
                !world.superuser(&rows).await.is_empty(),
                "no row of a clinic in {}: let `fill` in tests/it/<module>/cases.rs insert one",
                table.name
            );
        }
    }
}

#[tokio::test]
async fn a_clinic_reads_and_counts_its_own_rows_only() {
    let world = World::new().await;

    for (side, other) in world.sides() {
        for table in tables() {
            let rows = format!("select {} as value from {}", key(&world, table.name).await, table.name);
            let seen = read(world.scope(&side.manager, Access::Read).await, &rows).await;
            let Some(theirs) = table.tenant else {
                assert!(is_denied(&seen), "{}: {seen:?}", table.name);
                continue;
            };
            let seen = sorted(seen.unwrap());
            let foreign = world.superuser(&format!("{rows} where {}", other.bind(table.of_clinic, side))).await;
            let count = format!("select count(*)::text as value from {}", table.name);
            let counted = read(world.scope(&side.manager, Access::Read).await, &count).await.unwrap();

            assert_eq!(
                seen,
                sorted(world.superuser(&format!("{rows} where {}", side.bind(theirs, other))).await),
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

    for table in tables() {
        let rows = format!("select {} as value from {}", key(&world, table.name).await, table.name);
        let seen = read(world.scope(&nomad, Access::Read).await, &rows).await;
        // Of people they see themselves.
        let theirs = if table.name == "users" { "first_name = 'Nomad'" } else { "false" };

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

    for table in tables() {
        let rows = format!("select {} as value from {}", key(&world, table.name).await, table.name);
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
        let query = format!("select {secret}::text as value from users");
        assert!(is_denied(&read(world.scope(&world.administrator, Access::Read).await, &query).await), "{secret}");
        assert!(is_denied(&read(world.scope(&world.oak.manager, Access::Read).await, &query).await), "{secret}");
    }
}

#[tokio::test]
async fn the_system_reads_every_row() {
    let world = World::new().await;

    for table in tables() {
        let rows = format!("select {} as value from {}", key(&world, table.name).await, table.name);
        // The look-up before it would write its own audit row if it wrote any.
        let seen = read(world.app.database.scope(Actor::System, Access::Read, None), &rows).await.unwrap();

        assert_eq!(sorted(seen), sorted(world.superuser(&rows).await), "{}", table.name);
    }
}

#[tokio::test]
async fn a_connection_without_a_scope_reads_nothing() {
    let world = World::new().await;
    for class in [Class::Tenant, Class::Auditor, Class::Patient, Class::Partner] {
        let bare = db::connect(world.app.logins.url(class)).await.unwrap();
        for table in tables() {
            let rows = format!("select 'row' as value from {}", table.name);
            assert!(is_denied(&texts(&bare, &rows).await), "{}", table.name);
        }
        // Not even with the role that a scope would take, whether the settings are absent or, as after a scope, empty.
        let role = class.role();
        for settings in [
            "reset role",
            "begin; select set_config('app.caller', 'somebody', true), set_config('app.request', '00', true); commit",
        ] {
            (&mut &bare).batch_execute(&format!("{settings}; set role {role}")).await.unwrap();
            for table in tables() {
                let rows = texts(&bare, &format!("select 'row' as value from {}", table.name)).await;
                assert!(is_denied(&rows) || rows.as_ref().is_ok_and(Vec::is_empty), "{role} {}: {rows:?}", table.name);
            }
        }
    }
}

#[tokio::test]
async fn a_clinic_cannot_touch_anothers_rows() {
    let world = World::new().await;

    for (side, other) in world.sides() {
        for table in tables() {
            let name = table.name;
            let theirs = other.bind(table.of_clinic, side);
            let key = key(&world, name).await;
            let keys = world
                .superuser(&format!("select quote_literal({key}) as value from {name} where {theirs}"))
                .await
                .join(", ");
            let column = world
                .superuser(&format!(
                    "select attname::text as value from pg_attribute
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

    for (side, other) in world.sides() {
        for table in tables() {
            let insert = format!("insert into {} {}", table.name, other.bind(table.insert, side));
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
    for table in tables() {
        let insert = format!("insert into {} {}", table.name, world.oak.bind(table.insert, &world.elm));
        if change(world.scope(&world.oak.manager, Access::Write).await, &insert).await == Ok(1) {
            made.push(table.name);
        }
    }

    let granted = |grants: &str| grants.split(", ").any(|grant| grant.starts_with("tenant ") && grant.contains('i'));
    let grants: Vec<_> = tables().iter().filter(|table| granted(table.grants)).map(|table| table.name).collect();
    assert_eq!(made, grants);
}

#[tokio::test]
async fn a_clinic_can_neither_give_its_rows_away_nor_make_an_internal_note() {
    let world = World::new().await;
    let columns = world
        .superuser(
            "select a.attrelid::regclass::text as value from pg_attribute a join pg_class c on c.oid = a.attrelid
             where a.attname = 'clinic_id' and c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition",
        )
        .await;

    for table in columns {
        let statement = format!("update {table} set clinic_id = '{}'", world.elm.clinic);
        let moved = change(world.scope(&world.oak.manager, Access::Write).await, &statement).await;
        assert!(is_denied(&moved), "{table}: {moved:?}");
    }
    let note = "insert into ticket_messages (id, clinic_id, ticket_id, author_user_id, body, is_internal)
                values (gen_random_uuid(), $clinic, $ticket, $user, 'New', true)";
    assert!(is_denied(
        &change(world.scope(&world.oak.manager, Access::Write).await, &world.oak.bind(note, &world.elm)).await
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

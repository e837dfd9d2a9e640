//! The statements that are really sent for somebody of a clinic: each names the clinic, so that it can be sent to where
//! the clinic's rows are.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::{
    selection::Types,
    world::{World, of_clinics},
};
use crate::{
    cases::all_rights,
    harness::{TestApp, log},
};

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
        let Some(pid) = mine.iter().find(|pid| line.contains(pid.as_str())) else {
            continue;
        };
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
    let types = Types::read();
    for def in of_clinics() {
        let selection = types.entity(def, 3);
        let document = format!("query ($id: ID!) {{ node(id: $id) {{ ... on {} {selection} }} }}", def.type_name);
        let answer = manager.send(&document, json!({ "id": world.oak.ids(def.prefix)[0] })).await;
        assert!(answer.body["data"]["node"].is_object(), "{document}: {}", answer.body);
    }
    let ends = ["Mutation.signOut", "Mutation.signIn"];
    for case in all_rights().filter(|case| !case.field.starts_with("Subscription.") && !ends.contains(&case.field)) {
        manager.send(case.document, world.oak.variables()).await;
    }
    let spread = "select relname::text as value from pg_class join private.places on relname = table_name
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

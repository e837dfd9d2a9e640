//! What the statements of the API's lists cost Postgres: no list reads a big table whole, or sorts more than a page.
//! The plans are those of the very statements that the server sends, under the caller's own role and policies:
//! `auto_explain` writes each into Postgres' log.

use std::collections::{BTreeMap, BTreeSet};

use async_graphql::parser::{
    parse_schema,
    types::{BaseType, EnumType, InputObjectType, TypeKind, TypeSystemDefinition},
};
use clinigraph::{
    kernel::{Id, db},
    seed::{Scale, seed},
};
use diesel::{QueryableByName, sql_query, sql_types};
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{Person, TestApp, log};

/// A table with more rows than this is big.
const BIG: f32 = 1_000.0;
/// More rows than a page and the one that tells of the next are not sorted.
const PAGE: f64 = 101.0;

/// The types of the schema, as far as lists need them.
struct Types {
    /// The root lists: name, type of the filter, type of the order.
    lists: Vec<(String, String, String)>,
    inputs: BTreeMap<String, InputObjectType>,
    enums: BTreeMap<String, EnumType>,
}

impl Types {
    fn read() -> Self {
        let mut types = Self { lists: Vec::new(), inputs: BTreeMap::new(), enums: BTreeMap::new() };
        for definition in parse_schema(clinigraph::graphql::sdl()).unwrap().definitions {
            let TypeSystemDefinition::Type(definition) = definition else { continue };
            let name = definition.node.name.node.to_string();
            match definition.node.kind {
                TypeKind::InputObject(input) => drop(types.inputs.insert(name, input)),
                TypeKind::Enum(values) => drop(types.enums.insert(name, values)),
                TypeKind::Object(object) if name == "Query" => {
                    for field in object.fields {
                        let argument = |name: &str| {
                            let found = field.node.arguments.iter().find(|argument| argument.node.name.node == name);
                            found.map(|argument| argument.node.ty.node.to_string())
                        };
                        if let (Some(filter), Some(order)) = (argument("filter"), argument("order")) {
                            types.lists.push((field.node.name.node.to_string(), filter, order));
                        }
                    }
                }
                _ => {}
            }
        }
        types
    }

    /// Each field of a filter alone, with a value that rows have; and none.
    fn filters(&self, filter: &str, clinic: &str, administrator: &str) -> Vec<Value> {
        let one = |field: &async_graphql::parser::types::InputValueDefinition| {
            let (base, list) = match &field.ty.node.base {
                BaseType::Named(name) => (name.to_string(), false),
                BaseType::List(of) => (of.to_string().trim_end_matches('!').to_owned(), true),
            };
            let name = field.name.node.as_str();
            let value = match base.as_str() {
                "Boolean" => json!(true),
                "DateTime" => json!("2026-06-01T00:00:00Z"),
                "DateTimeRange" => json!({ "from": "2026-06-01T00:00:00Z", "until": "2026-06-02T00:00:00Z" }),
                "String" => json!("printer"),
                "LanguageTag" => json!("en"),
                "ID" => match name {
                    "clinicId" => json!(clinic),
                    "assigneeId" | "userId" | "actorUserId" | "actorId" => json!(administrator),
                    // Of nothing that is there: the plan is the same.
                    _ => json!(Uuid::nil().to_string()),
                },
                other => match self.enums.get(other) {
                    Some(values) => json!(values.values[0].node.value.node.as_str()),
                    None => panic!("give {name}: {other} of {filter} a value here"),
                },
            };
            json!({ name: if list { json!([value]) } else { value } })
        };
        let fields = self.inputs[filter].fields.iter().map(|field| one(&field.node));
        std::iter::once(json!({})).chain(fields).collect()
    }

    fn orders(&self, order: &str) -> Vec<Value> {
        let field = self.inputs[order].fields.iter().find(|field| field.node.name.node == "field").unwrap();
        let values = &self.enums[&field.node.ty.node.to_string().replace('!', "")].values;
        let both = |value: &str| ["ASC", "DESC"].map(|direction| json!({ "field": value, "direction": direction }));
        values.iter().flat_map(|value| both(value.node.value.node.as_str())).collect()
    }
}

#[derive(QueryableByName)]
struct Named {
    #[diesel(sql_type = sql_types::Text)]
    name: String,
}

/// An app over data in bulk, whose statements are explained in the log.
async fn explained() -> (TestApp, Person, Person, String) {
    let app = TestApp::new().await;
    let scale = Scale { clinics: 20, users: 100, providers: 1_200, tickets: 5_000, messages: 15_000, audit: 5_000 };
    let seeded = seed(&app.superuser_url, &scale, false).await.unwrap();
    let mut superuser = db::connect(&app.superuser_url).await.unwrap();
    superuser
        .batch_execute(
            "do $$ declare setting text; begin
                 foreach setting in array array['session_preload_libraries = auto_explain', 'auto_explain.log_min_duration = 0',
                     'auto_explain.log_analyze = on', 'auto_explain.log_timing = off', 'auto_explain.log_format = json'] loop
                     execute format('alter role clinigraph_login_tenant in database %I set %s', current_database(), setting);
                     execute format('alter role clinigraph_login_admin in database %I set %s', current_database(), setting);
                 end loop;
             end $$",
        )
        .await
        .unwrap();
    // Where everybody sees all rows, an index alone can answer, and a sort looks cheap. A snapshot that somebody has open
    // keeps a vacuum from noting so.
    let unseen = "select 1 from pg_class where oid = 'support_tickets'::regclass and relallvisible < relpages";
    for _ in 0..100 {
        superuser.batch_execute("vacuum support_tickets, ticket_messages, providers, audit_events").await.unwrap();
        if sql_query(unseen).execute(&mut superuser).await.unwrap() == 0 {
            break;
        }
    }
    let clinic = Id::<clinigraph::clinic::Clinic>::from_uuid(seeded.clinic).to_string();
    let manager = Person::new(app.address, Some(seeded.manager), Uuid::nil());
    let administrator = Person::new(app.address, Some(seeded.administrator), Uuid::nil());
    (app, manager, administrator, clinic)
}

/// The plans that Postgres has logged for a database, each with its statement.
async fn plans(app: &TestApp) -> Vec<Value> {
    let mut superuser = db::connect(&app.superuser_url).await.unwrap();
    let mine: Vec<Named> =
        sql_query("select format('[%s]', pid) as name from pg_stat_activity where datname = current_database()")
            .load(&mut superuser)
            .await
            .unwrap();
    let mine: BTreeSet<String> = mine.into_iter().map(|row| row.name).collect();
    let text = log().await;
    let mut lines = text.lines().peekable();
    let mut found = Vec::new();
    while let Some(line) = lines.next() {
        let ours = line.split(' ').find(|word| word.starts_with('[')).is_some_and(|pid| mine.contains(pid));
        let mut shown = String::new();
        while let Some(more) = lines.next_if(|line| line.starts_with('\t')) {
            shown.push_str(more);
        }
        if ours && line.ends_with(" plan:") {
            found.push(serde_json::from_str(&shown).unwrap());
        }
    }
    found
}

/// What is wrong with a plan.
fn faults(node: &Value, big: &BTreeSet<String>, into: &mut BTreeSet<String>) {
    let kind = node["Node Type"].as_str().unwrap_or_default();
    let table = node["Relation Name"].as_str().unwrap_or_default();
    if kind == "Seq Scan" && big.contains(table) {
        into.insert(format!("reads all of {table}"));
    }
    for below in node["Plans"].as_array().into_iter().flatten() {
        if kind.ends_with("Sort") {
            let rows = below["Actual Rows"].as_f64().unwrap_or_default();
            if rows > PAGE {
                into.insert(format!("sorts {rows} rows by {}", node["Sort Key"]));
            }
        }
        faults(below, big, into);
    }
}

#[tokio::test]
async fn no_list_reads_a_table_whole_or_sorts_more_than_a_page() {
    let (app, manager, administrator, clinic) = explained().await;
    let types = Types::read();
    let me = administrator.ask("{ viewer { user { id } } }", json!({})).await;
    let administrator_id = me["viewer"]["user"]["id"].as_str().unwrap();
    let mut asked = 0;
    for (list, filter, order) in &types.lists {
        let document = format!(
            "query ($filter: {filter}, $order: {order}, $after: String) {{
                 {list}(first: 20, after: $after, filter: $filter, order: $order) {{ nodes {{ id }} pageInfo {{ hasNextPage endCursor }} }}
             }}"
        );
        for person in [&manager, &administrator] {
            for filter in types.filters(filter, &clinic, administrator_id) {
                for order in types.orders(order) {
                    let page = async |after: &Value| {
                        person.send(&document, json!({ "filter": filter, "order": order, "after": after })).await.body
                    };
                    let first = page(&Value::Null).await;
                    let cursor = &first["data"][list.as_str()]["pageInfo"]["endCursor"];
                    if cursor.is_string() {
                        page(cursor).await;
                    }
                    asked += 1;
                }
            }
        }
    }

    let mut superuser = db::connect(&app.superuser_url).await.unwrap();
    let big: Vec<Named> = sql_query(format!(
        "select relname::text as name from pg_class where relnamespace = 'public'::regnamespace and reltuples > {BIG}"
    ))
    .load(&mut superuser)
    .await
    .unwrap();
    let big: BTreeSet<String> = big.into_iter().map(|row| row.name).collect();
    let plans = plans(&app).await;
    let mut wrong = BTreeMap::new();
    for plan in &plans {
        let mut found = BTreeSet::new();
        faults(&plan["Plan"], &big, &mut found);
        // An index of words knows no order: what it finds is sorted, as many as it is.
        if plan["Query Text"].as_str().is_some_and(|text| text.contains("search @@")) {
            found.retain(|fault| !fault.starts_with("sorts"));
        }
        if !found.is_empty() {
            wrong.insert(plan["Query Text"].as_str().unwrap_or_default().to_owned(), found);
        }
    }
    assert!(big.contains("support_tickets") && big.contains("ticket_messages"), "{big:?}");
    assert!(plans.len() > asked, "{} plans of {asked} questions", plans.len());
    assert!(wrong.is_empty(), "{wrong:#?}");
}

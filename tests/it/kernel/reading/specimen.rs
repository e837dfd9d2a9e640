//! What a declaration can say that no table of today needs: a made-up entity over a table of the test's own, in a schema
//! of its own.

use std::{collections::BTreeMap, net::Ipv4Addr, sync::Arc};

use async_graphql::{EmptyMutation, EmptySubscription, InputObject, Schema, Value as GraphqlValue};
use clinigraph::{
    access::{Sessions, User, token_hash},
    aggregate,
    clinic::Clinic,
    entity,
    graphql::entities,
    json_object,
    kernel::{
        Error, Id, Result,
        actor::{self, SystemRole},
        db::{self, Access},
        entity::{Condition, Entity, JsonOne, Kinds, Listable, condition},
        request::Request,
        sealed::Sealed,
        secrets::KeyRing,
        wall_clock::Date,
    },
    orders, queries,
};
use diesel::{ExpressionMethods, QueryDsl, insert_into, update};
use rust_decimal::Decimal;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    clinic::TestClinic,
    harness::{KEYS, Person, TestApp},
};

diesel::table! {
    specimens (id) {
        id -> Uuid,
        clinic_id -> Uuid,
        number -> Int4,
        weight -> Numeric,
        cells -> Int8,
        taken_on -> Date,
        name -> Text,
        remark -> Nullable<Text>,
        keeper_id -> Nullable<Uuid>,
        shelf -> Text,
        subject_type -> Nullable<Text>,
        subject_id -> Nullable<Uuid>,
        origin -> Jsonb,
        container -> Nullable<Json>,
        template_id -> Nullable<Uuid>,
        api_key_enc -> Nullable<Bytea>,
        api_key_last_four -> Nullable<Text>,
        api_key_updated_at -> Nullable<Timestamptz>,
    }
}

json_object! {
    /// Origin of a specimen.
    Origin {
        /// Organ from which the specimen was taken; null if unknown.
        organ: Option<String>,
        /// Number of samples taken.
        samples: i32 = "1",
    }
}

entity! {
    /// A sample in a laboratory.
    Specimen "specimen" of specimens, tenant clinic_id shared, setters SpecimenSetters;
    columns {
        /// Identifier of the specimen.
        id: Id<Specimen>,
        /// Number of the specimen; unique, counts up.
        number: i32,
        /// Weight of the specimen in grams.
        weight: Decimal,
        /// Day on which the specimen was taken.
        taken_on: Date,
        /// Origin of the specimen.
        origin: JsonOne<Origin>,
        /// Container of the specimen; null if it has none.
        container: Option<JsonOne<Origin>>,
        /// Name of the specimen.
        name: String,
        /// Remark of the laboratory; null if there is none.
        #[read(TicketsManage)]
        remark: Option<String>,
    }
    inside {
        clinic_id: Id<clinigraph::clinic::Clinic>,
    }
    derived {
        /// Length of the remark in characters.
        #[read(TicketsManage)]
        remark_length: i32 = "coalesce(char_length(remark), 0)",
    }
    groups {
        /// Where the specimen is stored.
        #[read(TicketsManage)]
        storage: SpecimenStorage {
            /// Label of the shelf.
            shelf: String,
        }
        edges {
            /// Person responsible for the specimen; null if nobody is.
            keeper: maybe User by keeper_id,
        }
    }
    sealed {
        /// Key by which the laboratory's machine is reached.
        api_key,
    }
    edges {
        /// Clinic that the specimen belongs to; null if it is the platform's.
        clinic: maybe Clinic by clinic_id,
        /// Specimen that this one was made after; null if there is none.
        template: maybe Specimen by template_id,
        /// Object that the specimen was taken for.
        subject: any Node by subject_type, subject_id,
    }
}

orders! {
    /// Order of a list of specimens.
    SpecimenOrder by SpecimenOrderField, usually Number Asc;
    /// By number.
    Number = "number" as Integer,
    /// By weight.
    Weight = "weight" as Numeric,
    /// By number of cells.
    Cells = "cells" as BigInt,
    /// By the day on which they were taken.
    TakenOn = "taken_on" as Date,
}

/// Filter of a list of specimens.
#[derive(Debug, Default, InputObject)]
pub struct SpecimenFilter {
    /// Only specimens with this name.
    pub name: Option<String>,
}

impl Listable for Specimen {
    type Filter = SpecimenFilter;
    type Order = SpecimenOrder;

    fn conditions(filter: SpecimenFilter) -> Result<Vec<Condition>> {
        Ok(filter.name.map(|name| condition(specimens::table, specimens::name.eq(name))).into_iter().collect())
    }
}

aggregate! {
    /// Numbers of specimens.
    SpecimenCounts of Specimen {
        /// Numbers of specimens by name.
        by_name: SpecimenNameCount {
            /// Name of the specimens.
            name: String,
        },
    }
}

queries! {
    /// Reads of specimens.
    SpecimenReads;
    one {
        /// One specimen by its identifier.
        specimen: Specimen,
    }
    list {
        /// Specimens that the caller reaches.
        specimens: Specimen,
    }
    count {
        /// Numbers of the specimens that the caller reaches.
        specimen_counts: SpecimenCounts,
    }
}

/// Only the administrators' role may select the remark and the storage: a statement of a clinic that does fails.
const TABLE: &str = "
create table specimens (
    id uuid primary key,
    clinic_id uuid not null,
    number integer generated always as identity,
    weight numeric not null default 0,
    cells bigint not null default 0,
    taken_on date not null default '2026-01-01',
    name text not null,
    remark text,
    keeper_id uuid,
    shelf text not null default 'A1',
    subject_type text,
    subject_id uuid,
    origin jsonb not null default '{}',
    container json,
    template_id uuid,
    api_key_enc bytea,
    api_key_last_four text,
    api_key_updated_at timestamptz
);
alter table specimens enable row level security, force row level security;
create policy admin on specimens to clinigraph_admin using (true);
create policy tenant on specimens to clinigraph_tenant
    using (clinic_id in ((select private.request_clinic_id()), '00000000-0000-0000-0000-000000000000'));
grant select on specimens to clinigraph_admin;
grant select (id, clinic_id, number, weight, cells, taken_on, name, subject_type, subject_id, origin, container, template_id,
    api_key_enc, api_key_last_four, api_key_updated_at) on specimens to clinigraph_tenant;
";

struct Laboratory {
    app: TestApp,
    schema: Schema<SpecimenReads, EmptyMutation, EmptySubscription>,
}

/// An answer without the transport: data, the code and path of each error, and how many statements it took.
struct Answer {
    data: Value,
    errors: Vec<(String, Value)>,
    statements: usize,
}

impl Laboratory {
    async fn new() -> Self {
        let app = TestApp::new().await;
        let kinds = Kinds::new(entities().into_iter().chain([Specimen::def()]));
        let schema = Schema::build(SpecimenReads, EmptyMutation, EmptySubscription).data(kinds).finish();
        let laboratory = Self { app, schema };
        laboratory.app.execute(TABLE).await;
        laboratory
    }

    /// A specimen of a clinic, with these further columns as SQL.
    async fn specimen(&self, clinic: Uuid, name: &str, columns: &[(&str, String)]) -> String {
        let id = Uuid::now_v7();
        let names: String = columns.iter().map(|(name, _)| format!(", {name}")).collect();
        let values: String = columns.iter().map(|(_, value)| format!(", {value}")).collect();
        let insert =
            format!("insert into specimens (id, clinic_id, name{names}) values ('{id}', '{clinic}', '{name}'{values})");
        self.app.execute(&insert).await;
        Id::<Specimen>::from_uuid(id).to_string()
    }

    async fn send(&self, person: &Person, query: &str) -> Answer {
        let sessions = Sessions::new(self.app.database.clone(), self.app.clock.clone());
        let actor = sessions.actor(token_hash(person.token.as_deref().unwrap())).await.unwrap();
        let origin = actor::Origin { request_id: "test".to_owned(), address: Ipv4Addr::LOCALHOST.into(), agent: None };
        let database = self.app.database.clone();
        let request = Arc::new(Request::new(database, actor, Access::Read, String::new(), Arc::new(origin), None));
        let response = self.schema.execute(async_graphql::Request::new(query).data(Arc::clone(&request))).await;
        let scope = Arc::clone(request.scope());
        let statements = scope.sent();
        scope.finish();
        let error = |error: async_graphql::ServerError| {
            let code = error.source::<Error>().map_or(error.message.clone(), |error| error.code().as_str().to_owned());
            (code, json!(error.path))
        };
        Answer { data: plain(response.data), errors: response.errors.into_iter().map(error).collect(), statements }
    }

    /// The data of an answer without errors.
    async fn ask(&self, person: &Person, query: &str) -> Value {
        let answer = self.send(person, query).await;
        assert_eq!(answer.errors, [], "{query}");
        answer.data
    }
}

/// The data as a client gets it: text that reading wrote is in it as bytes.
fn plain(value: GraphqlValue) -> Value {
    match value {
        GraphqlValue::Binary(text) => serde_json::from_slice(&text).unwrap(),
        GraphqlValue::Object(fields) => fields
            .into_iter()
            .map(|(key, value)| (key.to_string(), plain(value)))
            .collect::<BTreeMap<_, _>>()
            .into_iter()
            .collect(),
        GraphqlValue::List(items) => items.into_iter().map(plain).collect(),
        other => other.into_json().unwrap(),
    }
}

#[tokio::test]
async fn a_guarded_column_is_null_and_not_even_selected_without_its_permission() {
    let laboratory = Laboratory::new().await;
    let oak = laboratory.app.clinic("Oak").await;
    let (manager, administrator) = (oak.manager().await, laboratory.app.administrator().await);
    let remark = [("remark", "'Fragile'".to_owned())];
    for name in ["First", "Second"] {
        laboratory.specimen(oak.id, name, &remark).await;
    }
    let query = "{ all: specimens { nodes { name note: remark remarkLength } } }";

    let seen = laboratory.ask(&administrator, query).await;
    let hidden = laboratory.send(&manager, query).await;

    let one = |name: &str, note: Value, length: Value| json!({ "name": name, "note": note, "remarkLength": length });
    let both = |note: Value, length: Value| {
        let nodes = ["First", "Second"].map(|name| one(name, note.clone(), length.clone()));
        json!({ "all": { "nodes": nodes } })
    };
    assert_eq!(seen, both(json!("Fragile"), json!(7)));
    assert_eq!(hidden.data, both(Value::Null, Value::Null));
    let path = |at: usize, field: &str| ("FORBIDDEN".to_owned(), json!(["all", "nodes", at, field]));
    let expected = [path(0, "note"), path(0, "remarkLength"), path(1, "note"), path(1, "remarkLength")];
    assert_eq!(hidden.errors, expected);
}

#[tokio::test]
async fn a_guarded_group_hides_its_columns_and_its_edges() {
    let laboratory = Laboratory::new().await;
    let oak = laboratory.app.clinic("Oak").await;
    let (manager, administrator) = (oak.manager().await, laboratory.app.administrator().await);
    let id = laboratory.specimen(oak.id, "First", &[("keeper_id", format!("'{}'", manager.user_id))]).await;
    let query = format!("{{ specimen(id: {id:?}) {{ name where: storage {{ shelf keeper {{ firstName }} }} }} }}");

    let seen = laboratory.send(&administrator, &query).await;
    let hidden = laboratory.send(&manager, &query).await;

    assert_eq!(
        seen.data,
        json!({ "specimen": { "name": "First", "where": { "shelf": "A1", "keeper": { "firstName": "ClinicManager" } } } })
    );
    assert_eq!((seen.errors, seen.statements), (vec![], 2));
    assert_eq!(hidden.data, json!({ "specimen": { "name": "First", "where": null } }));
    assert_eq!(hidden.errors, [("FORBIDDEN".to_owned(), json!(["specimen", "where"]))]);
    assert_eq!(hidden.statements, 1, "the keeper is not looked up");
}

#[tokio::test]
async fn guards_show_in_the_schema() {
    let schema = Laboratory::new().await.schema.sdl();
    let specimen = &schema[schema.find("type Specimen ").unwrap()..];
    let specimen = &specimen[..specimen.find("\n}").unwrap()];

    for part in [
        "Remark of the laboratory; null if there is none.\n\t\n\tNull, with an error, without the permission `TICKETS_MANAGE`.",
        "\tremarkLength: Int\n",
        "\tstorage: SpecimenStorage\n",
        "\tname: String!\n",
        "\tsubject: Node",
    ] {
        assert!(specimen.contains(part), "{part}\n{specimen}");
    }
}

/// A ticket and a provider of the clinic, and specimens that refer to each, to nothing, and to what is not there.
async fn referring(laboratory: &Laboratory, oak: &TestClinic<'_>, manager: &Person) -> (String, String) {
    let ticket = manager.open_ticket("Printer").await;
    let provider = oak.provider("Ann", "Own").await;
    let subject = |kind: &str, id: &str| {
        let uuid = clinigraph::kernel::ids::split(id).map_or_else(Uuid::nil, |(_, uuid)| uuid);
        vec![("subject_type", format!("'{kind}'")), ("subject_id", format!("'{uuid}'"))]
    };
    for (name, columns) in [
        ("ticket", subject("ticket", &ticket)),
        ("provider", subject("provider", &provider)),
        ("again", subject("ticket", &ticket)),
        ("nothing", vec![]),
        ("removed", subject("ticket", "")),
        ("unknown", subject("unicorn", &ticket)),
    ] {
        laboratory.specimen(oak.id, name, &columns).await;
    }
    (ticket, provider)
}

#[tokio::test]
async fn a_reference_leads_to_an_object_of_any_kind_with_one_statement_for_each() {
    let laboratory = Laboratory::new().await;
    let oak = laboratory.app.clinic("Oak").await;
    let manager = oak.manager().await;
    let (ticket, provider) = referring(&laboratory, &oak, &manager).await;
    let query = "{ specimens { nodes { name about: subject { __typename id ...T ... on Provider { displayName clinic { name } } } } } }
                 fragment T on Ticket { title clinic { name } messages(first: 0) { totalCount } }";

    let answer = laboratory.send(&manager, query).await;

    let of_ticket = json!({ "__typename": "Ticket", "id": ticket, "title": "Printer", "clinic": { "name": "Oak" } });
    let found = |name: &str| {
        let nodes = answer.data["specimens"]["nodes"].as_array().unwrap();
        nodes.iter().find(|node| node["name"] == name).unwrap()["about"].clone()
    };
    let without = |mut ticket: Value| {
        ticket.as_object_mut().map(|fields| fields.remove("messages"));
        ticket
    };
    assert_eq!(without(found("ticket")), of_ticket);
    assert_eq!(without(found("again")), of_ticket);
    assert_eq!(
        found("provider"),
        json!({ "__typename": "Provider", "id": provider, "displayName": "Ann Own", "clinic": { "name": "Oak" } })
    );
    for name in ["nothing", "removed", "unknown"] {
        assert_eq!(found(name), Value::Null, "{name}");
    }
    // The page of messages is refused for each ticket, at its own place.
    let mut paths: Vec<_> = answer.errors.iter().map(|(_, path)| path.to_string()).collect();
    paths.sort();
    let refused = |at: usize| json!(["specimens", "nodes", at, "about", "messages"]).to_string();
    assert_eq!(paths, [refused(0), refused(2)]);
    assert_eq!(answer.statements, 3, "specimens, tickets with their clinics, providers with theirs");
}

#[tokio::test]
async fn a_reference_is_null_where_permission_or_policy_hides_it() {
    let laboratory = Laboratory::new().await;
    let (oak, elm) = (laboratory.app.clinic("Oak").await, laboratory.app.clinic("Elm").await);
    let manager = oak.manager().await;
    referring(&laboratory, &oak, &manager).await;
    let foreign = elm.manager().await.open_ticket("Elsewhere").await;
    let foreign = clinigraph::kernel::ids::split(&foreign).unwrap().1;
    let columns = [("subject_type", "'ticket'".to_owned()), ("subject_id", format!("'{foreign}'"))];
    laboratory.specimen(oak.id, "foreign", &columns).await;
    let query = "{ specimens { nodes { name subject { ... on Ticket { title } ... on Provider { firstName } } } } }";

    let clinician = laboratory.send(&oak.person(SystemRole::Clinician).await, query).await;
    let manager = laboratory.ask(&manager, query).await;

    let subjects = |data: &Value| -> Vec<Value> {
        data["specimens"]["nodes"].as_array().unwrap().iter().map(|node| node["subject"].clone()).collect()
    };
    let printer = json!({ "title": "Printer" });
    let ann = json!({ "firstName": "Ann" });
    let null = Value::Null;
    assert_eq!(subjects(&manager), [&printer, &ann, &printer, &null, &null, &null, &null].map(Clone::clone));
    assert_eq!(subjects(&clinician.data), [&null, &ann, &null, &null, &null, &null, &null].map(Clone::clone));
    // Whether the ticket exists does not show: each that is named fails alike.
    let paths = [0, 2, 4, 6].map(|at| ("FORBIDDEN".to_owned(), json!(["specimens", "nodes", at, "subject"])));
    assert_eq!(clinician.errors, paths);
}

/// Every page of the list in an order, two rows at a time, forwards and backwards.
async fn pages(laboratory: &Laboratory, person: &Person, field: &str, direction: &str) -> [Vec<i64>; 2] {
    let mut both = [Vec::new(), Vec::new()];
    for (numbers, [size, from, end]) in
        both.iter_mut().zip([["first", "after", "endCursor"], ["last", "before", "startCursor"]])
    {
        let mut cursor = Value::Null;
        loop {
            let query = format!(
                "{{ specimens({size}: 2, {from}: {cursor}, order: {{ field: {field}, direction: {direction} }}) {{
                       nodes {{ number }} pageInfo {{ {end} }} }} }}"
            );
            let page = laboratory.ask(person, &query).await["specimens"].take();
            let nodes = page["nodes"].as_array().unwrap();
            if nodes.is_empty() {
                break;
            }
            let mut found: Vec<i64> = nodes.iter().map(|node| node["number"].as_i64().unwrap()).collect();
            if size == "last" {
                found.reverse();
            }
            numbers.extend(found);
            cursor = page["pageInfo"][end].clone();
        }
    }
    both[1].reverse();
    both
}

#[tokio::test]
async fn lists_are_ordered_by_integers_decimals_and_dates() {
    let laboratory = Laboratory::new().await;
    let oak = laboratory.app.clinic("Oak").await;
    let manager = oak.manager().await;
    for (weight, cells, taken_on) in [
        ("10.5", "9000000000", "2026-02-01"),
        ("9.75", "-9000000000", "1999-12-31"),
        ("-120000.00005", "10", "2026-02-01"),
        ("10.50", "2", "1980-06-15"),
        ("0", "10", "2030-01-01"),
        ("100000000000000000000", "256", "2000-01-01"),
        ("0.0001", "255", "2026-01-31"),
    ] {
        let columns = [("weight", weight), ("cells", cells), ("taken_on", &format!("'{taken_on}'"))];
        let columns = columns.map(|(name, value)| (name, value.to_owned()));
        laboratory.specimen(oak.id, "Any", &columns).await;
    }

    for (field, numbers) in [
        ("NUMBER", [1, 2, 3, 4, 5, 6, 7]),
        ("WEIGHT", [3, 5, 7, 2, 1, 4, 6]),
        ("CELLS", [2, 4, 3, 5, 7, 6, 1]),
        ("TAKEN_ON", [4, 2, 6, 7, 1, 3, 5]),
    ] {
        let mut expected = numbers.to_vec();
        for direction in ["ASC", "DESC"] {
            let [forwards, backwards] = pages(&laboratory, &manager, field, direction).await;
            assert_eq!(forwards, expected, "{field} {direction}");
            assert_eq!(backwards, expected, "{field} {direction}");
            expected.reverse();
        }
    }
}

#[tokio::test]
async fn one_json_object_is_read_as_a_type() {
    let laboratory = Laboratory::new().await;
    let oak = laboratory.app.clinic("Oak").await;
    let manager = oak.manager().await;
    for (origin, container) in [
        (r#"'{"organ": "liver \"left\"", "samples": 3, "secret": "x"}'"#, "null"),
        ("'{}'", r#"'{ "samples" : 2 , "organ" : null }'"#),
        ("'[1]'", r#"'{"organ": "skin"}'"#),
    ] {
        let columns = [("origin", origin.to_owned()), ("container", container.to_owned())];
        laboratory.specimen(oak.id, "Any", &columns).await;
    }

    let seen = laboratory
        .ask(&manager, "{ specimens { nodes { origin { n: samples organ __typename } container { organ samples } } } }")
        .await;

    let node = |organ: Value, samples: i32, container: Value| json!({ "origin": { "n": samples, "organ": organ, "__typename": "Origin" }, "container": container });
    let expected = [
        node(json!("liver \"left\""), 3, Value::Null),
        node(Value::Null, 1, json!({ "organ": null, "samples": 2 })),
        // What is no object reads as an empty one.
        node(Value::Null, 1, json!({ "organ": "skin", "samples": 1 })),
    ];
    assert_eq!(seen["specimens"]["nodes"], json!(expected));
}

#[tokio::test]
async fn one_json_object_is_stored_as_it_is() {
    use diesel_async::RunQueryDsl;

    let laboratory = Laboratory::new().await;
    let mut superuser = db::connect(&laboratory.app.superuser_url).await.unwrap();
    let origin = JsonOne(Origin { organ: Some("liver \"left\"".to_owned()), samples: 3 });
    let specimen = (
        specimens::id.eq(Uuid::now_v7()),
        specimens::clinic_id.eq(Uuid::nil()),
        specimens::name.eq("Any"),
        specimens::origin.eq(&origin),
    );
    insert_into(specimens::table).values(specimen).execute(&mut superuser).await.unwrap();

    let stored: JsonOne<Origin> = specimens::table.select(specimens::origin).first(&mut superuser).await.unwrap();

    assert_eq!(stored, origin);
}

#[tokio::test]
async fn every_clinic_reads_the_rows_of_the_platform_beside_its_own() {
    let laboratory = Laboratory::new().await;
    let (oak, elm) = (laboratory.app.clinic("Oak").await, laboratory.app.clinic("Elm").await);
    let template = laboratory.specimen(Uuid::nil(), "Template", &[]).await;
    let uuid = clinigraph::kernel::ids::split(&template).unwrap().1;
    let made_after = [("template_id", format!("'{uuid}'"))];
    laboratory.specimen(oak.id, "Of Oak", &made_after).await;
    laboratory.specimen(elm.id, "Of Elm", &made_after).await;
    let query = format!(
        "{{ specimens {{ totalCount nodes {{ name clinic {{ name }} template {{ name }} }} }} specimen(id: {template:?}) {{ name }}
            specimenCounts {{ byName {{ name count }} }} }}"
    );

    for (clinic, name) in [(&oak, "Oak"), (&elm, "Elm")] {
        let seen = laboratory.ask(&clinic.manager().await, &query).await;

        let own = format!("Of {name}");
        let by_name = |name: &str| json!({ "name": name, "count": 1 });
        assert_eq!(
            seen,
            json!({
                "specimens": { "totalCount": 2, "nodes": [
                    { "name": "Template", "clinic": null, "template": null },
                    { "name": own, "clinic": { "name": name }, "template": { "name": "Template" } },
                ] },
                "specimen": { "name": "Template" },
                "specimenCounts": { "byName": [by_name(&own), by_name("Template")] },
            })
        );
    }
    let administrator = laboratory.app.administrator().await;
    assert_eq!(laboratory.ask(&administrator, &query).await["specimens"]["totalCount"], 3);
}

#[tokio::test]
async fn of_a_sealed_secret_the_api_says_only_whether_there_is_one() {
    use diesel_async::RunQueryDsl;

    let laboratory = Laboratory::new().await;
    let oak = laboratory.app.clinic("Oak").await;
    let manager = oak.manager().await;
    let id = laboratory.specimen(oak.id, "Any", &[]).await;
    let query = format!("{{ specimen(id: {id:?}) {{ key: apiKey {{ __typename configured lastFour updatedAt }} }} }}");
    let id: Id<Specimen> = id.parse().unwrap();
    let ring = KeyRing::parse(KEYS).unwrap();
    let now = chrono::DateTime::from_timestamp(1_800_000_000, 0).unwrap();
    let mut superuser = db::connect(&laboratory.app.superuser_url).await.unwrap();

    let mut seen = vec![laboratory.ask(&manager, &query).await];
    for secret in [Some("sk_live_0123456789"), None] {
        let Sealed { enc, last_four, updated_at } = Specimen::api_key().seal(&ring, id, secret, now).unwrap();
        let stored = (
            specimens::api_key_enc.eq(&enc),
            specimens::api_key_last_four.eq(last_four),
            specimens::api_key_updated_at.eq(updated_at),
        );
        update(specimens::table.find(id)).set(stored).execute(&mut superuser).await.unwrap();
        assert_eq!(enc.map(|enc| Specimen::api_key().open(&ring, id, &enc).unwrap()).as_deref(), secret);
        seen.push(laboratory.ask(&manager, &query).await);
    }

    let key = |configured: bool, last_four: Option<&str>, updated_at: Option<&str>| {
        json!({ "specimen": { "key": {
            "__typename": "SealedSecret", "configured": configured, "lastFour": last_four, "updatedAt": updated_at
        } } })
    };
    let at = Some("2027-01-15T08:00:00+00:00");
    assert_eq!(seen, [key(false, None, None), key(true, Some("6789"), at), key(false, None, at)]);
    assert!(!laboratory.schema.sdl().contains("apiKeyEnc"));
}

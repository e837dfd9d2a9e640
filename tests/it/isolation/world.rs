//! Two clinics with a row in every table, which must not know of each other.

use std::{collections::BTreeMap, sync::Arc};

use clinigraph::{
    access::{Sessions, token_hash},
    graphql::entities,
    kernel::{
        db::{self, Access, Scope},
        entity::Def,
    },
    pipeline::{Limits, Settings},
};
use diesel::result::QueryResult;
use diesel_async::AsyncPgConnection;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::{
    cases::{self, Filling, bind, table, tables},
    harness::{
        Person, TestApp, api_id, settings,
        sql::{run, texts},
    },
};

/// One of the two clinics.
pub struct Side {
    pub name: &'static str,
    pub clinic: Uuid,
    pub slug: String,
    pub manager: Person,
    /// Ids of the entities of the clinic that its manager may read, by prefix.
    readable: BTreeMap<&'static str, Vec<String>>,
    /// Ids of entities of these kinds that its manager may not read, such as internal notes.
    pub hidden: Vec<String>,
    /// Ids of all rows of the clinic.
    rows: Vec<Uuid>,
}

impl Side {
    /// The ids of a kind of entity.
    pub fn ids(&self, prefix: &str) -> &[String] {
        self.readable.get(prefix).map(Vec::as_slice).filter(|ids| !ids.is_empty()).unwrap_or_else(|| {
            panic!("no {prefix} that the manager may read: let `fill` in tests/it/<module>/cases.rs insert one")
        })
    }

    /// Ids of every kind.
    pub fn any(&self) -> Vec<&String> {
        self.readable.values().filter_map(|ids| ids.first()).chain(&self.hidden).collect()
    }

    /// The variables of the documents of cases.
    pub fn variables(&self) -> Value {
        let mut variables: Map<String, Value> =
            self.readable.iter().map(|(prefix, ids)| ((*prefix).to_owned(), json!(ids.first()))).collect();
        variables.insert("slug".to_owned(), json!(self.slug));
        variables.insert("any".to_owned(), json!(self.any()));
        Value::Object(variables)
    }

    /// Fails if anything of this clinic is in a text that somebody else received.
    pub fn assert_absent(&self, text: &str) {
        for row in &self.rows {
            let spelled = api_id("", *row);
            assert!(!text.contains(&spelled) && !text.contains(&row.to_string()), "{text}");
        }
        for word in [self.slug.clone(), format!("{} secret", self.name), format!("{} note", self.name)] {
            assert!(!text.contains(&word), "{text}");
        }
    }

    /// SQL of a case about this clinic, with the manager of the other as `$stranger`.
    pub fn bind(&self, text: &str, stranger: &Self) -> String {
        bind(text, |name| self.value(name, stranger, self))
    }

    /// The same, where every entity beside the clinic is one of another clinic.
    pub fn bind_with_entities_of(&self, text: &str, other: &Self) -> String {
        bind(text, |name| self.value(name, other, other))
    }

    fn value(&self, name: &str, stranger: &Self, entities: &Self) -> String {
        let uuid = match name {
            "clinic" => self.clinic,
            "user" => self.manager.user_id,
            "stranger" => stranger.manager.user_id,
            prefix => crate::harness::uuid(&entities.ids(prefix)[0]),
        };
        format!("'{uuid}'::uuid")
    }
}

pub struct World {
    pub app: TestApp,
    pub superuser: AsyncPgConnection,
    pub administrator: Person,
    pub oak: Side,
    pub elm: Side,
}

impl World {
    pub async fn new() -> Self {
        Self::on(Self::app().await).await
    }

    /// An app in which the largest selections are allowed.
    pub async fn app() -> TestApp {
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

    pub async fn on(app: TestApp) -> Self {
        let superuser = db::connect(&app.superuser_url).await.unwrap();
        let administrator = app.administrator().await;
        let oak = side(&app, &superuser, &administrator, "Oak").await;
        let elm = side(&app, &superuser, &administrator, "Elm").await;
        Self { app, superuser, administrator, oak, elm }
    }

    /// Each clinic, with the other.
    pub fn sides(&self) -> [(&Side, &Side); 2] {
        [(&self.oak, &self.elm), (&self.elm, &self.oak)]
    }

    /// A scope as the person's next request would have it.
    pub async fn scope(&self, person: &Person, access: Access) -> Scope {
        let sessions = Sessions::new(self.app.database.clone(), self.app.clock.clone());
        let actor = sessions.actor(token_hash(person.token.as_deref().unwrap())).await.unwrap();
        self.app.database.scope(actor, access, None)
    }

    pub async fn superuser(&self, query: &str) -> Vec<String> {
        texts(&self.superuser, query).await.unwrap()
    }

    /// Number and content of the rows of a clinic, by table.
    pub async fn state(&self, side: &Side, other: &Side) -> BTreeMap<String, String> {
        let of_table = |table: &cases::Table| {
            let of_clinic = side.bind(table.of_clinic, other);
            format!(
                "select concat_ws(' ', '{name}', count(*), md5(string_agg(t::text, '' order by t::text))) as value
                 from {name} t where {of_clinic}",
                name = table.name
            )
        };
        let states: Vec<String> = tables().into_iter().map(of_table).collect();
        let states = self.superuser(&states.join(" union all ")).await;
        let parts = states.iter().map(|state| state.split_once(' ').unwrap());
        parts.map(|(table, state)| (table.to_owned(), state.to_owned())).collect()
    }
}

async fn side(app: &TestApp, superuser: &AsyncPgConnection, administrator: &Person, name: &'static str) -> Side {
    let clinic = app.clinic(name).await;
    let manager = clinic.manager().await;
    let filling = Filling { clinic, name, manager, administrator };
    cases::fill(&filling).await;
    let Filling { clinic, manager, .. } = filling;

    let own = |condition: &str| {
        bind(condition, |name| match name {
            "clinic" => format!("'{}'::uuid", clinic.id),
            "user" => format!("'{}'::uuid", manager.user_id),
            other => panic!("${other} is not known before the clinic has rows"),
        })
    };
    let ids = async |table: &str, condition: &str| {
        let query = format!("select id::text as value from {table} where {} order by id", own(condition));
        let found = texts(superuser, &query).await.unwrap();
        found.iter().map(|id| id.parse::<Uuid>().unwrap()).collect::<Vec<_>>()
    };
    let (mut readable, mut hidden, mut rows) = (BTreeMap::new(), Vec::new(), Vec::new());
    for def in entities() {
        let table = table(def.table);
        let Some(seen) = table.tenant else { continue };
        let spelled = |ids: Vec<Uuid>| ids.into_iter().map(|id| api_id(def.prefix, id)).collect::<Vec<_>>();
        let theirs = ids(table.name, &format!("{} and ({seen})", table.of_clinic)).await;
        readable.insert(def.prefix, spelled(theirs));
        hidden.extend(spelled(ids(table.name, &format!("{} and not ({seen})", table.of_clinic)).await));
    }
    for table in tables() {
        let has_id = format!(
            "select 'id' as value from pg_attribute
             where attrelid = '{}'::regclass and attname = 'id' and atttypid = 'uuid'::regtype",
            table.name
        );
        if !texts(superuser, &has_id).await.unwrap().is_empty() {
            rows.extend(ids(table.name, table.of_clinic).await);
        }
    }
    Side { name, clinic: clinic.id, slug: clinic.slug.clone(), manager, readable, hidden, rows }
}

/// The entities of which a clinic's manager may read any.
pub fn of_clinics() -> impl Iterator<Item = &'static Def> {
    entities().into_iter().filter(|def| table(def.table).tenant.is_some())
}

/// What an actor reads in a transaction of its own.
pub async fn read(scope: Scope, query: &str) -> QueryResult<Vec<String>> {
    let read = texts(scope.tx().await.unwrap().conn().unwrap(), query).await;
    Arc::new(scope).finish();
    read
}

/// What an actor changes in a transaction of its own, which is undone.
pub async fn change(scope: Scope, statement: &str) -> QueryResult<usize> {
    let changed = run(scope.tx().await.unwrap().conn().unwrap(), statement).await;
    scope.roll_back().await;
    changed
}

pub fn is_denied<T>(result: &QueryResult<T>) -> bool {
    result.as_ref().is_err_and(|error| {
        let message = error.to_string();
        message.starts_with("permission denied for")
            || message.starts_with("new row violates row-level security policy")
    })
}

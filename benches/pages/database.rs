//! The databases that are measured on: filled once for each scale, then copied for each run.

use std::path::{Path, PathBuf};

use clinigraph::{
    embedded::{Embedded, Options},
    kernel::{
        db::{self, connect},
        secrets::KeyRing,
    },
    seed::{Scale, Seeded, seed},
};
use diesel::{QueryableByName, sql_query, sql_types};
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use uuid::Uuid;

/// What both sides seal with; the data is made up.
pub const KEYS: &str = "1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

/// A Postgres: the one of DATABASE_URL (a superuser's), or a private one below `target`.
pub struct Postgres {
    embedded: Option<Embedded>,
    given: String,
}

impl Postgres {
    pub async fn start() -> Self {
        if let Ok(given) = std::env::var("DATABASE_URL") {
            return Self { embedded: None, given };
        }
        let folder: PathBuf = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bench");
        let options = Options { max_connections: 200, ..Options::new(folder) };
        Self { embedded: Some(Embedded::start(options).await.unwrap()), given: String::new() }
    }

    fn url(&self, database: &str) -> String {
        match &self.embedded {
            Some(embedded) => embedded.superuser_url(database),
            None => {
                let (address, options) = self.given.split_once('?').unwrap_or((&self.given, ""));
                let (server, _) = address.rsplit_once('/').expect("postgres://user@host/database");
                format!("{server}/{database}?{options}")
            }
        }
    }

    async fn run(&self, database: &str, statement: &str) {
        connect(&self.url(database)).await.unwrap().batch_execute(statement).await.unwrap();
    }

    /// A database of this scale, with whatever `change` does to it. `name` is overwritten.
    pub async fn database(&self, name: &str, scale: &Scale, change: &str) -> Database {
        let template = format!(
            "clinigraph_bench_{}_{}_{}_{}_{}_{}",
            scale.clinics, scale.users, scale.providers, scale.tickets, scale.messages, scale.audit
        );
        let ring = KeyRing::parse(KEYS).unwrap();
        let mut admin = connect(&self.url("postgres")).await.unwrap();
        let there: Found =
            sql_query("select count(*) as number, gen_random_uuid() as id from pg_database where datname = $1")
                .bind::<sql_types::Text, _>(&template)
                .get_result(&mut admin)
                .await
                .unwrap();
        // Migrations that are new since it was made would leave it without their rows.
        let stale = there.number > 0 && !db::prepare(&self.url(&template), ring.root()).await.unwrap().ran.is_empty();
        if there.number == 0 || stale {
            eprintln!("filling {template} …");
            // Under its name only when it is whole: filling may be cut short.
            let filling = "clinigraph_bench_filling";
            for name in [template.as_str(), filling] {
                admin.batch_execute(&format!("drop database if exists {name} (force)")).await.unwrap();
            }
            admin.batch_execute(&format!("create database {filling}")).await.unwrap();
            db::prepare(&self.url(filling), ring.root()).await.unwrap();
            seed(&self.url(filling), scale, false).await.unwrap();
            admin.batch_execute(&format!("alter database {filling} rename to {template}")).await.unwrap();
        }
        let name = format!("clinigraph_bench_{name}");
        admin.batch_execute(&format!("drop database if exists {name} (force)")).await.unwrap();
        admin.batch_execute(&format!("create database {name} template {template}")).await.unwrap();
        let server_url = db::prepare(&self.url(&name), ring.root()).await.unwrap().server_url;
        // Signs people in with tokens of this run.
        let people = seed(&self.url(&name), scale, false).await.unwrap();
        self.run(&name, change).await;
        self.run(&name, "checkpoint").await;
        Database { url: self.url(&name), server_url, people }
    }

    /// A database with tables and nobody in it. `name` is overwritten.
    #[allow(dead_code, reason = "the bench of deliveries uses it")]
    pub async fn empty(&self, name: &str) -> Empty {
        let name = format!("clinigraph_bench_{name}");
        let mut admin = connect(&self.url("postgres")).await.unwrap();
        admin.batch_execute(&format!("drop database if exists {name} (force)")).await.unwrap();
        admin.batch_execute(&format!("create database {name}")).await.unwrap();
        let url = self.url(&name);
        let server_url = db::prepare(&url, KeyRing::parse(KEYS).unwrap().root()).await.unwrap().server_url;
        Empty { url, server_url }
    }

    pub async fn stop(self) {
        if let Some(mut embedded) = self.embedded {
            embedded.stop().await.unwrap();
        }
    }
}

/// A database with nobody in it.
#[allow(dead_code, reason = "the bench of deliveries uses it")]
pub struct Empty {
    /// As superuser.
    pub url: String,
    /// As the server logs in.
    pub server_url: String,
}

/// A database to measure on.
#[derive(Clone)]
pub struct Database {
    /// As superuser.
    pub url: String,
    /// As the server logs in.
    pub server_url: String,
    pub people: Seeded,
}

#[derive(QueryableByName)]
struct Found {
    #[diesel(sql_type = sql_types::BigInt)]
    number: i64,
    #[diesel(sql_type = sql_types::Uuid)]
    id: Uuid,
}

#[derive(QueryableByName)]
struct Pid {
    #[diesel(sql_type = sql_types::Integer)]
    pid: i32,
}

impl Database {
    pub async fn change(&self, statement: &str) {
        connect(&self.url).await.unwrap().batch_execute(statement).await.unwrap();
    }

    pub async fn uuid(&self, query: &str) -> Uuid {
        let mut connection = connect(&self.url).await.unwrap();
        let found: Found = sql_query(format!("select 0::bigint as number, ({query}) as id"))
            .get_result(&mut connection)
            .await
            .unwrap();
        found.id
    }

    /// The row in the middle of a table, newest first: its id, and its time in microseconds of Postgres' own epoch.
    pub async fn middle(&self, table: &str, time: &str, of: &str) -> (Uuid, i64) {
        let mut connection = connect(&self.url).await.unwrap();
        let found: Found = sql_query(format!(
            "select id, (extract(epoch from {time} - timestamptz '2000-01-01 00:00Z') * 1000000)::bigint as number
             from {table} {of} order by {time} desc, id desc offset (select count(*) / 2 from {table} {of}) limit 1"
        ))
        .get_result(&mut connection)
        .await
        .unwrap();
        (found.id, found.number)
    }

    /// The processes that serve this database's connections.
    pub async fn backends(&self) -> Vec<u32> {
        backends_of(&self.url).await
    }
}

/// The processes that serve a database's connections.
pub async fn backends_of(url: &str) -> Vec<u32> {
    let mut connection = connect(url).await.unwrap();
    let found: Vec<Pid> = sql_query(
        "select pid from pg_stat_activity
         where datname = current_database() and backend_type = 'client backend' and pid <> pg_backend_pid()",
    )
    .load(&mut connection)
    .await
    .unwrap();
    found.into_iter().filter_map(|row| u32::try_from(row.pid).ok()).collect()
}

//! A tiny schema, for the stock integration to serve: written as its documentation writes one, with fields that ours
//! or the stub has too.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use async_graphql::{Context, InputObject, Object, Result, Schema, SimpleObject, Subscription};
use clinigraph::kernel::db;
use dataloader::{BatchFn, cached::Loader};
use futures_util::{Stream, StreamExt, stream};

use crate::{harness::sql::texts, wire::client::ms};

pub type Tiny = Schema<Query, Mutation, Events>;

/// What the resolvers share.
#[derive(Default)]
pub struct Shared {
    /// Of the database that is read.
    pub url: String,
    /// Whether a guard stands before POST that wants a token, any token.
    pub is_guarded: bool,
    pub signed_out: AtomicBool,
    /// Subscriptions that were begun and not ended.
    pub running: Arc<AtomicUsize>,
    pub transfer_phone: Mutex<Option<String>>,
}

/// With the limits that a careful author would set, which are also ours.
pub fn tiny(shared: &Arc<Shared>) -> Tiny {
    Schema::build(Query, Mutation, Events)
        .data(Arc::clone(shared))
        .data(Loader::new(Names(shared.url.clone())))
        .limit_depth(12)
        .limit_complexity(2_000)
        .finish()
}

pub struct Query;
pub struct Mutation;
pub struct Events;

#[derive(SimpleObject)]
struct Viewer {
    role: Option<String>,
}

#[derive(SimpleObject)]
struct Tickets {
    total_count: i64,
}

#[derive(SimpleObject)]
struct Clinic {
    name: Option<String>,
}

#[derive(SimpleObject)]
struct Config {
    care: Care,
}

#[derive(SimpleObject)]
struct UpdatedConfig {
    clinic_config: Config,
}

#[derive(SimpleObject)]
struct SignedOut {
    signed_out: bool,
}

#[derive(SimpleObject)]
struct Care {
    transfer_phone: Option<String>,
}

#[derive(SimpleObject)]
struct Event {
    kind: String,
}

/// A patch: absent, null and a value, or so one thinks.
#[derive(InputObject)]
struct CareInput {
    transfer_phone: Option<Option<String>>,
}

#[derive(InputObject)]
struct ConfigInput {
    care: CareInput,
}

/// Names of clinics by slug, many at a time.
struct Names(String);

impl BatchFn<String, Option<String>> for Names {
    async fn load(&mut self, slugs: &[String]) -> HashMap<String, Option<String>> {
        let connection = db::connect(&self.0).await.unwrap();
        let mut found = HashMap::new();
        for slug in slugs {
            let names = texts(&connection, &format!("select name as value from clinics where slug = '{slug}'")).await;
            found.insert(slug.clone(), names.unwrap().pop());
        }
        found
    }
}

fn broken() -> bool {
    panic!("a resolver panics")
}

fn shared<'a>(ctx: &Context<'a>) -> &'a Shared {
    ctx.data_unchecked::<Arc<Shared>>()
}

#[Object]
impl Query {
    async fn viewer(&self) -> Option<Viewer> {
        None
    }

    async fn panics(&self) -> bool {
        broken()
    }

    async fn tickets(&self, ctx: &Context<'_>) -> Result<Tickets> {
        let connection = db::connect(&shared(ctx).url).await?;
        let count = texts(&connection, "select count(*)::text as value from support_tickets").await?;
        Ok(Tickets { total_count: count[0].parse()? })
    }

    async fn clinic(&self, ctx: &Context<'_>, slug: String) -> Clinic {
        let names = ctx.data_unchecked::<Loader<String, Option<String>, Names>>();
        Clinic { name: names.load(slug).await }
    }
}

#[Object]
impl Mutation {
    async fn sign_out(&self, ctx: &Context<'_>) -> SignedOut {
        shared(ctx).signed_out.store(true, Ordering::SeqCst);
        SignedOut { signed_out: true }
    }

    async fn update_clinic_config(&self, ctx: &Context<'_>, input: ConfigInput) -> UpdatedConfig {
        let mut phone = shared(ctx).transfer_phone.lock().unwrap();
        if let Some(given) = input.care.transfer_phone {
            *phone = given;
        }
        UpdatedConfig { clinic_config: Config { care: Care { transfer_phone: phone.clone() } } }
    }
}

/// Counted for as long as it lives.
struct Running(Arc<AtomicUsize>);

impl Running {
    fn begin(ctx: &Context<'_>) -> Self {
        let running = Arc::clone(&shared(ctx).running);
        running.fetch_add(1, Ordering::SeqCst);
        Self(running)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[Subscription]
impl Events {
    async fn count(&self, to: i32) -> impl Stream<Item = i32> {
        stream::iter(0..to)
    }

    async fn silent(&self) -> impl Stream<Item = bool> {
        stream::pending()
    }

    async fn flood(&self, ctx: &Context<'_>, size: usize) -> impl Stream<Item = String> {
        let running = Running::begin(ctx);
        stream::repeat_with(move || {
            let _ = &running;
            "x".repeat(size)
        })
    }

    async fn ticket_events(&self) -> impl Stream<Item = Event> {
        stream::repeat(()).then(async |()| {
            tokio::time::sleep(ms(20)).await;
            Event { kind: "OPENED".to_owned() }
        })
    }
}

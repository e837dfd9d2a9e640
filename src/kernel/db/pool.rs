//! One small pool per class of actor. All log in as `clinigraph_app`, which may touch nothing by itself; a scope
//! takes the class's role for one transaction. The pools are apart because Postgres plans a prepared statement for
//! the role that first ran it and would plan it again for another.

use std::{
    str::FromStr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use deadpool::managed::{self, Metrics, Object, RecycleError, RecycleResult, Timeouts};
use diesel::connection::InstrumentationEvent;
use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection, pooled_connection::PoolableConnection};
use tokio_postgres::NoTls;

use crate::kernel::{Error, Result};

/// A class of actor, each with a database role of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    Tenant,
    Admin,
    System,
}

impl Class {
    /// The role that a scope of this class takes.
    #[must_use]
    pub fn role(self) -> &'static str {
        match self {
            Self::Tenant => "clinigraph_tenant",
            Self::Admin => "clinigraph_admin",
            Self::System => "clinigraph_system",
        }
    }
}

/// How the server reaches its database.
#[derive(Debug, Clone)]
pub struct Config {
    /// Connection string of `clinigraph_app`, or of a role like it.
    pub url: String,
    /// Connections of the tenants' pool; the others get a share of it.
    pub connections: usize,
    /// How long a request waits for a connection.
    pub wait: Duration,
}

/// A connection, and what was counted on it.
pub struct Connection {
    pub pg: AsyncPgConnection,
    counted: Arc<Counted>,
}

#[derive(Debug, Default)]
struct Counted {
    /// Statements sent.
    sent: AtomicUsize,
    /// Statements kept prepared.
    prepared: AtomicUsize,
}

impl Connection {
    /// Statements sent over it so far.
    #[must_use]
    pub fn sent(&self) -> usize {
        self.counted.sent.load(Ordering::Relaxed)
    }
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connection").field("counted", &self.counted).finish_non_exhaustive()
    }
}

/// Prepared statements live as long as their connection, and each selection of columns is one: past this a
/// connection is not used again, so that odd selections cannot fill the memory of Postgres.
const MOST_PREPARED: usize = 500;

/// Opens one connection, outside any pool.
pub async fn connect(url: &str) -> Result<AsyncPgConnection> {
    let config = tokio_postgres::Config::from_str(url).map_err(Error::unavailable)?;
    let (client, connection) = config.connect(NoTls).await.map_err(Error::unavailable)?;
    AsyncPgConnection::try_from_client_and_connection(client, connection).await.map_err(Error::unavailable)
}

/// Makes and checks connections.
#[derive(Debug)]
pub struct Manager {
    url: String,
}

impl managed::Manager for Manager {
    type Type = Connection;
    type Error = Error;

    async fn create(&self) -> Result<Connection> {
        // Boxed, or every future that may need a connection would carry the room for making one.
        let mut pg = Box::pin(connect(&self.url)).await?;
        // The name by which an operator knows the connection; and a plan that is made once for a role stays good.
        pg.batch_execute("set application_name = 'clinigraph'; set jit = off; set search_path = public").await?;
        let counted = Arc::new(Counted::default());
        let counts = Arc::clone(&counted);
        pg.set_instrumentation(move |event: InstrumentationEvent<'_>| match event {
            InstrumentationEvent::StartQuery { .. } => {
                counts.sent.fetch_add(1, Ordering::Relaxed);
            }
            InstrumentationEvent::CacheQuery { .. } => {
                counts.prepared.fetch_add(1, Ordering::Relaxed);
            }
            _ => {}
        });
        Ok(Connection { pg, counted })
    }

    async fn recycle(&self, connection: &mut Connection, _: &Metrics) -> RecycleResult<Error> {
        if connection.pg.is_broken() {
            return Err(RecycleError::message("broken"));
        }
        if connection.counted.prepared.load(Ordering::Relaxed) > MOST_PREPARED {
            return Err(RecycleError::message("too many prepared statements"));
        }
        Ok(())
    }
}

/// The pools; clones share them.
#[derive(Debug, Clone)]
pub struct Pools {
    tenant: managed::Pool<Manager>,
    admin: managed::Pool<Manager>,
    system: managed::Pool<Manager>,
}

impl Pools {
    pub fn new(config: &Config) -> Result<Self> {
        let pool = |connections: usize| {
            managed::Pool::builder(Manager { url: config.url.clone() })
                .max_size(connections.max(2))
                .runtime(deadpool::Runtime::Tokio1)
                .timeouts(Timeouts { wait: Some(config.wait), create: Some(config.wait), recycle: Some(config.wait) })
                .build()
                .map_err(Error::internal)
        };
        Ok(Self {
            tenant: pool(config.connections)?,
            admin: pool(config.connections.div_ceil(2))?,
            system: pool(config.connections.div_ceil(4))?,
        })
    }

    /// A connection for a class, without its role as yet.
    pub async fn get(&self, class: Class) -> Result<Object<Manager>> {
        let pool = match class {
            Class::Tenant => &self.tenant,
            Class::Admin => &self.admin,
            Class::System => &self.system,
        };
        pool.get().await.map_err(Error::unavailable)
    }

    /// How many connections are open, over all classes.
    #[must_use]
    pub fn open(&self) -> usize {
        [&self.tenant, &self.admin, &self.system].iter().map(|pool| pool.status().size).sum()
    }

    /// Ends all connections that are not in use, and all others when they come back.
    pub fn close(&self) {
        for pool in [&self.tenant, &self.admin, &self.system] {
            pool.close();
        }
    }
}

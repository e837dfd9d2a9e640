//! One Postgres for the whole run, with durability off; a template database, migrated once; a clone for each test.

use std::{
    path::{Path, PathBuf},
    sync::atomic::{AtomicUsize, Ordering},
};

use clinigraph::{
    embedded::{Embedded, Options},
    kernel::db,
};
use diesel_async::SimpleAsyncConnection;
use tokio::sync::{Mutex, OnceCell};

/// What all tests seal with.
pub const KEYS: &str = "1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

struct Cluster {
    /// Where any database of the cluster is reached as superuser; `{}` stands for its name.
    url: String,
    /// Where Postgres writes its own log.
    log: PathBuf,
    /// Postgres copies one template at a time.
    cloning: Mutex<()>,
}

static CLUSTER: OnceCell<Result<Cluster, String>> = OnceCell::const_new();

/// A folder of this run. What crashed runs left behind is taken away: their locks are free.
fn folder() -> PathBuf {
    let all = Path::new(env!("CARGO_TARGET_TMPDIR")).join("postgres");
    std::fs::create_dir_all(&all).unwrap();
    for left in std::fs::read_dir(&all).unwrap().flatten() {
        let lease = std::fs::File::open(left.path().join("lease"));
        if lease.is_ok_and(|lease| lease.try_lock().is_ok()) {
            std::fs::remove_dir_all(left.path()).ok();
        }
    }
    let mine = all.join(std::process::id().to_string());
    std::fs::create_dir_all(&mine).unwrap();
    let lease = std::fs::File::create(mine.join("lease")).unwrap();
    lease.lock().unwrap();
    // Held until the process ends.
    std::mem::forget(lease);
    mine
}

async fn cluster() -> &'static Cluster {
    CLUSTER
        .get_or_init(|| async {
            let (shown, heard) = tokio::sync::oneshot::channel();
            // Every test has a runtime of its own; Postgres must outlive them all.
            std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                runtime.block_on(async move {
                    let options = Options { durable: false, max_connections: 400, ..Options::new(folder()) };
                    let postgres = Embedded::start(options).await.unwrap();
                    shown.send((postgres.superuser_url("{}"), postgres.log_file().to_owned())).unwrap();
                    std::future::pending::<()>().await;
                });
            });
            let (url, log) = heard.await.unwrap();
            let url = url.replace("%7B%7D", "{}");
            let mut connection = db::connect(&url.replace("{}", "postgres")).await.unwrap();
            connection.batch_execute("create database template_of_tests").await.unwrap();
            let ring = clinigraph::kernel::secrets::KeyRing::parse(KEYS).unwrap();
            let prepared = db::prepare(&url.replace("{}", "template_of_tests"), ring.root()).await;
            // Not removed, since another try of the next test would wait for this Postgres to end.
            prepared.map(|_| Cluster { url, log, cloning: Mutex::new(()) }).map_err(|error| format!("{error:?}"))
        })
        .await
        .as_ref()
        .unwrap()
}

/// A database of one's own, migrated: its address as superuser.
pub async fn database() -> String {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let cluster = cluster().await;
    let name = format!("test_{}", COUNT.fetch_add(1, Ordering::Relaxed));
    let _turn = cluster.cloning.lock().await;
    let mut connection = db::connect(&superuser_url("postgres").await).await.unwrap();
    connection.batch_execute(&format!("create database {name} template template_of_tests")).await.unwrap();
    superuser_url(&name).await
}

/// The address of a database as superuser.
pub async fn superuser_url(database: &str) -> String {
    cluster().await.url.replace("{}", database)
}

/// What Postgres has logged so far.
pub async fn log() -> String {
    String::from_utf8_lossy(&std::fs::read(&cluster().await.log).unwrap()).into_owned()
}

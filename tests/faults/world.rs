//! A Postgres with durability on, two servers on it, and people.

use std::{
    net::SocketAddr,
    path::PathBuf,
    process::Stdio,
    time::{Duration, Instant},
};

use clinigraph::{
    access::token_hash,
    embedded::{Embedded, Options},
    kernel::{
        db::{self, connect},
        secrets::KeyRing,
    },
    live::Names,
};
use diesel::{QueryableByName, sql_query, sql_types};
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    process::{Child, Command},
};
use uuid::Uuid;

const KEYS: &str = "1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
/// Longest wait, also on a busy machine.
const LONG: Duration = Duration::from_secs(120);

pub struct World {
    folder: tempfile::TempDir,
    postgres: Option<Embedded>,
    superuser_url: String,
    clinic: Uuid,
    servers: [Server; 2],
}

struct Server {
    address: SocketAddr,
    child: Child,
}

#[derive(QueryableByName)]
struct Ticket {
    #[diesel(sql_type = sql_types::Text)]
    title: String,
    #[diesel(sql_type = sql_types::Uuid)]
    id: Uuid,
}

#[derive(QueryableByName)]
struct Event {
    #[diesel(sql_type = sql_types::BigInt)]
    id: i64,
}

impl World {
    pub async fn new() -> Self {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let postgres = Embedded::start(options(folder.path().join("postgres"))).await.unwrap();
        let superuser_url = postgres.superuser_url("postgres");
        let ring = KeyRing::parse(KEYS).unwrap();
        db::prepare(&superuser_url, ring.root()).await.unwrap();
        let clinic = Uuid::now_v7();
        let mut superuser = connect(&superuser_url).await.unwrap();
        superuser
            .batch_execute(&format!(
                "insert into clinics (id, name, slug, timezone, currency, status)
                 values ('{clinic}', 'Oak', 'oak', 'America/Vancouver', 'CAD', 'active')"
            ))
            .await
            .unwrap();
        let servers = [start(&superuser_url, free_address()), start(&superuser_url, free_address())];
        let world = Self { folder, postgres: Some(postgres), superuser_url, clinic, servers };
        world.serving().await;
        world
    }

    /// Where servers are, also when they are down.
    pub fn addresses(&self) -> [SocketAddr; 2] {
        [self.servers[0].address, self.servers[1].address]
    }

    /// The token of a new manager of the clinic.
    pub async fn manager(&self) -> String {
        let (user, token) = (Uuid::now_v7(), format!("test_{}", Uuid::now_v7()));
        let hash: String = token_hash(&token).iter().map(|byte| format!("{byte:02x}")).collect();
        let clinic = self.clinic;
        let mut superuser = connect(&self.superuser_url).await.unwrap();
        superuser
            .batch_execute(&format!(
                "insert into users (id, email, first_name, last_name, status)
                 values ('{user}', '{user}@people.example', 'Jo', 'Tester', 'active');
                 insert into memberships (id, clinic_id, user_id, role)
                 values ('{}', '{clinic}', '{user}', 'clinic_manager');
                 insert into sessions (id, user_id, token_hash, acting_clinic_id, expires_at)
                 values ('{}', '{user}', '\\x{hash}', '{clinic}', now() + interval '1 day')",
                Uuid::now_v7(),
                Uuid::now_v7()
            ))
            .await
            .unwrap();
        token
    }

    /// Titles and ids of all tickets.
    pub async fn tickets(&self) -> Vec<(String, Uuid)> {
        let mut superuser = connect(&self.superuser_url).await.unwrap();
        let tickets: Vec<Ticket> =
            sql_query("select title, id from support_tickets").load(&mut superuser).await.unwrap();
        tickets.into_iter().map(|ticket| (ticket.title, ticket.id)).collect()
    }

    /// The cursor before the first event.
    pub fn beginning(&self) -> String {
        Names::new(&KeyRing::parse(KEYS).unwrap()).unwrap().cursor(0)
    }

    /// The cursors of all events that subscribers are to receive, in order.
    pub async fn events(&self) -> Vec<String> {
        let mut superuser = connect(&self.superuser_url).await.unwrap();
        let query = "select id from outbox_events where topic = 'ticket' and kind = 'opened' order by id";
        let events: Vec<Event> = sql_query(query).load(&mut superuser).await.unwrap();
        let names = Names::new(&KeyRing::parse(KEYS).unwrap()).unwrap();
        events.into_iter().map(|event| names.cursor(event.id)).collect()
    }

    /// Waits until a condition holds.
    pub async fn until(&self, what: &str, mut is_so: impl FnMut() -> bool) {
        let begun = Instant::now();
        while !is_so() {
            assert!(begun.elapsed() < LONG, "{what}: it takes too long");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    pub async fn kill_and_start(&mut self, which: usize) {
        let server = &mut self.servers[which];
        server.child.kill().await.unwrap();
        *server = start(&self.superuser_url, server.address);
        self.serving().await;
    }

    /// Cuts connections of the servers.
    pub async fn cut(&self, which: &str) {
        let mut superuser = connect(&self.superuser_url).await.unwrap();
        let cut = format!("select pg_terminate_backend(pid) from pg_stat_activity where {which}");
        superuser.batch_execute(&cut).await.unwrap();
    }

    /// Stops Postgres, in order or by a crash, and starts it again.
    pub async fn restart_postgres(&mut self, crash: bool) {
        let mut postgres = self.postgres.take().unwrap();
        if crash {
            let file = std::fs::read_to_string(postgres.cluster_dir().join("postmaster.pid")).unwrap();
            let pid: i32 = file.lines().next().unwrap().trim().parse().unwrap();
            let postmaster = rustix::process::Pid::from_raw(pid).unwrap();
            rustix::process::kill_process(postmaster, rustix::process::Signal::QUIT).unwrap();
            postgres.ended().await;
        }
        postgres.stop().await.unwrap();
        drop(postgres);
        let postgres = Embedded::start(options(self.folder.path().join("postgres"))).await.unwrap();
        assert_eq!(postgres.superuser_url("postgres"), self.superuser_url);
        self.postgres = Some(postgres);
    }

    async fn serving(&self) {
        let begun = Instant::now();
        for server in &self.servers {
            while !answers(server.address).await.unwrap_or(false) {
                assert!(begun.elapsed() < LONG, "a server does not come up");
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    }

    pub async fn stop(mut self) {
        for server in &mut self.servers {
            server.child.kill().await.unwrap();
        }
        if let Some(mut postgres) = self.postgres.take() {
            postgres.stop().await.unwrap();
        }
    }
}

fn options(folder: PathBuf) -> Options {
    Options { max_connections: 100, ..Options::new(folder) }
}

fn free_address() -> SocketAddr {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

fn start(url: &str, address: SocketAddr) -> Server {
    let mut command = Command::new(env!("CARGO_BIN_EXE_clinigraph"));
    command.args([
        "serve",
        "--connections",
        "8",
        "--rate-user",
        "0",
        "--operation-rates",
        "0",
        "--address",
        &address.to_string(),
    ]);
    command
        .env("DATABASE_URL", url)
        .env("CLINIGRAPH_PREPARED", "true")
        .env("CLINIGRAPH_KEYS", KEYS)
        .env("CLINIGRAPH_LOG", "off");
    command.stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    Server { address, child: command.spawn().unwrap() }
}

async fn answers(address: SocketAddr) -> std::io::Result<bool> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(b"GET /health/ready HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer.starts_with("HTTP/1.1 200"))
}

//! A Postgres with durability on, two servers and a worker on it, and people.

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
    reached: Reached,
    superuser_url: String,
    clinic: Uuid,
    servers: [Server; 2],
    worker: Child,
}

/// What has become of tickets whose first response is late.
#[derive(Debug, QueryableByName)]
pub struct Reports {
    #[diesel(sql_type = sql_types::BigInt)]
    pub late: i64,
    #[diesel(sql_type = sql_types::BigInt)]
    pub events: i64,
    #[diesel(sql_type = sql_types::BigInt)]
    pub tickets: i64,
    #[diesel(sql_type = sql_types::BigInt)]
    pub notifications: i64,
}

/// What all processes share.
struct Reached {
    url: String,
    files: PathBuf,
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
                 values ('{clinic}', 'Oak', 'oak', 'America/Vancouver', 'CAD', 'active');
                 insert into users (id, email, first_name, last_name, status, is_platform_admin)
                 values (gen_random_uuid(), 'ada@people.example', 'Ada', 'Tester', 'active', true)"
            ))
            .await
            .unwrap();
        let reached = Reached { url: superuser_url.clone(), files: folder.path().join("files") };
        // The other server and the worker share the jobs.
        let servers = [start(&reached, free_address(), &["--no-worker"]), start(&reached, free_address(), &[])];
        let worker = start_worker(&reached);
        let world = Self { folder, postgres: Some(postgres), reached, superuser_url, clinic, servers, worker };
        world.serving().await;
        world.has_relays(3).await;
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
        let options: &[&str] = if which == 0 { &["--no-worker"] } else { &[] };
        *server = start(&self.reached, server.address, options);
        self.serving().await;
    }

    pub async fn kill_and_start_worker(&mut self) {
        self.worker.kill().await.unwrap();
        self.has_relays(2).await;
        self.worker = start_worker(&self.reached);
        self.has_relays(3).await;
    }

    /// Waits until so many processes read events: each has one relay. A process that cannot reach the database while it starts
    /// ends, for its supervisor to start it again, and here is none.
    async fn has_relays(&self, number: i64) {
        let mut superuser = connect(&self.superuser_url).await.unwrap();
        let relays = "select count(*) as id from pg_stat_activity where application_name = 'clinigraph relay'";
        let begun = Instant::now();
        while sql_query(relays).get_result::<Event>(&mut superuser).await.unwrap().id != number {
            assert!(begun.elapsed() < LONG, "a process does not come up");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Lets the first response to some tickets be late, as if their priority had changed.
    pub async fn miss_deadlines(&self) {
        let mut superuser = connect(&self.superuser_url).await.unwrap();
        superuser
            .batch_execute(
                "with late as (
                     update support_tickets set first_response_due_at = now() - interval '1 second'
                      where id in (select id from support_tickets where first_response_due_at > now() order by id limit 20)
                     returning id, clinic_id
                 )
                 insert into outbox_events (clinic_id, audience, topic, subject_id, kind)
                 select clinic_id, 'clinic', 'ticket', id, 'priority_changed' from late",
            )
            .await
            .unwrap();
    }

    /// What was reported, when no job is due any more.
    pub async fn reports(&self) -> Reports {
        let mut superuser = connect(&self.superuser_url).await.unwrap();
        let mut begun = Instant::now();
        let due = "select count(*) as id from jobs where status = 'running' or run_at <= now()";
        let unreported = "select count(*) as id from support_tickets
            where first_response_due_at <= now() and first_response_missed_at is null";
        // After many rounds thousands of jobs wait, so what counts is that there are ever fewer.
        for query in [due, unreported, due] {
            let mut fewest = i64::MAX;
            loop {
                let left = sql_query(query).get_result::<Event>(&mut superuser).await.unwrap().id;
                if left == 0 {
                    break;
                }
                if left < fewest {
                    (fewest, begun) = (left, Instant::now());
                }
                assert!(begun.elapsed() < LONG, "missed deadlines are not reported: {left} are left");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
        let reports = sql_query(
            "select (select count(*) from support_tickets where first_response_due_at <= now()) as late,
                    (select count(*) from outbox_events where kind = 'first_response_overdue') as events,
                    (select count(distinct subject_id) from outbox_events where kind = 'first_response_overdue') as tickets,
                    (select count(*) from notifications where kind = 'ticket_overdue') as notifications",
        );
        reports.get_result(&mut superuser).await.unwrap()
    }

    /// The ids of all files.
    pub async fn files(&self) -> Vec<Uuid> {
        #[derive(QueryableByName)]
        struct File {
            #[diesel(sql_type = sql_types::Uuid)]
            id: Uuid,
        }
        let mut superuser = connect(&self.superuser_url).await.unwrap();
        let files: Vec<File> = sql_query("select id from files order by id").load(&mut superuser).await.unwrap();
        files.into_iter().map(|file| file.id).collect()
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
        // As a supervisor stops it.
        let pid = i32::try_from(self.worker.id().unwrap()).unwrap();
        let pid = rustix::process::Pid::from_raw(pid).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        let ended = tokio::time::timeout(LONG, self.worker.wait()).await.unwrap().unwrap();
        assert!(ended.success(), "{ended}");
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

fn start(reached: &Reached, address: SocketAddr, options: &[&str]) -> Server {
    let mut command = program(reached);
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
    Server { address, child: command.args(options).spawn().unwrap() }
}

fn start_worker(reached: &Reached) -> Child {
    program(reached).args(["worker", "--jobs", "2"]).spawn().unwrap()
}

/// The program on this database and store; its command is still to be given.
fn program(Reached { url, files }: &Reached) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_clinigraph"));
    command
        .env("DATABASE_URL", url)
        .env("CLINIGRAPH_FILES", files)
        .env("CLINIGRAPH_PREPARED", "true")
        .env("CLINIGRAPH_KEYS", KEYS)
        .env("CLINIGRAPH_LOG", "off");
    command.stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    command
}

async fn answers(address: SocketAddr) -> std::io::Result<bool> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(b"GET /health/ready HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer.starts_with("HTTP/1.1 200"))
}

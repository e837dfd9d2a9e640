//! What a delivery costs. `cargo bench --bench live -- [mode] [options]`, where a mode is `two` (two servers on one
//! database, the usual one), `one` (5,000 subscribers on one), `node` (a plain graphql-ws server in Node with publishing
//! in memory, under the same client) or `inserts` (what outbox, notification and audit cost a change). Everything
//! runs on this machine, on loopback; only the children of this program are ended.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, clippy::print_stderr)]

#[path = "../pages/database.rs"]
#[allow(dead_code, reason = "pages use the rest")]
mod database;
mod inserts;
mod people;
#[path = "../pages/process.rs"]
#[allow(dead_code, reason = "pages use the rest")]
mod process;
mod socket;

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use clap::{Parser, Subcommand};
use clinigraph::kernel::{db, secrets::KeyRing};
use serde_json::{Value, json};

use self::{
    database::{KEYS, Postgres},
    people::token,
    process::{Server, cpu_ms, free_port, is_postgres, resident_mb},
    socket::Received,
};

#[derive(Parser)]
struct Cli {
    #[command(subcommand)]
    mode: Option<Mode>,
    /// Subscribers, over all servers.
    #[arg(long, global = true)]
    subscribers: Option<usize>,
    /// Events that are written, one after the other.
    #[arg(long, default_value_t = 100, global = true)]
    events: usize,
    /// Milliseconds between the last delivery of an event and the next event.
    #[arg(long, default_value_t = 50, global = true)]
    pause: u64,
    /// Given by cargo.
    #[arg(long, hide = true, global = true)]
    bench: bool,
    #[command(flatten)]
    inserts: inserts::Options,
}

#[derive(Clone, Copy, PartialEq, Eq, Subcommand)]
enum Mode {
    /// Two servers on one database.
    Two,
    /// One server.
    One,
    /// The server in Node.
    Node,
    /// Inserts with everything against the bare insert.
    Inserts,
}

#[tokio::main]
async fn main() {
    let cli = Cli::parse();
    let mode = cli.mode.unwrap_or(Mode::Two);
    if mode == Mode::Inserts {
        let postgres = Postgres::start().await;
        inserts::compare(&postgres.empty("live").await, &cli.inserts).await;
        postgres.stop().await;
        return;
    }
    println!(
        "\n| server | subscribers | to the first p50/p99 ms | to the median | to the last | server CPU µs each | Postgres CPU µs each | KiB each |\n|---|---|---|---|---|---|---|---|"
    );
    if mode == Mode::Node {
        let port = free_port();
        let node = Server::start("node", &["benches/live/node/server.mjs"], &[("PORT", &port.to_string())], port);
        node.ready("").await;
        measure(&cli, "graphql-ws in Node", &[node], None, cli.subscribers.unwrap_or(1000)).await;
        return;
    }
    let postgres = Postgres::start().await;
    let url = postgres.empty("live").await.url;
    let subscribers = cli.subscribers.unwrap_or(if mode == Mode::One { 5000 } else { 1000 });
    db::prepare(&url, KeyRing::parse(KEYS).unwrap().root()).await.unwrap();
    people::make(&url, subscribers).await;
    let mut servers = Vec::new();
    for _ in 0..if mode == Mode::One { 1 } else { 2 } {
        let port = free_port();
        let server = Server::start(
            env!("CARGO_BIN_EXE_clinigraph"),
            &[
                &["serve", "--address", &format!("127.0.0.1:{port}")],
                // All subscribers come from one address, at once, and are of one clinic.
                &["--rate-user", "0", "--operation-rates", "0", "--max-connections-per-address", "10000"][..],
                &["--max-waiting-per-person", "10000", "--max-waiting-per-clinic", "10000"],
            ]
            .concat(),
            &[
                ("DATABASE_URL", &url),
                ("CLINIGRAPH_PREPARED", "true"),
                ("CLINIGRAPH_KEYS", KEYS),
                ("CLINIGRAPH_LOG", "warn"),
            ],
            port,
        );
        server.ready("/health/ready").await;
        servers.push(server);
    }
    let name = if mode == Mode::One { "clinigraph, one server" } else { "clinigraph, two servers" };
    measure(&cli, name, &servers, Some(&url), subscribers).await;
    drop(servers);
    postgres.stop().await;
}

async fn measure(cli: &Cli, name: &str, servers: &[Server], database: Option<&str>, subscribers: usize) {
    let memory = || servers.iter().filter_map(|server| resident_mb(server.pid())).sum::<f64>() * 1024.0;
    // The first ticket's one-time cost is not that of a subscriber.
    let address = |number: usize| servers[number % servers.len()].address;
    let received: Received = Arc::new(Mutex::new(vec![Vec::new(); subscribers]));
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    for server in servers {
        open_ticket(&http, server.address, 0).await;
    }
    let before = memory();
    let begun = Instant::now();
    let mut open = Vec::new();
    for number in 0..subscribers {
        open.push((number, socket::subscribe(address(number), &token(number)).await.unwrap()));
    }
    for (number, stream) in open {
        tokio::spawn(socket::receive(stream, number, Arc::clone(&received)));
    }
    // A socket does not report that its subscription has begun: all have once every one receives the same event.
    let mut warm = 0;
    loop {
        warm += 1;
        open_ticket(&http, address(0), 0).await;
        tokio::time::sleep(Duration::from_millis(500)).await;
        let mut received = received.lock().unwrap();
        let all = received.iter().all(|one| !one.is_empty());
        received.iter_mut().for_each(Vec::clear);
        if all {
            break;
        }
        assert!(warm < 60, "not every subscription has begun");
    }
    eprintln!("{subscribers} listen after {:?}", begun.elapsed());
    let held = memory() - before;
    tokio::time::sleep(Duration::from_secs(1)).await;

    let backends = || backends(database);
    let before = (server_cpu(servers), backends().await);
    for number in 1..=cli.events {
        open_ticket(&http, address(0), number).await;
        let until = Instant::now() + Duration::from_secs(20);
        while !received.lock().unwrap().iter().all(|one| one.len() >= number) {
            assert!(Instant::now() < until, "not every subscriber has received event {number}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        tokio::time::sleep(Duration::from_millis(cli.pause)).await;
    }
    let after = (server_cpu(servers), backends().await);
    let deliveries = (cli.events * subscribers) as f64;
    let each = |before: Option<f64>, after: Option<f64>| match (before, after) {
        (Some(before), Some(after)) => format!("{:.1}", (after - before) * 1e3 / deliveries),
        _ => "?".to_owned(),
    };

    let received = received.lock().unwrap();
    for one in received.iter() {
        let numbers: Vec<u32> = one.iter().map(|delivery| delivery.number).collect();
        let wanted: Vec<u32> = (1..=u32::try_from(cli.events).unwrap()).collect();
        assert_eq!(numbers, wanted, "every event once and in order");
    }
    let (mut first, mut median, mut last) = (Vec::new(), Vec::new(), Vec::new());
    for event in 0..cli.events {
        let mut times: Vec<i64> = received.iter().map(|one| one[event].after_us).collect();
        times.sort_unstable();
        first.push(times[0]);
        median.push(times[times.len() / 2]);
        last.push(times[times.len() - 1]);
    }
    println!(
        "| {name} | {subscribers} | {} | {} | {} | {} | {} | {:.1} |",
        quantiles(first),
        quantiles(median),
        quantiles(last),
        each(before.0, after.0),
        each(before.1, after.1),
        held / subscribers as f64,
    );
}

/// p50 and p99 in milliseconds.
fn quantiles(mut times: Vec<i64>) -> String {
    times.sort_unstable();
    let at = |part: usize| times[(times.len() * part / 100).min(times.len() - 1)] as f64 / 1e3;
    format!("{:.1} / {:.1}", at(50), at(99))
}

fn server_cpu(servers: &[Server]) -> Option<f64> {
    servers.iter().map(|server| cpu_ms(server.pid())).sum()
}

/// CPU time of all that Postgres does for a database.
async fn backends(database: Option<&str>) -> Option<f64> {
    let pids = database::backends_of(database?).await;
    pids.into_iter().filter(|pid| is_postgres(*pid)).map(cpu_ms).sum()
}

/// Opens a ticket, of which every subscriber receives the event.
async fn open_ticket(http: &reqwest::Client, address: SocketAddr, number: usize) {
    let query = "mutation ($input: OpenTicketInput!) { openTicket(input: $input) { ticket { id } } }";
    let input = json!({ "title": number.to_string(), "description": "Please help." });
    let request = http.post(format!("http://{address}/graphql")).bearer_auth(token(0));
    let request = request.json(&json!({ "query": query, "variables": { "input": input } }));
    let answer: Value = request.send().await.unwrap().json().await.unwrap();
    assert!(answer["data"]["openTicket"]["ticket"]["id"].is_string(), "{answer}");
}

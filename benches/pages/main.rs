//! What pages cost, against the same pages written by hand. `cargo bench --bench pages -- [mode] [options]`, where a
//! mode is `limit` (the usual one), `events`, `policies`, `rows`, `fairness`, `start` or `jobs`. Everything runs on this machine, on
//! loopback; only the children of this program are ended.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, clippy::print_stderr)]

mod cases;
mod database;
mod fairness;
mod jobs;
mod limit;
mod load;
mod process;
mod webhooks;

use std::time::{Duration, Instant};

use clap::{Parser, Subcommand};
use clinigraph::seed::Scale;

use self::{
    cases::Case,
    database::{Database, KEYS, Postgres},
    load::post,
    process::{Server, cpu_ms, free_port, is_postgres, resident_mb},
};

#[derive(Parser)]
struct Cli {
    #[command(subcommand)]
    mode: Option<Mode>,
    /// Rounds of each side, in turn. Many short ones: a machine that others use as well gets slower and faster within
    /// seconds, and of two long rounds each sees another machine.
    #[arg(long, default_value_t = 31, global = true)]
    rounds: usize,
    /// Seconds of a round.
    #[arg(long, default_value_t = 0.25, global = true)]
    seconds: f64,
    /// Numbers of connections.
    #[arg(long, default_value = "1,16,64", value_delimiter = ',', global = true)]
    connections: Vec<usize>,
    /// Only these cases.
    #[arg(long, value_delimiter = ',', global = true)]
    only: Vec<String>,
    /// Given by cargo.
    #[arg(long, hide = true, global = true)]
    bench: bool,
    #[command(flatten)]
    scale: Scale,
}

#[derive(Clone, Copy, PartialEq, Eq, Subcommand)]
enum Mode {
    /// Against the server written by hand.
    Limit,
    /// A mutation with audit, notification and events against the same without.
    Events,
    /// With policies against without.
    Policies,
    /// With a hundred times the rows against the usual.
    Rows,
    /// A plain page of one clinic while another does its worst.
    Fairness,
    /// From start to ready, and memory when idle.
    Start,
    /// How soon a job starts, and how many jobs and deliveries of webhooks end in a second.
    Jobs,
    /// Serve for a profiler: prints the requests to send.
    Serve,
    /// The server written by hand; started by this program.
    #[command(hide = true)]
    LimitServer,
}

#[tokio::main]
async fn main() {
    let cli = Cli::parse();
    let mode = cli.mode.unwrap_or(Mode::Limit);
    if mode == Mode::LimitServer {
        let variable = |name| std::env::var(name).unwrap();
        limit::serve(&variable("LIMIT_URL"), variable("LIMIT_PORT").parse().unwrap()).await;
        return;
    }
    let postgres = Postgres::start().await;
    match mode {
        Mode::Limit | Mode::LimitServer => against_the_limit(&cli, &postgres).await,
        Mode::Events => events(&cli, &postgres).await,
        Mode::Policies => policies(&cli, &postgres).await,
        Mode::Rows => rows(&cli, &postgres).await,
        Mode::Fairness => fairness::run(&cli, &postgres).await,
        Mode::Start => start(&cli, &postgres).await,
        Mode::Jobs => jobs::run(&postgres).await,
        Mode::Serve => hold(&cli, &postgres).await,
    }
    postgres.stop().await;
}

async fn against_the_limit(cli: &Cli, postgres: &Postgres) {
    let database = postgres.database("ours", &cli.scale, "").await;
    // The limit writes its audit rows itself, and nobody's policies hold it up.
    let bare = "drop trigger audit on support_tickets; drop trigger touch on support_tickets; drop trigger audit on notifications";
    let by_hand = postgres.database("limit", &cli.scale, bare).await;
    let cases = cases::against_the_limit(&database).await;
    let ours = Side { server: serve(&database).await, database };
    let limit = Side { server: serve_limit(&by_hand).await, database: by_hand };
    let asked = cases.iter().map(|case| Asked {
        name: case.name,
        description: case.description,
        one: case.ours(&ours.database),
        other: case.limit.as_ref().map(|(path, body)| post(path, None, body)).unwrap(),
        same: case.reads,
    });
    compare(cli, ["clinigraph", "by hand"], &ours, &limit, asked.collect()).await;
}

/// One administrator is notified of each ticket. The rule discards the whole statement that notifies.
async fn events(cli: &Cli, postgres: &Postgres) {
    let scale = Scale { clinics: 20, users: 40, tickets: 10_000, messages: 20_000, audit: 1_000, ..cli.scale.clone() };
    let with_events = postgres.database("events", &scale, "").await;
    let bare = postgres.database("bare", &scale, "").await;
    let cases = cases::against_the_limit(&with_events).await;
    let (with_events, bare) = (Side::start(with_events).await, Side::start(bare).await);
    bare.database
        .change(
            "drop trigger audit on support_tickets;
             create rule nothing as on insert to outbox_events do instead nothing",
        )
        .await;
    let asked = cases.iter().filter(|case| !case.reads).map(|case| alike(case, &with_events, &bare));
    compare(cli, ["audit, notification, events", "bare"], &with_events, &bare, asked.collect()).await;
}

async fn policies(cli: &Cli, postgres: &Postgres) {
    let with = postgres.database("with", &cli.scale, "").await;
    let without = postgres.database("without", &cli.scale, "").await;
    let cases = cases::pages(&with).await;
    let (with, without) = (Side::start(with).await, Side::start(without).await);
    // Only now: the gate would not let a server start on such policies. Postgres leaves them out of its plans.
    without
        .database
        .change(
            "do $$ declare p record; begin
                 for p in select * from pg_policies where schemaname = 'public' and roles = '{clinigraph_tenant}'
                                                      and cmd in ('ALL', 'SELECT') loop
                     execute format('drop policy %I on public.%I', p.policyname, p.tablename);
                     execute format('create policy %I on public.%I for %s to clinigraph_tenant using (%s)',
                                    p.policyname, p.tablename, p.cmd,
                                    case p.tablename when 'ticket_messages' then 'not is_internal' else 'true' end);
                 end loop;
             end $$",
        )
        .await;
    let asked = cases.iter().filter(|case| case.by == cases::By::Manager).map(|case| alike(case, &with, &without));
    compare(cli, ["policies", "none"], &with, &without, asked.collect()).await;
}

async fn rows(cli: &Cli, postgres: &Postgres) {
    let scale = |tickets| Scale { tickets, messages: 2 * tickets, audit: 1_000, ..cli.scale.clone() };
    let few = postgres.database("few", &scale(10_000), "").await;
    let many = postgres.database("many", &scale(1_000_000), "").await;
    let (of_few, of_many) = (cases::pages(&few).await, cases::pages(&many).await);
    let (few, many) = (Side::start(few).await, Side::start(many).await);
    let asked = of_many.iter().zip(&of_few).map(|(of_many, of_few)| Asked {
        name: of_many.name,
        description: of_many.description,
        one: of_many.ours(&many.database),
        other: of_few.ours(&few.database),
        same: false,
    });
    compare(cli, ["1,000,000 tickets", "10,000 tickets"], &many, &few, asked.collect()).await;
}

async fn start(cli: &Cli, postgres: &Postgres) {
    let database = postgres.database("ours", &cli.scale, "").await;
    println!("\n| start | ready after ms | resident MB, idle | CPU ms until then |\n|---|---|---|---|");
    for round in 1..=5 {
        let begun = Instant::now();
        let side = Side { server: serve(&database).await, database: database.clone() };
        let ready = begun.elapsed().as_secs_f64() * 1e3;
        tokio::time::sleep(Duration::from_secs(2)).await;
        let pid = side.server.pid();
        println!("| {round} | {ready:.0} | {} | {} |", shown(resident_mb(pid), 1), shown(cpu_ms(pid), 0));
    }
}

async fn hold(cli: &Cli, postgres: &Postgres) {
    let database = postgres.database("ours", &cli.scale, "").await;
    println!("DATABASE_URL=\"{}\"\nCLINIGRAPH_PREPARED=true\nCLINIGRAPH_KEYS={KEYS}", database.url);
    for case in cases::against_the_limit(&database).await {
        println!("--- {}\n{}", case.name, String::from_utf8_lossy(&case.ours(&database)));
    }
    tokio::signal::ctrl_c().await.unwrap();
}

fn alike(case: &Case, one: &Side, other: &Side) -> Asked {
    Asked {
        name: case.name,
        description: case.description,
        one: case.ours(&one.database),
        other: case.ours(&other.database),
        same: case.reads,
    }
}

/// A server and the database behind it.
struct Side {
    server: Server,
    database: Database,
}

impl Side {
    async fn start(database: Database) -> Self {
        Self { server: serve(&database).await, database }
    }
}

/// Our server over a database, ready.
async fn serve(database: &Database) -> Server {
    let port = free_port();
    let address = format!("127.0.0.1:{port}");
    let arguments =
        ["serve", "--address", &address, "--rate-user", "0", "--rate-anonymous", "0", "--operation-rates", "0"];
    let variables = [
        ("DATABASE_URL", database.url.as_str()),
        ("CLINIGRAPH_PREPARED", "true"),
        ("CLINIGRAPH_KEYS", KEYS),
        ("CLINIGRAPH_LOG", "warn"),
    ];
    let server = Server::start(env!("CARGO_BIN_EXE_clinigraph"), &arguments, &variables, port);
    server.ready("/health/ready").await;
    server
}

async fn serve_limit(database: &Database) -> Server {
    let port = free_port();
    let program = std::env::current_exe().unwrap();
    let number = port.to_string();
    let variables = [("LIMIT_URL", database.url.as_str()), ("LIMIT_PORT", number.as_str())];
    let server = Server::start(program.to_str().unwrap(), &["limit-server"], &variables, port);
    server.ready("").await;
    server
}

/// The same question to two servers.
struct Asked {
    name: &'static str,
    description: &'static str,
    one: Vec<u8>,
    other: Vec<u8>,
    same: bool,
}

/// What one side's rounds came to, each figure the median.
struct Figures {
    per_second: f64,
    p50: f64,
    p99: f64,
    server: Option<f64>,
    postgres: Option<f64>,
    resident: Option<f64>,
}

impl Figures {
    fn cpu(&self) -> Option<f64> {
        Some(self.server? + self.postgres?)
    }
}

async fn compare(cli: &Cli, names: [&str; 2], one: &Side, other: &Side, asked: Vec<Asked>) {
    let asked: Vec<_> = asked
        .into_iter()
        .filter(|asked| cli.only.is_empty() || cli.only.iter().any(|name| name == asked.name))
        .collect();
    for asked in &asked {
        let answers =
            [load::once(one.server.address, &asked.one).await, load::once(other.server.address, &asked.other).await];
        let [first, second] = answers.map(|answer| serde_json::from_slice::<serde_json::Value>(&answer).unwrap());
        assert!(first["errors"].is_null(), "{first}");
        if asked.same && first["data"] != second["data"] {
            let differs = first.to_string().bytes().zip(second.to_string().bytes()).take_while(|(a, b)| a == b).count();
            let around = |answer: &serde_json::Value| {
                answer.to_string().chars().skip(differs.saturating_sub(200)).take(400).collect::<String>()
            };
            panic!("{}: the answers differ:\n{}\n{}", asked.name, around(&first), around(&second));
        }
        println!("- {}: {}; {:.1} KB", asked.name, asked.description, first["data"].to_string().len() as f64 / 1e3);
    }
    println!(
        "\n| | connections | | requests/s | p50 ms | p99 ms | server CPU ms | Postgres CPU ms | together | MB | ratio |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|---|");
    for asked in &asked {
        for connections in &cli.connections {
            let mut rounds: [Vec<Figures>; 2] = [Vec::new(), Vec::new()];
            for warm in [true, false] {
                for _ in 0..if warm { 1 } else { cli.rounds } {
                    for (at, (side, request)) in [(one, &asked.one), (other, &asked.other)].into_iter().enumerate() {
                        let figures = measure(side, request, *connections, Duration::from_secs_f64(cli.seconds)).await;
                        if !warm {
                            rounds[at].push(figures);
                        }
                    }
                }
            }
            let [first, second] = rounds.map(|rounds| median(&rounds));
            let ratio = first.cpu().zip(second.cpu()).map(|(first, second)| first / second);
            for (at, (name, figures)) in names.iter().zip([&first, &second]).enumerate() {
                println!(
                    "| {} | {connections} | {name} | {:.0} | {:.2} | {:.2} | {} | {} | {} | {} | {} |",
                    asked.name,
                    figures.per_second,
                    figures.p50,
                    figures.p99,
                    shown(figures.server, 3),
                    shown(figures.postgres, 3),
                    shown(figures.cpu(), 3),
                    shown(figures.resident, 0),
                    if at == 0 {
                        ratio.map_or_else(|| "–".to_owned(), |ratio| format!("**{ratio:.2}×**"))
                    } else {
                        String::new()
                    },
                );
            }
        }
    }
}

async fn measure(side: &Side, request: &[u8], connections: usize, lasts: Duration) -> Figures {
    let pid = side.server.pid();
    let before = side.database.backends().await;
    let spent =
        |backends: &[u32]| backends.iter().map(|pid| cpu_ms(*pid).filter(|_| is_postgres(*pid))).sum::<Option<f64>>();
    let (server, postgres) = (cpu_ms(pid), spent(&before));
    let round = load::run(side.server.address, request, connections, lasts).await;
    let requests = round.requests as f64;
    let each = |after: Option<f64>, before: Option<f64>| Some((after? - before?) / requests);
    Figures {
        per_second: requests / round.seconds,
        p50: f64::from(round.percentile(0.5)) / 1e3,
        p99: f64::from(round.percentile(0.99)) / 1e3,
        server: each(cpu_ms(pid), server),
        // A connection made meanwhile began at nothing.
        postgres: each(spent(&side.database.backends().await), postgres),
        resident: resident_mb(pid),
    }
}

fn median(rounds: &[Figures]) -> Figures {
    let middle = |figure: fn(&Figures) -> Option<f64>| {
        let mut all: Vec<f64> = rounds.iter().filter_map(figure).collect();
        all.sort_by(f64::total_cmp);
        all.get(all.len() / 2).copied()
    };
    Figures {
        per_second: middle(|figures| Some(figures.per_second)).unwrap_or_default(),
        p50: middle(|figures| Some(figures.p50)).unwrap_or_default(),
        p99: middle(|figures| Some(figures.p99)).unwrap_or_default(),
        server: middle(|figures| figures.server),
        postgres: middle(|figures| figures.postgres),
        resident: middle(|figures| figures.resident),
    }
}

fn shown(figure: Option<f64>, digits: usize) -> String {
    figure.map_or_else(|| "not counted here".to_owned(), |figure| format!("{figure:.digits$}"))
}

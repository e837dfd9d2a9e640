//! One clinic does its worst while another reads a plain page: how much slower does that become? Without limits on what
//! may be spent in a minute, so that only the shares of the connections hold.

use std::{collections::BTreeMap, time::Duration};

use clinigraph::seed::Scale;
use serde_json::{Value, json};

use crate::{
    Cli,
    database::Postgres,
    load::{self, Round, post},
    serve,
};

/// Session of the clinic that reads pages; the data is made up.
const TOKEN: &str = "cgs_of_another_clinic";
const PAGE: &str = "{ tickets(first: 25) { nodes { id title status createdAt } } }";
/// Documents that the busy clinic has under way.
const AT_ONCE: usize = 24;
const CALM: Duration = Duration::from_secs(15);
const BUSY: Duration = Duration::from_secs(60);
/// How many times slower the slowest hundredth may become.
const MOST: f64 = 5.0;

pub async fn run(cli: &Cli, postgres: &Postgres) {
    // A few large clinics: what is counted and searched is 12,500 rows.
    let scale =
        Scale { clinics: 4, users: 80, providers: 40, messages: 50_000, audit: 1_000, tickets: cli.scale.tickets };
    let database = postgres.database("fairness", &scale, "").await;
    database
        .change(&format!(
            "insert into sessions (id, user_id, token_hash, acting_clinic_id, expires_at, ip)
             select gen_random_uuid(), user_id, sha256('{TOKEN}'), clinic_id, now() + interval '1 day', '127.0.0.1'
             from memberships where role = 'clinic_manager' and clinic_id <> '{}' limit 1",
            database.people.clinic
        ))
        .await;
    let server = serve(&database).await;
    let page = post("/graphql", Some(TOKEN), &json!({ "query": PAGE }));
    load::run(server.address, &page, 1, Duration::from_secs(2)).await;
    let calm = load::run(server.address, &page, 1, CALM).await;

    let url = format!("http://{}/graphql", server.address);
    let busy: Vec<_> =
        (0..AT_ONCE).map(|_| tokio::spawn(do_worst(url.clone(), database.people.manager.clone()))).collect();
    tokio::time::sleep(Duration::from_secs(1)).await;
    // Stops at the first page that fails.
    let under_load = load::run(server.address, &page, 1, BUSY).await;
    let mut answers: BTreeMap<String, usize> = BTreeMap::new();
    for task in busy {
        for (code, count) in task.await.unwrap() {
            *answers.entry(code).or_default() += count;
        }
    }

    println!("\n| a plain page of 25 tickets of another clinic | pages | p50 ms | p99 ms |\n|---|---|---|---|");
    let milliseconds = |round: &Round, share| f64::from(round.percentile(share)) / 1e3;
    for (name, round) in [("calm", &calm), ("while a clinic does its worst", &under_load)] {
        println!(
            "| {name} | {} | {:.2} | {:.2} |",
            round.requests,
            milliseconds(round, 0.5),
            milliseconds(round, 0.99)
        );
    }
    println!("\nThe busy clinic was answered: {answers:?}");
    let ratio = milliseconds(&under_load, 0.99) / milliseconds(&calm, 0.99);
    println!("p99: **{ratio:.1}×**, at most {MOST}×");
    assert!(ratio < MOST, "the other clinic notices");
}

/// Sends a document of nineteen searched counts, again and again; counts the answers by their code.
async fn do_worst(url: String, token: String) -> BTreeMap<String, usize> {
    let fields: String =
        (0..19).map(|at| format!("a{at}: tickets(filter: {{ text: \"p\" }}) {{ totalCount }} ")).collect();
    let body = json!({ "query": format!("{{ {fields} }}") });
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let mut answers: BTreeMap<String, usize> = BTreeMap::new();
    let until = tokio::time::Instant::now() + BUSY + Duration::from_secs(1);
    while tokio::time::Instant::now() < until {
        let answer = client.post(&url).bearer_auth(&token).json(&body).send().await.unwrap();
        let answer: Value = answer.json().await.unwrap();
        let code = answer.pointer("/errors/0/extensions/code").and_then(Value::as_str).unwrap_or("data");
        *answers.entry(code.to_owned()).or_default() += 1;
    }
    answers
}

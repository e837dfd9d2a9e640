//! Demo users who work with the API continuously, so that subscriptions have something to show.

use std::{
    net::{IpAddr, Ipv4Addr},
    time::Duration,
};

use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::data::PASSWORD;
use crate::{
    kernel::{Error, Result},
    server::contract::{Caller, Execute, Incoming, Outcome, Transport},
};

const PAUSE: Duration = Duration::from_secs(30);

/// User who opens a ticket, administrator who answers, title of the ticket, and answer.
const SCENES: [(&str, &str, &str, &str); 4] = [
    ("tom@harbour.example", "linus@clinigraph.example", "The label printer is slow today", "We are having a look."),
    (
        "joseph@acacia.example",
        "ada@clinigraph.example",
        "A patient cannot see her prescription",
        "Thank you, we see why.",
    ),
    (
        "jack@bondi.example",
        "linus@clinigraph.example",
        "The calendar shows last week",
        "Please reload the page; it is fixed now.",
    ),
    (
        "mei@harbour.example",
        "ada@clinigraph.example",
        "Please add a second fax number",
        "Done. It shows in your settings now.",
    ),
];

/// Plays the scenes until the server stops. A scene that fails is logged, and the next one is played.
pub async fn play<P: Execute>(pipeline: &P) {
    // The interval between the beginnings of two scenes, however long a scene takes.
    let mut clock = tokio::time::interval_at(tokio::time::Instant::now() + PAUSE, PAUSE);
    clock.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    for scene in SCENES.iter().cycle() {
        clock.tick().await;
        if let Err(error) = play_scene(pipeline, scene).await {
            tracing::debug!(%error, "a scene of the demo failed");
        }
    }
}

async fn play_scene<P: Execute>(
    pipeline: &P,
    (opener, helper, title, answer): &(&str, &str, &str, &str),
) -> Result<()> {
    let opener = sign_in(pipeline, opener).await?;
    let ticket = json!({ "title": title, "description": "This is a made-up ticket of the demo." });
    let opened = ask(
        pipeline,
        Some(&opener),
        "mutation Open($input: OpenTicketInput!) { it: openTicket(input: $input) { ticket { id } } }",
        ticket,
    )
    .await?;
    let id = opened.pointer("/data/it/ticket/id").cloned().unwrap_or_default();
    tokio::time::sleep(PAUSE / 6).await;
    let helper = sign_in(pipeline, helper).await?;
    let reply = json!({ "ticketId": id, "body": answer });
    ask(
        pipeline,
        Some(&helper),
        "mutation Reply($input: ReplyToTicketInput!) { it: replyToTicket(input: $input) { message { id } } }",
        reply,
    )
    .await?;
    for (token, status) in [(&helper, "IN_PROGRESS"), (&helper, "RESOLVED"), (&opener, "CLOSED")] {
        tokio::time::sleep(PAUSE / 10).await;
        let change = json!({ "ticketId": id, "status": status });
        let document = "mutation Move($input: ChangeTicketStatusInput!) { it: changeTicketStatus(input: $input) { ticket { id } } }";
        ask(pipeline, Some(token), document, change).await?;
    }
    for token in [opener, helper] {
        ask(pipeline, Some(&token), "mutation Leave { it: signOut { signedOut } }", Value::Null).await?;
    }
    Ok(())
}

async fn sign_in<P: Execute>(pipeline: &P, email: &str) -> Result<String> {
    let input = json!({ "email": email, "password": PASSWORD });
    let answer =
        ask(pipeline, None, "mutation Enter($input: SignInInput!) { it: signIn(input: $input) { token } }", input)
            .await?;
    let token = answer.pointer("/data/it/token").and_then(Value::as_str);
    token.map(str::to_owned).ok_or_else(|| Error::internal(answer.to_string()))
}

async fn ask<P: Execute>(pipeline: &P, token: Option<&str>, query: &str, input: Value) -> Result<Value> {
    let variables = (!input.is_null()).then(|| Map::from_iter([("input".to_owned(), input)]));
    let incoming = Incoming { query: Some(query.to_owned()), variables, ..Incoming::default() };
    let caller = Caller {
        token: token.map(str::to_owned),
        address: IpAddr::V4(Ipv4Addr::LOCALHOST),
        agent: Some("clinigraph demo".to_owned()),
        request_id: Uuid::now_v7().to_string(),
        idempotency_key: None,
        transport: Transport::HttpPost,
    };
    match pipeline.run(incoming, caller).await {
        Outcome::Answer(answer) => serde_json::from_slice(&answer.body).map_err(Error::internal),
        Outcome::Stream(_) => Err(Error::internal("a stream")),
    }
}

//! A pipeline on a leash: it does what the real one does only by accident, or not yet.

use std::{
    net::SocketAddr,
    ops::Deref,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use axum::Router;
use clinigraph::server::{
    Execute, Graphiql, ServerConfig,
    contract::{Answer, Caller, Event, Incoming, Outcome, RateLimit, SocketRefusal, SocketUser, Status},
    serve_with,
};
use futures_util::{FutureExt, StreamExt, future, stream};
use http::StatusCode;
use serde_json::{Value, json};
use tokio::{
    sync::{Semaphore, oneshot},
    task::JoinHandle,
    time::timeout,
};

use super::client::{Front, LONG, until};

/// Runs documents of one root field, by its name.
pub struct Stub {
    /// Operations that have begun and not ended.
    running: Arc<AtomicUsize>,
    /// Events that `flood` was asked for.
    produced: Arc<AtomicUsize>,
    unready: AtomicBool,
    /// How often it was asked whether it is ready.
    checks: AtomicUsize,
    /// Lets `waits` go on.
    released: Semaphore,
}

struct Running(Arc<AtomicUsize>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

fn answer(body: &Value, status: Status) -> Answer {
    Answer { body: body.to_string().into(), status, cookies: Vec::new(), rate_limit: None, retry_after: None }
}

fn next(number: usize) -> Event {
    Event::Next { body: json!({ "data": { "n": number } }).to_string().into(), id: Some(format!("at-{number}")) }
}

/// The number in a document.
fn number(query: &str) -> usize {
    let digits: String = query.chars().filter(char::is_ascii_digit).collect();
    digits.parse().unwrap_or(0)
}

impl Stub {
    fn begin(&self) -> Running {
        self.running.fetch_add(1, Ordering::SeqCst);
        Running(Arc::clone(&self.running))
    }

    fn events(&self, field: &str, query: &str, incoming: &Incoming) -> Outcome {
        let running = self.begin();
        let events = match field {
            "count" => {
                let last = incoming.extensions.as_ref().and_then(|all| all.get("lastEventId")?.as_str());
                let from = last.and_then(|last| last.strip_prefix("at-")?.parse::<usize>().ok());
                stream::iter((from.map_or(0, |last| last + 1)..number(query)).map(next)).boxed()
            }
            "flood" => {
                let (produced, size) = (Arc::clone(&self.produced), number(query));
                let event =
                    move || Event::Next { body: json!({ "data": "x".repeat(size) }).to_string().into(), id: None };
                stream::repeat_with(move || {
                    produced.fetch_add(1, Ordering::SeqCst);
                    event()
                })
                .boxed()
            }
            "silent" => stream::pending().boxed(),
            "closes" => {
                let close = Event::Close { code: 4403, error: "SESSION_EXPIRED", reason: "session revoked".to_owned() };
                stream::iter([next(0), close, next(1)]).boxed()
            }
            "errors" => {
                let error = Event::Error(self.refuse("", StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL", "broken"));
                stream::iter([next(0), error, next(1)]).boxed()
            }
            "panics" => stream::iter(0..2).map(|at| if at == 0 { next(0) } else { panic!("a stream panics") }).boxed(),
            _ => {
                return Outcome::Answer(self.refuse("", StatusCode::BAD_REQUEST, "VALIDATION_FAILED", "unknown field"));
            }
        };
        let held = move |event| {
            let _ = &running;
            event
        };
        Outcome::Stream(events.map(held).boxed())
    }
}

impl Execute for Stub {
    async fn run(&self, incoming: Incoming, caller: Caller) -> Outcome {
        let _running = self.begin();
        let query = incoming.query.clone().unwrap_or_default();
        let inner = query.split_once('{').map_or("", |(_, inner)| inner).trim_start();
        let field = inner.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next().unwrap_or_default();
        if query.starts_with("subscription") {
            return self.events(field, &query, &incoming);
        }
        let data = match field {
            "waits" => {
                self.released.acquire().await.unwrap().forget();
                json!(true)
            }
            "panics" => panic!("a resolver panics"),
            "big" => json!("y".repeat(number(&query))),
            "echo" => json!({
                "variables": incoming.variables, "extensions": incoming.extensions,
                "operationName": incoming.operation_name, "token": caller.token, "key": caller.idempotency_key,
                "address": caller.address, "agent": caller.agent, "requestId": caller.request_id,
                "transport": format!("{:?}", caller.transport),
            }),
            "signIn" => {
                let mut signed = answer(&json!({ "data": { "signIn": true } }), Status::Executed);
                signed.cookies.push("__Host-clinigraph=abc; Path=/; HttpOnly; Secure; SameSite=Lax".to_owned());
                return Outcome::Answer(signed);
            }
            "limited" => {
                let mut limited = self.refuse("", StatusCode::TOO_MANY_REQUESTS, "RATE_LIMITED", "slow down");
                limited.rate_limit = Some(RateLimit { limit: 5, remaining: 0, reset_seconds: 7 });
                limited.retry_after = Some(7);
                return Outcome::Answer(limited);
            }
            _ => json!("Query"),
        };
        Outcome::Answer(answer(&json!({ "data": { field: data } }), Status::Executed))
    }

    async fn authenticate_socket(&self, caller: &Caller) -> Result<Option<SocketUser>, SocketRefusal> {
        let guest = |key: &str| SocketUser { key: key.to_owned(), revoked: future::pending().boxed() };
        match caller.token.as_deref() {
            Some("panics") => panic!("a greeting panics"),
            Some("waits") => {
                self.released.acquire().await.unwrap().forget();
                Ok(Some(guest("waits")))
            }
            other => Ok(other.map(guest)),
        }
    }

    fn refuse(&self, request_id: &str, status: StatusCode, code: &'static str, message: &str) -> Answer {
        let error = json!({ "message": message, "extensions": { "code": code, "requestId": request_id } });
        answer(&json!({ "errors": [error] }), Status::Refused(status))
    }

    async fn ready(&self) -> bool {
        self.checks.fetch_add(1, Ordering::SeqCst);
        !self.unready.load(Ordering::SeqCst)
    }
}

/// A served stub.
pub struct StubApp {
    front: Front,
    stub: Arc<Stub>,
    stop: Option<oneshot::Sender<()>>,
    served: JoinHandle<()>,
}

impl Deref for StubApp {
    type Target = Front;

    fn deref(&self) -> &Front {
        &self.front
    }
}

/// Limits that no test meets by accident, however busy the machine is.
pub fn patient() -> ServerConfig {
    let mut config = ServerConfig {
        header_timeout: LONG,
        body_timeout: LONG,
        idle_timeout: LONG,
        write_timeout: LONG,
        answer_timeout: LONG,
        stop_within: LONG,
        stream_keep_alive: LONG,
        graphiql: Graphiql::Open,
        development: true,
        ..ServerConfig::default()
    };
    config.socket.init_timeout = LONG;
    config.socket.ping_every = LONG;
    config
}

impl StubApp {
    pub async fn new() -> Self {
        Self::with(|_| {}).await
    }

    pub async fn with(change: impl FnOnce(&mut ServerConfig)) -> Self {
        Self::beside(Router::new(), change).await
    }

    pub async fn beside(more: Router, change: impl FnOnce(&mut ServerConfig)) -> Self {
        let mut config = patient();
        change(&mut config);
        let stub = Arc::new(Stub {
            running: Arc::default(),
            produced: Arc::default(),
            unready: AtomicBool::new(false),
            checks: AtomicUsize::new(0),
            released: Semaphore::new(0),
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address: SocketAddr = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let served = tokio::spawn({
            let stub = Arc::clone(&stub);
            async move { serve_with(listener, stub, config, more, async { drop(stopped.await) }).await.unwrap() }
        });
        Self { front: Front::new(address), stub, stop: Some(stop), served }
    }

    pub fn running(&self) -> usize {
        self.stub.running.load(Ordering::SeqCst)
    }

    pub fn produced(&self) -> usize {
        self.stub.produced.load(Ordering::SeqCst)
    }

    pub async fn until_running(&self, count: usize) {
        until(|| self.running() == count).await;
    }

    /// Lets so many of what `waits` go on.
    pub fn release(&self, count: usize) {
        self.stub.released.add_permits(count);
    }

    pub fn checks(&self) -> usize {
        self.stub.checks.load(Ordering::SeqCst)
    }

    pub fn turn_unready(&self) {
        self.stub.unready.store(true, Ordering::SeqCst);
    }

    /// Asks the server to stop.
    pub fn stop(&mut self) {
        self.stop.take().unwrap().send(()).unwrap();
    }

    /// Until it has stopped.
    pub async fn stopped(&mut self) {
        timeout(LONG, &mut self.served).await.expect("the server stops").unwrap();
    }
}

//! Subscriptions: the operation runs once to determine its events, and then again for each event as a separate read.
//! Listeners with the same view of an event share one read, but each is authorised separately.

use std::{
    borrow::Cow,
    sync::Arc,
    time::{Duration, Instant},
};

use async_graphql::{
    ServerError,
    parser::types::{OperationDefinition, Selection},
};
use bytes::Bytes;
use futures_util::{FutureExt, StreamExt, stream};
use http::StatusCode;
use serde_json::Map;

use super::{
    Parts,
    admit::Job,
    answer::{self, Data},
    document::Refused,
    run::timed_out,
    server_error,
};
use crate::{
    kernel::{Actor, Code, Error, Result, actor::Person, db::Access, request::Request},
    live::{Audience, Behind, FRESH, Listening, Live, Seat, Shared, Wanted},
    server::contract::{Answer, Event, Outcome, Status},
};

/// Pauses before a failed read is repeated while the database is unavailable.
const PAUSES: [Duration; 4] =
    [Duration::from_millis(100), Duration::from_millis(400), Duration::from_millis(1000), Duration::from_millis(2000)];

/// One running subscription.
struct Listener {
    parts: Arc<Parts>,
    job: Job,
    person: Arc<Person>,
    wanted: Wanted,
    place: i64,
    /// Whether the listener has reached the newest event; before that, being behind is not its fault.
    caught_up: bool,
    /// The events to be delivered, in reverse order.
    waiting: Vec<Arc<Shared>>,
    seat: Seat,
    listening: Listening,
}

/// Begins a subscription, after the event that the client received last.
pub async fn listen(parts: Arc<Parts>, job: Job, last_event_id: Option<String>) -> Result<Outcome, Refused> {
    if job.roots.len() != 1 {
        return Err(Error::new(Code::ValidationFailed, "a subscription has exactly one field").into());
    }
    let live = Live::begins();
    let (_, errors) = parts.respond(&job, &live).await?;
    if !errors.is_empty() {
        return Err(Refused::Subscription(errors));
    }
    let mut wanted = live.wanted().ok_or_else(|| Error::internal("a subscription without events"))?;
    let person = Arc::clone(job.actor.person()?);
    let listening = parts.hub.session_states.listen(person.session_id);
    // The cached lookup can be a minute old.
    parts.hub.session_states.look_since(Instant::now()).await?;
    if let Err(error) = require(&listening, &person) {
        if let Some(hash) = job.token_hash {
            parts.sessions.forget(&hash);
        }
        return Err(error.into());
    }
    let seat = parts.hub.seat(wanted.channel(&job.actor)).await?;
    // A reconnecting client sends its first request again, and the last event id beside it.
    let place = match last_event_id.or_else(|| wanted.after.take()) {
        Some(after) => {
            let place = parts.hub.names.read(&after)?;
            parts.hub.require_kept(place).await?;
            place
        }
        None => seat.position,
    };
    let listener =
        Listener { parts, job, person, wanted, place, caught_up: false, waiting: Vec::new(), seat, listening };
    let events = stream::unfold(Some(listener), |listener| async {
        let mut listener = listener?;
        Some(match listener.next().await {
            Ok(event) => (event, Some(listener)),
            Err(last) => (last, None),
        })
    });
    Ok(Outcome::Stream(events.boxed()))
}

/// The last event that a client received before it lost its event stream.
pub fn last_event_id(extensions: Option<&Map<String, serde_json::Value>>) -> Option<String> {
    extensions?.get("lastEventId")?.as_str().map(str::to_owned)
}

/// The variables without the one that only says where to resume, which does not change what is listened to. It is used
/// for the root field's argument only, so the text has its name twice: there, and in its definition.
pub fn lasting<'a>(
    text: &str,
    operation: &OperationDefinition,
    given: &'a Map<String, serde_json::Value>,
) -> Cow<'a, Map<String, serde_json::Value>> {
    let root = operation.selection_set.node.items.first().map(|root| &root.node);
    let after = match root {
        Some(Selection::Field(field)) => field.node.get_argument("after").map(|after| &after.node),
        _ => None,
    };
    let Some(Err(name)) = after.map(|after| after.clone().into_const_with(Err)) else { return Cow::Borrowed(given) };
    if !given.contains_key(name.as_str()) || text.matches(&format!("${name}")).count() != 2 {
        return Cow::Borrowed(given);
    }
    let mut lasting = given.clone();
    lasting.remove(name.as_str());
    Cow::Owned(lasting)
}

fn require(listening: &Listening, person: &Person) -> Result<()> {
    let state = listening.state().ok_or_else(|| Error::unavailable("the session has not been checked"))?;
    state.require(person)
}

impl Listener {
    /// The next event; `Err` is the last one.
    async fn next(&mut self) -> Result<Event, Event> {
        loop {
            while let Some(shared) = self.waiting.pop() {
                let delivered = self.deliver(&shared).await?;
                self.place = shared.event.id;
                if let Some(event) = delivered {
                    return Ok(event);
                }
            }
            match self.seat.behind(self.place) {
                Behind::Events(events) => {
                    self.caught_up = true;
                    self.place = self.take(events).unwrap_or(self.place);
                }
                Behind::Gone if self.caught_up => {
                    let cursor = self.parts.hub.names.cursor(self.place);
                    let message = format!("the listener was too slow; resume after {cursor}");
                    return Err(self.failed(&Error::new(Code::Lagged, message).cursor(cursor)));
                }
                Behind::Gone => {
                    let behind = self.parts.hub.behind(self.place).await;
                    let (events, reached) = behind.map_err(|error| self.failed(&error))?;
                    self.take(events);
                    if self.waiting.is_empty() {
                        self.place = reached;
                    }
                }
                Behind::Nothing => {
                    self.caught_up = true;
                    tokio::select! {
                        () = self.seat.rung() => {}
                        () = self.listening.changed() => self.require()?,
                    }
                }
            }
        }
    }

    /// Queues the matching events for delivery; returns the position of the last event if none matches.
    fn take(&mut self, events: Vec<Arc<Shared>>) -> Option<i64> {
        let last = events.last().map(|last| last.event.id);
        let wanted = events.into_iter().filter(|shared| self.wanted.matches(&self.job.actor, &shared.event));
        self.waiting = wanted.collect();
        self.waiting.reverse();
        last.filter(|_| self.waiting.is_empty())
    }

    /// The JSON of an event for this listener; `None` if they may not receive it.
    async fn deliver(&self, shared: &Arc<Shared>) -> Result<Option<Event>, Event> {
        let recently = Instant::now().checked_sub(FRESH);
        let since = recently.map_or(shared.heard, |recently| recently.max(shared.heard));
        self.parts.hub.session_states.look_since(since).await.map_err(|error| self.failed(&error))?;
        self.require()?;
        let audience = Audience {
            asked: self.job.fingerprint,
            clinic: self.person.acting,
            user: self.wanted.personal.then_some(self.person.user_id),
        };
        let text = shared.text(&self.parts.hub, audience);
        let written = text.get_or_try_init(|| self.write(shared)).await.map_err(|error| self.failed(&error))?;
        let event = Event::Next { body: written.clone(), id: Some(shared.cursor.clone()) };
        Ok((!written.is_empty()).then_some(event))
    }

    /// Reads the event; retries while the database is unavailable for a moment.
    async fn write(&self, shared: &Arc<Shared>) -> Result<Bytes> {
        let mut pauses = PAUSES.iter();
        loop {
            let live = Arc::new(Live::Delivers(Arc::clone(shared)));
            let answered = self.parts.respond(&self.job, &live).await.and_then(|(data, errors)| {
                match errors.iter().find_map(|error| error.source::<Error>()) {
                    Some(error) if error.code() == Code::Unavailable => Err(error.clone()),
                    _ => Ok((data, errors)),
                }
            });
            match (answered, pauses.next()) {
                (Err(error), Some(pause)) if error.code() == Code::Unavailable && !error.refuses_caller() => {
                    tokio::time::sleep(*pause).await;
                }
                (Err(error), _) => return Err(error),
                (Ok((Data::None | Data::Null, errors)), _) if errors.is_empty() => return Ok(Bytes::new()),
                (Ok((data, errors)), _) => {
                    return Ok(answer::write(&data, &errors, None, &self.job.origin.request_id));
                }
            }
        }
    }

    /// Ends the subscription when the caller's session or rights have changed.
    fn require(&self) -> Result<(), Event> {
        require(&self.listening, &self.person).map_err(|error| {
            if let Some(hash) = self.job.token_hash {
                self.parts.sessions.forget(&hash);
            }
            Event::Close { code: 4403, error: error.code().as_str(), reason: error.message().to_owned() }
        })
    }

    /// The event that ends the subscription with an error; a refused caller loses the whole socket.
    fn failed(&self, error: &Error) -> Event {
        if error.refuses_caller() {
            let code = if error.is_stale_actor() { Code::Forbidden } else { error.code() };
            return Event::Close { code: 4403, error: code.as_str(), reason: error.message().to_owned() };
        }
        let refusal = self.parts.refusal(&self.job.origin.request_id, &[server_error(error)], error);
        Event::Error(Answer { status: Status::Refused(StatusCode::OK), ..refusal })
    }
}

impl Parts {
    /// Runs a subscription's operation once, under a scope of its own.
    async fn respond(&self, job: &Job, live: &Arc<Live>) -> Result<(Data, Vec<ServerError>)> {
        let actor: Actor = job.actor.clone();
        let request = Request::new(
            self.database.clone(),
            actor,
            Access::Read,
            String::new(),
            Arc::clone(&job.origin),
            job.token_hash,
        );
        let request = Arc::new(request);
        let mut data = async_graphql::Data::default();
        data.insert(Arc::clone(&request));
        data.insert(Arc::clone(live));
        let mut responses = self.executor.stream(job.invocation(), data);
        let response = tokio::time::timeout(self.settings.deadline, responses.next()).await;
        drop(responses);
        request.finish_others();
        let scope = Arc::clone(request.scope());
        // Not awaited: the database may not answer at all.
        let refusal = scope.refusal().now_or_never().flatten();
        scope.finish();
        match (refusal, response) {
            (Some(refusal), _) => Err(refusal),
            (None, Ok(resolved)) => Ok(self.data(job, resolved.unwrap_or_default())),
            (None, Err(_)) => Err(timed_out()),
        }
    }
}

/// The error that refuses a subscription as a whole.
pub fn refusal(errors: &[ServerError]) -> Error {
    errors
        .iter()
        .find_map(|error| error.source::<Error>())
        .cloned()
        .unwrap_or_else(|| Error::new(Code::InvalidInput, ""))
}

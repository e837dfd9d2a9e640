//! Subscriptions: the operation is run once at the beginning, to learn which events are wanted, and then for each event as
//! a read of its own. Listeners for whom an event reads the same share one reading, but each one's rights are checked.

use std::{
    borrow::Cow,
    sync::Arc,
    time::{Duration, Instant},
};

use async_graphql::{
    ServerError,
    parser::types::{OperationDefinition, Selection, SelectionSet},
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
    graphql,
    kernel::{
        Code, Error, Result,
        actor::Person,
        db::{Access, Terms},
        entity::Column,
        request::Request,
    },
    live::{Audience, Backlog, ChannelReader, FRESH, Listening, Live, Shared, Wanted},
    server::contract::{Answer, Event, Outcome, Status},
};

/// Pauses after which a reading that the database did not answer is tried again.
const PAUSES: [Duration; 4] =
    [Duration::from_millis(100), Duration::from_millis(400), Duration::from_millis(1000), Duration::from_millis(2000)];

/// A running subscription.
struct Listener {
    parts: Arc<Parts>,
    job: Job,
    person: Arc<Person>,
    wanted: Wanted,
    /// Whether the operation reads something that is shown to the caller alone.
    reads_own: bool,
    /// Id of the last event that was delivered or passed over.
    position: i64,
    /// Whether it has caught up with its channel; being behind before that is no fault.
    caught_up: bool,
    /// Events to be delivered next, the first last.
    waiting: Vec<Arc<Shared>>,
    channel: ChannelReader,
    listening: Listening,
}

/// Begins a subscription, behind the event that the client received last or has named.
pub async fn listen(parts: Arc<Parts>, job: Job, last_event_id: Option<String>) -> Result<Outcome, Refused> {
    if job.roots.len() != 1 {
        return Err(Error::new(Code::ValidationFailed, "a subscription has exactly one field").into());
    }
    let live = Live::begins();
    let (_, errors) = parts.respond(&job, &live).await?;
    if !errors.is_empty() {
        return Err(Refused::Subscription(errors));
    }
    let mut wanted =
        live.wanted().ok_or_else(|| Error::internal("a subscription did not say which events it wants"))?;
    let person = Arc::clone(job.actor.person()?);
    let listening = parts.hub.session_states.listen(person.session()?);
    // The actor may have been looked up a minute ago.
    parts.hub.session_states.check_since(Instant::now()).await?;
    if let Err(error) = require(&listening, &person) {
        if let Some(hash) = job.token_hash {
            parts.tokens.forget(&hash);
        }
        return Err(error.into());
    }
    let channel = parts.hub.channel(wanted.channel(&job.actor)).await?;
    // A client that comes back sends its first operation again, and its last event id beside it.
    let position = match last_event_id.or_else(|| wanted.after.take()) {
        Some(after) => {
            let position = parts.hub.names.read(&after)?;
            parts.hub.require_retained(position).await?;
            position
        }
        None => channel.position,
    };
    let reads_own = selects_own(&job);
    let listener = Listener {
        parts,
        job,
        person,
        wanted,
        reads_own,
        position,
        caught_up: false,
        waiting: Vec::new(),
        channel,
        listening,
    };
    let events = stream::unfold(Some(listener), |listener| async {
        let mut listener = listener?;
        Some(match listener.next().await {
            Ok(event) => (event, Some(listener)),
            Err(last) => (last, None),
        })
    });
    Ok(Outcome::Stream(events.boxed()))
}

/// The last event that a client received before its event stream broke.
pub fn last_event_id(extensions: Option<&Map<String, serde_json::Value>>) -> Option<String> {
    extensions?.get("lastEventId")?.as_str().map(str::to_owned)
}

/// The variables without the one that only says where to resume: with another cursor the operation asks for the same.
/// Such a variable is the value of the root field's argument and nothing else, so the text has it twice: there, and where
/// it is defined.
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

/// Whether an operation may select a column that the caller, without the permission for it, reads in their own rows only. By the
/// name of the field alone: a field of another type with the same name costs a reading of one's own, and nothing else.
fn selects_own(job: &Job) -> bool {
    let hidden =
        |column: &&Column| column.read.is_some_and(|guard| guard.own.is_some() && !job.actor.may(guard.permission));
    let defs = graphql::entities();
    let names: Vec<&str> =
        defs.iter().flat_map(|def| def.columns.iter().filter(hidden)).map(|column| column.name.as_str()).collect();
    let operations = job.document.operations.iter().map(|(_, operation)| &operation.node.selection_set.node);
    let fragments = job.document.fragments.values().map(|fragment| &fragment.node.selection_set.node);
    operations.chain(fragments).any(|set| selects_any(set, &names))
}

fn selects_any(set: &SelectionSet, names: &[&str]) -> bool {
    set.items.iter().any(|selection| match &selection.node {
        Selection::Field(field) => {
            names.contains(&field.node.name.node.as_str()) || selects_any(&field.node.selection_set.node, names)
        }
        Selection::InlineFragment(fragment) => selects_any(&fragment.node.selection_set.node, names),
        Selection::FragmentSpread(_) => false,
    })
}

fn require(listening: &Listening, person: &Person) -> Result<()> {
    let state = listening.state().ok_or_else(|| Error::unavailable("the session was not checked yet"))?;
    state.require(person)
}

impl Listener {
    /// The next event; `Err` is the last one.
    async fn next(&mut self) -> Result<Event, Event> {
        loop {
            while let Some(shared) = self.waiting.pop() {
                let delivered = self.deliver(&shared).await?;
                self.position = shared.event.id;
                if let Some(event) = delivered {
                    return Ok(event);
                }
            }
            match self.channel.backlog(self.position) {
                Backlog::Events(events) => {
                    self.caught_up = true;
                    self.position = self.take(events).unwrap_or(self.position);
                }
                Backlog::Dropped if self.caught_up => {
                    let cursor = self.parts.hub.names.cursor(self.position);
                    let message = format!("this listener is too slow; resume after {cursor}");
                    return Err(self.failed(&Error::new(Code::Lagged, message).cursor(cursor)));
                }
                Backlog::Dropped => {
                    let backlog = self.parts.hub.backlog(self.position).await;
                    let (events, reached) = backlog.map_err(|error| self.failed(&error))?;
                    self.take(events);
                    if self.waiting.is_empty() {
                        self.position = reached;
                    }
                }
                Backlog::Empty => {
                    self.caught_up = true;
                    tokio::select! {
                        () = self.channel.signalled() => {}
                        () = self.listening.changed() => self.require()?,
                    }
                }
            }
        }
    }

    /// Takes the wanted ones of some events for delivery; returns the last one's id when none is wanted.
    fn take(&mut self, events: Vec<Arc<Shared>>) -> Option<i64> {
        let last = events.last().map(|last| last.event.id);
        let wanted = events.into_iter().filter(|shared| self.wanted.matches(&self.job.actor, &shared.event));
        self.waiting = wanted.collect();
        self.waiting.reverse();
        last.filter(|_| self.waiting.is_empty())
    }

    /// The text of an event for this listener; `None` when the operation has nothing to deliver of it.
    async fn deliver(&self, shared: &Arc<Shared>) -> Result<Option<Event>, Event> {
        let recently = Instant::now().checked_sub(FRESH);
        let since = recently.map_or(shared.received, |recently| recently.max(shared.received));
        self.parts.hub.session_states.check_since(since).await.map_err(|error| self.failed(&error))?;
        self.require()?;
        let audience = Audience {
            asked: self.job.fingerprint,
            clinic: self.person.acting,
            user: (self.wanted.is_personal() || self.reads_own).then_some(self.person.user_id),
        };
        let text = shared.text(&self.parts.hub, audience);
        let written = text.get_or_try_init(|| self.write(shared)).await.map_err(|error| self.failed(&error))?;
        let event = Event::Next { body: written.clone(), id: Some(shared.cursor.clone()) };
        Ok((!written.is_empty()).then_some(event))
    }

    /// Reads the event's object and writes the payload; waits for a database that is unavailable for a moment.
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

    /// Fails with the end of the subscription when the person's rights are not any more those it began with.
    fn require(&self) -> Result<(), Event> {
        require(&self.listening, &self.person).map_err(|error| {
            if let Some(hash) = self.job.token_hash {
                self.parts.tokens.forget(&hash);
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
        // The reader of an event did not cause it, and loses the subscription if it is not read.
        let terms = Terms { is_patient: matches!(**live, Live::Delivers(_)), ..job.terms() };
        let request = Request::new(
            self.database.on_terms(terms),
            job.actor.clone(),
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
        let refusal = scope.refusal().now_or_never().flatten();
        scope.finish();
        match (refusal, response) {
            (Some(refusal), _) => Err(refusal),
            (None, Ok(resolved)) => Ok(self.data(job, resolved.unwrap_or_default())),
            (None, Err(_)) => Err(timed_out()),
        }
    }
}

/// The error of a subscription that could not begin.
pub fn refusal(errors: &[ServerError]) -> Error {
    errors
        .iter()
        .find_map(|error| error.source::<Error>())
        .cloned()
        .unwrap_or_else(|| Error::new(Code::InvalidInput, ""))
}

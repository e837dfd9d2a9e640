//! Subscriptions: the operation is begun once, to learn what is wanted, and then run for each event as a read of its
//! own. Listeners to whom an event reads the same share the one reading, but each is let through by itself.

use std::{sync::Arc, time::Duration};

use async_graphql::{Data, ServerError};
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::StatusCode;
use sha2::{Digest, Sha256};
use tokio::sync::watch;

use super::{Job, Parts, Refused, answer, done, executor::Resolved, from_ours};
use crate::{
    kernel::{Actor, Code, Error, Result, actor::Person, db::Access, request::Request},
    live::{Audience, Listening, Live, Shared, Standing, Wanted, cursor_of},
    server::door::{Event, Outcome, Status},
};

/// How often somebody to whom nothing happens is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// A listener that falls so many events behind is told to resume.
const MOST_BEHIND: i64 = 8_000;

/// Somebody who listens.
struct Listener {
    parts: Arc<Parts>,
    job: Job,
    person: Arc<Person>,
    wanted: Wanted,
    asked: [u8; 32],
    place: i64,
    /// Whether the present was reached once; before, being behind is no fault.
    caught_up: bool,
    waiting: Vec<Arc<Shared>>,
    watch: watch::Receiver<Option<i64>>,
    _listening: Listening,
}

/// Begins a subscription.
pub async fn listen(parts: Arc<Parts>, job: Job) -> Result<Outcome, Refused> {
    if job.roots.len() != 1 {
        return Err(Error::new(Code::ValidationFailed, "a subscription has exactly one field").into());
    }
    let live = Live::begins();
    let begun = parts.respond(&job, &live).await?;
    if !begun.errors.is_empty() {
        return Err(Refused::Failed(begun.errors));
    }
    let wanted = live.wanted().ok_or_else(|| Error::internal("a subscription that wants nothing"))?;
    let person = Arc::clone(job.actor.person()?);
    let listening = parts.hub.listen(person.session_id);
    // Looked up may be a minute old: the first look is now.
    if parts.hub.look_at_sessions().await?.get(&person.session_id) != Some(&Standing::of(&person)) {
        if let Some(hash) = job.hash {
            parts.sessions.forget(&hash);
        }
        return Err(
            Error::new(Code::SessionExpired, "your session has ended or changed; please subscribe again").into()
        );
    }
    let place = match wanted.after {
        Some(after) => {
            parts.hub.require_kept(after).await?;
            after
        }
        None => parts.hub.position().await?,
    };
    let asked = Sha256::new().chain_update(job.fingerprint).finalize().into();
    let watch = parts.hub.watch();
    let listener = Listener {
        parts,
        job,
        person,
        wanted,
        asked,
        place,
        caught_up: false,
        waiting: Vec::new(),
        watch,
        _listening: listening,
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

impl Listener {
    /// The next event; `Err` is the last one.
    async fn next(&mut self) -> Result<Event, Event> {
        loop {
            while let Some(shared) = self.waiting.pop() {
                if let Some(event) = self.deliver(&shared).await? {
                    self.place = shared.event.id;
                    return Ok(event);
                }
            }
            let known = self.parts.hub.position().await.map_err(|error| self.failed(&error))?;
            if known > self.place {
                if self.caught_up && known - self.place > MOST_BEHIND {
                    let told = format!("this listener is too slow; resume after {}", cursor_of(self.place));
                    return Err(self.failed(&Error::new(Code::Lagged, told)));
                }
                let (behind, reached) = self.parts.hub.behind(self.place).await.map_err(|error| self.failed(&error))?;
                self.waiting = behind
                    .into_iter()
                    .filter(|shared| self.wanted.matches(&self.job.actor, &shared.event))
                    .rev()
                    .collect();
                if self.waiting.is_empty() {
                    self.place = reached;
                }
                continue;
            }
            self.caught_up = true;
            if tokio::time::timeout(LOOK_EVERY, self.watch.changed()).await.is_err() {
                let standing = self.parts.hub.standing_lately(LOOK_EVERY).await.map_err(|error| self.failed(&error))?;
                self.require(standing.get(&self.person.session_id))?;
            }
        }
    }

    /// The text of an event for this listener; `None` when it is not for them after all.
    async fn deliver(&self, shared: &Shared) -> Result<Option<Event>, Event> {
        let standing = shared.standing(&self.parts.hub).await.map_err(|error| self.failed(&error))?;
        match standing.get(&self.person.session_id) {
            Some(standing) => self.require(Some(standing))?,
            // Somebody who began to listen after the others were looked at.
            None => {
                let now = self.parts.hub.look_at_sessions().await.map_err(|error| self.failed(&error))?;
                self.require(now.get(&self.person.session_id))?;
            }
        }
        let audience = Audience {
            asked: self.asked,
            clinic: self.person.acting,
            user: self.wanted.personal.then_some(self.person.user_id),
        };
        let text = shared.text(audience);
        let written = text.get_or_try_init(|| self.write(shared)).await.map_err(|error| self.failed(&error))?;
        let event = Event::Next { body: written.clone(), id: Some(cursor_of(shared.event.id)) };
        Ok((!written.is_empty()).then_some(event))
    }

    async fn write(&self, shared: &Shared) -> Result<Bytes> {
        let live = Arc::new(Live::Delivers(shared.event.clone()));
        let response = self.parts.respond(&self.job, &live).await?;
        if response.errors.is_empty() && response.fields.is_none() {
            return Ok(Bytes::new());
        }
        let (data, errors) = done(response);
        Ok(answer::write(&data, &errors, None, &self.job.origin.request_id))
    }

    /// Ends the subscription of somebody who is not any more who they were.
    fn require(&self, standing: Option<&Standing>) -> Result<(), Event> {
        if standing == Some(&Standing::of(&self.person)) {
            return Ok(());
        }
        if let Some(hash) = self.job.hash {
            self.parts.sessions.forget(&hash);
        }
        Err(Event::Close { code: 4403, reason: "the session has ended or changed".to_owned() })
    }

    fn failed(&self, error: &Error) -> Event {
        let mut told = self.parts.refuse_with(&self.job.origin.request_id, &[from_ours(error)], error);
        told.status = Status::Refused(StatusCode::OK);
        Event::Error(told)
    }
}

impl Parts {
    /// Runs a subscription's operation once, under a scope of its own.
    async fn respond(&self, job: &Job, live: &Arc<Live>) -> Result<Resolved> {
        let actor: Actor = job.actor.clone();
        let request =
            Request::new(self.door.clone(), actor, Access::Read, String::new(), Arc::clone(&job.origin), job.hash);
        let request = Arc::new(request);
        let mut data = Data::default();
        data.insert(Arc::clone(&request));
        data.insert(Arc::clone(live));
        let mut responses = self.executor.stream(job.asked(), data);
        let response = tokio::time::timeout(self.settings.deadline, responses.next()).await;
        drop(responses);
        request.finish_others();
        let scope = Arc::clone(request.scope());
        let refusal = scope.refusal();
        scope.finish();
        match (refusal, response) {
            (Some(refusal), _) => Err(refusal),
            (None, Ok(response)) => Ok(response.unwrap_or_default()),
            (None, Err(_)) => Err(Error::new(Code::Timeout, "this took too long and was given up")),
        }
    }
}

/// What a failed beginning is called when it is refused whole.
pub fn refusal(errors: &[ServerError]) -> Error {
    errors
        .iter()
        .find_map(|error| error.source::<Error>())
        .cloned()
        .unwrap_or_else(|| Error::new(Code::InvalidInput, ""))
}

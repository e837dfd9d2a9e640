//! One attempt at a delivery: whether the owner may still see the event, what is sent of it, and what the endpoint answers.

use std::{
    panic::AssertUnwindSafe,
    sync::Arc,
    time::{Duration, Instant},
};

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::FutureExt;
use http::{Method, StatusCode};
use serde_json::{Map, Value};
use url::Url;

use super::{
    WebhookAttempt, WebhookDeliveryReason, WebhookEndpoint, kinds, message,
    owner::may_see,
    queue::{Claimed, Outcome, Target},
    retry,
    service::Webhooks,
};
use crate::{
    kernel::{Code, Error, Result, actor::Person, db::Database},
    live::OutboxEvent,
    outbound::{Reach, Reply, Request, Unsent},
};

/// Bytes of an answer's body that are kept.
const KEPT: usize = 1024;
/// The pause before the server tries again what it could not do itself.
const POSTPONED: TimeDelta = TimeDelta::seconds(30);

/// Makes one attempt. It always ends with an outcome.
pub async fn attempt(
    webhooks: &Webhooks,
    database: &Database,
    within: Duration,
    delivery: &Claimed,
    target: &Target,
) -> Outcome {
    let made = AssertUnwindSafe(make(webhooks, database, within, delivery, target)).catch_unwind().await;
    let error = match made {
        Ok(Ok(outcome)) => return outcome,
        Ok(Err(error)) => error,
        Err(_) => Error::internal("the delivery panicked"),
    };
    tracing::warn!(delivery = %delivery.id, %error, cause = ?error.cause(), "a webhook could not be sent");
    Outcome::Postponed(database.now() + POSTPONED)
}

/// What is read for a message.
enum Content {
    Answer(Option<Map<String, Value>>),
    /// The owner may not see the event any more.
    Hidden,
}

async fn make(
    webhooks: &Webhooks,
    database: &Database,
    within: Duration,
    delivery: &Claimed,
    target: &Target,
) -> Result<Outcome> {
    let answer = match content(webhooks, delivery, target).await? {
        Content::Answer(answer) => answer,
        Content::Hidden => return Ok(Outcome::Skipped(WebhookDeliveryReason::OwnerMayNotSee)),
    };
    let now = database.now();
    let body = message::body(delivery, answer);
    let secrets = secrets(webhooks, target, now)?;
    let headers = message::headers(&delivery.event_id, now.timestamp(), &secrets, &body)?;
    let url = Url::parse(&target.url).map_err(Error::internal)?;
    let request_head = message::request_head(&url, &headers, &body);
    let request = Request { headers, body, within, keep: KEPT, ..Request::new(Method::POST, url, Reach::Public) };
    let begun = Instant::now();
    let sent = webhooks.outbound().send(request).await;
    let milliseconds = i32::try_from(begun.elapsed().as_millis()).unwrap_or(i32::MAX);
    outcome(delivery, &sent, record(&sent, now, milliseconds, request_head), database.now())
}

async fn content(webhooks: &Webhooks, delivery: &Claimed, target: &Target) -> Result<Content> {
    let Some(person) = target.owner.person(delivery.clinic_id) else { return Ok(Content::Hidden) };
    // A test is of no object.
    if delivery.event_number == 0 {
        return Ok(Content::Answer(None));
    }
    if !is_visible(&person, delivery) {
        return Ok(Content::Hidden);
    }
    let Some(query) = &target.query else { return Ok(Content::Answer(None)) };
    let run = webhooks.queries()?.run(person, query, message::subject_id(delivery), delivery.event_id.clone());
    match run.await {
        Ok(answer) => Ok(Content::Answer(Some(answer))),
        // The database does not answer at the moment, or the rights have changed since they were read a moment ago.
        Err(error) if error.is_stale_actor() || matches!(error.code(), Code::Unavailable | Code::RateLimited) => {
            Err(error)
        }
        Err(error) if error.refuses_caller() => Ok(Content::Hidden),
        Err(error) => {
            let error = serde_json::json!({ "message": error.message(), "code": error.code().as_str() });
            Ok(Content::Answer(Some(Map::from_iter([("errors".to_owned(), Value::from(vec![error]))]))))
        }
    }
}

/// Whether the owner may see the event now, by the rule for those who subscribe to it.
fn is_visible(person: &Arc<Person>, delivery: &Claimed) -> bool {
    let Some((topic, kind)) = kinds::parse(&delivery.kind) else { return false };
    let event = OutboxEvent {
        id: delivery.event_number,
        clinic_id: Some(delivery.clinic_id),
        user_id: delivery.for_user_id,
        // No other is recorded.
        audience: "clinic".to_owned(),
        topic: topic.name.to_owned(),
        subject_id: delivery.subject_id,
        parent_id: None,
        kind: kind.to_owned(),
        changed: Vec::new(),
        at: delivery.occurred_at,
    };
    may_see(person, topic, &event)
}

/// The secrets to sign with: the present one, and the previous one for a while.
fn secrets(webhooks: &Webhooks, target: &Target, now: DateTime<Utc>) -> Result<Vec<String>> {
    let mut secrets = vec![WebhookEndpoint::secret().open(webhooks.ring(), target.id, &target.secret_enc)?];
    if let Some(previous) = &target.previous_secret_enc
        && target.previous_secret_until.is_some_and(|until| now < until)
    {
        secrets.push(WebhookEndpoint::previous_secret().open(webhooks.ring(), target.id, previous)?);
    }
    Ok(secrets)
}

/// The attempt for the log.
fn record(
    sent: &std::result::Result<Reply, Unsent>,
    at: DateTime<Utc>,
    milliseconds: i32,
    request_head: String,
) -> WebhookAttempt {
    let attempt = WebhookAttempt {
        at,
        milliseconds,
        status: None,
        request_head,
        response_head: None,
        response_body: None,
        error: None,
    };
    match sent {
        Ok(reply) => WebhookAttempt {
            status: Some(reply.status.as_u16().into()),
            response_head: Some(message::response_head(reply.status, &reply.headers)),
            response_body: Some(message::printable(&String::from_utf8_lossy(&reply.body))),
            error: failure(reply.status),
            ..attempt
        },
        Err(unsent) => WebhookAttempt { error: Some(unsent.to_string()), ..attempt },
    }
}

/// Why an answer with this status is a failure.
fn failure(status: StatusCode) -> Option<String> {
    if status.is_success() {
        return None;
    }
    Some(if status.is_redirection() {
        format!("the endpoint answered with the status {}; redirects are not followed", status.as_u16())
    } else {
        format!("the endpoint answered with the status {}", status.as_u16())
    })
}

fn outcome(
    delivery: &Claimed,
    sent: &std::result::Result<Reply, Unsent>,
    attempt: WebhookAttempt,
    now: DateTime<Utc>,
) -> Result<Outcome> {
    if let Ok(reply) = sent {
        if reply.status.is_success() {
            return Ok(Outcome::Delivered(attempt));
        }
        if reply.status == StatusCode::GONE {
            return Ok(Outcome::GivenUp(attempt, WebhookDeliveryReason::Gone));
        }
    }
    let is_test = delivery.event_number == 0;
    let Some(pause) = retry::pause(delivery.attempt_count)?.filter(|_| !is_test) else {
        return Ok(Outcome::GivenUp(attempt, WebhookDeliveryReason::AttemptsFailed));
    };
    let asked = sent.as_ref().ok().and_then(|reply| retry::asked_for(reply.status, &reply.headers, now));
    Ok(Outcome::Retried(attempt, now + pause.max(asked.unwrap_or_default())))
}

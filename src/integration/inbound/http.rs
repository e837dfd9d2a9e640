//! Where services send their webhooks: `/webhooks/{integration}/{token}`. What is accepted is stored and answered at once, and
//! processed later; each part of the answer comes after the same work, whoever asks for what.

use std::{net::IpAddr, time::Duration};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{Path, Request, State},
    response::{IntoResponse, Response},
    routing::get,
};
use http::{HeaderValue, StatusCode, header, request::Parts};
use tokio::time::timeout;
use uuid::Uuid;

use super::{limits::InboundLimits, receive::Accepted, refusals};
use crate::{
    integration::{
        Integration, IntegrationKind, Integrations, SecretName, Secrets,
        signature::{Refused, Signed, same},
        webhook_address,
    },
    kernel::{Code, Error, Id, Result},
};

/// The largest that a service sends: a delivery of WhatsApp.
const LARGEST: usize = 3 << 20;
/// Time for the body to arrive.
const WITHIN: Duration = Duration::from_secs(10);

#[derive(Clone)]
struct Webhooks {
    integrations: Integrations,
    limits: InboundLimits,
}

/// The routes of webhooks. The network address of the caller is an extension of the request.
pub fn routes(integrations: Integrations) -> Router {
    let limits = InboundLimits::new(integrations.clock().clone());
    Router::new()
        .route("/webhooks/{integration}/{token}", get(handshake).post(receive))
        .with_state(Webhooks { integrations, limits })
}

/// An answer without words, which services do not read.
fn status(status: StatusCode) -> Response {
    status.into_response()
}

fn busy() -> Response {
    let mut response = status(StatusCode::TOO_MANY_REQUESTS);
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("30"));
    response
}

fn address(parts: &Parts) -> IpAddr {
    parts.extensions.get().copied().unwrap_or(IpAddr::from([0, 0, 0, 0]))
}

impl Webhooks {
    /// The integration that an address names. None, after the same work, if there is none or the token is not its own.
    async fn find(&self, integration: &str, token: &str) -> Result<Option<Integration>> {
        let id = integration.parse::<Id<Integration>>().unwrap_or_else(|_| Id::from_uuid(Uuid::nil()));
        let found = self.integrations.receiver(id).await?;
        let is_right = webhook_address::is_token(self.integrations.ring(), found.as_ref(), token);
        Ok(found.filter(|_| is_right))
    }
}

async fn receive(
    State(webhooks): State<Webhooks>,
    Path((integration, token)): Path<(String, String)>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let address = address(&parts);
    let Some(_place) = webhooks.limits.admit(address) else { return busy() };
    match webhooks.receive(&integration, &token, &parts, body).await {
        Ok(response) => {
            if matches!(response.status(), StatusCode::NOT_FOUND | StatusCode::UNAUTHORIZED) {
                webhooks.limits.refused(address);
            }
            response
        }
        Err(error) => failed(&error),
    }
}

fn failed(error: &Error) -> Response {
    tracing::error!(%error, cause = ?error.cause(), "a webhook could not be received");
    status(match error.code() {
        Code::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        _ => StatusCode::SERVICE_UNAVAILABLE,
    })
}

impl Webhooks {
    async fn receive(&self, integration: &str, token: &str, parts: &Parts, body: Body) -> Result<Response> {
        let Some(row) = self.find(integration, token).await? else { return Ok(status(StatusCode::NOT_FOUND)) };
        if !self.limits.admit_to(row.id.uuid()) {
            return Ok(busy());
        }
        let body = match timeout(WITHIN, to_bytes(body, LARGEST)).await {
            Ok(Ok(body)) => body,
            Ok(Err(_)) => return Ok(status(StatusCode::PAYLOAD_TOO_LARGE)),
            Err(_) => return Ok(status(StatusCode::REQUEST_TIMEOUT)),
        };
        let path = parts.uri.path_and_query().map_or("", |path| path.as_str());
        let signed = Signed { headers: &parts.headers, body: &body, path };
        let now = self.integrations.clock().now();
        if let Err(refused) = self.integrations.verify(&row, &signed, now)? {
            self.refuse(&row, refused).await?;
            return Ok(status(StatusCode::UNAUTHORIZED));
        }
        let accepted = Accepted { headers: &parts.headers, query: parts.uri.query(), body: &body };
        self.integrations.store(&row, accepted).await?;
        Ok(accepted_by(row.kind, parts))
    }

    async fn refuse(&self, row: &Integration, refused: Refused) -> Result<()> {
        let database = self.integrations.database();
        database.as_system(None, async |scope| refusals::count(scope, row, refused).await).await
    }
}

/// Twilio would read words as a message to send.
fn accepted_by(kind: IntegrationKind, parts: &Parts) -> Response {
    let is_form = parts
        .headers
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"application/x-www-form"));
    if kind == IntegrationKind::Sms && is_form {
        return ([(header::CONTENT_TYPE, "text/xml")], "<Response></Response>").into_response();
    }
    status(StatusCode::OK)
}

/// The handshake of WhatsApp: whoever knows the text that was agreed on gets the challenge back.
async fn handshake(
    State(webhooks): State<Webhooks>,
    Path((integration, token)): Path<(String, String)>,
    request: Request,
) -> Response {
    let (parts, _) = request.into_parts();
    let address = address(&parts);
    let Some(_place) = webhooks.limits.admit(address) else { return busy() };
    match webhooks.challenge(&integration, &token, parts.uri.query().unwrap_or_default()).await {
        Ok(Some(challenge)) => ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], challenge).into_response(),
        Ok(None) => {
            webhooks.limits.refused(address);
            status(StatusCode::NOT_FOUND)
        }
        Err(error) if error.code() == Code::Forbidden => {
            webhooks.limits.refused(address);
            status(StatusCode::FORBIDDEN)
        }
        Err(error) => failed(&error),
    }
}

impl Webhooks {
    async fn challenge(&self, integration: &str, token: &str, query: &str) -> Result<Option<String>> {
        let found = self.find(integration, token).await?;
        let Some(row) = found.filter(|row| row.kind == IntegrationKind::WhatsApp) else { return Ok(None) };
        let value = |name: &str| {
            let found = url::form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == name);
            found.map(|(_, value)| value.into_owned()).unwrap_or_default()
        };
        let secrets = Secrets::open(self.integrations.ring(), &row)?;
        let agreed = secrets.get(SecretName::VerifyToken);
        let is_right = agreed.is_some_and(|agreed| same(agreed, &value("hub.verify_token")));
        if value("hub.mode") != "subscribe" || !is_right {
            return Err(Error::forbidden("the text that was agreed on is another"));
        }
        Ok(Some(value("hub.challenge")))
    }
}

//! Who sends a request: token, address, request id and idempotency key.

use std::net::IpAddr;

use http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts};
use uuid::Uuid;

use super::{
    Refusal, ServerConfig,
    contract::{Caller, SESSION_COOKIE, Transport},
    listen::Peer,
    origin::{self, Source},
};

/// The id of a request; an extension of every request and a header of every answer.
#[derive(Debug, Clone)]
pub(super) struct RequestId(pub(super) String);

impl RequestId {
    /// Takes the client's own id if it is harmless, so that the logs of both sides can be joined.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let given = headers.get("x-request-id").and_then(|value| value.to_str().ok());
        let harmless = |id: &&str| {
            (1..=64).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte))
        };
        given.filter(harmless).map_or_else(Self::new, |id| Self(id.to_owned()))
    }

    pub(super) fn new() -> Self {
        Self(Uuid::now_v7().to_string())
    }
}

/// Reads who calls. A cookie counts only if the request states that it comes from a page that may use it.
pub(super) fn identify(
    parts: &Parts,
    request_id: &RequestId,
    transport: Transport,
    config: &ServerConfig,
) -> Result<Caller, Refusal> {
    let source = origin::source(parts, config);
    if source == Source::Foreign {
        return Err(origin::forbidden());
    }
    let bearer = parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(bearer);
    let cookie = || cookie(&parts.headers, origin::is_plain_loopback(parts, config));
    let token = match bearer {
        Some(token) => Some(token.to_owned()),
        None => cookie().map(str::to_owned),
    };
    if bearer.is_none() && token.is_some() && source == Source::Unknown {
        return Err(Refusal::new(
            StatusCode::FORBIDDEN,
            "OPERATION_NOT_ALLOWED",
            "a session cookie needs an Origin header; programs send `Authorization: Bearer …` instead",
        ));
    }
    Ok(Caller {
        token,
        address: address(parts, config),
        agent: agent(parts),
        request_id: request_id.0.clone(),
        idempotency_key: parts.headers.get("idempotency-key").map(header_key).transpose()?,
        transport,
    })
}

/// The token of `Bearer <token>`.
pub(super) fn bearer(authorization: &str) -> Option<&str> {
    let (scheme, token) = authorization.trim().split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn cookie(headers: &HeaderMap, plain_loopback: bool) -> Option<&str> {
    let find = |wanted: &str| {
        let lines = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
        pairs.find_map(|(name, value)| (name == wanted && !value.is_empty()).then_some(value))
    };
    let plain = || find(plain_name()).filter(|_| plain_loopback);
    find(SESSION_COOKIE).or_else(plain)
}

fn plain_name() -> &'static str {
    SESSION_COOKIE.trim_start_matches("__Host-")
}

/// The session of a browser that asks for a page. Such a request has no `Origin`, and needs none: it changes nothing.
pub(super) fn of_page(parts: &Parts, request_id: &RequestId, config: &ServerConfig) -> Option<Caller> {
    let token = cookie(&parts.headers, origin::is_plain_loopback(parts, config))?;
    Some(Caller {
        token: Some(token.to_owned()),
        address: address(parts, config),
        agent: agent(parts),
        request_id: request_id.0.clone(),
        idempotency_key: None,
        transport: Transport::HttpGet,
    })
}

fn agent(parts: &Parts) -> Option<String> {
    let agent = parts.headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok());
    agent.map(|agent| agent.chars().take(255).collect())
}

/// Rewrites a `Set-Cookie` value for a browser that reached this server without TLS on its own machine, where the
/// prefix and `Secure` would make some browsers drop the cookie.
pub(super) fn plain_cookie(value: &str) -> String {
    let value = value.strip_prefix("__Host-").unwrap_or(value);
    let attributes = value.split(';').map(str::trim).filter(|part| !part.eq_ignore_ascii_case("secure"));
    attributes.collect::<Vec<_>>().join("; ")
}

fn header_key(value: &HeaderValue) -> Result<String, Refusal> {
    value.to_str().ok().and_then(idempotency_key).ok_or_else(|| Refusal::invalid(BAD_IDEMPOTENCY_KEY))
}

/// Characters that an idempotency key may have.
pub const LONGEST_IDEMPOTENCY_KEY: usize = 255;
pub(super) const BAD_IDEMPOTENCY_KEY: &str = "an idempotency key must be 1 to 255 printable ASCII characters";

/// The key, if it is a valid one.
pub(super) fn idempotency_key(key: &str) -> Option<String> {
    let printable = key.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    (printable && (1..=LONGEST_IDEMPOTENCY_KEY).contains(&key.len())).then(|| key.to_owned())
}

/// The client's address: the last one in the forwarding chain that is not a trusted proxy. Everything before it was
/// written by the client and may be forged.
pub(super) fn address(parts: &Parts, config: &ServerConfig) -> IpAddr {
    let peer = parts.extensions.get::<Peer>().map_or(IpAddr::from([0, 0, 0, 0]), |Peer(peer)| peer.ip().to_canonical());
    if !origin::is_trusted(parts, config) {
        return peer;
    }
    let chain = parts.headers.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok());
    let hops = chain.flat_map(|value| value.split(',')).map(|hop| hop.trim().parse::<IpAddr>());
    let hops: Vec<_> = hops.map(|hop| hop.map(|address| address.to_canonical())).collect();
    let outer = hops.into_iter().rev().find(|hop| !matches!(hop, Ok(hop) if config.trusted_proxies.contains(hop)));
    outer.and_then(Result::ok).unwrap_or(peer)
}

//! The web page that a request comes from: the guard against cross-site request forgery.

use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header, request::Parts, uri::Authority};

use super::{Refusal, ServerConfig, listen::Peer};

/// Where a request was made, according to its headers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    /// A page of this server.
    Same,
    /// A page of an origin on the allow-list.
    Allowed,
    /// Some other page.
    Foreign,
    /// Not stated: a program, or an old browser.
    Unknown,
}

/// Decides by `Origin`, and by `Sec-Fetch-Site` where browsers omit the former: it also compares the scheme, which a
/// server behind a TLS proxy cannot.
pub(super) fn source(parts: &Parts, config: &ServerConfig) -> Source {
    let site = parts.headers.get("sec-fetch-site").map(HeaderValue::as_bytes);
    let Some(origin) = parts.headers.get(header::ORIGIN) else {
        return if site == Some(b"same-origin") { Source::Same } else { Source::Unknown };
    };
    if is_allowed(origin, config) {
        return Source::Allowed;
    }
    let contradicted = site.is_some_and(|site| site != b"same-origin");
    if !contradicted && is_own(origin, parts, config) { Source::Same } else { Source::Foreign }
}

fn is_allowed(origin: &HeaderValue, config: &ServerConfig) -> bool {
    config.origins.iter().any(|allowed| allowed.trim_end_matches('/').as_bytes() == origin.as_bytes())
}

fn is_own(origin: &HeaderValue, parts: &Parts, config: &ServerConfig) -> bool {
    let Ok(origin) = Uri::try_from(origin.as_bytes()) else { return false };
    let (Some(theirs), Some(ours)) = (origin.authority(), host(parts, config)) else { return false };
    let usual_port = match origin.scheme_str() {
        Some("https") => 443,
        Some("http") => 80,
        _ => return false,
    };
    theirs.host().eq_ignore_ascii_case(ours.host())
        && theirs.port_u16().unwrap_or(usual_port) == ours.port_u16().unwrap_or(usual_port)
}

/// The name under which the client reached this server.
pub(super) fn host(parts: &Parts, config: &ServerConfig) -> Option<Authority> {
    let forwarded = || parts.headers.get("x-forwarded-host");
    let named = if is_trusted(parts, config) { forwarded() } else { None };
    match named.or_else(|| parts.headers.get(header::HOST)) {
        Some(host) => Authority::try_from(host.as_bytes()).ok(),
        None => parts.uri.authority().cloned(),
    }
}

/// Whether the other end of the connection is a trusted proxy.
pub(super) fn is_trusted(parts: &Parts, config: &ServerConfig) -> bool {
    let peer = parts.extensions.get::<Peer>();
    peer.is_some_and(|Peer(peer)| config.trusted_proxies.contains(&peer.ip().to_canonical()))
}

/// Whether the browser reached a trusted proxy by TLS.
pub(super) fn is_behind_tls(parts: &Parts, config: &ServerConfig) -> bool {
    // Of several the last is the one that the trusted proxy wrote.
    let said = parts.headers.get_all("x-forwarded-proto").iter().next_back().and_then(|said| said.to_str().ok());
    let last = said.and_then(|said| said.rsplit(',').next()).map(str::trim);
    is_trusted(parts, config) && last.is_some_and(|last| last.eq_ignore_ascii_case("https"))
}

/// Whether browser and server are on one machine without a proxy between them, so that a cookie needs no `Secure`. In
/// development only: a proxy that says nothing of itself looks the same.
pub(super) fn is_plain_loopback(parts: &Parts, config: &ServerConfig) -> bool {
    let proxied = ["x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "forwarded"];
    let local_name = |host: Authority| {
        let name = host.host().trim_matches(['[', ']']);
        name == "localhost" || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
    };
    config.development
        && parts.extensions.get::<Peer>().is_some_and(|Peer(peer)| peer.ip().to_canonical().is_loopback())
        && !proxied.iter().any(|name| parts.headers.contains_key(*name))
        && host(parts, config).is_some_and(local_name)
}

/// Answers a preflight request: the headers, or a refusal.
pub(super) fn preflight(parts: &Parts, config: &ServerConfig) -> Result<HeaderMap, Refusal> {
    const METHODS: HeaderValue = HeaderValue::from_static("GET, POST");
    const HEADERS: HeaderValue =
        HeaderValue::from_static("authorization, content-type, idempotency-key, last-event-id, x-request-id");
    let mut headers = HeaderMap::new();
    headers.insert(header::ALLOW, HeaderValue::from_static("GET, POST, OPTIONS"));
    match source(parts, config) {
        Source::Foreign => return Err(forbidden()),
        Source::Allowed => {
            headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, METHODS);
            headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HEADERS);
            headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("7200"));
        }
        Source::Same | Source::Unknown => {}
    }
    Ok(headers)
}

/// Lets a page of an origin on the allow-list read the answer; empty for everyone else.
pub(super) fn readable(parts: &Parts, config: &ServerConfig) -> HeaderMap {
    const EXPOSED: HeaderValue = HeaderValue::from_static(
        "x-request-id, retry-after, ratelimit-limit, ratelimit-remaining, ratelimit-reset, allow",
    );
    let mut headers = HeaderMap::new();
    if config.origins.is_empty() {
        return headers;
    }
    headers.insert(header::VARY, HeaderValue::from_static("origin"));
    if let Some(origin) = parts.headers.get(header::ORIGIN).filter(|origin| is_allowed(origin, config)) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
        if parts.method != Method::OPTIONS {
            headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
        }
    }
    headers
}

pub(super) fn forbidden() -> Refusal {
    Refusal::new(
        StatusCode::FORBIDDEN,
        "OPERATION_NOT_ALLOWED",
        "pages of this origin may not call this server; see its list of allowed origins",
    )
}

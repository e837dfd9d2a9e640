//! The opening handshake of RFC 6455.

use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Version, header, request::Parts};
use hyper::upgrade::OnUpgrade;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use crate::server::Refusal;

/// A subprotocol that this server speaks.
pub(super) const PROTOCOL: HeaderValue = HeaderValue::from_static("graphql-transport-ws");

/// Whether a request is a handshake, sound or not.
pub(in crate::server) fn is_asked_for(parts: &Parts) -> bool {
    parts.method == Method::GET
        && parts.version < Version::HTTP_2
        && lists(&parts.headers, &header::UPGRADE, "websocket")
}

/// The connection to come, and the headers that promise it.
pub(super) fn accept(parts: &mut Parts) -> Result<(OnUpgrade, [(HeaderName, HeaderValue); 4]), Refusal> {
    let refuse = |status, message| Err(Refusal::not_allowed(status, message));
    if parts.headers.get(header::SEC_WEBSOCKET_VERSION).is_none_or(|version| version != "13") {
        return refuse(StatusCode::UPGRADE_REQUIRED, "the version of the WebSocket protocol must be 13");
    }
    if !lists(&parts.headers, &header::SEC_WEBSOCKET_PROTOCOL, "graphql-transport-ws") {
        return refuse(StatusCode::BAD_REQUEST, "the WebSocket subprotocol must be graphql-transport-ws");
    }
    let key = parts.headers.get(header::SEC_WEBSOCKET_KEY).map(|key| derive_accept_key(key.as_bytes()));
    let accepted = key.and_then(|key| HeaderValue::try_from(key).ok());
    let connection = parts.extensions.remove::<OnUpgrade>();
    match (accepted, connection) {
        (Some(accepted), Some(connection)) if lists(&parts.headers, &header::CONNECTION, "upgrade") => {
            let headers = [
                (header::CONNECTION, HeaderValue::from_static("upgrade")),
                (header::UPGRADE, HeaderValue::from_static("websocket")),
                (header::SEC_WEBSOCKET_ACCEPT, accepted),
                (header::SEC_WEBSOCKET_PROTOCOL, PROTOCOL),
            ];
            Ok((connection, headers))
        }
        _ => refuse(StatusCode::BAD_REQUEST, "this is no WebSocket handshake"),
    }
}

/// Whether a header, a list, has an item.
fn lists(headers: &HeaderMap, name: &HeaderName, item: &str) -> bool {
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|value| value.trim().eq_ignore_ascii_case(item))
}

//! The GraphiQL page, embedded in the binary, its configuration, and the page that strangers get instead.

use std::{borrow::Cow, sync::Arc};

use axum::{
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header, request::Parts, uri::Authority};
use rust_embed::{EmbeddedFile, RustEmbed};
use serde::Serialize;

use super::{
    Server, ServerConfig,
    caller::{self, RequestId},
    contract::Execute,
    nothing_here, origin,
};

/// Who gets the GraphiQL page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Graphiql {
    /// Nobody.
    Off,
    /// Who has a session cookie of this server; others get a page to sign in.
    #[default]
    SignedIn,
    /// Everybody.
    Open,
}

/// The content of `/graphiql/config.json`.
#[derive(Debug, Clone, Serialize)]
pub struct PageConfig {
    /// Where the API is, as a path.
    pub endpoint: String,
    /// Whether this is a demo; only then are there `people`.
    pub demo: bool,
    /// The people that a visitor of the demo can sign in as with one click.
    pub people: Vec<DemoPerson>,
}

/// A person of the demo data. The password is public intentionally.
#[derive(Debug, Clone, Serialize)]
pub struct DemoPerson {
    /// Text of the button.
    pub label: String,
    /// Email address to sign in with.
    pub email: String,
    /// Password to sign in with.
    pub password: String,
    /// Their role in the clinic.
    pub role: String,
    /// The clinic that they work in; `None` for platform administrators.
    pub clinic: Option<String>,
}

impl Default for PageConfig {
    fn default() -> Self {
        Self { endpoint: "/graphql".to_owned(), demo: false, people: Vec::new() }
    }
}

/// The built front end. A checkout without it still compiles and shows [`PLAIN_PAGE`].
#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/web/dist"]
#[allow_missing = true]
struct Dist;

const PLAIN_PAGE: &str = include_str!("plain_page.html");
/// The host in its examples, replaced by the one that the reader used.
const EXAMPLE_HOST: &str = "localhost:4000";

const REVALIDATE: HeaderValue = HeaderValue::from_static("no-cache");
const IMMUTABLE: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

const SIGN_IN_PAGE: &str = include_str!("sign_in.html");
const SIGN_IN_SCRIPT: &str = include_str!("sign_in.js");

/// Whether a request may have the page.
enum Admission {
    Granted,
    /// Signing in would help.
    Stranger,
    /// There is no such page.
    Off,
}

async fn admission<P: Execute>(server: &Server<P>, parts: &Parts) -> Admission {
    match server.config.graphiql {
        Graphiql::Open => return Admission::Granted,
        Graphiql::Off => return Admission::Off,
        Graphiql::SignedIn => {}
    }
    let request_id = parts.extensions.get::<RequestId>().cloned().unwrap_or_else(RequestId::new);
    match caller::of_page(parts, &request_id, &server.config) {
        Some(caller) if matches!(server.pipeline.authenticate_socket(&caller).await, Ok(Some(_))) => Admission::Granted,
        _ => Admission::Stranger,
    }
}

/// `/` leads to the GraphiQL page.
pub(super) async fn home<P: Execute>(State(server): State<Arc<Server<P>>>, request: Request) -> Response {
    if server.config.graphiql == Graphiql::Off {
        return nothing_here(State(server), request).await;
    }
    (StatusCode::SEE_OTHER, [(header::LOCATION, "/graphiql")]).into_response()
}

/// The page itself.
pub(super) async fn index<P: Execute>(State(server): State<Arc<Server<P>>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    match admission(&server, &parts).await {
        Admission::Granted => {}
        Admission::Off => return nothing_here(State(server), Request::from_parts(parts, body)).await,
        Admission::Stranger => {
            let headers = page_headers(&parts, &server.config);
            // Not the tag of the page: who has signed in must not be shown this one again.
            return (html_of(HeaderValue::from_static("no-store")), headers, SIGN_IN_PAGE).into_response();
        }
    }
    let mut response = match Dist::get("index.html") {
        Some(file) => embedded("index.html", file, &parts.headers),
        None => {
            let host = harmless_host(&parts, &server.config);
            let page = host.map(|host| PLAIN_PAGE.replace(EXAMPLE_HOST, host.as_str()));
            (html_of(REVALIDATE), page.map_or(Cow::Borrowed(PLAIN_PAGE), Cow::Owned)).into_response()
        }
    };
    response.headers_mut().extend(page_headers(&parts, &server.config));
    response
}

/// The rest of the front end.
pub(super) async fn asset<P: Execute>(State(server): State<Arc<Server<P>>>, request: Request) -> Response {
    let path = request.uri().path().trim_start_matches("/graphiql/").to_owned();
    let (parts, body) = request.into_parts();
    let file = match admission(&server, &parts).await {
        Admission::Granted => Dist::get(&path),
        Admission::Stranger | Admission::Off => None,
    };
    let Some(file) = file else { return nothing_here(State(server), Request::from_parts(parts, body)).await };
    let mut response = embedded(&path, file, &parts.headers);
    response.headers_mut().extend(page_headers(&parts, &server.config));
    response
}

/// What the page to sign in does.
pub(super) async fn sign_in_script<P: Execute>(State(server): State<Arc<Server<P>>>, request: Request) -> Response {
    if server.config.graphiql != Graphiql::SignedIn {
        return nothing_here(State(server), request).await;
    }
    ([(header::CONTENT_TYPE, content_type("sign-in.js"))], SIGN_IN_SCRIPT).into_response()
}

/// The page's configuration.
pub(super) async fn config<P: Execute>(State(server): State<Arc<Server<P>>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    if !matches!(admission(&server, &parts).await, Admission::Granted) {
        return nothing_here(State(server), Request::from_parts(parts, body)).await;
    }
    let mut page = server.config.page.clone();
    // A forgotten list of people must not be enough to publish their passwords.
    if !page.demo {
        page.people.clear();
    }
    let body = serde_json::to_string(&page).unwrap_or_else(|_| "{}".to_owned());
    ([(header::CONTENT_TYPE, "application/json")], body).into_response()
}

fn embedded(path: &str, file: EmbeddedFile, asked: &HeaderMap) -> Response {
    // Weak, because the same file also goes out compressed.
    let hash = file.metadata.sha256_hash();
    let tag = format!("W/\"{:032x}\"", hash.first_chunk().copied().map_or(0, u128::from_be_bytes));
    // Vite puts a hash of the content into the names of what it writes to `assets/`.
    let cache = if path.starts_with("assets/") { IMMUTABLE } else { REVALIDATE };
    let known = asked.get(header::IF_NONE_MATCH).and_then(|tags| tags.to_str().ok());
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(content_type(path))),
        (header::CACHE_CONTROL, cache),
        (header::ETAG, HeaderValue::try_from(&tag).unwrap_or(HeaderValue::from_static("W/\"\""))),
    ];
    if known.is_some_and(|known| known.split(',').any(|known| known.trim() == tag)) {
        return (StatusCode::NOT_MODIFIED, headers).into_response();
    }
    let body = match file.data {
        Cow::Borrowed(bytes) => bytes::Bytes::from_static(bytes),
        Cow::Owned(bytes) => bytes.into(),
    };
    (headers, body).into_response()
}

fn html_of(cache: HeaderValue) -> [(HeaderName, HeaderValue); 2] {
    [(header::CONTENT_TYPE, HeaderValue::from_static(content_type("index.html"))), (header::CACHE_CONTROL, cache)]
}

/// The host of the request. The client chooses it, so one with unusual characters must not reach directives or markup.
fn harmless_host(parts: &Parts, config: &ServerConfig) -> Option<Authority> {
    let harmless = |host: &Authority| host.as_str().bytes().all(|b| b.is_ascii_alphanumeric() || b".-:[]".contains(&b));
    origin::host(parts, config).filter(harmless)
}

/// Scripts come from here only. Styles may be inline, because the editor makes its own.
fn page_headers(parts: &Parts, config: &ServerConfig) -> [(HeaderName, HeaderValue); 3] {
    // Some browsers do not count their own host's sockets as 'self'.
    let host = harmless_host(parts, config);
    let sockets = host.map_or_else(String::new, |host| format!(" ws://{host} wss://{host}"));
    let policy = format!(
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
         font-src 'self'; connect-src 'self'{sockets}; worker-src 'self'; manifest-src 'self'; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    let policy = HeaderValue::try_from(policy).unwrap_or(HeaderValue::from_static("default-src 'none'"));
    [
        (header::CONTENT_SECURITY_POLICY, policy),
        (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
        (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
    ]
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map_or("", |(_, extension)| extension) {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" | "map" => "application/json",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "woff" => "font/woff",
        "ttf" => "font/ttf",
        "wasm" => "application/wasm",
        "txt" | "md" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

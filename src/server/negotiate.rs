//! The media types that a client accepts.

use http::{HeaderMap, header};

/// The two media types of a finished answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Media {
    /// `application/json`: the status is 200 for every well-formed GraphQL request.
    Json,
    /// `application/graphql-response+json`: the status distinguishes a refusal from an answer.
    GraphqlResponse,
}

impl Media {
    pub(super) const fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json; charset=utf-8",
            Self::GraphqlResponse => "application/graphql-response+json; charset=utf-8",
        }
    }
}

/// What a client accepts. At least one of the two is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Accepted {
    /// The media type for a finished answer, unless only streams are accepted.
    pub(super) media: Option<Media>,
    /// Whether an event stream is accepted, which only its own name says: wildcards never include it.
    pub(super) stream: bool,
}

/// A client's preference for one media type: the weight, in thousandths, of the most precise range that covers it.
#[derive(Clone, Copy, Default)]
struct Preference {
    precision: u8,
    weight: u16,
}

impl Preference {
    fn consider(&mut self, precision: u8, weight: u16) {
        if precision > self.precision {
            *self = Self { precision, weight };
        } else if precision == self.precision {
            self.weight = self.weight.max(weight);
        }
    }
}

/// Reads `Accept`; `None` if nothing that this server can answer is in it.
pub(super) fn accepted(headers: &HeaderMap) -> Option<Accepted> {
    let (mut json, mut graphql, mut stream) = (Preference::default(), Preference::default(), Preference::default());
    let mut has_ranges = false;
    let values = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    for range in values.flat_map(|value| value.split(',')).map(str::trim).filter(|range| !range.is_empty()) {
        has_ranges = true;
        let mut parts = range.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default().to_ascii_lowercase();
        let Some(weight) = weight(parts) else { continue };
        match name.as_str() {
            "*/*" => {
                json.consider(1, weight);
                graphql.consider(1, weight);
            }
            "application/*" => {
                json.consider(2, weight);
                graphql.consider(2, weight);
            }
            "application/json" => json.consider(3, weight),
            "application/graphql-response+json" => graphql.consider(3, weight),
            "text/event-stream" => stream.consider(3, weight),
            _ => {}
        }
    }
    if !has_ranges {
        return Some(Accepted { media: Some(Media::Json), stream: false });
    }
    // Named by both, the newer type wins; named by neither, the older, as wildcards come from older clients.
    let newer = graphql.weight > json.weight || (graphql.weight == json.weight && graphql.precision == 3);
    let media = match (json.weight, graphql.weight) {
        (0, 0) => None,
        _ if newer => Some(Media::GraphqlResponse),
        _ => Some(Media::Json),
    };
    let stream = stream.weight > 0;
    (media.is_some() || stream).then_some(Accepted { media, stream })
}

/// `None` if a parameter excludes this server's answers.
fn weight<'a>(parameters: impl Iterator<Item = &'a str>) -> Option<u16> {
    let mut weight = 1000;
    for (name, value) in parameters.filter_map(|parameter| parameter.split_once('=')) {
        let value = value.trim().trim_matches('"');
        if name.trim().eq_ignore_ascii_case("charset") && !is_utf8(value) {
            return None;
        }
        if name.trim().eq_ignore_ascii_case("q") {
            weight = thousandths(value);
        }
    }
    Some(weight)
}

/// Reads a quality such as `0.25`; anything else counts as 0.
fn thousandths(quality: &str) -> u16 {
    match quality.split_once('.').unwrap_or((quality, "")) {
        ("1", _) => 1000,
        ("0", digits) => format!("{digits:0<3}").get(..3).and_then(|digits| digits.parse().ok()).unwrap_or(0),
        _ => 0,
    }
}

/// Whether a POST declares its body as JSON in UTF-8. Accepting anything else would let any web page send mutations
/// without a preflight request.
pub(super) fn is_json(headers: &HeaderMap) -> bool {
    let mut values = headers.get_all(header::CONTENT_TYPE).iter();
    let (Some(value), None) = (values.next().and_then(|value| value.to_str().ok()), values.next()) else {
        return false;
    };
    let mut parts = value.split(';').map(str::trim);
    let named = parts.next().is_some_and(|name| name.eq_ignore_ascii_case("application/json"));
    named
        && parts.filter_map(|parameter| parameter.split_once('=')).all(|(name, value)| {
            !name.trim().eq_ignore_ascii_case("charset") || is_utf8(value.trim().trim_matches('"'))
        })
}

fn is_utf8(charset: &str) -> bool {
    charset.eq_ignore_ascii_case("utf-8") || charset.eq_ignore_ascii_case("utf8")
}

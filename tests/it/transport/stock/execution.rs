//! What the stock executor makes of a document.

use clinigraph::pipeline::Settings;
use serde_json::{Value, json};

use super::{Pair, Side, schema::Shared, socket::fate};
use crate::{
    harness::{TestApp, settings},
    wire::{
        client::{GRAPHQL, got},
        stub::{StubApp, patient},
        ws::Socket,
    },
};

async fn pair(settings: Settings) -> (TestApp, Pair) {
    let app = TestApp::served(settings, 4, patient()).await;
    let pair = Pair::with(app.address, Shared { url: app.superuser_url.clone(), ..Shared::default() }).await;
    (app, pair)
}

/// CPU that this thread has used, in milliseconds. The runtime of a test has no other, so servers are in the figure.
#[cfg(target_os = "linux")]
fn cpu() -> u64 {
    let shown = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    shown.split_whitespace().next().unwrap().parse::<u64>().unwrap() / 1_000_000
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn fragments_that_multiply_are_walked() {
    use crate::transport::abuse::fan_out;
    const DEAR: u64 = 100;
    let (_app, pair) = pair(settings()).await;
    let valid = fan_out(19);
    let refused = valid.replace("{ __typename }", "{ ...Missing }");
    assert!(valid.len() < 1_000 && refused.len() < 1_000);
    for document in [&valid, &refused] {
        let by_http = async |side: &Side| {
            let begun = cpu();
            got(side.query(document)).await;
            cpu() - begun > DEAR
        };
        pair.contrast("less than a kilobyte is dear", by_http, false, true).await;
        let by_socket = async |side: &Side| {
            let mut socket = Socket::greeted(side).await;
            let begun = cpu();
            socket.subscribe("1", document).await;
            fate(side, &mut socket).await;
            cpu() - begun > DEAR
        };
        pair.contrast("less than a kilobyte is dear over a socket", by_socket, false, true).await;
    }
}

#[tokio::test]
async fn a_panic_takes_the_connection_along() {
    let app = StubApp::new().await;
    let pair = Pair::of(app.address).await;
    let by_http = async |side: &Side| side.query("{ panics }").send().await.map_or(0, |shown| shown.status().as_u16());
    pair.contrast("a panic under application/json", by_http, 200, 0).await;
    let by_socket = async |side: &Side| {
        let mut socket = Socket::greeted(side).await;
        socket.subscribe("1", "{ panics }").await;
        fate(side, &mut socket).await
    };
    pair.contrast("a panic over a socket", by_socket, "error".to_owned(), "gone".to_owned()).await;
}

#[tokio::test]
async fn limits_of_depth_also_hit_introspection() {
    let (_app, pair) = pair(settings()).await;
    let of_type = |levels: usize| format!("{}kind{}", "ofType { kind ".repeat(levels), "}".repeat(levels));
    let query = format!("{{ __schema {{ types {{ fields {{ args {{ type {{ {} }} }} }} }} }} }}", of_type(9));
    let answered = async |side: &Side| got(side.query(&query)).await.json()["data"]["__schema"].is_object();
    pair.contrast("as deep as GraphiQL asks", answered, true, false).await;
}

#[tokio::test]
async fn strangers_are_told_of_the_schema() {
    let (_app, pair) = pair(Settings { development: false, ..settings() }).await;
    let suggested = async |side: &Side| got(side.query("{ viewerr { role } }")).await.text.contains("viewer\\\"?");
    pair.contrast("a name that was not said", suggested, false, true).await;
    let shown = async |side: &Side| {
        got(side.query("{ __schema { queryType { name } } }")).await.json()["data"]["__schema"].is_object()
    };
    pair.contrast("introspection", shown, false, true).await;
}

#[tokio::test]
async fn errors_tell_of_the_database() {
    let (app, pair) = pair(settings()).await;
    let token = app.clinic("Oak").await.manager().await.token.unwrap();
    app.execute("alter table support_tickets rename to elsewhere").await;
    let texts = async |side: &Side| {
        let got = got(side.query("{ tickets { totalCount } }").bearer_auth(&token).header("accept", GRAPHQL)).await;
        assert!(!got.json()["errors"].is_null(), "{}", got.text);
        got.text.contains("support_tickets")
    };
    pair.contrast("SQL in a message", texts, false, true).await;
}

#[tokio::test]
async fn a_loader_in_the_schema_answers_one_with_what_another_was_told() {
    let (app, pair) = pair(settings()).await;
    let oak = app.clinic("Oak").await;
    let (one, other) = (oak.manager().await.token.unwrap(), oak.manager().await.token.unwrap());
    let query = format!("{{ clinic(slug: \"{}\") {{ name }} }}", oak.slug);
    let name = async |side: &Side, token: &str| {
        got(side.query(&query).bearer_auth(token)).await.json()["data"]["clinic"]["name"].clone()
    };
    let after = async |side: &Side| {
        app.execute(&format!("update clinics set name = 'Oak' where id = '{}'", oak.id)).await;
        assert_eq!(name(side, &one).await, "Oak");
        app.execute(&format!("update clinics set name = 'Elm' where id = '{}'", oak.id)).await;
        name(side, &other).await
    };
    pair.contrast("a changed name, asked by another", after, json!("Elm"), json!("Oak")).await;
}

#[tokio::test]
async fn who_signs_out_goes_on_listening() {
    let (app, pair) = pair(settings()).await;
    let token = app.clinic("Oak").await.manager().await.token.unwrap();
    let heard = async |side: &Side| {
        let mut socket = Socket::greeted_with(side, json!({ "token": token })).await;
        socket.subscribe("1", "subscription { ticketEvents { kind } }").await;
        let out = got(side.query("mutation { signOut { signedOut } }").bearer_auth(&token)).await;
        assert_eq!(out.json()["data"]["signOut"]["signedOut"], true, "{}", out.text);
        // Some may have been on their way.
        for _ in 0..20 {
            match fate(side, &mut socket).await.as_str() {
                "next" => {}
                other => return other.to_owned(),
            }
        }
        "goes on".to_owned()
    };
    pair.contrast("a subscription after the end of its session", heard, "4403".to_owned(), "goes on".to_owned()).await;
}

#[tokio::test]
async fn a_patch_loses_a_null() {
    let (app, pair) = pair(settings()).await;
    let token = app.clinic("Oak").await.manager().await.token.unwrap();
    let patched = async |side: &Side| {
        let patch = async |phone: Value| {
            let query = format!(
                "mutation {{ updateClinicConfig(input: {{ care: {{ transferPhone: {phone} }} }}) \
                 {{ clinicConfig {{ care {{ transferPhone }} }} }} }}"
            );
            let got = got(side.query(&query).bearer_auth(&token)).await;
            got.json()["data"]["updateClinicConfig"]["clinicConfig"]["care"]["transferPhone"].clone()
        };
        assert_eq!(patch(json!("+16045550123")).await, "+16045550123");
        patch(Value::Null).await
    };
    pair.contrast("what null is to clear", patched, Value::Null, json!("+16045550123")).await;
}

//! The GraphiQL page and the way to it.

use clinigraph::server::{DemoPerson, Graphiql};

use crate::wire::{client::got, stub::StubApp};

#[tokio::test]
async fn only_a_demonstration_tells_its_people() {
    for demo in [false, true] {
        let person = DemoPerson {
            label: "Nurse".to_owned(),
            email: "nurse@example.org".to_owned(),
            password: "public".to_owned(),
            role: "CLINICIAN".to_owned(),
            clinic: None,
        };
        let app = StubApp::with(|config| {
            config.page.demo = demo;
            config.page.people = vec![person];
        })
        .await;
        let shown = got(app.get("/graphiql/config.json")).await.json();

        assert_eq!(shown["people"].as_array().unwrap().len(), usize::from(demo));
        assert_eq!(shown["endpoint"], "/graphql");
    }
}

#[tokio::test]
async fn strangers_get_a_page_to_sign_in_instead_of_graphiql() {
    let app = StubApp::with(|config| config.graphiql = Graphiql::SignedIn).await;
    let session = ("cookie", "__Host-clinigraph=token");

    let stranger = got(app.get("/graphiql")).await;
    let user = got(app.get("/graphiql").header(session.0, session.1)).await;

    assert_eq!((stranger.status, stranger.header("cache-control")), (200, "no-store"));
    assert!(stranger.text.contains("<h1>Sign in</h1>"), "{}", stranger.text);
    assert!(stranger.header("content-security-policy").contains("script-src 'self'"));
    assert!(!user.text.contains("<h1>Sign in</h1>"), "{}", user.text);
    let script = got(app.get("/graphiql/sign-in.js")).await;
    assert!(script.text.contains("signIn") && script.header("content-type").starts_with("text/javascript"));
    assert_eq!(got(app.get("/graphiql/config.json")).await.status, 404);
    assert_eq!(got(app.get("/graphiql/index.html")).await.status, 404);
    assert_eq!(got(app.get("/graphiql/config.json").header(session.0, session.1)).await.status, 200);
    assert_eq!(got(app.get("/")).await.status, 303);
}

#[tokio::test]
async fn there_is_no_graphiql_where_it_is_off() {
    let app = StubApp::with(|config| config.graphiql = Graphiql::Off).await;

    for path in
        ["/", "/graphiql", "/graphiql/", "/graphiql/config.json", "/graphiql/sign-in.js", "/graphiql/index.html"]
    {
        let seen = got(app.get(path).header("cookie", "__Host-clinigraph=token")).await;
        assert_eq!((seen.status, seen.code().as_str()), (404, "NOT_FOUND"), "{path}");
    }
    assert_eq!(got(app.query("{ echo }")).await.status, 200);
}

//! A database with made-up people never serves real ones, and the other way round.

use std::time::Duration;

use clap::Parser;
use clinigraph::{
    app,
    config::{Cli, Command},
    demo,
    kernel::{Error, Result},
    seed::{Scale, seed},
};
use serde_json::json;

use crate::harness::{KEYS, TestApp};

/// What `clinigraph <words>` does on the app's database; a server that came up is stopped.
async fn run(app: &TestApp, words: &[&str]) -> Result<(), Error> {
    let database = ["--database-url", &app.server_url, "--keys", KEYS];
    let cli = Cli::try_parse_from(["clinigraph"].iter().chain(words).chain(&database)).unwrap();
    match cli.command {
        Command::Serve(options) => {
            let address = options.address;
            let mut served = tokio::spawn(async move { app::run(*options).await });
            loop {
                tokio::select! {
                    ended = &mut served => return ended.unwrap(),
                    () = tokio::time::sleep(Duration::from_millis(20)) => {}
                }
                let ready = reqwest::get(format!("http://{address}/health/ready")).await;
                if ready.is_ok_and(|ready| ready.status().is_success()) {
                    served.abort();
                    return Ok(());
                }
            }
        }
        _ => unreachable!("only servers"),
    }
}

/// An address that nobody listens on.
fn free() -> String {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

async fn findings(app: &TestApp) -> Vec<String> {
    let words = ["clinigraph", "doctor", "--database-url", &app.server_url, "--keys", KEYS];
    let Command::Doctor(options) = Cli::try_parse_from(words).unwrap().command else { panic!("another command") };
    app::examine(&options).await.unwrap().into_iter().map(|finding| finding.problem + "; " + &finding.remedy).collect()
}

#[tokio::test]
async fn a_demo_is_served_as_a_demo_only() {
    let app = TestApp::new().await;
    run(&app, &["serve", "--demo", "--demo-quiet", "--address", &free()]).await.unwrap();

    let refused = run(&app, &["serve", "--address", &free()]).await.unwrap_err().to_string();

    assert!(refused.contains("the password of its administrators is public"), "{refused}");
    assert!(refused.contains("begin afresh"), "{refused}");
    assert_eq!(findings(&app).await, [refused]);
    // As often as one likes.
    run(&app, &["serve", "--demo", "--demo-quiet", "--address", &free()]).await.unwrap();
}

#[tokio::test]
async fn an_ordinary_database_is_served_and_has_no_findings() {
    let app = TestApp::new().await;
    app.clinic("Oak").await;

    run(&app, &["serve", "--address", &free()]).await.unwrap();

    assert_eq!(findings(&app).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_demo_takes_no_database_with_somebody_in_it() {
    for with_clinic in [true, false] {
        let app = TestApp::new().await;
        if with_clinic {
            app.clinic("Oak").await;
        } else {
            app.administrator().await;
        }

        let refused = run(&app, &["serve", "--demo", "--address", &free()]).await.unwrap_err().to_string();

        assert!(refused.contains("not the demo's"), "{refused}");
        assert_eq!(app.value("select count(*) from users where password_hash is not null").await, json!(0));
        assert_eq!(app.value("select count(*) from private.installation").await, json!(0));
    }
}

#[tokio::test]
async fn a_demo_reaches_the_network_only_if_told_twice() {
    let app = TestApp::new().await;
    let port = free().rsplit_once(':').unwrap().1.to_owned();
    let everywhere = format!("0.0.0.0:{port}");

    let refused = run(&app, &["serve", "--demo", "--address", &everywhere]).await.unwrap_err().to_string();

    assert!(refused.contains("--demo-on-network"), "{refused}");
    assert_eq!(app.value("select count(*) from users").await, json!(0));
    assert!(Cli::try_parse_from(["clinigraph", "serve", "--demo-on-network"]).is_err(), "it says nothing by itself");
    // No test listens on the network.
    assert!(Cli::try_parse_from(["clinigraph", "serve", "--demo", "--demo-on-network"]).is_ok());
}

#[tokio::test]
async fn a_database_for_measurements_is_known_as_one() {
    let app = TestApp::new().await;
    let scale = Scale { clinics: 1, users: 40, providers: 2, tickets: 5, messages: 5, audit: 5 };
    seed(&app.superuser_url, &scale, false).await.unwrap();

    let findings = findings(&app).await;

    assert!(findings.iter().any(|finding| finding.contains("for measurements")), "{findings:?}");
    assert!(run(&app, &["serve", "--demo", "--address", &free()]).await.is_err(), "its people are others");
    run(&app, &["serve", "--address", &free()]).await.unwrap();
}

#[tokio::test]
async fn people_among_others_make_no_database_for_measurements() {
    let app = TestApp::new().await;
    app.administrator().await;
    let scale = Scale { clinics: 1, users: 40, providers: 2, tickets: 5, messages: 5, audit: 5 };

    seed(&app.superuser_url, &scale, true).await.unwrap();

    assert_eq!(app.value("select count(*) from private.installation").await, json!(0));
}

#[tokio::test]
async fn a_demo_of_an_earlier_version_gets_its_mark() {
    let app = TestApp::new().await;
    demo::load(&app.database).await.unwrap();
    let down = include_str!("../../migrations/0109_installation/down.sql");
    let up = include_str!("../../migrations/0109_installation/up.sql");
    app.execute(&format!("set role clinigraph_owner; begin; {down} commit; begin; {up} commit;")).await;

    assert_eq!(app.value("select kind from private.installation").await, json!("demo"));
    // By the system, since the owner sees no users.
    assert_eq!(findings(&app).await.len(), 1);
}

#[tokio::test]
async fn a_database_that_is_not_prepared_for_this_version_is_refused() {
    let app = TestApp::new().await;
    app.execute("drop table private.installation").await;

    let refused = run(&app, &["serve", "--address", &free()]).await.unwrap_err().to_string();

    assert!(refused.contains("run `clinigraph prepare`"), "{refused}");
}

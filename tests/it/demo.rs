//! The demo data, as its administrator sees it.

use clinigraph::demo;
use serde_json::json;

use crate::harness::TestApp;

#[tokio::test]
async fn every_demo_clinic_is_furnished() {
    let app = TestApp::new().await;
    demo::load(&app.database).await.unwrap();

    let seen = app
        .administrator()
        .await
        .ask(
            "{ clinics(first: 10) { nodes {
                config { version language { greetings { language } } booking { defaultProvider { status user { displayName } } } }
                hours { isClosed }
                closures { totalCount }
                providers { totalCount nodes { consultationFee { currencyCode } } }
            } } }",
            json!({}),
        )
        .await;

    let clinics = seen["clinics"]["nodes"].as_array().unwrap();
    assert_eq!(clinics.len(), 3);
    for (clinic, clinician) in clinics.iter().zip(["Grace Mutua", "Ella Novak", "Priya Nair"]) {
        assert_eq!(clinic["config"]["version"], 1);
        assert_eq!(clinic["config"]["language"]["greetings"].as_array().unwrap().len(), 2);
        let default = json!({ "status": "ACTIVE", "user": { "displayName": clinician } });
        assert_eq!(clinic["config"]["booking"]["defaultProvider"], default);
        assert_eq!(clinic["hours"].as_array().unwrap().len(), 7);
        assert!(clinic["closures"]["totalCount"].as_u64().unwrap() >= 3);
        assert_eq!(clinic["providers"]["totalCount"], 8);
    }
}

#[tokio::test]
async fn the_demo_is_the_same_in_every_database() {
    let rows = async || {
        let app = TestApp::new().await;
        demo::load(&app.database).await.unwrap();
        // Loading again changes nothing.
        demo::load(&app.database).await.unwrap();
        let count = "(select count(*) from users) as users, (select count(*) from support_tickets) as tickets";
        let ids = "select id from support_tickets union all select id from ticket_messages union all select id from providers";
        app.rows(&format!("select {count}, md5(string_agg(id::text, ',' order by id)) from ({ids}) as ids")).await
    };

    let first = rows().await;

    assert_eq!(first, rows().await);
    assert_eq!((&first[0]["users"], &first[0]["tickets"]), (&json!(15), &json!(240)));
}

#[tokio::test]
async fn a_demo_clinic_has_a_logo() {
    let app = TestApp::new().await;
    demo::load(&app.database).await.unwrap();
    demo::load_files(&app.files).await.unwrap();
    // Loading again changes nothing.
    demo::load_files(&app.files).await.unwrap();

    let administrator = app.administrator().await;
    let query = "{ clinic(slug: \"acacia\") { logoFile { url mediaType createdBy { id } } } }";
    let logo = administrator.ask(query, json!({})).await["clinic"]["logoFile"].take();
    let got = administrator.get(logo["url"].as_str().unwrap(), &[]).await;

    assert_eq!(logo["mediaType"], "image/png");
    let picture = image::load_from_memory(&got.body.unwrap()).unwrap();
    assert_eq!((picture.width(), picture.height()), (256, 256));
    assert_eq!(app.value("select count(*) from files where purpose = 'clinic_logo'").await, 1);
}

#[tokio::test]
async fn a_demo_clinic_has_an_export() {
    let app = TestApp::new().await;
    demo::load(&app.database).await.unwrap();
    demo::load_files(&app.files).await.unwrap();
    // Loading again changes nothing.
    demo::load_files(&app.files).await.unwrap();

    let administrator = app.administrator().await;
    let query = "{ exports { nodes { id status rowsDone requestedBy { displayName } } } tickets(filter: { clinicId: $clinic }) { totalCount } }";
    let query = format!("query ($clinic: ID!) {query}");
    let clinic = administrator.ask("{ clinic(slug: \"acacia\") { id } }", json!({})).await["clinic"]["id"].take();
    let seen = administrator.ask(&query, json!({ "clinic": clinic })).await;
    let exports = seen["exports"]["nodes"].as_array().unwrap();

    assert_eq!(exports.len(), 1);
    assert_eq!(
        (&exports[0]["status"], &exports[0]["requestedBy"]["displayName"]),
        (&json!("COMPLETED"), &json!("Amina Wanjiru"))
    );
    assert_eq!(exports[0]["rowsDone"], seen["tickets"]["totalCount"]);
    let content = administrator.content_of_export(exports[0]["id"].as_str().unwrap()).await;
    assert_eq!(content.lines().next().unwrap().split(',').next(), Some("id"));
    assert!(content.matches("ticket_").count() > 1, "{content}");
}

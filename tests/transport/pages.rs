//! The GraphiQL page and the way to it.

use clinigraph::server::DemoPerson;

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
        let told = got(app.get("/graphiql/config.json")).await.json();

        assert_eq!(told["people"].as_array().unwrap().len(), usize::from(demo));
        assert_eq!(told["endpoint"], "/graphql");
    }
}

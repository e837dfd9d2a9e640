//! What a POST may carry: JSON in UTF-8, one request, of a limited size.

use serde_json::json;

use crate::wire::{
    client::got,
    stub::{StubApp, patient},
};

#[tokio::test]
async fn sound_values_arrive_as_they_were_sent() {
    let app = StubApp::new().await;
    let body =
        r#"{"query":"{echo}","variables":{"a":"😀\ud83d\ude00\\u0000","n":12345678901234567,"f":1.5,"z":null},"x":1}"#;
    let echoed = got(app.post().body(body)).await.json()["data"]["echo"].clone();
    assert_eq!(echoed["variables"], json!({ "a": "😀😀\\u0000", "n": 12345678901234567i64, "f": 1.5, "z": null }));

    let body = r#"{"query":"{echo}","variables":null,"extensions":null,"operationName":null}"#;
    let echoed = got(app.post().body(body)).await.json()["data"]["echo"].clone();
    let absent = ["variables", "extensions", "operationName"].map(|name| echoed[name].is_null());
    assert_eq!(absent, [true; 3]);
}

#[tokio::test]
async fn a_body_that_does_not_come_is_given_up() {
    let app = StubApp::with(|config| config.body_timeout = crate::wire::client::ms(300)).await;
    let response = app
        .raw("POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{\"q")
        .await;

    assert!(response.starts_with("HTTP/1.1 408") && response.contains("TIMEOUT"), "{response}");
    assert!(patient().body_timeout > crate::wire::client::ms(300));
    assert_eq!(app.running(), 0);
}

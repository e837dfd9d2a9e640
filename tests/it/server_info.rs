//! What the API says about the server itself.

use std::time::Duration;

use clinigraph::{
    kernel::error::Code,
    pipeline::{Limits, Rates, Settings},
    server::{ServerConfig, SocketConfig},
};
use serde_json::json;

use crate::harness::{TestApp, settings};

#[tokio::test]
async fn the_limits_are_those_in_force() {
    let limits = Limits {
        document_bytes: 9_001,
        tokens: 902,
        nesting: 43,
        depth: 14,
        selections: 1_905,
        aliases: 26,
        directives: 17,
        root_fields: 18,
        cost: 1_909,
        input_list: 210,
        schema_lists: 3,
    };
    let rates = Rates { user: 50_000, anonymous: 0 };
    let settings = Settings { limits, rates, deadline: Duration::from_secs(12), ..settings() };
    let socket = SocketConfig {
        max_message: 7_003,
        max_per_user: 34,
        max_per_address: 65,
        max_operations: 76,
        ..SocketConfig::default()
    };
    let config = ServerConfig { max_body: 70_002, socket, ..ServerConfig::default() };
    let app = TestApp::served(settings, 4, config).await;

    let answer = app
        .nobody()
        .ask(
            "{ server { version limits {
                bodyBytes documentBytes documentTokens nesting depth selections aliases directives rootFields cost
                inputListItems introspectionLists userCostPerMinute anonymousCostPerMinute operationSeconds pageSize
                defaultPageSize passwordCharacters idempotencyKeyCharacters idempotencyHours socketMessageBytes
                socketOperations socketsPerUser socketsPerAddress fileBytes fileTransfersPerClinic
            } } }",
            json!({}),
        )
        .await;

    let limits = json!({
        "bodyBytes": 70_002, "documentBytes": 9_001, "documentTokens": 902, "nesting": 43, "depth": 14,
        "selections": 1_905, "aliases": 26, "directives": 17, "rootFields": 18, "cost": 1_909, "inputListItems": 210,
        "introspectionLists": 3, "userCostPerMinute": 50_000, "anonymousCostPerMinute": null, "operationSeconds": 12,
        "pageSize": 100, "defaultPageSize": 25, "passwordCharacters": 128, "idempotencyKeyCharacters": 255,
        "idempotencyHours": 24, "socketMessageBytes": 7_003, "socketOperations": 76, "socketsPerUser": 34,
        "socketsPerAddress": 65, "fileBytes": i32::MAX, "fileTransfersPerClinic": 16,
    });
    assert_eq!(answer["server"], json!({ "version": env!("CARGO_PKG_VERSION"), "limits": limits }));
}

#[tokio::test]
async fn the_error_codes_are_those_of_the_enum() {
    let app = TestApp::new().await;

    let answer = app
        .nobody()
        .ask(
            "{ server { errorCodes { code description family retry } } __type(name: \"ErrorCode\") { enumValues { name description } } }",
            json!({}),
        )
        .await;

    let codes = answer["server"]["errorCodes"].as_array().unwrap();
    let listed: Vec<_> = codes.iter().map(|code| (&code["code"], &code["description"])).collect();
    let values = answer["__type"]["enumValues"].as_array().unwrap();
    let declared: Vec<_> = values.iter().map(|value| (&value["name"], &value["description"])).collect();
    assert_eq!(listed.len(), Code::ALL.len());
    assert!(listed.iter().all(|code| declared.contains(code)) && declared.iter().all(|code| listed.contains(code)));
    let locked = codes.iter().find(|code| code["code"] == "ACCOUNT_LOCKED").unwrap();
    assert_eq!((&locked["family"], &locked["retry"]), (&json!("CALLER"), &json!("AFTER_DELAY")));
}

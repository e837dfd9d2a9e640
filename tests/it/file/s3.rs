//! Files in a bucket: a service that speaks as much of S3 as the server needs, on loopback.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use chrono::TimeDelta;
use clinigraph::{
    file::{FileSettings, S3Options, StoreOptions, sweep_now},
    pipeline::Settings,
};
use http::{Method, StatusCode};
use serde_json::json;

use super::person::Sample;
use crate::harness::{TestApp, settings};

#[derive(Default)]
struct Bucket {
    objects: BTreeMap<String, Vec<u8>>,
    /// Parts by upload and number.
    parts: BTreeMap<String, BTreeMap<u32, Vec<u8>>>,
    /// Requests that lacked a signature.
    unsigned: usize,
}

type Shared = Arc<Mutex<Bucket>>;

const WRITTEN: &str = "Mon, 16 Nov 2026 12:00:00 GMT";

fn found(content: &[u8], range: Option<&str>) -> Response {
    let whole = || (StatusCode::OK, 0..content.len());
    let part = |range: &str| {
        let (first, last) = range.strip_prefix("bytes=")?.split_once('-')?;
        let first = first.parse::<usize>().ok()?;
        Some((StatusCode::PARTIAL_CONTENT, first..last.parse::<usize>().ok()? + 1))
    };
    let (status, range) = range.and_then(part).unwrap_or_else(whole);
    let end = range.end.min(content.len());
    let of = format!("bytes {}-{}/{}", range.start, end - 1, content.len());
    let body = content[range.start..end].to_vec();
    let headers = [("etag", "\"e\"".to_owned()), ("last-modified", WRITTEN.to_owned()), ("content-range", of)];
    (status, headers, body).into_response()
}

async fn answer(State(bucket): State<Shared>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body: Body = body;
    let content = to_bytes(body, 64 << 20).await.unwrap().to_vec();
    let mut bucket = bucket.lock().unwrap();
    let signature = parts.headers.get("authorization").and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !signature.starts_with("AWS4-HMAC-SHA256 Credential=key/") {
        bucket.unsigned += 1;
        return StatusCode::FORBIDDEN.into_response();
    }
    let key = parts.uri.path().trim_start_matches("/files/").trim_start_matches("/files").to_owned();
    let query = parts.uri.query().unwrap_or_default().to_owned();
    let value =
        |name: &str| query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('=')).map(str::to_owned);
    let range = parts.headers.get("range").and_then(|range| range.to_str().ok());
    match (parts.method, value("uploadId")) {
        (Method::POST, None) if query.starts_with("uploads") => {
            let id = format!("upload{}", bucket.parts.len());
            bucket.parts.insert(id.clone(), BTreeMap::new());
            format!("<InitiateMultipartUploadResult><UploadId>{id}</UploadId></InitiateMultipartUploadResult>")
                .into_response()
        }
        (Method::PUT, Some(id)) => {
            let number = value("partNumber").unwrap().parse().unwrap();
            bucket.parts.get_mut(&id).unwrap().insert(number, content);
            [("etag", format!("\"{number}\""))].into_response()
        }
        (Method::POST, Some(id)) => {
            let whole = bucket.parts.remove(&id).unwrap().into_values().collect::<Vec<_>>().concat();
            bucket.objects.insert(key, whole);
            "<CompleteMultipartUploadResult><ETag>\"e\"</ETag></CompleteMultipartUploadResult>".into_response()
        }
        (Method::DELETE, Some(id)) => {
            bucket.parts.remove(&id);
            StatusCode::NO_CONTENT.into_response()
        }
        (Method::DELETE, None) => {
            bucket.objects.remove(&key);
            StatusCode::NO_CONTENT.into_response()
        }
        (Method::GET, _) if query.contains("list-type=2") => {
            let listed: String = bucket.objects.iter().map(|(key, content)| {
                let size = content.len();
                format!("<Contents><Key>{key}</Key><LastModified>2026-11-16T12:00:00.000Z</LastModified><ETag>\"e\"</ETag><Size>{size}</Size></Contents>")
            }).collect();
            format!("<ListBucketResult><IsTruncated>false</IsTruncated>{listed}</ListBucketResult>").into_response()
        }
        (Method::GET | Method::HEAD, _) => match bucket.objects.get(&key) {
            Some(content) => found(content, range),
            None => StatusCode::NOT_FOUND.into_response(),
        },
        _ => StatusCode::NOT_IMPLEMENTED.into_response(),
    }
}

#[tokio::test]
async fn files_are_stored_in_a_bucket_and_read_back_in_parts() {
    let bucket = Shared::default();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let service = Router::new().fallback(answer).with_state(Arc::clone(&bucket));
    tokio::spawn(async move { axum::serve(listener, service).await.unwrap() });
    let store = StoreOptions::S3(S3Options {
        bucket: "files".to_owned(),
        region: "us-east-1".to_owned(),
        endpoint: Some(endpoint),
        access_key_id: "key".to_owned(),
        secret_access_key: "secret".to_owned(),
    });
    let files = FileSettings { store, ..FileSettings::default() };
    let app = TestApp::with(Settings { files, ..settings() }, 4).await;
    let manager = app.clinic("Oak").await.manager().await;
    // Three parts of a bucket.
    let sample = Sample::long(12 << 20);

    let file = manager.upload(&sample).await;
    let url = manager.url(&file).await;
    let whole = manager.get(&url, &[]).await;
    let part = manager.get(&url, &[("range", "bytes=7000000-7000009")]).await;

    assert!(whole.body.as_deref() == Ok(sample.content.as_slice()));
    assert_eq!(part.body.as_deref(), Ok(&sample.content[7_000_000..7_000_010]));
    let (objects, unsigned) = {
        let bucket = bucket.lock().unwrap();
        assert!(bucket.objects.values().all(|object| object[..8] != sample.content[..8]));
        (bucket.objects.len(), bucket.unsigned)
    };
    assert_eq!((objects, unsigned), (1, 0));

    let (_, url) = manager.begin_upload(sample.input()).await;
    assert_eq!(manager.put(&url, vec![b'x'; 12 << 20]).await.status, 422);
    assert!(bucket.lock().unwrap().parts.is_empty(), "an upload that fails is given up");

    let orphan = format!("{}/{}", "0192f0c1-2345-7abc-8def-0123456789ab", "0192f0c1-2345-7abc-8def-0123456789ac");
    bucket.lock().unwrap().objects.insert(orphan, vec![1]);
    manager.change("removeFile", json!({ "fileId": file }), "{ removedFileId }").await;
    app.clock.turn(TimeDelta::days(400));
    sweep_now(&app.files).await.unwrap();
    assert!(bucket.lock().unwrap().objects.is_empty());
}

#[test]
fn a_service_on_another_machine_is_reached_by_tls_alone() {
    let open = |endpoint: &str| {
        let options = S3Options {
            bucket: "files".to_owned(),
            region: "us-east-1".to_owned(),
            endpoint: Some(endpoint.to_owned()),
            access_key_id: "key".to_owned(),
            secret_access_key: "secret".to_owned(),
        };
        clinigraph::file::check_store(&StoreOptions::S3(options)).map_err(|error| format!("{:?}", error.cause()))
    };

    assert!(open("http://storage.example:9000").unwrap_err().contains("must be reached by https"));
    assert!(open("https://storage.example:9000").is_ok());
}

//! A server that is killed in the middle of many uploads: afterwards every content that was acknowledged is there, and no file is
//! served in part.

use std::{
    collections::HashMap,
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use clinigraph::kernel::{hex::hex, ids};
use futures_util::{StreamExt, stream};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::world::World;

const UPLOADS: usize = 200;
/// Uploads at once; a clinic may have no more.
const AT_ONCE: usize = 12;
/// Acknowledged files at which the server is killed.
const KILLED_AT: usize = 60;
const PIECE: usize = 16 << 10;

/// How far an upload came, as the server has acknowledged it.
#[derive(Debug)]
enum Reached {
    Nothing,
    /// The content was received; with the id of the upload.
    Received(String),
    /// The file was made; with its id.
    Completed(String),
}

#[derive(Clone)]
struct Client {
    http: reqwest::Client,
    origin: String,
    token: String,
}

impl Client {
    /// The data of an operation; none if there is no answer.
    async fn ask(&self, query: &str, variables: Value) -> Option<Value> {
        let url = format!("{}/graphql", self.origin);
        let request =
            self.http.post(url).bearer_auth(&self.token).json(&json!({ "query": query, "variables": variables }));
        let answer: Value = request.send().await.ok()?.json().await.ok()?;
        answer.get("errors").is_none().then(|| answer["data"].clone())
    }

    async fn complete(&self, upload: &str) -> Option<String> {
        let query = "mutation ($id: ID!) { completeUpload(input: { uploadId: $id }) { file { id } } }";
        let data = self.ask(query, json!({ "id": upload })).await?;
        Some(data["completeUpload"]["file"]["id"].as_str()?.to_owned())
    }

    /// Uploads a content, as far as the server answers.
    async fn upload(&self, content: Vec<u8>) -> Reached {
        self.begin(content).await.unwrap_or(Reached::Nothing)
    }

    async fn begin(&self, content: Vec<u8>) -> Option<Reached> {
        let query = "mutation ($input: CreateUploadInput!) { createUpload(input: $input) { url upload { id } } }";
        let input = json!({
            "name": "notes.txt", "purpose": "TICKET_ATTACHMENT", "mediaType": "text/plain",
            "sizeBytes": content.len(), "sha256": hex(&Sha256::digest(&content)),
        });
        let begun = self.ask(query, json!({ "input": input })).await?["createUpload"].take();
        let (url, upload) = (begun["url"].as_str()?, begun["upload"]["id"].as_str()?.to_owned());
        let pieces: Vec<Vec<u8>> = content.chunks(PIECE).map(<[u8]>::to_vec).collect();
        // Slowly, so that many are under way at any time.
        let pieces = stream::iter(pieces).then(|piece| async {
            tokio::time::sleep(Duration::from_millis(2)).await;
            Ok::<_, Infallible>(piece)
        });
        let put = self.http.put(format!("{}{url}", self.origin)).body(reqwest::Body::wrap_stream(pieces));
        if put.send().await.ok()?.status() != 204 {
            return None;
        }
        Some(self.complete(&upload).await.map_or(Reached::Received(upload), Reached::Completed))
    }

    /// SHA-256 of a file by its row, and of the content that is served of it.
    async fn both_hashes(&self, file: &str) -> (String, String) {
        let data = self.ask("query ($id: ID!) { file(id: $id) { url sha256 } }", json!({ "id": file })).await.unwrap();
        let got =
            self.http.get(format!("{}{}", self.origin, data["file"]["url"].as_str().unwrap())).send().await.unwrap();
        assert_eq!(got.status(), 200, "{file}");
        let content = got.bytes().await.unwrap();
        (data["file"]["sha256"].as_str().unwrap().to_owned(), hex(&Sha256::digest(&content)))
    }
}

/// A text of its own for each upload, of 64 to 320 KiB.
fn content(number: usize) -> Vec<u8> {
    let line = format!("Upload {number}. ");
    let size = (64 << 10) + (number * 7919) % (256 << 10);
    line.bytes().cycle().take(size).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_killed_loses_no_acknowledged_file_and_serves_no_half_one() {
    let mut world = World::new().await;
    let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(30)).build().unwrap();
    let client = Client { http, origin: format!("http://{}", world.addresses()[0]), token: world.manager().await };
    let acknowledged = Arc::new(AtomicUsize::new(0));

    let (uploader, counted) = (client.clone(), Arc::clone(&acknowledged));
    let uploading = tokio::spawn(async move {
        let uploads = stream::iter(0..UPLOADS).map(|number| {
            let (uploader, counted) = (uploader.clone(), Arc::clone(&counted));
            async move {
                let reached = uploader.upload(content(number)).await;
                if matches!(reached, Reached::Completed(_)) {
                    counted.fetch_add(1, Ordering::SeqCst);
                }
                (number, reached)
            }
        });
        uploads.buffer_unordered(AT_ONCE).collect::<Vec<_>>().await
    });
    world.until("files are uploaded", || acknowledged.load(Ordering::SeqCst) >= KILLED_AT).await;
    world.kill_and_start(0).await;
    let uploads = uploading.await.unwrap();

    let mut files: HashMap<Uuid, usize> = HashMap::new();
    let (mut completed, mut received, mut cut) = (0, 0, 0);
    for (number, reached) in &uploads {
        let file = match reached {
            Reached::Completed(file) => {
                completed += 1;
                file.clone()
            }
            Reached::Received(upload) => {
                received += 1;
                client.complete(upload).await.expect("a content that was acknowledged is there")
            }
            Reached::Nothing => {
                cut += 1;
                continue;
            }
        };
        let (of_row, of_content) = client.both_hashes(&file).await;
        assert_eq!(of_content, hex(&Sha256::digest(content(*number))), "{number}");
        assert_eq!(of_row, of_content);
        files.insert(ids::split(&file).unwrap().1, *number);
    }
    // Of the others, some were made without an answer. They are whole as well.
    let mut unanswered = 0;
    for file in world.files().await.into_iter().filter(|file| !files.contains_key(file)) {
        let spelled = format!("file_{}", std::str::from_utf8(&ids::encode(file)).unwrap());
        let (of_row, of_content) = client.both_hashes(&spelled).await;
        assert_eq!(of_row, of_content);
        unanswered += 1;
    }
    eprintln!(
        "{completed} files completed, {received} contents received, {cut} uploads cut off, {unanswered} made without an answer"
    );
    assert_eq!(completed + received + cut, UPLOADS);
    assert!(completed >= KILLED_AT && cut > 0, "it was killed in the middle");
    world.stop().await;
}

//! What people do with files.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::harness::{Answer, Person};

/// A file on somebody's computer.
#[derive(Debug, Clone)]
pub struct Sample {
    pub name: &'static str,
    pub purpose: &'static str,
    pub media_type: &'static str,
    pub content: Vec<u8>,
}

impl Sample {
    pub fn text(content: impl Into<Vec<u8>>) -> Self {
        Self { name: "notes.txt", purpose: "TICKET_ATTACHMENT", media_type: "text/plain", content: content.into() }
    }

    /// Text that differs from byte to byte.
    pub fn long(bytes: usize) -> Self {
        let line: Vec<u8> = (b' '..b' ' + 89).collect();
        let mut content = line.repeat(bytes.div_ceil(line.len()));
        content.truncate(bytes);
        Self::text(content)
    }

    pub fn logo() -> Self {
        Self { name: "logo.png", purpose: "CLINIC_LOGO", media_type: "image/png", content: png(64, 32) }
    }

    pub fn sha256(&self) -> String {
        hex(&Sha256::digest(&self.content))
    }

    pub fn input(&self) -> Value {
        json!({
            "name": self.name, "purpose": self.purpose, "mediaType": self.media_type,
            "sizeBytes": self.content.len(), "sha256": self.sha256(),
        })
    }
}

/// A picture in one colour.
pub fn png(width: u32, height: u32) -> Vec<u8> {
    let mut out = std::io::Cursor::new(Vec::new());
    let picture = image::RgbImage::from_pixel(width, height, image::Rgb([200, 30, 40]));
    picture.write_to(&mut out, image::ImageFormat::Png).unwrap();
    out.into_inner()
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// An answer over HTTP.
#[derive(Debug)]
pub struct Got {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    /// What came before the connection broke, if it did.
    pub body: Result<Vec<u8>, String>,
}

impl Got {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// Code and message of an error.
    pub fn error(&self) -> (String, String) {
        let body: Value = serde_json::from_slice(self.body.as_ref().unwrap()).unwrap();
        let error = &body["errors"][0];
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        (text(&error["extensions"]["code"]), text(&error["message"]))
    }
}

impl Person {
    /// Begins an upload; returns its id and its address.
    pub async fn begin_upload(&self, input: Value) -> (String, String) {
        let begun = self.change("createUpload", input, "{ url expiresAt upload { id status } }").await;
        assert_eq!(begun["upload"]["status"], "CREATED");
        (begun["upload"]["id"].as_str().unwrap().to_owned(), begun["url"].as_str().unwrap().to_owned())
    }

    /// Sends a request to an address of the API; nobody is signed in there.
    pub async fn fetch(
        &self,
        method: &str,
        url: &str,
        headers: &[(&str, &str)],
        body: impl Into<reqwest::Body>,
    ) -> Got {
        let method = method.parse().unwrap();
        let mut request = reqwest::Client::new().request(method, format!("http://{}{url}", self.address())).body(body);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = response.bytes().await.map(|bytes| bytes.to_vec()).map_err(|error| error.to_string());
        Got { status, headers, body }
    }

    pub async fn put(&self, url: &str, content: Vec<u8>) -> Got {
        self.fetch("PUT", url, &[], content).await
    }

    pub async fn get(&self, url: &str, headers: &[(&str, &str)]) -> Got {
        self.fetch("GET", url, headers, Vec::new()).await
    }

    /// Begins an upload and sends its content; returns its id.
    pub async fn send_upload(&self, sample: &Sample) -> String {
        self.send_upload_to(None, sample).await
    }

    /// The same of an administrator, who names the clinic.
    pub async fn send_upload_to(&self, clinic: Option<String>, sample: &Sample) -> String {
        let mut input = sample.input();
        if let Some(clinic) = clinic {
            input["clinicId"] = json!(clinic);
        }
        let (upload, url) = self.begin_upload(input).await;
        let got = self.put(&url, sample.content.clone()).await;
        assert_eq!(got.status, 204, "{got:?}");
        upload
    }

    /// Completes an upload; returns the id of its file.
    pub async fn complete_upload(&self, upload: &str) -> String {
        let completed = self.change("completeUpload", json!({ "uploadId": upload }), "{ file { id } }").await;
        completed["file"]["id"].as_str().unwrap().to_owned()
    }

    /// Uploads a file; returns its id.
    pub async fn upload(&self, sample: &Sample) -> String {
        self.complete_upload(&self.send_upload(sample).await).await
    }

    /// Reads a file; null if it does not show.
    pub async fn file(&self, file: &str, selection: &str) -> Value {
        let query = format!("query ($id: ID!) {{ file(id: $id) {selection} }}");
        self.ask(&query, json!({ "id": file })).await["file"].take()
    }

    /// The address of a file's content.
    pub async fn url(&self, file: &str) -> String {
        self.file(file, "{ url }").await["url"].as_str().unwrap().to_owned()
    }

    /// Replies to a ticket with a file.
    pub async fn reply_with_file(&self, ticket: &str, file: &str) {
        let input = json!({ "ticketId": ticket, "body": "See there.", "fileIds": [file] });
        self.change_ticket("replyToTicket", input, "{ id }").await;
    }

    pub async fn try_remove_file(&self, file: &str) -> Answer {
        self.mutate("removeFile", json!({ "fileId": file }), "{ removedFileId }").await
    }
}

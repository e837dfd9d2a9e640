//! A bucket of an S3 service, reached over the client of hyper with the certificates of the operating system.

use std::{fmt, pin::Pin, time::Duration};

use http_body_util::BodyExt;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector as Tcp},
    rt::TokioExecutor,
};
use object_store::{
    ClientOptions,
    aws::{AmazonS3, AmazonS3Builder},
    client::{
        HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpRequestBody, HttpResponse,
        HttpResponseBody, HttpService,
    },
};

use crate::kernel::{Error, Result};

/// Time for an answer of the service to begin.
const ANSWER: Duration = Duration::from_secs(30);

/// A bucket, and who the server is there.
#[derive(Clone)]
pub struct S3Options {
    pub bucket: String,
    pub region: String,
    /// Address of a service other than that of AWS.
    pub endpoint: Option<String>,
    pub access_key_id: String,
    pub secret_access_key: String,
}

impl fmt::Debug for S3Options {
    /// Leaves the secret out, which must not reach logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("S3Options")
            .field("bucket", &self.bucket)
            .field("endpoint", &self.endpoint)
            .finish_non_exhaustive()
    }
}

/// Opens a bucket; nothing is sent before the first object. A service in plain text is for this machine only.
pub fn open(options: &S3Options) -> Result<AmazonS3> {
    let S3Options { bucket, region, endpoint, access_key_id, secret_access_key } = options;
    let mut builder = AmazonS3Builder::new()
        .with_bucket_name(bucket)
        .with_region(region)
        .with_access_key_id(access_key_id)
        .with_secret_access_key(secret_access_key)
        .with_disable_tagging(true)
        .with_disable_bulk_delete(true)
        .with_http_connector(Hyper);
    if let Some(endpoint) = endpoint {
        let is_near = is_loopback(endpoint);
        if endpoint.starts_with("http://") && !is_near {
            let message = format!("the S3 service {endpoint} must be reached by https, as it is another machine");
            return Err(Error::unavailable(message));
        }
        builder = builder.with_endpoint(endpoint).with_allow_http(is_near);
    }
    builder.build().map_err(Error::unavailable)
}

fn is_loopback(endpoint: &str) -> bool {
    let Ok(uri) = endpoint.parse::<http::Uri>() else { return false };
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Makes the client.
#[derive(Debug)]
struct Hyper;

impl HttpConnector for Hyper {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        let failed = |error: std::io::Error| object_store::Error::Generic { store: "S3", source: Box::new(error) };
        let connector =
            HttpsConnectorBuilder::new().with_native_roots().map_err(failed)?.https_or_http().enable_http1().build();
        Ok(HttpClient::new(Service(Client::builder(TokioExecutor::new()).build(connector))))
    }
}

#[derive(Debug, Clone)]
struct Service(Client<HttpsConnector<Tcp>, HttpRequestBody>);

impl HttpService for Service {
    fn call<'s, 'f>(
        &'s self,
        request: HttpRequest,
    ) -> Pin<Box<dyn Future<Output = Result<HttpResponse, HttpError>> + Send + 'f>>
    where
        's: 'f,
        Self: 'f,
    {
        Box::pin(async move {
            let answer = tokio::time::timeout(ANSWER, self.0.request(request)).await;
            let answer = answer.map_err(|error| HttpError::new(HttpErrorKind::Timeout, error))?;
            let answer = answer.map_err(|error| {
                let kind = if error.is_connect() { HttpErrorKind::Connect } else { HttpErrorKind::Request };
                HttpError::new(kind, error)
            })?;
            let broken = |error| HttpError::new(HttpErrorKind::Interrupted, error);
            Ok(answer.map(|body| HttpResponseBody::new(body.map_err(broken))))
        })
    }
}

//! Uploads and downloads over HTTP, at the addresses that the API gives: `PUT /files/uploads/{link}` and
//! `GET /files/{link}`. The link is all that a request needs.

use axum::{
    Router,
    body::{Body, BodyDataStream},
    extract::{Path, Request, State},
    response::{IntoResponse, Response},
    routing::{get, put},
};
use bytes::Bytes;
use diesel::{ExpressionMethods, QueryDsl};
use diesel_async::RunQueryDsl;
use futures_util::{StreamExt, stream};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Version, header};
use tokio::time::{Duration, sleep_until, timeout};
use uuid::Uuid;

use super::{
    FilePurpose, FileScanStatus,
    headers::{Asked, disposition, range},
    receive::{Announced, receive},
    service::{Files, Object},
    transfer::{Pace, Refused},
};
use crate::{
    kernel::{Error, Result, hex::hex, links::LinkUse},
    schema::files as rows,
};

/// The routes of files.
pub fn routes(files: Files) -> Router {
    Router::new().route("/files/uploads/{link}", put(upload)).route("/files/{link}", get(download)).with_state(files)
}

async fn upload(State(files): State<Files>, Path(link): Path<String>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let mut body = body.into_data_stream();
    let received = match files.links().open(LinkUse::Upload, &link) {
        Ok(upload) => receive(&files, upload, announced(&parts.headers), &mut body).await,
        Err(link) => Err(link.into()),
    };
    match received {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(refused) => {
            // A client that waits for `100 Continue` has sent nothing yet.
            if !parts.headers.contains_key(header::EXPECT) {
                discard(body).await;
            }
            let mut response = refused.into_response();
            // What was not read of the body would be taken for the next request. HTTP/2 has no such header.
            if parts.version < Version::HTTP_2 {
                response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
            }
            response
        }
    }
}

fn announced(headers: &HeaderMap) -> Announced<'_> {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    Announced {
        length: text(header::CONTENT_LENGTH).and_then(|length| length.parse().ok()),
        media_type: text(header::CONTENT_TYPE).map(|said| said.split(';').next().unwrap_or_default().trim()),
    }
}

/// Reads on for a moment, because many clients lose the answer when the connection closes on unread input.
async fn discard(mut body: BodyDataStream) {
    let all = async { while let Some(Ok(_)) = body.next().await {} };
    drop(timeout(Duration::from_secs(1), all).await);
}

async fn download(State(files): State<Files>, Path(link): Path<String>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let served = match files.links().open(LinkUse::Download, &link) {
        Ok((clinic, file)) => serve(&files, clinic, file, &parts.method, &parts.headers).await,
        Err(link) => Err(link.into()),
    };
    served.unwrap_or_else(IntoResponse::into_response)
}

/// What is served of a file.
struct Served {
    name: String,
    purpose: FilePurpose,
    media_type: String,
    sha256: Vec<u8>,
    scan: FileScanStatus,
    object: Object,
}

/// The row of a file; none if the file was removed.
async fn row(files: &Files, clinic: Uuid, file: Uuid) -> Result<Option<Served>> {
    type Row = (String, FilePurpose, String, Vec<u8>, FileScanStatus, Uuid, Vec<u8>, i32);
    let rows: Vec<Row> = files
        .database()
        .as_system(None, async |scope| {
            let row = rows::table.filter(rows::clinic_id.eq(clinic)).filter(rows::id.eq(file)).select((
                rows::name,
                rows::purpose,
                rows::media_type,
                rows::sha256,
                rows::scan_status,
                rows::object_id,
                rows::sealed_key,
                rows::size_bytes,
            ));
            Ok(row.load(&mut scope.tx().await?.conn()?).await?)
        })
        .await?;
    Ok(rows.into_iter().next().map(|(name, purpose, media_type, sha256, scan, object, sealed_key, size)| Served {
        name,
        purpose,
        media_type,
        sha256,
        scan,
        object: Object { clinic, object, sealed_key, size: u64::from(size.unsigned_abs()) },
    }))
}

async fn serve(
    files: &Files,
    clinic: Uuid,
    file: Uuid,
    method: &Method,
    asked: &HeaderMap,
) -> Result<Response, Refused> {
    let served = row(files, clinic, file).await?.ok_or_else(Refused::unknown)?;
    match served.scan {
        scan if scan.is_served() => {}
        FileScanStatus::Infected => return Err(Refused::not_served("the file contains a virus and is not served")),
        _ => return Err(Refused::not_served("the file was not scanned for viruses yet; please try again later")),
    }
    let place = files.downloads().take(clinic).ok_or_else(Refused::busy)?;
    let size = served.object.size;
    let tag = format!("\"{}\"", hex(&served.sha256));
    let text = |name: HeaderName| asked.get(name).and_then(|value| value.to_str().ok());
    let is_same = text(header::IF_RANGE).is_none_or(|wanted| wanted == tag);
    let (status, part) = match range(text(header::RANGE).filter(|_| is_same), size) {
        Asked::Whole => (StatusCode::OK, 0..size),
        Asked::Part(part) => (StatusCode::PARTIAL_CONTENT, part),
        Asked::Beyond => return Err(Refused::beyond(size)),
    };
    let content = files.content(&served.object)?;
    content.check_size().await?;
    let mut headers = headers(&served, &tag)?;
    headers.insert(header::CONTENT_LENGTH, (part.end - part.start).into());
    if status == StatusCode::PARTIAL_CONTENT {
        let of_whole = format!("bytes {}-{}/{size}", part.start, part.end - 1);
        headers.insert(header::CONTENT_RANGE, HeaderValue::try_from(of_whole).map_err(Error::internal)?);
    }
    if *method == Method::HEAD {
        return Ok((status, headers).into_response());
    }
    let pace = Pace::of(part.end - part.start);
    let mut pieces = Box::pin(content.stream(part));
    // The first piece decides whether there is an answer at all; if a later one does not open, the connection breaks.
    let first = pieces.next().await.transpose()?.unwrap_or_default();
    let rest = pieces.map(move |piece| {
        let _until_the_end = &place;
        piece.inspect_err(|error| tracing::error!(%error, cause = ?error.cause(), "a download breaks off"))
    });
    let body = stream::iter([Ok::<Bytes, Error>(first)]).chain(rest).take_until(sleep_until(pace.end()));
    Ok((status, headers, Body::from_stream(body)).into_response())
}

fn headers(served: &Served, tag: &str) -> Result<HeaderMap> {
    let is_text = served.media_type.starts_with("text/");
    let media_type = if is_text { format!("{}; charset=utf-8", served.media_type) } else { served.media_type.clone() };
    let mut headers = HeaderMap::new();
    for (name, value) in [
        (header::CONTENT_TYPE, media_type.as_str()),
        (header::CONTENT_DISPOSITION, &disposition(served.purpose.is_shown(), &served.name)),
        (header::CONTENT_SECURITY_POLICY, "sandbox; default-src 'none'"),
        (header::CACHE_CONTROL, "private, no-store"),
        (header::ACCEPT_RANGES, "bytes"),
        (header::ETAG, tag),
    ] {
        headers.insert(name, HeaderValue::try_from(value).map_err(Error::internal)?);
    }
    Ok(headers)
}

//! Receives the content of an upload: checks it against what was agreed while it comes, stores it, scans it, and then notes in
//! the upload that it is there. Until that is noted, nothing has happened: what was stored is removed.

use std::time::Duration;

use bytes::Bytes;
use diesel::{ExpressionMethods, QueryDsl};
use diesel_async::RunQueryDsl;
use futures_util::{Stream, StreamExt};
use sha2::{Digest, Sha256};
use tokio::time::{Instant, timeout_at};
use uuid::Uuid;

use super::{
    FilePurpose, FileScanStatus, FileUploadStatus,
    image::rewrite,
    media::{HEAD, sniff},
    service::{Files, NewObject, Object},
    transfer::{Pace, Refused},
};
use crate::{
    kernel::{Error, Result},
    schema::file_uploads as rows,
};

/// What was agreed on a content.
#[derive(Debug)]
struct Agreed {
    purpose: FilePurpose,
    media_type: String,
    size: u64,
    sha256: Vec<u8>,
}

/// A content that was stored.
struct Stored {
    object: Object,
    media_type: &'static str,
    sha256: Vec<u8>,
}

/// Receives the content of an upload.
pub async fn receive<E>(
    files: &Files,
    (clinic, upload): (Uuid, Uuid),
    announced: Announced<'_>,
    body: impl Stream<Item = Result<Bytes, E>> + Send,
) -> Result<(), Refused> {
    let agreed = agreed(files, clinic, upload).await?;
    announced.check(&agreed)?;
    let (Some(_upload), Some(_place)) = (files.receiving().take(upload), files.uploads().take(clinic)) else {
        return Err(Refused::busy());
    };
    let stored = match agreed.purpose.image_side() {
        Some(side) => receive_image(files, clinic, &agreed, side, body).await?,
        None => receive_as_it_is(files, clinic, &agreed, body).await?,
    };
    let name = stored.object.name();
    match note(files, upload, stored).await {
        Ok(()) => Ok(()),
        Err(refused) => {
            files.discard(name).await;
            Err(refused)
        }
    }
}

/// What a request says of its body.
#[derive(Debug, Clone, Copy)]
pub struct Announced<'a> {
    pub length: Option<u64>,
    pub media_type: Option<&'a str>,
}

impl Announced<'_> {
    /// Refuses what cannot be right before any of it is read.
    fn check(self, agreed: &Agreed) -> Result<(), Refused> {
        match self.length {
            Some(length) if length != agreed.size => return Err(wrong_size(length, agreed.size)),
            _ => {}
        }
        match self.media_type {
            Some(said) if said != agreed.media_type => {
                Err(Refused::invalid(format!("the Content-Type must be {}, as agreed, not {said}", agreed.media_type)))
            }
            _ => Ok(()),
        }
    }
}

async fn agreed(files: &Files, clinic: Uuid, upload: Uuid) -> Result<Agreed, Refused> {
    type Row = (FileUploadStatus, FilePurpose, String, i32, Vec<u8>);
    let row: Option<Row> = files
        .database()
        .as_system(None, async |scope| {
            let columns = (rows::status, rows::purpose, rows::media_type, rows::size_bytes, rows::sha256);
            let upload = rows::table.filter(rows::clinic_id.eq(clinic)).filter(rows::id.eq(upload)).select(columns);
            let found = upload.load(&mut scope.tx().await?.conn()?).await?;
            Ok(found.into_iter().next())
        })
        .await?;
    let (status, purpose, media_type, size, sha256) = row.ok_or_else(Refused::unknown)?;
    if status != FileUploadStatus::Created {
        return Err(Refused::used());
    }
    Ok(Agreed { purpose, media_type, size: u64::from(size.unsigned_abs()), sha256 })
}

/// Checks a body while it comes.
struct Incoming<'a, B> {
    body: B,
    agreed: &'a Agreed,
    size: u64,
    hash: Sha256,
    pace: Pace,
}

impl<'a, E, B: Stream<Item = Result<Bytes, E>> + Unpin> Incoming<'a, B> {
    fn new(agreed: &'a Agreed, body: B) -> Self {
        Self { body, agreed, size: 0, hash: Sha256::new(), pace: Pace::of(agreed.size) }
    }

    /// The next piece; none at the end of a content that is as agreed.
    async fn next(&mut self) -> Result<Option<Bytes>, Refused> {
        let piece = timeout_at(self.pace.next(), self.body.next()).await.map_err(|_| Refused::slow())?;
        match piece {
            Some(Ok(piece)) => {
                self.size += piece.len() as u64;
                if self.size > self.agreed.size {
                    return Err(wrong_size(self.size, self.agreed.size));
                }
                self.hash.update(&piece);
                Ok(Some(piece))
            }
            Some(Err(_)) => Err(Refused::invalid("the content ended early")),
            None if self.size != self.agreed.size => Err(wrong_size(self.size, self.agreed.size)),
            None if self.hash.clone().finalize().as_slice() != self.agreed.sha256 => {
                Err(Refused::invalid("the SHA-256 of the content is not the one that was agreed"))
            }
            None => Ok(None),
        }
    }
}

fn wrong_size(found: u64, agreed: u64) -> Refused {
    let found = if found > agreed { "more".to_owned() } else { found.to_string() };
    Refused::invalid(format!("the content must have {agreed} bytes, as agreed, not {found}"))
}

/// The media type of a content, which must be what was agreed.
fn media_type(agreed: &Agreed, head: &[u8]) -> Result<&'static str, Refused> {
    let sniffed = sniff(head);
    sniffed.as_said(&agreed.media_type).ok_or_else(|| {
        Refused::invalid(format!("the content is {}, and not {} as agreed", sniffed.noun(), agreed.media_type))
    })
}

async fn receive_as_it_is<E>(
    files: &Files,
    clinic: Uuid,
    agreed: &Agreed,
    body: impl Stream<Item = Result<Bytes, E>> + Send,
) -> Result<Stored, Refused> {
    let body = std::pin::pin!(body);
    let mut incoming = Incoming::new(agreed, body);
    let mut head = Vec::new();
    while head.len() < HEAD
        && let Some(piece) = incoming.next().await?
    {
        head.extend_from_slice(&piece);
    }
    let media_type = media_type(agreed, &head)?;
    let mut object = files.write(clinic).await?;
    let whole = async {
        object.push(&head).await?;
        while let Some(piece) = incoming.next().await? {
            object.push(&piece).await?;
        }
        Ok::<_, Refused>(())
    };
    if let Err(refused) = whole.await {
        object.give_up().await;
        return Err(refused);
    }
    Ok(Stored { object: object.finish().await?, media_type, sha256: agreed.sha256.clone() })
}

/// An image that is written anew is in memory as a whole; its purpose limits its size.
async fn receive_image<E>(
    files: &Files,
    clinic: Uuid,
    agreed: &Agreed,
    side: u32,
    body: impl Stream<Item = Result<Bytes, E>> + Send,
) -> Result<Stored, Refused> {
    let body = std::pin::pin!(body);
    let mut incoming = Incoming::new(agreed, body);
    let mut content = Vec::new();
    while let Some(piece) = incoming.next().await? {
        content.extend_from_slice(&piece);
    }
    media_type(agreed, &content)?;
    let _turn = files.turn_to_decode().await?;
    let written = tokio::task::spawn_blocking(move || rewrite(&content, sniff(&content), side)).await;
    let (image, media_type) =
        written.map_err(Error::internal)?.map_err(|problem| Refused::invalid(problem.to_string()))?;
    let mut object: NewObject = files.write(clinic).await?;
    object.push(&image).await?;
    Ok(Stored { object: object.finish().await?, media_type, sha256: Sha256::digest(&image).to_vec() })
}

/// Scans what was stored, and notes it in the upload, unless another request has been quicker.
async fn note(files: &Files, upload: Uuid, Stored { object, media_type, sha256 }: Stored) -> Result<(), Refused> {
    let (scan, finding) = files.scan(&object).await?;
    if scan == FileScanStatus::Infected {
        let found = finding.unwrap_or_default();
        return Err(Refused::invalid(format!("the content contains a virus: {found}")));
    }
    let size = i32::try_from(object.size).map_err(Error::internal)?;
    let noted = files
        .database()
        .as_system(None, async |scope| {
            let free = rows::table
                .filter(rows::clinic_id.eq(object.clinic))
                .filter(rows::id.eq(upload))
                .filter(rows::status.eq(FileUploadStatus::Created));
            let changes = (
                rows::status.eq(FileUploadStatus::Received),
                rows::object_id.eq(object.object),
                rows::sealed_key.eq(&object.sealed_key),
                rows::stored_media_type.eq(media_type),
                rows::stored_size_bytes.eq(size),
                rows::stored_sha256.eq(&sha256),
                rows::scan_status.eq(scan),
            );
            Ok(diesel::update(free).set(changes).execute(&mut scope.tx().await?.conn()?).await?)
        })
        .await?;
    if noted == 1 { Ok(()) } else { Err(Refused::used()) }
}

impl Pace {
    /// Until when the next piece must have come.
    fn next(&self) -> Instant {
        (Instant::now() + Duration::from_secs(20)).min(self.end())
    }
}

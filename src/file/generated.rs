//! Files that the server makes for one user, such as exports: their content is written to the store while it is made, and never
//! in memory as a whole.

use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{
    File, FilePurpose, FileScanStatus, FileVisibility,
    limits::DOWNLOAD_LIFETIME,
    service::{Files, NewObject, Object},
};
use crate::{
    access::User,
    clinic::Clinic,
    kernel::{
        Code, Error, Id, Result,
        db::Scope,
        entity::Entity,
        links::LinkUse,
        write::{NoEvent, Stored},
    },
};

/// The content of a file while it is made.
pub struct NewContent {
    object: NewObject,
    hash: Sha256,
    size: u64,
    most_bytes: u64,
}

/// A content that is stored, and belongs to no file yet. If it never does, it is removed after a day.
#[derive(Debug, Clone)]
pub struct StoredContent {
    object: Object,
    sha256: Vec<u8>,
}

/// What is said of a file that the server makes.
#[derive(Debug)]
pub struct Made<E> {
    pub name: String,
    pub purpose: FilePurpose,
    pub media_type: &'static str,
    /// User who sees the file.
    pub owner: Id<User>,
    /// Object that the file is part of.
    pub subject: Id<E>,
}

impl Files {
    /// Begins the content of a file of a clinic, or of the platform under the nil UUID.
    pub async fn make(&self, clinic: Uuid, purpose: FilePurpose) -> Result<NewContent> {
        let most_bytes = self.settings().limits.file.min(purpose.most_bytes()).min(i32::MAX as u64);
        Ok(NewContent { object: self.write(clinic).await?, hash: Sha256::new(), size: 0, most_bytes })
    }

    /// Removes a content that belongs to no file.
    pub async fn discard_content(&self, content: &StoredContent) {
        self.discard(content.object.name()).await;
    }

    /// The address of a file's content, with which anybody can download it within five minutes.
    pub fn address(&self, clinic: Uuid, file: Id<File>) -> Result<String> {
        Ok(format!("/files/{}", self.links().sign(LinkUse::Download, clinic, file.uuid(), DOWNLOAD_LIFETIME)?))
    }
}

impl NewContent {
    /// Adds a piece; `LIMIT_REACHED` if a file may not have so many bytes.
    pub async fn push(&mut self, piece: &[u8]) -> Result<()> {
        self.size += piece.len() as u64;
        if self.size > self.most_bytes {
            let message = format!("the file would have more than {} bytes", self.most_bytes);
            return Err(Error::new(Code::LimitReached, message).limit(self.most_bytes));
        }
        self.hash.update(piece);
        self.object.push(piece).await
    }

    /// Bytes so far.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Makes the content durable.
    pub async fn finish(self) -> Result<StoredContent> {
        Ok(StoredContent { object: self.object.finish().await?, sha256: self.hash.finalize().to_vec() })
    }

    /// Gives the content up.
    pub async fn give_up(self) {
        self.object.give_up().await;
    }
}

/// Makes a file of a content; `LIMIT_REACHED` if the files of the clinic may not have so many bytes more.
pub async fn add<E: Entity>(scope: &Scope, files: &Files, content: &StoredContent, made: Made<E>) -> Result<Id<File>> {
    let StoredContent { object, sha256 } = content;
    let clinic = Id::<Clinic>::from_uuid(object.clinic);
    let size = i32::try_from(object.size).map_err(Error::internal)?;
    if !object.clinic.is_nil() {
        files.check_quota(scope, clinic, size).await?;
    }
    File::new_in(clinic)
        .created_by_user_id(made.owner)
        .name(made.name)
        .purpose(made.purpose)
        .media_type(made.media_type)
        .size_bytes(size)
        .sha256(sha256.clone())
        .object_id(object.object)
        .sealed_key(object.sealed_key.clone())
        .visibility(FileVisibility::Owner)
        .subject_type(E::PREFIX)
        .subject_id(made.subject.uuid())
        .scan_status(FileScanStatus::NotScanned)
        .insert(scope, NoEvent)
        .await
}

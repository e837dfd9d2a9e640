//! Uploads: what was agreed on a file before its content comes, and the three states from there to the file.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{File, FilePurpose, FileScanStatus, FileVisibility, limits::UPLOAD_LIFETIME, service::Files};
use crate::{
    access::{User, user_id},
    clinic::Clinic,
    entity,
    kernel::{
        Code, Error, Id, Result,
        db::Scope,
        ids::Kind,
        write::{Draft, NoEvent, Stored},
    },
    schema::file_uploads,
    text_enum,
};

text_enum! {
    /// Status of an upload.
    FileUploadStatus {
        /// The content has not been received yet.
        Created = "created",
        /// The content was received as it was agreed, and waits for `completeUpload`.
        Received = "received",
        /// The upload has become a file.
        Completed = "completed",
    }
}

entity! {
    /// Upload of a file. Only the user who began it and administrators of the platform see it.
    FileUpload "file_upload" of file_uploads, tenant clinic_id;
    columns {
        /// Identifier of the upload.
        id: Id<FileUpload>,
        /// Name of the file.
        name: String,
        /// Purpose of the file.
        purpose: FilePurpose,
        /// Media type that the content must have.
        media_type: String,
        /// Size in bytes that the content must have.
        size_bytes: i32,
        /// Status of the upload.
        status: FileUploadStatus,
        /// Time until which the content can be sent and the upload can be completed.
        expires_at: DateTime<Utc>,
        /// Time at which the upload was begun.
        created_at: DateTime<Utc>,
        /// Version of the upload, which each change increments.
        version: i32,
    }
    inside {
        clinic_id: Id<Clinic>,
        created_by_user_id: Id<User>,
        sha256: Vec<u8>,
        file_id: Option<Id<File>>,
        object_id: Option<Uuid>,
        sealed_key: Option<Vec<u8>>,
        stored_media_type: Option<String>,
        stored_size_bytes: Option<i32>,
        stored_sha256: Option<Vec<u8>>,
        scan_status: Option<FileScanStatus>,
    }
    derived {
        /// SHA-256 in hexadecimal digits that the content must have.
        sha256: String = "encode(sha256, 'hex')",
    }
    edges {
        /// Clinic that the file is uploaded to.
        clinic: one Clinic by clinic_id,
        /// File that the upload has become. Null before it is completed.
        file: maybe File by file_id,
    }
}

/// What is agreed on a content.
#[derive(Debug)]
pub struct Agreed {
    pub name: String,
    pub purpose: FilePurpose,
    pub media_type: String,
    pub size_bytes: i32,
    pub sha256: [u8; 32],
}

/// Begins an upload to a clinic, if its files may have so many bytes more; returns it and when it expires.
pub async fn begin(
    scope: &Scope,
    files: &Files,
    clinic: Id<Clinic>,
    agreed: Agreed,
) -> Result<(Id<FileUpload>, DateTime<Utc>)> {
    files.require_store()?;
    files.check_quota(scope, clinic, agreed.size_bytes).await?;
    let expires_at = scope.now() + UPLOAD_LIFETIME;
    let draft = FileUpload::new_in(clinic)
        .created_by_user_id(user_id(scope.actor().person()?))
        .name(agreed.name)
        .purpose(agreed.purpose)
        .media_type(agreed.media_type)
        .size_bytes(agreed.size_bytes)
        .sha256(agreed.sha256.to_vec())
        .expires_at(expires_at);
    Ok((draft.insert(scope, NoEvent).await?, expires_at))
}

/// Makes the file of an upload whose content was received. An upload that is completed already gives its file again.
pub async fn complete(scope: &Scope, upload: Id<FileUpload>) -> Result<Id<File>> {
    let own = scope.actor().person()?.user_id;
    let seen = FileUpload::find(scope, upload).await?;
    let seen = seen.filter(|seen| seen.created_by_user_id.uuid() == own);
    let purpose = seen.ok_or_else(|| Error::not_found("upload"))?.purpose;
    scope.actor().require(purpose.permission())?;
    let upload = FileUpload::lock(scope, upload, None).await?;
    if let (FileUploadStatus::Completed, Some(file)) = (upload.status, upload.file_id) {
        return Ok(file);
    }
    if upload.expires_at <= scope.now() {
        let message = "the upload has expired; please begin another";
        return Err(Error::new(Code::InvalidTransition, message).allowed(Vec::new()));
    }
    let (Some(object), Some(key), Some(media_type), Some(size), Some(sha256), Some(scan)) = (
        upload.object_id,
        upload.sealed_key.clone(),
        upload.stored_media_type.clone(),
        upload.stored_size_bytes,
        upload.stored_sha256.clone(),
        upload.scan_status,
    ) else {
        let message = "the content was not received yet; send it to the address of the upload first";
        return Err(Error::new(Code::InvalidTransition, message).allowed(Vec::new()));
    };
    // The object must not belong to both rows at any time.
    let file = File::new_in(upload.clinic_id);
    let id = file.row_id();
    file.created_by_user_id(upload.created_by_user_id)
        .name(upload.name.as_str())
        .purpose(upload.purpose)
        .media_type(media_type)
        .size_bytes(size)
        .sha256(sha256)
        .object_id(object)
        .sealed_key(key)
        .visibility(FileVisibility::Uploader)
        .subject_type(User::PREFIX)
        .subject_id(upload.created_by_user_id.uuid())
        .scan_status(scan)
        .insert(scope, NoEvent)
        .await?;
    without_object(upload.edit()).status(FileUploadStatus::Completed).file_id(id).update(scope, NoEvent).await?;
    Ok(id)
}

fn without_object(draft: Draft<'_, FileUpload>) -> Draft<'_, FileUpload> {
    draft
        .object_id(None::<Uuid>)
        .sealed_key(None::<Vec<u8>>)
        .stored_media_type(None::<String>)
        .stored_size_bytes(None::<i32>)
        .stored_sha256(None::<Vec<u8>>)
        .scan_status(None::<FileScanStatus>)
}

//! Queries and mutations of files.

use async_graphql::{Context, Object, SimpleObject};
use chrono::{DateTime, Utc};

use super::{
    File, FilePurpose, FileUpload, file,
    limits::UPLOAD_LIFETIME,
    service::Files,
    upload::{self, Agreed},
};
use crate::{
    clinic::{ActingClinic, Clinic},
    input,
    kernel::{
        Code, Error, Id, Permission, RequestOf, Result,
        entity::{Kinds, One},
        error::Problems,
        ids::Kind,
        links::LinkUse,
        request::service,
        write::{ExpectedVersion, Input, Int, NoEvent, Stored, Text},
    },
    queries,
};

queries! {
    /// Queries of files.
    FileReads;
    one {
        /// File with this id. Null if there is none that the caller may see.
        file: File,
        /// Upload with this id. Null if there is none that the caller may see.
        file_upload: FileUpload,
    }
}

input! {
    /// File that is going to be uploaded.
    CreateUploadInput {
        clinic_id: ActingClinic,
        /// Name of the file, without a path.
        name: Text<255>,
        /// Purpose of the file.
        purpose: FilePurpose,
        /// Media type of the content, such as `image/png`; `FilePurpose` says which are accepted.
        media_type: Text<100>,
        /// Size of the content in bytes.
        size_bytes: Int<1, 2_147_483_647>,
        /// SHA-256 of the content in 64 hexadecimal digits.
        sha256: Text<64>,
    }
}

/// Result of beginning an upload.
#[derive(SimpleObject)]
pub struct CreateUploadPayload {
    /// Upload that was begun.
    upload: One<FileUpload>,
    /// Address on this server to which the content is sent once, by the method PUT.
    url: String,
    /// Time until which the content can be sent.
    expires_at: DateTime<Utc>,
}

input! {
    /// Upload that is going to be completed.
    CompleteUploadInput {
        /// Identifier of the upload.
        upload_id: Id<FileUpload>,
    }
}

/// Result of completing an upload.
#[derive(SimpleObject)]
pub struct CompleteUploadPayload {
    /// File that was uploaded.
    file: One<File>,
}

input! {
    /// File that is going to be removed.
    RemoveFileInput {
        /// Identifier of the file.
        file_id: Id<File>,
        expected_version: ExpectedVersion,
    }
}

/// Result of removing a file.
#[derive(SimpleObject)]
pub struct RemoveFilePayload {
    /// Identifier of the file that was removed.
    removed_file_id: Id<File>,
    /// Clinic that the file belonged to.
    clinic: One<Clinic>,
}

input! {
    /// Legal hold of a file.
    HoldFileInput {
        /// File that is going to be placed under legal hold.
        file_id: Id<File>,
        /// Reason of the legal hold, for the audit trail.
        reason: Text<1000>,
        expected_version: ExpectedVersion,
    }
}

/// Result of placing a file under legal hold.
#[derive(SimpleObject)]
pub struct HoldFilePayload {
    /// File that is under legal hold now.
    file: One<File>,
}

input! {
    /// Release of a file from its legal hold.
    ReleaseFileInput {
        /// File that is going to be released.
        file_id: Id<File>,
        /// Reason of the release, for the audit trail.
        reason: Text<1000>,
        expected_version: ExpectedVersion,
    }
}

/// Result of releasing a file from its legal hold.
#[derive(SimpleObject)]
pub struct ReleaseFilePayload {
    /// File that is no longer under legal hold.
    file: One<File>,
}

#[derive(Debug, Default)]
pub struct FileMutation;

#[Object]
impl FileMutation {
    /// Begins the upload of a file: name, type, size and SHA-256 of the content are agreed, and the content is then sent to the
    /// address that is returned, within an hour. `LIMIT_REACHED` if the file, or all files of the clinic together, would be too
    /// large. Needs the permission that the purpose names.
    async fn create_upload(&self, ctx: &Context<'_>, input: Input<CreateUploadInput>) -> Result<CreateUploadPayload> {
        let (input, mut problems) = input.check()?;
        let scope = ctx.permitted(input.purpose.permission())?;
        let agreed = agreed(&input, &mut problems);
        problems.done()?;
        let files = service::<Files>(ctx)?;
        check_size(files, &agreed)?;
        let clinic = input.clinic_id.resolve(scope).await?;
        let (upload, expires_at) = upload::begin(scope, files, clinic, agreed).await?;
        let link = files.links().sign(LinkUse::Upload, clinic.uuid(), upload.uuid(), UPLOAD_LIFETIME)?;
        Ok(CreateUploadPayload { upload: One::of(upload), url: format!("/files/uploads/{link}"), expires_at })
    }

    /// Makes a file of an upload whose content was received. `INVALID_TRANSITION` if it was not, or if the upload has expired.
    /// Only its uploader sees the file until it is part of something, and it is removed if it is not after a day.
    async fn complete_upload(
        &self,
        ctx: &Context<'_>,
        input: Input<CompleteUploadInput>,
    ) -> Result<CompleteUploadPayload> {
        let scope = ctx.scope()?;
        let input = input.valid()?;
        Ok(CompleteUploadPayload { file: One::of(upload::complete(scope, input.upload_id).await?) })
    }

    /// Removes a file for good. `INVALID_TRANSITION` if it is under legal hold, is the logo of a clinic or belongs to an export. Needs the permission
    /// that its purpose names, and `CLINIC_MANAGE` for a file that somebody else has uploaded.
    async fn remove_file(&self, ctx: &Context<'_>, input: Input<RemoveFileInput>) -> Result<RemoveFilePayload> {
        let scope = ctx.scope()?;
        let own = scope.actor().person()?.user_id;
        let input = input.valid()?;
        let seen = File::find(scope, input.file_id).await?.ok_or_else(|| Error::not_found("file"))?;
        if !service::<Kinds>(ctx)?.readable(scope.actor()).contains(&seen.subject_type.as_str()) {
            return Err(Error::not_found("file"));
        }
        scope.actor().require(seen.purpose.permission())?;
        if seen.created_by_user_id.uuid() != own {
            scope.actor().require(Permission::ClinicManage)?;
        }
        let file = File::lock(scope, input.file_id, input.expected_version).await?;
        if file.subject_type == Clinic::PREFIX {
            let message = "the file is the logo of a clinic; use removeClinicLogo to remove it";
            return Err(Error::new(Code::InvalidTransition, message).allowed(Vec::new()));
        }
        if file.purpose == FilePurpose::Export {
            let message = "the file belongs to an export, and is removed when that expires";
            return Err(Error::new(Code::InvalidTransition, message).allowed(Vec::new()));
        }
        file::remove(scope, &file).await?;
        Ok(RemoveFilePayload { removed_file_id: file.id, clinic: One::of(file.clinic_id) })
    }

    /// Places a file under legal hold, so that nobody can remove it. Needs the permission `FILES_HOLD`.
    async fn hold_file(&self, ctx: &Context<'_>, input: Input<HoldFileInput>) -> Result<HoldFilePayload> {
        let scope = ctx.permitted(Permission::FilesHold)?;
        let input = input.valid()?;
        let file = File::lock(scope, input.file_id, input.expected_version).await?;
        file.edit().is_held(true).hold_reason(input.reason).update(scope, NoEvent).await?;
        Ok(HoldFilePayload { file: One::of(file.id) })
    }

    /// Releases a file from its legal hold. `INVALID_TRANSITION` if it is not under one. Needs the permission `FILES_HOLD`.
    async fn release_file(&self, ctx: &Context<'_>, input: Input<ReleaseFileInput>) -> Result<ReleaseFilePayload> {
        let scope = ctx.permitted(Permission::FilesHold)?;
        let input = input.valid()?;
        let file = File::lock(scope, input.file_id, input.expected_version).await?;
        if !file.is_held {
            let message = "the file is not under legal hold";
            return Err(Error::new(Code::InvalidTransition, message).allowed(Vec::new()));
        }
        file.edit().is_held(false).hold_reason(input.reason).update(scope, NoEvent).await?;
        Ok(ReleaseFilePayload { file: One::of(file.id) })
    }
}

/// What an input agrees on; what is wrong with it is noted.
fn agreed(input: &CreateUploadInput, problems: &mut Problems) -> Agreed {
    let name = input.name.as_str();
    let is_name = !name.chars().any(|letter| letter.is_control() || matches!(letter, '/' | '\\'));
    problems.check(is_name, "input.name", "must not have slashes, backslashes or control characters");
    let is_uploaded = input.purpose.is_uploaded();
    problems.check(is_uploaded, "input.purpose", "must be a purpose that files are uploaded for");
    let accepted = input.purpose.media_types();
    let media_type = input.media_type.as_str().to_ascii_lowercase();
    let message = format!("must be one of {}", accepted.join(", "));
    problems.check(!is_uploaded || accepted.contains(&media_type.as_str()), "input.mediaType", message);
    let sha256 = digest(input.sha256.as_str());
    problems.check(sha256.is_some(), "input.sha256", "must have 64 hexadecimal digits");
    Agreed {
        name: name.to_owned(),
        purpose: input.purpose,
        media_type,
        size_bytes: input.size_bytes.get(),
        sha256: sha256.unwrap_or_default(),
    }
}

/// The bytes of 64 hexadecimal digits.
fn digest(text: &str) -> Option<[u8; 32]> {
    let digits = text.as_bytes();
    if digits.len() != 64 || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    let mut bytes = [0; 32];
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(bytes)
}

/// `LIMIT_REACHED` for a file that is larger than one of its purpose may be.
fn check_size(files: &Files, agreed: &Agreed) -> Result<()> {
    let most = files.settings().most_bytes(agreed.purpose);
    if u64::from(agreed.size_bytes.unsigned_abs()) <= most {
        return Ok(());
    }
    let message = format!("a file of this purpose may have {most} bytes, and this one has {}", agreed.size_bytes);
    Err(Error::new(Code::LimitReached, message).limit(most).at("input.sizeBytes"))
}

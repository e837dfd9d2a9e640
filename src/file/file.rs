//! Files: their declaration, and what they can be part of.

use chrono::{DateTime, Utc};

use super::{FilePurpose, limits::DOWNLOAD_LIFETIME};
use crate::{
    access::User,
    clinic::Clinic,
    entity,
    kernel::{
        Code, Error, Id, Result,
        db::Scope,
        entity::{Caller, Entity},
        links::LinkUse,
        write::{NoEvent, Stored},
    },
    schema::files,
    text_enum,
};

text_enum! {
    /// Result of the scan of a file for viruses.
    FileScanStatus {
        /// The file was not scanned, as the server has no scanner or has made the file itself; the file is served.
        NotScanned = "not_scanned",
        /// The scanner has not answered yet; the file is not served before it has.
        Pending = "pending",
        /// The scanner found nothing.
        Clean = "clean",
        /// The scanner found something; the file is never served.
        Infected = "infected",
    }
}

impl FileScanStatus {
    /// Whether a file in this status is served.
    #[must_use]
    pub fn is_served(self) -> bool {
        matches!(self, Self::NotScanned | Self::Clean)
    }
}

text_enum! {
    /// Circle of people who see a file.
    FileVisibility {
        /// Only the user who uploaded the file sees it, until it is part of something.
        Uploader = "uploader",
        /// Only the user for whom the server made the file and administrators of the platform see it.
        Owner = "owner",
        /// Administrators of the platform see the file.
        Platform = "platform",
        /// The staff of the clinic and administrators of the platform see the file.
        Clinic = "clinic",
        /// Everybody in the clinic sees the file, patients too.
        Everybody = "everybody",
    }
}

entity! {
    /// File that was uploaded to a clinic, or that the server made. Callers who may not read the object that the file is part of do not see it.
    File "file" of files, tenant clinic_id, about subject_type;
    columns {
        /// Identifier of the file.
        id: Id<File>,
        /// Name of the file; of one that was uploaded, as it was on the uploader's computer.
        name: String,
        /// Purpose of the file.
        purpose: FilePurpose,
        /// Media type of the file, found out from its content, such as `image/png`.
        media_type: String,
        /// Size of the file in bytes.
        size_bytes: i32,
        /// Circle of people who see the file.
        visibility: FileVisibility,
        /// Result of the scan of the file for viruses.
        scan_status: FileScanStatus,
        /// Whether the file is under legal hold, so that nobody can remove it.
        is_held: bool,
        /// Time at which the file was uploaded.
        created_at: DateTime<Utc>,
        /// Time at which the file was last changed.
        updated_at: DateTime<Utc>,
        /// Version of the file, which each change increments; pass it as `expectedVersion`.
        version: i32,
    }
    inside {
        clinic_id: Id<Clinic>,
        created_by_user_id: Id<User>,
        object_id: uuid::Uuid,
        sealed_key: Vec<u8>,
        sha256: Vec<u8>,
        hold_reason: Option<String>,
        subject_type: String,
        subject_id: uuid::Uuid,
    }
    derived {
        /// SHA-256 of the content in hexadecimal digits.
        sha256: String = "encode(sha256, 'hex')",
    }
    computed {
        /// Address of the content on this server, with which anybody can download it within five minutes. Null if the file is not
        /// served, because the scan is pending or has found something, and for exports, of which `downloadExport` gives the
        /// address.
        url: Option<String> = |caller, clinic_id: Id<Clinic>, id: Id<File>, purpose: FilePurpose, scan_status: FileScanStatus| download_path(caller, clinic_id, id, (purpose, scan_status)),
    }
    edges {
        /// Clinic that the file belongs to. Null for a file of the platform.
        clinic: maybe Clinic by clinic_id,
        /// User who uploaded the file, or for whom the server made it. Null if the user is no longer visible to the caller.
        created_by: maybe User by created_by_user_id,
        /// Object that the file is part of; its uploader if it is part of nothing yet.
        subject: any Node by subject_type, subject_id,
    }
}

fn download_path(
    caller: &Caller<'_>,
    clinic: Id<Clinic>,
    file: Id<File>,
    (purpose, status): (FilePurpose, FileScanStatus),
) -> Option<String> {
    let links = caller.links().filter(|_| purpose.is_open() && status.is_served())?;
    let link = links.sign(LinkUse::Download, clinic.uuid(), file.uuid(), DOWNLOAD_LIFETIME).ok()?;
    Some(format!("/files/{link}"))
}

impl File {
    /// Whether the file is part of nothing yet.
    #[must_use]
    pub fn is_loose(&self) -> bool {
        self.subject_type == <User as crate::kernel::ids::Kind>::PREFIX
    }
}

/// Makes files of the caller part of an object of their clinic. Each must be uploaded by the caller for this purpose, be part
/// of nothing yet, and not be infected. `path` names the argument in errors.
pub async fn attach<E: Entity>(
    scope: &Scope,
    files: &[Id<File>],
    purpose: FilePurpose,
    (clinic, subject): (Id<Clinic>, Id<E>),
    visibility: FileVisibility,
    path: &str,
) -> Result<()> {
    let own = scope.actor().person()?.user_id;
    for (at, id) in files.iter().enumerate() {
        let path = if path.ends_with('s') { format!("{path}.{at}") } else { path.to_owned() };
        let file = match File::lock(scope, *id, None).await {
            Err(error) if error.code() == Code::NotFound => {
                return Err(Error::invalid_value(Code::NotFound, path, "the file was not found"));
            }
            found => found?,
        };
        let refusal = if file.clinic_id != clinic {
            "must belong to the same clinic"
        } else if file.created_by_user_id.uuid() != own {
            "must be a file that you have uploaded yourself"
        } else if file.purpose != purpose {
            "must be uploaded for this purpose"
        } else if !file.is_loose() {
            "must not be part of something else already"
        } else if file.scan_status == FileScanStatus::Infected {
            "must not contain a virus"
        } else {
            file.edit()
                .visibility(visibility)
                .subject_type(E::PREFIX)
                .subject_id(subject.uuid())
                .update(scope, NoEvent)
                .await?;
            continue;
        };
        return Err(Error::invalid(path, refusal));
    }
    Ok(())
}

/// Removes a file, of which a job removes the content. One under legal hold stays.
pub async fn remove(scope: &Scope, file: &File) -> Result<()> {
    if file.is_held {
        let message = "a file under legal hold cannot be removed; an administrator of the platform can release it";
        return Err(Error::new(Code::InvalidTransition, message).allowed(Vec::new()));
    }
    file.remove(scope, NoEvent).await
}

//! What files are for, and what follows from it: who may upload them, of which types and sizes they may be, and how they are
//! shown.

use super::media::{ATTACHMENTS, IMAGES};
use crate::{kernel::Permission, text_enum};

text_enum! {
    /// Purpose of a file, on which its permission, types and size depend.
    FilePurpose {
        /// Logo of a clinic: a PNG, JPEG or WebP image of at most 5 MiB, which is written anew without its metadata. Needs the
        /// permission `CLINIC_MANAGE`.
        ClinicLogo = "clinic_logo",
        /// Attachment of a support ticket or of a message on one: a PNG, JPEG, WebP or GIF image, a PDF document, plain text,
        /// CSV, or a Word or Excel document. Needs the permission `TICKETS_WRITE`.
        TicketAttachment = "ticket_attachment",
        /// Export of data, which only the server makes.
        Export = "export",
    }
}

impl FilePurpose {
    /// The permission that uploading takes.
    #[must_use]
    pub fn permission(self) -> Permission {
        match self {
            Self::ClinicLogo => Permission::ClinicManage,
            Self::TicketAttachment => Permission::TicketsWrite,
            Self::Export => Permission::DataExport,
        }
    }

    /// The media types that are accepted.
    #[must_use]
    pub fn media_types(self) -> &'static [&'static str] {
        match self {
            Self::ClinicLogo => IMAGES,
            Self::TicketAttachment => ATTACHMENTS,
            Self::Export => &[],
        }
    }

    /// The bytes that are accepted, whatever the limit of the server.
    #[must_use]
    pub fn most_bytes(self) -> u64 {
        match self {
            Self::ClinicLogo => 5 << 20,
            Self::TicketAttachment | Self::Export => u64::MAX,
        }
    }

    /// Longest side in pixels of an image that is written anew; none for files that are stored as they are.
    #[must_use]
    pub fn image_side(self) -> Option<u32> {
        match self {
            Self::ClinicLogo => Some(1024),
            Self::TicketAttachment | Self::Export => None,
        }
    }

    /// Whether people upload files of this purpose, and not the server alone makes them.
    #[must_use]
    pub fn is_uploaded(self) -> bool {
        self != Self::Export
    }

    /// Whether everybody who sees a file of this purpose gets its address. Of an export the audit trail records who gets it.
    #[must_use]
    pub fn is_open(self) -> bool {
        self != Self::Export
    }

    /// Whether a browser may show the file instead of saving it.
    #[must_use]
    pub fn is_shown(self) -> bool {
        self.image_side().is_some()
    }
}

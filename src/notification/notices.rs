//! All kinds of notifications, as the domains declare them.

use super::{NoticeKind, NotificationKind};
use crate::kernel::{Error, Result};

/// The declared kinds.
#[derive(Debug, Clone)]
pub struct Notices(Vec<&'static NoticeKind>);

impl Notices {
    #[must_use]
    pub fn new(kinds: Vec<&'static NoticeKind>) -> Self {
        Self(kinds)
    }

    pub fn all(&self) -> impl Iterator<Item = &'static NoticeKind> {
        self.0.iter().copied()
    }

    /// The declaration of a kind.
    pub fn of(&self, kind: NotificationKind) -> Result<&'static NoticeKind> {
        let declared = self.all().find(|declared| declared.kind == kind);
        declared.ok_or_else(|| Error::internal(format!("no module declares notifications of the kind {}", kind.text())))
    }
}

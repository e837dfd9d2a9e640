//! How many bytes files may have.

use std::{collections::BTreeMap, str::FromStr};

use chrono::TimeDelta;

use super::{FilePurpose, scan::ScannerOptions, store::StoreOptions};

/// How files are stored, scanned and limited.
#[derive(Debug, Clone, Default)]
pub struct FileSettings {
    pub store: StoreOptions,
    pub scanner: Option<ScannerOptions>,
    pub limits: FileLimits,
}

/// The limits of files.
#[derive(Debug, Clone)]
pub struct FileLimits {
    /// Bytes of one file.
    pub file: u64,
    /// Bytes of all files of a clinic.
    pub clinic: u64,
    /// The same for the clinics of some subscription plans.
    pub plans: BTreeMap<String, u64>,
    /// Uploads and downloads at once, of each kind.
    pub transfers: usize,
    /// The same of one clinic.
    pub transfers_of_clinic: usize,
}

impl Default for FileLimits {
    fn default() -> Self {
        Self {
            // As many as a size in the API can say.
            file: i32::MAX as u64,
            clinic: 50 << 30,
            plans: BTreeMap::new(),
            transfers: 64,
            transfers_of_clinic: 16,
        }
    }
}

/// Time for which an upload can be received and completed.
pub const UPLOAD_LIFETIME: TimeDelta = TimeDelta::hours(1);
/// Time for which a download can be begun.
pub const DOWNLOAD_LIFETIME: TimeDelta = TimeDelta::minutes(5);

impl FileSettings {
    /// Bytes that a file may have. One that the scanner would not scan is not accepted, as it could never be served.
    #[must_use]
    pub fn most_bytes(&self, purpose: FilePurpose) -> u64 {
        let scanned = self.scanner.as_ref().map_or(u64::MAX, |scanner| scanner.most_bytes);
        purpose.most_bytes().min(self.limits.file).min(scanned).min(i32::MAX as u64)
    }

    /// Bytes that all files of a clinic with this plan may have.
    #[must_use]
    pub fn quota(&self, plan: &str) -> u64 {
        self.limits.plans.get(plan).copied().unwrap_or(self.limits.clinic)
    }
}

/// The quota of a subscription plan, as an option gives it: `plan=bytes`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanQuota {
    pub plan: String,
    pub bytes: u64,
}

impl FromStr for PlanQuota {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (plan, bytes) =
            text.split_once('=').ok_or("must be a plan and a number of bytes, such as starter=10737418240")?;
        let bytes = bytes.trim().parse().map_err(|_| format!("{bytes:?} is not a number of bytes"))?;
        Ok(Self { plan: plan.trim().to_owned(), bytes })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_limit_counts() {
        let mut settings = FileSettings::default();
        assert_eq!(settings.most_bytes(FilePurpose::ClinicLogo), 5 << 20);
        assert_eq!(settings.most_bytes(FilePurpose::TicketAttachment), i32::MAX as u64);
        settings.limits.file = 1000;
        assert_eq!(settings.most_bytes(FilePurpose::ClinicLogo), 1000);
        settings.limits.plans.insert("pro".to_owned(), 7);
        assert_eq!((settings.quota("pro"), settings.quota("starter")), (7, 50 << 30));
    }

    #[test]
    fn a_quota_names_its_plan() {
        assert_eq!("pro=5".parse(), Ok(PlanQuota { plan: "pro".to_owned(), bytes: 5 }));
        assert!("pro".parse::<PlanQuota>().is_err() && "pro=x".parse::<PlanQuota>().is_err());
    }
}

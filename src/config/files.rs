//! Where files are stored, how they are scanned, and how large they may be.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use clap::Args;

use crate::{
    file::{FileLimits, FileSettings, PlanQuota, S3Options, ScannerOptions, StoreOptions},
    kernel::{Code, Error, Result},
};

/// Files that people upload.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Files")]
pub struct FileOptions {
    /// Directory in which files are stored, sealed. By default `files` in the data directory.
    #[arg(long, env = "CLINIGRAPH_FILES", value_name = "DIRECTORY", conflicts_with = "s3_bucket")]
    pub files: Option<PathBuf>,
    /// Bucket of an S3 service in which files are stored, sealed, instead of a directory.
    #[arg(long, env = "CLINIGRAPH_S3_BUCKET", value_name = "BUCKET", requires_all = ["s3_access_key_id", "s3_secret_access_key"])]
    pub s3_bucket: Option<String>,
    /// Region of the bucket.
    #[arg(long, env = "CLINIGRAPH_S3_REGION", value_name = "REGION", default_value = "us-east-1")]
    pub s3_region: String,
    /// Address of an S3 service other than that of AWS, such as https://storage.internal:9000.
    #[arg(long, env = "CLINIGRAPH_S3_ENDPOINT", value_name = "URL")]
    pub s3_endpoint: Option<String>,
    /// Name of the access key to the bucket.
    #[arg(long, env = "CLINIGRAPH_S3_ACCESS_KEY_ID", value_name = "ID")]
    pub s3_access_key_id: Option<String>,
    /// Secret of the access key to the bucket.
    #[arg(long, env = "CLINIGRAPH_S3_SECRET_ACCESS_KEY", value_name = "SECRET", hide_env_values = true)]
    pub s3_secret_access_key: Option<String>,
    /// Host and port of a ClamAV daemon that scans files, such as 127.0.0.1:3310. A file that it has not called clean is not
    /// served.
    #[arg(long, env = "CLINIGRAPH_CLAMAV", value_name = "ADDRESS")]
    pub clamav: Option<String>,
    /// Bytes of the largest file that the ClamAV daemon scans; larger files are not accepted. Set it to the lowest of the daemon's
    /// StreamMaxLength, MaxFileSize and MaxScanSize.
    #[arg(long, env = "CLINIGRAPH_CLAMAV_BYTES", value_name = "BYTES", default_value_t = 100 << 20)]
    pub clamav_bytes: u64,
    /// Maximum bytes of a file, up to 2,147,483,647.
    #[arg(long, env = "CLINIGRAPH_MAX_FILE", value_name = "BYTES", default_value_t = FileLimits::default().file, value_parser = clap::value_parser!(u64).range(1..=2_147_483_647))]
    pub max_file: u64,
    /// Maximum bytes of all files of a clinic.
    #[arg(long, env = "CLINIGRAPH_MAX_CLINIC_FILES", value_name = "BYTES", default_value_t = FileLimits::default().clinic)]
    pub max_clinic_files: u64,
    /// Maximum bytes of all files of a clinic by its subscription plan, where it is another: `starter=10737418240`, more
    /// separated by commas.
    #[arg(long, env = "CLINIGRAPH_PLAN_FILES", value_name = "PLAN=BYTES", value_delimiter = ',')]
    pub plan_files: Vec<PlanQuota>,
    /// Maximum uploads at once, and as many downloads.
    #[arg(long, env = "CLINIGRAPH_MAX_TRANSFERS", default_value_t = FileLimits::default().transfers)]
    pub max_transfers: usize,
    /// Maximum uploads at once of one clinic, and as many downloads.
    #[arg(long, env = "CLINIGRAPH_MAX_TRANSFERS_PER_CLINIC", default_value_t = FileLimits::default().transfers_of_clinic)]
    pub max_transfers_per_clinic: usize,
}

impl FileOptions {
    /// The settings of files, for a server with this data directory.
    pub fn settings(&self, data: &Path) -> Result<FileSettings> {
        Ok(FileSettings {
            store: self.store(data)?,
            scanner: self.clamav.clone().map(|address| ScannerOptions {
                address,
                most_bytes: self.clamav_bytes,
                step: Duration::from_secs(60),
            }),
            limits: FileLimits {
                file: self.max_file,
                clinic: self.max_clinic_files,
                plans: self.plan_files.iter().map(|quota| (quota.plan.clone(), quota.bytes)).collect(),
                transfers: self.max_transfers,
                transfers_of_clinic: self.max_transfers_per_clinic,
            },
        })
    }

    fn store(&self, data: &Path) -> Result<StoreOptions> {
        let Some(bucket) = &self.s3_bucket else {
            return Ok(StoreOptions::Directory(self.files.clone().unwrap_or_else(|| data.join("files"))));
        };
        let (Some(access_key_id), Some(secret_access_key)) = (&self.s3_access_key_id, &self.s3_secret_access_key)
        else {
            let message = "--s3-bucket needs --s3-access-key-id and --s3-secret-access-key";
            return Err(Error::new(Code::OperationNotAllowed, message));
        };
        Ok(StoreOptions::S3(S3Options {
            bucket: bucket.clone(),
            region: self.s3_region.clone(),
            endpoint: self.s3_endpoint.clone(),
            access_key_id: access_key_id.clone(),
            secret_access_key: secret_access_key.clone(),
        }))
    }
}

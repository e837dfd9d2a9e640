//! Files: what people upload and download, sealed in a store under keys of their own.
//!
//! An upload is agreed on through the API (`graph.rs`, `upload.rs`), its content is received over HTTP (`http.rs`,
//! `receive.rs`), and completing it makes the file (`file.rs`). Other modules make a file part of one of their objects with
//! [`attach`], and name it as an edge. What the server makes itself, such as an export, goes through `generated.rs`.

mod content;
pub mod demo;
#[expect(clippy::module_inception, reason = "the module is named for its first entity")]
mod file;
mod generated;
mod graph;
mod headers;
mod http;
mod image;
mod limits;
mod media;
mod places;
mod purpose;
mod rates;
mod receive;
mod s3;
mod scan;
mod seal;
mod service;
mod store;
mod transfer;
mod upkeep;
mod upload;

pub use self::{
    file::{File, FileScanStatus, FileVisibility, attach, remove},
    generated::{Made, NewContent, StoredContent, add},
    graph::{FileMutation, FileReads},
    http::routes,
    limits::{DOWNLOAD_LIFETIME, FileLimits, FileSettings, PlanQuota},
    purpose::FilePurpose,
    rates::RATES,
    s3::S3Options,
    scan::ScannerOptions,
    service::Files,
    store::{StoreOptions, check_store},
    upkeep::{Swept, maintain, rescan_now, sweep_now},
    upload::{FileUpload, FileUploadStatus},
};

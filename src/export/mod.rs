//! Exports: files with what somebody may read, which the server writes in the background.
//!
//! A module declares a kind of export with [`export!`](crate::export): an entity, a permission, parameters and columns
//! (`kind.rs`). Its mutation calls [`request`], which adds a row (`export_job.rs`) and a job. The job (`run.rs`) reads the rows
//! page by page with the rights that the person has at that moment, and writes them (`format.rs`) into a file. Files expire after
//! a week (`upkeep.rs`).

pub mod demo;
mod events;
mod export_job;
mod format;
mod graph;
mod kind;
mod notice_kinds;
mod notices;
mod reading;
mod request;
mod run;
mod upkeep;

pub use events::{ExportEventKind, ExportSubscription};
pub use export_job::{ExportJob, ExportJobFilter, ExportJobOrder, ExportJobOrderField, ExportJobStatus};
pub use format::ExportFormat;
pub use graph::{ExportMutation, ExportReads};
pub use kind::{ExportKind, Exported, Exporter};
pub use notices::NOTICES;
pub use request::{Options, RATES, request};
pub use run::JOBS;

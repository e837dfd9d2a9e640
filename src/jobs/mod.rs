//! Jobs: what the server does later, at times of the day, or because of an event, in the background and once.
//!
//! A job is a row (`job.rs`) that other modules add in the transaction of its cause (`enqueue.rs`). They declare its kind: its
//! name, the ids that it gets, and what it does (`kind.rs`). Schedules (`schedule.rs`) and events (`from_events.rs`) add jobs
//! too. Workers (`worker.rs`) claim jobs from the table (`queue.rs`) and run them (`running.rs`); what a job changes is
//! committed together with its completion, so that it takes effect once. A job that fails is tried again after growing pauses
//! (`retry.rs`), and is dead after its last attempt: administrators see it, retry it or drop it (`graph.rs`).

pub mod demo;
mod enqueue;
mod events;
mod from_events;
mod graph;
mod job;
mod kind;
mod queue;
mod retry;
mod running;
mod schedule;
mod upkeep;
mod worker;

pub use enqueue::{NewJob, cancel};
pub use events::{JobEventKind, JobSubscription};
pub use from_events::{Starter, Subject};
pub use graph::{JobMutation, JobReads};
pub use job::{Job, JobCounts, JobFilter, JobOrder, JobOrderField, JobReference, JobStatus};
pub use kind::{JobKind, Jobs, Payload, Priority, Rules, Work};
pub use running::Running;
pub use schedule::Schedule;
pub use upkeep::JOBS;
pub use worker::{Settings, Worker};

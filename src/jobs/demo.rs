//! Demo data: a job that is dead, as administrators find one.

use chrono::TimeDelta;

use super::{Job, JobStatus};
use crate::{
    clinic::{Clinic, demo::DemoClinic},
    kernel::{
        Id, Result,
        db::Scope,
        demo::Demo,
        write::{Draft, NoEvent, Stored},
    },
};

/// Writes a dead job of this kind for each clinic.
pub async fn load(
    scope: &Scope,
    demo: &mut Demo,
    clinics: &[(Id<Clinic>, &DemoClinic)],
    kind: &'static str,
) -> Result<()> {
    let (begun, died) = (demo.now() - TimeDelta::hours(30), demo.now() - TimeDelta::hours(14));
    let dead = clinics.iter().map(|(clinic, _)| {
        Job::new_in(*clinic)
            .with_id(demo.id(begun))
            .dated(begun)
            .kind(kind)
            .status(JobStatus::Dead)
            .run_at(died - TimeDelta::minutes(1))
            .attempts(10)
            .max_attempts(10)
            .last_error("UNAVAILABLE: the server cannot answer at the moment; please try again")
            .died_at(died)
    });
    Draft::insert_all(scope, dead.collect(), NoEvent).await
}

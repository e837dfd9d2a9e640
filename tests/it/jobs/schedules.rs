//! Jobs that come again: at a time of the day there, also in the nights in which the clocks are set.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, TimeZone, Utc};
use clinigraph::{
    clinic::{Clinic, ClinicStatus},
    jobs::{Settings, Worker},
    kernel::{
        Id,
        clock::Clock,
        db::Database,
        services::Services,
        text::{CurrencyCode, TimeZone as Zone},
        write::{NoEvent, Stored},
    },
};

use super::tasks::TIMED;
use crate::harness::TestApp;

fn worker(app: &TestApp) -> Worker {
    Worker::new(app.database.clone(), app.hub.clone(), &[&TIMED], Services::default(), Settings::default())
}

async fn clinic_in(app: &TestApp, zone: &str, status: ClinicStatus) -> Id<Clinic> {
    let clinic = Clinic::new_row()
        .name("Oak")
        .slug(format!("clinic-{}", app.next()))
        .timezone(Zone::new(zone).unwrap())
        .currency(CurrencyCode::new("EUR").unwrap())
        .status(status);
    app.as_system(async |scope| clinic.insert(scope, NoEvent).await).await
}

/// Turns the clock on to a time.
fn turn_to(app: &TestApp, time: DateTime<Utc>) {
    let ahead = time - app.clock.now();
    assert!(ahead > TimeDelta::zero(), "{time} is over");
    app.clock.turn(ahead);
}

/// The times at which the nightly job has run in a clinic, in its time zone.
async fn nights(app: &TestApp, clinic: Id<Clinic>, zone: chrono_tz::Tz) -> Vec<String> {
    let effects = app.effects().await;
    let of_clinic = effects.iter().filter_map(|effect| effect.strip_prefix(&format!("{} ", clinic.uuid())));
    let time = |text: &str| text.parse::<DateTime<Utc>>().unwrap().with_timezone(&zone);
    of_clinic.map(|text| time(text).format("%d %H:%M").to_string()).collect()
}

#[tokio::test]
async fn a_daily_job_runs_once_in_a_night_without_its_time_and_in_one_that_has_it_twice() {
    let app = TestApp::with_effects().await;
    let zone = chrono_tz::Europe::Berlin;
    let berlin = clinic_in(&app, "Europe/Berlin", ClinicStatus::Active).await;
    let worker = (worker(&app), worker(&app));

    let mut ran = BTreeMap::new();
    // The last Sundays of March and October, when the clocks are set between two and three.
    for (month, day) in [(3, 28), (10, 31)] {
        let midday = zone.with_ymd_and_hms(2027, month, day - 1, 12, 0, 30).unwrap();
        turn_to(&app, midday.with_timezone(&Utc));
        // What was planned long ago comes first.
        worker.0.run_due().await.unwrap();
        app.execute("truncate effects").await;
        for _ in 0..48 * 2 {
            app.clock.turn(TimeDelta::minutes(30));
            let (here, there) = tokio::join!(worker.0.run_due(), worker.1.run_due());
            here.unwrap();
            there.unwrap();
        }
        ran.insert(month, nights(&app, berlin, zone).await);
    }

    assert_eq!(ran[&3], ["28 03:30", "29 02:30"], "there is no half past two on the 28th");
    assert_eq!(ran[&10], ["31 02:30", "01 02:30"], "there are two on the 31st");
}

#[tokio::test]
async fn a_daily_job_runs_at_the_time_of_each_clinic_that_is_open() {
    let app = TestApp::with_effects().await;
    let vancouver = clinic_in(&app, "America/Vancouver", ClinicStatus::Active).await;
    let auckland = clinic_in(&app, "Pacific/Auckland", ClinicStatus::Pending).await;
    let closed = clinic_in(&app, "Pacific/Auckland", ClinicStatus::Suspended).await;
    let worker = worker(&app);
    turn_to(&app, Utc.with_ymd_and_hms(2027, 1, 10, 0, 0, 30).unwrap());
    worker.run_due().await.unwrap();
    app.execute("truncate effects").await;

    for _ in 0..48 {
        app.clock.turn(TimeDelta::minutes(30));
        worker.run_due().await.unwrap();
    }

    assert_eq!(nights(&app, vancouver, chrono_tz::America::Vancouver).await, ["10 02:30"]);
    assert_eq!(nights(&app, auckland, chrono_tz::Pacific::Auckland).await, ["11 02:30"]);
    assert_eq!(nights(&app, closed, chrono_tz::UTC).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_job_of_the_platform_comes_every_few_minutes_and_is_not_made_up_for() {
    let app = TestApp::with_effects().await;
    let worker = worker(&app);
    turn_to(&app, Utc.with_ymd_and_hms(2027, 1, 10, 0, 1, 0).unwrap());
    worker.run_due().await.unwrap();
    app.execute("truncate effects").await;

    for minutes in [5, 5, 5, 60, 3] {
        app.clock.turn(TimeDelta::minutes(minutes));
        worker.run_due().await.unwrap();
    }

    let times: Vec<String> =
        app.effects().await.iter().map(|effect| effect["often 2027-01-10 ".len()..][..5].to_owned()).collect();
    assert_eq!(times, ["00:11", "01:16"], "once for the hour in which nobody worked, and the next at 01:20");
    app.clock.turn(TimeDelta::minutes(1));
    worker.run_due().await.unwrap();
    assert_eq!(app.effects().await.len(), 3);
}

#[tokio::test]
async fn a_clinic_that_moves_to_another_time_zone_has_its_job_at_the_time_there() {
    let app = TestApp::with_effects().await;
    let clinic = clinic_in(&app, "Europe/Berlin", ClinicStatus::Active).await;
    let worker = worker(&app);
    turn_to(&app, Utc.with_ymd_and_hms(2027, 1, 10, 12, 0, 30).unwrap());
    worker.run_due().await.unwrap();
    app.execute("truncate effects; update clinics set timezone = 'America/New_York'").await;
    worker.run_due().await.unwrap();

    for _ in 0..48 {
        app.clock.turn(TimeDelta::minutes(30));
        worker.run_due().await.unwrap();
    }

    assert_eq!(nights(&app, clinic, chrono_tz::America::New_York).await, ["11 02:30"]);
}

#[tokio::test]
async fn a_worker_whose_clock_is_behind_does_not_repeat_what_another_has_done() {
    let app = TestApp::with_effects().await;
    let clinic = clinic_in(&app, "Europe/Berlin", ClinicStatus::Active).await;
    let behind = Clock::default();
    let late = Database::new(app.database.pools().clone(), behind.clone());
    let late = Worker::new(late, app.hub.clone(), &[&TIMED], Services::default(), Settings::default());
    let worker = worker(&app);
    turn_to(&app, Utc.with_ymd_and_hms(2027, 1, 11, 1, 20, 0).unwrap());
    worker.run_due().await.unwrap();
    turn_to(&app, Utc.with_ymd_and_hms(2027, 1, 11, 1, 30, 1).unwrap());
    worker.run_due().await.unwrap();
    assert_eq!(nights(&app, clinic, chrono_tz::Europe::Berlin).await, ["11 02:30"]);

    // It is still before half past two for this one, and then not any more.
    behind.turn(app.clock.now() - behind.now() - TimeDelta::seconds(10));
    late.run_due().await.unwrap();
    behind.turn(TimeDelta::seconds(11));
    late.run_due().await.unwrap();

    assert_eq!(nights(&app, clinic, chrono_tz::Europe::Berlin).await, ["11 02:30"]);
}

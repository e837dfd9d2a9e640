//! What the kernel does for every entity that is written, on an entity that only this test has.

use clinigraph::{
    clinic::Clinic,
    entity, events,
    kernel::{
        Code, Error, Id,
        db::Scope,
        write::{Draft, NoEvent, Stored},
    },
    states,
};
use serde_json::json;

use crate::harness::TestApp;

diesel::table! {
    boats (id) {
        id -> Uuid,
        clinic_id -> Uuid,
        name -> Text,
        status -> Text,
        repaired_at -> Nullable<Timestamptz>,
        deleted_at -> Nullable<Timestamptz>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        version -> Int4,
        owner_note -> Nullable<Text>,
    }
}

states! {
    /// Condition of a boat.
    BoatStatus of Boat.status, "boat" {
        /// The boat can be used.
        Ready = "ready" to [Broken],
        /// The boat cannot be used.
        Broken = "broken" to [Repaired],
        /// The boat was repaired.
        Repaired = "repaired" to [Broken] stamps repaired_at,
    }
}

entity! {
    /// Boat of a clinic.
    Boat "boat" of boats, tenant clinic_id, live "deleted_at is null", setters BoatSetters;
    columns {
        /// Identifier of the boat.
        id: Id<Boat>,
        /// Name of the boat.
        name: String,
        /// Condition of the boat.
        status: BoatStatus,
        /// Time of the last repair. Null if there was none.
        repaired_at: Option<chrono::DateTime<chrono::Utc>>,
        /// Version of the boat.
        version: i32,
    }
    inside {
        clinic_id: Id<Clinic>,
    }
    unique {
        boats_name_key on name "another boat has this name",
    }
}

events! {
    /// Kind of change to a boat.
    BoatEventKind of Boat {
        /// The boat was launched.
        Launched = "launched",
        /// The boat was changed.
        Changed = "changed",
        /// The boat was archived.
        Archived = "archived",
        /// The boat was restored.
        Restored = "restored",
        /// The boat was removed.
        Removed = "removed",
    }
}

const TABLE: &str = "
    create table boats (
        id uuid primary key,
        clinic_id uuid not null,
        name text not null,
        status text not null default 'ready',
        repaired_at timestamptz,
        deleted_at timestamptz,
        created_at timestamptz not null default now(),
        updated_at timestamptz not null default now(),
        created_by uuid,
        updated_by uuid,
        version int not null default 1,
        owner_note text
    );
    create unique index boats_name_key on boats (name) where deleted_at is null;
    create trigger touch before update on boats for each row execute function private.touch();
    grant select, insert, update, delete on boats to clinigraph_system;
";

/// An app with the table, and a clinic in it.
async fn harbour() -> (TestApp, Id<Clinic>) {
    let app = TestApp::new().await;
    app.execute(TABLE).await;
    let clinic = Id::from_uuid(app.clinic("Oak").await.id);
    (app, clinic)
}

/// A new boat.
async fn boat(app: &TestApp, clinic: Id<Clinic>, name: &str) -> Id<Boat> {
    app.as_system(async |scope| Boat::new_in(clinic).name(name).insert(scope, NoEvent).await).await
}

/// Kinds of the events on boats, each with the fields that changed, oldest first.
async fn events(app: &TestApp) -> Vec<String> {
    let rows = app.rows("select kind, changed from outbox_events where topic = 'boat' order by id").await;
    let text = |row: &serde_json::Value| {
        let changed = row["changed"].as_array().unwrap().iter().map(|field| field.as_str().unwrap());
        format!("{}({})", row["kind"].as_str().unwrap(), changed.collect::<Vec<_>>().join(" "))
    };
    rows.iter().map(text).collect()
}

/// The error of work that is rolled back.
async fn error_of<T>(app: &TestApp, work: impl AsyncFnOnce(&Scope) -> clinigraph::kernel::Result<T>) -> Error {
    app.database.as_system(None, work).await.err().unwrap()
}

#[tokio::test]
async fn a_change_writes_what_differs_and_names_it_in_the_event() {
    let (app, clinic) = harbour().await;
    let id = boat(&app, clinic, "Heron").await;

    let written = app
        .as_system(async |scope| {
            let boat = Boat::lock(scope, id, 1).await?;
            let same =
                boat.edit().name("Heron").status(BoatStatus::Ready).update(scope, BoatEventKind::Changed).await?;
            let other =
                boat.edit().name("Egret").status(BoatStatus::Ready).update(scope, BoatEventKind::Changed).await?;
            Ok((same, other))
        })
        .await;

    assert_eq!(written, (false, true));
    assert_eq!(events(&app).await, ["changed(name updatedAt version)"]);
    let rows = app.rows("select name, version from boats").await;
    assert_eq!(rows, [json!({ "name": "Egret", "version": 2 })]);
}

#[tokio::test]
async fn another_version_than_expected_is_refused() {
    let (app, clinic) = harbour().await;
    let id = boat(&app, clinic, "Heron").await;

    let stale = error_of(&app, async |scope| Boat::lock(scope, id, 2).await).await;
    let unknown = error_of(&app, async |scope| Boat::lock(scope, Id::new(), None).await).await;
    let boat = app.as_system(async |scope| Boat::lock_by(scope, "id", id, 1).await).await;

    assert_eq!(stale.code(), Code::StaleObject);
    assert_eq!(unknown.code(), Code::NotFound);
    assert_eq!((boat.id, boat.version), (id, 1));
}

#[tokio::test]
async fn an_archived_row_is_only_found_to_restore_it() {
    let (app, clinic) = harbour().await;
    let id = boat(&app, clinic, "Heron").await;

    let too_early = error_of(&app, async |scope| Boat::lock_archived(scope, id, None).await).await;
    app.as_system(async |scope| Boat::lock(scope, id, None).await?.archive(scope, BoatEventKind::Archived).await).await;
    let archived = error_of(&app, async |scope| Boat::lock(scope, id, None).await).await;
    let found = app.as_system(async |scope| Boat::find(scope, id).await).await;
    app.as_system(async |scope| Boat::lock_archived(scope, id, 2).await?.restore(scope, BoatEventKind::Restored).await)
        .await;
    let restored = app.as_system(async |scope| Boat::lock(scope, id, 3).await).await;

    assert_eq!((too_early.code(), archived.code()), (Code::NotFound, Code::NotFound));
    assert!(found.is_none());
    assert_eq!(restored.name, "Heron");
    assert_eq!(events(&app).await, ["archived(updatedAt version)", "restored(updatedAt version)"]);
}

#[tokio::test]
async fn a_removed_row_does_not_exist_any_more() {
    let (app, clinic) = harbour().await;
    let (id, other) = (boat(&app, clinic, "Heron").await, boat(&app, clinic, "Egret").await);

    app.as_system(async |scope| Boat::lock(scope, id, None).await?.remove(scope, BoatEventKind::Removed).await).await;
    app.as_system(async |scope| Boat::lock(scope, other, None).await?.remove(scope, NoEvent).await).await;

    assert_eq!(app.value("select count(*) from boats").await, 0);
    assert_eq!(events(&app).await, ["removed()"]);
}

#[tokio::test]
async fn several_rows_are_written_in_one_statement_with_defaults_for_what_is_left_out() {
    let (app, clinic) = harbour().await;
    let (id, long_ago) = (Id::new(), "2020-01-02T03:04:05Z".parse().unwrap());

    let sent = app
        .as_system(async |scope| {
            let drafts = vec![
                Boat::new_in(clinic).name("Heron").with_id(id).dated(long_ago),
                Boat::new_in(clinic).name("Egret").status(BoatStatus::Broken).set(boats::owner_note, Some("leaks")),
            ];
            Draft::insert_all(scope, drafts, BoatEventKind::Launched).await?;
            Draft::<Boat>::insert_all(scope, Vec::new(), BoatEventKind::Launched).await?;
            Ok(scope.sent())
        })
        .await;

    assert_eq!(sent, 1);
    let query = "select name, status, owner_note, created_at < '2021-01-01' and updated_at = created_at as old,
        id = '{id}' as chosen from boats order by name";
    let row = |name, status, note: Option<&str>, is_old: bool| json!({ "name": name, "status": status, "owner_note": note, "old": is_old, "chosen": is_old });
    assert_eq!(
        app.rows(&query.replace("{id}", &id.uuid().to_string())).await,
        [row("Egret", "broken", Some("leaks"), false), row("Heron", "ready", None, true)]
    );
    assert_eq!(events(&app).await, ["launched()", "launched()"]);
}

#[tokio::test]
async fn a_value_that_must_be_unique_is_reported_at_its_field() {
    let (app, clinic) = harbour().await;
    boat(&app, clinic, "Heron").await;

    let draft = Boat::new_in(clinic).name("Heron");
    let error = error_of(&app, async |scope| draft.insert(scope, BoatEventKind::Launched).await).await;

    assert_eq!(error.code(), Code::Duplicate);
    assert_eq!(error.fields()[0].path, "input.name");
    assert_eq!(events(&app).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_row_cannot_be_restored_while_another_has_its_unique_value() {
    let (app, clinic) = harbour().await;
    let id = boat(&app, clinic, "Heron").await;
    app.as_system(async |scope| Boat::lock(scope, id, None).await?.archive(scope, NoEvent).await).await;
    boat(&app, clinic, "Heron").await;

    let restore =
        async |scope: &Scope| Boat::lock_archived(scope, id, None).await?.restore(scope, BoatEventKind::Restored).await;
    let error = error_of(&app, restore).await;

    assert_eq!((error.code(), error.message()), (Code::Duplicate, "another boat has this name"));
    assert_eq!(error.fields()[0].path, "input", "the input of restoring has no name");
    assert_eq!(events(&app).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_state_changes_only_as_declared_and_stamps_the_time() {
    let (app, clinic) = harbour().await;
    let id = boat(&app, clinic, "Heron").await;
    let change = async |scope: &Scope, to| {
        let boat = Boat::lock(scope, id, None).await?;
        boat.edit().move_to(to, scope.now())?.update(scope, BoatEventKind::Changed).await
    };
    let repaired = "select repaired_at is not null from boats";

    let refused = error_of(&app, async |scope| change(scope, BoatStatus::Repaired).await).await;
    let same = app.as_system(async |scope| change(scope, BoatStatus::Ready).await).await;
    app.as_system(async |scope| change(scope, BoatStatus::Broken).await).await;
    app.as_system(async |scope| change(scope, BoatStatus::Repaired).await).await;
    assert_eq!(app.value(repaired).await, true);
    app.as_system(async |scope| change(scope, BoatStatus::Broken).await).await;

    assert_eq!(refused.code(), Code::InvalidTransition);
    assert!(!same);
    assert_eq!(app.value(repaired).await, false);
}

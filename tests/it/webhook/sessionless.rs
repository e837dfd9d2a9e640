//! People without a session, for whom the server reads when they are not there: they only read, as whom they are now.

use std::sync::Arc;

use clinigraph::{
    access::User,
    kernel::{
        Actor, Code, Id,
        actor::{Person, SystemRole},
        db::{Access, Behalf},
        write::Stored,
    },
};
use uuid::Uuid;

use crate::harness::TestApp;

/// The server looks at the person's rights again then.
const STALE: Code = Code::Unavailable;

fn person(user_id: Uuid, acting: Option<(Uuid, SystemRole)>, is_platform_admin: bool) -> Actor {
    Actor::Person(Arc::new(Person {
        session_id: None,
        user_id,
        email: "somebody@people.example".to_owned(),
        is_platform_admin,
        acting,
        network_id: None,
        access_version: Person::ALWAYS_CHECKED,
        good_until: chrono::DateTime::<chrono::Utc>::MIN_UTC,
    }))
}

/// The code with which a scope that reads is refused; none if it opens.
async fn refusal(app: &TestApp, actor: Actor) -> Option<Code> {
    let Ok(user) = actor.person().map(|person| Id::<User>::from_uuid(person.user_id)) else { unreachable!() };
    let scope = Arc::new(app.database.scope(actor, Access::Read, None));
    let read = User::find(&scope, user).await;
    let refused = scope.refusal().await.map(|error| error.code());
    assert_eq!(read.is_err(), refused.is_some() || read.as_ref().is_err(), "{read:?}");
    let failed = read.err().map(|error| error.code());
    scope.finish();
    refused.or(failed)
}

#[tokio::test]
async fn they_read_as_the_member_that_they_are_now() {
    let app = TestApp::new().await;
    let clinic = app.clinic("Oak").await;
    let manager = clinic.manager().await;
    let (user, id) = (manager.user_id, clinic.id);
    let as_manager = || person(user, Some((id, SystemRole::ClinicManager)), false);

    assert_eq!(refusal(&app, as_manager()).await, None);
    // Another role, another clinic, or none.
    assert_eq!(refusal(&app, person(user, Some((id, SystemRole::Auditor)), false)).await, Some(STALE));
    let elm = app.clinic("Elm").await.id;
    assert_eq!(refusal(&app, person(user, Some((elm, SystemRole::ClinicManager)), false)).await, Some(STALE));
    assert_eq!(refusal(&app, person(user, None, false)).await, Some(STALE));
    for (change, back, code) in [
        ("update memberships set status = 'suspended'", "update memberships set status = 'active'", STALE),
        ("update users set status = 'suspended'", "update users set status = 'active'", Code::UserInactive),
        ("update clinics set status = 'suspended'", "update clinics set status = 'active'", Code::ClinicInactive),
        ("update users set is_platform_admin = true", "update users set is_platform_admin = false", STALE),
    ] {
        app.execute(change).await;
        assert_eq!(refusal(&app, as_manager()).await, Some(code), "{change}");
        app.execute(back).await;
        assert_eq!(refusal(&app, as_manager()).await, None);
    }
}

#[tokio::test]
async fn administrators_read_as_long_as_they_administer_the_platform() {
    let app = TestApp::new().await;
    let ada = app.administrator().await;
    let as_administrator = || person(ada.user_id, None, true);

    assert_eq!(refusal(&app, as_administrator()).await, None);
    for (change, code) in [
        ("update users set is_platform_admin = false", STALE),
        ("update users set is_platform_admin = true, status = 'suspended'", Code::UserInactive),
    ] {
        app.execute(change).await;
        assert_eq!(refusal(&app, as_administrator()).await, Some(code), "{change}");
    }
}

#[tokio::test]
async fn they_write_nothing_and_nobody_works_for_them() {
    let app = TestApp::new().await;
    let clinic = app.clinic("Oak").await;
    let manager = clinic.manager().await;
    let actor = person(manager.user_id, Some((clinic.id, SystemRole::ClinicManager)), false);

    let scope = app.database.scope(actor.clone(), Access::Write, None);
    let written = User::find(&scope, Id::from_uuid(manager.user_id)).await.unwrap_err();
    assert_eq!(written.code(), Code::Unauthenticated);
    let behalf = Behalf::Caller(Arc::clone(actor.person().unwrap()));
    let worked = app.database.as_system_for(behalf, None, async |scope| scope.tx().await.map(drop)).await.unwrap_err();
    assert_eq!(worked.code(), Code::Unauthenticated);
    // Whatever the server says: the database sees to it.
    let caller = format!("{}  {} clinic_manager", manager.user_id, clinic.id);
    let check = format!("begin; set local app.caller = '{caller}'; select private.recheck_caller(); rollback");
    let refused = app.as_role("tenant", &check).await.unwrap_err().to_string();
    assert!(refused.contains("there is nothing to write"), "{refused}");
    let reading = check.replace("begin;", "begin read only;");
    app.as_role("tenant", &reading).await.unwrap();
}

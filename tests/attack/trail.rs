//! The audit trail against everybody in the database but a superuser.

use clinigraph::kernel::db::Class;

use crate::harness::TestApp;

const EVENT: &str = "insert into audit_events (actor_kind, verb, resource_type, resource_id, changes)
                     values ('tenant', 'create', 'ticket', gen_random_uuid(), '[]')";

#[tokio::test]
async fn nobody_writes_an_event_by_hand_nor_changes_one() {
    let app = TestApp::new().await;
    let roles = Class::ALL.map(|class| class.role().trim_start_matches("clinigraph_"));
    for role in roles.into_iter().chain(["owner"]) {
        for statement in [
            EVENT,
            "update audit_events set reason = 'x'",
            "delete from audit_events",
            "truncate audit_events",
            "alter table audit_events disable trigger audit_is_final",
            "drop table audit_events_other",
            "alter table audit_events disable row level security",
            "create or replace function private.audit_support_tickets() returns trigger language plpgsql as 'begin return null; end'",
            "alter sequence audit_events_seq restart",
        ] {
            assert!(app.as_role(role, statement).await.is_err(), "{role}: {statement}");
        }
    }
}

#[tokio::test]
async fn nobody_is_a_member_of_the_role_that_owns_the_trail() {
    let app = TestApp::new().await;
    let members =
        "select m.member::regrole::text as name from pg_auth_members m where m.roleid = 'clinigraph_audit'::regrole";

    assert_eq!(app.rows(members).await, Vec::<serde_json::Value>::new());
    let others = "select c.oid::regclass::text as name from pg_class c
                  where c.relname like 'audit\\_events%' and c.relkind in ('r', 'p', 'S') and c.relowner <> 'clinigraph_audit'::regrole";
    assert_eq!(app.rows(others).await, Vec::<serde_json::Value>::new());
}

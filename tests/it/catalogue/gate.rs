//! What the gate finds in a database that is not safe to serve.

use clinigraph::kernel::db;
use diesel_async::SimpleAsyncConnection;

use crate::harness::{TestApp, database};

/// What the gate finds after changes for the worse.
async fn findings_after(changes: &[&str]) -> Vec<String> {
    let app = TestApp::new().await;
    let superuser = db::connect(&app.superuser_url).await.unwrap();
    (&mut &superuser).batch_execute(&changes.join(";")).await.unwrap();
    let mut found: Vec<_> =
        db::inspect(&app.server_url).await.unwrap().into_iter().map(|finding| finding.problem).collect();
    found.sort_unstable();
    found
}

#[tokio::test]
async fn the_gate_lets_a_good_database_pass() {
    assert_eq!(findings_after(&[]).await, Vec::<String>::new());
}

#[tokio::test]
async fn the_gate_names_every_fault() {
    let changes = [
        "alter table support_tickets no force row level security",
        "alter table ticket_messages disable row level security",
        "create table strays (id uuid primary key, clinic_id uuid not null)",
        "alter table support_tickets add constraint support_tickets_id_key unique (id)",
        "alter table ticket_messages add constraint astray foreign key (ticket_id) references support_tickets (id)",
        "alter policy tenant on memberships using (clinic_id = private.request_clinic_id())",
        "alter policy tenant_insert on outbox_events with check (clinic_id = private.request_clinic_id())",
        "alter policy tenant on support_tickets using (true)",
        "alter policy tenant on ticket_messages with check (true)",
        "create policy open on clinics to clinigraph_tenant using (status = 'active')",
        "create policy everybody on audit_events using (true)",
        "alter table audit_events owner to clinigraph_tenant",
    ];

    assert_eq!(
        findings_after(&changes).await,
        [
            "the foreign key astray leads from one clinic's table to another without the clinic",
            "the policy everybody on audit_events does not ask for the clinic",
            "the policy open on clinics does not ask for the clinic",
            "the policy tenant on memberships calls a helper once a row",
            "the policy tenant on support_tickets does not ask for the clinic",
            "the policy tenant on ticket_messages does not ask for the clinic",
            "the policy tenant_insert on outbox_events calls a helper once a row",
            "the role clinigraph_tenant owns the table audit_events",
            "the table strays has a clinic and no forced row-level security",
            "the table support_tickets has a clinic and no forced row-level security",
            "the table ticket_messages has a clinic and no forced row-level security",
        ]
    );
}

#[tokio::test]
async fn the_gate_names_a_login_above_the_policies() {
    let found = db::inspect(&database().await).await.unwrap();

    let problem = "is a superuser or may bypass row-level security";
    assert!(found.iter().any(|one| one.problem.ends_with(problem)), "{found:?}");
}

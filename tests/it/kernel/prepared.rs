//! What was asked before is not prepared again: to ask Postgres to prepare takes a round trip, and to plan takes longer than
//! most statements.

use clinigraph::kernel::{actor::SystemRole, db};
use serde_json::json;

use crate::harness::{TestApp, log, sql::texts};

#[tokio::test]
async fn no_operation_prepares_again_what_it_has_asked_before() {
    let app = TestApp::new().await;
    // For connections that come, and that the pools open when they are asked.
    app.execute("do $$ begin execute format('alter database %I set log_min_duration_statement = 0', current_database()); end $$")
        .await;
    let clinic = app.clinic("Oak").await;
    let manager = clinic.person(SystemRole::ClinicManager).await;
    let administrator = app.administrator().await;
    let ticket = manager.open_ticket("Printer").await;
    let told_of = administrator.ask("{ notifications { nodes { id } } }", json!({})).await;
    let variables = json!({ "ticket": ticket, "notification": told_of["notifications"]["nodes"][0]["id"] });
    let asked = [
        (
            &manager,
            "{ tickets { nodes { title clinic { name } messages(first: 2) { nodes { body author { email } } } } } }",
        ),
        (&manager, "mutation { openTicket(input: { title: \"New\", description: \"x\" }) { ticket { id } } }"),
        (
            &manager,
            "mutation ($ticket: ID!) { replyToTicket(input: { ticketId: $ticket, body: \"x\" }) { message { id } } }",
        ),
        (
            &manager,
            "mutation { updateClinicConfig(input: { booking: { bufferMinutes: 10 } }) { clinicConfig { booking { bufferMinutes } } } }",
        ),
        (
            &manager,
            "mutation { updateClinicConfig(input: { booking: { bufferMinutes: 15 } }) { clinicConfig { booking { bufferMinutes } } } }",
        ),
        (
            &administrator,
            "mutation ($ticket: ID!) { changeTicketPriority(input: { ticketId: $ticket, priority: LOW }) { ticket { id } } }",
        ),
        (
            &administrator,
            "mutation ($ticket: ID!) { changeTicketPriority(input: { ticketId: $ticket, priority: HIGH }) { ticket { id } } }",
        ),
        (
            &administrator,
            "mutation ($notification: ID!) { markNotificationRead(input: { notificationId: $notification }) { notification { id } } }",
        ),
    ];
    let ask_all = async || {
        for (person, document) in asked {
            person.ask(document, variables.clone()).await;
        }
    };
    // The first time by either connection that may come to do it.
    ask_all().await;
    ask_all().await;
    let superuser = db::connect(&app.superuser_url).await.unwrap();
    let pools = "select pid::text as value from pg_stat_activity
                 where datname = current_database() and application_name = 'clinigraph'";
    let pools = texts(&superuser, pools).await.unwrap();
    let before = log().await.len();

    ask_all().await;

    let written = log().await.split_off(before);
    let by_pools = written.lines().filter(|line| pools.iter().any(|pid| line.contains(&format!("[{pid}] "))));
    let (parsed, others): (Vec<&str>, Vec<&str>) =
        by_pools.filter(|line| line.contains("duration: ")).partition(|line| line.contains(" parse "));
    assert!(others.len() > 20, "the log tells of what was done: {written}");
    assert_eq!(parsed, Vec::<&str>::new());
}

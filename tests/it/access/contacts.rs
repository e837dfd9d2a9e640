//! Contact details of people: read by themselves and by who manages members, and null for everybody else.

use clinigraph::kernel::actor::SystemRole;
use serde_json::{Value, json};

use crate::{
    harness::{Person, TestApp},
    live::BOTH,
};

/// The email address and the phone number of a user, as a person reads them.
async fn contacts(reader: &Person, of: &Person) -> [Value; 2] {
    let query = "query ($id: ID!) { node(id: $id) { ... on User { displayName email phone } } }";
    let mut user = reader.ask(query, json!({ "id": of.api_id() })).await["node"].take();
    assert!(user["displayName"].is_string(), "the rest is seen");
    ["email", "phone"].map(|field| user[field].take())
}

fn are_seen(contacts: &[Value; 2]) -> bool {
    assert_eq!(contacts[0].is_null(), contacts[1].is_null());
    !contacts[0].is_null()
}

async fn give_phones(app: &TestApp) {
    app.execute("update users set phone = '+1604' || lpad((row_number * 7)::text, 7, '0') from (select id as of, row_number() over () from users) as n where id = of").await;
}

#[tokio::test]
async fn contact_details_are_seen_by_oneself_and_by_who_manages_members() {
    use SystemRole::{Auditor, ClinicManager, Clinician, Patient, ResearchPartner, Staff};
    let app = TestApp::new().await;
    let oak = app.clinic("Oak").await;
    let colleague = oak.person(Staff).await;
    let ada = app.administrator().await;
    let loner = app.user("Lone", false).await;
    let mut readers = vec![(app.signed_in(loner, None).await, false)];
    for role in [ClinicManager, Staff, Clinician, Auditor, Patient, ResearchPartner] {
        readers.push((oak.person(role).await, role == ClinicManager));
    }
    give_phones(&app).await;

    for (reader, manages) in &readers {
        assert!(are_seen(&contacts(reader, reader).await));
        let is_of_clinic = reader.user_id != loner;
        if is_of_clinic {
            assert_eq!(are_seen(&contacts(reader, &colleague).await), *manages);
        }
        assert!(!are_seen(&contacts(reader, &ada).await), "of an administrator");
    }
    for of in [&ada, &colleague, &readers[0].0] {
        assert!(are_seen(&contacts(&ada, of).await));
    }
}

#[tokio::test]
async fn beside_other_rows_too_only_ones_own_are_seen_and_no_statement_more_is_sent() {
    let app = TestApp::new().await;
    let oak = app.clinic("Oak").await;
    let (author, colleague, manager) =
        (oak.person(SystemRole::Staff).await, oak.person(SystemRole::Staff).await, oak.manager().await);
    let ticket = author.open_ticket("Printer").await;
    colleague.reply(&ticket, "Me too.", false).await;
    let query =
        "query ($id: ID!) { ticket(id: $id) { createdBy { email } messages { nodes { author { id email } } } } }";

    let mut seen = Vec::new();
    for person in [&author, &colleague, &manager] {
        let answer = person.send(query, json!({ "id": ticket })).await;
        let ticket = &answer.body["data"]["ticket"];
        let emails = [&ticket["createdBy"]["email"], &ticket["messages"]["nodes"][0]["author"]["email"]];
        seen.push((emails.map(Value::is_string), answer.sql_count()));
        assert_eq!(answer.body.get("errors"), None);
    }

    let count = seen[2].1;
    assert_eq!(seen, [([true, false], count), ([false, true], count), ([true, true], count)]);
    let viewer = author.ask("{ viewer { user { email } } }", json!({})).await;
    assert!(viewer["viewer"]["user"]["email"].is_string());
}

#[tokio::test]
async fn an_event_that_is_read_once_for_many_shows_each_only_their_own() {
    let app = TestApp::new().await;
    let oak = app.clinic("Oak").await;
    let (author, colleague) = (oak.person(SystemRole::Staff).await, oak.person(SystemRole::Staff).await);
    let ticket = author.open_ticket("Printer").await;
    let after = app.now().await;
    let query = "subscription ($after: String) { ticketEvents(after: $after) { ticket { ...who } } }
                 fragment who on Ticket { createdBy { email } }";
    let mut readers = Vec::new();
    for over in BOTH {
        for person in [&author, &colleague] {
            readers.push((person.user_id == author.user_id, person.listen(over, query, Some(&after)).await));
        }
    }

    let ada = app.administrator().await;
    ada.ask(
        "mutation ($id: ID!) { changeTicketPriority(input: { ticketId: $id, priority: HIGH }) { ticket { id } } }",
        json!({ "id": ticket }),
    )
    .await;

    for (is_author, reader) in &mut readers {
        let event = reader.event().await;
        assert_eq!(event["ticket"]["createdBy"]["email"].is_string(), *is_author, "{event}");
    }
}

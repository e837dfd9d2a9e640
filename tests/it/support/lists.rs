//! Lists of tickets: filters, orders, words, and the edges both ways.

use serde_json::{Value, json};

use crate::harness::{Person, TestApp};

/// The titles of a list, in its order.
async fn titles(person: &Person, arguments: &str, variables: Value) -> Vec<String> {
    let (declared, used) = arguments.split_once('|').unwrap_or(("", arguments));
    let declared = if declared.is_empty() { String::new() } else { format!("({declared})") };
    let used = if used.is_empty() { String::new() } else { format!("({used})") };
    let query = format!("query {declared} {{ tickets{used} {{ totalCount nodes {{ title }} }} }}");
    let list = person.ask(&query, variables).await["tickets"].clone();
    let titles: Vec<_> =
        list["nodes"].as_array().unwrap().iter().map(|node| node["title"].as_str().unwrap().to_owned()).collect();
    assert_eq!(list["totalCount"], titles.len(), "the count is of the same rows");
    titles
}

async fn open(person: &Person, title: &str, description: &str, priority: &str) -> String {
    let input = json!({ "title": title, "description": description, "priority": priority });
    person.change_ticket("openTicket", input, "{ id }").await["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn each_filter_takes_what_it_says() {
    let app = TestApp::new().await;
    let (oak, elm) = (app.clinic("Oak").await, app.clinic("Elm").await);
    let (ours, theirs, administrator) = (oak.manager().await, elm.manager().await, app.administrator().await);
    let second = app.administrator().await;
    let a = open(&ours, "a", "-", "LOW").await;
    let b = open(&ours, "b", "-", "URGENT").await;
    let c = open(&theirs, "c", "-", "HIGH").await;
    administrator.bring_ticket_to(&a, "WAITING").await;
    administrator.bring_ticket_to(&c, "CLOSED").await;
    for (ticket, to) in [(&a, &administrator), (&b, &second)] {
        administrator.assign_ticket(ticket, to).await;
    }

    let (oak, ada) = (oak.api_id(), administrator.api_id());
    let order = "order: { field: CREATED_AT, direction: ASC }";
    for (filter, found) in [
        ("{}".to_owned(), "a b c"),
        ("{ status: [OPEN] }".to_owned(), "b"),
        ("{ status: [OPEN, WAITING] }".to_owned(), "a b"),
        ("{ status: [] }".to_owned(), ""),
        ("{ status: null }".to_owned(), "a b c"),
        ("{ priority: URGENT }".to_owned(), "b"),
        ("{ priority: [LOW, HIGH, MEDIUM] }".to_owned(), "a c"),
        (format!("{{ assigneeId: \"{ada}\" }}"), "a"),
        ("{ assigned: true }".to_owned(), "a b"),
        ("{ assigned: false }".to_owned(), "c"),
        (format!("{{ assigned: false, assigneeId: \"{ada}\" }}"), ""),
        (format!("{{ clinicId: \"{oak}\" }}"), "a b"),
        (format!("{{ clinicId: \"{oak}\", status: [WAITING], priority: [LOW], assigned: true, text: \"a\" }}"), "a"),
    ] {
        let seen = titles(&administrator, &format!("filter: {filter}, {order}"), json!({})).await;
        assert_eq!(seen.join(" "), found, "{filter}");
    }
    let foreign = titles(&theirs, &format!("filter: {{ clinicId: \"{oak}\" }}"), json!({})).await;
    assert!(foreign.is_empty(), "a filter reaches no other clinic");
}

#[tokio::test]
async fn each_order_runs_both_ways() {
    let app = TestApp::new().await;
    let manager = app.clinic("Oak").await.manager().await;
    let a = open(&manager, "a", "-", "HIGH").await;
    open(&manager, "b", "-", "LOW").await;
    open(&manager, "c", "-", "URGENT").await;
    open(&manager, "d", "-", "MEDIUM").await;
    manager.reply(&a, "Still", false).await;

    for (field, upwards) in [("CREATED_AT", "a b c d"), ("UPDATED_AT", "b c d a"), ("PRIORITY", "b d a c")] {
        let list = async |direction: &str| {
            titles(&manager, &format!("order: {{ field: {field}, direction: {direction} }}"), json!({})).await
        };
        let (up, mut down) = (list("ASC").await, list("DESC").await);

        assert_eq!(up.join(" "), upwards, "{field}");
        down.reverse();
        assert_eq!(up, down, "{field}");
    }
    assert_eq!(titles(&manager, "", json!({})).await.join(" "), "a d c b", "as usual: last touched first");
}

#[tokio::test]
async fn words_are_found_by_their_beginnings_in_title_and_description() {
    let app = TestApp::new().await;
    let manager = app.clinic("Oak").await.manager().await;
    open(&manager, "Printer offline", "The front-desk <label> printer, model QL-820", "LOW").await;
    open(&manager, "打印机离线 前台", "诊所的打印机坏了", "LOW").await;
    open(&manager, "Mail bounces", "To ann.lee@oak.example and https://book.oak.example/now", "LOW").await;
    open(&manager, "Doctor's café", "Überweisung fehlt", "LOW").await;

    for (text, found) in [
        ("printer", "Printer offline"),
        ("PRINT", "Printer offline"),
        ("off pri", "Printer offline"),
        ("label offline", "Printer offline"),
        ("front-desk", "Printer offline"),
        ("QL-820", "Printer offline"),
        ("rinter", ""),
        ("printer bounces", ""),
        ("打印机", "打印机离线 前台"),
        ("打印 前台", "打印机离线 前台"),
        ("ann.lee@oak.example", "Mail bounces"),
        ("lee", "Mail bounces"),
        ("book.oak", "Mail bounces"),
        ("label <b>", ""),
        ("doctor's", "Doctor's café"),
        ("CAFÉ über", "Doctor's café"),
    ] {
        let seen = titles(&manager, "$text: String|filter: { text: $text }", json!({ "text": text })).await;
        assert_eq!(seen.join(", "), found, "{text}");
    }
}

#[tokio::test]
async fn nothing_typed_into_a_search_is_an_operator() {
    let app = TestApp::new().await;
    let manager = app.clinic("Oak").await.manager().await;
    open(&manager, "alpha", "beta", "LOW").await;

    for (text, found) in [
        ("alpha' | 'zzz", 0),
        ("alpha & !beta", 1),
        ("alpha | zzz", 0),
        ("alpha:*", 1),
        ("'", 1),
        ("\\", 1),
        ("') or true --", 0),
        ("<-> (alpha)", 1),
        ("%", 1),
        ("", 1),
        ("🩺", 1),
    ] {
        let seen = titles(&manager, "$text: String|filter: { text: $text }", json!({ "text": text })).await;
        assert_eq!(seen.len(), found, "{text}");
    }
}

#[tokio::test]
async fn a_search_has_at_most_two_hundred_characters() {
    let app = TestApp::new().await;
    let manager = app.clinic("Oak").await.manager().await;
    let query = "query ($text: String) { tickets(filter: { text: $text }) { totalCount } }";

    manager.ask(query, json!({ "text": "诊".repeat(200) })).await;
    let answer = manager.send(query, json!({ "text": "x".repeat(201) })).await;

    assert_eq!(answer.code().as_deref(), Some("INVALID_INPUT"));
    assert_eq!(answer.body["data"], json!({ "tickets": null }));
}

#[tokio::test]
async fn edges_lead_both_ways() {
    let app = TestApp::new().await;
    let oak = app.clinic("Oak").await;
    let manager = oak.manager().await;
    let ticket = manager.open_ticket("Printer").await;
    manager.reply(&ticket, "Still off", false).await;

    let seen = manager
        .ask(
            "{ clinic { name tickets(first: 2) { nodes { title clinic { name } createdBy { firstName }
               messages(first: 2) { nodes { body author { firstName } ticket { title messages { totalCount } } } } } } } }",
            json!({}),
        )
        .await;

    insta::assert_json_snapshot!(seen, @r#"
    {
      "clinic": {
        "name": "Oak",
        "tickets": {
          "nodes": [
            {
              "clinic": {
                "name": "Oak"
              },
              "createdBy": {
                "firstName": "ClinicManager"
              },
              "messages": {
                "nodes": [
                  {
                    "author": {
                      "firstName": "ClinicManager"
                    },
                    "body": "Still off",
                    "ticket": {
                      "messages": {
                        "totalCount": 1
                      },
                      "title": "Printer"
                    }
                  }
                ]
              },
              "title": "Printer"
            }
          ]
        }
      }
    }
    "#);
}

#[tokio::test]
async fn tickets_are_counted_by_status_priority_and_day_within_reach_and_filter() {
    let app = TestApp::new().await;
    let (oak, elm) = (app.clinic("Oak").await, app.clinic("Elm").await);
    let (ours, theirs, administrator) = (oak.manager().await, elm.manager().await, app.administrator().await);
    let a = open(&ours, "a", "-", "LOW").await;
    open(&ours, "b", "-", "URGENT").await;
    open(&ours, "c", "-", "URGENT").await;
    open(&theirs, "d", "-", "HIGH").await;
    administrator.bring_ticket_to(&a, "WAITING").await;
    // Two hours into the day in UTC, where the day before is not over in Vancouver; and too long ago for a count by day.
    app.execute(
        "update support_tickets set created_at = date_trunc('day', now() - interval '2 days', 'UTC') + interval '2 hours';
         update support_tickets set created_at = created_at - interval '1 day' where title = 'b';
         update support_tickets set created_at = created_at - interval '91 days' where title = 'c'",
    )
    .await;
    let day = async |title: &str, zone: &str| {
        let day = format!("to_char(created_at at time zone '{zone}', 'YYYY-MM-DD')");
        app.value(&format!("select {day} from support_tickets where title = '{title}'")).await
    };
    let query = "query ($filter: TicketFilter) { ticketCounts(filter: $filter) {
        total states: byStatus { status count } byPriority { count priority } again: byPriority { __typename } } }";

    let all = administrator.ask(query, json!({})).await;
    let own = ours.ask(query, json!({})).await;
    let urgent = ours.ask(query, json!({ "filter": { "priority": "URGENT" } })).await;
    let none = theirs.ask(query, json!({ "filter": { "clinicId": oak.api_id() } })).await;

    let of = |name: &'static str| move |(value, count): (&str, i32)| json!({ name: value, "count": count });
    let counts = |total: i32, states: &[(&str, i32)], priorities: &[(&str, i32)]| {
        json!({ "ticketCounts": {
            "total": total,
            "states": states.iter().copied().map(of("status")).collect::<Vec<_>>(),
            "byPriority": priorities.iter().copied().map(of("priority")).collect::<Vec<_>>(),
            "again": vec![json!({ "__typename": "TicketPriorityCount" }); priorities.len()],
        } })
    };
    // In the order in which the values are declared.
    assert_eq!(all, counts(4, &[("OPEN", 3), ("WAITING", 1)], &[("LOW", 1), ("HIGH", 1), ("URGENT", 2)]));
    assert_eq!(own, counts(3, &[("OPEN", 2), ("WAITING", 1)], &[("LOW", 1), ("URGENT", 2)]));
    assert_eq!(urgent, counts(2, &[("OPEN", 2)], &[("URGENT", 2)]));
    assert_eq!(none, counts(0, &[], &[]));
    for (person, zone, last) in [(&ours, "America/Vancouver", 1), (&administrator, "UTC", 2)] {
        let days = person.ask("{ ticketCounts { byDay { day count } } }", json!({})).await;
        let [first, second] = [day("b", zone).await, day("a", zone).await];
        let expected = json!([{ "day": first, "count": 1 }, { "day": second, "count": last }]);
        assert_eq!(days["ticketCounts"]["byDay"], expected, "{zone}");
    }
    assert_ne!(day("a", "UTC").await, day("a", "America/Vancouver").await);
}

#[tokio::test]
async fn counts_need_the_permission_of_what_they_count_and_cost_as_much_as_a_long_page() {
    let app = TestApp::new().await;
    let oak = app.clinic("Oak").await;
    let query = "{ ticketCounts { total byStatus { count } } }";

    let clinician = oak.person(clinigraph::kernel::actor::SystemRole::Clinician).await;
    let refused = clinician.send(query, json!({})).await;
    let counted = oak.manager().await.send(query, json!({})).await;

    assert_eq!(
        (refused.code().as_deref(), &refused.body["data"]),
        (Some("FORBIDDEN"), &json!({ "ticketCounts": null }))
    );
    assert_eq!(counted.body["extensions"]["cost"]["cost"], 107, "a page of 100, and a short list");
}

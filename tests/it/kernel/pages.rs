//! Pages of a list: every row once and in order, whatever happens between two pages.

use serde_json::{Value, json};

use crate::harness::{Person, TestApp};

/// Opens tickets by SQL, with ties: each five share their time, which is what they are ordered by.
async fn fill(app: &TestApp, clinic: uuid::Uuid, by: uuid::Uuid, from: usize, to: usize) {
    app.execute(&format!(
        "insert into support_tickets (id, clinic_id, created_by_user_id, title, description, created_at)
         select gen_random_uuid(), '{clinic}', '{by}', 'T' || n, '-', timestamptz '2026-01-01Z' + (n / 5) * interval '1 minute'
         from generate_series({from}, {to}) n"
    ))
    .await;
}

/// The titles of all tickets, by SQL.
async fn wanted(app: &TestApp, direction: &str) -> Vec<String> {
    let order = format!("created_at {direction}, id {direction}");
    titles(&json!(app.rows(&format!("select title from support_tickets order by {order}")).await))
}

fn titles(rows: &Value) -> Vec<String> {
    rows.as_array().unwrap().iter().map(|row| row["title"].as_str().unwrap().to_owned()).collect()
}

const PAGE: &str = "query ($first: Int, $after: String, $last: Int, $before: String, $direction: OrderDirection!) {
    tickets(first: $first, after: $after, last: $last, before: $before, order: { field: CREATED_AT, direction: $direction }) {
        nodes { title } edges { cursor node { title } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }";

async fn page(person: &Person, direction: &str, arguments: Value) -> Value {
    let mut variables = arguments;
    variables["direction"] = direction.into();
    let page = person.ask(PAGE, variables).await["tickets"].clone();
    let edges = page["edges"].as_array().unwrap();
    let through_edges: Vec<_> = edges.iter().map(|edge| edge["node"].clone()).collect();
    assert_eq!(page["nodes"], json!(through_edges), "edges and nodes are the same rows");
    assert_eq!(page["pageInfo"]["startCursor"], edges.first().map_or(Value::Null, |edge| edge["cursor"].clone()));
    assert_eq!(page["pageInfo"]["endCursor"], edges.last().map_or(Value::Null, |edge| edge["cursor"].clone()));
    page
}

#[tokio::test]
async fn walking_either_way_visits_every_row_once_in_order() {
    let app = TestApp::new().await;
    let oak = app.clinic("Oak").await;
    let manager = oak.manager().await;
    fill(&app, oak.id, manager.user_id, 1, 23).await;

    for direction in ["ASC", "DESC"] {
        let wanted = wanted(&app, direction).await;
        for size in [1, 4, 23, 24] {
            let (mut seen, mut after) = (Vec::new(), Value::Null);
            loop {
                let page = page(&manager, direction, json!({ "first": size, "after": after })).await;
                seen.extend(titles(&page["nodes"]));
                assert_eq!(page["pageInfo"]["hasPreviousPage"], !after.is_null());
                if page["pageInfo"]["hasNextPage"] == false {
                    break;
                }
                after = page["pageInfo"]["endCursor"].clone();
            }
            assert_eq!(seen, wanted, "forward {direction} by {size}");

            let (mut seen, mut before) = (Vec::new(), Value::Null);
            loop {
                let page = page(&manager, direction, json!({ "last": size, "before": before })).await;
                seen.splice(0..0, titles(&page["nodes"]));
                assert_eq!(page["pageInfo"]["hasNextPage"], !before.is_null());
                if page["pageInfo"]["hasPreviousPage"] == false {
                    break;
                }
                before = page["pageInfo"]["startCursor"].clone();
            }
            assert_eq!(seen, wanted, "backward {direction} by {size}");
        }
    }
}

#[tokio::test]
async fn rows_that_come_and_go_neither_repeat_nor_hide_others() {
    let app = TestApp::new().await;
    let oak = app.clinic("Oak").await;
    let manager = oak.manager().await;
    fill(&app, oak.id, manager.user_id, 1, 20).await;
    let before = wanted(&app, "ASC").await;

    let first = page(&manager, "ASC", json!({ "first": 7 })).await;
    // The row the cursor stands on goes, one before it and one after it too; some come in before and behind.
    let gone = [&before[3], &before[6], &before[9]];
    let listed = gone.iter().map(|title| format!("'{title}'")).collect::<Vec<_>>().join(", ");
    app.execute(&format!("delete from support_tickets where title in ({listed})")).await;
    fill(&app, oak.id, manager.user_id, 0, 0).await;
    fill(&app, oak.id, manager.user_id, 100, 101).await;
    let rest = page(&manager, "ASC", json!({ "first": 100, "after": first["pageInfo"]["endCursor"] })).await;

    let mut expected: Vec<_> = before[7..].iter().filter(|title| !gone.contains(title)).cloned().collect();
    expected.extend(wanted(&app, "ASC").await.into_iter().filter(|title| title.len() == 4));
    assert_eq!(titles(&first["nodes"]), before[..7]);
    assert_eq!(titles(&rest["nodes"]), expected);
}

#[tokio::test]
async fn after_and_before_together_bound_a_window() {
    let app = TestApp::new().await;
    let oak = app.clinic("Oak").await;
    let manager = oak.manager().await;
    fill(&app, oak.id, manager.user_id, 1, 10).await;
    let all = wanted(&app, "DESC").await;
    let whole = page(&manager, "DESC", json!({})).await;
    let cursor = |at: usize| whole["edges"][at]["cursor"].clone();
    let window = async |extra: Value| {
        let mut arguments = json!({ "after": cursor(1), "before": cursor(7) });
        arguments.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        let page = page(&manager, "DESC", arguments).await;
        (titles(&page["nodes"]), page["pageInfo"]["hasNextPage"] == true, page["pageInfo"]["hasPreviousPage"] == true)
    };

    assert_eq!(window(json!({})).await, (all[2..7].to_vec(), false, true));
    assert_eq!(window(json!({ "first": 2 })).await, (all[2..4].to_vec(), true, true));
    assert_eq!(window(json!({ "last": 2 })).await, (all[5..7].to_vec(), true, true));
    assert_eq!(window(json!({ "first": 5 })).await, (all[2..7].to_vec(), false, true));
    assert_eq!(
        window(json!({ "after": cursor(7), "before": cursor(1) })).await,
        (Vec::new(), false, true),
        "nothing between"
    );
}

#[tokio::test]
async fn a_page_has_one_to_a_hundred_rows_and_twenty_five_when_nobody_says() {
    let app = TestApp::new().await;
    let oak = app.clinic("Oak").await;
    let manager = oak.manager().await;
    fill(&app, oak.id, manager.user_id, 1, 101).await;
    let count = async |arguments: &str| {
        let answer = manager.send(&format!("{{ tickets{arguments} {{ nodes {{ id }} }} }}"), json!({})).await;
        match answer.body.pointer("/data/tickets/nodes") {
            Some(nodes) => Ok(nodes.as_array().unwrap().len()),
            None => {
                let extensions = answer.body["errors"][0]["extensions"].clone();
                let path = extensions["fields"][0]["path"].as_str().map(str::to_owned);
                Err((answer.code().unwrap(), path, extensions["limit"].as_u64()))
            }
        }
    };
    let refused = |path: &str, limit| Err(("INVALID_INPUT".to_owned(), Some(path.to_owned()), limit));

    assert_eq!(count("").await, Ok(25));
    assert_eq!(count("(first: null, last: null)").await, Ok(25));
    assert_eq!(count("(first: 1)").await, Ok(1));
    assert_eq!(count("(last: 100)").await, Ok(100));
    for size in [0, -1, 101, 2_147_483_647] {
        assert_eq!(count(&format!("(first: {size})")).await, refused("first", Some(100)));
        assert_eq!(count(&format!("(last: {size})")).await, refused("last", Some(100)));
    }
    assert_eq!(count("(first: 1, last: 1)").await, refused("last", None));
}

#[tokio::test]
async fn a_cursor_is_good_for_its_list_in_its_order_alone() {
    let app = TestApp::new().await;
    let oak = app.clinic("Oak").await;
    let manager = oak.manager().await;
    let ticket = manager.open_ticket("Printer").await;
    manager.reply(&ticket, "Off", false).await;
    let seen = manager
        .ask("{ tickets { pageInfo { endCursor } nodes { messages { pageInfo { endCursor } } } } clinics { pageInfo { endCursor } } }", json!({}))
        .await;
    let cursor = |path: &str| seen.pointer(path).unwrap().as_str().unwrap().to_owned();
    let (of_tickets, of_messages, of_clinics) = (
        cursor("/tickets/pageInfo/endCursor"),
        cursor("/tickets/nodes/0/messages/pageInfo/endCursor"),
        cursor("/clinics/pageInfo/endCursor"),
    );
    let code = async |selection: String| manager.send(&format!("{{ {selection} }}"), json!({})).await.code();
    let invalid = Some("INVALID_CURSOR".to_owned());

    assert_eq!(code(format!("tickets(after: {of_tickets:?}) {{ totalCount }}")).await, None);
    assert_eq!(
        code(format!("clinic {{ tickets(after: {of_tickets:?}) {{ totalCount }} }}")).await,
        None,
        "the same list, nested"
    );
    for foreign in [
        &of_messages,
        &of_clinics,
        &of_tickets[..20].to_owned(),
        &format!("{of_tickets}AAAA"),
        &String::new(),
        &"?!".to_owned(),
    ] {
        assert_eq!(code(format!("tickets(after: {foreign:?}) {{ totalCount }}")).await, invalid, "{foreign}");
        assert_eq!(code(format!("tickets(before: {foreign:?}) {{ totalCount }}")).await, invalid, "{foreign}");
    }
    for order in [
        "{ field: UPDATED_AT, direction: ASC }",
        "{ field: CREATED_AT, direction: DESC }",
        "{ field: PRIORITY, direction: DESC }",
    ] {
        assert_eq!(
            code(format!("tickets(after: {of_tickets:?}, order: {order}) {{ totalCount }}")).await,
            invalid,
            "{order}"
        );
    }
}

#[tokio::test]
async fn each_parent_has_a_page_of_its_own() {
    let app = TestApp::new().await;
    let manager = app.clinic("Oak").await.manager().await;
    let tickets =
        [manager.open_ticket("None").await, manager.open_ticket("Two").await, manager.open_ticket("Three").await];
    for (ticket, count) in [(&tickets[1], 2), (&tickets[2], 3)] {
        for at in 1..=count {
            manager.reply(ticket, &format!("{at}"), false).await;
        }
    }
    let list = "tickets(order: { field: CREATED_AT, direction: ASC })";

    let seen = manager
        .ask(
            &format!(
                "{{ {list} {{ nodes {{ title
                    newest: messages(first: 1) {{ totalCount nodes {{ body }} pageInfo {{ hasNextPage hasPreviousPage }} }}
                    oldest: messages(last: 2) {{ nodes {{ body }} pageInfo {{ hasNextPage hasPreviousPage }} }} }} }} }}"
            ),
            json!({}),
        )
        .await;
    let cursors = manager
        .ask(&format!("{{ {list} {{ nodes {{ messages(first: 1) {{ pageInfo {{ endCursor }} }} }} }} }}"), json!({}))
        .await;
    let of_three = &cursors["tickets"]["nodes"][2]["messages"]["pageInfo"]["endCursor"];
    let rest = manager
        .ask(
            &format!(
                "query ($after: String) {{ {list} {{ nodes {{ messages(after: $after) {{ nodes {{ body }} }} }} }} }}"
            ),
            json!({ "after": of_three }),
        )
        .await;

    let shown = |node: &Value| {
        let bodies = |list: &Value| {
            list["nodes"]
                .as_array()
                .unwrap()
                .iter()
                .map(|one| one["body"].as_str().unwrap())
                .collect::<Vec<_>>()
                .join(" ")
        };
        let (newest, oldest) = (&node["newest"], &node["oldest"]);
        format!(
            "{}: {} [{}] more {}, [{}] more {}",
            node["title"].as_str().unwrap(),
            newest["totalCount"],
            bodies(newest),
            newest["pageInfo"]["hasNextPage"],
            bodies(oldest),
            oldest["pageInfo"]["hasPreviousPage"]
        )
    };
    let nodes: Vec<_> = seen["tickets"]["nodes"].as_array().unwrap().iter().map(shown).collect();
    assert_eq!(
        nodes,
        [
            "None: 0 [] more false, [] more false",
            "Two: 2 [2] more true, [2 1] more false",
            "Three: 3 [3] more true, [2 1] more true"
        ]
    );
    // The newest of the third ticket is a place in time, so what is older than it comes, of each parent.
    let counts: Vec<_> = rest["tickets"]["nodes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|node| node["messages"]["nodes"].as_array().unwrap().len())
        .collect();
    assert_eq!(counts, [0, 2, 2]);
}

#[tokio::test]
async fn a_count_is_made_only_when_it_is_asked_for() {
    let app = TestApp::new().await;
    let oak = app.clinic("Oak").await;
    let manager = oak.manager().await;
    fill(&app, oak.id, manager.user_id, 1, 5).await;
    let statements = async |selection: &str| manager.send(&format!("{{ {selection} }}"), json!({})).await.sql_count();

    assert_eq!(statements("tickets { nodes { id } }").await, 1);
    assert_eq!(statements("tickets { totalCount }").await, 1);
    assert_eq!(statements("tickets { totalCount nodes { id } edges { cursor } pageInfo { hasNextPage } }").await, 2);
    assert_eq!(statements("tickets { nodes { messages { totalCount } } }").await, 2);
    assert_eq!(statements("tickets { nodes { messages { totalCount nodes { id } } } }").await, 3);
    assert_eq!(statements("tickets { __typename }").await, 0);
}

#[tokio::test]
async fn an_empty_list_is_a_page_too() {
    let app = TestApp::new().await;
    let manager = app.clinic("Oak").await.manager().await;

    for arguments in ["", "(first: 3)", "(last: 3)"] {
        let query = format!(
            "{{ tickets{arguments} {{ totalCount nodes {{ id }} edges {{ cursor }} pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }} }} }}"
        );
        let seen = manager.ask(&query, json!({})).await;
        let page_info =
            json!({ "hasNextPage": false, "hasPreviousPage": false, "startCursor": null, "endCursor": null });
        assert_eq!(seen["tickets"], json!({ "totalCount": 0, "nodes": [], "edges": [], "pageInfo": page_info }));
    }
}

//! Opening a ticket.

use clinigraph::kernel::actor::SystemRole;
use serde_json::{Value, json};

use crate::harness::{TestApp, code};

#[tokio::test]
async fn a_ticket_opens_trimmed_and_with_what_was_not_said() {
    let app = TestApp::new().await;
    let staff = app.clinic("Oak").await.person(SystemRole::Staff).await;

    let input = json!({ "title": "  Printer\n", "description": "\t It is off. " });
    let selection = "{ id number title description priority status version assignee { id } createdBy { id }
        clinic { name } firstRespondedAt resolvedAt closedAt messages { totalCount } createdAt updatedAt
        firstResponseDueAt resolutionDueAt }";
    let ticket = staff.change_ticket("openTicket", input, selection).await;

    let time = || {
        insta::dynamic_redaction(|time, _| {
            chrono::DateTime::parse_from_rfc3339(time.as_str().unwrap()).unwrap();
            "[time]"
        })
    };
    assert_eq!(ticket["createdBy"]["id"], staff.api_id());
    insta::assert_json_snapshot!(ticket, {
        ".id" => insta::dynamic_redaction(|id, _| {
            assert!(id.as_str().unwrap().starts_with("ticket_"));
            "[ticket]"
        }),
        ".number" => insta::dynamic_redaction(|number, _| {
            assert!(number.as_str().is_none(), "a number");
            "[number]"
        }),
        ".createdBy.id" => "[user]",
        ".createdAt" => time(),
        ".updatedAt" => time(),
        ".firstResponseDueAt" => time(),
        ".resolutionDueAt" => time(),
    }, @r#"
    {
      "assignee": null,
      "clinic": {
        "name": "Oak"
      },
      "closedAt": null,
      "createdAt": "[time]",
      "createdBy": {
        "id": "[user]"
      },
      "description": "It is off.",
      "firstRespondedAt": null,
      "firstResponseDueAt": "[time]",
      "id": "[ticket]",
      "messages": {
        "totalCount": 0
      },
      "number": "[number]",
      "priority": "MEDIUM",
      "resolutionDueAt": "[time]",
      "resolvedAt": null,
      "status": "OPEN",
      "title": "Printer",
      "updatedAt": "[time]",
      "version": 1
    }
    "#);
}

#[tokio::test]
async fn what_is_due_depends_on_the_priority() {
    let app = TestApp::new().await;
    let manager = app.clinic("Oak").await.manager().await;

    for (priority, first_response, resolution) in
        [("URGENT", 1, 8), ("HIGH", 4, 24), ("MEDIUM", 8, 72), ("LOW", 24, 168)]
    {
        let input = json!({ "title": "Printer", "description": "Off", "priority": priority });
        let selection = "{ priority createdAt firstResponseDueAt resolutionDueAt }";
        let ticket = manager.change_ticket("openTicket", input, selection).await;

        let time = |field: &str| chrono::DateTime::parse_from_rfc3339(ticket[field].as_str().unwrap()).unwrap();
        let hours = |field: &str| (time(field) - time("createdAt")).num_seconds() as f64 / 3600.0;
        assert_eq!(ticket["priority"], priority);
        assert_eq!(hours("firstResponseDueAt"), f64::from(first_response), "{priority}");
        assert_eq!(hours("resolutionDueAt"), f64::from(resolution), "{priority}");
    }
}

#[tokio::test]
async fn a_form_learns_of_all_its_faults_at_once() {
    let app = TestApp::new().await;
    let manager = app.clinic("Oak").await.manager().await;
    let both = |title: &str, description: &str| json!({ "title": title, "description": description });
    let fits = both(&"诊".repeat(200), &"é".repeat(10_000));

    let empty = manager.refused("openTicket", both("", " \n ")).await;
    let long = manager.refused("openTicket", both(&"x".repeat(201), &"x".repeat(10_001))).await;
    manager.change_ticket("openTicket", fits, "{ id }").await;

    insta::assert_json_snapshot!([&empty["extensions"]["fields"], &long["extensions"]["fields"]], @r#"
    [
      [
        {
          "code": "INVALID_INPUT",
          "message": "must not be empty",
          "path": "input.title"
        },
        {
          "code": "INVALID_INPUT",
          "message": "must not be empty",
          "path": "input.description"
        }
      ],
      [
        {
          "code": "INVALID_INPUT",
          "message": "must have at most 200 characters, not 201",
          "path": "input.title"
        },
        {
          "code": "INVALID_INPUT",
          "message": "must have at most 10000 characters, not 10001",
          "path": "input.description"
        }
      ]
    ]
    "#);
    assert_eq!([code(&empty), code(&long)], ["INVALID_INPUT"; 2]);
}

#[tokio::test]
async fn the_character_nul_is_refused_wherever_it_hides() {
    let app = TestApp::new().await;
    let manager = app.clinic("Oak").await.manager().await;

    let variable = json!({
        "query": "mutation ($input: OpenTicketInput!) { openTicket(input: $input) { ticket { id } } }",
        "variables": { "input": { "title": "a\0b", "description": "Off" } },
    });
    let literal = |text: &str| {
        let query = format!(
            "mutation {{ openTicket(input: {{ title: {text}, description: \"Off\" }}) {{ ticket {{ id }} }} }}"
        );
        json!({ "query": query })
    };
    for body in [variable, literal("\"a\\u0000b\""), literal("\"\"\"a\0b\"\"\"")] {
        let answer = app.post(&manager, body.to_string()).await;
        assert_eq!((answer.status, answer.code().as_str()), (400, "INVALID_INPUT"), "{}", answer.text);
    }
    // What only looks like it is text like any other.
    let title = "a\\u0000b";
    let opened =
        manager.change_ticket("openTicket", json!({ "title": title, "description": "Off" }), "{ title }").await;
    assert_eq!(opened["title"], title);
}

#[tokio::test]
async fn an_administrator_must_name_the_clinic() {
    let app = TestApp::new().await;
    let (oak, administrator) = (app.clinic("Oak").await, app.administrator().await);
    let input = |clinic: Value| json!({ "title": "Printer", "description": "Off", "clinicId": clinic });

    let unnamed = administrator.refused("openTicket", input(Value::Null)).await;
    let unknown = administrator.refused("openTicket", input("clinic_01jd3v0000000000000000000a".into())).await;
    let opened = administrator.change_ticket("openTicket", input(oak.api_id().into()), "{ clinic { name } }").await;

    assert_eq!(code(&unnamed), "INVALID_INPUT");
    assert_eq!(unnamed["extensions"]["fields"][0]["path"], "input.clinicId");
    assert_eq!(code(&unknown), "NOT_FOUND");
    assert_eq!(opened["clinic"]["name"], "Oak");
}

#[tokio::test]
async fn a_clinic_opens_tickets_for_itself_alone() {
    let app = TestApp::new().await;
    let (oak, elm) = (app.clinic("Oak").await, app.clinic("Elm").await);
    let manager = oak.manager().await;
    let input = |clinic: String| json!({ "title": "Printer", "description": "Off", "clinicId": clinic });

    let foreign = manager.refused("openTicket", input(elm.api_id())).await;
    let unknown = manager.refused("openTicket", input("clinic_01jd3v0000000000000000000a".to_owned())).await;
    let own = manager.change_ticket("openTicket", input(oak.api_id()), "{ clinic { id } }").await;

    assert_eq!([code(&foreign), code(&unknown)], ["NOT_FOUND"; 2]);
    assert_eq!(own["clinic"]["id"], oak.api_id());
    assert_eq!(app.value("select count(*) from support_tickets").await, 1);
}

#[tokio::test]
async fn an_id_of_another_kind_is_told_as_such() {
    let app = TestApp::new().await;
    let manager = app.clinic("Oak").await.manager().await;

    let input = json!({ "title": "Printer", "description": "Off", "clinicId": manager.api_id() });
    let error = manager.refused("openTicket", input).await;

    assert_eq!(code(&error), "INVALID_ID");
    assert_eq!(error["message"], "input.clinicId: must be an id that begins with \"clinic_\", not \"user_\"");
}

//! What is asked, of our server and of the limit.

use clinigraph::{
    access::User,
    clinic::Clinic,
    kernel::{
        Id,
        page::{Direction, Sort, SortType, write_cursor},
    },
};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{database::Database, load::post};

/// Who asks.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum By {
    Manager,
    Administrator,
}

/// One thing that is asked.
pub struct Case {
    pub name: &'static str,
    pub description: &'static str,
    /// What the schema must have for it.
    pub needs: &'static str,
    pub by: By,
    pub document: &'static str,
    pub variables: Value,
    /// What the limit is asked, and where.
    pub limit: Option<(&'static str, Value)>,
    /// Whether both must answer alike to the letter.
    pub reads: bool,
}

impl Case {
    /// The request as our server takes it.
    pub fn ours(&self, database: &Database) -> Vec<u8> {
        let token = match self.by {
            By::Manager => &database.people.manager,
            By::Administrator => &database.people.administrator,
        };
        post("/graphql", Some(token), &json!({ "query": self.document, "variables": self.variables }))
    }
}

const TICKETS: &str = "query Tickets($clinic: ID, $first: Int, $after: String) {
  tickets(first: $first, after: $after, filter: { clinicId: $clinic }, order: { field: CREATED_AT, direction: DESC }) {
    nodes {
      id number title description priority status createdAt updatedAt
      clinic { id name slug }
      assignee { id firstName lastName }
      messages(first: 3) { nodes { id body createdAt author { id firstName lastName } } }
    }
  }
}";

const CLINIC: &str = "query Clinic($clinic: ID!) {
  clinic(id: $clinic) {
    id name slug description phone email website address city region postalCode country timezone locale currency
    status createdAt version
    config {
      booking {
        acceptingNewPatients waitlistEnabled maxNewPatientsPerWeek appointmentDurationMinutes bufferMinutes
        maxAdvanceBookingDays minAdvanceBookingHours cancellationWindowHours botEnabled
      }
      language { defaultLanguage supportedLanguages greetings { text language } }
      care { transferPhone preferredPharmacyName preferredPharmacyAddress preferredPharmacyFax }
      privacy { officerName officerEmail officerPhone transcriptRetentionDays callLogRetentionDays auditRetentionYears }
    }
    hours { dayOfWeek opensAt closesAt isClosed }
  }
}";

const PROVIDERS: &str = "query Providers($first: Int) {
  providers(first: $first) {
    nodes {
      id title firstName lastName specialties languages email phone color status acceptingNewPatients verificationStatus
      clinic { id name slug }
    }
  }
}";

const AUDIT: &str = "query Audit($first: Int, $after: String) {
  auditEvents(first: $first, after: $after) {
    nodes {
      id occurredAt actorKind actorEmail verb operation resourceType userAgent requestId success
      clinic { id name }
      actor { id firstName lastName }
    }
  }
}";

const AUDIT_OF_CLINIC: &str = "query Audit($clinic: ID!, $first: Int, $after: String) {
  auditEvents(first: $first, after: $after, filter: { clinicId: $clinic }) {
    nodes {
      id occurredAt actorKind actorEmail verb operation resourceType userAgent requestId success
      changes { field before after redacted }
      clinic { id name }
      actor { id firstName lastName }
    }
  }
}";

const OPEN: &str = "mutation Open($input: OpenTicketInput!) {
  openTicket(input: $input) { ticket { id number title priority status createdAt clinic { id name } } }
}";

/// What is asked of both servers. A case whose fields the schema does not have (yet) is left out.
pub async fn against_the_limit(database: &Database) -> Vec<Case> {
    let clinic = Id::<Clinic>::from_uuid(database.people.clinic).to_string();
    let manager = database.uuid("select id from users where email = 'manager-1@scale.example'").await;
    let title = "Printer at the front desk is offline";
    let description = "Since this morning labels come out on no printer. We have restarted it twice.";
    let event = database.middle("audit_events", "occurred_at", "").await;
    let after = cursor("AuditEvent", "occurred_at", event);
    let of_clinic = format!("where clinic_id = '{}'", database.people.clinic);
    let event_of_clinic = database.middle("audit_events", "occurred_at", &of_clinic).await;
    let after_of_clinic = cursor("AuditEvent", "occurred_at", event_of_clinic);
    let cases = vec![
        Case {
            name: "Q1",
            description: "a clinic with its whole configuration and seven hours",
            needs: "config: ClinicConfig",
            by: By::Manager,
            document: CLINIC,
            variables: json!({ "clinic": clinic }),
            limit: Some(("/q1", json!({ "clinic": clinic }))),
            reads: true,
        },
        Case {
            name: "Q2",
            description: "25 newest tickets of a clinic with clinic, assignee, three newest messages and their authors",
            needs: "type Ticket implements",
            by: By::Manager,
            document: TICKETS,
            variables: json!({ "clinic": clinic, "first": 25 }),
            limit: Some(("/q2", json!({ "clinic": clinic, "first": 25 }))),
            reads: true,
        },
        Case {
            name: "Q3",
            description: "100 providers with 12 fields and their clinic",
            needs: "type Provider implements",
            by: By::Administrator,
            document: PROVIDERS,
            variables: json!({ "first": 100 }),
            limit: Some(("/q3", json!({ "first": 100 }))),
            reads: true,
        },
        Case {
            name: "Q4",
            description: "100 rows of the audit trail with clinic and actor, from the middle on",
            needs: "type AuditEvent implements",
            by: By::Administrator,
            document: AUDIT,
            variables: json!({ "first": 100, "after": after }),
            limit: Some(("/q4", json!({ "first": 100, "time": event.1, "id": event.0 }))),
            reads: true,
        },
        Case {
            name: "Q2 admin",
            description: "Q2 as an administrator, filtered by the clinic",
            needs: "type Ticket implements",
            by: By::Administrator,
            document: TICKETS,
            variables: json!({ "clinic": clinic, "first": 25 }),
            limit: Some(("/q2-with-internal", json!({ "clinic": clinic, "first": 25 }))),
            reads: true,
        },
        Case {
            name: "Q4 admin",
            description: "Q4 with what changed, filtered by the clinic",
            needs: "type AuditEvent implements",
            by: By::Administrator,
            document: AUDIT_OF_CLINIC,
            variables: json!({ "clinic": clinic, "first": 100, "after": after_of_clinic }),
            limit: Some((
                "/q4-of-clinic",
                json!({ "clinic": clinic, "first": 100, "time": event_of_clinic.1, "id": event_of_clinic.0 }),
            )),
            reads: true,
        },
        Case {
            name: "M1",
            description: "open a ticket: ticket, a notification for each administrator, audit and events in one transaction",
            needs: "openTicket",
            by: By::Manager,
            document: OPEN,
            variables: json!({ "input": { "title": title, "description": description } }),
            limit: Some((
                "/m1",
                json!({ "clinic": clinic, "by": Id::<User>::from_uuid(manager).to_string(), "title": title, "description": description }),
            )),
            reads: false,
        },
    ];
    let sdl = clinigraph::graphql::sdl();
    cases.into_iter().filter(|case| sdl.contains(case.needs)).collect()
}

/// First and deep pages, of a clinic and of all.
pub async fn pages(database: &Database) -> Vec<Case> {
    let clinic = Id::<Clinic>::from_uuid(database.people.clinic).to_string();
    let of_clinic = format!("where clinic_id = '{}'", database.people.clinic);
    let case = |name, description, by, clinic: Option<&String>, after: Option<String>| Case {
        name,
        description,
        needs: "",
        by,
        document: TICKETS,
        variables: json!({ "clinic": clinic, "first": 25, "after": after }),
        limit: None,
        reads: true,
    };
    vec![
        case("first page", "Q2", By::Manager, Some(&clinic), None),
        case(
            "deep page",
            "Q2 from the middle on",
            By::Manager,
            Some(&clinic),
            Some(middle(database, &of_clinic).await),
        ),
        case("first page of all", "Q2 over all clinics, for an administrator", By::Administrator, None, None),
        case(
            "deep page of all",
            "the same from the middle on",
            By::Administrator,
            None,
            Some(middle(database, "").await),
        ),
    ]
}

/// The cursor of the ticket in the middle.
async fn middle(database: &Database, of: &str) -> String {
    cursor("Ticket", "created_at", database.middle("support_tickets", "created_at", of).await)
}

/// Position of a row when the newest come first.
fn cursor(list: &str, column: &'static str, (id, time): (Uuid, i64)) -> String {
    let mut cursor = Vec::new();
    let sort = Sort::new(column, SortType::Timestamptz, Direction::Desc);
    write_cursor(list, sort, &time.to_be_bytes(), id.as_bytes(), &mut cursor);
    String::from_utf8(cursor).unwrap()
}

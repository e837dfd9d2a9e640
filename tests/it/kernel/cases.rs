//! Rows of what belongs to no domain in the tests that hold for every table and operation.

use crate::cases::{Budget, Cases, OF_ITS_PEOPLE, READS, Rights, Table, manager, rights};

pub const CASES: Cases = Cases { tables: TABLES, rights: RIGHTS, budgets: BUDGETS, enums: &[] };

const TABLES: &[Table] = &[Table {
    name: "idempotency_keys",
    grants: "admin siud, auditor siud, partner siud, patient siud, system siud, tenant siud",
    of_clinic: OF_ITS_PEOPLE,
    tenant: Some("user_id = $user"),
    admin: Some("user_id = $user"),
    insert: "(user_id, key, request_hash, expires_at) values ($user, 'new', sha256('new'), now())",
}];

const RIGHTS: &[Rights] = &[
    rights(
        "Query.server",
        "{ server { version limits { cost } errorCodes { code description family retry } } }",
        ["-", "-", "-", "-"],
    ),
    rights("Query.node", "query ($ticket: ID!) { node(id: $ticket) { id ... on Ticket { title } } }", READS),
    rights(
        "Query.nodes",
        "query ($any: [ID!]!) { nodes(ids: $any) { id __typename } }",
        ["UNAUTHENTICATED", "-", "FORBIDDEN", "FORBIDDEN"],
    ),
];

const BUDGETS: &[Budget] = &[
    manager("Query.server", "{ server { version limits { cost } errorCodes { code } } }", 0),
    manager("Query.node", "query ($ticket: ID!) { node(id: $ticket) { id } }", 1),
    manager(
        "Query.node",
        "query ($ticket_message: ID!) { node(id: $ticket_message) { ... on TicketMessage { body author { email } } } }",
        1,
    ),
    manager("Query.nodes", "query ($ticket: ID!) { nodes(ids: [$ticket]) { id } }", 1),
    manager(
        "Query.nodes",
        "query ($ticket: ID!, $ticket_message: ID!, $user: ID!) { nodes(ids: [$ticket, $ticket_message, $user, $ticket]) { id } }",
        3,
    ),
];

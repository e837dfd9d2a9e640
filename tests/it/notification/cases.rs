//! Rows of notifications in the tests that hold for every table and operation.

use clinigraph::notification::NotificationKind;

use crate::cases::{Budget, Cases, Enum, NOT_THEIRS, OF_CLINIC, OPEN, Rights, Table, administrator, rights};

pub const CASES: Cases = Cases { tables: TABLES, rights: RIGHTS, budgets: BUDGETS, enums: ENUMS };

const TABLES: &[Table] = &[Table {
    name: "notifications",
    grants: "admin si(u), system si(u), tenant si(u)",
    of_clinic: OF_CLINIC,
    tenant: Some("clinic_id = $clinic and recipient_user_id = $user"),
    admin: Some("recipient_user_id = $user"),
    insert: "(id, recipient_user_id, clinic_id, subject_type, subject_id, kind, title, body,
                  dedupe_key, created_at)
                 select gen_random_uuid(), $user, $clinic, 'ticket', $ticket, 'ticket_reply', 'New', 'New',
                        'new', now()",
}];

const RIGHTS: &[Rights] = &[
    rights("Query.notifications", "{ notifications { totalCount nodes { id title body clinic { name } } } }", OPEN),
    rights(
        "Mutation.archiveNotification",
        "mutation ($notification: ID!) { archiveNotification(input: { notificationId: $notification }) { notification { id title } } }",
        NOT_THEIRS,
    ),
    rights(
        "Mutation.markNotificationRead",
        "mutation ($notification: ID!) { markNotificationRead(input: { notificationId: $notification }) { notification { id title } } }",
        NOT_THEIRS,
    ),
    rights("Mutation.markAllNotificationsRead", "mutation { markAllNotificationsRead { count } }", OPEN),
    rights(
        "Subscription.notificationReceived",
        "subscription ($after: String!) { notificationReceived(after: $after) { cursor notification { id title } } }",
        OPEN,
    ),
    rights(
        "Subscription.unreadNotificationCountChanged",
        "subscription ($after: String!) { unreadNotificationCountChanged(after: $after) { cursor count } }",
        OPEN,
    ),
];

const BUDGETS: &[Budget] = &[
    administrator("Query.notifications", "{ notifications { totalCount nodes { title read clinic { name } } } }", 2),
    administrator("Query.notifications", "{ notifications(filter: { read: false }) { nodes { title } } }", 1),
    administrator(
        "Mutation.markNotificationRead",
        "mutation ($notification: ID!) { markNotificationRead(input: { notificationId: $notification }) { notification { id } } }",
        3,
    ),
    administrator(
        "Mutation.markNotificationRead",
        "mutation ($notification: ID!) { markNotificationRead(input: { notificationId: $notification }) { notification { id } } }",
        2,
    ),
    administrator(
        "Mutation.archiveNotification",
        "mutation ($notification: ID!) { archiveNotification(input: { notificationId: $notification }) { notification { id } } }",
        3,
    ),
    administrator("Mutation.markAllNotificationsRead", "mutation { markAllNotificationsRead { count } }", 2),
];

const ENUMS: &[Enum] = &[Enum { constraint: "notifications_kind_check", values: NotificationKind::TEXTS }];

//! Rows of notifications in the tests that hold for every table and operation.

use clinigraph::kernel::actor::SystemRole;
use clinigraph::notification::{
    ContactConsentSource, NotificationChannel, NotificationDeliveryReason, NotificationDeliveryStatus,
    NotificationKind, NotificationLanguage,
};

use crate::cases::{
    ALL, Budget, Cases, Enum, Filling, NOT_THEIRS, OF_CLINIC, OF_ITS_PEOPLE, OPEN, Rights, Table, WRITES,
    administrator, manager, rights,
};

pub const CASES: Cases = Cases { tables: TABLES, rights: RIGHTS, budgets: BUDGETS, enums: ENUMS };

const TABLES: &[Table] = &[
    Table {
        name: "notifications",
        grants: "admin s(i)(u), auditor s(u), partner s(u), patient s(u), system si(u), tenant s(i)(u)",
        of_clinic: OF_CLINIC,
        tenant: Some("clinic_id = $clinic and recipient_user_id = $user"),
        admin: Some("recipient_user_id = $user"),
        insert: "(id, recipient_user_id, clinic_id, subject_type, subject_id, kind, title, body,
                  dedupe_key, created_at)
                 select gen_random_uuid(), $user, $clinic, 'ticket', $ticket, 'ticket_reply', 'New', 'New',
                        'new', now()",
    },
    Table {
        name: "notification_deliveries",
        grants: "admin s(i), auditor s, partner s, patient s, system siud, tenant s(i)",
        of_clinic: OF_CLINIC,
        tenant: Some("clinic_id = $clinic and not is_of_platform"),
        admin: ALL,
        insert: "(id, clinic_id, notification_id, channel, language, address, send_at)
                 select gen_random_uuid(), $clinic, $notification, 'email', 'en', 'new@people.example', now()",
    },
    Table {
        name: "notification_templates",
        grants: "admin s(i)(u)d, auditor s, partner s, patient s, system siud, tenant s(i)(u)d",
        of_clinic: OF_CLINIC,
        tenant: Some(OF_CLINIC),
        admin: ALL,
        insert: "(id, clinic_id, kind, channel, language, text)
                 values (gen_random_uuid(), $clinic, 'ticket_reply', 'sms', 'sw', 'New')",
    },
    Table {
        name: "contact_consents",
        grants: "admin s(i)(u), auditor s, partner s, patient s, system siud, tenant s(i)(u)",
        of_clinic: OF_CLINIC,
        tenant: Some(OF_CLINIC),
        admin: ALL,
        insert: "(id, clinic_id, channel, address, is_granted, source, decided_at)
                 values (gen_random_uuid(), $clinic, 'sms', '+16045550999', true, 'staff', now())",
    },
    Table {
        name: "notification_preferences",
        grants: "admin s(i)(u), auditor s(i)(u), partner s(i)(u), patient s(i)(u), system siud, tenant s(i)(u)",
        of_clinic: OF_ITS_PEOPLE,
        tenant: Some("user_id = $user"),
        admin: Some("user_id = $user"),
        insert: "(user_id) values ($user)",
    },
    Table {
        name: "push_subscriptions",
        grants: "admin s(i)d, auditor s(i)d, partner s(i)d, patient s(i)d, system siud, tenant s(i)d",
        of_clinic: OF_ITS_PEOPLE,
        tenant: Some("user_id = $user"),
        admin: Some("user_id = $user"),
        insert: "(id, user_id, endpoint, public_key, secret)
                 values (gen_random_uuid(), $user, 'https://push.example/new', decode(repeat('04', 65), 'hex'), decode(repeat('00', 16), 'hex'))",
    },
];

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
    rights(
        "Query.notificationDeliveries",
        "{ notificationDeliveries { totalCount nodes { id address status recipient { id } clinic { name } } } }",
        MANAGES,
    ),
    rights(
        "Query.notificationTemplates",
        "{ notificationTemplates { totalCount nodes { id text clinic { name } } } }",
        MANAGES,
    ),
    rights("Query.contactConsents", "{ contactConsents { totalCount nodes { id address clinic { name } } } }", MANAGES),
    rights("Query.notificationKinds", "{ notificationKinds { kind texts { text } } }", MANAGES),
    rights(
        "Query.notificationPreview",
        "query ($clinic: ID!) { notificationPreview(input: { clinicId: $clinic, kind: TICKET_REPLY, channel: SMS }) { text } }",
        WRITES,
    ),
    rights("Query.notificationPreferences", "{ notificationPreferences { quietFrom choices { kind isUsed } } }", OPEN),
    rights("Query.pushPublicKey", "{ pushPublicKey }", OPEN),
    rights(
        "Mutation.updateNotificationPreferences",
        "mutation { updateNotificationPreferences(input: { choices: [] }) { notificationPreferences { quietFrom } } }",
        OPEN,
    ),
    rights(
        "Mutation.setNotificationTemplate",
        "mutation ($clinic: ID!) { setNotificationTemplate(input: { clinicId: $clinic, kind: TICKET_REPLY, channel: SMS, language: FR, text: \"x\" }) { notificationTemplate { id } } }",
        WRITES,
    ),
    rights(
        "Mutation.removeNotificationTemplate",
        "mutation ($notification_template: ID!) { removeNotificationTemplate(input: { notificationTemplateId: $notification_template }) { removedNotificationTemplateId } }",
        WRITES,
    ),
    rights(
        "Mutation.recordContactConsent",
        "mutation ($clinic: ID!) { recordContactConsent(input: { clinicId: $clinic, channel: SMS, address: \"+16045550111\", isGranted: true }) { contactConsent { id } } }",
        WRITES,
    ),
    rights(
        "Mutation.subscribeToPush",
        "mutation { subscribeToPush(input: { endpoint: \"https://127.0.0.1/x\", publicKey: \"x\", secret: \"x\" }) { pushSubscription { id } } }",
        ["UNAUTHENTICATED", "INVALID_INPUT", "INVALID_INPUT", "INVALID_INPUT"],
    ),
    rights(
        "Mutation.unsubscribeFromPush",
        "mutation ($push_subscription: ID!) { unsubscribeFromPush(input: { pushSubscriptionId: $push_subscription }) { removedPushSubscriptionId } }",
        NOT_THEIRS,
    ),
];

/// For managers of clinics, in their own.
const MANAGES: [&str; 4] = ["UNAUTHENTICATED", "-", "FORBIDDEN", "FORBIDDEN"];

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
    administrator(
        "Query.notificationDeliveries",
        "{ notificationDeliveries { nodes { address status recipient { displayName } clinic { name } } } }",
        1,
    ),
    manager("Query.notificationTemplates", "{ notificationTemplates { nodes { text } } }", 1),
    manager("Query.contactConsents", "{ contactConsents { nodes { address isGranted } } }", 1),
    manager("Query.notificationKinds", "{ notificationKinds { kind } }", 0),
    manager(
        "Query.notificationPreview",
        "{ notificationPreview(input: { kind: TICKET_REPLY, channel: EMAIL }) { subject html } }",
        3,
    ),
    manager("Query.notificationPreferences", "{ notificationPreferences { quietFrom choices { isUsed } } }", 1),
    manager("Query.pushPublicKey", "{ pushPublicKey }", 0),
    manager(
        "Mutation.updateNotificationPreferences",
        "mutation { updateNotificationPreferences(input: { quietFrom: \"22:00\", quietUntil: \"07:00\" }) { notificationPreferences { quietFrom } } }",
        2,
    ),
    manager(
        "Mutation.setNotificationTemplate",
        "mutation { setNotificationTemplate(input: { kind: TICKET_REPLY, channel: SMS, language: FR, text: \"x\" }) { notificationTemplate { id } } }",
        3,
    ),
    manager(
        "Mutation.removeNotificationTemplate",
        "mutation ($notification_template: ID!) { removeNotificationTemplate(input: { notificationTemplateId: $notification_template }) { removedNotificationTemplateId } }",
        2,
    ),
    manager(
        "Mutation.recordContactConsent",
        "mutation { recordContactConsent(input: { channel: SMS, address: \"+16045550111\", isGranted: true }) { contactConsent { id } } }",
        3,
    ),
    manager(
        "Mutation.subscribeToPush",
        "mutation { subscribeToPush(input: { endpoint: \"http://127.0.0.1:9/other\", publicKey: \"BAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\", secret: \"AAAAAAAAAAAAAAAAAAAAAA\" }) { pushSubscription { id } } }",
        1,
    ),
    manager(
        "Mutation.unsubscribeFromPush",
        "mutation ($push_subscription: ID!) { unsubscribeFromPush(input: { pushSubscriptionId: $push_subscription }) { removedPushSubscriptionId } }",
        1,
    ),
];

const ENUMS: &[Enum] = &[
    Enum { constraint: "notifications_kind_check", values: NotificationKind::TEXTS },
    Enum { constraint: "notification_deliveries_channel_check", values: NotificationChannel::TEXTS },
    Enum { constraint: "notification_deliveries_language_check", values: NotificationLanguage::TEXTS },
    Enum { constraint: "notification_deliveries_status_check", values: NotificationDeliveryStatus::TEXTS },
    Enum { constraint: "notification_deliveries_reason_check", values: NotificationDeliveryReason::TEXTS },
    Enum { constraint: "notification_templates_channel_check", values: NotificationChannel::TEXTS },
    Enum { constraint: "notification_templates_language_check", values: NotificationLanguage::TEXTS },
    Enum { constraint: "contact_consents_channel_check", values: NotificationChannel::TEXTS },
    Enum { constraint: "contact_consents_source_check", values: ContactConsentSource::TEXTS },
];

/// A delivery to the manager, words and a consent of the clinic, and what the manager wants.
pub async fn fill(filling: &Filling<'_>) {
    let staff = filling.clinic.person(SystemRole::Staff).await;
    let quiet = format!(
        "insert into notification_preferences (user_id, quiet_from, quiet_until) values ('{}', '22:00', '07:00')",
        staff.user_id
    );
    filling.execute(&quiet).await;
    filling
        .execute(
            "insert into notification_deliveries (id, clinic_id, notification_id, recipient_user_id, channel, language, address, send_at)
             select gen_random_uuid(), clinic_id, id, $user, 'email', 'en', $secret, now() from notifications
              where clinic_id = $clinic and recipient_user_id = $user limit 1;
             insert into notification_templates (id, clinic_id, kind, channel, language, text)
             values (gen_random_uuid(), $clinic, 'ticket_reply', 'email', 'en', $secret);
             insert into contact_consents (id, clinic_id, channel, address, is_granted, source, decided_at)
             values (gen_random_uuid(), $clinic, 'email', $secret, true, 'staff', now());
             insert into push_subscriptions (id, user_id, endpoint, public_key, secret)
             values (gen_random_uuid(), $user, 'https://push.example/' || $name, decode(repeat('04', 65), 'hex'), decode(repeat('00', 16), 'hex'))",
        )
        .await;
}

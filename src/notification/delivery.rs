//! Deliveries: what was sent, or is going to be, of a notification outside the application, and the list of them.

use chrono::{DateTime, Utc};

use super::{
    Notification, NotificationChannel, NotificationDeliveryReason, NotificationDeliveryStatus, NotificationLanguage,
};
use crate::{
    access::User,
    clinic::Clinic,
    entity, filter,
    kernel::{Id, entity::DateTimeRange},
    orders,
    schema::notification_deliveries,
};

entity! {
    /// Delivery of a notification outside the application: by e-mail, text message, WhatsApp or push message. Needs the
    /// permission `NOTIFICATIONS_MANAGE`; how the platform reaches its own people is seen by administrators alone.
    NotificationDelivery "notification_delivery" of notification_deliveries, tenant clinic_id, read NotificationsManage;
    columns {
        /// Identifier of the delivery.
        id: Id<NotificationDelivery>,
        /// Channel of the delivery.
        channel: NotificationChannel,
        /// Language of the message.
        language: NotificationLanguage,
        /// E-mail address or phone number that the message is sent to. Null for push messages, and if the recipient has none.
        address: Option<String>,
        /// Current status of the delivery.
        status: NotificationDeliveryStatus,
        /// Reason for which the delivery failed or was skipped. Null otherwise.
        reason: Option<NotificationDeliveryReason>,
        /// Answer of the provider to the last attempt that failed. Null if none has failed.
        error: Option<String>,
        /// Number of attempts so far.
        attempts: i32,
        /// Time from which the message is sent: later than the creation if quiet hours have to end first.
        send_at: DateTime<Utc>,
        /// Time at which the provider accepted the message. Null before.
        sent_at: Option<DateTime<Utc>>,
        /// Time at which the message reached the recipient. Null if that is not known.
        delivered_at: Option<DateTime<Utc>>,
        /// Time at which the recipient read the message. Null if that is not known.
        read_at: Option<DateTime<Utc>>,
        /// Time at which the delivery was created.
        created_at: DateTime<Utc>,
    }
    inside {
        clinic_id: Id<Clinic>,
        notification_id: Id<Notification>,
        recipient_user_id: Option<Id<User>>,
        is_of_platform: bool,
        attempting_since: Option<DateTime<Utc>>,
        provider_message_id: Option<String>,
        version: i32,
    }
    edges {
        /// Clinic in whose name the message is sent. Null if it concerns no clinic.
        clinic: maybe Clinic by clinic_id,
        /// User to whom the message is sent. Null for somebody without an account.
        recipient: maybe User by recipient_user_id,
    }
}

orders! {
    /// Order of a list of deliveries.
    NotificationDeliveryOrder by NotificationDeliveryOrderField, usually CreatedAt Desc;
    /// Time at which the delivery was created.
    CreatedAt = "created_at" as Timestamptz,
}

filter! {
    /// Conditions on a list of deliveries; all of them must hold.
    NotificationDeliveryFilter of NotificationDelivery in notification_deliveries, order NotificationDeliveryOrder {
        /// Clinic in whose name the messages are sent.
        clinic_id: equal(clinic_id: Id<Clinic>),
        /// Statuses, any of which matches.
        status: any(status: NotificationDeliveryStatus) replan,
        /// Channels, any of which matches.
        channel: any(channel: NotificationChannel) replan,
        /// Times between which the delivery was created.
        created_at: range(created_at: DateTimeRange),
    }
}

//! The channels on which people are notified, and the states of what is sent on them.

use crate::text_enum;

text_enum! {
    /// Channel on which people are notified.
    NotificationChannel {
        /// Notification in the application itself.
        InApp = "in_app",
        /// E-mail to the recipient's address.
        Email = "email",
        /// Text message to a phone.
        Sms = "sms",
        /// Message to a phone on WhatsApp.
        Whatsapp = "whatsapp",
        /// Push message to a browser.
        Push = "push",
    }
}

impl NotificationChannel {
    /// The channels that leave the application.
    pub const OUTSIDE: [Self; 4] = [Self::Email, Self::Sms, Self::Whatsapp, Self::Push];

    /// Whether a message on the channel makes a sound, so that it waits until the end of quiet hours.
    #[must_use]
    pub fn interrupts(self) -> bool {
        matches!(self, Self::Sms | Self::Whatsapp | Self::Push)
    }

    /// Whether nothing is sent on the channel before the recipient has agreed to it.
    #[must_use]
    pub fn needs_consent(self) -> bool {
        matches!(self, Self::Sms | Self::Whatsapp)
    }

    /// Whether a message that was perhaps sent may be sent again: a mailbox shows two letters with one id once.
    #[must_use]
    pub fn bears_repetition(self) -> bool {
        matches!(self, Self::Email | Self::Push)
    }
}

text_enum! {
    /// State of a delivery.
    NotificationDeliveryStatus {
        /// The delivery waits for its time, or for a further attempt.
        Pending = "pending",
        /// The provider of the channel has accepted the message.
        Sent = "sent",
        /// The message has reached the recipient's device or mailbox.
        Delivered = "delivered",
        /// The recipient has read the message.
        Read = "read",
        /// The message could not be sent, or did not reach the recipient.
        Failed = "failed",
        /// Nothing was sent; `reason` says why.
        Skipped = "skipped",
    }
}

text_enum! {
    /// Reason for which a delivery failed or was skipped.
    NotificationDeliveryReason {
        /// The recipient has no address for the channel.
        NoAddress = "no_address",
        /// The recipient has not proved that the address is theirs.
        AddressNotVerified = "address_not_verified",
        /// The recipient has not agreed to messages on the channel.
        NoConsent = "no_consent",
        /// The recipient does not want such messages on the channel.
        TurnedOff = "turned_off",
        /// The account of the recipient is not active.
        RecipientInactive = "recipient_inactive",
        /// The channel is not set up for the clinic.
        ChannelNotConfigured = "channel_not_configured",
        /// The provider of the channel has refused the message or the address.
        Refused = "refused",
        /// All attempts have failed.
        AttemptsExhausted = "attempts_exhausted",
        /// The provider did not answer, so the message may have been sent; it is not sent again.
        OutcomeUnknown = "outcome_unknown",
    }
}

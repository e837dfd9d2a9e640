//! Settings of integrations that send messages.

use super::{json_enum, settings};
use crate::{
    integration::SecretName,
    kernel::{
        error::Problems,
        text::{PhoneNumber, Url},
        write::{Int, Text},
    },
};

json_enum! {
    /// Service that sends text messages.
    SmsProvider {
        /// Text messages are sent by Telnyx.
        Telnyx = "telnyx",
        /// Text messages are sent by Twilio.
        Twilio = "twilio",
    }
}

settings! {
    /// Settings of an integration that sends and receives text messages.
    SmsSettings of Sms in sms;
    new
    /// Settings of a new integration that sends and receives text messages.
    SmsSettingsInput;
    patch
    /// Changes to the settings for text messages; fields that are left out keep their values.
    SmsSettingsPatch;
    required {
        /// Service that sends the text messages.
        provider: SmsProvider as SmsProvider,
    }
    optional {
        /// Phone number from which text messages are sent. Null if the service chooses one of its pool.
        sender_number: PhoneNumber as PhoneNumber,
        /// Identifier of the messaging profile at Telnyx, which chooses the sender. Null if it is not used.
        messaging_profile_id: String as Text<100>,
        /// Identifier of the messaging service at Twilio, which chooses the sender. Null if it is not used.
        messaging_service_sid: String as Text<100>,
        /// Identifier of the account at Twilio, which begins with AC. Null for Telnyx.
        account_sid: String as Text<100>,
        /// Public key in Base64 with which Telnyx signs what it sends. Null for Twilio.
        webhook_public_key: String as Text<100>,
        /// Difference in seconds between the time of a webhook and the server's clock that is accepted. Null for 300 seconds.
        tolerance_seconds: i32 as Int<30, 86_400>,
        /// Address of the service's API; only administrators may set it. Null for the usual one.
        base_url: Url as Url,
    }
    secrets {
        /// Key for the API of Telnyx. Null for none.
        api_key: ApiKey,
        /// Authentication token of the account at Twilio. Null for none.
        auth_token: AuthToken,
    }
    address base_url;
    rules {
        fn required(&self) -> &'static [SecretName] {
            match self.provider {
                SmsProvider::Telnyx => &[SecretName::ApiKey],
                SmsProvider::Twilio => &[SecretName::AuthToken],
            }
        }

        fn channels(&self) -> Vec<String> {
            let number = self.sender_number.iter().map(|number| format!("phone:{}", number.as_str()));
            let profile = self.messaging_profile_id.iter().map(|id| format!("profile:{id}"));
            let service = self.messaging_service_sid.iter().map(|id| format!("service:{id}"));
            number.chain(profile).chain(service).collect()
        }

        fn check(&self, path: &str, problems: &mut Problems) {
            match self.provider {
                SmsProvider::Telnyx => {
                    let has_sender = self.sender_number.is_some() || self.messaging_profile_id.is_some();
                    problems.check(
                        has_sender,
                        &format!("{path}.senderNumber"),
                        "is needed for Telnyx unless a messagingProfileId is given",
                    );
                    let is_key = self.webhook_public_key.as_deref().is_none_or(crate::integration::is_ed25519_key);
                    problems.check(
                        is_key,
                        &format!("{path}.webhookPublicKey"),
                        "must be the public key that Telnyx shows: 32 bytes in Base64",
                    );
                }
                SmsProvider::Twilio => {
                    let is_account = self.account_sid.as_deref().is_some_and(is_sid);
                    problems.check(
                        is_account,
                        &format!("{path}.accountSid"),
                        "is needed for Twilio: letters and digits that begin with AC",
                    );
                    let has_sender = self.sender_number.is_some() || self.messaging_service_sid.is_some();
                    problems.check(
                        has_sender,
                        &format!("{path}.senderNumber"),
                        "is needed for Twilio unless a messagingServiceSid is given",
                    );
                }
            }
        }
    }
}

/// Whether a text can be the identifier of an account: it becomes part of an address.
fn is_sid(text: &str) -> bool {
    text.starts_with("AC") && text.bytes().all(|letter| letter.is_ascii_alphanumeric())
}

settings! {
    /// Settings of an integration that sends and receives messages on WhatsApp.
    WhatsAppSettings of WhatsApp in whats_app;
    new
    /// Settings of a new integration that sends and receives messages on WhatsApp.
    WhatsAppSettingsInput;
    patch
    /// Changes to the settings for WhatsApp; fields that are left out keep their values.
    WhatsAppSettingsPatch;
    required {
        /// Identifier of the phone number at Meta, in digits; it is not the number itself.
        phone_number_id: String as Text<50>,
    }
    optional {
        /// Identifier of the WhatsApp business account at Meta, in digits. Null if it is not known.
        business_account_id: String as Text<50>,
        /// Version of Meta's API, such as v25.0. Null for the one that the server was written for.
        api_version: String as Text<10>,
        /// Name of the approved template with which the clinic begins a conversation; its body has one parameter, the text. Null
        /// if there is none.
        template_name: String as Text<512>,
        /// Language of that template as Meta spells it, such as en_US. Null for en_US.
        template_language: String as Text<20>,
        /// Address of Meta's API; only administrators may set it. Null for the usual one.
        base_url: Url as Url,
    }
    secrets {
        /// Access token of a system user for Meta's API. Null for none.
        access_token: AccessToken,
        /// Secret of the app at Meta, with which it signs what it sends. Null for none.
        app_secret: AppSecret,
        /// Text of your own that Meta sends back when you save the webhook address there. Null for none.
        verify_token: VerifyToken,
    }
    address base_url;
    rules {
        fn required(&self) -> &'static [SecretName] {
            &[SecretName::AccessToken, SecretName::AppSecret]
        }

        fn channels(&self) -> Vec<String> {
            vec![format!("phone_number_id:{}", self.phone_number_id)]
        }

        fn check(&self, path: &str, problems: &mut Problems) {
            let is_number = |id: &str| id.bytes().all(|digit| digit.is_ascii_digit());
            problems.check(is_number(&self.phone_number_id), &format!("{path}.phoneNumberId"), "must be in digits");
            let is_account = self.business_account_id.as_deref().is_none_or(is_number);
            problems.check(is_account, &format!("{path}.businessAccountId"), "must be in digits");
            let is_version = |version: &str| {
                version.strip_prefix('v').is_some_and(|rest| rest.bytes().all(|one| one.is_ascii_digit() || one == b'.'))
            };
            let has_version = self.api_version.as_deref().is_none_or(is_version);
            problems.check(has_version, &format!("{path}.apiVersion"), "must be a version such as v25.0");
        }
    }
}

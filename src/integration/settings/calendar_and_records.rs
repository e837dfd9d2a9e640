//! Settings of integrations with calendars and with electronic medical records.

use super::{json_enum, settings};
use crate::{
    integration::SecretName,
    kernel::{
        error::Problems,
        text::Url,
        write::{Int, Text},
    },
};

settings! {
    /// Settings of an integration with Cal.com, which takes bookings.
    CalComSettings of CalCom in cal_com;
    new
    /// Settings of a new integration with Cal.com.
    CalComSettingsInput;
    patch
    /// Changes to the settings for Cal.com; fields that are left out keep their values.
    CalComSettingsPatch;
    required {}
    optional {
        /// Name of the user at Cal.com whose event types are booked. Null for the user of the API key.
        username: String as Text<100>,
        /// Number of the event type that is booked unless another is chosen. Null if there is none.
        default_event_type_id: i32 as Int<1, 2_147_483_647>,
        /// Address of the API, of Cal.com in another region for example; only administrators may set it. Null for the usual one.
        base_url: Url as Url,
    }
    secrets {
        /// Key for the API of Cal.com, which begins with cal_. Null for none.
        api_key: ApiKey,
        /// Secret of the webhook at Cal.com, with which it signs what it sends. Null for none.
        webhook_secret: WebhookSecret,
    }
    address base_url;
    rules {
        fn required(&self) -> &'static [SecretName] {
            &[SecretName::ApiKey]
        }
    }
}

json_enum! {
    /// Interface by which the server speaks to OSCAR.
    OscarProtocol {
        /// The SOAP services of OSCAR are used, with a user name and a password.
        Soap = "soap",
        /// The REST services of OSCAR are used, with OAuth 1.0a.
        Rest = "rest",
    }
}

settings! {
    /// Settings of an integration with OSCAR, an electronic medical record.
    OscarEmrSettings of OscarEmr in oscar_emr;
    new
    /// Settings of a new integration with OSCAR.
    OscarEmrSettingsInput;
    patch
    /// Changes to the settings for OSCAR; fields that are left out keep their values.
    OscarEmrSettingsPatch;
    required {
        /// Interface by which the server speaks to OSCAR.
        protocol: OscarProtocol as OscarProtocol,
        /// Address of OSCAR with its context, such as https://emr.clinic.example/oscar.
        base_url: Url as Url,
    }
    optional {
        /// User name of a provider account made for this integration. Null for REST.
        username: String as Text<100>,
        /// Key of the REST client that was registered in OSCAR. Null for SOAP.
        consumer_key: String as Text<200>,
        /// Address that signatures of REST calls name if OSCAR is behind a proxy. Null if it is the base address.
        signing_base_url: Url as Url,
    }
    secrets {
        /// Password of that account. Null for none.
        password: Password,
        /// Secret of the REST client that was registered in OSCAR. Null for none.
        consumer_secret: ConsumerSecret,
        /// Access token that OSCAR gave to the REST client. Null for none.
        access_token: AccessToken,
        /// Secret of that access token. Null for none.
        access_token_secret: AccessTokenSecret,
    }
    address ;
    rules {
        fn required(&self) -> &'static [SecretName] {
            match self.protocol {
                OscarProtocol::Soap => &[SecretName::Password],
                OscarProtocol::Rest => {
                    &[SecretName::ConsumerSecret, SecretName::AccessToken, SecretName::AccessTokenSecret]
                }
            }
        }

        fn check(&self, path: &str, problems: &mut Problems) {
            let is_secure = self.base_url.as_str().starts_with("https://");
            problems.check(is_secure, &format!("{path}.baseUrl"), "must begin with https://");
            match self.protocol {
                OscarProtocol::Soap => {
                    problems.check(self.username.is_some(), &format!("{path}.username"), "is needed for SOAP");
                }
                OscarProtocol::Rest => {
                    problems.check(self.consumer_key.is_some(), &format!("{path}.consumerKey"), "is needed for REST");
                }
            }
        }
    }
}

//! Settings of integrations with voice agents, which answer the phone.

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
    /// Proof that comes along with what Vapi sends.
    VapiAuthentication {
        /// The secret comes in the header X-Vapi-Secret.
        Secret = "secret",
        /// The secret comes as a bearer token in the header Authorization.
        Bearer = "bearer",
        /// The body is signed with HMAC-SHA256.
        Hmac = "hmac",
    }
}

settings! {
    /// Settings of an integration with Vapi, a voice agent.
    VapiSettings of Vapi in vapi;
    new
    /// Settings of a new integration with Vapi.
    VapiSettingsInput;
    patch
    /// Changes to the settings for Vapi; fields that are left out keep their values.
    VapiSettingsPatch;
    required {
        /// Proof that comes along with what Vapi sends, as in the credential that you made there.
        authentication: VapiAuthentication as VapiAuthentication,
    }
    optional {
        /// Phone number that patients call. Null if none is assigned.
        phone_number: PhoneNumber as PhoneNumber,
        /// Identifier of the phone number at Vapi. Null if none is assigned.
        phone_number_id: String as Text<100>,
        /// Identifier of the assistant at Vapi that answers. Null if none or a squad does.
        assistant_id: String as Text<100>,
        /// Identifier of the squad of assistants at Vapi that answers. Null if none or a single assistant does.
        squad_id: String as Text<100>,
        /// Name of the header with the signature. Null for x-signature.
        signature_header: String as Text<100>,
        /// Name of the header with the time of the signature. Null for x-timestamp.
        timestamp_header: String as Text<100>,
        /// Difference in seconds between the time of a webhook and the server's clock that is accepted. Null for 300 seconds.
        tolerance_seconds: i32 as Int<30, 86_400>,
        /// Address of the API of Vapi; only administrators may set it. Null for the usual one.
        base_url: Url as Url,
    }
    secrets {
        /// Private key for the API of Vapi. Null for none.
        api_key: ApiKey,
        /// Secret of the credential with which Vapi authenticates what it sends. Null for none.
        webhook_secret: WebhookSecret,
    }
    address base_url;
    rules {
        fn required(&self) -> &'static [SecretName] {
            &[SecretName::ApiKey, SecretName::WebhookSecret]
        }

        fn channels(&self) -> Vec<String> {
            let number = self.phone_number.iter().map(|number| format!("phone:{}", number.as_str()));
            let id = self.phone_number_id.iter().map(|id| format!("phone_number_id:{id}"));
            let assistant = self.assistant_id.iter().map(|id| format!("assistant:{id}"));
            let squad = self.squad_id.iter().map(|id| format!("squad:{id}"));
            number.chain(id).chain(assistant).chain(squad).collect()
        }

        fn check(&self, path: &str, problems: &mut Problems) {
            let one = self.assistant_id.is_none() || self.squad_id.is_none();
            problems.check(one, &format!("{path}.squadId"), "cannot be given together with an assistantId");
            let headers = [("signatureHeader", &self.signature_header), ("timestampHeader", &self.timestamp_header)];
            for (field, header) in headers {
                let is_name = header.as_deref().is_none_or(|name| http::HeaderName::try_from(name).is_ok());
                problems.check(is_name, &format!("{path}.{field}"), "must be the name of an HTTP header");
            }
        }
    }
}

settings! {
    /// Settings of an integration with Retell, a voice agent.
    RetellSettings of Retell in retell;
    new
    /// Settings of a new integration with Retell.
    RetellSettingsInput;
    patch
    /// Changes to the settings for Retell; fields that are left out keep their values.
    RetellSettingsPatch;
    required {}
    optional {
        /// Phone number that patients call. Null if none is assigned.
        phone_number: PhoneNumber as PhoneNumber,
        /// Identifier of the agent at Retell that answers. Null if none is assigned.
        agent_id: String as Text<100>,
        /// Address of the API of Retell; only administrators may set it. Null for the usual one.
        base_url: Url as Url,
    }
    secrets {
        /// Key for the API of Retell that has the webhook badge: Retell also signs what it sends with it. Null for none.
        api_key: ApiKey,
    }
    address base_url;
    rules {
        fn required(&self) -> &'static [SecretName] {
            &[SecretName::ApiKey]
        }

        fn channels(&self) -> Vec<String> {
            let number = self.phone_number.iter().map(|number| format!("phone:{}", number.as_str()));
            number.chain(self.agent_id.iter().map(|id| format!("agent:{id}"))).collect()
        }
    }
}

//! Settings of integrations for video calls and with language models.

use super::{json_enum, settings};
use crate::{
    integration::SecretName,
    kernel::{error::Problems, text::Url, write::Text},
};

json_enum! {
    /// Service that carries video calls.
    VideoProvider {
        /// Video calls are carried by 100ms.
        HundredMs = "hundred_ms",
        /// Video calls are carried by a LiveKit server.
        Livekit = "livekit",
    }
}

settings! {
    /// Settings of an integration for video calls.
    VideoSettings of Video in video;
    new
    /// Settings of a new integration for video calls.
    VideoSettingsInput;
    patch
    /// Changes to the settings for video calls; fields that are left out keep their values.
    VideoSettingsPatch;
    required {
        /// Service that carries the video calls.
        provider: VideoProvider as VideoProvider,
        /// Access key at 100ms, or API key of LiveKit; it is not secret.
        access_key: String as Text<200>,
    }
    optional {
        /// Identifier of the template of rooms at 100ms. Null for LiveKit, and for the default template.
        template_id: String as Text<100>,
        /// Address of the service; only administrators may set it, and LiveKit needs it. Null for that of 100ms.
        base_url: Url as Url,
    }
    secrets {
        /// App secret at 100ms, or API secret of LiveKit. Null for none.
        app_secret: AppSecret,
        /// Value that you have 100ms send in the header X-Webhook-Secret. Null for none, and for LiveKit, which signs.
        webhook_secret: WebhookSecret,
    }
    address base_url;
    rules {
        fn required(&self) -> &'static [SecretName] {
            &[SecretName::AppSecret]
        }

        fn check(&self, path: &str, problems: &mut Problems) {
            let has_address = self.provider != VideoProvider::Livekit || self.base_url.is_some();
            problems.check(has_address, &format!("{path}.baseUrl"), "is needed for LiveKit");
        }
    }
}

settings! {
    /// Settings of an integration with a language model, of any service with the interface of OpenAI.
    LanguageModelSettings of LanguageModel in language_model;
    new
    /// Settings of a new integration with a language model.
    LanguageModelSettingsInput;
    patch
    /// Changes to the settings for a language model; fields that are left out keep their values.
    LanguageModelSettingsPatch;
    required {
        /// Name of the model at the service.
        model: String as Text<200>,
    }
    optional {
        /// Address of the service's API with its version, such as https://api.openai.com/v1; only administrators may set it. Null
        /// for that of OpenAI.
        base_url: Url as Url,
    }
    secrets {
        /// Key for the API of the service. Null for none, as for a model of your own network.
        api_key: ApiKey,
    }
    address base_url;
    rules {
        fn required(&self) -> &'static [SecretName] {
            if self.base_url.is_some() { &[] } else { &[SecretName::ApiKey] }
        }
    }
}

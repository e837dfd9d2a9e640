//! The settings of an integration, which differ by its kind: what is stored, what the API shows, and the inputs that make and
//! change them come from one declaration for each kind.

mod calendar_and_records;
mod messaging;
mod money;
mod video_and_language;
mod voice;

pub use self::{
    calendar_and_records::{
        CalComSettings, CalComSettingsInput, CalComSettingsPatch, OscarEmrSettings, OscarEmrSettingsInput,
        OscarEmrSettingsPatch, OscarProtocol,
    },
    messaging::{
        SmsProvider, SmsSettings, SmsSettingsInput, SmsSettingsPatch, WhatsAppSettings, WhatsAppSettingsInput,
        WhatsAppSettingsPatch,
    },
    money::{
        PaystackSettings, PaystackSettingsInput, PaystackSettingsPatch, StripeSettings, StripeSettingsInput,
        StripeSettingsPatch,
    },
    video_and_language::{
        LanguageModelSettings, LanguageModelSettingsInput, LanguageModelSettingsPatch, VideoProvider, VideoSettings,
        VideoSettingsInput, VideoSettingsPatch,
    },
    voice::{
        RetellSettings, RetellSettingsInput, RetellSettingsPatch, VapiAuthentication, VapiSettings, VapiSettingsInput,
        VapiSettingsPatch,
    },
};

use super::{Integration, IntegrationKind, Secrets, secrets::SecretName};
use crate::kernel::{Result, error::Problems, write::Draft};

/// Settings of one kind of integration.
pub trait Settings: Clone + PartialEq + Send + Sync + 'static {
    const KIND: IntegrationKind;
    /// The secrets that an integration of this kind can have.
    const SECRETS: &'static [SecretName];

    /// The settings of an integration; none of one that is of another kind.
    fn of(integration: &Integration) -> Option<&Self>;

    /// Drafts them.
    fn draft<'a>(self, draft: Draft<'a, Integration>) -> Draft<'a, Integration>;

    /// The secrets without which these settings cannot work.
    fn required(&self) -> &'static [SecretName];

    /// What identifies receivers at the service, which no other integration can have.
    fn channels(&self) -> Vec<String> {
        Vec::new()
    }

    /// Address of the service, if it is not the provider's usual one; only administrators choose it.
    fn custom_address(&self) -> Option<&str> {
        None
    }

    /// Notes what is wrong with the settings as a whole.
    fn check(&self, _path: &str, _problems: &mut Problems) {}
}

/// What the input of new settings becomes.
pub trait NewSettings {
    type Of: Settings;

    fn split(self) -> (Self::Of, Secrets);
}

/// What the input of changes does.
pub trait PatchSettings {
    type Of: Settings;

    /// Whether an address for administrators alone is among the changes.
    fn sets_address(&self) -> bool;

    fn apply(self, settings: &mut Self::Of, secrets: &mut Secrets);
}

/// An enum in settings: its values are stored as the API spells them.
macro_rules! json_enum {
    ($(#[doc = $doc:literal])+ $name:ident { $($(#[doc = $variant_doc:literal])+ $variant:ident = $text:literal),+ $(,)? }) => {
        $crate::text_enum! { $(#[doc = $doc])+ $name { $($(#[doc = $variant_doc])+ $variant = $text),+ } }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.serialize_str(&self.text().to_uppercase())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str> as serde::Deserialize>::deserialize(from)?;
                let found = [$(Self::$variant),+].into_iter().find(|value| value.text().eq_ignore_ascii_case(&text));
                found.ok_or_else(|| serde::de::Error::custom(format!("{text:?} is no {}", stringify!($name))))
            }
        }
    };
}
pub(super) use json_enum;

/// Declares the settings of a kind: the stored object, and the inputs that make and change it.
macro_rules! settings {
    (
        $(#[doc = $doc:literal])+
        $name:ident of $kind:ident in $column:ident;
        new $(#[doc = $new_doc:literal])+ $new:ident;
        patch $(#[doc = $patch_doc:literal])+ $patch:ident;
        required { $($(#[doc = $must_doc:literal])+ $must:ident : $must_type:ty as $must_input:ty),* $(,)? }
        optional { $($(#[doc = $may_doc:literal])+ $may:ident : $may_type:ty as $may_input:ty),* $(,)? }
        secrets { $($(#[doc = $secret_doc:literal])+ $secret:ident : $secret_name:ident),* $(,)? }
        address $($address:ident)?;
        rules { $($rules:tt)* }
    ) => {
        $crate::json_object! {
            $(#[doc = $doc])+
            $name {
                $($(#[doc = $must_doc])+ $must: $must_type,)*
                $($(#[doc = $may_doc])+ $may: Option<$may_type>,)*
            }
        }

        $crate::input! {
            $(#[doc = $new_doc])+
            $new {
                $($(#[doc = $must_doc])+ $must: $must_input,)*
                $($(#[doc = $may_doc])+ $may: Option<$may_input>,)*
                $($(#[doc = $secret_doc])+ $secret: Option<$crate::kernel::write::Text<4000>>,)*
            }
        }

        $crate::input! {
            $(#[doc = $patch_doc])+
            $patch {
                $($(#[doc = $must_doc])+ $must: $crate::kernel::write::Patch<$must_input>,)*
                $($(#[doc = $may_doc])+ $may: $crate::kernel::write::Clearable<$may_input>,)*
                $($(#[doc = $secret_doc])+ $secret: $crate::kernel::write::Clearable<$crate::kernel::write::Text<4000>>,)*
            }
        }

        impl $crate::integration::settings::Settings for $name {
            const KIND: $crate::integration::IntegrationKind = $crate::integration::IntegrationKind::$kind;
            const SECRETS: &'static [$crate::integration::SecretName] =
                &[$($crate::integration::SecretName::$secret_name),*];

            fn of(integration: &$crate::integration::Integration) -> Option<&Self> {
                integration.$column.as_ref().map(|settings| &settings.0)
            }

            fn draft<'a>(
                self,
                draft: $crate::kernel::write::Draft<'a, $crate::integration::Integration>,
            ) -> $crate::kernel::write::Draft<'a, $crate::integration::Integration> {
                draft.$column(Some($crate::kernel::entity::JsonOne(self)))
            }

            $(fn custom_address(&self) -> Option<&str> {
                self.$address.as_ref().map(|address| address.as_str())
            })?

            $($rules)*
        }

        impl $crate::integration::settings::NewSettings for $new {
            type Of = $name;

            fn split(self) -> ($name, $crate::integration::Secrets) {
                let mut secrets = $crate::integration::Secrets::default();
                $(if let Some(secret) = self.$secret {
                    secrets.set($crate::integration::SecretName::$secret_name, Some(secret.into_string()));
                })*
                let settings = $name {
                    $($must: self.$must.into(),)*
                    $($may: self.$may.map(Into::into),)*
                };
                (settings, secrets)
            }
        }

        impl $crate::integration::settings::PatchSettings for $patch {
            type Of = $name;

            fn sets_address(&self) -> bool {
                false $(|| self.$address != $crate::kernel::write::Clearable::Absent)?
            }

            fn apply(self, settings: &mut $name, secrets: &mut $crate::integration::Secrets) {
                $(if let $crate::kernel::write::Patch::Value(value) = self.$must {
                    settings.$must = value.into();
                })*
                $(match self.$may {
                    $crate::kernel::write::Clearable::Absent => {}
                    $crate::kernel::write::Clearable::Null => settings.$may = None,
                    $crate::kernel::write::Clearable::Value(value) => settings.$may = Some(value.into()),
                })*
                $(match self.$secret {
                    $crate::kernel::write::Clearable::Absent => {}
                    $crate::kernel::write::Clearable::Null => secrets.set($crate::integration::SecretName::$secret_name, None),
                    $crate::kernel::write::Clearable::Value(value) => {
                        secrets.set($crate::integration::SecretName::$secret_name, Some(value.into_string()));
                    }
                })*
            }
        }
    };
}
pub(super) use settings;

/// Runs something with the settings of an integration, whatever its kind.
macro_rules! with_settings {
    ($integration:expr, |$settings:ident| $work:expr) => {{
        use $crate::integration::{IntegrationKind as Kind, settings as s};
        let integration: &$crate::integration::Integration = $integration;
        macro_rules! of {
            ($type:ty) => {{
                let $settings = <$type as s::Settings>::of(integration).ok_or_else(|| s::missing(integration))?;
                $work
            }};
        }
        match integration.kind {
            Kind::OscarEmr => of!(s::OscarEmrSettings),
            Kind::CalCom => of!(s::CalComSettings),
            Kind::Vapi => of!(s::VapiSettings),
            Kind::Retell => of!(s::RetellSettings),
            Kind::WhatsApp => of!(s::WhatsAppSettings),
            Kind::Paystack => of!(s::PaystackSettings),
            Kind::Stripe => of!(s::StripeSettings),
            Kind::Sms => of!(s::SmsSettings),
            Kind::Video => of!(s::VideoSettings),
            Kind::LanguageModel => of!(s::LanguageModelSettings),
        }
    }};
}

/// The error of a row without the settings of its kind, which a constraint prevents.
pub fn missing(integration: &Integration) -> crate::kernel::Error {
    crate::kernel::Error::internal(format!("the integration {} has no settings of its kind", integration.id))
}

/// The secrets without which an integration cannot work.
pub fn required_secrets(integration: &Integration) -> Result<&'static [SecretName]> {
    Ok(with_settings!(integration, |settings| s::Settings::required(settings)))
}

/// What identifies receivers at the service of an integration.
pub fn channels(integration: &Integration) -> Result<Vec<String>> {
    Ok(with_settings!(integration, |settings| s::Settings::channels(settings)))
}

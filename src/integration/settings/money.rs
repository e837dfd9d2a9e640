//! Settings of integrations that take payments.

use super::settings;
use crate::{
    integration::SecretName,
    kernel::{
        text::{CurrencyCode, Url},
        write::Text,
    },
};

settings! {
    /// Settings of an integration with Paystack, which takes payments.
    PaystackSettings of Paystack in paystack;
    new
    /// Settings of a new integration with Paystack.
    PaystackSettingsInput;
    patch
    /// Changes to the settings for Paystack; fields that are left out keep their values.
    PaystackSettingsPatch;
    required {
        /// Currency in which payments are taken.
        currency: CurrencyCode as CurrencyCode,
    }
    optional {
        /// Public key of the account, which begins with pk_. Null if it is not known.
        public_key: String as Text<200>,
        /// Address of the API of Paystack; only administrators may set it. Null for the usual one.
        base_url: Url as Url,
    }
    secrets {
        /// Secret key of the account, which begins with sk_: Paystack also signs what it sends with it. Null for none.
        secret_key: SecretKey,
    }
    address base_url;
    rules {
        fn required(&self) -> &'static [SecretName] {
            &[SecretName::SecretKey]
        }
    }
}

settings! {
    /// Settings of an integration with Stripe, which takes payments.
    StripeSettings of Stripe in stripe;
    new
    /// Settings of a new integration with Stripe.
    StripeSettingsInput;
    patch
    /// Changes to the settings for Stripe; fields that are left out keep their values.
    StripeSettingsPatch;
    required {
        /// Currency in which payments are taken.
        currency: CurrencyCode as CurrencyCode,
    }
    optional {
        /// Publishable key of the account, which begins with pk_. Null if it is not known.
        publishable_key: String as Text<200>,
        /// Version of Stripe's API, such as 2026-07-29.dahlia. Null for that of the account.
        api_version: String as Text<50>,
        /// Address of the API of Stripe; only administrators may set it. Null for the usual one.
        base_url: Url as Url,
    }
    secrets {
        /// Secret key of the account, which begins with sk_ or rk_. Null for none.
        secret_key: SecretKey,
        /// Signing secret of the webhook at Stripe, which begins with whsec_. Null for none.
        webhook_secret: WebhookSecret,
    }
    address base_url;
    rules {
        fn required(&self) -> &'static [SecretName] {
            &[SecretName::SecretKey]
        }
    }
}

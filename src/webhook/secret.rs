//! Secrets of endpoints, and the signatures that are made with them: the scheme of Standard Webhooks, version 1.

use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::kernel::{Error, Result, secrets::random};

const PREFIX: &str = "whsec_";

/// A new secret, as receivers are given it.
pub fn generate() -> Result<String> {
    Ok(format!("{PREFIX}{}", STANDARD.encode(random::<32>()?)))
}

/// The value of `webhook-signature`: a signature with each of the secrets.
pub fn sign(secrets: &[String], id: &str, seconds: i64, body: &[u8]) -> Result<String> {
    let signatures = secrets.iter().map(|secret| {
        let key = secret.strip_prefix(PREFIX).unwrap_or(secret);
        let key = STANDARD.decode(key).map_err(Error::internal)?;
        let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(&key).map_err(Error::internal)?;
        mac.update(format!("{id}.{seconds}.").as_bytes());
        mac.update(body);
        Ok(format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())))
    });
    Ok(signatures.collect::<Result<Vec<_>>>()?.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
    const SIGNATURE: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

    #[test]
    fn signatures_are_those_of_standard_webhooks() {
        let sign = |body: &[u8]| sign(&[SECRET.to_owned()], ID, 1_614_265_330, body).unwrap();

        assert_eq!(sign(br#"{"test": 2432232314}"#), SIGNATURE);
        assert_ne!(sign(br#"{"test": 2432232315}"#), SIGNATURE);
    }

    #[test]
    fn with_two_secrets_there_are_two_signatures() {
        let new = generate().unwrap();
        let both = sign(&[new.clone(), SECRET.to_owned()], ID, 1_614_265_330, br#"{"test": 2432232314}"#).unwrap();

        let (first, second) = both.split_once(' ').unwrap();
        assert_eq!((first.len(), second), (SIGNATURE.len(), SIGNATURE));
        assert!(new.starts_with(PREFIX) && STANDARD.decode(&new[PREFIX.len()..]).unwrap().len() == 32);
    }
}

//! Twilio: an HMAC-SHA1 over the address and the fields of the form.

use std::collections::BTreeSet;

use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::{DateTime, Utc};
use ring::{
    digest::{SHA256, digest},
    hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
};

use super::{Refused, Scheme, Signed, check, same};
use crate::kernel::hex::hex;

pub struct SignedByTwilio<'a> {
    pub auth_token: &'a str,
    /// The address of the server as Twilio knows it, without a path.
    pub public_url: &'a str,
}

impl SignedByTwilio<'_> {
    /// The address, with and without the port: Twilio writes either.
    fn addresses(&self, path: &str) -> [String; 2] {
        let base = self.public_url.trim_end_matches('/');
        let (scheme, host) = base.split_once("://").unwrap_or(("https", base));
        let usual = if scheme == "http" { ":80" } else { ":443" };
        let plain = host.strip_suffix(usual).unwrap_or(host);
        let ported = if plain.rsplit_once(':').is_some_and(|(_, port)| port.bytes().all(|digit| digit.is_ascii_digit()))
        {
            plain.to_owned()
        } else {
            format!("{plain}{usual}")
        };
        [format!("{scheme}://{plain}{path}"), format!("{scheme}://{ported}{path}")]
    }
}

/// Names and values of a form, in order of the names; each value of a repeated name counts once.
fn fields(body: &[u8]) -> Vec<u8> {
    let fields: BTreeSet<(String, String)> = url::form_urlencoded::parse(body).into_owned().collect();
    fields.into_iter().flat_map(|(name, value)| [name, value]).collect::<String>().into_bytes()
}

impl Scheme for SignedByTwilio<'_> {
    fn verify(&self, request: &Signed<'_>, _: DateTime<Utc>) -> Result<(), Refused> {
        let code = STANDARD.decode(request.header("x-twilio-signature")?).map_err(|_| Refused::Malformed)?;
        let is_form =
            request.header("content-type").is_ok_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
        let content = if is_form { fields(request.body) } else { Vec::new() };
        if !is_form {
            let query = request.path.split_once('?').map_or("", |(_, query)| query);
            let named = url::form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "bodySHA256");
            let body = hex(digest(&SHA256, request.body).as_ref());
            if !named.is_some_and(|(_, named)| same(&named, &body)) {
                return Err(Refused::Wrong);
            }
        }
        let key = self.auth_token.as_bytes();
        let addresses = self.addresses(request.path);
        let matches = |address: &String| {
            check(HMAC_SHA1_FOR_LEGACY_USE_ONLY, key, &[address.as_bytes(), &content], &code).is_ok()
        };
        if addresses.iter().any(matches) { Ok(()) } else { Err(Refused::Wrong) }
    }
}

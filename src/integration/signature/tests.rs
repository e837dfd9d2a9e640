//! Published and computed examples of each scheme, each of which fails when one byte of the body changes.

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use chrono::DateTime;
use ring::signature::{Ed25519KeyPair, KeyPair};

use super::*;

/// A request as it came in.
struct Came {
    headers: HeaderMap,
    body: &'static str,
    path: &'static str,
}

impl Came {
    fn new(body: &'static str, headers: &[(&'static str, &str)]) -> Self {
        let headers = headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
        Self { headers, body, path: "/hooks/twilio" }
    }

    fn at(&self, scheme: &dyn Scheme, seconds: i64) -> Result<(), Refused> {
        let signed = Signed { headers: &self.headers, body: self.body.as_bytes(), path: self.path };
        scheme.verify(&signed, DateTime::from_timestamp(seconds, 0).unwrap())
    }

    /// Accepted, and refused with any one byte of the body changed.
    fn stands(&self, scheme: &dyn Scheme, seconds: i64) {
        assert_eq!(self.at(scheme, seconds), Ok(()));
        for at in 0..self.body.len() {
            let mut body = self.body.as_bytes().to_vec();
            body[at] = if body[at] == b'1' { b'2' } else { b'1' };
            let signed = Signed { headers: &self.headers, body: &body, path: self.path };
            let refused = scheme.verify(&signed, DateTime::from_timestamp(seconds, 0).unwrap());
            assert_eq!(refused, Err(Refused::Wrong), "{at}");
        }
        let bare = Self { headers: HeaderMap::new(), body: self.body, path: self.path };
        assert!(bare.at(scheme, seconds).is_err(), "without its headers");
    }
}

#[test]
fn whatsapp_signs_the_body_with_the_secret_of_the_app() {
    let signature = "sha256=dec6a680679a968e7e0319355b23599cbfc54502c0784668e9618baa0c633756";
    let body = r#"{"object":"whatsapp_business_account","entry":[]}"#;
    let came = Came::new(body, &[("x-hub-signature-256", signature)]);

    came.stands(&SignedBody::by_whatsapp("test_app_secret"), 0);
    assert_eq!(came.at(&SignedBody::by_whatsapp("another"), 0), Err(Refused::Wrong));
    let without_prefix = Came::new(body, &[("x-hub-signature-256", &signature[7..])]);
    assert_eq!(without_prefix.at(&SignedBody::by_whatsapp("test_app_secret"), 0), Err(Refused::Malformed));
}

#[test]
fn paystack_signs_the_body_with_its_secret_key() {
    let signature = "a8e493d73cdc4327b40fd24bd8c31d2c1f7eeecba5ee17e26d51ca87b65acc972c286f27ab3a9e0bd4e8be841ce02733551f257d79ce6e869f52471e1dec1e8f";
    let body = r#"{"event":"charge.success","data":{"id":1,"reference":"r1","amount":10000,"currency":"KES","status":"success"}}"#;

    Came::new(body, &[("x-paystack-signature", signature)]).stands(&SignedBody::by_paystack("sk_test_x"), 0);
}

#[test]
fn cal_com_signs_the_body_with_the_secret_of_the_webhook() {
    let signature = "de071a9e490aad3fcd2b7467efe0774028d12af2d03d54357780e8012b1230ea";
    let body = r#"{"triggerEvent":"BOOKING_CREATED","createdAt":"2026-01-02T03:04:05.000Z","payload":{"uid":"u1"}}"#;

    Came::new(body, &[("x-cal-signature-256", signature)]).stands(&SignedBody::by_cal_com("cal-secret"), 0);
    let unsigned = Came::new(body, &[("x-cal-signature-256", "no-secret-provided")]);
    assert_eq!(unsigned.at(&SignedBody::by_cal_com("cal-secret"), 0), Err(Refused::Malformed));
}

#[test]
fn stripe_signs_the_time_and_the_body_with_the_whole_secret() {
    let scheme = SignedByStripe { secret: "whsec_test", tolerance: 300 };
    let code = "c89214b5b5da833daed6f0b8c5bb6bd58cea9022bd80ccc78230f3942d632925";
    let signature = format!("t=1700000000,v1={code}");
    let came = Came::new(r#"{"id":"evt_1"}"#, &[("stripe-signature", &signature)]);

    came.stands(&scheme, 1_700_000_000);
    for (seconds, expected) in [(300, Ok(())), (301, Err(Refused::Stale)), (-300, Ok(())), (-301, Err(Refused::Stale))]
    {
        assert_eq!(came.at(&scheme, 1_700_000_000 + seconds), expected, "{seconds}");
    }
    let two = format!("t=1700000000,v1={},v0=x,v1={code}", "0".repeat(64));
    Came::new(r#"{"id":"evt_1"}"#, &[("stripe-signature", &two)]).stands(&scheme, 1_700_000_000);
    let moved = format!("t=1700000001,v1={code}");
    let moved = Came::new(r#"{"id":"evt_1"}"#, &[("stripe-signature", &moved)]);
    assert_eq!(moved.at(&scheme, 1_700_000_000), Err(Refused::Wrong));
}

#[test]
fn twilio_signs_its_address_and_the_fields_of_the_form() {
    let scheme = SignedByTwilio { auth_token: "12345", public_url: "https://clinic.example" };
    let form = ("content-type", "application/x-www-form-urlencoded");
    let signature = ("x-twilio-signature", "tM9rBxweq0x9lGf48/7kOmzSfEg=");
    let came = Came::new("MessageStatus=delivered&MessageSid=SM1", &[form, signature]);

    assert_eq!(came.at(&scheme, 0), Ok(()));
    let other = SignedByTwilio { auth_token: "12345", public_url: "https://elsewhere.example" };
    assert_eq!(came.at(&other, 0), Err(Refused::Wrong));
    for body in ["MessageStatus=delivered&MessageSid=SM2", "MessageStatus=failed&MessageSid=SM1", "MessageSid=SM1"] {
        assert_eq!(Came::new(body, &[form, signature]).at(&scheme, 0), Err(Refused::Wrong), "{body}");
    }
    // The same, signed with the port in the address.
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, b"12345");
    let text = "https://clinic.example:443/hooks/twilioMessageSidSM1MessageStatusdelivered";
    let ported = STANDARD.encode(hmac::sign(&key, text.as_bytes()));
    let came = Came::new("MessageStatus=delivered&MessageSid=SM1", &[form, ("x-twilio-signature", &ported)]);
    assert_eq!(came.at(&scheme, 0), Ok(()));
}

#[test]
fn retell_signs_the_body_and_the_time_behind_it() {
    let scheme = SignedByRetell { api_key: "key_test_0123456789", tolerance: 300 };
    let signature = "v=1760000000000,d=997ebaed61fe2edeac35574cef19797048ab516e7664231262985b138bf4154a";
    let came = Came::new(r#"{"event":"call_started","call":{"call_id":"c1"}}"#, &[("x-retell-signature", signature)]);

    came.stands(&scheme, 1_760_000_000);
    assert_eq!(came.at(&scheme, 1_760_000_301), Err(Refused::Stale));
}

#[test]
fn vapi_signs_the_time_and_the_body() {
    let scheme = SignedByVapi {
        secret: "vapi-secret",
        signature_header: "x-signature",
        timestamp_header: "x-timestamp",
        tolerance: 300,
    };
    let signature = ("x-signature", "e8e1c10f9168a5d9816e7d0160aeb8c382418be855f468748c6ead2937b151cd");
    let came = Came::new(r#"{"message":{"type":"hang"}}"#, &[signature, ("x-timestamp", "1760000000")]);

    came.stands(&scheme, 1_760_000_000);
    assert_eq!(came.at(&scheme, 1_759_999_699), Err(Refused::Stale));
}

#[test]
fn standard_webhooks_sign_id_time_and_body() {
    let scheme = SignedByStandard { secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", tolerance: 300 };
    let headers = [
        ("webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek"),
        ("webhook-timestamp", "1614265330"),
        ("webhook-signature", "v1a,x v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="),
    ];
    let came = Came::new(r#"{"test": 2432232314}"#, &headers);

    came.stands(&scheme, 1_614_265_330);
    assert_eq!(came.at(&scheme, 1_614_266_000), Err(Refused::Stale));
}

#[test]
fn telnyx_signs_the_time_and_the_body_with_a_key_pair() {
    let pair = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap();
    let public_key = STANDARD.encode(pair.public_key());
    let scheme = SignedByTelnyx { public_key: &public_key, tolerance: 300 };
    let body = "{\n  \"data\": {\"id\": \"1\"}\n}";
    let signature = STANDARD.encode(pair.sign(format!("1760000000|{body}").as_bytes()));
    let came = Came::new(body, &[("telnyx-signature-ed25519", &signature), ("telnyx-timestamp", "1760000000")]);

    came.stands(&scheme, 1_760_000_000);
    assert_eq!(came.at(&scheme, 1_760_000_301), Err(Refused::Stale));
    let moved = Came::new(body, &[("telnyx-signature-ed25519", &signature), ("telnyx-timestamp", "1760000001")]);
    assert_eq!(moved.at(&scheme, 1_760_000_000), Err(Refused::Wrong));
    assert!(is_ed25519_key(&public_key) && !is_ed25519_key("AAAA") && !is_ed25519_key("?"));
}

#[test]
fn livekit_names_the_digest_of_the_body_in_a_token() {
    let body = r#"{"event":"room_started","id":"EV_1"}"#;
    let token = |algorithm: &str, issuer: &str, secret: &str| {
        let digest = STANDARD.encode(ring::digest::digest(&ring::digest::SHA256, body.as_bytes()));
        let head = URL_SAFE_NO_PAD.encode(format!(r#"{{"alg":"{algorithm}","typ":"JWT"}}"#));
        let claims = format!(r#"{{"iss":"{issuer}","exp":1760000300,"nbf":1760000000,"sha256":"{digest}"}}"#);
        let content = format!("{head}.{}", URL_SAFE_NO_PAD.encode(claims));
        let code = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()), content.as_bytes());
        format!("{content}.{}", URL_SAFE_NO_PAD.encode(code))
    };
    let scheme = SignedByLivekit { api_key: "APIkey", api_secret: "secret" };
    let came = |token: &str| Came::new(body, &[("authorization", token)]);
    let right = token("HS256", "APIkey", "secret");

    came(&right).stands(&scheme, 1_760_000_100);
    assert_eq!(came(&right).at(&scheme, 1_760_000_361), Err(Refused::Stale));
    for wrong in [token("none", "APIkey", "secret"), token("HS256", "other", "secret"), token("HS256", "APIkey", "x")] {
        assert_eq!(came(&wrong).at(&scheme, 1_760_000_100), Err(Refused::Wrong), "{wrong}");
    }
    assert_eq!(came("x").at(&scheme, 1_760_000_100), Err(Refused::Malformed));
}

#[test]
fn a_secret_in_a_header_is_compared_whole() {
    let scheme = SecretHeader { header: "x-webhook-secret", prefix: "", secret: "correct horse" };

    assert_eq!(Came::new("{}", &[("x-webhook-secret", "correct horse")]).at(&scheme, 0), Ok(()));
    for wrong in ["", "correct", "correct horse battery", "Correct horse"] {
        assert_eq!(Came::new("{}", &[("x-webhook-secret", wrong)]).at(&scheme, 0), Err(Refused::Wrong), "{wrong:?}");
    }
    let bearer = SecretHeader { header: "authorization", prefix: "Bearer ", secret: "abc" };
    assert_eq!(Came::new("{}", &[("authorization", "Bearer abc")]).at(&bearer, 0), Ok(()));
    assert_eq!(Came::new("{}", &[("authorization", "abc")]).at(&bearer, 0), Err(Refused::Malformed));
}

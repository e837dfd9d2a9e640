//! Push messages to browsers, against a push service that checks and decrypts them.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU16, Ordering},
    },
};

use axum::{Router, body::Bytes, extract::State, http::HeaderMap, routing::post};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as B64};
use chrono::TimeDelta;
use ring::{
    aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey},
    agreement::{ECDH_P256, EphemeralPrivateKey, UnparsedPublicKey, agree_ephemeral},
    hkdf::{HKDF_SHA256, KeyType, Salt},
    rand::SystemRandom,
    signature,
};
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinHandle};

use crate::harness::{Person, TestApp};

const SECRET: [u8; 16] = [9; 16];

struct Length(usize);

impl KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

fn derive<const N: usize>(salt: &[u8], secret: &[u8], info: &[&[u8]]) -> [u8; N] {
    let mut key = [0; N];
    Salt::new(HKDF_SHA256, salt).extract(secret).expand(info, Length(N)).unwrap().fill(&mut key).unwrap();
    key
}

/// A browser, which can read one message.
struct Browser {
    private: EphemeralPrivateKey,
    public: Vec<u8>,
}

impl Browser {
    fn new() -> Self {
        let private = EphemeralPrivateKey::generate(&ECDH_P256, &SystemRandom::new()).unwrap();
        let public = private.compute_public_key().unwrap().as_ref().to_vec();
        Self { private, public }
    }

    fn read(self, body: &[u8]) -> Value {
        let (salt, server, sealed) = (&body[..16], &body[21..86], &body[86..]);
        let key = agree_ephemeral(self.private, &UnparsedPublicKey::new(&ECDH_P256, server), |shared| {
            let common: [u8; 32] = derive(&SECRET, shared, &[b"WebPush: info\0", &self.public, server]);
            let key: [u8; 16] = derive(salt, &common, &[b"Content-Encoding: aes128gcm\0"]);
            let nonce: [u8; 12] = derive(salt, &common, &[b"Content-Encoding: nonce\0"]);
            (key, nonce)
        });
        let (key, nonce) = key.unwrap();
        let key = LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &key).unwrap());
        let mut text = sealed.to_vec();
        let text = key.open_in_place(Nonce::assume_unique_for_key(nonce), Aad::empty(), &mut text).unwrap();
        serde_json::from_slice(text.strip_suffix(&[2]).unwrap()).unwrap()
    }
}

type Messages = Arc<Mutex<Vec<(HeaderMap, Bytes)>>>;

/// The push service of a browser.
struct PushService {
    address: SocketAddr,
    messages: Messages,
    status: Arc<AtomicU16>,
    serving: JoinHandle<()>,
}

impl Drop for PushService {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl PushService {
    async fn new() -> Self {
        async fn take(
            State((messages, status)): State<(Messages, Arc<AtomicU16>)>,
            headers: HeaderMap,
            body: Bytes,
        ) -> http::StatusCode {
            messages.lock().unwrap().push((headers, body));
            http::StatusCode::from_u16(status.load(Ordering::Relaxed)).unwrap()
        }
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (messages, status): (Messages, _) = (Arc::default(), Arc::new(AtomicU16::new(201)));
        let router =
            Router::new().route("/browser", post(take)).with_state((Arc::clone(&messages), Arc::clone(&status)));
        let serving = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { address, messages, status, serving }
    }

    fn answer(&self, status: u16) {
        self.status.store(status, Ordering::Relaxed);
    }

    fn messages(&self) -> Vec<(HeaderMap, Bytes)> {
        self.messages.lock().unwrap().clone()
    }

    /// What a person subscribes a browser with.
    fn subscription(&self, browser: &Browser) -> Value {
        json!({
            "endpoint": format!("http://{}/browser", self.address),
            "publicKey": B64.encode(&browser.public),
            "secret": B64.encode(SECRET),
        })
    }
}

async fn subscribe(person: &Person, subscription: Value) -> String {
    let payload = person.change("subscribeToPush", subscription, "{ pushSubscription { id endpoint } }").await;
    payload["pushSubscription"]["id"].as_str().unwrap().to_owned()
}

/// An app with somebody who wants push messages of new tickets.
async fn listening(service: &PushService, browser: &Browser) -> (TestApp, Person) {
    let app = TestApp::sending().await;
    let ada = app.administrator().await;
    subscribe(&ada, service.subscription(browser)).await;
    ada.choose("TICKET_CREATED", "PUSH", true).await;
    (app, ada)
}

async fn open_ticket(app: &TestApp, clinic: &str) {
    app.clinic(clinic).await.manager().await.open_ticket("Mrs Miller").await;
    app.work().await;
}

#[tokio::test]
async fn the_browser_reads_a_message_that_is_signed_by_the_server() {
    let (service, browser) = (PushService::new().await, Browser::new());
    let (app, ada) = listening(&service, &browser).await;
    let public = ada.ask("{ pushPublicKey }", json!({})).await["pushPublicKey"].as_str().unwrap().to_owned();

    open_ticket(&app, "Oak").await;

    let [(headers, body)] = service.messages().try_into().unwrap();
    assert_eq!(
        (&headers["ttl"], &headers["content-encoding"], &headers["urgency"]),
        (&"86400".parse().unwrap(), &"aes128gcm".parse().unwrap(), &"normal".parse().unwrap())
    );
    let authorization = headers["authorization"].to_str().unwrap();
    let (token, key) = authorization.strip_prefix("vapid t=").unwrap().split_once(", k=").unwrap();
    assert_eq!(key, public);
    let (signed, signed_by) = token.rsplit_once('.').unwrap();
    let key = signature::UnparsedPublicKey::new(&signature::ECDSA_P256_SHA256_FIXED, B64.decode(key).unwrap());
    key.verify(signed.as_bytes(), &B64.decode(signed_by).unwrap()).unwrap();
    let claims: Value = serde_json::from_slice(&B64.decode(signed.split_once('.').unwrap().1).unwrap()).unwrap();
    assert_eq!(claims["aud"], format!("http://{}", service.address));
    assert_eq!(claims["sub"], "https://clinics.example");
    let message = browser.read(&body);
    assert_eq!((&message["title"], &message["body"]), (&json!("Oak"), &json!("Oak has opened a support ticket.")));
    assert!(message["url"].as_str().unwrap().starts_with("https://clinics.example/tickets/ticket_"), "{message}");
    assert_eq!(app.outcomes().await, ["email skipped address_not_verified", "push sent"]);
    let again = app.another().await;
    let same = again.person(&ada).ask("{ pushPublicKey }", json!({})).await;
    assert_eq!(same["pushPublicKey"], json!(null), "a server that does not know its address sends no push messages");
    again.stop();
}

#[tokio::test]
async fn a_browser_that_is_gone_is_forgotten() {
    let (service, browser) = (PushService::new().await, Browser::new());
    let (app, _) = listening(&service, &browser).await;
    for (status, left) in [(503, 1), (410, 0)] {
        service.answer(status);
        open_ticket(&app, if status == 503 { "Oak" } else { "Elm" }).await;
        let browsers = app.value("select count(*) from push_subscriptions").await;
        assert_eq!(browsers, left, "{status}");
    }
    let failed = app.outcomes().await.into_iter().filter(|outcome| outcome.starts_with("push")).collect::<Vec<_>>();
    assert_eq!(failed, ["push pending", "push failed refused"]);
}

#[tokio::test]
async fn push_messages_wait_for_the_end_of_quiet_hours() {
    let (service, browser) = (PushService::new().await, Browser::new());
    let (app, ada) = listening(&service, &browser).await;
    app.set_user(ada.user_id, "timezone = 'America/Vancouver'").await;
    let zone = chrono_tz::America::Vancouver;
    let now = app.clock.now().with_timezone(&zone).time();
    let quiet = json!({
        "quietFrom": (now - TimeDelta::hours(1)).format("%H:%M:%S").to_string(),
        "quietUntil": (now + TimeDelta::hours(1)).format("%H:%M:%S").to_string(),
    });
    ada.change("updateNotificationPreferences", quiet, "{ notificationPreferences { quietFrom quietUntil } }").await;

    open_ticket(&app, "Oak").await;
    assert_eq!(service.messages().len(), 0);
    assert_eq!(app.outcomes().await, ["email skipped address_not_verified", "push pending"]);
    app.clock.turn(TimeDelta::minutes(61));
    app.work().await;

    assert_eq!(service.messages().len(), 1);
}

#[tokio::test]
async fn somebody_who_changes_their_mind_in_quiet_hours_gets_nothing() {
    let (service, browser) = (PushService::new().await, Browser::new());
    let (app, ada) = listening(&service, &browser).await;
    let now = app.clock.now().time();
    let quiet = json!({
        "quietFrom": (now - TimeDelta::hours(1)).format("%H:%M:%S").to_string(),
        "quietUntil": (now + TimeDelta::hours(1)).format("%H:%M:%S").to_string(),
    });
    app.set_user(ada.user_id, "timezone = 'UTC'").await;
    ada.change("updateNotificationPreferences", quiet, "{ notificationPreferences { quietFrom } }").await;
    open_ticket(&app, "Oak").await;

    ada.choose("TICKET_CREATED", "PUSH", false).await;
    app.clock.turn(TimeDelta::minutes(61));
    app.work().await;

    assert_eq!(service.messages().len(), 0);
    assert_eq!(app.outcomes().await, ["email skipped address_not_verified", "push skipped turned_off"]);
}

#[tokio::test]
async fn a_browser_belongs_to_who_subscribed_it_last() {
    let (service, browser) = (PushService::new().await, Browser::new());
    let (app, ada) = listening(&service, &browser).await;
    let bea = app.administrator().await;
    let first = app.value("select id::text from push_subscriptions").await;

    let id = subscribe(&bea, service.subscription(&browser)).await;

    assert_eq!(app.value("select count(*) from push_subscriptions").await, 1);
    assert_ne!(app.value("select id::text from push_subscriptions").await, first);
    let input = json!({ "pushSubscriptionId": id });
    let refused = ada.refused("unsubscribeFromPush", input.clone()).await;
    assert_eq!(refused["extensions"]["code"], "NOT_FOUND");
    bea.change("unsubscribeFromPush", input, "{ removedPushSubscriptionId user { id } }").await;
    assert_eq!(app.value("select count(*) from push_subscriptions").await, 0);
}

#[tokio::test]
async fn keys_and_addresses_of_browsers_are_checked_together() {
    let app = TestApp::new().await;
    let ada = app.administrator().await;
    let input = json!({ "endpoint": "https://127.0.0.1/x", "publicKey": "AAAA", "secret": "?" });

    let problems = ada.problems("subscribeToPush", input).await;

    let paths: Vec<_> = problems.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(paths, ["input.publicKey", "input.secret", "input.endpoint"]);
}

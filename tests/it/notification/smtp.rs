//! Mail over SMTP, against a server that speaks it and misbehaves.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use chrono::TimeDelta;
use clinigraph::{
    mail::{MailOptions, SmtpOptions},
    pipeline::Settings,
};
use rcgen::{CertificateParams, KeyPair};
use rustls::{ServerConfig, crypto::ring, pki_types::PrivateKeyDer};
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader},
    net::TcpListener,
    task::JoinHandle,
};
use tokio_rustls::TlsAcceptor;

use super::builders::sending;
use crate::harness::{Person, TestApp};

/// What a mail server does with a letter.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Does {
    Takes,
    /// Asks to come again.
    RefusesForNow,
    /// Knows no such mailbox.
    RefusesForGood,
    /// Takes the letter, but the connection breaks before it says so.
    TakesInSilence,
}

/// A letter that a server took.
#[derive(Debug, Clone)]
struct Taken {
    from: String,
    to: String,
    text: String,
    is_encrypted: bool,
    login: Option<String>,
}

impl Taken {
    fn header(&self, name: &str) -> &str {
        let line = self.text.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")));
        line.unwrap_or_else(|| panic!("no {name} in {}", self.text))
    }
}

struct MailServer {
    address: SocketAddr,
    taken: Arc<Mutex<Vec<Taken>>>,
    serving: JoinHandle<()>,
}

impl Drop for MailServer {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

struct Conversation {
    does: Arc<dyn Fn(usize) -> Does + Send + Sync>,
    count: Arc<Mutex<usize>>,
    taken: Arc<Mutex<Vec<Taken>>>,
    tls: Option<TlsAcceptor>,
}

impl MailServer {
    async fn new(tls: Option<TlsAcceptor>, does: impl Fn(usize) -> Does + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let taken: Arc<Mutex<Vec<Taken>>> = Arc::default();
        let (does, count): (Arc<dyn Fn(usize) -> Does + Send + Sync>, _) = (Arc::new(does), Arc::default());
        let list = Arc::clone(&taken);
        let serving = tokio::spawn(async move {
            loop {
                let Ok((stream, _)) = listener.accept().await else { return };
                let conversation = Conversation {
                    does: Arc::clone(&does),
                    count: Arc::clone(&count),
                    taken: Arc::clone(&list),
                    tls: tls.clone(),
                };
                tokio::spawn(async move {
                    let (mut stream, login) = (BufReader::new(stream), None);
                    stream.write_all(b"220 mail.example ESMTP\r\n").await.unwrap();
                    if conversation.talk(&mut stream, false, login).await == Some(()) {
                        let tls = conversation.tls.clone().unwrap();
                        if let Ok(stream) = tls.accept(stream.into_inner()).await {
                            conversation.talk(&mut BufReader::new(stream), true, None).await;
                        }
                    }
                });
            }
        });
        Self { address, taken, serving }
    }

    fn taken(&self) -> Vec<Taken> {
        self.taken.lock().unwrap().clone()
    }

    fn settings(&self, login: &str, authorities: Option<std::path::PathBuf>) -> Settings {
        let host = if authorities.is_some() { "localhost" } else { "127.0.0.1" };
        let server = format!("smtp://{login}{host}:{}", self.address.port()).parse().unwrap();
        let from = "Clinics <no-reply@clinics.example>".to_owned();
        Settings { mail: MailOptions::Smtp(SmtpOptions { server, from, authorities }), ..sending() }
    }
}

impl Conversation {
    /// Talks until the connection ends; some if TLS is to begin.
    async fn talk<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        stream: &mut BufReader<S>,
        is_encrypted: bool,
        mut login: Option<String>,
    ) -> Option<()> {
        let (mut from, mut to) = (String::new(), String::new());
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line).await.ok()? == 0 {
                return None;
            }
            let line = line.trim_end().to_owned();
            let answer = match line.split([' ', ':']).next().unwrap().to_ascii_uppercase().as_str() {
                "EHLO" if self.tls.is_some() && !is_encrypted => "250-mail.example\r\n250 STARTTLS".to_owned(),
                "EHLO" => "250-mail.example\r\n250 AUTH PLAIN".to_owned(),
                "STARTTLS" => {
                    stream.write_all(b"220 go ahead\r\n").await.ok()?;
                    return Some(());
                }
                "AUTH" => {
                    login = Some(line);
                    "235 welcome".to_owned()
                }
                "MAIL" => {
                    from = line;
                    "250 ok".to_owned()
                }
                "RCPT" => {
                    to = line;
                    let number = {
                        let mut count = self.count.lock().unwrap();
                        *count += 1;
                        *count - 1
                    };
                    match (self.does)(number) {
                        Does::RefusesForNow => "450 4.2.0 please try again later".to_owned(),
                        Does::RefusesForGood => "550 5.1.1 no such mailbox".to_owned(),
                        does => {
                            to = format!("{to} {}", if does == Does::TakesInSilence { "silent" } else { "" });
                            "250 ok".to_owned()
                        }
                    }
                }
                "DATA" => {
                    stream.write_all(b"354 go on\r\n").await.ok()?;
                    let mut text = String::new();
                    while !text.ends_with("\r\n.\r\n") {
                        stream.read_line(&mut text).await.ok()?;
                    }
                    let is_silent = to.ends_with("silent");
                    let to = to.trim_end_matches("silent").trim().to_owned();
                    let taken = Taken { from: from.clone(), to, text, is_encrypted, login: login.clone() };
                    self.taken.lock().unwrap().push(taken);
                    if is_silent {
                        return None;
                    }
                    "250 2.0.0 queued as 1".to_owned()
                }
                "QUIT" => "221 bye".to_owned(),
                _ => "250 ok".to_owned(),
            };
            stream.write_all(format!("{answer}\r\n").as_bytes()).await.ok()?;
        }
    }
}

/// An app with the mail server in which a ticket was opened, and its administrator.
async fn opened(settings: Settings) -> (TestApp, Person) {
    let app = TestApp::with(settings, 4).await;
    app.work().await;
    let ada = app.administrator().await;
    app.verify_everybody().await;
    let oak = app.clinic("Oak").await;
    oak.manager().await.open_ticket("Printer").await;
    app.work().await;
    (app, ada)
}

#[tokio::test]
async fn a_letter_has_its_headers_and_both_forms() {
    let server = MailServer::new(None, |_| Does::Takes).await;

    let (app, _) = opened(server.settings("", None)).await;

    let [letter] = server.taken().try_into().unwrap();
    assert_eq!(app.outcomes().await, ["email sent"]);
    assert!(letter.from.contains("<no-reply@clinics.example>") && letter.to.contains("@people.example>"));
    assert_eq!(letter.header("From"), "Oak <no-reply@clinics.example>");
    assert_eq!(letter.header("Subject"), "New support ticket from Oak");
    assert_eq!(letter.header("Auto-Submitted"), "auto-generated");
    assert_eq!(letter.header("List-Unsubscribe-Post"), "List-Unsubscribe=One-Click");
    assert!(letter.header("Message-ID").starts_with("<notification_delivery_"), "{}", letter.text);
    assert!(letter.header("Message-ID").ends_with("@clinics.example>"), "{}", letter.text);
    assert!(letter.text.contains("Content-Type: text/plain") && letter.text.contains("Content-Type: text/html"));
}

#[tokio::test]
async fn a_letter_that_is_refused_for_now_is_sent_again_later() {
    let server = MailServer::new(None, |number| if number < 2 { Does::RefusesForNow } else { Does::Takes }).await;
    let (app, _) = opened(server.settings("", None)).await;
    assert_eq!(app.outcomes().await, ["email pending"]);
    let error = app.value("select error from notification_deliveries").await;
    assert!(error.as_str().unwrap().contains("please try again later"), "{error}");

    for _ in 0..2 {
        app.clock.turn(TimeDelta::minutes(2));
        app.work().await;
    }

    assert_eq!(server.taken().len(), 1);
    assert_eq!(app.outcomes().await, ["email sent"]);
    assert_eq!(app.value("select attempts from notification_deliveries").await, 3);
}

#[tokio::test]
async fn a_letter_that_is_refused_for_good_is_not_sent_again() {
    let server = MailServer::new(None, |_| Does::RefusesForGood).await;
    let (app, ada) = opened(server.settings("", None)).await;

    app.clock.turn(TimeDelta::minutes(30));
    app.work().await;

    assert_eq!(server.taken().len(), 0);
    assert_eq!(app.outcomes().await, ["email failed refused"]);
    let query = "{ notificationDeliveries(filter: { status: FAILED }) { nodes { reason error attempts } } }";
    let seen = ada.ask(query, serde_json::json!({})).await["notificationDeliveries"]["nodes"][0].take();
    assert_eq!((seen["reason"].as_str(), seen["attempts"].as_i64()), (Some("REFUSED"), Some(1)));
    assert!(seen["error"].as_str().unwrap().contains("no such mailbox"), "{seen}");
}

#[tokio::test]
async fn a_letter_whose_outcome_is_unknown_is_sent_again_under_the_same_id() {
    let server = MailServer::new(None, |number| if number == 0 { Does::TakesInSilence } else { Does::Takes }).await;
    let (app, _) = opened(server.settings("", None)).await;

    app.clock.turn(TimeDelta::minutes(2));
    app.work().await;

    let ids: Vec<_> = server.taken().iter().map(|letter| letter.header("Message-ID").to_owned()).collect();
    assert_eq!(ids.len(), 2);
    assert_eq!(ids[0], ids[1], "so that the mailbox shows it once");
    assert_eq!(app.outcomes().await, ["email sent"]);
}

#[tokio::test]
async fn the_conversation_is_encrypted_before_the_login_is_said() {
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec!["localhost".to_owned()]).unwrap().self_signed(&key).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], PrivateKeyDer::try_from(key.serialize_der()).unwrap())
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("authority.pem");
    std::fs::write(&file, certificate.pem()).unwrap();
    let server = MailServer::new(Some(TlsAcceptor::from(Arc::new(config))), |_| Does::Takes).await;

    let (app, _) = opened(server.settings("user:secret@", Some(file))).await;

    let [letter] = server.taken().try_into().unwrap();
    assert!(letter.is_encrypted && letter.login.unwrap().starts_with("AUTH PLAIN"));
    assert_eq!(app.outcomes().await, ["email sent"]);
}

#[tokio::test]
async fn nothing_is_said_to_a_server_that_does_not_encrypt_though_it_must() {
    let server = MailServer::new(None, |_| Does::Takes).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("authority.pem");
    let key = KeyPair::generate().unwrap();
    std::fs::write(&file, CertificateParams::new(Vec::new()).unwrap().self_signed(&key).unwrap().pem()).unwrap();

    let (app, _) = opened(server.settings("user:secret@", Some(file))).await;

    assert_eq!(server.taken().len(), 0);
    assert_eq!(app.outcomes().await, ["email pending"]);
}

//! Letters over SMTP, on connections that are kept for a while. The connection is encrypted from the start (`smtps://`) or
//! from its greeting on (`smtp://…`, which requires STARTTLS); without TLS only to this machine.

use std::{borrow::Cow, fmt, fs, path::PathBuf, time::Duration};

use lettre::{
    AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor,
    message::{
        Mailbox, MultiPart,
        header::{HeaderName, HeaderValue},
    },
    transport::smtp::{
        Error as SmtpError, PoolConfig,
        client::{Certificate, Tls, TlsParameters},
        extension::ClientId,
    },
};
use percent_encoding::percent_decode_str;

use super::{Letter, Unsent};
use crate::kernel::{Error, Result};

/// Time for each command of a conversation.
const COMMAND: Duration = Duration::from_secs(20);
/// Connections to the mail server.
const CONNECTIONS: u32 = 4;

/// The mail server, and as whom letters are sent.
#[derive(Debug, Clone)]
pub struct SmtpOptions {
    pub server: SmtpUrl,
    /// Address of the sender.
    pub from: String,
    /// Certificates of authorities that are trusted beside those of the operating system, as a PEM file.
    pub authorities: Option<PathBuf>,
}

/// Address of a mail server: `smtps://user:password@host:465`, `smtp://user:password@host:587`.
#[derive(Clone)]
pub struct SmtpUrl {
    is_tls_from_start: bool,
    login: Option<(String, String)>,
    host: String,
    port: u16,
}

impl fmt::Debug for SmtpUrl {
    /// Leaves the login out, which must not reach logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

impl std::str::FromStr for SmtpUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        const FORM: &str = "must be like smtps://user:password@host:465 or smtp://user:password@host:587";
        let (is_tls_from_start, rest) = match text.split_once("://") {
            Some(("smtps", rest)) => (true, rest),
            Some(("smtp", rest)) => (false, rest),
            _ => return Err(FORM.to_owned()),
        };
        let (login, place) = match rest.rsplit_once('@') {
            Some((login, place)) => (Some(login), place),
            None => (None, rest),
        };
        let login = login.map(|login| {
            let (user, password) = login.split_once(':').unwrap_or((login, ""));
            let decoded = |text| percent_decode_str(text).decode_utf8().map(Cow::into_owned);
            Ok((decoded(user)?, decoded(password)?))
        });
        let login = login.transpose().map_err(|_: std::str::Utf8Error| FORM.to_owned())?;
        let place = place.trim_end_matches('/');
        let (host, port) = match place.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, port.parse().map_err(|_| FORM.to_owned())?),
            _ => (place, if is_tls_from_start { 465 } else { 587 }),
        };
        if host.is_empty() || host.contains(['/', '?', '#', ' ']) {
            return Err(FORM.to_owned());
        }
        Ok(Self { is_tls_from_start, login, host: host.trim_matches(['[', ']']).to_owned(), port })
    }
}

impl SmtpUrl {
    /// Whether the mail server is on this machine, which is reached without TLS.
    fn is_here(&self) -> bool {
        self.host == "localhost" || self.host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
    }
}

/// Connections to a mail server.
#[derive(Clone)]
pub struct Smtp {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    /// What ids of messages end with.
    domain: String,
}

impl fmt::Debug for Smtp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Smtp").field("from", &self.from).finish_non_exhaustive()
    }
}

impl Smtp {
    pub fn new(options: &SmtpOptions) -> Result<Self> {
        let SmtpOptions { server, from, authorities } = options;
        let from: Mailbox =
            from.parse().map_err(|error| Error::unavailable(format!("the sender of mail {from:?}: {error}")))?;
        let domain = from.email.domain().to_owned();
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&server.host)
            .port(server.port)
            .timeout(Some(COMMAND))
            .hello_name(ClientId::Domain(domain.clone()))
            .pool_config(PoolConfig::new().max_size(CONNECTIONS).idle_timeout(Duration::from_secs(60)))
            .tls(tls(server, authorities.as_ref())?);
        if let Some((user, password)) = &server.login {
            builder = builder.credentials((user, password).into());
        }
        Ok(Self { transport: builder.build(), from, domain })
    }

    pub async fn send(&self, letter: &Letter) -> Result<String, Unsent> {
        let message = self.message(letter).map_err(Unsent::Never)?;
        let answer = self.transport.send(message).await.map_err(unsent)?;
        Ok(answer.message().collect::<Vec<_>>().join(" "))
    }

    pub async fn check(&self) -> Result<(), Unsent> {
        match self.transport.test_connection().await {
            Ok(true) => Ok(()),
            Ok(false) => Err(Unsent::Later("the mail server does not answer".to_owned())),
            Err(error) => Err(unsent(error)),
        }
    }

    fn message(&self, letter: &Letter) -> Result<Message, String> {
        let said = |error: &dyn fmt::Display| error.to_string();
        let to = letter.to.parse().map_err(|error| format!("the address of the recipient is not valid: {error}"))?;
        let sender = Mailbox::new(letter.sender_name.clone().or(self.from.name.clone()), self.from.email.clone());
        let mut builder = Message::builder()
            .from(sender)
            .to(Mailbox::new(None, to))
            .subject(&letter.subject)
            .message_id(Some(format!("<{}@{}>", letter.message_id, self.domain)))
            // So that nobody's absence note comes back.
            .raw_header(header("Auto-Submitted", "auto-generated"));
        if let Some(reply_to) = &letter.reply_to {
            builder = builder.reply_to(Mailbox::new(None, reply_to.parse().map_err(|error| said(&error))?));
        }
        if let Some(url) = &letter.unsubscribe_url {
            builder = builder
                .raw_header(header("List-Unsubscribe", &format!("<{url}>")))
                .raw_header(header("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"));
        }
        let body = MultiPart::alternative_plain_html(letter.text.clone(), letter.html.clone());
        builder.multipart(body).map_err(|error| said(&error))
    }
}

fn header(name: &'static str, value: &str) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned())
}

fn tls(server: &SmtpUrl, authorities: Option<&PathBuf>) -> Result<Tls> {
    let refused = |error: &dyn fmt::Display| Error::unavailable(format!("the TLS of the mail server: {error}"));
    let mut parameters = TlsParameters::builder(server.host.clone());
    if let Some(file) = authorities {
        let pem =
            fs::read(file).map_err(|error| Error::unavailable(format!("cannot read {}: {error}", file.display())))?;
        parameters = parameters.add_root_certificate(Certificate::from_pem(&pem).map_err(|error| refused(&error))?);
    }
    let parameters = parameters.build_rustls().map_err(|error| refused(&error))?;
    Ok(match server.is_tls_from_start {
        true => Tls::Wrapper(parameters),
        false if server.is_here() && authorities.is_none() => Tls::Opportunistic(parameters),
        false => Tls::Required(parameters),
    })
}

fn unsent(error: SmtpError) -> Unsent {
    let cause = std::error::Error::source(&error).map_or_else(String::new, |cause| format!(": {cause}"));
    let reason = format!("{error}{cause}").chars().take(500).collect();
    if error.is_permanent() { Unsent::Never(reason) } else { Unsent::Later(reason) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_of_a_mail_server_is_read_and_never_shows_its_login() {
        let url: SmtpUrl = "smtps://clinic%40mail.example:p%3Aw%40x@mail.example".parse().unwrap();

        assert_eq!(url.login, Some(("clinic@mail.example".to_owned(), "p:w@x".to_owned())));
        assert_eq!((url.host.as_str(), url.port, url.is_tls_from_start), ("mail.example", 465, true));
        assert_eq!(format!("{url:?}"), "mail.example:465");
        let near: SmtpUrl = "smtp://[::1]:2525".parse().unwrap();
        assert_eq!((near.host.as_str(), near.port, near.is_here()), ("::1", 2525, true));
        let far: SmtpUrl = "smtp://mail.example/".parse().unwrap();
        assert_eq!((far.port, far.is_here(), far.login), (587, false, None));
        for wrong in ["mail.example", "http://mail.example", "smtp://", "smtp://a:b@", "smtp://mail.example:x"] {
            assert!(wrong.parse::<SmtpUrl>().is_err(), "{wrong}");
        }
    }

    // The connections of the transport are looked after by a task.
    #[tokio::test]
    async fn a_message_has_the_headers_that_mail_servers_ask_for() {
        let options = SmtpOptions {
            server: "smtp://127.0.0.1:2525".parse().unwrap(),
            from: "Clinics <mail@clinic.example>".to_owned(),
            authorities: None,
        };
        let letter = Letter {
            message_id: "delivery_1".to_owned(),
            to: "mei@harbour.example".to_owned(),
            sender_name: Some("Clínica Sol".to_owned()),
            reply_to: Some("desk@sol.example".to_owned()),
            subject: "Grüße".to_owned(),
            text: "Plain.".to_owned(),
            html: "<p>Plain.</p>".to_owned(),
            unsubscribe_url: Some(format!("https://clinic.example/unsubscribe/{}", "x".repeat(120))),
        };

        let text = String::from_utf8(Smtp::new(&options).unwrap().message(&letter).unwrap().formatted()).unwrap();

        for line in [
            "Message-ID: <delivery_1@clinic.example>",
            "Auto-Submitted: auto-generated",
            "List-Unsubscribe-Post: List-Unsubscribe=One-Click",
            "Reply-To: desk@sol.example",
            "To: mei@harbour.example",
        ] {
            assert!(text.contains(&format!("{line}\r\n")), "{line} in {text}");
        }
        assert!(text.contains(&format!("<https://clinic.example/unsubscribe/{}>", "x".repeat(120))), "{text}");
        assert!(text.contains("multipart/alternative") && text.contains("<mail@clinic.example>"), "{text}");
        assert!(text.find("Plain.").unwrap() < text.find("<p>Plain.</p>").unwrap());
    }
}

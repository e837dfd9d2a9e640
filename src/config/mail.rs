//! How mail is sent, and under which address the server is reached.

use std::path::PathBuf;

use clap::Args;

use crate::mail::{MailOptions, SmtpOptions, SmtpUrl};

/// Messages to people outside the application.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Messages")]
pub struct MessageOptions {
    /// Address under which browsers and other servers reach this one, such as https://clinics.example: links in messages begin
    /// with it, and services are given it for their webhooks. Without it, messages have no links, and push messages are off.
    #[arg(long, env = "CLINIGRAPH_PUBLIC_URL", value_name = "URL", value_parser = public_url)]
    pub public_url: Option<String>,
    /// Mail server that sends e-mails: smtps://user:password@host:465 for TLS from the start, smtp://user:password@host:587 for
    /// STARTTLS, which is required except on this machine. Without it, nothing is sent by e-mail; in development, e-mails
    /// appear at /dev/mailbox.
    #[arg(long, env = "CLINIGRAPH_SMTP", value_name = "URL", hide_env_values = true, requires = "mail_from")]
    pub smtp: Option<SmtpUrl>,
    /// Sender of e-mails, such as "Clinics <no-reply@clinics.example>".
    #[arg(long, env = "CLINIGRAPH_MAIL_FROM", value_name = "ADDRESS")]
    pub mail_from: Option<String>,
    /// Certificates of authorities that the mail server's certificate may come from, beside those of the operating system, as a
    /// PEM file.
    #[arg(long, env = "CLINIGRAPH_SMTP_AUTHORITIES", value_name = "FILE", requires = "smtp")]
    pub smtp_authorities: Option<PathBuf>,
}

impl MessageOptions {
    /// Where e-mails go. In development, a mailbox takes the place of a mail server that is not there.
    #[must_use]
    pub fn mail(&self, is_development: bool) -> MailOptions {
        match (&self.smtp, &self.mail_from) {
            (Some(server), Some(from)) => MailOptions::Smtp(SmtpOptions {
                server: server.clone(),
                from: from.clone(),
                authorities: self.smtp_authorities.clone(),
            }),
            _ if is_development => MailOptions::Mailbox,
            _ => MailOptions::Nowhere,
        }
    }
}

fn public_url(text: &str) -> Result<String, String> {
    let url = url::Url::parse(text).map_err(|error| error.to_string())?;
    let is_address = matches!(url.scheme(), "http" | "https") && url.query().is_none() && url.fragment().is_none();
    match url.host_str() {
        Some(_) if is_address => Ok(text.trim_end_matches('/').to_owned()),
        _ => Err("must be the address of a web server, such as https://clinics.example".to_owned()),
    }
}

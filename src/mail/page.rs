//! The page of the mailbox, `/dev/mailbox`, which exists in development only.

use std::fmt::Write;

use axum::{
    Router,
    extract::{Path, State},
    response::{IntoResponse, Response},
    routing::get,
};
use http::{HeaderValue, StatusCode, header};
use serde_json::json;

use super::{Kept, Mailbox};
use crate::kernel::html::escape;

/// The routes of a mailbox.
pub fn routes(mailbox: Mailbox) -> Router {
    Router::new()
        .route("/dev/mailbox", get(list))
        .route("/dev/mailbox.json", get(data))
        .route("/dev/mailbox/{number}", get(letter))
        .with_state(mailbox)
}

async fn list(State(mailbox): State<Mailbox>) -> Response {
    let letters = mailbox.letters();
    let mut rows = String::new();
    for Kept { number, at, letter } in &letters {
        let (to, subject) = (escape(&letter.to), escape(&letter.subject));
        let _ = write!(
            rows,
            "<tr><td>{}</td><td>{to}</td><td><a href=\"/dev/mailbox/{number}\">{subject}</a></td></tr>",
            at.format("%Y-%m-%d %H:%M:%S")
        );
    }
    let body = match letters.is_empty() {
        true => "<p>Nothing was sent yet. Letters that this server would send by mail appear here.</p>".to_owned(),
        false => format!("<table><tr><th>Time (UTC)</th><th>To</th><th>Subject</th></tr>{rows}</table>"),
    };
    page("Mailbox", &body)
}

async fn letter(State(mailbox): State<Mailbox>, Path(number): Path<u64>) -> Response {
    let Some(Kept { at, letter, .. }) = mailbox.letter(number) else {
        let body = "<p>There is no such letter any more. <a href=\"/dev/mailbox\">All letters</a></p>";
        return (StatusCode::NOT_FOUND, page("Mailbox", body)).into_response();
    };
    let mut heads = String::new();
    for (name, value) in [
        ("To", Some(letter.to.as_str())),
        ("From", letter.sender_name.as_deref()),
        ("Reply to", letter.reply_to.as_deref()),
        ("Time (UTC)", Some(&at.format("%Y-%m-%d %H:%M:%S").to_string())),
        ("Unsubscribe", letter.unsubscribe_url.as_deref()),
    ] {
        if let Some(value) = value {
            let _ = write!(heads, "<tr><th>{name}</th><td>{}</td></tr>", escape(value));
        }
    }
    let body = format!(
        "<p><a href=\"/dev/mailbox\">All letters</a></p><table>{heads}</table>\
         <iframe sandbox=\"allow-popups\" title=\"The letter as HTML\" srcdoc=\"{}\"></iframe>\
         <h2>As plain text</h2><pre>{}</pre>",
        escape(&letter.html),
        escape(&letter.text)
    );
    page(&letter.subject, &body)
}

async fn data(State(mailbox): State<Mailbox>) -> Response {
    let letters = mailbox.letters().into_iter().map(|Kept { number, at, letter }| {
        json!({
            "number": number,
            "at": at.to_rfc3339(),
            "messageId": letter.message_id,
            "to": letter.to,
            "senderName": letter.sender_name,
            "replyTo": letter.reply_to,
            "subject": letter.subject,
            "text": letter.text,
            "html": letter.html,
            "unsubscribeUrl": letter.unsubscribe_url,
        })
    });
    let body = serde_json::Value::from(letters.collect::<Vec<_>>()).to_string();
    ([(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], body).into_response()
}

fn page(title: &str, body: &str) -> Response {
    const POLICY: HeaderValue = HeaderValue::from_static(
        "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'; frame-ancestors 'none'",
    );
    const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;\
         color:#1b2733;background:#fff}table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.35rem .75rem .35rem 0;\
         border-bottom:1px solid #dde4ea;vertical-align:top;overflow-wrap:anywhere}th{white-space:nowrap}iframe{width:100%;height:28rem;border:1px solid #dde4ea;\
         margin-top:1.5rem}pre{white-space:pre-wrap;overflow-wrap:anywhere;background:#f4f7f9;padding:1rem}a{color:#0b62a4}";
    let title = escape(title);
    let html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width\"><title>{title}</title><style>{STYLE}</style></head><body><h1>{title}</h1>{body}</body></html>"
    );
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (header::CONTENT_SECURITY_POLICY, POLICY),
    ];
    (headers, html).into_response()
}

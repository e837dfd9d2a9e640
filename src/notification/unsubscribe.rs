//! The page behind the link in each e-mail that people can refuse. Opening it changes nothing, since scanners open links too; its
//! button, and the button of a mail program (RFC 8058), turn off e-mails of that kind at once, without signing in.

use axum::{
    Router,
    extract::{Path, State},
    response::{IntoResponse, Response},
    routing::get,
};
use chrono::TimeDelta;
use diesel::{
    OptionalExtension, QueryableByName, sql_query,
    sql_types::{Nullable, Text, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl;
use http::{HeaderValue, StatusCode, header};
use uuid::Uuid;

use super::{
    NotificationChannel, NotificationDelivery, NotificationKind, NotificationLanguage,
    contact::{self, ContactConsentSource},
    kind::Words,
    outside::Outside,
    preferences::Preferences,
};
use crate::kernel::{
    Id, Result,
    db::Database,
    html::escape,
    links::{BadLink, LinkUse, Links},
};

/// How long such a link works: as long as people look at old mail.
const LIFETIME: TimeDelta = TimeDelta::days(365);

const QUESTION: Words = [
    "Do you want to receive no more e-mails of this kind?",
    "Ne plus recevoir d’e-mails de ce type ?",
    "¿No quiere recibir más correos de este tipo?",
    "您想不再接收此类邮件吗？",
    "Je, hutaki tena kupokea barua pepe za aina hii?",
];
const BUTTON: Words = ["Unsubscribe", "Se désabonner", "Cancelar la suscripción", "退订", "Jiondoe"];
const DONE: Words = [
    "You will receive no more e-mails of this kind.",
    "Vous ne recevrez plus d’e-mails de ce type.",
    "No recibirá más correos de este tipo.",
    "您将不再收到此类邮件。",
    "Hutapokea tena barua pepe za aina hii.",
];
const GONE: Words = [
    "This link is not valid any more. You can change what you receive in your settings.",
    "Ce lien n’est plus valable. Vous pouvez modifier vos préférences dans les paramètres.",
    "Este enlace ya no es válido. Puede cambiar lo que recibe en su configuración.",
    "此链接已失效。您可以在设置中更改接收内容。",
    "Kiungo hiki hakitumiki tena. Unaweza kubadilisha unachopokea kwenye mipangilio yako.",
];

/// The address of the page for a delivery.
pub(super) fn url(outside: &Outside, clinic: Uuid, delivery: Id<NotificationDelivery>) -> Result<Option<String>> {
    let link = outside.links().sign(LinkUse::Unsubscribe, clinic, delivery.uuid(), LIFETIME)?;
    Ok(outside.url(&format!("/unsubscribe/{link}")))
}

#[derive(Clone)]
struct Door {
    database: Database,
    links: Links,
}

/// The route of the page.
pub fn routes(database: Database, links: Links) -> Router {
    Router::new().route("/unsubscribe/{link}", get(ask).post(unsubscribe)).with_state(Door { database, links })
}

#[derive(QueryableByName)]
struct Refused {
    #[diesel(sql_type = Text)]
    kind: NotificationKind,
    #[diesel(sql_type = Text)]
    channel: NotificationChannel,
    #[diesel(sql_type = Text)]
    language: NotificationLanguage,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    recipient_user_id: Option<Uuid>,
    #[diesel(sql_type = Nullable<Text>)]
    address: Option<String>,
}

async fn found(door: &Door, link: &str) -> Result<Option<(Uuid, Refused)>> {
    let (clinic, delivery) = match door.links.open(LinkUse::Unsubscribe, link) {
        Ok(named) => named,
        Err(BadLink::Unknown | BadLink::Expired) => return Ok(None),
    };
    let refused = door
        .database
        .as_system(None, async |scope| {
            let refused = sql_query(
                "select n.kind, d.channel, d.language, d.recipient_user_id, d.address
                   from notification_deliveries d join notifications n on n.clinic_id = d.clinic_id and n.id = d.notification_id
                  where d.clinic_id = $1 and d.id = $2",
            );
            let refused = refused.bind::<SqlUuid, _>(clinic).bind::<SqlUuid, _>(delivery);
            Ok(refused.get_result::<Refused>(&mut scope.tx().await?.conn()?).await.optional()?)
        })
        .await?;
    Ok(refused.map(|refused| (clinic, refused)))
}

async fn ask(State(door): State<Door>, Path(link): Path<String>) -> Response {
    match found(&door, &link).await {
        Ok(Some((_, refused))) => {
            let at = refused.language.index();
            let form = format!(
                "<p>{}</p><form method=\"post\"><input type=\"hidden\" name=\"List-Unsubscribe\" value=\"One-Click\">\
                 <button>{}</button></form>",
                QUESTION[at], BUTTON[at]
            );
            page(StatusCode::OK, refused.language, &form)
        }
        Ok(None) => page(StatusCode::NOT_FOUND, NotificationLanguage::En, &format!("<p>{}</p>", GONE[0])),
        Err(error) => failed(&error),
    }
}

async fn unsubscribe(State(door): State<Door>, Path(link): Path<String>) -> Response {
    let (clinic, refused) = match found(&door, &link).await {
        Ok(Some(found)) => found,
        Ok(None) => return page(StatusCode::NOT_FOUND, NotificationLanguage::En, &format!("<p>{}</p>", GONE[0])),
        Err(error) => return failed(&error),
    };
    let Refused { kind, channel, recipient_user_id, address, language } = refused;
    let written = door.database.as_system(None, async |scope| match (recipient_user_id, &address) {
        (Some(user), _) => {
            let mut preferences = Preferences::of_user(scope, user).await?;
            preferences.choose(kind, channel, false);
            preferences.write(scope, user).await
        }
        (None, Some(address)) => {
            let source = ContactConsentSource::Link;
            contact::decide(scope, clinic, (channel, address), false, source, scope.now()).await
        }
        (None, None) => Ok(()),
    });
    match written.await {
        Ok(()) => page(StatusCode::OK, language, &format!("<p>{}</p>", DONE[language.index()])),
        Err(error) => failed(&error),
    }
}

fn failed(error: &crate::kernel::Error) -> Response {
    tracing::error!(%error, cause = ?error.cause(), "cannot unsubscribe somebody");
    let body = "<p>This did not work. Please try again later.</p>";
    page(StatusCode::SERVICE_UNAVAILABLE, NotificationLanguage::En, body)
}

fn page(status: StatusCode, language: NotificationLanguage, body: &str) -> Response {
    const POLICY: HeaderValue = HeaderValue::from_static(
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    );
    const STYLE: &str = "body{font:18px/1.5 system-ui,sans-serif;max-width:32rem;margin:4rem auto;padding:0 1rem;color:#1b2733}\
         button{font:inherit;padding:.6rem 1.4rem;border:0;border-radius:6px;background:#0b62a4;color:#fff;cursor:pointer}";
    let title = escape(BUTTON[language.index()]);
    let html = format!(
        "<!doctype html><html lang=\"{}\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <meta name=\"robots\" content=\"noindex\"><title>{title}</title><style>{STYLE}</style></head><body>{body}</body></html>",
        language.text()
    );
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (header::CONTENT_SECURITY_POLICY, POLICY),
    ];
    (status, headers, html).into_response()
}

//! The limit: what a page costs when it is written by hand for this page alone. hyper, tokio-postgres, prepared
//! statements, binary rows, JSON text written straight from them. Nobody is asked who they are, no tenant is kept
//! apart, nothing is checked that can be left unchecked.

use std::convert::Infallible;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use clinigraph::{
    access::User,
    clinic::Clinic,
    kernel::{
        Id,
        entity::{Cell, Json},
        ids,
    },
    support::{Ticket, TicketMessage},
};
use deadpool::managed::{self, Metrics, RecycleResult};
use http_body_util::{BodyExt, Full};
use hyper::{Request, Response, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use tokio::net::TcpListener;
use tokio_postgres::{
    Client, NoTls, Row, Statement,
    types::{FromSql, IsNull, ToSql, Type},
};
use uuid::Uuid;

const CONNECTIONS: usize = 16;

/// Serves until it is ended.
pub async fn serve(url: &str, port: u16) {
    let pool = managed::Pool::builder(Manager { url: url.to_owned() }).max_size(CONNECTIONS).build().unwrap();
    let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        stream.set_nodelay(true).unwrap();
        let pool = pool.clone();
        tokio::spawn(async move {
            let service = service_fn(move |request| {
                let pool = pool.clone();
                async move { Ok::<_, Infallible>(Response::new(Full::new(answer(&pool, request).await))) }
            });
            drop(http1::Builder::new().serve_connection(TokioIo::new(stream), service).await);
        });
    }
}

async fn answer(pool: &managed::Pool<Manager>, request: Request<Incoming>) -> Bytes {
    let (head, body) = request.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let page = pool.get().await.unwrap();
    let mut out = Json::with_capacity(48 * 1024);
    out.extend_from_slice(b"{\"data\":{");
    match head.uri.path() {
        "/q2" => page.tickets(&page.messages, serde_json::from_slice(&body).unwrap(), &mut out).await,
        "/q2-with-internal" => page.tickets(&page.all_messages, serde_json::from_slice(&body).unwrap(), &mut out).await,
        "/q1" => page.clinic(serde_json::from_slice(&body).unwrap(), &mut out).await,
        "/q3" => page.providers(&mut out).await,
        "/q4" => page.audit(serde_json::from_slice(&body).unwrap(), &mut out).await,
        "/q4-of-clinic" => page.audit_of_clinic(serde_json::from_slice(&body).unwrap(), &mut out).await,
        "/m1" => page.open_ticket(serde_json::from_slice(&body).unwrap(), &mut out).await,
        path => panic!("{path}"),
    }
    out.extend_from_slice(b"}}");
    out.into()
}

struct Manager {
    url: String,
}

impl managed::Manager for Manager {
    type Type = Connection;
    type Error = tokio_postgres::Error;

    async fn create(&self) -> Result<Connection, Self::Error> {
        let (client, connection) = tokio_postgres::connect(&self.url, NoTls).await?;
        tokio::spawn(connection);
        Connection::prepare(client).await
    }

    async fn recycle(&self, connection: &mut Connection, _: &Metrics) -> RecycleResult<Self::Error> {
        if connection.client.is_closed() { Err(managed::RecycleError::message("closed")) } else { Ok(()) }
    }
}

struct Connection {
    client: Client,
    tickets: Statement,
    messages: Statement,
    /// With the internal ones, which administrators see.
    all_messages: Statement,
    open_ticket: Statement,
    // Of tables that this version of the database may not have.
    clinic: Option<Statement>,
    hours: Option<Statement>,
    providers: Option<Statement>,
    audit: Statement,
    audit_of_clinic: Statement,
}

impl Connection {
    async fn prepare(client: Client) -> Result<Self, tokio_postgres::Error> {
        let tickets = "select t.id, t.number, t.title, t.description, t.priority, t.status, t.created_at, t.updated_at,
                    c.id, c.name, c.slug, u.id, u.first_name, u.last_name
             from support_tickets t join clinics c on c.id = t.clinic_id left join users u on u.id = t.assignee_id
             where t.clinic_id = $1 order by t.created_at desc, t.id desc limit 25";
        // Without the CTE Postgres joins the people once for each ticket.
        let messages = "with m as materialized (
                 select m.* from unnest($1::uuid[]) as parent (id) cross join lateral (
                     select ticket_id, id, body, created_at, author_user_id from ticket_messages
                     where ticket_id = parent.id and not is_internal order by created_at desc, id desc limit 3
                 ) as m
             ) select m.ticket_id, m.id, m.body, m.created_at, u.id, u.first_name, u.last_name
             from m join users u on u.id = m.author_user_id";
        let open_ticket = "with ticket as (
                 insert into support_tickets (id, clinic_id, created_by_user_id, created_by, title, description, priority,
                                              first_response_due_at, resolution_due_at, created_at, updated_at)
                 values ($1, $2, $3, $3, $4::text, $5::text, 'medium', now() + interval '8 hours', now() + interval '72 hours', now(), now())
                 returning id, clinic_id, number, title, priority, status, created_at
             ), trail as (
                 insert into audit_events (actor_kind, actor_user_id, actor_email, clinic_id, verb, operation, resource_type,
                                           resource_id, changes, ip, user_agent, request_id)
                 values ('tenant', $3, 'manager-1@scale.example', $2, 'create', 'openTicket', 'ticket', $1, $6::text::json,
                         '127.0.0.1', 'bench', 'bench')
             ), event as (
                 insert into outbox_events (clinic_id, audience, topic, subject_id, kind) values ($2, 'clinic', 'ticket', $1, 'opened')
             ), notified as (
                 insert into notifications (id, recipient_user_id, clinic_id, kind, title, body, link_path, subject_type, subject_id,
                                            dedupe_key, created_at)
                 select gen_random_uuid(), u.id, $2, 'ticket_created', 'New ticket: ' || $4, $5, '/tickets/' || $1, 'ticket', $1,
                        $1 || ':opened:' || u.id, now()
                 from users u where u.is_platform_admin and u.status = 'active' and u.deleted_at is null
                 returning id, recipient_user_id
             ), event_each as (
                 insert into outbox_events (clinic_id, user_id, audience, topic, subject_id, kind)
                 select $2, recipient_user_id, 'clinic', 'notification', id, 'received' from notified
             )
             select t.id, t.number, t.title, t.priority, t.status, t.created_at, c.id, c.name
             from ticket t join clinics c on c.id = t.clinic_id";
        let clinic = "select c.id, c.name, c.slug, c.description, c.phone, c.email, c.website, c.address, c.city, c.region,
                    c.postal_code, c.country, c.timezone, c.locale, c.currency, c.status, c.created_at, c.version,
                    f.accepting_new_patients, f.waitlist_enabled, f.max_new_patients_per_week, f.appointment_duration_minutes,
                    f.buffer_minutes, f.max_advance_booking_days, f.min_advance_booking_hours, f.cancellation_window_hours,
                    f.bot_enabled, f.default_language, f.supported_languages, f.greetings, f.transfer_phone,
                    f.preferred_pharmacy_name, f.preferred_pharmacy_address, f.preferred_pharmacy_fax, f.officer_name,
                    f.officer_email, f.officer_phone, f.transcript_retention_days, f.call_log_retention_days,
                    f.audit_retention_years
             from clinics c join clinic_configs f on f.clinic_id = c.id where c.id = $1";
        let hours = "select day_of_week, opens_at, closes_at, is_closed from clinic_hours where clinic_id = $1 order by day_of_week";
        let providers =
            "select p.id, p.title, p.first_name, p.last_name, p.specialties, p.languages, p.email, p.phone, p.color,
                    p.status, p.accepting_new_patients, p.verification_status, c.id, c.name, c.slug
             from providers p join clinics c on c.id = p.clinic_id
             where p.deleted_at is null order by p.sort_name, p.id limit 100";
        let audit = "select a.id, a.occurred_at, a.actor_kind, a.actor_email, a.verb, a.operation, a.resource_type, a.user_agent,
                    a.request_id, a.success, c.id, c.name, u.id, u.first_name, u.last_name
             from (select * from audit_events where (occurred_at, id) < ($1, $2) order by occurred_at desc, id desc limit 100) a
             left join clinics c on c.id = a.clinic_id left join users u on u.id = a.actor_user_id
             order by a.occurred_at desc, a.id desc";
        let audit_of_clinic =
            "select a.id, a.occurred_at, a.actor_kind, a.actor_email, a.verb, a.operation, a.resource_type,
                    a.user_agent, a.request_id, a.success, c.id, c.name, u.id, u.first_name, u.last_name, a.changes
             from (select * from audit_events where clinic_id = $1 and (occurred_at, id) < ($2, $3)
                   order by occurred_at desc, id desc limit 100) a
             left join clinics c on c.id = a.clinic_id left join users u on u.id = a.actor_user_id
             order by a.occurred_at desc, a.id desc";
        Ok(Self {
            clinic: client.prepare(clinic).await.ok(),
            hours: client.prepare(hours).await.ok(),
            providers: client.prepare(providers).await.ok(),
            audit: client.prepare(audit).await?,
            audit_of_clinic: client.prepare(audit_of_clinic).await?,
            tickets: client.prepare(tickets).await?,
            messages: client.prepare(messages).await?,
            all_messages: client.prepare(&messages.replace(" and not is_internal", "")).await?,
            open_ticket: client.prepare(open_ticket).await?,
            client,
        })
    }

    async fn rows(&self, statement: &Statement, values: &[&(dyn ToSql + Sync)]) -> Vec<Row> {
        self.client.query(statement, values).await.unwrap()
    }

    /// Q1.
    async fn clinic(&self, asked: OfClinic, out: &mut Json) {
        let id = Raw16(id_of(&asked.clinic));
        let values: [&(dyn ToSql + Sync); 1] = [&id];
        let (clinics, hours) = futures_util::join!(
            self.rows(self.clinic.as_ref().unwrap(), &values),
            self.rows(self.hours.as_ref().unwrap(), &values)
        );
        let row = &clinics[0];
        cell::<Id<Clinic>>(row, 0, "\"clinic\":{\"id\":", out);
        let names =
            ["name", "slug", "description", "phone", "email", "website", "address", "city", "region", "postalCode"];
        for (at, name) in names.into_iter().chain(["country", "timezone", "locale", "currency"]).enumerate() {
            text(row, 1 + at, name, out);
        }
        upper(row, 15, ",\"status\":", out);
        cell::<DateTime<Utc>>(row, 16, ",\"createdAt\":", out);
        cell::<i32>(row, 17, ",\"version\":", out);
        cell::<bool>(row, 18, ",\"config\":{\"booking\":{\"acceptingNewPatients\":", out);
        cell::<bool>(row, 19, ",\"waitlistEnabled\":", out);
        cell::<i32>(row, 20, ",\"maxNewPatientsPerWeek\":", out);
        cell::<i32>(row, 21, ",\"appointmentDurationMinutes\":", out);
        cell::<i32>(row, 22, ",\"bufferMinutes\":", out);
        cell::<i32>(row, 23, ",\"maxAdvanceBookingDays\":", out);
        cell::<i32>(row, 24, ",\"minAdvanceBookingHours\":", out);
        cell::<i32>(row, 25, ",\"cancellationWindowHours\":", out);
        cell::<bool>(row, 26, ",\"botEnabled\":", out);
        cell::<String>(row, 27, "},\"language\":{\"defaultLanguage\":", out);
        cell::<Vec<String>>(row, 28, ",\"supportedLanguages\":", out);
        // In the order in which Postgres keeps the keys, so that its text is the answer.
        cell::<serde_json::Value>(row, 29, ",\"greetings\":", out);
        cell::<String>(row, 30, "},\"care\":{\"transferPhone\":", out);
        text(row, 31, "preferredPharmacyName", out);
        text(row, 32, "preferredPharmacyAddress", out);
        text(row, 33, "preferredPharmacyFax", out);
        cell::<String>(row, 34, "},\"privacy\":{\"officerName\":", out);
        text(row, 35, "officerEmail", out);
        text(row, 36, "officerPhone", out);
        cell::<i32>(row, 37, ",\"transcriptRetentionDays\":", out);
        cell::<i32>(row, 38, ",\"callLogRetentionDays\":", out);
        cell::<i32>(row, 39, ",\"auditRetentionYears\":", out);
        out.extend_from_slice(b"}},\"hours\":[");
        for (at, row) in hours.iter().enumerate() {
            const DAYS: [&str; 7] = ["SUNDAY", "MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY"];
            let day = raw(row, 0).map_or(0, |two| usize::from(two[1]));
            out.extend_from_slice(if at > 0 { b",{\"dayOfWeek\":\"" } else { b"{\"dayOfWeek\":\"" });
            out.extend_from_slice(DAYS[day].as_bytes());
            time(row, 1, "\",\"opensAt\":", out);
            time(row, 2, ",\"closesAt\":", out);
            cell::<bool>(row, 3, ",\"isClosed\":", out);
            out.push(b'}');
        }
        out.extend_from_slice(b"]}");
    }

    /// Q3.
    async fn providers(&self, out: &mut Json) {
        let rows = self.rows(self.providers.as_ref().unwrap(), &[]).await;
        out.extend_from_slice(b"\"providers\":{\"nodes\":[");
        for (at, row) in rows.iter().enumerate() {
            typed_id("provider", row, 0, if at > 0 { ",{\"id\":" } else { "{\"id\":" }, out);
            text(row, 1, "title", out);
            text(row, 2, "firstName", out);
            text(row, 3, "lastName", out);
            cell::<Vec<String>>(row, 4, ",\"specialties\":", out);
            cell::<Vec<String>>(row, 5, ",\"languages\":", out);
            text(row, 6, "email", out);
            text(row, 7, "phone", out);
            text(row, 8, "color", out);
            upper(row, 9, ",\"status\":", out);
            cell::<bool>(row, 10, ",\"acceptingNewPatients\":", out);
            upper(row, 11, ",\"verificationStatus\":", out);
            cell::<Id<Clinic>>(row, 12, ",\"clinic\":{\"id\":", out);
            text(row, 13, "name", out);
            text(row, 14, "slug", out);
            out.extend_from_slice(b"}}");
        }
        out.extend_from_slice(b"]}");
    }

    /// Q4.
    async fn audit(&self, asked: After, out: &mut Json) {
        let values: [&(dyn ToSql + Sync); 2] = [&Raw8(asked.time), &Raw16(asked.id)];
        let rows = self.rows(&self.audit, &values).await;
        Self::audit_events(&rows, out);
    }

    /// Q4 of a clinic, with what changed.
    async fn audit_of_clinic(&self, asked: AfterInClinic, out: &mut Json) {
        let (clinic, after) = (Raw16(id_of(&asked.clinic)), asked.after);
        let values: [&(dyn ToSql + Sync); 3] = [&clinic, &Raw8(after.time), &Raw16(after.id)];
        let rows = self.rows(&self.audit_of_clinic, &values).await;
        Self::audit_events(&rows, out);
    }

    fn audit_events(rows: &[Row], out: &mut Json) {
        out.extend_from_slice(b"\"auditEvents\":{\"nodes\":[");
        for (at, row) in rows.iter().enumerate() {
            typed_id("audit_event", row, 0, if at > 0 { ",{\"id\":" } else { "{\"id\":" }, out);
            cell::<DateTime<Utc>>(row, 1, ",\"occurredAt\":", out);
            upper(row, 2, ",\"actorKind\":", out);
            text(row, 3, "actorEmail", out);
            upper(row, 4, ",\"verb\":", out);
            text(row, 5, "operation", out);
            text(row, 6, "resourceType", out);
            text(row, 7, "userAgent", out);
            text(row, 8, "requestId", out);
            cell::<bool>(row, 9, ",\"success\":", out);
            if row.len() > 15 {
                changes(raw(row, 15).unwrap(), out);
            }
            cell::<Id<Clinic>>(row, 10, ",\"clinic\":{\"id\":", out);
            text(row, 11, "name", out);
            cell::<Id<User>>(row, 12, "},\"actor\":{\"id\":", out);
            text(row, 13, "firstName", out);
            text(row, 14, "lastName", out);
            out.extend_from_slice(b"}}");
        }
        out.extend_from_slice(b"]}");
    }

    /// Q2.
    async fn tickets(&self, messages: &Statement, asked: OfClinic, out: &mut Json) {
        let tickets = self.rows(&self.tickets, &[&Raw16(id_of(&asked.clinic))]).await;
        let ids: Vec<Raw16> = tickets.iter().map(|row| Raw16(uuid(row, 0))).collect();
        let mut messages = self.rows(messages, &[&ids]).await;
        // The join may have stirred them.
        messages.sort_unstable_by_key(|row| {
            std::cmp::Reverse((i64::from_be_bytes(raw(row, 3).unwrap().try_into().unwrap()), uuid(row, 1)))
        });
        out.extend_from_slice(b"\"tickets\":{\"nodes\":[");
        for (at, row) in tickets.iter().enumerate() {
            if at > 0 {
                out.push(b',');
            }
            cell::<Id<Ticket>>(row, 0, "{\"id\":", out);
            cell::<i32>(row, 1, ",\"number\":", out);
            cell::<String>(row, 2, ",\"title\":", out);
            cell::<String>(row, 3, ",\"description\":", out);
            upper(row, 4, ",\"priority\":", out);
            upper(row, 5, ",\"status\":", out);
            cell::<DateTime<Utc>>(row, 6, ",\"createdAt\":", out);
            cell::<DateTime<Utc>>(row, 7, ",\"updatedAt\":", out);
            cell::<Id<Clinic>>(row, 8, ",\"clinic\":{\"id\":", out);
            cell::<String>(row, 9, ",\"name\":", out);
            cell::<String>(row, 10, ",\"slug\":", out);
            if raw(row, 11).is_some() {
                cell::<Id<User>>(row, 11, "},\"assignee\":{\"id\":", out);
                cell::<String>(row, 12, ",\"firstName\":", out);
                cell::<String>(row, 13, ",\"lastName\":", out);
                out.push(b'}');
            } else {
                out.extend_from_slice(b"},\"assignee\":null");
            }
            out.extend_from_slice(b",\"messages\":{\"nodes\":[");
            let mut first = true;
            for row in messages.iter().filter(|message| raw(message, 0) == raw(row, 0)) {
                if !std::mem::take(&mut first) {
                    out.push(b',');
                }
                cell::<Id<TicketMessage>>(row, 1, "{\"id\":", out);
                cell::<String>(row, 2, ",\"body\":", out);
                cell::<DateTime<Utc>>(row, 3, ",\"createdAt\":", out);
                cell::<Id<User>>(row, 4, ",\"author\":{\"id\":", out);
                cell::<String>(row, 5, ",\"firstName\":", out);
                cell::<String>(row, 6, ",\"lastName\":", out);
                out.extend_from_slice(b"}}");
            }
            out.extend_from_slice(b"]}}");
        }
        out.extend_from_slice(b"]}");
    }

    /// M1.
    async fn open_ticket(&self, asked: Opening, out: &mut Json) {
        let id = Uuid::now_v7();
        let changes = serde_json::json!([
            { "field": "created_by_user_id", "before": null, "after": id_of(&asked.by) },
            { "field": "description", "redacted": true },
            { "field": "priority", "before": null, "after": "medium" },
            { "field": "status", "before": null, "after": "open" },
            { "field": "title", "redacted": true },
        ])
        .to_string();
        let values: [&(dyn ToSql + Sync); 6] = [
            &Raw16(id),
            &Raw16(id_of(&asked.clinic)),
            &Raw16(id_of(&asked.by)),
            &asked.title,
            &asked.description,
            &changes,
        ];
        let rows = self.rows(&self.open_ticket, &values).await;
        let row = &rows[0];
        cell::<Id<Ticket>>(row, 0, "\"openTicket\":{\"id\":", out);
        cell::<i32>(row, 1, ",\"number\":", out);
        cell::<String>(row, 2, ",\"title\":", out);
        upper(row, 3, ",\"priority\":", out);
        upper(row, 4, ",\"status\":", out);
        cell::<DateTime<Utc>>(row, 5, ",\"createdAt\":", out);
        cell::<Id<Clinic>>(row, 6, ",\"clinic\":{\"id\":", out);
        cell::<String>(row, 7, ",\"name\":", out);
        out.extend_from_slice(b"}}");
    }
}

#[derive(Deserialize)]
struct OfClinic {
    clinic: String,
}

#[derive(Deserialize)]
struct AfterInClinic {
    clinic: String,
    #[serde(flatten)]
    after: After,
}

#[derive(Deserialize)]
struct After {
    /// Microseconds of Postgres' epoch.
    time: i64,
    id: Uuid,
}

#[derive(Deserialize)]
struct Opening {
    clinic: String,
    by: String,
    title: String,
    description: String,
}

fn id_of(text: &str) -> Uuid {
    ids::split(text).unwrap().1
}

/// Writes the text before a value, and the value.
fn cell<T: Cell>(row: &Row, at: usize, head: &str, out: &mut Json) {
    out.extend_from_slice(head.as_bytes());
    match raw(row, at) {
        Some(raw) => T::write(raw, out),
        None => out.extend_from_slice(b"null"),
    }
}

/// An enum's value: the database's word, in capitals.
fn upper(row: &Row, at: usize, head: &str, out: &mut Json) {
    out.extend_from_slice(head.as_bytes());
    out.push(b'"');
    out.extend(raw(row, at).unwrap_or_default().iter().map(u8::to_ascii_uppercase));
    out.push(b'"');
}

fn text(row: &Row, at: usize, name: &str, out: &mut Json) {
    out.extend_from_slice(b",\"");
    out.extend_from_slice(name.as_bytes());
    cell::<String>(row, at, "\":", out);
}

/// A time of day: microseconds since midnight.
fn time(row: &Row, at: usize, head: &str, out: &mut Json) {
    out.extend_from_slice(head.as_bytes());
    let Some(raw) = raw(row, at) else { return out.extend_from_slice(b"null") };
    let seconds = i64::from_be_bytes(raw.try_into().unwrap()) / 1_000_000;
    let digits =
        [seconds / 36_000, seconds / 3_600 % 10, seconds / 600 % 6, seconds / 60 % 10, seconds / 10 % 6, seconds % 10];
    let [h, hh, m, mm, s, ss] = digits.map(|digit| b'0' + digit as u8);
    out.extend_from_slice(&[b'"', h, hh, b':', m, mm, b':', s, ss, b'"']);
}

/// The changes of an audit event: taken apart, and put together with what the column leaves out.
fn changes(raw: &[u8], out: &mut Json) {
    #[derive(Deserialize, serde::Serialize)]
    struct Change<'a> {
        field: std::borrow::Cow<'a, str>,
        #[serde(borrow, default)]
        before: Option<&'a serde_json::value::RawValue>,
        #[serde(borrow, default)]
        after: Option<&'a serde_json::value::RawValue>,
        #[serde(default)]
        redacted: bool,
    }
    out.extend_from_slice(b",\"changes\":");
    let changes: Vec<Change<'_>> = serde_json::from_slice(raw).unwrap();
    serde_json::to_writer(&mut *out, &changes).unwrap();
}

fn typed_id(kind: &str, row: &Row, at: usize, head: &str, out: &mut Json) {
    out.extend_from_slice(head.as_bytes());
    out.push(b'"');
    out.extend_from_slice(kind.as_bytes());
    out.push(b'_');
    out.extend_from_slice(&ids::encode(uuid(row, at)));
    out.push(b'"');
}

fn raw(row: &Row, at: usize) -> Option<&[u8]> {
    row.get::<_, Option<AsItCame<'_>>>(at).map(|bytes| bytes.0)
}

fn uuid(row: &Row, at: usize) -> Uuid {
    Uuid::from_slice(raw(row, at).unwrap()).unwrap()
}

/// A value of whatever type, as it came.
struct AsItCame<'a>(&'a [u8]);

impl<'a> FromSql<'a> for AsItCame<'a> {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self(raw))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

#[derive(Debug)]
struct Raw16(Uuid);

impl ToSql for Raw16 {
    fn to_sql(&self, _: &Type, out: &mut bytes::BytesMut) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        out.extend_from_slice(self.0.as_bytes());
        Ok(IsNull::No)
    }

    fn accepts(ty: &Type) -> bool {
        *ty == Type::UUID
    }

    tokio_postgres::types::to_sql_checked!();
}

#[derive(Debug)]
struct Raw8(i64);

impl ToSql for Raw8 {
    fn to_sql(&self, _: &Type, out: &mut bytes::BytesMut) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        out.extend_from_slice(&self.0.to_be_bytes());
        Ok(IsNull::No)
    }

    fn accepts(ty: &Type) -> bool {
        *ty == Type::TIMESTAMPTZ
    }

    tokio_postgres::types::to_sql_checked!();
}

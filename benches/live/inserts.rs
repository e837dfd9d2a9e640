//! What telling of a change costs those who make it: a message on a ticket, with its audit row, its event and the
//! notification of one person (with an event of its own), against the bare row with the same keys, indexes and policies.
//! Each client is somebody else, in a clinic of its own: foreign keys lock what they point to, and 64 who write at once on
//! behalf of one person would measure that. Once as the server writes it, a scope for each; and once as a transaction of one statement, sent by a
//! superuser, which shows what telling costs in itself.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use chrono::{DateTime, Utc};
use clap::Args;
use clinigraph::{
    kernel::{
        Actor,
        actor::{Origin, Person, Role},
        db::{self, Access, Door, Note, Pools, connect, kept},
        events::Event,
    },
    notification::{About, NotificationKind, Recipients, tell},
};
use diesel::{QueryableByName, sql_query, sql_types};
use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use futures_util::future::BoxFuture;
use uuid::Uuid;

use crate::database::Empty;

#[derive(Args)]
pub struct Options {
    /// Clients that insert.
    #[arg(long, default_value_t = 64, global = true)]
    clients: usize,
    /// Connections that the server has for them.
    #[arg(long, default_value_t = 16, global = true)]
    connections: usize,
    /// Rounds of each kind, in turn.
    #[arg(long, default_value_t = 5, global = true)]
    rounds: usize,
    /// Seconds of a round.
    #[arg(long, default_value_t = 3, global = true)]
    seconds: u64,
}

const TICKETS: usize = 20;
const MESSAGE: &str = "insert into $table (id, clinic_id, ticket_id, author_user_id, body, is_internal, created_at)
    values ($1, $2, $3, $4, 'Please help.', false, now())";

pub async fn compare(database: &Empty, options: &Options) {
    let mut superuser = connect(&database.url).await.unwrap();
    superuser
        .batch_execute(&format!(
            "create temporary table place as select n, gen_random_uuid() as clinic, gen_random_uuid() as writer, gen_random_uuid() as told
                 from generate_series(1, {}) as n;
             insert into clinics (id, name, slug, timezone, currency, status)
                 select clinic, 'Oak ' || n, 'oak-' || n, 'America/Vancouver', 'CAD', 'active' from place;
             insert into users (id, email, first_name, last_name, status)
                 select id, id || '@people.example', 'Jo', 'Tester', 'active'
                 from (select writer as id from place union all select told from place) as person;
             insert into memberships (id, clinic_id, user_id, role)
                 select gen_random_uuid(), clinic, unnest(array[writer, told]), 'clinic_manager' from place;
             insert into support_tickets (id, clinic_id, created_by_user_id, title, description, created_at, updated_at)
                 select gen_random_uuid(), clinic, told, 'Printer', 'Please help.', now(), now()
                 from place, generate_series(1, {TICKETS});
             create table bare_messages (like ticket_messages including all,
                 foreign key (clinic_id, ticket_id) references support_tickets (clinic_id, id) on delete cascade,
                 foreign key (author_user_id) references users (id));
             alter table bare_messages enable row level security, force row level security;
             create policy tenant on bare_messages to clinigraph_tenant
                 using (clinic_id = (select private.request_clinic_id()) and not is_internal);
             grant select, insert on bare_messages to clinigraph_tenant;
             analyze",
            options.clients
        ))
        .await
        .unwrap();
    let writers = Writer::all(database, options).await;
    let bare = MESSAGE.replace("$table", "bare_messages");
    let audited = MESSAGE.replace("$table", "ticket_messages");
    let told = format!(
        "with message as ({audited} returning id, clinic_id, ticket_id, author_user_id),
         notified as (
             insert into notifications (id, recipient_user_id, clinic_id, kind, title, body, link_path, ticket_id, dedupe_key, created_at)
             select $1, $5, clinic_id, 'ticket_reply', 'Reply to ticket 1: Printer', 'Please help.',
                    '/tickets/1', ticket_id, id || ':added', now() from message
             returning id, clinic_id, recipient_user_id)
         insert into outbox_events (clinic_id, user_id, audience, topic, subject_id, parent_id, kind)
         select clinic_id, null::uuid, 'clinic', 'ticket_message', id, ticket_id, 'added' from message
         union all
         select clinic_id, recipient_user_id, 'clinic', 'notification', id, null, 'received' from notified",
    );
    let kinds = [What::Bare, What::Audited, What::Told];
    let mut rates = vec![Vec::new(); 2 * kinds.len()];
    for _ in 0..options.rounds {
        for (at, kind) in kinds.into_iter().enumerate() {
            rates[at].push(by_server(&writers, kind, options).await);
        }
        for (at, statement) in [&bare, &audited, &told].into_iter().enumerate() {
            rates[kinds.len() + at].push(by_statement(&database.url, &writers, statement, options).await);
        }
    }
    let median = |rates: &mut Vec<f64>| {
        rates.sort_unstable_by(f64::total_cmp);
        rates[rates.len() / 2]
    };
    let medians: Vec<f64> = rates.iter_mut().map(median).collect();
    for (title, medians) in ["as the server writes", "one statement each"].into_iter().zip(medians.chunks(kinds.len()))
    {
        println!("\n| {title}, {} clients | transactions/s | of the bare |\n|---|---|---|", options.clients);
        for (kind, rate) in kinds.into_iter().zip(medians) {
            println!("| {} | {rate:.0} | {:.0} % |", kind.name(), rate / medians[0] * 100.0);
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "no test turns this clock")]
fn now() -> DateTime<Utc> {
    Utc::now()
}

/// What is written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum What {
    Bare,
    Audited,
    Told,
}

impl What {
    fn name(self) -> &'static str {
        match self {
            Self::Bare => "bare",
            Self::Audited => "with audit",
            Self::Told => "with audit, notification and events",
        }
    }
}

/// Somebody who writes.
#[derive(Clone)]
struct Writer {
    door: Door,
    actor: Actor,
    clinic: Uuid,
    tickets: Vec<Uuid>,
    told: Uuid,
    note: Note,
}

#[derive(QueryableByName)]
struct Place {
    #[diesel(sql_type = sql_types::Uuid)]
    clinic: Uuid,
    #[diesel(sql_type = sql_types::Uuid)]
    told: Uuid,
    #[diesel(sql_type = sql_types::Uuid)]
    writer: Uuid,
    #[diesel(sql_type = sql_types::Array<sql_types::Uuid>)]
    tickets: Vec<Uuid>,
    #[diesel(sql_type = sql_types::BigInt)]
    version: i64,
}

impl Writer {
    async fn all(database: &Empty, options: &Options) -> Vec<Self> {
        let places: Vec<Place> = sql_query(
            "select t.clinic_id as clinic, created_by_user_id as told, user_id as writer, array_agg(t.id) as tickets,
                    coalesce((select version from private.access_versions v where v.user_id = m.user_id), 0) as version
             from support_tickets t join memberships m on m.clinic_id = t.clinic_id and m.user_id <> created_by_user_id
             group by 1, 2, 3",
        )
        .load(&mut connect(&database.url).await.unwrap())
        .await
        .unwrap();
        let pools = Pools::new(&db::Config {
            url: database.server_url.clone(),
            connections: options.connections,
            wait: Duration::from_secs(30),
            statement_timeout: Duration::from_secs(30),
        })
        .unwrap();
        let door = Door::new(pools);
        let origin =
            Origin { request_id: "bench".to_owned(), address: [127, 0, 0, 1].into(), agent: Some("bench".to_owned()) };
        let note = Note { operation: "replyToTicket".to_owned(), origin: Arc::new(origin) };
        let writer = |Place { clinic, told, writer, tickets, version }| {
            // Under the number of changes that stands nobody looks for the session.
            let person = Person {
                session_id: Uuid::nil(),
                user_id: writer,
                email: "writer@people.example".to_owned(),
                is_platform_admin: false,
                acting: Some((clinic, Role::ClinicManager)),
                access_version: version,
                good_until: now() + Duration::from_secs(3600),
            };
            Self {
                door: door.clone(),
                actor: Actor::Person(Arc::new(person)),
                clinic,
                tickets,
                told,
                note: note.clone(),
            }
        };
        places.into_iter().map(writer).collect()
    }

    fn id(&self) -> Uuid {
        self.actor.person().unwrap().user_id
    }

    /// As the server does.
    async fn write(&self, what: What, turn: usize) {
        let scope = self.door.scope(self.actor.clone(), Access::Write, Some(self.note.clone()));
        let (id, ticket) = (Uuid::now_v7(), self.tickets[turn % self.tickets.len()]);
        let table = if what == What::Bare { "bare_messages" } else { "ticket_messages" };
        let message = sql_query(MESSAGE.replace("$table", table))
            .bind::<sql_types::Uuid, _>(id)
            .bind::<sql_types::Uuid, _>(self.clinic)
            .bind::<sql_types::Uuid, _>(ticket)
            .bind::<sql_types::Uuid, _>(self.id());
        let tx = scope.tx().await.unwrap();
        kept(message).execute(&mut tx.conn().unwrap()).await.unwrap();
        if what == What::Told {
            let added = Event::new("ticket_message", "added", id, Some(self.clinic));
            added.within(ticket).push(&scope);
            let about = About {
                what: NotificationKind::TicketReply,
                clinic: self.clinic,
                ticket,
                title: "Reply to ticket 1: Printer".to_owned(),
                body: "Please help.",
                cause: format!("{id}:added"),
                now: now(),
            };
            tell(&scope, Recipients::One(self.told), about).await.unwrap();
        }
        scope.commit().await.unwrap();
    }
}

impl Writer {
    /// As a transaction of one statement.
    async fn state(&self, mut pg: &AsyncPgConnection, statement: &str, turn: usize) {
        let message = sql_query(statement)
            .bind::<sql_types::Uuid, _>(Uuid::now_v7())
            .bind::<sql_types::Uuid, _>(self.clinic)
            .bind::<sql_types::Uuid, _>(self.tickets[turn % self.tickets.len()])
            .bind::<sql_types::Uuid, _>(self.id());
        if statement.contains("$5") {
            kept(message.bind::<sql_types::Uuid, _>(self.told)).execute(&mut pg).await.unwrap();
        } else {
            kept(message).execute(&mut pg).await.unwrap();
        }
    }
}

async fn by_server(writers: &[Writer], what: What, options: &Options) -> f64 {
    let clients = writers.iter().map(|writer| (writer.clone(), what)).collect();
    round(clients, options, |(writer, what), turn| Box::pin(writer.write(*what, turn))).await
}

/// Transactions of one statement.
async fn by_statement(url: &str, writers: &[Writer], statement: &str, options: &Options) -> f64 {
    let mut clients = Vec::new();
    for writer in writers {
        clients.push((connect(url).await.unwrap(), statement.to_owned(), writer.clone()));
    }
    round(clients, options, |(pg, statement, writer), turn| Box::pin(writer.state(pg, statement, turn))).await
}

/// Has each client write, one message after the other; tells how many a second.
async fn round<C: Send + Sync + 'static>(
    clients: Vec<C>,
    options: &Options,
    write: for<'a> fn(&'a C, usize) -> BoxFuture<'a, ()>,
) -> f64 {
    let (done, over) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
    let begun = Instant::now();
    let run = |client: C| {
        let (done, over) = (Arc::clone(&done), Arc::clone(&over));
        tokio::spawn(async move {
            let mut turn = 0;
            while !AtomicBool::load(&over, Ordering::Relaxed) {
                turn += 1;
                write(&client, turn).await;
                done.fetch_add(1, Ordering::Relaxed);
            }
        })
    };
    let running: Vec<_> = clients.into_iter().map(run).collect();
    tokio::time::sleep(Duration::from_secs(options.seconds)).await;
    over.store(true, Ordering::Relaxed);
    for client in running {
        client.await.unwrap();
    }
    AtomicU64::load(&done, Ordering::Relaxed) as f64 / begun.elapsed().as_secs_f64()
}

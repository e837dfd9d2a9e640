//! What audit, events and notifications cost a change: a row with its audit row, its event and the notification of one
//! person (with an event of its own), against the bare row with the same keys, indexes and policies. Once for a ticket
//! that is opened, of which administrators are notified, and once for a message on one, the smallest row there is. All is
//! written as the server does it, in a scope for each. Each client is another person, in a clinic of its own: foreign keys
//! lock the rows that they point to, and 64 clients who write on behalf of one person would measure that.

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
    graphql,
    kernel::{
        Actor, Id,
        actor::{Origin, Person, SystemRole},
        db::{self, Access, Database, Note, Pools, connect, prepared},
        events::Event,
    },
    notification::{Notice, NotificationKind, Recipients, Subject, notify},
    support::{Ticket, TicketEventKind, TicketMessageEventKind},
};
use diesel::{QueryableByName, sql_query, sql_types};
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
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
    /// Administrators who are notified of a ticket.
    #[arg(long, default_value_t = 1, global = true)]
    administrators: usize,
    /// Microseconds that each flush takes longer, as on a slower disk.
    #[arg(long, default_value_t = 0, global = true)]
    flush: u32,
    /// Rounds of each kind, in turn.
    #[arg(long, default_value_t = 5, global = true)]
    rounds: usize,
    /// Seconds of a round.
    #[arg(long, default_value_t = 3, global = true)]
    seconds: u64,
}

/// Tickets of each clinic, for the messages.
const TICKETS: usize = 20;
const MESSAGE: &str = "insert into $table (id, clinic_id, ticket_id, author_user_id, body, is_internal, created_at)
    values ($1, $2, $4, $3, 'Please help.', false, now())";
const TICKET: &str =
    "insert into $table (id, clinic_id, created_by_user_id, created_by, title, description, first_response_due_at,
                         resolution_due_at, created_at, updated_at)
    values ($1, $2, $3, $3, 'Printer', 'Please help.', now() + interval '8 hours', now() + interval '72 hours', now(), now())";

pub async fn compare(database: &Empty, options: &Options) {
    let mut superuser = connect(&database.url).await.unwrap();
    superuser
        .batch_execute(&format!(
            "create temporary table place as select n, gen_random_uuid() as clinic, gen_random_uuid() as writer, gen_random_uuid() as notified
                 from generate_series(1, {}) as n;
             insert into clinics (id, name, slug, timezone, currency, status)
                 select clinic, 'Oak ' || n, 'oak-' || n, 'America/Vancouver', 'CAD', 'active' from place;
             insert into users (id, email, first_name, last_name, status)
                 select id, id || '@people.example', 'Jo', 'Tester', 'active'
                 from (select writer as id from place union all select notified from place) as person;
             insert into users (id, email, first_name, last_name, status, is_platform_admin)
                 select gen_random_uuid(), 'admin-' || n || '@people.example', 'Jo', 'Tester', 'active', true
                 from generate_series(1, {}) as n;
             insert into memberships (id, clinic_id, user_id, role)
                 select gen_random_uuid(), clinic, unnest(array[writer, notified]), 'clinic_manager' from place;
             insert into support_tickets (id, clinic_id, created_by_user_id, title, description, created_at, updated_at)
                 select gen_random_uuid(), clinic, notified, 'Printer', 'Please help.', now(), now()
                 from place, generate_series(1, {TICKETS});
             create table bare_messages (like ticket_messages including all,
                 foreign key (clinic_id, ticket_id) references support_tickets (clinic_id, id) on delete cascade,
                 foreign key (author_user_id) references users (id));
             create table bare_tickets (like support_tickets including all,
                 foreign key (clinic_id) references clinics (id),
                 foreign key (created_by_user_id) references users (id),
                 foreign key (assignee_id) references users (id));
             alter table bare_messages enable row level security, force row level security;
             alter table bare_tickets enable row level security, force row level security;
             create policy tenant on bare_messages to clinigraph_tenant
                 using (clinic_id = (select private.request_clinic_id()) and not is_internal);
             create policy tenant on bare_tickets to clinigraph_tenant
                 using (clinic_id = (select private.request_clinic_id()));
             grant select, insert on bare_messages, bare_tickets to clinigraph_tenant;
             do $$ begin execute format('alter database %I set commit_delay = {}', current_database());
                         execute format('alter database %I set commit_siblings = 0', current_database()); end $$;
             analyze",
            options.clients, options.administrators, options.flush
        ))
        .await
        .unwrap();
    let writers = Writer::all(database, options).await;
    println!("\n| {} clients | transactions/s | of the bare |\n|---|---|---|", options.clients);
    for row in [Row::Ticket, Row::Message] {
        let kinds = [With::Nothing, With::Audit, With::All];
        let mut rates = kinds.map(|_| Vec::new());
        for _ in 0..options.rounds {
            for (kind, rates) in kinds.into_iter().zip(&mut rates) {
                rates.push(round(&writers, row, kind, options).await);
            }
        }
        let medians = rates.map(|mut rates| {
            rates.sort_unstable_by(f64::total_cmp);
            rates[rates.len() / 2]
        });
        for (kind, rate) in kinds.into_iter().zip(medians) {
            println!("| {}{} | {rate:.0} | {:.0} % |", row.name(), kind.name(), rate / medians[0] * 100.0);
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "no test turns this clock")]
fn now() -> DateTime<Utc> {
    Utc::now()
}

/// What is written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Row {
    Ticket,
    Message,
}

impl Row {
    fn name(self) -> &'static str {
        match self {
            Self::Ticket => "a ticket",
            Self::Message => "a message",
        }
    }

    /// Writes it; it takes its id, the writer's clinic and person, and a message a ticket of theirs.
    fn insert(self, with: With) -> String {
        match (self, with) {
            (Self::Ticket, With::Nothing) => TICKET.replace("$table", "bare_tickets"),
            (Self::Ticket, _) => TICKET.replace("$table", "support_tickets"),
            (Self::Message, With::Nothing) => MESSAGE.replace("$table", "bare_messages"),
            (Self::Message, _) => MESSAGE.replace("$table", "ticket_messages"),
        }
    }
}

/// What is written with the row.
#[derive(Clone, Copy, PartialEq, Eq)]
enum With {
    Nothing,
    Audit,
    All,
}

impl With {
    fn name(self) -> &'static str {
        match self {
            Self::Nothing => ", bare",
            Self::Audit => " with audit",
            Self::All => " with audit, notification and events",
        }
    }
}

/// A client that writes.
#[derive(Clone)]
struct Writer {
    database: Database,
    actor: Actor,
    clinic: Uuid,
    tickets: Vec<Uuid>,
    notified: Uuid,
    note: Note,
}

#[derive(QueryableByName)]
struct Place {
    #[diesel(sql_type = sql_types::Uuid)]
    clinic: Uuid,
    #[diesel(sql_type = sql_types::Uuid)]
    notified: Uuid,
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
            "select t.clinic_id as clinic, created_by_user_id as notified, user_id as writer, array_agg(t.id) as tickets,
                    coalesce((select version from private.access_versions v where v.user_id = m.user_id), 0) as version
             from support_tickets t join memberships m on m.clinic_id = t.clinic_id and m.user_id <> created_by_user_id
             group by 1, 2, 3",
        )
        .load(&mut connect(&database.url).await.unwrap())
        .await
        .unwrap();
        let pools = Pools::new(&db::Config {
            logins: database.logins.clone(),
            connections: options.connections,
            jobs: 0,
            wait: Duration::from_secs(30),
            statement_timeout: Duration::from_secs(30),
            job_timeout: Duration::from_secs(30),
            // The writers stand for all clinics, and the shares do not distinguish them.
            shares: db::Shares {
                person: 100,
                party: 100,
                waiting_of_person: usize::MAX,
                waiting_of_party: usize::MAX,
                wait: Duration::from_secs(30),
            },
        })
        .unwrap();
        let database = Database::new(pools, clinigraph::kernel::clock::Clock::default());
        let origin =
            Origin { request_id: "bench".to_owned(), address: [127, 0, 0, 1].into(), agent: Some("bench".to_owned()) };
        let note = Note::Request { operation: "replyToTicket".to_owned(), origin: Arc::new(origin) };
        let writer = |Place { clinic, notified, writer, tickets, version }| {
            // With the current number of changes the session is not looked up.
            let person = Person {
                session_id: Some(Uuid::nil()),
                user_id: writer,
                email: "writer@people.example".to_owned(),
                is_platform_admin: false,
                acting: Some((clinic, SystemRole::ClinicManager)),
                network_id: None,
                access_version: version,
                good_until: now() + Duration::from_secs(3600),
            };
            Self {
                database: database.clone(),
                actor: Actor::Person(Arc::new(person)),
                clinic,
                tickets,
                notified,
                note: note.clone(),
            }
        };
        places.into_iter().map(writer).collect()
    }

    fn id(&self) -> Uuid {
        self.actor.person().unwrap().user_id
    }

    /// As the server does.
    async fn write(&self, row: Row, with: With, turn: usize) {
        let scope = self.database.scope(self.actor.clone(), Access::Write, Some(self.note.clone()));
        let (id, ticket) = (Uuid::now_v7(), self.tickets[turn % self.tickets.len()]);
        let insert = sql_query(row.insert(with))
            .bind::<sql_types::Uuid, _>(id)
            .bind::<sql_types::Uuid, _>(self.clinic)
            .bind::<sql_types::Uuid, _>(self.id());
        let tx = scope.tx().await.unwrap();
        match row {
            Row::Ticket => prepared(insert).execute(&mut tx.conn().unwrap()).await.unwrap(),
            Row::Message => {
                prepared(insert.bind::<sql_types::Uuid, _>(ticket)).execute(&mut tx.conn().unwrap()).await.unwrap()
            }
        };
        if with == With::All {
            let (event, kind, whom, ticket) = match row {
                Row::Ticket => {
                    let opened = Event::of(TicketEventKind::Opened, Id::from_uuid(id), Some(self.clinic));
                    (opened, NotificationKind::TicketCreated, Recipients::Administrators, id)
                }
                Row::Message => {
                    let added =
                        Event::of(TicketMessageEventKind::Added, Id::from_uuid(id), Some(self.clinic)).within(ticket);
                    (added, NotificationKind::TicketReply, Recipients::One(self.notified), ticket)
                }
            };
            event.push(&scope);
            let notice = Notice {
                kind: graphql::notices().of(kind).unwrap(),
                clinic: Some(self.clinic),
                subject: Subject::of(Id::<Ticket>::from_uuid(ticket)),
                link_path: Some(format!("/tickets/{}", Id::<Ticket>::from_uuid(ticket))),
                values: vec![("number", 1.into()), ("title", "Printer".into()), ("text", "Please help.".into())],
                cause: id.to_string(),
                now: now(),
            };
            notify(&scope, whom, notice).await.unwrap();
        }
        scope.commit().await.unwrap();
    }
}

/// Has each writer write one row after the other; returns the rows per second.
async fn round(writers: &[Writer], row: Row, with: With, options: &Options) -> f64 {
    let (done, over) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
    let begun = Instant::now();
    let run = |writer: Writer| {
        let (done, over) = (Arc::clone(&done), Arc::clone(&over));
        tokio::spawn(async move {
            let mut turn = 0;
            while !AtomicBool::load(&over, Ordering::Relaxed) {
                turn += 1;
                writer.write(row, with, turn).await;
                done.fetch_add(1, Ordering::Relaxed);
            }
        })
    };
    let running: Vec<_> = writers.iter().cloned().map(run).collect();
    tokio::time::sleep(Duration::from_secs(options.seconds)).await;
    over.store(true, Ordering::Relaxed);
    for writer in running {
        writer.await.unwrap();
    }
    AtomicU64::load(&done, Ordering::Relaxed) as f64 / begun.elapsed().as_secs_f64()
}

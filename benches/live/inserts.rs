//! What telling of a change costs those who make it: a message on one of a thousand tickets, with its audit row, its event
//! and the notification of one person (with an audit row and an event of its own), against the bare row with the same
//! keys and indexes. Each is a transaction of one statement.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use clap::Args;
use clinigraph::kernel::db::connect;
use diesel_async::SimpleAsyncConnection;
use tokio_postgres::NoTls;

#[derive(Args)]
pub struct Options {
    /// Clients that insert.
    #[arg(long, default_value_t = 64, global = true)]
    clients: usize,
    /// Rounds of each kind, in turn.
    #[arg(long, default_value_t = 5, global = true)]
    rounds: usize,
    /// Seconds of a round.
    #[arg(long, default_value_t = 3, global = true)]
    seconds: u64,
}

const MESSAGE: &str = "insert into $table (id, clinic_id, ticket_id, author_user_id, body, is_internal, created_at)
    select gen_random_uuid(), clinic_id, id, created_by_user_id, 'Please help.', false, now() from support_tickets
    where number = $1";

pub async fn compare(url: &str, options: &Options) {
    super::people::make(url, 1).await;
    connect(url)
        .await
        .unwrap()
        .batch_execute(
            "insert into support_tickets (id, clinic_id, created_by_user_id, title, description, created_at, updated_at)
             select gen_random_uuid(), clinic_id, user_id, 'Printer', 'Please help.', now(), now()
             from memberships, generate_series(1, 1000);
             create table bare_messages (like ticket_messages including all,
                 foreign key (clinic_id, ticket_id) references support_tickets (clinic_id, id) on delete cascade,
                 foreign key (clinic_id) references clinics (id), foreign key (author_user_id) references users (id));
             analyze",
        )
        .await
        .unwrap();
    let bare = MESSAGE.replace("$table", "bare_messages");
    let told = format!(
        "with message as ({} returning id, clinic_id, ticket_id, author_user_id),
         notified as (
             insert into notifications (id, recipient_user_id, clinic_id, kind, title, body, link_path, ticket_id, dedupe_key, created_at)
             select gen_random_uuid(), author_user_id, clinic_id, 'ticket_reply', 'Reply to ticket 1: Printer', 'Please help.',
                    '/tickets/1', ticket_id, id || ':added', now() from message
             returning id, clinic_id, recipient_user_id)
         insert into outbox_events (clinic_id, user_id, audience, topic, subject_id, parent_id, kind)
         select clinic_id, null::uuid, 'clinic', 'ticket_message', id, ticket_id, 'added' from message
         union all
         select clinic_id, recipient_user_id, 'clinic', 'notification', id, null, 'received' from notified",
        MESSAGE.replace("$table", "ticket_messages")
    );
    let audited = MESSAGE.replace("$table", "ticket_messages");
    let kinds = [("bare", &bare), ("with audit", &audited), ("with audit, notification and events", &told)];
    let mut rates = vec![Vec::new(); kinds.len()];
    for _ in 0..options.rounds {
        for ((_, statement), rates) in kinds.iter().zip(&mut rates) {
            rates.push(round(url, statement, options).await);
        }
    }
    let median = |rates: &mut Vec<f64>| {
        rates.sort_unstable_by(f64::total_cmp);
        rates[rates.len() / 2]
    };
    let medians: Vec<f64> = rates.iter_mut().map(median).collect();
    println!("\n| insert, {} clients | transactions/s | of the bare |\n|---|---|---|", options.clients);
    for ((name, _), rate) in kinds.iter().zip(&medians) {
        println!("| {name} | {rate:.0} | {:.0} % |", rate / medians[0] * 100.0);
    }
}

async fn round(url: &str, statement: &str, options: &Options) -> f64 {
    let (done, over) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
    let mut clients = Vec::new();
    for _ in 0..options.clients {
        let (client, connection) = url.parse::<tokio_postgres::Config>().unwrap().connect(NoTls).await.unwrap();
        tokio::spawn(connection);
        let statement = client.prepare(statement).await.unwrap();
        clients.push((client, statement));
    }
    let begun = Instant::now();
    let running: Vec<_> = clients
        .into_iter()
        .zip(0_i32..)
        .map(|((client, statement), place)| {
            let (done, over) = (Arc::clone(&done), Arc::clone(&over));
            tokio::spawn(async move {
                let mut ticket = place * 31;
                while !over.load(Ordering::Relaxed) {
                    ticket = (ticket + 7) % 1000;
                    client.execute(&statement, &[&(ticket + 1)]).await.unwrap();
                    done.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    tokio::time::sleep(Duration::from_secs(options.seconds)).await;
    over.store(true, Ordering::Relaxed);
    for client in running {
        client.await.unwrap();
    }
    done.load(Ordering::Relaxed) as f64 / begun.elapsed().as_secs_f64()
}

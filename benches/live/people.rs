//! A clinic with as many people as there are subscribers, each with a session of their own.

use clinigraph::kernel::db::connect;
use diesel_async::SimpleAsyncConnection;

/// The token of one of them.
pub fn token(number: usize) -> String {
    format!("bench_{number}")
}

/// Makes them, in a database with nobody else.
pub async fn make(url: &str, people: usize) {
    let make = format!(
        "insert into clinics (id, name, slug, timezone, currency, status)
         values ('00000000-0000-7000-8000-000000000001', 'Oak', 'oak', 'America/Vancouver', 'CAD', 'active');
         create temporary table person as
             select n, gen_random_uuid() as id from generate_series(0, {people} - 1) as n;
         insert into users (id, email, first_name, last_name, status)
             select id, n || '@people.example', 'Jo', 'Tester', 'active' from person;
         insert into memberships (id, clinic_id, user_id, role)
             select gen_random_uuid(), '00000000-0000-7000-8000-000000000001', id, 'clinic_manager' from person;
         insert into sessions (id, user_id, token_hash, acting_clinic_id, expires_at)
             select gen_random_uuid(), id, sha256(convert_to('bench_' || n, 'UTF8')),
                    '00000000-0000-7000-8000-000000000001', now() + interval '1 day' from person;
         analyze"
    );
    connect(url).await.unwrap().batch_execute(&make).await.unwrap();
}

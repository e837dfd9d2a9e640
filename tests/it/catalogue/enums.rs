//! Enums and the constraints that hold texts to their values.

use super::{TABLES, superuser};
use crate::{
    cases::{assert_complete, enums},
    harness::sql::texts,
};

/// Lists of values that are no enum of the API: triggers and the relay alone write them.
const PLAIN_LISTS: [&str; 1] = ["outbox_events_audience_check"];

#[tokio::test]
async fn enums_and_their_constraints_name_the_same_values() {
    let connection = superuser().await;
    let listing = "select conname::text as value from pg_constraint
                   where contype = 'c' and pg_get_constraintdef(oid) like '%ANY (ARRAY[%'
                     and (contypid <> 0 or conrelid in (select oid from t)) order by 1";
    let there = texts(&connection, &format!("{TABLES} {listing}")).await.unwrap();
    let cases = enums().map(|one| one.constraint).chain(PLAIN_LISTS).map(str::to_owned);
    assert_complete("constraint", "enums", there, cases);
    for one in enums() {
        let constraint = one.constraint;
        let values = format!(
            "select m[1] as value from pg_constraint, regexp_matches(pg_get_constraintdef(oid), '''([^'']*)''::text', 'g') as m
             where conname = '{constraint}' and conrelid not in (select inhrelid from pg_inherits)"
        );
        assert_eq!(texts(&connection, &values).await.unwrap(), one.values, "{constraint}");
    }
}

//! What the number of a ticket gives away.

use crate::harness::TestApp;

#[tokio::test]
async fn two_numbers_do_not_tell_how_many_tickets_others_opened_between_them() {
    let app = TestApp::new().await;
    let numbers = app.rows("select private.ticket_number() as number from generate_series(1, 200)").await;
    let numbers: Vec<i64> = numbers.iter().map(|row| row["number"].as_i64().unwrap()).collect();

    assert!(numbers.iter().all(|number| (100_000..1_000_000).contains(number)), "{numbers:?}");
    let mut sorted = numbers.clone();
    sorted.sort_unstable();
    sorted.dedup();
    assert_eq!(sorted.len(), 200);
    // In a random order half of them are greater than the one before.
    let greater = numbers.windows(2).filter(|pair| pair[1] > pair[0]).count();
    assert!((60..140).contains(&greater), "{greater} of 199 count up");
    let near = numbers.windows(2).filter(|pair| (pair[1] - pair[0]).abs() < 1_000).count();
    assert!(near < 10, "{near} of 199 are close to the one before");
}

#[tokio::test]
async fn every_number_is_given_once_and_nobody_sees_the_key() {
    let app = TestApp::new().await;
    for size in [1, 2, 9, 10, 1_000, 4_097] {
        let (low, high, count) = (0, size - 1, size);
        let of = format!(
            "select min(p) = {low} and max(p) = {high} and count(distinct p) = {count} from
             (select private.permuted(n, {size}, '\\x0102') as p from generate_series(0, {size} - 1) as n) as permuted"
        );
        assert_eq!(app.value(&of).await, true, "{size}");
    }
    // Seven digits when those with six are used up.
    app.execute("select setval('support_tickets_number_seq', 899999, false)").await;
    let numbers = app.rows("select private.ticket_number() as number from generate_series(1, 2)").await;
    assert!(numbers[0]["number"].as_i64().unwrap() < 1_000_000 && numbers[1]["number"].as_i64().unwrap() >= 1_000_000);

    let key = "select encode(key, 'hex') from private.ticket_number_key";
    assert_eq!(app.value("select count(*) from private.ticket_number_key").await, 1);
    for role in ["tenant", "admin", "auditor", "patient", "partner"] {
        assert!(app.as_role(role, key).await.is_err(), "{role}");
    }
}

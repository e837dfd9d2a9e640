//! Many at once over few connections, some of whom hang up; and what changes between one request and the next.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use clinigraph::{
    access::{Sessions, token_hash},
    kernel::{
        Actor,
        actor::SystemRole,
        db::{self, Access, Claim, Class, Party, Terms},
    },
};
use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};
use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};
use uuid::Uuid;

use crate::{
    clinic::TestClinic,
    harness::{Person, TestApp, sql::texts},
};

/// Numbers that are the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }
}

/// Waits until a query finds nothing.
async fn until_none(superuser: &AsyncPgConnection, query: &str) {
    for _ in 0..100 {
        if texts(superuser, query).await.unwrap().is_empty() {
            return;
        }
        sleep(Duration::from_millis(30)).await;
    }
    panic!("still there: {:?}", texts(superuser, query).await.unwrap());
}

/// The server's connections that are in the midst of something.
const BUSY: &str = "select concat_ws(' ', state, query) as value from pg_stat_activity
                    where datname = current_database() and usename ~ '^clinigraph_login_' and state <> 'idle'";

/// That the pools are as good as new: nothing is under way, every connection can be had and starts clean.
async fn assert_sound(app: &TestApp) {
    let superuser = db::connect(&app.superuser_url).await.unwrap();
    until_none(&superuser, BUSY).await;
    for (class, connections) in [(Class::Tenant, 4), (Class::Admin, 2), (Class::System, 2)] {
        let claim = Claim { party: Party::Server, person: Uuid::nil(), weight: 1, is_patient: true };
        let mut held = Vec::new();
        for _ in 0..connections {
            held.push(app.database.pools().get(class, claim).await.unwrap());
        }
        for connection in &held {
            let query = "select concat_ws(',', current_user, current_setting('transaction_isolation'), coalesce(current_setting('app.caller', true), ''),
                         coalesce(current_setting('app.request', true), '')) as value";
            let shown = texts(&connection.connection().pg, query).await.unwrap();
            assert_eq!(shown, [format!("{},repeatable read,,", class.login())]);
        }
    }
}

const PAGE: &str =
    "{ tickets(first: 10) { nodes { title clinic { name } messages(first: 2) { nodes { body author { email } } } } } }";

/// The names of clinics in an answer, each once.
fn clinics(answer: &Value) -> Vec<String> {
    let nodes = answer["data"]["tickets"]["nodes"].as_array();
    let mut names: Vec<_> =
        nodes.into_iter().flatten().map(|node| node["clinic"]["name"].as_str().unwrap().to_owned()).collect();
    names.sort_unstable();
    names.dedup();
    names
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_callers_at_once_see_their_own_rows_though_some_hang_up() {
    let app = TestApp::new().await;
    let (oak, elm) = (app.clinic("Oak").await, app.clinic("Elm").await);
    let people = [oak.manager().await, elm.manager().await, app.administrator().await];
    for place in 0..20 {
        let ticket = people[place % 2].open_ticket("Printer").await;
        people[place % 2].reply(&ticket, "Hello?", false).await;
    }
    let mut dice = Dice(20_261_121);
    let calls = (0..100).map(|place| {
        let writes = place % 3 != 2 && dice.below(5) == 0;
        let patience = if dice.below(2) == 0 { 60_000_000 } else { dice.below(40_000) };
        (place % 3, writes, Duration::from_micros(patience))
    });

    let answers = join_all(calls.map(|(who, writes, patience)| {
        let person = &people[who];
        async move {
            let document = if writes {
                "mutation { openTicket(input: { title: \"New\", description: \"x\" }) { ticket { id } } }"
            } else {
                PAGE
            };
            (who, writes, timeout(patience, person.send(document, json!({}))).await.ok())
        }
    }))
    .await;

    let (mut completed, mut hung_up) = (0, 0);
    for (who, writes, answer) in answers {
        let Some(answer) = answer else {
            hung_up += 1;
            continue;
        };
        completed += 1;
        assert_eq!(answer.code(), None, "{}", answer.body);
        let wanted: &[&str] = [&["Oak"][..], &["Elm"], &["Elm", "Oak"]][who];
        assert!(writes || clinics(&answer.body) == wanted, "{who}: {}", answer.body);
    }
    assert!(completed >= 40 && hung_up >= 10, "{completed} completed, {hung_up} hung up");
    assert!(app.database.pools().open() <= 8);
    assert_sound(&app).await;
    for (person, wanted) in people.iter().zip([&["Oak"][..], &["Elm"], &["Elm", "Oak"]]) {
        assert_eq!(clinics(&json!({ "data": person.ask(PAGE, json!({})).await })), wanted);
    }
}

#[tokio::test]
async fn what_cannot_be_told_of_is_not_done() {
    let app = TestApp::new().await;
    let (manager, administrator) = (app.clinic("Oak").await.manager().await, app.administrator().await);
    let open = "mutation { openTicket(input: { title: \"Second\", description: \"x\" }) { ticket { id } } }";
    let press = "mutation ($ticket: ID!, $priority: TicketPriority!) {
        changeTicketPriority(input: { ticketId: $ticket, priority: $priority }) { ticket { id } }
    }";
    let ticket = manager.open_ticket("First").await;
    let to = |priority: &str| json!({ "ticket": ticket, "priority": priority });
    administrator.ask(press, to("HIGH")).await;
    let there = "select (select count(*) from support_tickets) + (select count(*) from audit_events where resource_type = 'ticket')";
    let before = app.value(there).await;

    // Events go out last, and the commit behind them does not wait for what becomes of them.
    app.execute(
        "create function fail() returns trigger language plpgsql as $$ begin raise exception 'no'; end $$;
         create trigger fail before insert on outbox_events for each row execute function fail()",
    )
    .await;
    for _ in 0..3 {
        assert_eq!(manager.send(open, json!({})).await.code().as_deref(), Some("INTERNAL"));
        assert_eq!(administrator.send(press, to("URGENT")).await.code().as_deref(), Some("INTERNAL"));
    }

    assert_eq!(app.value(there).await, before);
    app.execute("drop function fail cascade").await;
    assert_eq!(manager.send(open, json!({})).await.code(), None);
    administrator.ask(press, to("LOW")).await;
    assert_eq!(app.value(there).await.as_i64(), before.as_i64().map(|before| before + 3));
    assert_sound(&app).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mutation_whose_client_hangs_up_is_done_whole_or_not_at_all() {
    let app = TestApp::new().await;
    let manager = app.clinic("Oak").await.manager().await;
    let superuser = db::connect(&app.superuser_url).await.unwrap();
    let open_many = |title: &str| {
        let one = |place: u8| {
            format!("t{place}: openTicket(input: {{ title: \"{title}\", description: \"x\" }}) {{ ticket {{ id }} }}")
        };
        format!("mutation {{ {} }}", (0..15).map(one).collect::<Vec<_>>().join(" "))
    };
    manager.ask(&open_many("First"), json!({})).await;
    let began = Instant::now();
    manager.ask(&open_many("Second"), json!({})).await;
    let whole = began.elapsed();
    let mut hung_up = 0;

    for call in 1..=10 {
        let document = open_many(&format!("Call {call}"));
        hung_up += usize::from(timeout(whole * call / 10, manager.send(&document, json!({}))).await.is_err());
    }

    until_none(&superuser, BUSY).await;
    let partly =
        "select concat_ws(' ', title, count(*)) as value from support_tickets group by title having count(*) <> 15";
    until_none(&superuser, partly).await;
    assert!(hung_up > 0);
    assert_sound(&app).await;
}

async fn actor(app: &TestApp, person: &Person) -> Actor {
    let sessions = Sessions::new(app.database.clone(), app.clock.clone());
    sessions.actor(token_hash(person.token.as_deref().unwrap())).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn scopes_that_are_dropped_anywhere_leave_no_transaction_and_no_actor_behind() {
    let app = TestApp::new().await;
    let (oak, elm) = (app.clinic("Oak").await, app.clinic("Elm").await);
    let people = [oak.manager().await, elm.manager().await, app.administrator().await];
    people[0].open_ticket("Oak's").await;
    people[1].open_ticket("Elm's").await;
    let actors = [actor(&app, &people[0]).await, actor(&app, &people[1]).await, actor(&app, &people[2]).await];
    let mut dice = Dice(7);
    let calls = (0..200).map(|place| {
        let patience = if dice.below(3) == 0 { 60_000_000 } else { dice.below(30_000) };
        let access = if dice.below(2) == 0 { Access::Read } else { Access::Write };
        (place % 3, access, Duration::from_micros(patience))
    });

    let database = app.database.on_terms(Terms { is_patient: true, ..Terms::default() });
    let seen = join_all(calls.map(|(who, access, patience)| {
        let scope = database.scope(actors[who].clone(), access, None);
        let work = async move {
            let seen = {
                let tx = scope.tx().await.unwrap();
                texts(tx.conn().unwrap(), "select title as value from support_tickets, pg_sleep(0.001) order by 1")
                    .await
            };
            match access {
                Access::Read => Arc::new(scope).finish(),
                Access::Write => scope.commit().await.unwrap(),
            }
            seen.unwrap()
        };
        async move { (who, timeout(patience, work).await.ok()) }
    }))
    .await;

    let completed: Vec<_> = seen.into_iter().filter_map(|(who, titles)| Some((who, titles?))).collect();
    assert!((60..200).contains(&completed.len()), "{} completed", completed.len());
    for (who, titles) in completed {
        assert_eq!(titles, [&["Oak's"][..], &["Elm's"], &["Elm's", "Oak's"]][who]);
    }
    assert_sound(&app).await;
}

#[tokio::test]
async fn a_scope_dropped_half_way_takes_its_connection_out_of_the_pool() {
    let app = TestApp::new().await;
    let superuser = db::connect(&app.superuser_url).await.unwrap();
    let pid = "select pg_backend_pid()::text as value";
    let open = app.database.scope(Actor::System, Access::Read, None);
    let dropped = texts(open.tx().await.unwrap().conn().unwrap(), pid).await.unwrap().remove(0);
    let ended = app.database.scope(Actor::System, Access::Write, None);
    let before = texts(ended.tx().await.unwrap().conn().unwrap(), pid).await.unwrap().remove(0);

    ended.commit().await.unwrap();
    drop((open, ended));

    until_none(&superuser, &format!("select 'alive' as value from pg_stat_activity where pid = {dropped}")).await;
    let again = app.as_system(async |scope| Ok(texts(scope.tx().await?.conn()?, pid).await?)).await;
    assert_eq!(again, [before]);
}

#[tokio::test]
async fn refusing_a_caller_costs_no_connection() {
    let app = TestApp::new().await;
    let person = app.clinic("Oak").await.manager().await;
    let superuser = db::connect(&app.superuser_url).await.unwrap();
    let suspend = format!("update users set status = 'suspended' where id = '{}'", person.user_id);
    person.ask(OPERATIONS[0], json!({})).await;
    (&mut &superuser).batch_execute(&suspend).await.unwrap();
    let backends = "select pid::text as value from pg_stat_activity
                    where datname = current_database() and usename ~ '^clinigraph_login_' order by pid";
    let before = texts(&superuser, backends).await.unwrap();

    for _ in 0..3 {
        for operation in OPERATIONS {
            assert_eq!(person.fail(operation, json!({})).await, "USER_INACTIVE");
        }
    }

    let after = texts(&superuser, backends).await.unwrap();
    assert!(before.iter().all(|pid| after.contains(pid)), "{before:?} {after:?}");
    assert!(after.len() <= before.len() + 1, "{before:?} {after:?}");
    assert_sound(&app).await;
}

#[tokio::test]
async fn a_failed_statement_fails_all_that_follow_in_its_scope_and_no_other() {
    let app = TestApp::new().await;
    let scope = app.database.scope(Actor::System, Access::Write, None);

    let failed = texts(scope.tx().await.unwrap().conn().unwrap(), "select 1 / 0 || '' as value").await;
    let follows = texts(scope.tx().await.unwrap().conn().unwrap(), "select 'x' as value").await;
    scope.roll_back().await;

    assert!(failed.is_err() && follows.is_err());
    assert!(scope.tx().await.is_err(), "nothing follows the last word");
    drop(scope);
    assert_sound(&app).await;
}

#[tokio::test]
async fn a_scope_that_reads_can_write_nothing() {
    let app = TestApp::new().await;
    let scope = app.database.scope(Actor::System, Access::Read, None);

    let written =
        texts(scope.tx().await.unwrap().conn().unwrap(), "update users set locale = 'fr' returning '' as value").await;

    assert_eq!(written.unwrap_err().to_string(), "cannot execute UPDATE in a read-only transaction");
}

/// Operations of all sorts: with and without statements, allowed and not.
const OPERATIONS: [&str; 7] = [
    "{ tickets { totalCount } }",
    "{ __typename }",
    "{ viewer { permissions role } }",
    "{ viewer { memberships { role } } }",
    "{ clinic { name } }",
    "mutation { openTicket(input: { title: \"New\", description: \"x\" }) { ticket { id } } }",
    "mutation { unassignTicket(input: { ticketId: \"ticket_01h455vb4pex5vsknk084sn02q\" }) { ticket { id } } }",
];

/// The codes that a clinic's manager gets for all sorts of operations after a change, each in a session that the
/// server knew well just before. `$user` and `$clinic` stand for theirs.
async fn codes_after(app: &TestApp, change: &str) -> Vec<String> {
    let clinic = app.clinic("Oak").await;
    let user = clinic.manager().await.user_id;
    let mut sessions = Vec::new();
    for _ in OPERATIONS {
        let person = app.signed_in(user, Some(clinic.id)).await;
        person.ask("{ viewer { user { id } } }", json!({})).await;
        sessions.push(person);
    }
    let change = change.replace("$user", &format!("'{user}'")).replace("$clinic", &format!("'{}'", clinic.id));
    db::connect(&app.superuser_url).await.unwrap().batch_execute(&change).await.unwrap();
    let mut codes = Vec::new();
    for (person, operation) in sessions.iter().zip(OPERATIONS) {
        codes.push(person.send(operation, json!({})).await.code().unwrap_or_else(|| "-".to_owned()));
    }
    codes
}

#[tokio::test]
async fn without_a_change_a_known_session_goes_on() {
    let app = TestApp::new().await;

    assert_eq!(codes_after(&app, "select 1").await, ["-", "-", "-", "-", "-", "-", "FORBIDDEN"]);
}

#[tokio::test]
async fn a_session_that_has_ended_is_refused_at_once() {
    let app = TestApp::new().await;

    for change in ["set revoked_at = now()", "set expires_at = now()"] {
        let codes = codes_after(&app, &format!("update sessions {change} where user_id = $user")).await;
        assert_eq!(codes, ["SESSION_EXPIRED"; OPERATIONS.len()], "{change}");
    }
}

#[tokio::test]
async fn a_user_who_is_not_active_any_more_is_refused_at_once() {
    let app = TestApp::new().await;

    for change in ["set status = 'suspended'", "set status = 'pending'", "set deleted_at = now()"] {
        let codes = codes_after(&app, &format!("update users {change} where id = $user")).await;
        assert_eq!(codes, ["USER_INACTIVE"; OPERATIONS.len()], "{change}");
    }
}

#[tokio::test]
async fn a_clinic_that_is_not_active_any_more_is_refused_at_once() {
    let app = TestApp::new().await;

    for change in
        ["set status = 'inactive'", "set status = 'suspended'", "set status = 'archived'", "set deleted_at = now()"]
    {
        let codes = codes_after(&app, &format!("update clinics {change} where id = $clinic")).await;
        assert_eq!(codes, ["CLINIC_INACTIVE"; OPERATIONS.len()], "{change}");
    }
}

#[tokio::test]
async fn a_membership_that_is_gone_lets_nobody_in() {
    let app = TestApp::new().await;

    for change in ["set deleted_at = now()", "set status = 'suspended'", "set status = 'invited'"] {
        let codes = codes_after(&app, &format!("update memberships {change} where user_id = $user")).await;
        assert_eq!(codes, ["FORBIDDEN", "-", "-", "-", "-", "FORBIDDEN", "FORBIDDEN"], "{change}");
    }
}

/// What somebody in a clinic learns of themselves, and whether they may see and open tickets.
async fn standing(person: &Person) -> Value {
    let may = async |operation: &str| person.send(operation, json!({})).await.code().is_none();
    let (reads, writes) = (may(OPERATIONS[0]).await, may(OPERATIONS[5]).await);
    let viewer = person.ask("{ viewer { role actingClinic { name } } }", json!({})).await;
    json!([viewer["viewer"]["role"], viewer["viewer"]["actingClinic"]["name"], reads, writes])
}

/// The standing after a change, in a session that the server knew well just before; each part is asked for first once.
async fn standing_after(clinic: &TestClinic<'_>, app: &TestApp, role: SystemRole, change: &str) -> Value {
    let first = clinic.person(role).await;
    let superuser = db::connect(&app.superuser_url).await.unwrap();
    standing(&first).await;
    let mut known = Vec::new();
    for _ in 0..2 {
        let person = app.signed_in(first.user_id, Some(clinic.id)).await;
        standing(&person).await;
        known.push(person);
    }
    (&mut &superuser).batch_execute(&change.replace("$user", &format!("'{}'", first.user_id))).await.unwrap();
    let viewer = known[0].ask("{ viewer { role permissions } }", json!({})).await;
    let opened = known[1].send(OPERATIONS[5], json!({})).await.code().is_none();
    let after = standing(&first).await;
    assert_eq!((&viewer["viewer"]["role"], json!(opened)), (&after[0], after[3].clone()));
    after
}

#[tokio::test]
async fn a_changed_role_holds_at_once() {
    let app = TestApp::new().await;
    let clinic = app.clinic("Oak").await;
    for (from, to, wanted) in [
        (SystemRole::ClinicManager, "clinician", json!(["CLINICIAN", "Oak", false, false])),
        (SystemRole::Clinician, "clinic_manager", json!(["CLINIC_MANAGER", "Oak", true, true])),
        (SystemRole::Staff, "auditor", json!(["AUDITOR", "Oak", true, false])),
        (SystemRole::Auditor, "staff", json!(["STAFF", "Oak", true, true])),
    ] {
        let change = format!("update memberships set role = '{to}' where user_id = $user");
        assert_eq!(standing_after(&clinic, &app, from, &change).await, wanted, "{from:?} to {to}");
    }
}

#[tokio::test]
async fn whoever_becomes_an_administrator_is_one_at_once_and_not_longer_than_that() {
    let app = TestApp::new().await;
    let clinic = app.clinic("Oak").await;
    let superuser = db::connect(&app.superuser_url).await.unwrap();
    let person = clinic.person(SystemRole::Clinician).await;
    let mut seen = Vec::new();

    for is_admin in [false, true, false] {
        let change = format!("update users set is_platform_admin = {is_admin} where id = '{}'", person.user_id);
        (&mut &superuser).batch_execute(&change).await.unwrap();
        let answer = person.send("{ clinics { totalCount } tickets { totalCount } viewer { role } }", json!({})).await;
        seen.push((answer.code(), answer.body["data"]["viewer"].clone()));
    }

    let clinician = (Some("FORBIDDEN".to_owned()), json!({ "role": "CLINICIAN" }));
    assert_eq!(seen, [clinician.clone(), (None, json!({ "role": null })), clinician]);
}

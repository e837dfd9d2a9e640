//! What a job reaches: the rows of its clinic, under its own name in the trail. And who may add one.

use clinigraph::{
    access::{Sessions, token_hash},
    jobs::Work,
    kernel::{
        Actor,
        db::{Access, Note, Scope},
    },
};
use serde_json::json;

use super::{
    task,
    tasks::{Act, Task},
};
use crate::harness::{
    Person, TestApp,
    sql::{run, texts},
};

impl TestApp {
    async fn scope_of(&self, person: &Person) -> Scope {
        let sessions = Sessions::new(self.database.clone(), self.clock.clone());
        let actor = sessions.actor(token_hash(person.token.as_deref().unwrap())).await.unwrap();
        self.database.scope(actor, Access::Write, None)
    }
}

#[tokio::test]
async fn a_job_reaches_the_rows_of_its_clinic_alone_whatever_its_statements_say() {
    let app = TestApp::new().await;
    let (oak, elm) = (app.clinic("Oak").await, app.clinic("Elm").await);
    for clinic in [&oak, &elm] {
        clinic.manager().await.open_ticket("Printer").await;
    }
    let job = app.database.scope(Actor::Job(oak.id), Access::Write, None);
    let tx = job.tx().await.unwrap();
    let on = tx.conn().unwrap();

    let seen = texts(on, "select distinct clinic_id::text as value from support_tickets").await.unwrap();
    let others =
        texts(on, &format!("select clinic_id::text as value from memberships where clinic_id = '{}'", elm.id)).await;
    let changed = run(on, "update support_tickets set title = 'Scanner'").await;
    let foreign = format!(
        "insert into clinic_closures (id, clinic_id, date) values (gen_random_uuid(), '{}', '2027-01-01')",
        elm.id
    );
    let refused = run(on, &foreign).await;
    job.roll_back().await;

    assert_eq!(seen, [oak.id.to_string()]);
    assert_eq!(others.unwrap(), Vec::<String>::new());
    assert_eq!(changed, Ok(1));
    assert!(refused.unwrap_err().to_string().contains("violates row-level security policy"));
}

#[tokio::test]
async fn every_table_of_clinics_limits_jobs_to_their_clinic() {
    let app = TestApp::new().await;

    let unlimited = app
        .rows(
            "select c.relname from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'clinic_id' and a.attnotnull
               join pg_policy p on p.polrelid = c.oid and 'clinigraph_system'::regrole = any (p.polroles)
              where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
                and (pg_get_expr(p.polqual, c.oid) not like '%request_job_clinic_id%'
                     or p.polcmd = '*' and coalesce(pg_get_expr(p.polwithcheck, c.oid), '') not like '%request_job_clinic_id%')",
        )
        .await;

    assert_eq!(unlimited, Vec::<serde_json::Value>::new());
}

#[tokio::test]
async fn the_trail_names_the_job_that_made_a_change() {
    let app = TestApp::new().await;
    let (oak, administrator) = (app.clinic("Oak").await, app.administrator().await);
    let ticket = oak.manager().await.open_ticket("Printer").await;
    let note = Note::Job { kind: "test_task", id: "job_01".to_owned() };
    app.database
        .as_job(Some(oak.id), note, async |scope| {
            run(scope.tx().await?.conn()?, "update support_tickets set priority = 'low'").await?;
            Ok(())
        })
        .await
        .unwrap();

    let query = "query ($id: ID!) { auditEvents(filter: { resourceId: $id, verb: UPDATE }) {
        nodes { operation actorKind actorEmail requestId ip clinic { name } } } }";
    let trail = administrator.ask(query, json!({ "id": ticket })).await;

    let wanted = json!({
        "operation": "job test_task", "actorKind": "SYSTEM", "actorEmail": null, "requestId": "job_01", "ip": null,
        "clinic": { "name": "Oak" },
    });
    assert_eq!(trail["auditEvents"]["nodes"], json!([wanted]));
}

#[tokio::test]
async fn people_add_jobs_of_their_own_clinic_only_and_neither_see_nor_change_any() {
    let app = TestApp::with_effects().await;
    let (oak, elm) = (app.clinic("Oak").await, app.clinic("Elm").await);
    let manager = oak.manager().await;

    let own = app.scope_of(&manager).await;
    let task: Task = task(Act::Succeed);
    task.clone().in_clinic(oak.typed()).enqueue(&own).await.unwrap();
    own.commit().await.unwrap();
    let foreign = app.scope_of(&manager).await;
    task.clone().in_clinic(elm.typed()).enqueue(&foreign).await.unwrap();
    let refused = foreign.commit().await;
    let platform = app.scope_of(&manager).await;
    task.clone().of_platform().enqueue(&platform).await.unwrap();
    assert!(platform.commit().await.is_err());
    for statement in ["select from jobs", "delete from jobs", "update jobs set run_at = now()"] {
        let denied = app.as_role("tenant", statement).await.unwrap_err().to_string();
        assert_eq!(denied, "permission denied for table jobs", "{statement}");
    }

    assert!(refused.is_err());
    assert_eq!(app.worker().run_due().await.unwrap(), 1);
    assert_eq!(app.effects().await, [task.task_id.to_string()]);
}

#[tokio::test]
async fn those_who_are_not_administrators_are_refused() {
    let app = TestApp::new().await;
    let manager = app.clinic("Oak").await.manager().await;

    for query in ["{ jobs { nodes { id } } }", "{ jobCounts { total } }"] {
        assert_eq!(manager.fail(query, json!({})).await, "FORBIDDEN");
        assert_eq!(app.nobody().fail(query, json!({})).await, "UNAUTHENTICATED");
    }
    for mutation in ["retryJob", "dropJob"] {
        let error = manager.refused(mutation, json!({ "jobId": "job_00000000000000000000000000" })).await;
        assert_eq!(error["extensions"]["code"], "FORBIDDEN");
    }
}

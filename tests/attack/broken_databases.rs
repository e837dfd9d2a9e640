//! Databases in which somebody weakened something. The server starts on none of them, and says what is wrong.

use clinigraph::{
    embedded::{Embedded, Options},
    kernel::{db, secrets::KeyRing},
};
use diesel_async::SimpleAsyncConnection;

use crate::harness::KEYS;

/// What somebody did, the problem that is reported, and what undoes it.
const BROKEN: [(&str, &str, &str); 24] = [
    (
        "alter table sessions disable row level security",
        "the table sessions is not what this version makes: of clinigraph_owner; no row-level security",
        "alter table sessions enable row level security",
    ),
    (
        "alter table idempotency_keys no force row level security",
        "the table idempotency_keys is not what this version makes: of clinigraph_owner; row-level security",
        "alter table idempotency_keys force row level security",
    ),
    (
        "alter policy tenant on support_tickets using (clinic_id = (select private.request_clinic_id()) or true)",
        "the policy tenant on support_tickets is not what this version makes",
        "alter policy tenant on support_tickets using (clinic_id = (select private.request_clinic_id()))",
    ),
    (
        "create policy open on ticket_messages for select to clinigraph_tenant using (clinic_id = (select private.request_clinic_id()))",
        "the policy open on ticket_messages does not belong here",
        "drop policy open on ticket_messages",
    ),
    (
        "alter table ticket_messages rename to messages; drop policy author on messages; alter table messages rename to ticket_messages",
        "the policy author on ticket_messages is missing",
        "create policy author on ticket_messages as restrictive for insert to clinigraph_admin, clinigraph_tenant
         with check (author_user_id = (select private.request_user_id()))",
    ),
    (
        "alter table support_tickets disable trigger audit",
        "the trigger audit on support_tickets is not what this version makes: disabled",
        "alter table support_tickets enable trigger audit",
    ),
    (
        "drop trigger audit on memberships",
        "the trigger audit on memberships is missing",
        "create trigger audit after insert or update or delete on memberships for each row
         execute function private.audit_memberships('membership', 'user_id role status invited_by_user_id deleted_at')",
    ),
    (
        "alter table audit_events disable trigger audit_is_final",
        "the trigger audit_is_final on audit_events is not what this version makes: disabled",
        "alter table audit_events enable trigger audit_is_final",
    ),
    (
        "grant select on sessions to clinigraph_tenant",
        "the table sessions is not what this version makes",
        "revoke select on sessions from clinigraph_tenant",
    ),
    (
        "grant select (password_hash) on users to clinigraph_patient",
        "the table users is not what this version makes",
        "revoke select (password_hash) on users from clinigraph_patient",
    ),
    (
        "grant insert on audit_events to clinigraph_system",
        "the table audit_events is not what this version makes",
        "revoke insert on audit_events from clinigraph_system",
    ),
    (
        "alter table audit_events owner to clinigraph_owner",
        "the table audit_events is not what this version makes: of clinigraph_owner",
        "alter table audit_events owner to clinigraph_audit",
    ),
    (
        "alter role clinigraph_tenant createrole",
        "the role clinigraph_tenant is not what this version makes: creates roles",
        "alter role clinigraph_tenant nocreaterole",
    ),
    (
        "alter role clinigraph_login_patient bypassrls",
        "the role clinigraph_login_patient is not what this version makes: login, bypasses row-level security",
        "alter role clinigraph_login_patient nobypassrls",
    ),
    (
        "grant clinigraph_admin to clinigraph_login_tenant",
        "the membership of clinigraph_login_tenant in clinigraph_admin does not belong here",
        "revoke clinigraph_admin from clinigraph_login_tenant",
    ),
    (
        "grant clinigraph_audit to clinigraph_owner",
        "the membership of clinigraph_owner in clinigraph_audit does not belong here",
        "revoke clinigraph_audit from clinigraph_owner",
    ),
    (
        "create view everybody with (security_invoker = false) as select id, email from users; grant select on everybody to clinigraph_tenant",
        "the view everybody does not belong here",
        "drop view everybody",
    ),
    (
        "create function private.see(uuid) returns text language sql security definer as 'select password_hash from public.users where id = $1'",
        "the function private.see(uuid) does not belong here",
        "drop function private.see(uuid)",
    ),
    (
        "alter function private.request_is_active() rename to request_is_active_now;
         create function private.request_is_active() returns boolean language sql stable parallel safe return true",
        "the function private.request_is_active() is not what this version makes",
        "drop function private.request_is_active(); alter function private.request_is_active_now() rename to request_is_active",
    ),
    (
        "alter function private.check_caller reset search_path",
        "the function private.check_caller(",
        "alter function private.check_caller set search_path = pg_catalog, public, pg_temp",
    ),
    (
        "grant execute on function private.make_audit_partitions() to public",
        "the function private.make_audit_partitions() is not what this version makes",
        "revoke execute on function private.make_audit_partitions() from public",
    ),
    (
        "create rule nothing as on update to support_tickets do instead nothing",
        "the rule nothing on support_tickets does not belong here",
        "drop rule nothing on support_tickets",
    ),
    (
        "do $$ begin execute format('grant temporary on database %I to public', current_database()); end $$",
        "the database for everybody does not belong here: temporary",
        "do $$ begin execute format('revoke temporary on database %I from public', current_database()); end $$",
    ),
    (
        "grant create on schema public to public",
        "the schema public is not what this version makes",
        "revoke create on schema public from public",
    ),
];

// In a Postgres of its own, since roles belong to the whole of it.
#[tokio::test]
async fn a_database_that_somebody_weakened_is_refused_by_name() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let mut postgres =
        Embedded::start(Options { durable: false, ..Options::new(folder.path().join("data")) }).await.unwrap();
    let url = postgres.superuser_url("postgres");
    let logins = db::prepare(&url, KeyRing::parse(KEYS).unwrap().root()).await.unwrap().logins;
    let mut superuser = db::connect(&url).await.unwrap();

    assert_eq!(db::inspect(&logins).await.unwrap(), []);
    for (broken, problem, mended) in BROKEN {
        superuser.batch_execute(broken).await.unwrap();
        let found: Vec<_> = db::inspect(&logins).await.unwrap().into_iter().map(|finding| finding.problem).collect();
        assert!(found.iter().any(|found| found.starts_with(problem)), "{broken}: {found:?}");
        superuser.batch_execute(mended).await.unwrap();
        assert_eq!(db::inspect(&logins).await.unwrap(), [], "{mended}");
    }
    postgres.stop().await.unwrap();
}

//! A connection of the server that somebody else got hold of.

use clinigraph::kernel::db::{self, Class};
use diesel_async::SimpleAsyncConnection;

use crate::harness::{TestApp, sql::texts};

#[tokio::test]
async fn the_login_of_a_class_cannot_take_the_role_of_another() {
    let app = TestApp::new().await;
    for login in Class::ALL {
        let connection = db::connect(app.logins.url(login)).await.unwrap();
        assert_eq!(texts(&connection, "select session_user::text as value").await.unwrap(), [login.login()]);
        for class in Class::ALL {
            let taken = (&mut &connection).batch_execute(&format!("set role {}", class.role())).await;
            assert_eq!(taken.is_ok(), class == login, "{} as {}", login.login(), class.role());
        }
        for role in ["clinigraph_owner", "clinigraph_audit"] {
            let taken = (&mut &connection).batch_execute(&format!("set role {role}")).await;
            assert!(taken.is_err(), "{} as {role}", login.login());
        }
    }
}

#[tokio::test]
async fn a_login_without_its_role_touches_nothing() {
    let app = TestApp::new().await;
    let tables = app
        .rows(
            "select format('%I.%I', n.nspname, c.relname) as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
             where n.nspname in ('public', 'private') and c.relkind in ('r', 'p', 'v')",
        )
        .await;
    for class in Class::ALL {
        let connection = db::connect(app.logins.url(class)).await.unwrap();
        for table in &tables {
            let table = table["name"].as_str().unwrap();
            let read = texts(&connection, &format!("select 'row' as value from {table}")).await;
            assert!(read.is_err(), "{} reads {table}", class.login());
        }
    }
}

#[tokio::test]
async fn nobody_makes_anything_that_a_function_of_another_role_could_take_for_its_own() {
    let app = TestApp::new().await;
    for class in Class::ALL {
        let mut connection = db::connect(app.logins.url(class)).await.unwrap();
        connection.batch_execute(&format!("set role {}", class.role())).await.unwrap();
        for made in [
            // Postgres looks for types and tables in the temporary schema first: a function of the system found the domain there
            // and ran the check, as the system.
            "create domain pg_temp.uuid as text check (value is not null)",
            "create temporary table users (id uuid)",
            "create table public.rooms (id uuid)",
            "create function public.lower(text) returns text language sql as 'select $1'",
            "create schema mine",
        ] {
            assert!(connection.batch_execute(made).await.is_err(), "{}: {made}", class.role());
        }
    }
    // Should somebody be allowed to again, the functions still look there last.
    let paths = app
        .rows(
            "select f.oid::regprocedure::text as name from pg_proc f
             where f.prosecdef and f.pronamespace in ('public'::regnamespace, 'private'::regnamespace)
               and not exists (select from unnest(f.proconfig) as setting where setting ~ '^search_path=.*, pg_temp$')",
        )
        .await;
    assert_eq!(paths, Vec::<serde_json::Value>::new());
}

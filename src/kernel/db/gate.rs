//! The gate: checks that a database is safe before a server uses it. `serve` refuses to start if there is a finding, and
//! `doctor` explains the findings.

use diesel::{QueryableByName, sql_query, sql_types::Text};
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};

use super::{
    fingerprint,
    logins::Logins,
    pool::{Class, connect},
};
use crate::kernel::Result;

/// Problem that endangers the isolation of tenants.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct Finding {
    /// Description of the problem.
    #[diesel(sql_type = Text)]
    pub problem: String,
    /// Change that solves it.
    #[diesel(sql_type = Text)]
    pub remedy: String,
}

/// Inspects the database with a login of the server.
pub async fn inspect(logins: &Logins) -> Result<Vec<Finding>> {
    let mut connection = connect(logins.url(Class::System)).await?;
    // Names outside of the search path are written in full.
    connection.batch_execute("begin read only; set local search_path = public").await?;
    let mut findings = fingerprint::differences(&mut connection).await?;
    findings.extend(sql_query(QUERY).load::<Finding>(&mut connection).await?);
    Ok(findings)
}

const QUERY: &str = r"
with recursive mine (oid) as (
    select oid from pg_roles where rolname = session_user
    union
    select m.roleid from pg_auth_members m join mine on m.member = mine.oid
)
select 'the role ' || r.rolname || ' is a superuser or may bypass row-level security' as problem,
       'serve with roles that are neither, such as those that clinigraph prepare makes' as remedy
from pg_roles r join mine using (oid) where r.rolsuper or r.rolbypassrls
";

//! The gate: checks that a database is safe before a server uses it. `serve` refuses to start if there is a finding, and
//! `doctor` explains the findings.

use diesel::{QueryableByName, sql_query, sql_types::Text};
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};

use super::pool::connect;
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

/// Inspects the database with the role of the server.
pub async fn inspect(server_url: &str) -> Result<Vec<Finding>> {
    let mut connection = connect(server_url).await?;
    connection.batch_execute("begin read only").await?;
    Ok(sql_query(QUERY).load(&mut connection).await?)
}

const QUERY: &str = r"
with recursive mine (oid) as (
    select oid from pg_roles where rolname = session_user
    union
    select m.roleid from pg_auth_members m join mine on m.member = mine.oid
),
tenant_tables as (
    select c.oid, c.relname, c.relowner, c.relrowsecurity and c.relforcerowsecurity as forced
    from pg_class c
    where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
      and (c.relname = 'clinics' or exists (
          select from pg_attribute a where a.attrelid = c.oid and a.attname = 'clinic_id' and not a.attisdropped))
)
select 'the role ' || r.rolname || ' is a superuser or may bypass row-level security' as problem,
       'serve with a role that is neither; clinigraph prepare makes clinigraph_app' as remedy
from pg_roles r join mine using (oid) where r.rolsuper or r.rolbypassrls
union all
select 'the role ' || r.rolname || ' owns the table ' || t.relname,
       'let clinigraph_owner own the tables and serve with another role'
from tenant_tables t join mine on mine.oid = t.relowner join pg_roles r on r.oid = t.relowner
union all
select 'the table ' || relname || ' has a clinic and no forced row-level security',
       'alter table ' || relname || ' enable row level security, force row level security'
from tenant_tables where not forced
union all
select 'the foreign key ' || k.conname || ' leads from one clinic''s table to another without the clinic',
       'make it (clinic_id, …) references ' || k.confrelid::regclass || ' (clinic_id, …)'
from pg_constraint k
join tenant_tables f on f.oid = k.conrelid
join tenant_tables t on t.oid = k.confrelid and t.relname <> 'clinics'
where k.contype = 'f' and k.conparentid = 0
  and not exists (select from pg_attribute a where a.attrelid = k.conrelid and a.attname = 'clinic_id' and a.attnum = any (k.conkey))
union all
select 'the policy ' || p.polname || ' on ' || t.relname || ' does not ask for the clinic',
       'only clinigraph_system and clinigraph_admin reach every clinic: add clinic_id = (select private.request_clinic_id())'
from pg_policy p
join tenant_tables t on t.oid = p.polrelid
where not p.polroles <@ array(select oid from pg_roles where rolname in ('clinigraph_system', 'clinigraph_admin'))
  and exists (
      select from unnest(array[pg_get_expr(p.polqual, t.oid), pg_get_expr(p.polwithcheck, t.oid)]) as condition
      where condition not like '%private.request_clinic_id()%')
union all
select 'the policy ' || p.polname || ' on ' || p.polrelid::regclass || ' calls a helper once a row',
       'put the call into a sub-select: (select private.…())'
from pg_policy p,
     concat_ws(' ', pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid)) as condition
where regexp_replace(condition, 'SELECT private\.request_\w+\(\)', '', 'g') like '%private.%'
";

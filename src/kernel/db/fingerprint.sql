with ours as (
    select oid, rolname from pg_roles where rolname ~ '^clinigraph_'
),
spaces as (
    select oid, nspname from pg_namespace where nspname in ('public', 'private')
),
-- Partitions come and go: those of one table are one thing, without the time in their names.
relations as (
    select c.oid, c.relkind, c.relowner, c.relacl, c.relrowsecurity, c.relforcerowsecurity, c.reloptions,
           case n.nspname when 'private' then 'private.' else '' end
           || case when c.relispartition then regexp_replace(c.relname, '(_\d{4}(_\d\d)+|_other)$', ' (each partition)') else c.relname end as name
      from pg_class c join spaces n on n.oid = c.relnamespace
     where c.relkind in ('r', 'p', 'v', 'm', 'f', 'S')
),
grantees as (
    select oid, rolname::text as name from pg_roles union all select 0, 'everybody'
),
rights as (
    select r.oid, 0 as attnum, g.name, string_agg(lower(a.privilege_type), ', ' order by a.privilege_type) as rights
      from relations r cross join aclexplode(r.relacl) as a join grantees g on g.oid = a.grantee
     where a.grantee <> r.relowner
     group by r.oid, g.name
    union all
    select r.oid, c.attnum, g.name, string_agg(lower(a.privilege_type), ', ' order by a.privilege_type)
      from relations r join pg_attribute c on c.attrelid = r.oid and not c.attisdropped
           cross join aclexplode(c.attacl) as a join grantees g on g.oid = a.grantee
     where a.grantee <> r.relowner
     group by r.oid, c.attnum, g.name
),
of_columns as (
    select x.oid, x.name || ' may ' || x.rights || ' (' || string_agg(c.attname, ', ' order by c.attname) || ')' as text
      from rights x join pg_attribute c on c.attrelid = x.oid and c.attnum = x.attnum
     where x.attnum > 0
     group by x.oid, x.name, x.rights
    union all
    select oid, name || ' may ' || rights from rights where attnum = 0
),
lines (line) as (
    select 'role ' || rolname || ': '
           || concat_ws(', ', case when rolcanlogin then 'login' end, case when rolsuper then 'superuser' end,
                        case when rolbypassrls then 'bypasses row-level security' end, case when rolcreaterole then 'creates roles' end,
                        case when rolcreatedb then 'creates databases' end, case when rolreplication then 'replicates' end,
                        case when rolinherit then 'inherits' else 'inherits nothing' end)
      from pg_roles where rolname ~ '^clinigraph_'
    union all
    -- The role that prepares the database is a member of the owner; a login of one's own is a member of every class.
    select 'membership of ' || pg_get_userbyid(m.member) || ' in ' || o.rolname || ': '
           || case when m.admin_option then 'with the right to pass it on' else 'plain' end
      from pg_auth_members m join ours o on o.oid = m.roleid
     where not (o.rolname = 'clinigraph_owner' and pg_get_userbyid(m.member) !~ '^clinigraph_')
       and not (pg_get_userbyid(m.member) = session_user and session_user !~ '^clinigraph_'
                and o.rolname not in ('clinigraph_owner', 'clinigraph_audit'))
       -- From Postgres 16 on, who made a role may give it to others, and has nothing of it.
       and not (m.admin_option and pg_get_userbyid(m.member) !~ '^clinigraph_'
                and to_jsonb(m) ->> 'inherit_option' = 'false' and to_jsonb(m) ->> 'set_option' = 'false')
    union all
    select 'schema ' || n.nspname || ': ' || coalesce(string_agg(g.name || ' may ' || lower(a.privilege_type), ', ' order by g.name, a.privilege_type), 'nobody')
      from pg_namespace n cross join aclexplode(n.nspacl) as a join grantees g on g.oid = a.grantee
     where n.nspname in ('public', 'private') and a.grantee <> n.nspowner and (g.name = 'everybody' or g.name ~ '^clinigraph_')
     group by n.nspname
    union all
    select 'database for everybody: ' || string_agg(lower(a.privilege_type), ', ' order by a.privilege_type)
      from pg_database d cross join aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) as a
     where d.datname = current_database() and a.grantee = 0 and a.privilege_type <> 'CONNECT'
    having count(*) > 0
    union all
    select distinct case r.relkind when 'S' then 'sequence ' when 'v' then 'view ' when 'm' then 'materialized view ' when 'f' then 'foreign table ' else 'table ' end
           || r.name || ': ' || concat_ws('; ', 'of ' || pg_get_userbyid(r.relowner),
               case when r.relkind in ('r', 'p') then case when r.relrowsecurity and r.relforcerowsecurity then 'forced row-level security'
                                                           when r.relrowsecurity then 'row-level security' else 'no row-level security' end end,
               array_to_string(r.reloptions, ', '),
               case when r.relkind in ('v', 'm') then regexp_replace(pg_get_viewdef(r.oid), '\s+', ' ', 'g') end,
               (select string_agg(text, '; ' order by text) from of_columns c where c.oid = r.oid))
      from relations r
     -- What somebody else made beside, and nobody of ours may touch, is no concern.
     where r.relowner in (select oid from ours)
        or exists (select from rights x where x.oid = r.oid and (x.name = 'everybody' or x.name ~ '^clinigraph_'))
    union all
    select distinct 'policy ' || p.polname || ' on ' || r.name || ': ' || concat_ws(' ',
               case when p.polpermissive then 'permits' else 'restricts' end,
               case p.polcmd when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update' when 'd' then 'delete' else 'all' end, 'to',
               (select string_agg(g.name, ', ' order by g.name) from unnest(p.polroles) as role join grantees g on g.oid = role),
               'using ' || regexp_replace(pg_get_expr(p.polqual, p.polrelid), '\s+', ' ', 'g'),
               'check ' || regexp_replace(pg_get_expr(p.polwithcheck, p.polrelid), '\s+', ' ', 'g'))
      from pg_policy p join relations r on r.oid = p.polrelid
    union all
    select distinct 'trigger ' || t.tgname || ' on ' || r.name || ': ' || concat_ws(' ',
               case t.tgenabled when 'O' then 'enabled' when 'D' then 'disabled' else 'enabled ' || t.tgenabled::text end,
               'type ' || t.tgtype, case when t.tgdeferrable then 'deferrable' end,
               case when t.tgattr::text <> '' then 'of ' || (select string_agg(c.attname, ', ' order by c.attname) from pg_attribute c
                                                              where c.attrelid = t.tgrelid and c.attnum = any (t.tgattr)) end,
               'runs ' || t.tgfoid::regproc::text, encode(t.tgargs, 'escape'),
               'when ' || regexp_replace(substring(pg_get_triggerdef(t.oid) from ' WHEN (.*) EXECUTE FUNCTION'), '\s+', ' ', 'g'))
      from pg_trigger t join relations r on r.oid = t.tgrelid
     where not t.tgisinternal or t.tgparentid <> 0
    union all
    select 'rule ' || w.rulename || ' on ' || r.name || ': ' || regexp_replace(pg_get_ruledef(w.oid), '\s+', ' ', 'g')
      from pg_rewrite w join relations r on r.oid = w.ev_class where w.rulename <> '_RETURN'
    union all
    select 'function ' || n.nspname || '.' || f.proname || '(' || pg_get_function_identity_arguments(f.oid) || '): ' || concat_ws('; ',
               'of ' || pg_get_userbyid(f.proowner), case when f.prosecdef then 'runs as its owner' end,
               case f.provolatile when 'i' then 'immutable' when 's' then 'stable' else 'volatile' end,
               array_to_string(f.proconfig, ', '),
               (select string_agg(g.name || ' may execute', ', ' order by g.name)
                  from aclexplode(coalesce(f.proacl, acldefault('f', f.proowner))) as a join grantees g on g.oid = a.grantee
                 where a.grantee <> f.proowner),
               'source ' || left(encode(sha256(convert_to(
                   coalesce(regexp_replace(pg_get_function_sqlbody(f.oid), '\s+', ' ', 'g'), f.prosrc), 'utf8')), 'hex'), 16))
      from pg_proc f join spaces n on n.oid = f.pronamespace
     where (n.nspname = 'private' or f.prosecdef or f.proowner in (select oid from ours))
       and not exists (select from pg_depend d where d.classid = 'pg_proc'::regclass and d.objid = f.oid and d.deptype = 'e')
    union all
    select 'default right of ' || pg_get_userbyid(d.defaclrole) || ' on ' || d.defaclobjtype::text || ': ' || d.defaclacl::text
      from pg_default_acl d
)
select line from lines order by line collate "C"

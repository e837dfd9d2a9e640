-- The database roles. They belong to the whole Postgres cluster, so they are made before the migrations, again and again
-- without harm.
--
--   clinigraph_owner          owns the tables; migrations run as it
--   clinigraph_audit          owns the audit trail and writes it; nobody is a member of it
--   clinigraph_<class>        what each class of actor may do; a request takes its role for the length of its transaction
--   clinigraph_login_<class>  the logins of the server, one for each class: a connection of one class cannot take the role
--                             of another, whatever is sent over it
do $$
declare
    class text;
    role_name text;
begin
    -- Two servers that prepare the same cluster at once would both find a role missing.
    perform pg_advisory_xact_lock(hashtext('clinigraph roles'));
    foreach role_name in array array['clinigraph_owner', 'clinigraph_audit'] loop
        if not exists (select from pg_roles where rolname = role_name) then
            execute format('create role %I nologin nosuperuser nocreatedb nocreaterole nobypassrls', role_name);
        end if;
    end loop;
    foreach class in array array['system', 'admin', 'tenant', 'auditor', 'patient', 'partner'] loop
        role_name := 'clinigraph_' || class;
        if not exists (select from pg_roles where rolname = role_name) then
            execute format('create role %I nologin nosuperuser nocreatedb nocreaterole nobypassrls', role_name);
        end if;
        if not exists (select from pg_roles where rolname = 'clinigraph_login_' || class) then
            execute format('create role %I login noinherit nosuperuser nocreatedb nocreaterole nobypassrls', 'clinigraph_login_' || class);
        end if;
        if not pg_has_role('clinigraph_login_' || class, role_name, 'member') then
            execute format('grant %I to %I', role_name, 'clinigraph_login_' || class);
        end if;
    end loop;
    -- The owner makes functions that run as the system.
    if not pg_has_role('clinigraph_owner', 'clinigraph_system', 'member') then
        grant clinigraph_system to clinigraph_owner;
    end if;
end
$$;

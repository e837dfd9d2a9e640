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
    login text;
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
        login := 'clinigraph_login_' || class;
        if not exists (select from pg_roles where rolname = role_name) then
            execute format('create role %I nologin nosuperuser nocreatedb nocreaterole nobypassrls', role_name);
        end if;
        if not exists (select from pg_roles where rolname = login) then
            execute format('create role %I login noinherit nosuperuser nocreatedb nocreaterole nobypassrls', login);
        end if;
        -- For connections that set no limits of their own: a statement, a lock or an open transaction of the server that is
        -- forgotten must not hold up others for ever.
        if not exists (
            select from pg_db_role_setting s join pg_roles r on r.oid = s.setrole
            where r.rolname = login and s.setdatabase = 0
              and s.setconfig @> array['statement_timeout=10s', 'lock_timeout=3s', 'idle_in_transaction_session_timeout=15s']
        ) then
            execute format('alter role %I set statement_timeout = ''10s''', login);
            execute format('alter role %I set lock_timeout = ''3s''', login);
            execute format('alter role %I set idle_in_transaction_session_timeout = ''15s''', login);
        end if;
        if not pg_has_role(login, role_name, 'member') then
            execute format('grant %I to %I', role_name, login);
        end if;
    end loop;
    -- The owner makes functions that run as the system.
    if not pg_has_role('clinigraph_owner', 'clinigraph_system', 'member') then
        grant clinigraph_system to clinigraph_owner;
    end if;
end
$$;

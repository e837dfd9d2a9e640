-- The database roles, one per class of actor. They belong to the whole Postgres cluster, so they are made before
-- the migrations, again and again without harm. None can log in but clinigraph_app, which the server uses and
-- which by itself may touch nothing: a request takes one class's role for the length of its transaction.
do $$
declare
    role_name text;
begin
    -- Two servers that prepare the same cluster at once would both find a role missing.
    perform pg_advisory_xact_lock(hashtext('clinigraph roles'));
    foreach role_name in array array['clinigraph_owner', 'clinigraph_system', 'clinigraph_admin', 'clinigraph_tenant', 'clinigraph_patient'] loop
        if not exists (select from pg_roles where rolname = role_name) then
            execute format('create role %I nologin nosuperuser nocreatedb nocreaterole nobypassrls', role_name);
        end if;
    end loop;
    if not exists (select from pg_roles where rolname = 'clinigraph_app') then
        create role clinigraph_app login noinherit nosuperuser nocreatedb nocreaterole nobypassrls;
    end if;
    -- For connections that set no limits of their own: a statement, a lock or an open transaction of the server that is
    -- forgotten must not hold up others for ever.
    if not exists (
        select from pg_db_role_setting s join pg_roles r on r.oid = s.setrole
        where r.rolname = 'clinigraph_app' and s.setdatabase = 0
          and s.setconfig @> array['statement_timeout=10s', 'lock_timeout=3s', 'idle_in_transaction_session_timeout=15s']
    ) then
        alter role clinigraph_app set statement_timeout = '10s';
        alter role clinigraph_app set lock_timeout = '3s';
        alter role clinigraph_app set idle_in_transaction_session_timeout = '15s';
    end if;
    foreach role_name in array array['clinigraph_system', 'clinigraph_admin', 'clinigraph_tenant', 'clinigraph_patient'] loop
        if not pg_has_role('clinigraph_app', role_name, 'member') then
            execute format('grant %I to clinigraph_app', role_name);
        end if;
    end loop;
    -- The owner makes functions that run as the system.
    if not pg_has_role('clinigraph_owner', 'clinigraph_system', 'member') then
        grant clinigraph_system to clinigraph_owner;
    end if;
end
$$;

drop schema private cascade;
revoke usage on schema public from clinigraph_system, clinigraph_admin, clinigraph_tenant, clinigraph_patient;

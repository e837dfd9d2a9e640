revoke insert, update, delete on clinic_closures from clinigraph_admin, clinigraph_tenant;

grant insert, update, delete on clinic_closures to clinigraph_admin, clinigraph_tenant;

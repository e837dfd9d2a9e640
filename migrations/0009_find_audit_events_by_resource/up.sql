-- An administrator who asks what happened to one row does not name its clinic.
create index audit_events_resource_id_idx on audit_events (resource_id, occurred_at, id);

drop table outbox_events, private.outbox_removed;
drop function private.remove_old_events, private.make_event_partitions, private.remove_old_events_at, private.maintain, private.audit_table;
reset role;
drop table audit_events;
drop sequence audit_events_seq;
drop function
    private.make_audit_partitions, private.make_audit_partitions_at, private.make_event_partitions_at, private.make_partition,
    private.audit_refusal, private.write_audit_function, private.audit_body, private.api_field, private.audit_is_final;
revoke create on schema private from clinigraph_audit;
set role clinigraph_owner;
drop domain outbox_events_audience, audit_events_verb, audit_events_actor_kind;

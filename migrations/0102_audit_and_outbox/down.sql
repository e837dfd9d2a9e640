drop table outbox_events, audit_events, private.outbox_removed;
drop sequence audit_events_seq;
drop domain outbox_events_audience, audit_events_verb, audit_events_actor_kind;
drop function
    private.remove_old_events, private.make_partitions, private.remove_old_events_at, private.make_partitions_at,
    private.make_partition, private.audit_table, private.audit_body, private.api_field, private.audit_is_final;

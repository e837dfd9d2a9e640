drop function private.check_caller_of_system, private.audit_refusal;
-- Rows with the other verbs stay, since nobody can remove them.
alter domain audit_events_verb drop constraint audit_events_verb_check;
alter domain audit_events_verb add constraint audit_events_verb_check
    check (value in ('create', 'update', 'delete', 'view')) not valid;
alter table user_sign_ins add column failed_sign_ins smallint not null default 0, add column locked_until timestamptz;
select private.audit_table('user_sign_ins', 'user', 'last_login_at failed_sign_ins locked_until', 'update');
drop table sign_in_attempts;

-- Attempts to sign in, and later to reset a password or to give a code. They are counted for what was typed in, whether or
-- not it belongs to an account, so that a stranger cannot tell the two apart; and apart from the account, so that nobody sees
-- in its version or in the trail when somebody tries passwords.

create table sign_in_attempts (
    key bytea not null constraint sign_in_attempts_pkey primary key
        constraint sign_in_attempts_key_check check (octet_length(key) = 32),
    failures integer not null default 0 constraint sign_in_attempts_failures_check check (failures >= 0),
    waits_until timestamptz,
    succeeded_at timestamptz,
    expires_at timestamptz not null
);
select private.common_table('sign_in_attempts', 'local', null, null, null);
grant select, insert, update, delete on sign_in_attempts to clinigraph_system;
create index sign_in_attempts_expires_at_idx on sign_in_attempts (expires_at);
comment on table sign_in_attempts is
    'Failed attempts of an account, of a network address, and of an account from a network address, each in a row of its own.';
comment on column sign_in_attempts.key is
    'Keyed hash of what is counted: account, network address, or both. The database alone does not tell who tried what.';
comment on column sign_in_attempts.failures is 'Attempts that failed or are under way.';
comment on column sign_in_attempts.waits_until is 'Time until which no further attempt is checked; null for at once.';
comment on column sign_in_attempts.succeeded_at is
    'Time of the last success of an account from a network address; null before the first, and in the other rows.';
comment on column sign_in_attempts.expires_at is 'Time after which the row counts for nothing and can be removed.';

-- What remains beside the account is when it last signed in.
alter table user_sign_ins drop column failed_sign_ins, drop column locked_until;
select private.audit_table('user_sign_ins', 'user', 'last_login_at', 'update');
comment on table user_sign_ins is 'When a user last signed in; apart from users, which it would change each time.';

-- ---- Refusals in the audit trail ----

alter domain audit_events_verb drop constraint audit_events_verb_check;
alter domain audit_events_verb add constraint audit_events_verb_check
    check (value in ('create', 'update', 'delete', 'view', 'sign_in', 'attempt'));

create function private.audit_refusal(
    actor_kind text, actor uuid, email text, clinic uuid, verb text, resource text, resource_id uuid, reason text
) returns void
    language plpgsql
    security definer
    set search_path = pg_catalog, pg_temp
as $$
declare
    -- As in private.audit_body().
    request text[] := string_to_array(convert_from(decode(current_setting('app.request', true), 'hex'), 'utf8'), chr(31), '');
begin
    insert into public.audit_events (actor_kind, actor_user_id, actor_email, clinic_id, verb, operation, resource_type, resource_id,
                                     ip, user_agent, request_id, success, reason)
    values (actor_kind, actor, email, coalesce(clinic, '00000000-0000-0000-0000-000000000000'), verb, request[1], resource,
            resource_id, request[3]::inet, request[4], request[2], false, reason);
end
$$;
comment on function private.audit_refusal is
    'Writes into the audit trail that something was refused, for which no row changes and no trigger runs.';
select private.run_as_system('private.audit_refusal(text, uuid, text, uuid, text, text, uuid, text)');
grant execute on function private.audit_refusal to clinigraph_system;

-- ---- The server works for somebody ----

create function private.check_caller_of_system(session uuid, actor uuid, clinic uuid, membership_role text, network uuid, class text)
    returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    perform private.check_caller(session, actor, clinic, membership_role, network, class);
exception when sqlstate 'CG003' then
    -- People whose clinic is inactive can still sign out and switch to another.
    null;
end
$$;
comment on function private.check_caller_of_system is
    'Checks a caller for whom the server works as itself: raises what private.check_caller() raises, but accepts an inactive clinic.';
revoke all on function private.check_caller_of_system from public;
grant execute on function private.check_caller_of_system to clinigraph_system;

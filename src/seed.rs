//! Bulk data for measurements: given numbers of clinics, users, tickets and other rows, generated inside Postgres. Ids and
//! texts are the same each time. It is only loaded into a database without other users, which is marked.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use clap::Args;
use diesel::{QueryableByName, sql_query, sql_types};
use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use uuid::Uuid;

use crate::{
    access::token_hash,
    kernel::{
        Error, Result,
        db::{
            connect,
            installation::{MadeUp, mark_on},
        },
        secrets::random,
    },
};

/// Number of rows of each kind.
#[derive(Debug, Clone, Args)]
pub struct Scale {
    /// Clinics, each with its config and hours.
    #[arg(long, default_value_t = 100)]
    pub clinics: u32,
    /// People: one in forty runs the platform, the others belong to one clinic each.
    #[arg(long, default_value_t = 400)]
    pub users: u32,
    /// Providers over all clinics.
    #[arg(long, default_value_t = 1_000)]
    pub providers: u32,
    /// Support tickets over all clinics.
    #[arg(long, default_value_t = 50_000)]
    pub tickets: u32,
    /// Messages over all tickets.
    #[arg(long, default_value_t = 150_000)]
    pub messages: u32,
    /// Rows of the audit trail.
    #[arg(long, default_value_t = 200_000)]
    pub audit: u32,
}

impl Default for Scale {
    fn default() -> Self {
        Self { clinics: 100, users: 400, providers: 1_000, tickets: 50_000, messages: 150_000, audit: 200_000 }
    }
}

impl Scale {
    fn administrators(&self) -> u32 {
        self.users.div_ceil(40)
    }

    fn check(&self) -> Result<()> {
        if self.clinics == 0 || self.tickets == 0 {
            return Err(Error::invalid("scale", "needs a clinic and a ticket at least"));
        }
        if self.users.saturating_sub(self.administrators()) < self.clinics {
            return Err(Error::invalid(
                "users",
                "must be enough for a manager in each clinic, and one in forty on top",
            ));
        }
        Ok(())
    }
}

/// Tokens of made-up people, who work in the first clinic or run the platform.
#[derive(Debug, Clone)]
pub struct Seeded {
    pub clinic: Uuid,
    pub manager: String,
    pub administrator: String,
}

/// Fills the database that this login owns, unless it is filled already, and signs two of its people in. `force`:
/// also where other people are, without a mark.
pub async fn seed(owner_url: &str, scale: &Scale, force: bool) -> Result<Seeded> {
    scale.check()?;
    let mut owner = connect(owner_url).await?;
    let superuser = holds(&mut owner, "select rolsuper from pg_roles where rolname = current_user").await?;
    // Policies are forced on the owner too. A superuser passes them, and can leave triggers out.
    owner
        .batch_execute(if superuser {
            "set session_replication_role = replica"
        } else {
            "set role clinigraph_owner; set role clinigraph_system"
        })
        .await?;
    let has_others = holds(&mut owner, &format!("exists (select from users where email not like '%{DOMAIN}')")).await?;
    if !force && has_others {
        return Err(Error::invalid("database", "there are people in this database who are not made up"));
    }
    if !holds(&mut owner, &format!("exists (select from users where email like '%{DOMAIN}')")).await? {
        fill(&mut owner, scale, (!has_others).then_some(MadeUp::Measurement)).await?;
    }
    let manager = sign_in(&mut owner, "manager-1").await?;
    let administrator = sign_in(&mut owner, "admin-1").await?;
    if !superuser {
        owner.batch_execute("set role clinigraph_owner").await?;
    }
    owner.batch_execute("vacuum analyze").await?;
    let clinic: Made = sql_query("select id from clinics where slug = 'scale-1'").get_result(&mut owner).await?;
    Ok(Seeded { clinic: clinic.id, manager, administrator })
}

/// Nobody real has an address here.
const DOMAIN: &str = "@scale.example";

#[derive(QueryableByName)]
struct Made {
    #[diesel(sql_type = sql_types::Uuid)]
    id: Uuid,
}

#[derive(QueryableByName)]
struct Holds {
    #[diesel(sql_type = sql_types::Bool)]
    holds: bool,
}

async fn holds(connection: &mut AsyncPgConnection, question: &str) -> Result<bool> {
    Ok(sql_query(format!("select ({question}) as holds")).get_result::<Holds>(connection).await?.holds)
}

/// A session of a made-up person, with a token that nobody can guess.
async fn sign_in(owner: &mut AsyncPgConnection, name: &str) -> Result<String> {
    let token = format!("cgs_{}", URL_SAFE_NO_PAD.encode(random::<32>()?));
    sql_query(
        "insert into sessions (id, user_id, token_hash, acting_clinic_id, expires_at)
         select $1, u.id, $2, m.clinic_id, now() + interval '30 days'
         from users u left join memberships m on m.user_id = u.id where u.email = $3",
    )
    .bind::<sql_types::Uuid, _>(Uuid::now_v7())
    .bind::<sql_types::Bytea, _>(token_hash(&token).to_vec())
    .bind::<sql_types::Text, _>(format!("{name}{DOMAIN}"))
    .execute(owner)
    .await?;
    Ok(token)
}

async fn fill(owner: &mut AsyncPgConnection, scale: &Scale, mark: Option<MadeUp>) -> Result<()> {
    let numbers = [
        ("{clinics}", scale.clinics),
        ("{users}", scale.users),
        ("{admins}", scale.administrators()),
        ("{per}", (scale.users - scale.administrators()) / scale.clinics),
        ("{providers}", scale.providers),
        ("{tickets}", scale.tickets),
        ("{messages}", scale.messages),
        ("{audit}", scale.audit),
    ];
    owner.batch_execute("begin").await?;
    if let Some(mark) = mark {
        mark_on(owner, mark).await?;
    }
    for (table, text) in STEPS {
        if !table.is_empty() && !holds(owner, &format!("to_regclass('public.{table}') is not null")).await? {
            continue;
        }
        let mut text = (*text).to_owned();
        for (name, number) in numbers {
            text = text.replace(name, &number.to_string());
        }
        owner.batch_execute(&text).await?;
    }
    owner.batch_execute("commit").await.map_err(Into::into)
}

/// The statements in order, each with the table that it needs. Everything is numbered from 0; `of` makes an id out of
/// a kind, a number and a time, so that rows find each other without being looked up.
const STEPS: &[(&str, &str)] = &[
    (
        "",
        r"
        create function pg_temp.born(n bigint, many bigint) returns timestamptz language sql immutable as
            $$ select timestamptz '2026-11-16 12:00Z' - (many - n) * (interval '300 days' / many) $$;
        create function pg_temp.of(kind text, n bigint, at timestamptz) returns uuid language sql immutable as
            $$ select (lpad(to_hex((extract(epoch from at) * 1000)::bigint), 12, '0') || '7' || substr(md5(kind || n), 1, 3)
                       || '8' || substr(md5(kind || n), 4, 15))::uuid $$;
        create function pg_temp.words(n bigint, many integer) returns text language sql immutable as
            $$ select string_agg((array['Labels come out on no printer since this morning, and we have restarted it twice.',
                   'Patients tell us that the assistant transfers them to the number we had last year.',
                   'Saturday shows as open until six on the booking page, but we close at one.',
                   'Her profile was verified yesterday, and patients still cannot find her by name.',
                   'The connection test fails with a time-out; nothing changed on our side that we know of.',
                   'Each confirmation reaches the patient two times, about a minute apart.',
                   'The list of calls ends in the middle of October when we export the whole year.'])[1 + (n * 3 + k * 5) % 7], ' ')
               from generate_series(1, many) as k $$;
    ",
    ),
    (
        "clinics",
        r"
        insert into clinics (id, name, slug, description, phone, email, website, address, city, region, postal_code,
                             country, timezone, currency, status, created_at, updated_at)
        select pg_temp.of('clinic', n, timestamptz '2025-11-16 12:00Z'), 'Clinic ' || n + 1, 'scale-' || n + 1,
               pg_temp.words(n, 2), '+1604555' || lpad(n::text, 4, '0'), 'desk-' || n + 1 || '@scale.example',
               'https://scale-' || n + 1 || '.example', n + 1 || ' Main Street', 'Vancouver', 'BC', 'V6B 1A1', 'CA',
               'America/Vancouver', 'CAD', 'active', timestamptz '2025-11-16 12:00Z', timestamptz '2025-11-16 12:00Z'
        from generate_series(0, {clinics} - 1) as n
    ",
    ),
    (
        "users",
        r"
        insert into users (id, email, first_name, last_name, status, is_platform_admin, clinic_ids, created_at, updated_at)
        select pg_temp.of('user', n, timestamptz '2025-11-17 12:00Z'),
               case when n < {admins} then 'admin-' || n + 1
                    when n < {admins} + {clinics} then 'manager-' || n - {admins} + 1
                    else 'person-' || n + 1 end || '@scale.example',
               (array['Ada', 'Linus', 'Mei', 'Tom', 'Priya', 'Ruth', 'Amina', 'Joseph', 'Grace'])[1 + n % 9],
               (array['Okafor', 'Berg', 'Chen', 'Fraser', 'Nair', 'Ansel', 'Wanjiru'])[1 + n % 7],
               'active', n < {admins},
               -- As the trigger of memberships does, where triggers run.
               case when n < {admins} then '{}' else array[pg_temp.of('clinic', (n - {admins}) % {clinics}, timestamptz '2025-11-16 12:00Z')] end,
               timestamptz '2025-11-17 12:00Z', timestamptz '2025-11-17 12:00Z'
        from generate_series(0, {users} - 1) as n
    ",
    ),
    (
        "memberships",
        r"
        insert into memberships (id, clinic_id, user_id, role, created_at, updated_at)
        select pg_temp.of('membership', n, timestamptz '2025-11-18 12:00Z'),
               pg_temp.of('clinic', n % {clinics}, timestamptz '2025-11-16 12:00Z'),
               pg_temp.of('user', n + {admins}, timestamptz '2025-11-17 12:00Z'),
               case when n < {clinics} then 'clinic_manager' else (array['staff', 'clinician', 'staff'])[1 + n / {clinics} % 3] end,
               timestamptz '2025-11-18 12:00Z', timestamptz '2025-11-18 12:00Z'
        from generate_series(0, {users} - {admins} - 1) as n
    ",
    ),
    (
        "providers",
        r"
        insert into providers (id, clinic_id, title, first_name, last_name, bio, specialties, languages, license_number,
                               years_of_experience, email, phone, color, status, consultation_modes, consultation_fee, currency,
                               default_duration_minutes, verification_status, created_at, updated_at)
        select pg_temp.of('provider', n, timestamptz '2025-11-19 12:00Z'),
               pg_temp.of('clinic', n % {clinics}, timestamptz '2025-11-16 12:00Z'), 'Dr.',
               (array['Ada', 'Linus', 'Mei', 'Tom', 'Priya', 'Ruth', 'Amina', 'Joseph', 'Grace'])[1 + n % 9],
               (array['Okafor', 'Berg', 'Chen', 'Fraser', 'Nair', 'Ansel', 'Wanjiru'])[1 + n % 7], pg_temp.words(n, 2),
               array[(array['family medicine', 'physiotherapy', 'dermatology'])[1 + n % 3]], array['en', (array['zh', 'fr', 'sw'])[1 + n % 3]],
               'L-' || 10000 + n, 3 + n % 30, 'provider-' || n + 1 || '@scale.example', '+1604556' || lpad((n % 10000)::text, 4, '0'),
               '#3B82F6', (array['active', 'active', 'active', 'on_leave', 'inactive'])[1 + n % 5], '{in_person,video}',
               90 + n % 50, 'CAD', 15 + n % 4 * 15, (array['pending', 'verified', 'verified'])[1 + n % 3],
               timestamptz '2025-11-19 12:00Z', timestamptz '2025-11-19 12:00Z'
        from generate_series(0, {providers} - 1) as n
    ",
    ),
    (
        "clinic_configs",
        r"
        insert into clinic_configs (id, clinic_id, max_new_patients_per_week, cancellation_window_hours, default_language, greetings,
                                    transfer_phone, preferred_pharmacy_name, preferred_pharmacy_address, officer_name, officer_email,
                                    default_provider_id, created_at, updated_at)
        select pg_temp.of('config', n, timestamptz '2025-11-16 12:00Z'), pg_temp.of('clinic', n, timestamptz '2025-11-16 12:00Z'),
               20, 24, 'en',
               jsonb_build_array(jsonb_build_object('language', 'en', 'text', 'Welcome to clinic ' || n + 1 || '. How can we help you?'),
                                 jsonb_build_object('language', 'zh', 'text', '欢迎致电。请问有什么可以帮您？')),
               '+1604557' || lpad(n::text, 4, '0'), 'Corner Pharmacy', n + 1 || ' Side Street', 'Ruth Ansel', 'privacy@scale.example',
               case when n < {providers} then pg_temp.of('provider', n, timestamptz '2025-11-19 12:00Z') end,
               timestamptz '2025-11-16 12:00Z', timestamptz '2025-11-16 12:00Z'
        from generate_series(0, {clinics} - 1) as n
        on conflict do nothing
    ",
    ),
    (
        "clinic_hours",
        r"
        insert into clinic_hours (id, clinic_id, day_of_week, opens_at, closes_at, is_closed, created_at, updated_at)
        select pg_temp.of('hours', n * 7 + day, timestamptz '2025-11-16 12:00Z'), pg_temp.of('clinic', n, timestamptz '2025-11-16 12:00Z'),
               day, case when day > 0 then time '09:00' end, case when day > 0 then time '17:30' end, day = 0,
               timestamptz '2025-11-16 12:00Z', timestamptz '2025-11-16 12:00Z'
        from generate_series(0, {clinics} - 1) as n, generate_series(0, 6) as day
    ",
    ),
    (
        "clinic_closures",
        r"
        insert into clinic_closures (id, clinic_id, date, name, created_at, updated_at)
        select pg_temp.of('closure', n * 6 + k, timestamptz '2025-11-16 12:00Z'), pg_temp.of('clinic', n, timestamptz '2025-11-16 12:00Z'),
               date '2026-01-01' + k * 60, 'Holiday ' || k + 1, timestamptz '2025-11-16 12:00Z', timestamptz '2025-11-16 12:00Z'
        from generate_series(0, {clinics} - 1) as n, generate_series(0, 5) as k
    ",
    ),
    (
        "support_tickets",
        r"
        insert into support_tickets (id, clinic_id, created_by_user_id, created_by, assignee_id, title, description, priority,
                                     status, first_response_due_at, resolution_due_at, created_at, updated_at)
        select pg_temp.of('ticket', n, at), pg_temp.of('clinic', n % {clinics}, timestamptz '2025-11-16 12:00Z'), opener, opener,
               case when n % 5 > 0 then pg_temp.of('user', n % {admins}, timestamptz '2025-11-17 12:00Z') end,
               'Matter ' || n || ': ' || substr(pg_temp.words(n, 1), 1, 60), pg_temp.words(n, 4),
               (array['low', 'medium', 'high', 'urgent'])[1 + n * 7 / 3 % 4],
               (array['open', 'in_progress', 'waiting', 'resolved', 'closed', 'closed', 'closed'])[1 + n * 5 / 3 % 7],
               at + interval '8 hours', at + interval '72 hours', at, at + interval '1 day'
        from generate_series(0, {tickets} - 1) as n,
             pg_temp.born(n, {tickets}) as at,
             pg_temp.of('user', {admins} + n % {clinics} + n / {clinics} % {per} * {clinics}, timestamptz '2025-11-17 12:00Z') as opener
    ",
    ),
    (
        "ticket_messages",
        r"
        insert into ticket_messages (id, clinic_id, ticket_id, author_user_id, body, is_internal, created_at)
        select pg_temp.of('message', n, at), pg_temp.of('clinic', t % {clinics}, timestamptz '2025-11-16 12:00Z'),
               pg_temp.of('ticket', t, pg_temp.born(t, {tickets})),
               pg_temp.of('user', case when n % 2 = 0 then t % {admins} else {admins} + t % {clinics} + t / {clinics} % {per} * {clinics} end,
                          timestamptz '2025-11-17 12:00Z'),
               pg_temp.words(n, 3), n % 22 = 0, at
        from generate_series(0, {messages} - 1) as n, lateral (select n % {tickets} as t) as ticket,
             lateral (select pg_temp.born(t, {tickets}) + (1 + n / {tickets}) * interval '1 hour' as at) as time
    ",
    ),
    (
        "audit_events",
        r"
        insert into audit_events (id, occurred_at, actor_kind, actor_user_id, actor_email, clinic_id, verb, operation,
                                  resource_type, resource_id, changes, ip, user_agent, request_id)
        select pg_temp.of('audit', n, at), at, 'tenant',
               pg_temp.of('user', {admins} + n % {clinics}, timestamptz '2025-11-17 12:00Z'),
               'manager-' || n % {clinics} + 1 || '@scale.example',
               pg_temp.of('clinic', n % {clinics}, timestamptz '2025-11-16 12:00Z'),
               (array['create', 'update', 'update', 'view'])[1 + n * 3 / 2 % 4], 'changeTicketStatus', 'ticket',
               pg_temp.of('ticket', n % {tickets}, pg_temp.born(n % {tickets}, {tickets})),
               json_build_array(json_build_object('field', 'status', 'before', 'open', 'after', 'in_progress')),
               '203.0.113.7', 'Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/140.0', 'req-' || n
        from generate_series(0, {audit} - 1) as n, pg_temp.born(n, {audit}) as at
    ",
    ),
];

//! Made-up clinics, providers, people and tickets: the same at every first start, in ids as
//! in words. Loaded into an empty database only.

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use diesel::{ExpressionMethods, Insertable, QueryDsl, insert_into};
use diesel_async::RunQueryDsl;
use rust_decimal::Decimal;
use uuid::Uuid;

use crate::{
    access::{Passwords, UserStatus},
    clinic::{ClinicStatus, Greeting},
    kernel::{
        Error, Result,
        actor::SystemRole,
        db::{Database, Scope},
        entity::JsonList,
        text::LanguageTag,
        wall_clock::{Date, DayOfWeek, LocalTime},
    },
    provider::{ConsultationMode, ProviderStatus, Qualification, VerificationStatus},
    schema::{
        clinic_closures, clinic_configs, clinic_hours, clinic_networks, clinics, memberships, providers,
        support_tickets, ticket_messages, users,
    },
    server::DemoPerson,
    support::{TicketPriority, TicketStatus},
};

/// Everybody's, and public.
pub const PASSWORD: &str = "clinigraph demo";

/// The day all this is told from.
const NOON: &str = "2026-11-16T12:00:00Z";

struct Clinic {
    name: &'static str,
    slug: &'static str,
    city: &'static str,
    region: &'static str,
    country: &'static str,
    timezone: &'static str,
    currency: &'static str,
    phone: &'static str,
    locale: &'static str,
    network: bool,
    /// Beside English, and how one is greeted in it.
    language: (&'static str, &'static str),
    /// Month, day and name of days in 2027 when it is closed.
    closures: &'static [(u32, u32, &'static str)],
}

const CLINICS: [Clinic; 3] = [
    Clinic {
        name: "Harbour Family Practice",
        slug: "harbour",
        city: "Vancouver",
        region: "BC",
        country: "CA",
        timezone: "America/Vancouver",
        currency: "CAD",
        phone: "+16045550123",
        locale: "en-CA",
        network: false,
        language: ("zh", "您好，这里是 Harbour 家庭诊所。"),
        closures: &[(1, 1, "New Year's Day"), (2, 15, "Family Day"), (5, 24, "Victoria Day"), (7, 1, "Canada Day")],
    },
    Clinic {
        name: "Acacia Telehealth",
        slug: "acacia",
        city: "Nairobi",
        region: "Nairobi County",
        country: "KE",
        timezone: "Africa/Nairobi",
        currency: "KES",
        phone: "+254205550123",
        locale: "en-KE",
        network: true,
        language: ("sw", "Karibu Acacia, tukusaidie vipi?"),
        closures: &[(1, 1, "New Year's Day"), (5, 1, "Labour Day"), (6, 1, "Madaraka Day"), (12, 12, "Jamhuri Day")],
    },
    Clinic {
        name: "Bondi Physiotherapy",
        slug: "bondi",
        city: "Sydney",
        region: "NSW",
        country: "AU",
        timezone: "Australia/Sydney",
        currency: "AUD",
        phone: "+61255501234",
        locale: "en-AU",
        network: true,
        language: ("vi", "Xin chào, đây là Bondi Physiotherapy."),
        closures: &[(1, 1, "New Year's Day"), (1, 26, "Australia Day"), (4, 26, "Anzac Day holiday")],
    },
];

struct Person {
    first_name: &'static str,
    last_name: &'static str,
    email: &'static str,
    /// The clinic by its place; the platform's administrators have none.
    clinic: Option<usize>,
    role: SystemRole,
}

const fn person(
    first_name: &'static str,
    last_name: &'static str,
    email: &'static str,
    clinic: Option<usize>,
    role: SystemRole,
) -> Person {
    Person { first_name, last_name, email, clinic, role }
}

const PEOPLE: [Person; 15] = [
    person("Ada", "Okafor", "ada@clinigraph.example", None, SystemRole::Staff),
    person("Linus", "Berg", "linus@clinigraph.example", None, SystemRole::Staff),
    person("Mei", "Chen", "mei@harbour.example", Some(0), SystemRole::ClinicManager),
    person("Tom", "Fraser", "tom@harbour.example", Some(0), SystemRole::Staff),
    person("Priya", "Nair", "priya@harbour.example", Some(0), SystemRole::Clinician),
    person("Ruth", "Ansel", "ruth@harbour.example", Some(0), SystemRole::Auditor),
    person("Amina", "Wanjiru", "amina@acacia.example", Some(1), SystemRole::ClinicManager),
    person("Joseph", "Otieno", "joseph@acacia.example", Some(1), SystemRole::Staff),
    person("Grace", "Mutua", "grace@acacia.example", Some(1), SystemRole::Clinician),
    person("Peter", "Kamau", "peter@acacia.example", Some(1), SystemRole::Patient),
    person("Zoe", "Marlow", "zoe@bondi.example", Some(2), SystemRole::ClinicManager),
    person("Jack", "Tran", "jack@bondi.example", Some(2), SystemRole::Staff),
    person("Ella", "Novak", "ella@bondi.example", Some(2), SystemRole::Clinician),
    person("Hugo", "Silva", "hugo@bondi.example", Some(2), SystemRole::Patient),
    person("Nora", "Lind", "nora@research.example", Some(2), SystemRole::ResearchPartner),
];

/// Those who treat patients: each clinic has all of these names once, beside its clinician with an account.
const PROVIDERS: [(&str, &str, &str); 7] = [
    ("Hannah", "Abara", "cardiology"),
    ("Wei", "Zhang", "family medicine"),
    ("Omar", "Haddad", "paediatrics"),
    ("Sofia", "Lindqvist", "dermatology"),
    ("Daniel", "Mbeki", "physiotherapy"),
    ("Yuki", "Tanaka", "psychiatry"),
    ("Clara", "Reyes", "family medicine"),
];

const MATTERS: [(&str, &str); 12] = [
    (
        "Printer at the front desk is offline",
        "Since this morning labels come out on no printer. We have restarted it twice.",
    ),
    (
        "Calls go to the old number",
        "Patients tell us that the assistant transfers them to the number we had last year.",
    ),
    ("Wrong opening hours on the booking page", "Saturday shows as open until six, but we close at one."),
    (
        "A new doctor does not show up in search",
        "Her profile was verified yesterday, and patients still cannot find her.",
    ),
    (
        "Cannot connect to our record system",
        "The connection test fails with a time-out. Nothing changed on our side that we know of.",
    ),
    ("Text messages arrive twice", "Each confirmation reaches the patient two times, a minute apart."),
    ("How do we add a public holiday?", "We are closed next Monday and the assistant still offers times."),
    ("The export stops half-way", "The list of calls ends in the middle of October when we export the year."),
    ("A receptionist has left us", "Please tell us how to take her access away without losing her notes."),
    ("Greeting in Mandarin sounds wrong", "The clinic's name is read out letter by letter in the Chinese greeting."),
    ("Invoice shows another clinic's address", "The address block of the last invoice is not ours."),
    ("Two bookings at the same time", "Mrs. Hale and Mr. Ito were both told half past nine with the same doctor."),
];

const ANSWERS: [&str; 6] = [
    "Thank you for telling us. We are looking into it now.",
    "Could you send us the time of one such case, please?",
    "It happened again today at about ten past nine.",
    "This should be mended now. Please have a look.",
    "It works for us again, thank you!",
    "We have found the cause and are putting it right for all clinics.",
];

/// A stream of numbers, always the same.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) % end.max(1) as u64) as usize
    }

    /// An id that sorts by its time, as the server's own do.
    fn id(&mut self, at: DateTime<Utc>) -> Uuid {
        let bytes = std::array::from_fn(|_| self.below(256) as u8);
        uuid::Builder::from_unix_timestamp_millis(at.timestamp_millis().unsigned_abs(), &bytes).into_uuid()
    }
}

#[derive(Insertable)]
#[diesel(table_name = users)]
struct NewUser<'a> {
    id: Uuid,
    email: &'a str,
    password_hash: &'a str,
    first_name: &'a str,
    last_name: &'a str,
    status: UserStatus,
    is_platform_admin: bool,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

#[derive(Insertable)]
#[diesel(table_name = clinics)]
struct NewClinic<'a> {
    id: Uuid,
    network_id: Option<Uuid>,
    name: &'a str,
    slug: &'a str,
    phone: &'a str,
    city: &'a str,
    region: &'a str,
    country: &'a str,
    timezone: &'a str,
    locale: &'a str,
    currency: &'a str,
    status: ClinicStatus,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

#[derive(Insertable)]
#[diesel(table_name = memberships)]
struct NewMembership {
    id: Uuid,
    clinic_id: Uuid,
    user_id: Uuid,
    role: SystemRole,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

#[derive(Insertable)]
#[diesel(table_name = support_tickets)]
struct NewTicket<'a> {
    id: Uuid,
    clinic_id: Uuid,
    created_by_user_id: Uuid,
    created_by: Uuid,
    assignee_id: Option<Uuid>,
    title: &'a str,
    description: &'a str,
    priority: TicketPriority,
    status: TicketStatus,
    first_response_due_at: DateTime<Utc>,
    resolution_due_at: DateTime<Utc>,
    first_responded_at: Option<DateTime<Utc>>,
    resolved_at: Option<DateTime<Utc>>,
    closed_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

#[derive(Insertable)]
#[diesel(table_name = ticket_messages)]
struct NewMessage<'a> {
    id: Uuid,
    clinic_id: Uuid,
    ticket_id: Uuid,
    author_user_id: Uuid,
    body: &'a str,
    is_internal: bool,
    created_at: DateTime<Utc>,
}

#[derive(Insertable)]
#[diesel(table_name = clinic_configs)]
struct NewConfig {
    id: Uuid,
    clinic_id: Uuid,
    default_provider_id: Uuid,
    supported_languages: Vec<LanguageTag>,
    greetings: JsonList<Greeting>,
    transfer_phone: &'static str,
    officer_name: String,
    officer_email: &'static str,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

#[derive(Insertable)]
#[diesel(table_name = clinic_hours)]
struct NewHours {
    id: Uuid,
    clinic_id: Uuid,
    day_of_week: DayOfWeek,
    opens_at: Option<LocalTime>,
    closes_at: Option<LocalTime>,
    is_closed: bool,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

#[derive(Insertable)]
#[diesel(table_name = clinic_closures)]
struct NewClosure {
    id: Uuid,
    clinic_id: Uuid,
    date: Date,
    name: &'static str,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

#[derive(Insertable)]
#[diesel(table_name = providers)]
struct NewProvider {
    id: Uuid,
    clinic_id: Uuid,
    user_id: Option<Uuid>,
    title: &'static str,
    first_name: &'static str,
    last_name: &'static str,
    specialties: Vec<&'static str>,
    languages: Vec<&'static str>,
    qualifications: JsonList<Qualification>,
    years_of_experience: i16,
    color: &'static str,
    status: ProviderStatus,
    accepting_new_patients: bool,
    consultation_modes: Vec<ConsultationMode>,
    consultation_fee: Option<Decimal>,
    currency: &'static str,
    verification_status: VerificationStatus,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

/// Loads all of it unless there is a clinic already, and tells who can sign in.
pub async fn load(database: &Database) -> Result<Vec<DemoPerson>> {
    let hash = Passwords::new(1, 1).hash(PASSWORD).await?;
    database
        .as_system(None, async |scope| {
            let tx = scope.tx().await?;
            if clinics::table.count().get_result::<i64>(&mut tx.conn()?).await? == 0 {
                let noon = NOON.parse().map_err(Error::internal)?;
                fill(scope, &hash, noon).await?;
                tracing::info!("demo data loaded");
            }
            Ok(())
        })
        .await?;
    Ok(PEOPLE.iter().map(shown).collect())
}

fn shown(person: &Person) -> DemoPerson {
    let role = match (person.clinic, person.role) {
        (None, _) => "Platform administrator",
        (_, SystemRole::ClinicManager) => "Clinic manager",
        (_, SystemRole::Staff) => "Staff",
        (_, SystemRole::Clinician) => "Clinician",
        (_, SystemRole::Auditor) => "Auditor",
        (_, SystemRole::Patient) => "Patient",
        (_, SystemRole::ResearchPartner) => "Research partner",
    };
    DemoPerson {
        label: format!("{} {}", person.first_name, person.last_name),
        email: person.email.to_owned(),
        password: PASSWORD.to_owned(),
        role: role.to_owned(),
        clinic: person.clinic.and_then(|place| CLINICS.get(place)).map(|clinic| clinic.name.to_owned()),
    }
}

async fn fill(scope: &Scope, hash: &str, noon: DateTime<Utc>) -> Result<()> {
    let tx = scope.tx().await?;
    let mut conn = tx.conn()?;
    let mut numbers = Numbers(7);
    let founded = noon - TimeDelta::days(400);

    let network = numbers.id(founded);
    insert_into(clinic_networks::table)
        .values((
            clinic_networks::id.eq(network),
            clinic_networks::name.eq("Southern Care Network"),
            clinic_networks::slug.eq("southern-care"),
        ))
        .execute(&mut conn)
        .await?;
    let clinic_ids: Vec<Uuid> = CLINICS.iter().map(|_| numbers.id(founded)).collect();
    let new_clinic = |(clinic, id): (&'static Clinic, &Uuid)| NewClinic {
        id: *id,
        network_id: clinic.network.then_some(network),
        name: clinic.name,
        slug: clinic.slug,
        phone: clinic.phone,
        city: clinic.city,
        region: clinic.region,
        country: clinic.country,
        timezone: clinic.timezone,
        locale: clinic.locale,
        currency: clinic.currency,
        status: ClinicStatus::Active,
        created_at: founded,
        updated_at: founded,
    };
    let rows: Vec<_> = CLINICS.iter().zip(&clinic_ids).map(new_clinic).collect();
    insert_into(clinics::table).values(rows).execute(&mut conn).await?;

    let user_ids: Vec<Uuid> = PEOPLE.iter().map(|_| numbers.id(founded)).collect();
    let new_user = |(person, id): (&Person, &Uuid)| NewUser {
        id: *id,
        email: person.email,
        password_hash: hash,
        first_name: person.first_name,
        last_name: person.last_name,
        status: UserStatus::Active,
        is_platform_admin: person.clinic.is_none(),
        created_at: founded,
        updated_at: founded,
    };
    let rows: Vec<_> = PEOPLE.iter().zip(&user_ids).map(new_user).collect();
    insert_into(users::table).values(rows).execute(&mut conn).await?;

    let mut member = |clinic: usize, user: usize, role: SystemRole| NewMembership {
        id: numbers.id(founded),
        clinic_id: clinic_ids[clinic],
        user_id: user_ids[user],
        role,
        created_at: founded,
        updated_at: founded,
    };
    let mut rows: Vec<_> = PEOPLE
        .iter()
        .enumerate()
        .filter_map(|(user, person)| Some(member(person.clinic?, user, person.role)))
        .collect();
    // One of them also works in a second clinic, so that there is somewhere to switch to.
    rows.push(member(2, 6, SystemRole::Staff));
    insert_into(memberships::table).values(rows).execute(&mut conn).await?;

    let mut offered = Vec::new();
    for (place, (clinic, id)) in CLINICS.iter().zip(&clinic_ids).enumerate() {
        let rows = practice(&mut numbers, place, *id, &user_ids, founded);
        let chosen = rows[0].id;
        insert_into(providers::table).values(rows).execute(&mut conn).await?;
        offered.push(configuration(&mut numbers, (clinic, place, *id), chosen, founded)?);
    }
    insert_into(clinic_configs::table).values(offered).execute(&mut conn).await?;
    let (hours, closures) = week_and_year(&mut numbers, &clinic_ids, founded);
    insert_into(clinic_hours::table).values(hours).execute(&mut conn).await?;
    insert_into(clinic_closures::table).values(closures).execute(&mut conn).await?;

    let (tickets, messages) = talk(&mut numbers, &clinic_ids, &user_ids, noon);
    insert_into(support_tickets::table).values(tickets).execute(&mut conn).await?;
    insert_into(ticket_messages::table).values(messages).execute(&mut conn).await?;
    Ok(())
}

/// Who treats patients in a clinic; the clinician with an account first.
fn practice(
    numbers: &mut Numbers,
    place: usize,
    clinic: Uuid,
    users: &[Uuid],
    founded: DateTime<Utc>,
) -> Vec<NewProvider> {
    const COLORS: [&str; 4] = ["#3B82F6", "#10B981", "#F59E0B", "#8B5CF6"];
    let own = PEOPLE
        .iter()
        .zip(users)
        .filter(|(person, _)| person.clinic == Some(place) && person.role == SystemRole::Clinician);
    let own = own.map(|(person, user)| (person.first_name, person.last_name, "family medicine", Some(*user)));
    let names = own.chain(PROVIDERS.into_iter().map(|(first, last, field)| (first, last, field, None)));
    let provider = |(at, (first_name, last_name, field, user_id)): (usize, (_, _, _, Option<Uuid>))| NewProvider {
        id: numbers.id(founded),
        clinic_id: clinic,
        user_id,
        title: "Dr.",
        first_name,
        last_name,
        specialties: vec![field],
        languages: if at % 2 == 0 { vec!["en", CLINICS[place].language.0] } else { vec!["en"] },
        qualifications: JsonList(vec![Qualification {
            title: "MD".to_owned(),
            institution: Some(format!("University of {}", CLINICS[place].city)),
            year: Some(1990 + numbers.below(30) as i32),
        }]),
        years_of_experience: 3 + numbers.below(30) as i16,
        color: COLORS[at % COLORS.len()],
        status: match at {
            6 => ProviderStatus::OnLeave,
            7 => ProviderStatus::Inactive,
            _ => ProviderStatus::Active,
        },
        accepting_new_patients: at % 3 != 2,
        consultation_modes: match at % 3 {
            0 => vec![ConsultationMode::InPerson, ConsultationMode::Video],
            1 => vec![ConsultationMode::InPerson],
            _ => vec![ConsultationMode::Video, ConsultationMode::Phone],
        },
        consultation_fee: (at % 4 != 3).then(|| Decimal::new(4_500 + 500 * numbers.below(20) as i64, 2)),
        currency: CLINICS[place].currency,
        verification_status: if at < 5 { VerificationStatus::Verified } else { VerificationStatus::Pending },
        created_at: founded,
        updated_at: founded,
    };
    names.enumerate().map(provider).collect()
}

/// How a clinic wants to be run.
fn configuration(
    numbers: &mut Numbers,
    (clinic, place, id): (&Clinic, usize, Uuid),
    default_provider_id: Uuid,
    founded: DateTime<Utc>,
) -> Result<NewConfig> {
    let manager = PEOPLE.iter().find(|person| person.clinic == Some(place) && person.role == SystemRole::ClinicManager);
    let tag = |tag: &str| LanguageTag::new(tag).map_err(Error::internal);
    let greeting = |language: &str, text: String| Ok::<_, Error>(Greeting { language: tag(language)?, text });
    Ok(NewConfig {
        id: numbers.id(founded),
        clinic_id: id,
        default_provider_id,
        supported_languages: vec![tag("en")?, tag(clinic.language.0)?],
        greetings: JsonList(vec![
            greeting("en", format!("Hello, this is {}. How can we help?", clinic.name))?,
            greeting(clinic.language.0, clinic.language.1.to_owned())?,
        ]),
        transfer_phone: clinic.phone,
        officer_name: manager.map(|person| format!("{} {}", person.first_name, person.last_name)).unwrap_or_default(),
        officer_email: manager.map(|person| person.email).unwrap_or_default(),
        created_at: founded,
        updated_at: founded,
    })
}

/// When the clinics are open, and on which days of the coming year they are not.
fn week_and_year(numbers: &mut Numbers, clinics: &[Uuid], founded: DateTime<Utc>) -> (Vec<NewHours>, Vec<NewClosure>) {
    let (mut hours, mut closures) = (Vec::new(), Vec::new());
    for (clinic, clinic_id) in CLINICS.iter().zip(clinics.iter().copied()) {
        for day_of_week in DayOfWeek::WEEK {
            let (opens, closes) = match day_of_week {
                DayOfWeek::Sunday => (None, None),
                DayOfWeek::Saturday => (Some(9), Some(13)),
                _ => (Some(8), Some(17)),
            };
            let at = |hour: Option<u32>| hour.and_then(|hour| NaiveTime::from_hms_opt(hour, 30, 0)).map(LocalTime);
            hours.push(NewHours {
                id: numbers.id(founded),
                clinic_id,
                day_of_week,
                opens_at: at(opens),
                closes_at: at(closes),
                is_closed: opens.is_none(),
                created_at: founded,
                updated_at: founded,
            });
        }
        for (month, day, name) in clinic.closures {
            closures.extend(NaiveDate::from_ymd_opt(2027, *month, *day).map(|date| NewClosure {
                id: numbers.id(founded),
                clinic_id,
                date: Date(date),
                name,
                created_at: founded,
                updated_at: founded,
            }));
        }
    }
    (hours, closures)
}

const TICKETS: i32 = 240;

fn talk(
    numbers: &mut Numbers,
    clinics: &[Uuid],
    users: &[Uuid],
    noon: DateTime<Utc>,
) -> (Vec<NewTicket<'static>>, Vec<NewMessage<'static>>) {
    const PRIORITIES: [TicketPriority; 6] = {
        use TicketPriority::{High, Low, Medium, Urgent};
        [Low, Medium, Medium, Medium, High, Urgent]
    };
    const STATES: [TicketStatus; 8] = {
        use TicketStatus::{Closed, InProgress, Open, Resolved, Waiting};
        [Open, Open, InProgress, InProgress, Waiting, Resolved, Closed, Closed]
    };
    let (mut tickets, mut messages) = (Vec::new(), Vec::new());
    for place in 0..TICKETS {
        let clinic = numbers.below(clinics.len());
        // Whoever may open tickets there: manager or staff.
        let desk: Vec<usize> = (0..PEOPLE.len())
            .filter(|at| {
                PEOPLE[*at].clinic == Some(clinic)
                    && matches!(PEOPLE[*at].role, SystemRole::ClinicManager | SystemRole::Staff)
            })
            .collect();
        let opener = users[desk[numbers.below(desk.len())]];
        let administrator = users[numbers.below(2)];
        let opened = noon - TimeDelta::minutes(i64::from(TICKETS - place) * 347 + numbers.below(300) as i64);
        let status = STATES[numbers.below(STATES.len())];
        let (title, description) = MATTERS[numbers.below(MATTERS.len())];
        let id = numbers.id(opened);
        let replies = if status == TicketStatus::Open { numbers.below(2) } else { 1 + numbers.below(5) };
        let mut at = opened;
        let mut answered = None;
        for reply in 0..replies {
            at += TimeDelta::minutes(9 + numbers.below(40) as i64);
            let by_platform = reply % 2 == 0 && status != TicketStatus::Open;
            let is_internal = by_platform && reply > 0 && numbers.below(3) == 0;
            if by_platform && !is_internal {
                answered = answered.or(Some(at));
            }
            messages.push(NewMessage {
                id: numbers.id(at),
                clinic_id: clinics[clinic],
                ticket_id: id,
                author_user_id: if by_platform { administrator } else { opener },
                body: if is_internal {
                    "Seen at two other clinics this week; keep an eye on it."
                } else {
                    ANSWERS[numbers.below(ANSWERS.len())]
                },
                is_internal,
                created_at: at,
            });
        }
        let over = matches!(status, TicketStatus::Resolved | TicketStatus::Closed).then_some(at);
        tickets.push(NewTicket {
            id,
            clinic_id: clinics[clinic],
            created_by_user_id: opener,
            created_by: opener,
            assignee_id: (status != TicketStatus::Open).then_some(administrator),
            title,
            description,
            priority: PRIORITIES[numbers.below(PRIORITIES.len())],
            status,
            first_response_due_at: opened + TimeDelta::hours(8),
            resolution_due_at: opened + TimeDelta::hours(72),
            first_responded_at: answered,
            resolved_at: over,
            closed_at: over.filter(|_| status == TicketStatus::Closed),
            created_at: opened,
            updated_at: at,
        });
    }
    (tickets, messages)
}

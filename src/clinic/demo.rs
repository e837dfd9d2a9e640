//! Demo data: three clinics, two of them in a network, with their configurations, opening hours and closures.

use chrono::{NaiveDate, NaiveTime};

use super::{Clinic, ClinicClosure, ClinicConfig, ClinicHours, ClinicNetwork, ClinicStatus, Greeting};
use crate::{
    access::demo::USERS,
    kernel::{
        Error, Id, Result,
        actor::SystemRole,
        db::Scope,
        demo::Demo,
        entity::JsonList,
        text::{CurrencyCode, EmailAddress, LanguageTag, PhoneNumber, TimeZone},
        wall_clock::{Date, DayOfWeek, LocalTime},
        write::{Draft, NoEvent},
    },
    provider::Provider,
    schema::clinics,
};

/// A clinic of the demo.
#[derive(Debug)]
pub struct DemoClinic {
    pub name: &'static str,
    pub slug: &'static str,
    pub city: &'static str,
    region: &'static str,
    country: &'static str,
    timezone: &'static str,
    pub currency: &'static str,
    phone: &'static str,
    locale: &'static str,
    in_network: bool,
    /// Second language beside English.
    pub language: &'static str,
    /// Greeting in that language.
    greeting: &'static str,
    /// Month, day and name of the closures in 2027.
    closures: &'static [(u32, u32, &'static str)],
}

pub const CLINICS: &[DemoClinic] = &[
    DemoClinic {
        name: "Harbour Family Practice",
        slug: "harbour",
        city: "Vancouver",
        region: "BC",
        country: "CA",
        timezone: "America/Vancouver",
        currency: "CAD",
        phone: "+16045550123",
        locale: "en-CA",
        in_network: false,
        language: "zh",
        greeting: "您好，这里是 Harbour 家庭诊所。",
        closures: &[(1, 1, "New Year's Day"), (2, 15, "Family Day"), (5, 24, "Victoria Day"), (7, 1, "Canada Day")],
    },
    DemoClinic {
        name: "Acacia Telehealth",
        slug: "acacia",
        city: "Nairobi",
        region: "Nairobi County",
        country: "KE",
        timezone: "Africa/Nairobi",
        currency: "KES",
        phone: "+254205550123",
        locale: "en-KE",
        in_network: true,
        language: "sw",
        greeting: "Karibu Acacia, tukusaidie vipi?",
        closures: &[(1, 1, "New Year's Day"), (5, 1, "Labour Day"), (6, 1, "Madaraka Day"), (12, 12, "Jamhuri Day")],
    },
    DemoClinic {
        name: "Bondi Physiotherapy",
        slug: "bondi",
        city: "Sydney",
        region: "NSW",
        country: "AU",
        timezone: "Australia/Sydney",
        currency: "AUD",
        phone: "+61255501234",
        locale: "en-AU",
        in_network: true,
        language: "vi",
        greeting: "Xin chào, đây là Bondi Physiotherapy.",
        closures: &[(1, 1, "New Year's Day"), (1, 26, "Australia Day"), (4, 26, "Anzac Day holiday")],
    },
];

/// Writes the clinics and the network.
pub async fn load(scope: &Scope, demo: &mut Demo) -> Result<Vec<(Id<Clinic>, &'static DemoClinic)>> {
    let network = demo.new_row::<ClinicNetwork>().name("Southern Care Network").slug("southern-care");
    let network = network.insert(scope, NoEvent).await?;
    let draft = |clinic: &DemoClinic| {
        Ok(demo
            .new_row::<Clinic>()
            .set(clinics::network_id, clinic.in_network.then_some(network))
            .name(clinic.name)
            .slug(clinic.slug)
            .phone(PhoneNumber::new(clinic.phone).map_err(Error::internal)?)
            .city(clinic.city)
            .region(clinic.region)
            .country(clinic.country)
            .timezone(TimeZone::new(clinic.timezone).map_err(Error::internal)?)
            .locale(tag(clinic.locale)?)
            .currency(CurrencyCode::new(clinic.currency).map_err(Error::internal)?)
            .status(ClinicStatus::Active))
    };
    let drafts = CLINICS.iter().map(draft).collect::<Result<Vec<_>>>()?;
    let loaded = drafts.iter().map(Draft::row_id).zip(CLINICS).collect();
    Draft::insert_all(scope, drafts, NoEvent).await?;
    Ok(loaded)
}

/// Writes the configuration of a clinic; its manager is the privacy officer.
pub async fn configure(
    scope: &Scope,
    demo: &mut Demo,
    (id, clinic): (Id<Clinic>, &DemoClinic),
    default_provider: Id<Provider>,
) -> Result<()> {
    let english = format!("Hello, this is {}. How can we help?", clinic.name);
    let greetings = JsonList(vec![
        Greeting { language: tag("en")?, text: english },
        Greeting { language: tag(clinic.language)?, text: clinic.greeting.to_owned() },
    ]);
    let mut draft = demo
        .new_in::<ClinicConfig, _>(id)
        .default_provider_id(default_provider)
        .supported_languages(vec![tag("en")?, tag(clinic.language)?])
        .greetings(greetings)
        .transfer_phone(PhoneNumber::new(clinic.phone).map_err(Error::internal)?);
    if let Some(manager) = USERS.iter().find(|user| user.works_in(clinic, &[SystemRole::ClinicManager])) {
        draft = draft
            .officer_name(format!("{} {}", manager.first_name, manager.last_name))
            .officer_email(EmailAddress::new(manager.email).map_err(Error::internal)?);
    }
    draft.insert(scope, NoEvent).await?;
    Ok(())
}

/// Writes the opening hours of the clinics, and their closures in the coming year.
pub async fn load_calendars(scope: &Scope, demo: &mut Demo, clinics: &[(Id<Clinic>, &DemoClinic)]) -> Result<()> {
    let (mut hours, mut closures) = (Vec::new(), Vec::new());
    for (id, clinic) in clinics {
        for day in DayOfWeek::WEEK {
            let (opens, closes) = match day {
                DayOfWeek::Sunday => (None, None),
                DayOfWeek::Saturday => (Some(9), Some(13)),
                _ => (Some(8), Some(17)),
            };
            let half_past = |hour: Option<u32>| NaiveTime::from_hms_opt(hour?, 30, 0).map(LocalTime);
            hours.push(
                demo.new_in::<ClinicHours, _>(*id)
                    .day_of_week(day)
                    .opens_at(half_past(opens))
                    .closes_at(half_past(closes))
                    .is_closed(opens.is_none()),
            );
        }
        for (month, day, name) in clinic.closures {
            let date = NaiveDate::from_ymd_opt(2027, *month, *day).map(Date);
            closures.extend(date.map(|date| demo.new_in::<ClinicClosure, _>(*id).date(date).name(*name)));
        }
    }
    Draft::insert_all(scope, hours, NoEvent).await?;
    Draft::insert_all(scope, closures, NoEvent).await
}

fn tag(text: &str) -> Result<LanguageTag> {
    LanguageTag::new(text).map_err(Error::internal)
}

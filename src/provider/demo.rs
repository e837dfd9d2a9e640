//! Demo data: eight providers in each clinic.

use rust_decimal::Decimal;

use super::{ConsultationMode, Provider, ProviderStatus, Qualification, VerificationStatus};
use crate::{
    access::{User, demo::DemoUser},
    clinic::{Clinic, demo::DemoClinic},
    kernel::{
        Error, Id, Result,
        actor::SystemRole,
        db::Scope,
        demo::Demo,
        entity::JsonList,
        text::LanguageTag,
        write::{Draft, NoEvent},
    },
    schema::providers,
};

/// Names and specialties of the providers who do not sign in; each clinic has all of them.
const PROVIDERS: [(&str, &str, &str); 7] = [
    ("Hannah", "Abara", "cardiology"),
    ("Wei", "Zhang", "family medicine"),
    ("Omar", "Haddad", "paediatrics"),
    ("Sofia", "Lindqvist", "dermatology"),
    ("Daniel", "Mbeki", "physiotherapy"),
    ("Yuki", "Tanaka", "psychiatry"),
    ("Clara", "Reyes", "family medicine"),
];

const COLORS: [&str; 4] = ["#3B82F6", "#10B981", "#F59E0B", "#8B5CF6"];

/// Given name, family name, specialty and account of a provider.
type DemoProvider = (&'static str, &'static str, &'static str, Option<Id<User>>);

/// Writes the providers of a clinic; returns the first, who is the clinic's clinician with an account.
pub async fn load(
    scope: &Scope,
    demo: &mut Demo,
    (id, clinic): (Id<Clinic>, &DemoClinic),
    users: &[(Id<User>, &DemoUser)],
) -> Result<Id<Provider>> {
    let clinicians = users.iter().filter(|(_, user)| user.works_in(clinic, &[SystemRole::Clinician]));
    let clinicians = clinicians.map(|(id, user)| (user.first_name, user.last_name, "family medicine", Some(*id)));
    let names = clinicians.chain(PROVIDERS.map(|(first, last, specialty)| (first, last, specialty, None)));
    let languages = ["en", clinic.language].map(LanguageTag::new).into_iter().collect::<Result<Vec<_>, _>>();
    let languages = languages.map_err(Error::internal)?;
    let draft = |(at, (first_name, last_name, specialty, user)): (usize, DemoProvider)| {
        let draft = demo.new_in::<Provider, _>(id);
        let degree = Qualification {
            title: "MD".to_owned(),
            institution: Some(format!("University of {}", clinic.city)),
            year: Some(1990 + demo.below(30) as i32),
        };
        draft
            .set(providers::user_id, user)
            .title("Dr.")
            .first_name(first_name)
            .last_name(last_name)
            .specialties(vec![specialty.to_owned()])
            .languages(languages.iter().take(2 - at % 2).cloned().collect::<Vec<_>>())
            .qualifications(JsonList(vec![degree]))
            .years_of_experience(3 + demo.below(30) as i16)
            .color(COLORS[at % COLORS.len()])
            .status(match at {
                6 => ProviderStatus::OnLeave,
                7 => ProviderStatus::Inactive,
                _ => ProviderStatus::Active,
            })
            .accepting_new_patients(at % 3 != 2)
            .consultation_modes(match at % 3 {
                0 => vec![ConsultationMode::InPerson, ConsultationMode::Video],
                1 => vec![ConsultationMode::InPerson],
                _ => vec![ConsultationMode::Video, ConsultationMode::Phone],
            })
            .set(
                providers::consultation_fee,
                (at % 4 != 3).then(|| Decimal::new(4_500 + 500 * demo.below(20) as i64, 2)),
            )
            .set(providers::currency, clinic.currency)
            .verification_status(if at < 5 { VerificationStatus::Verified } else { VerificationStatus::Pending })
    };
    let drafts: Vec<_> = names.enumerate().map(draft).collect();
    let first = drafts.first().map(Draft::row_id).ok_or_else(|| Error::internal("a clinic without providers"))?;
    Draft::insert_all(scope, drafts, NoEvent).await?;
    Ok(first)
}

//! Demo data: people, and the clinics that they belong to.

use super::{Membership, User, UserStatus};
use crate::{
    clinic::{Clinic, demo::DemoClinic},
    kernel::{
        Id, Result,
        actor::SystemRole,
        db::Scope,
        demo::Demo,
        write::{Draft, NoEvent},
    },
    schema::{memberships, users},
};

/// Somebody who can sign in.
#[derive(Debug)]
pub struct DemoUser {
    pub first_name: &'static str,
    pub last_name: &'static str,
    pub email: &'static str,
    /// Slug of the clinic. None for administrators of the platform.
    pub clinic: Option<&'static str>,
    pub role: SystemRole,
}

const fn user(
    first_name: &'static str,
    last_name: &'static str,
    email: &'static str,
    clinic: Option<&'static str>,
    role: SystemRole,
) -> DemoUser {
    DemoUser { first_name, last_name, email, clinic, role }
}

pub const USERS: &[DemoUser] = &[
    user("Ada", "Okafor", "ada@clinigraph.example", None, SystemRole::Staff),
    user("Linus", "Berg", "linus@clinigraph.example", None, SystemRole::Staff),
    user("Mei", "Chen", "mei@harbour.example", Some("harbour"), SystemRole::ClinicManager),
    user("Tom", "Fraser", "tom@harbour.example", Some("harbour"), SystemRole::Staff),
    user("Priya", "Nair", "priya@harbour.example", Some("harbour"), SystemRole::Clinician),
    user("Ruth", "Ansel", "ruth@harbour.example", Some("harbour"), SystemRole::Auditor),
    user("Amina", "Wanjiru", "amina@acacia.example", Some("acacia"), SystemRole::ClinicManager),
    user("Joseph", "Otieno", "joseph@acacia.example", Some("acacia"), SystemRole::Staff),
    user("Grace", "Mutua", "grace@acacia.example", Some("acacia"), SystemRole::Clinician),
    user("Peter", "Kamau", "peter@acacia.example", Some("acacia"), SystemRole::Patient),
    user("Zoe", "Marlow", "zoe@bondi.example", Some("bondi"), SystemRole::ClinicManager),
    user("Jack", "Tran", "jack@bondi.example", Some("bondi"), SystemRole::Staff),
    user("Ella", "Novak", "ella@bondi.example", Some("bondi"), SystemRole::Clinician),
    user("Hugo", "Silva", "hugo@bondi.example", Some("bondi"), SystemRole::Patient),
    user("Nora", "Lind", "nora@research.example", Some("bondi"), SystemRole::ResearchPartner),
];

/// Somebody who works in a second clinic too, so that there is a clinic to switch to.
const SECOND_CLINIC: (&str, &str, SystemRole) = ("amina@acacia.example", "bondi", SystemRole::Staff);

impl DemoUser {
    /// Whether the user has one of these roles in a clinic.
    #[must_use]
    pub fn works_in(&self, clinic: &DemoClinic, roles: &[SystemRole]) -> bool {
        self.clinic == Some(clinic.slug) && roles.contains(&self.role)
    }
}

/// Writes the users, who all have the same password, and their memberships.
pub async fn load(
    scope: &Scope,
    demo: &mut Demo,
    clinics: &[(Id<Clinic>, &DemoClinic)],
    password_hash: &str,
) -> Result<Vec<(Id<User>, &'static DemoUser)>> {
    let verified_at = demo.now();
    let draft = |user: &DemoUser| {
        demo.new_row::<User>()
            .set(users::email, user.email)
            .set(users::password_hash, Some(password_hash.to_owned()))
            .first_name(user.first_name)
            .last_name(user.last_name)
            .status(UserStatus::Active)
            .set(users::email_verified_at, Some(verified_at))
            .is_platform_admin(user.clinic.is_none())
    };
    let drafts: Vec<_> = USERS.iter().map(draft).collect();
    let loaded: Vec<_> = drafts.iter().map(Draft::row_id).zip(USERS).collect();
    Draft::insert_all(scope, drafts, NoEvent).await?;

    let (email, clinic, role) = SECOND_CLINIC;
    let first = loaded.iter().filter_map(|(id, user)| Some((*id, user.clinic?, user.role)));
    let second = loaded.iter().filter(|(_, user)| user.email == email).map(|(id, _)| (*id, clinic, role));
    let drafts = first.chain(second).filter_map(|(user, slug, role)| {
        let (clinic, _) = clinics.iter().find(|(_, clinic)| clinic.slug == slug)?;
        Some(demo.new_in::<Membership, _>(*clinic).set(memberships::user_id, user).role(role))
    });
    Draft::insert_all(scope, drafts.collect(), NoEvent).await?;
    Ok(loaded)
}

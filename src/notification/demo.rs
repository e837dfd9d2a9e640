//! Demo data: words of a clinic's own, decisions of people without an account, and quiet hours.

use super::{
    ContactConsent, ContactConsentSource, NotificationChannel, NotificationKind, NotificationLanguage,
    NotificationTemplate,
};
use crate::{
    clinic::{Clinic, demo::DemoClinic},
    kernel::{
        Id, Result,
        db::Scope,
        demo::Demo,
        write::{Draft, NoEvent},
    },
};

/// Contacts, and whether they have agreed.
const CONTACTS: [(NotificationChannel, &str, bool); 3] = [
    (NotificationChannel::Sms, "+16045550188", true),
    (NotificationChannel::Whatsapp, "+254700000188", true),
    (NotificationChannel::Email, "no.mail@people.example", false),
];

/// Writes the words and the decisions of the clinics.
pub async fn load(scope: &Scope, demo: &mut Demo, clinics: &[(Id<Clinic>, &DemoClinic)]) -> Result<()> {
    let mut templates = Vec::new();
    let mut consents = Vec::new();
    for (clinic, _) in clinics {
        let template: Draft<'static, NotificationTemplate> = demo.new_in(*clinic);
        templates.push(
            template
                .kind(NotificationKind::TicketReply)
                .channel(NotificationChannel::Email)
                .language(NotificationLanguage::En)
                .subject(Some("{clinic}: an answer to ticket {number}".to_owned()))
                .text("Good news: ticket {number} has been answered.\n\nPlease sign in to read the answer."),
        );
        for (channel, address, is_granted) in CONTACTS {
            let consent: Draft<'static, ContactConsent> = demo.new_in(*clinic);
            let decided_at = demo.now();
            consents.push(
                consent
                    .channel(channel)
                    .address(address)
                    .is_granted(is_granted)
                    .source(ContactConsentSource::Form)
                    .decided_at(decided_at),
            );
        }
    }
    Draft::insert_all(scope, templates, NoEvent).await?;
    Draft::insert_all(scope, consents, NoEvent).await
}

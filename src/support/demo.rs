//! Demo data: support tickets of the past months, with their messages.

use chrono::TimeDelta;

use super::{Ticket, TicketMessage, TicketPriority, TicketStatus, sla::DueDates};
use crate::{
    access::{User, demo::DemoUser},
    clinic::{Clinic, demo::DemoClinic},
    kernel::{
        Id, Result,
        actor::SystemRole,
        db::Scope,
        demo::Demo,
        write::{Draft, NoEvent, Stored},
    },
    schema::support_tickets,
};

const TICKETS: i32 = 240;

/// Titles and descriptions of tickets.
const PROBLEMS: [(&str, &str); 12] = [
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

const REPLIES: [&str; 6] = [
    "Thank you for telling us. We are looking into it now.",
    "Could you send us the time of one such case, please?",
    "It happened again today at about ten past nine.",
    "This should be mended now. Please have a look.",
    "It works for us again, thank you!",
    "We have found the cause and are putting it right for all clinics.",
];

const PRIORITIES: [TicketPriority; 6] = {
    use TicketPriority::{High, Low, Medium, Urgent};
    [Low, Medium, Medium, Medium, High, Urgent]
};

const STATUSES: [TicketStatus; 8] = {
    use TicketStatus::{Closed, InProgress, Open, Resolved, Waiting};
    [Open, Open, InProgress, InProgress, Waiting, Resolved, Closed, Closed]
};

/// Writes the tickets and their messages.
pub async fn load(
    scope: &Scope,
    demo: &mut Demo,
    clinics: &[(Id<Clinic>, &DemoClinic)],
    users: &[(Id<User>, &DemoUser)],
) -> Result<()> {
    let administrators: Vec<_> = users.iter().filter(|(_, user)| user.clinic.is_none()).map(|(id, _)| *id).collect();
    let (mut tickets, mut messages) = (Vec::new(), Vec::new());
    for at in 0..TICKETS {
        let drawn = draft(demo, at, clinics, users, &administrators);
        tickets.extend(drawn.map(|(ticket, replies)| {
            messages.extend(replies);
            ticket
        }));
    }
    Draft::insert_all(scope, tickets, NoEvent).await?;
    Draft::insert_all(scope, messages, NoEvent).await
}

/// Drafts a ticket and its messages. None without clinics or people.
fn draft(
    demo: &mut Demo,
    at: i32,
    clinics: &[(Id<Clinic>, &DemoClinic)],
    users: &[(Id<User>, &DemoUser)],
    administrators: &[Id<User>],
) -> Option<(Draft<'static, Ticket>, Vec<Draft<'static, TicketMessage>>)> {
    let (clinic_id, clinic) = demo.pick(clinics)?;
    let can_open = [SystemRole::ClinicManager, SystemRole::Staff];
    let openers: Vec<_> =
        users.iter().filter(|(_, user)| user.works_in(clinic, &can_open)).map(|(id, _)| *id).collect();
    let opener = demo.pick(&openers)?;
    let administrator = demo.pick(administrators)?;
    let opened_at =
        demo.now() - TimeDelta::minutes(i64::from(TICKETS - at) * 347) - TimeDelta::minutes(demo.below(300) as i64);
    let status = demo.pick(&STATUSES)?;
    let (title, description) = demo.pick(&PROBLEMS)?;
    let id = demo.id(opened_at);
    let replies = if status == TicketStatus::Open { demo.below(2) } else { 1 + demo.below(5) };
    let mut now = opened_at;
    let mut responded_at = None;
    let mut messages = Vec::new();
    for reply in 0..replies {
        now += TimeDelta::minutes(9 + demo.below(40) as i64);
        let by_platform = reply % 2 == 0 && status != TicketStatus::Open;
        let is_internal = by_platform && reply > 0 && demo.below(3) == 0;
        if by_platform && !is_internal {
            responded_at = responded_at.or(Some(now));
        }
        let message = TicketMessage::new_in(clinic_id).with_id(demo.id(now));
        let body =
            if is_internal { "Seen at two other clinics this week; keep an eye on it." } else { demo.pick(&REPLIES)? };
        messages.push(
            message
                .ticket_id(id)
                .author_user_id(if by_platform { administrator } else { opener })
                .body(body)
                .is_internal(is_internal)
                .created_at(now),
        );
    }
    let solved_at = matches!(status, TicketStatus::Resolved | TicketStatus::Closed).then_some(now);
    let priority = demo.pick(&PRIORITIES)?;
    let due = DueDates::of(priority, opened_at);
    let missed = |due, met: Option<_>| Some(due).filter(|due| *due < met.unwrap_or(demo.now()));
    let ticket = Ticket::open(clinic_id, opener, priority, opened_at)
        .with_id(id)
        .set(support_tickets::created_by, Some(opener))
        .title(title)
        .description(description)
        .status(status)
        .assignee_id((status != TicketStatus::Open).then_some(administrator))
        .first_responded_at(responded_at)
        .first_response_missed_at(missed(due.first_response, responded_at.or(solved_at)))
        .resolution_missed_at(missed(due.resolution, solved_at))
        .resolved_at(solved_at)
        .closed_at(solved_at.filter(|_| status == TicketStatus::Closed))
        .updated_at(now);
    Some((ticket, messages))
}

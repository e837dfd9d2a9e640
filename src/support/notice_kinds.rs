//! The kinds of notifications about tickets. What a ticket is about may concern a patient, so titles and texts of tickets stay
//! in the application.

use super::TicketStatus;
use crate::notification::{NoticeKind, NotificationChannel::Email, NotificationKind, Placeholder, Words};

const TITLE: Placeholder = Placeholder::new("title", "Subject of the ticket", "Printer does not print").confidential();
const NUMBER: Placeholder = Placeholder::new("number", "Number of the ticket", "482913");
const TEXT: Placeholder = Placeholder::new("text", "Beginning of the message", "It says: no paper.").confidential();

pub static OPENED: NoticeKind = NoticeKind {
    kind: NotificationKind::TicketCreated,
    trigger: "A clinic opens a support ticket.",
    recipients: "All active administrators of the platform, except the one who opened it.",
    channels: &[Email],
    is_urgent: false,
    is_required: false,
    placeholders: &[TITLE, TEXT],
    title: [
        "New ticket: {title}",
        "Nouveau ticket : {title}",
        "Nuevo ticket: {title}",
        "新工单：{title}",
        "Tiketi mpya: {title}",
    ],
    body: ["{text}"; 5],
    subject: [
        "New support ticket from {clinic}",
        "Nouveau ticket d’assistance de {clinic}",
        "Nuevo ticket de soporte de {clinic}",
        "来自 {clinic} 的新支持工单",
        "Tiketi mpya ya msaada kutoka {clinic}",
    ],
    text: [
        "{clinic} has opened a support ticket. Please sign in to read and answer it.",
        "{clinic} a ouvert un ticket d’assistance. Connectez-vous pour le lire et y répondre.",
        "{clinic} ha abierto un ticket de soporte. Inicie sesión para leerlo y responderlo.",
        "{clinic} 提交了一个支持工单。请登录查看并回复。",
        "{clinic} imefungua tiketi ya msaada. Tafadhali ingia ili kuisoma na kuijibu.",
    ],
    short: [
        "{clinic} has opened a support ticket.",
        "{clinic} a ouvert un ticket d’assistance.",
        "{clinic} ha abierto un ticket de soporte.",
        "{clinic} 提交了一个支持工单。",
        "{clinic} imefungua tiketi ya msaada.",
    ],
};

pub static REPLIED: NoticeKind = NoticeKind {
    kind: NotificationKind::TicketReply,
    trigger: "Somebody adds a public reply to a support ticket.",
    recipients: "After a reply of the platform, the user who opened the ticket; after one of the clinic, the assignee, or all \
                 active administrators if nobody is assigned.",
    channels: &[Email],
    is_urgent: false,
    is_required: false,
    placeholders: &[NUMBER, TITLE, TEXT],
    title: [
        "Reply to ticket {number}: {title}",
        "Réponse au ticket {number} : {title}",
        "Respuesta al ticket {number}: {title}",
        "工单 {number} 有新回复：{title}",
        "Jibu kwa tiketi {number}: {title}",
    ],
    body: ["{text}"; 5],
    subject: [
        "Reply to support ticket {number}",
        "Réponse au ticket d’assistance {number}",
        "Respuesta al ticket de soporte {number}",
        "支持工单 {number} 有新回复",
        "Jibu kwa tiketi ya msaada {number}",
    ],
    text: [
        "There is a reply to the support ticket {number}. Please sign in to read it.",
        "Il y a une réponse au ticket d’assistance {number}. Connectez-vous pour la lire.",
        "Hay una respuesta al ticket de soporte {number}. Inicie sesión para leerla.",
        "支持工单 {number} 有新回复。请登录查看。",
        "Kuna jibu kwa tiketi ya msaada {number}. Tafadhali ingia ili kulisoma.",
    ],
    short: [
        "There is a reply to the support ticket {number}.",
        "Il y a une réponse au ticket d’assistance {number}.",
        "Hay una respuesta al ticket de soporte {number}.",
        "支持工单 {number} 有新回复。",
        "Kuna jibu kwa tiketi ya msaada {number}.",
    ],
};

pub static STATUS_CHANGED: NoticeKind = NoticeKind {
    kind: NotificationKind::TicketStatusChanged,
    trigger: "The status of a support ticket changes.",
    recipients: "The user who opened the ticket, unless they changed it.",
    channels: &[Email],
    is_urgent: false,
    is_required: false,
    placeholders: &[NUMBER, TITLE, Placeholder::new("status", "New status of the ticket", "resolved")],
    title: [
        "Ticket {number} is now {status}",
        "Le ticket {number} est maintenant {status}",
        "El ticket {number} ahora está {status}",
        "工单 {number} 的状态变为{status}",
        "Tiketi {number} sasa {status}",
    ],
    body: ["{title}"; 5],
    subject: [
        "Support ticket {number} is now {status}",
        "Le ticket d’assistance {number} est maintenant {status}",
        "El ticket de soporte {number} ahora está {status}",
        "支持工单 {number} 的状态变为{status}",
        "Tiketi ya msaada {number} sasa {status}",
    ],
    text: [
        "The support ticket {number} is now {status}. Please sign in to see it.",
        "Le ticket d’assistance {number} est maintenant {status}. Connectez-vous pour le consulter.",
        "El ticket de soporte {number} ahora está {status}. Inicie sesión para verlo.",
        "支持工单 {number} 的状态变为{status}。请登录查看。",
        "Tiketi ya msaada {number} sasa {status}. Tafadhali ingia ili kuiona.",
    ],
    short: [
        "The support ticket {number} is now {status}.",
        "Le ticket d’assistance {number} est maintenant {status}.",
        "El ticket de soporte {number} ahora está {status}.",
        "支持工单 {number} 的状态变为{status}。",
        "Tiketi ya msaada {number} sasa {status}.",
    ],
};

/// A status in words.
pub fn status_words(status: TicketStatus) -> Words {
    match status {
        TicketStatus::Open => ["open", "ouvert", "abierto", "待处理", "imefunguliwa"],
        TicketStatus::InProgress => ["in progress", "en cours", "en curso", "处理中", "inashughulikiwa"],
        TicketStatus::Waiting => ["waiting", "en attente", "en espera", "等待回复", "inasubiri"],
        TicketStatus::Resolved => ["resolved", "résolu", "resuelto", "已解决", "imetatuliwa"],
        TicketStatus::Closed => ["closed", "fermé", "cerrado", "已关闭", "imefungwa"],
    }
}

pub static OVERDUE: NoticeKind = NoticeKind {
    kind: NotificationKind::TicketOverdue,
    trigger: "A deadline of a support ticket passes before it is met.",
    recipients: "The assignee, or all active administrators if nobody is assigned who can still work on it.",
    channels: &[Email],
    is_urgent: true,
    is_required: false,
    placeholders: &[
        NUMBER,
        TITLE,
        Placeholder::new("problem", "What was not done in time", "The ticket is not resolved yet."),
    ],
    title: [
        "Ticket {number} is overdue: {title}",
        "Le ticket {number} est en retard : {title}",
        "El ticket {number} está atrasado: {title}",
        "工单 {number} 已逾期：{title}",
        "Tiketi {number} imechelewa: {title}",
    ],
    body: ["{problem}"; 5],
    subject: [
        "Support ticket {number} is overdue",
        "Le ticket d’assistance {number} est en retard",
        "El ticket de soporte {number} está atrasado",
        "支持工单 {number} 已逾期",
        "Tiketi ya msaada {number} imechelewa",
    ],
    text: [
        "The support ticket {number} of {clinic} is overdue. {problem} Please sign in to work on it.",
        "Le ticket d’assistance {number} de {clinic} est en retard. {problem} Connectez-vous pour le traiter.",
        "El ticket de soporte {number} de {clinic} está atrasado. {problem} Inicie sesión para atenderlo.",
        "{clinic} 的支持工单 {number} 已逾期。{problem}请登录处理。",
        "Tiketi ya msaada {number} ya {clinic} imechelewa. {problem} Tafadhali ingia ili kuishughulikia.",
    ],
    short: [
        "The support ticket {number} of {clinic} is overdue.",
        "Le ticket d’assistance {number} de {clinic} est en retard.",
        "El ticket de soporte {number} de {clinic} está atrasado.",
        "{clinic} 的支持工单 {number} 已逾期。",
        "Tiketi ya msaada {number} ya {clinic} imechelewa.",
    ],
};

pub const NO_RESPONSE: Words = [
    "The ticket has no first response yet.",
    "Le ticket n’a pas encore reçu de première réponse.",
    "El ticket aún no tiene una primera respuesta.",
    "该工单尚未得到首次回复。",
    "Tiketi haijapata jibu la kwanza bado.",
];

pub const NOT_RESOLVED: Words = [
    "The ticket is not resolved yet.",
    "Le ticket n’est pas encore résolu.",
    "El ticket aún no está resuelto.",
    "该工单尚未解决。",
    "Tiketi haijatatuliwa bado.",
];

//! The kinds of notifications about exports.

use super::ExportKind;
use crate::notification::{NoticeKind, NotificationChannel::Email, NotificationKind, Placeholder, Words};

const CONTENT: Placeholder = Placeholder::new("content", "Content of the export", "tickets");

pub static READY: NoticeKind = NoticeKind {
    kind: NotificationKind::ExportReady,
    trigger: "An export is completed.",
    recipients: "The user who requested the export.",
    channels: &[Email],
    is_urgent: false,
    is_required: false,
    placeholders: &[CONTENT, Placeholder::new("rows", "Number of rows of the export", "120")],
    title: [
        "Your export of {content} is ready",
        "Votre export est prêt : {content}",
        "Su exportación está lista: {content}",
        "您的导出已就绪：{content}",
        "Uhamishaji wako uko tayari: {content}",
    ],
    body: ["Rows: {rows}", "Lignes : {rows}", "Filas: {rows}", "行数：{rows}", "Safu: {rows}"],
    subject: [
        "Your export of {content} is ready",
        "Votre export est prêt : {content}",
        "Su exportación está lista: {content}",
        "您的导出已就绪：{content}",
        "Uhamishaji wako uko tayari: {content}",
    ],
    text: [
        "Your export of {content} is ready. Please sign in to download it; the file is removed after seven days.",
        "Votre export est prêt ({content}). Connectez-vous pour le télécharger ; le fichier est supprimé après sept jours.",
        "Su exportación está lista ({content}). Inicie sesión para descargarla; el archivo se elimina a los siete días.",
        "您的导出（{content}）已就绪。请登录下载；文件将在七天后删除。",
        "Uhamishaji wako uko tayari ({content}). Tafadhali ingia kuupakua; faili itaondolewa baada ya siku saba.",
    ],
    short: [
        "Your export of {content} is ready.",
        "Votre export est prêt : {content}.",
        "Su exportación está lista: {content}.",
        "您的导出已就绪：{content}。",
        "Uhamishaji wako uko tayari: {content}.",
    ],
};

pub static FAILED: NoticeKind = NoticeKind {
    kind: NotificationKind::ExportFailed,
    trigger: "An export fails.",
    recipients: "The user who requested the export.",
    channels: &[Email],
    is_urgent: false,
    is_required: false,
    placeholders: &[
        CONTENT,
        Placeholder::new("reason", "Reason for the failure", "You may no longer read it.").confidential(),
    ],
    title: [
        "Your export of {content} failed",
        "Votre export a échoué : {content}",
        "Su exportación falló: {content}",
        "您的导出失败：{content}",
        "Uhamishaji wako umeshindwa: {content}",
    ],
    body: ["{reason}"; 5],
    subject: [
        "Your export of {content} failed",
        "Votre export a échoué : {content}",
        "Su exportación falló: {content}",
        "您的导出失败：{content}",
        "Uhamishaji wako umeshindwa: {content}",
    ],
    text: [
        "Your export of {content} failed. Please sign in to see why.",
        "Votre export a échoué ({content}). Connectez-vous pour en voir la raison.",
        "Su exportación falló ({content}). Inicie sesión para ver el motivo.",
        "您的导出（{content}）失败。请登录查看原因。",
        "Uhamishaji wako umeshindwa ({content}). Tafadhali ingia kuona sababu.",
    ],
    short: [
        "Your export of {content} failed.",
        "Votre export a échoué : {content}.",
        "Su exportación falló: {content}.",
        "您的导出失败：{content}。",
        "Uhamishaji wako umeshindwa: {content}.",
    ],
};

/// What an export has, in words.
pub fn content_words(kind: ExportKind) -> Words {
    match kind {
        ExportKind::Tickets => ["tickets", "tickets", "tickets", "工单", "tiketi"],
        ExportKind::TicketMessages => {
            ["ticket messages", "messages de tickets", "mensajes de tickets", "工单消息", "ujumbe wa tiketi"]
        }
        ExportKind::AuditEvents => {
            ["the audit trail", "journal d’audit", "registro de auditoría", "审计记录", "kumbukumbu za ukaguzi"]
        }
    }
}

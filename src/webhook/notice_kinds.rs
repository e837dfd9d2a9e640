//! The kind of notification about webhooks.

use super::WebhookDisabledReason;
use crate::notification::{NoticeKind, NotificationChannel::Email, NotificationKind, Placeholder, Words};

pub static DISABLED: NoticeKind = NoticeKind {
    kind: NotificationKind::WebhookDisabled,
    trigger: "A webhook endpoint is disabled, because its deliveries fail for days, because it asks for no more, or because too \
              many wait.",
    recipients: "The owner of the endpoint and the managers of the clinic.",
    channels: &[Email],
    is_urgent: false,
    is_required: false,
    placeholders: &[Placeholder::new(
        "reason",
        "Reason for disabling the endpoint",
        "Too many deliveries were waiting.",
    )],
    title: [
        "A webhook was disabled",
        "Un webhook a été désactivé",
        "Se desactivó un webhook",
        "一个 webhook 已停用",
        "Webhook imezimwa",
    ],
    body: ["{reason}"; 5],
    subject: [
        "A webhook of {clinic} was disabled",
        "Un webhook de {clinic} a été désactivé",
        "Se desactivó un webhook de {clinic}",
        "{clinic} 的一个 webhook 已停用",
        "Webhook ya {clinic} imezimwa",
    ],
    text: [
        "A webhook of {clinic} was disabled. {reason}\n\nNothing is sent to it until somebody resumes it.",
        "Un webhook de {clinic} a été désactivé. {reason}\n\nRien ne lui est envoyé tant que personne ne le réactive.",
        "Se desactivó un webhook de {clinic}. {reason}\n\nNo se le enviará nada hasta que alguien lo reactive.",
        "{clinic} 的一个 webhook 已停用。{reason}\n\n在有人恢复之前不会向其发送任何内容。",
        "Webhook ya {clinic} imezimwa. {reason}\n\nHakuna kitakachotumwa hadi mtu aiwashe tena.",
    ],
    short: [
        "A webhook of {clinic} was disabled.",
        "Un webhook de {clinic} a été désactivé.",
        "Se desactivó un webhook de {clinic}.",
        "{clinic} 的一个 webhook 已停用。",
        "Webhook ya {clinic} imezimwa.",
    ],
};

/// A reason in words.
pub fn reason_words(reason: WebhookDisabledReason) -> Words {
    match reason {
        WebhookDisabledReason::Failures => [
            "Several deliveries have failed, and none has succeeded for three days.",
            "Plusieurs envois ont échoué et aucun n’a réussi depuis trois jours.",
            "Varios envíos han fallado y ninguno ha tenido éxito en tres días.",
            "多次发送失败，三天内没有一次成功。",
            "Utumaji kadhaa umeshindwa, na hakuna uliofaulu kwa siku tatu.",
        ],
        WebhookDisabledReason::Gone => [
            "The endpoint asks for no further deliveries (410).",
            "Le destinataire demande de ne plus rien envoyer (410).",
            "El destino pide que no se envíe nada más (410).",
            "接收方要求不再发送（410）。",
            "Mpokeaji ameomba asitumiwe tena (410).",
        ],
        WebhookDisabledReason::Backlog => [
            "Too many deliveries were waiting.",
            "Trop d’envois étaient en attente.",
            "Había demasiados envíos en espera.",
            "等待发送的内容过多。",
            "Utumaji mwingi mno ulikuwa unasubiri.",
        ],
    }
}

//! The kind of notification about integrations.

use crate::notification::{NoticeKind, NotificationChannel::Email, NotificationKind, Placeholder};

pub static FAILED: NoticeKind = NoticeKind {
    kind: NotificationKind::IntegrationError,
    trigger: "An integration that worked stops working.",
    recipients: "The managers of the clinic; for an integration of the platform, all active administrators.",
    channels: &[Email],
    is_urgent: true,
    is_required: false,
    placeholders: &[
        Placeholder::new("name", "Name of the integration", "Text messages"),
        // It comes from the service.
        Placeholder::new("reason", "Reason for the failure", "The service refuses the credentials.").confidential(),
    ],
    title: [
        "The integration {name} stopped working",
        "L’intégration {name} ne fonctionne plus",
        "La integración {name} dejó de funcionar",
        "集成 {name} 已停止工作",
        "Muunganisho wa {name} umeacha kufanya kazi",
    ],
    body: ["{reason}"; 5],
    subject: [
        "The integration {name} stopped working",
        "L’intégration {name} ne fonctionne plus",
        "La integración {name} dejó de funcionar",
        "集成 {name} 已停止工作",
        "Muunganisho wa {name} umeacha kufanya kazi",
    ],
    text: [
        "The integration {name} stopped working and is not used until it passes a test. Please sign in to see why.",
        "L’intégration {name} ne fonctionne plus et n’est plus utilisée tant qu’un test n’a pas réussi. Connectez-vous pour en voir la raison.",
        "La integración {name} dejó de funcionar y no se usará hasta que supere una prueba. Inicie sesión para ver el motivo.",
        "集成 {name} 已停止工作，在通过测试之前不会使用。请登录查看原因。",
        "Muunganisho wa {name} umeacha kufanya kazi na hautatumika hadi upite jaribio. Tafadhali ingia kuona sababu.",
    ],
    short: [
        "The integration {name} stopped working.",
        "L’intégration {name} ne fonctionne plus.",
        "La integración {name} dejó de funcionar.",
        "集成 {name} 已停止工作。",
        "Muunganisho wa {name} umeacha kufanya kazi.",
    ],
};

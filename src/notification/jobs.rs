//! The jobs of notifications.

use super::{
    NotificationEventKind,
    forget::ForgetDeliveries,
    plan::{self, PlanDeliveries},
    send::SendDelivery,
};
use crate::{
    jobs::{JobKind, Jobs, Schedule, Starter, Work},
    kernel::{Id, events::EventKind},
};

pub const JOBS: Jobs = Jobs {
    kinds: &[JobKind::of::<PlanDeliveries>(), JobKind::of::<SendDelivery>(), JobKind::of::<ForgetDeliveries>()],
    schedules: &[Schedule::every_minutes::<ForgetDeliveries>(24 * 60)],
    starters: &[Starter {
        name: "plan_deliveries",
        topic: NotificationEventKind::TOPIC,
        wants: |kind| kind == NotificationEventKind::Received.text(),
        start: |notification| {
            let plan = PlanDeliveries {};
            let job = match notification.clinic.is_nil() {
                true => plan.of_platform(),
                false => plan.in_clinic(Id::from_uuid(notification.clinic)),
            };
            job.unless_waiting(plan::KEY)
        },
    }],
};

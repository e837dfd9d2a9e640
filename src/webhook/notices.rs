//! Who is notified of what about webhooks.

use std::collections::BTreeSet;

use diesel::{ExpressionMethods, QueryDsl};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::{WebhookDisabledReason, WebhookEndpoint, notice_kinds as kinds};
use crate::{
    access::MembershipStatus,
    kernel::{Result, actor::SystemRole, db::Scope},
    notification::{Notice, NoticeKind, Recipients, Subject, notify},
    schema::memberships,
};

/// The kinds of notifications about webhooks.
pub const NOTICES: &[&NoticeKind] = &[&kinds::DISABLED];

/// Notifies the owner of an endpoint and the managers of its clinic that the endpoint was disabled.
pub async fn disabled(scope: &Scope, endpoint: &WebhookEndpoint, reason: WebhookDisabledReason) -> Result<()> {
    use memberships as m;
    let managers = m::table
        .filter(m::clinic_id.eq(endpoint.clinic_id))
        .filter(m::role.eq(SystemRole::ClinicManager))
        .filter(m::status.eq(MembershipStatus::Active))
        .filter(m::deleted_at.is_null())
        .select(m::user_id);
    let managers: Vec<Uuid> = managers.load(&mut scope.tx().await?.conn()?).await?;
    let recipients: BTreeSet<Uuid> = managers.into_iter().chain([endpoint.owner_user_id.uuid()]).collect();
    for recipient in recipients {
        let notice = Notice {
            kind: &kinds::DISABLED,
            clinic: Some(endpoint.clinic_id.uuid()),
            subject: Subject::of(endpoint.id),
            link_path: Some(format!("/webhooks/{}", endpoint.id)),
            values: vec![("reason", kinds::reason_words(reason).into())],
            cause: format!("{}:disabled:{}", endpoint.id, endpoint.version),
            now: scope.now(),
        };
        notify(scope, Recipients::One(recipient), notice).await?;
    }
    Ok(())
}

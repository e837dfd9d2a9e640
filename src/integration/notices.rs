//! Who is notified of what about integrations.

use diesel::{ExpressionMethods, QueryDsl};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::{Integration, notice_kinds as kinds};
use crate::{
    kernel::{Result, actor::SystemRole, db::Scope},
    notification::{Notice, NoticeKind, Recipients, Subject, notify},
    schema::memberships,
};

/// The kinds of notifications about integrations.
pub const NOTICES: &[&NoticeKind] = &[&kinds::FAILED];

/// Notifies the managers of the clinic that an integration stopped working; of the platform's, the administrators.
pub async fn failed(scope: &Scope, row: &Integration, reason: &str) -> Result<()> {
    let clinic = Some(row.clinic_id.uuid()).filter(|clinic| !clinic.is_nil());
    let recipients = match clinic {
        Some(clinic) => managers(scope, clinic).await?.into_iter().map(Recipients::One).collect(),
        None => vec![Recipients::Administrators],
    };
    for recipients in recipients {
        let notice = Notice {
            kind: &kinds::FAILED,
            clinic,
            subject: Subject::of(row.id),
            link_path: Some(format!("/integrations/{}", row.id)),
            values: vec![("name", row.name.as_str().into()), ("reason", reason.into())],
            cause: format!("{}:failed:{}", row.id, row.version),
            now: scope.now(),
        };
        notify(scope, recipients, notice).await?;
    }
    Ok(())
}

/// The people who manage a clinic.
async fn managers(scope: &Scope, clinic: Uuid) -> Result<Vec<Uuid>> {
    use memberships as m;
    let of_clinic = m::table.filter(m::clinic_id.eq(clinic)).filter(m::role.eq(SystemRole::ClinicManager));
    let active = of_clinic.filter(m::status.eq("active")).filter(m::deleted_at.is_null()).order(m::id);
    Ok(active.select(m::user_id).load(&mut scope.tx().await?.conn()?).await?)
}

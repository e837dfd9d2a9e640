//! What use tells of an integration: that it works, or that it stopped working.

use chrono::TimeDelta;

use super::{Active, Integration, IntegrationEventKind, IntegrationStatus, Integrations, notices};
use crate::kernel::{
    Code, Id, Result,
    db::Scope,
    events::Audience,
    write::{Draft, Stored},
};

/// How often a success is noted.
const NOTED_EVERY: TimeDelta = TimeDelta::hours(1);
/// Characters of a reason that are stored.
const LONGEST_REASON: usize = 500;

impl Integrations {
    /// Notes that an integration does not work any more: it is not used until it passes a test, and the people who manage the
    /// clinic are notified once. In a transaction of its own, as the sender may not be allowed to write it.
    pub async fn report_failure<S>(&self, of: &Active<S>, reason: &str) -> Result<()> {
        self.database()
            .as_system(None, async |scope| {
                let Some(row) = locked(scope, of.id).await? else { return Ok(()) };
                if row.status == IntegrationStatus::Active { fail(scope, &row, reason).await } else { Ok(()) }
            })
            .await
    }

    /// Notes that an integration was used with success.
    pub async fn report_success<S>(&self, of: &Active<S>) -> Result<()> {
        self.database()
            .as_system(None, async |scope| {
                let Some(row) = locked(scope, of.id).await? else { return Ok(()) };
                match row.status {
                    IntegrationStatus::Error => works(scope, &row).await,
                    _ if row.last_sync_at.is_none_or(|noted| noted + NOTED_EVERY <= scope.now()) => {
                        row.edit().last_sync_at(scope.now()).update(scope, crate::kernel::write::NoEvent).await?;
                        Ok(())
                    }
                    _ => Ok(()),
                }
            })
            .await
    }
}

/// The integration, locked; none if it was removed.
pub(super) async fn locked(scope: &Scope, id: Id<Integration>) -> Result<Option<Integration>> {
    match Integration::lock(scope, id, None).await {
        Ok(row) => Ok(Some(row)),
        Err(error) if error.code() == Code::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Events of the platform's own integrations are for administrators.
pub(super) fn addressed<'a>(draft: Draft<'a, Integration>, row: &Integration) -> Draft<'a, Integration> {
    if row.clinic_id.uuid().is_nil() { draft.only_for(Audience::Platform) } else { draft }
}

/// Writes that the integration works.
pub(super) async fn works(scope: &Scope, row: &Integration) -> Result<()> {
    let now = scope.now();
    let draft = row.edit().move_to(IntegrationStatus::Active, now)?.verified_at(now).last_sync_at(now);
    let draft = draft.last_error(None::<String>).failed_at(None);
    addressed(draft, row).update(scope, IntegrationEventKind::Connected).await?;
    Ok(())
}

/// Writes that the integration does not work. Of one that worked, the people who manage it are notified.
pub(super) async fn fail(scope: &Scope, row: &Integration, reason: &str) -> Result<()> {
    let reason: String = reason.chars().take(LONGEST_REASON).collect();
    let worked = row.status == IntegrationStatus::Active;
    let draft = row.edit().move_to(IntegrationStatus::Error, scope.now())?.last_error(reason.as_str());
    let draft = draft.failed_at(scope.now());
    addressed(draft, row).update(scope, IntegrationEventKind::Failed).await?;
    if worked { notices::failed(scope, row, &reason).await } else { Ok(()) }
}

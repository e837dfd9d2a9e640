//! Events of exports, each for the user who requested it, and the subscription to them.

use async_graphql::{Context, SimpleObject, Subscription};

use super::ExportJob;
use crate::{
    events,
    kernel::{
        Id, Result,
        db::Scope,
        entity::Maybe,
        events::Event,
        write::{Draft, NoEvent},
    },
    live::{EventBase, Events, Subscribe},
};

events! {
    /// Kind of change to an export.
    ExportEventKind of ExportJob for one user {
        /// The export was requested.
        Requested = "requested",
        /// The export was started.
        Started = "started",
        /// More rows of the export were written.
        Progressed = "progressed",
        /// The export was completed.
        Completed = "completed",
        /// The export has failed.
        Failed = "failed",
        /// The export was cancelled.
        Cancelled = "cancelled",
        /// The file of the export was removed, as it had expired.
        Expired = "expired",
    }
}

/// Writes a change of an export, and the event for whoever requested it.
pub async fn update(
    scope: &Scope,
    export: &ExportJob,
    draft: Draft<'_, ExportJob>,
    kind: ExportEventKind,
    changed: &[&'static str],
) -> Result<()> {
    if draft.update(scope, NoEvent).await? {
        let clinic = Some(export.clinic_id.uuid()).filter(|clinic| !clinic.is_nil());
        let event = Event::of(kind, export.id, clinic).for_user(export.requested_by_user_id.uuid());
        let stamps = ["updatedAt", "version"];
        event.changed(changed.iter().copied().chain(stamps).collect()).push(scope);
    }
    Ok(())
}

/// Change to an export of the listener.
#[derive(SimpleObject)]
pub struct ExportEvent {
    #[graphql(flatten)]
    base: EventBase,
    /// Kind of change to the export.
    kind: ExportEventKind,
    /// Export as it is now. Null if the listener can no longer see it.
    export: Maybe<ExportJob>,
}

#[derive(Default)]
pub struct ExportSubscription;

#[Subscription]
impl ExportSubscription {
    /// Reports the progress and the end of exports that the listener has requested, at most one event a second for the progress
    /// of each.
    async fn export_events(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Export whose events are reported.")] export_id: Option<Id<ExportJob>>,
        #[graphql(desc = "Kinds of events that are reported.")] kinds: Option<Vec<ExportEventKind>>,
        #[graphql(desc = "Cursor of the event after which to resume.")] after: Option<String>,
    ) -> Result<Events<ExportEvent>> {
        let wanted = Subscribe::<ExportEventKind>::after(after).subject(export_id).kinds(kinds);
        wanted.each(ctx, |event| ExportEvent { kind: event.kind, export: event.subject(), base: event.base })
    }
}

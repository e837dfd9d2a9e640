//! Events of integrations, and the subscription to them.

use async_graphql::{Context, SimpleObject, Subscription};

use super::Integration;
use crate::{
    clinic::Clinic,
    events,
    kernel::{Id, Result, entity::Maybe},
    live::{EventBase, Events, Subscribe},
};

events! {
    /// Kind of change to an integration.
    IntegrationEventKind of Integration {
        /// The integration was added.
        Added = "added",
        /// The settings, the secrets or the name of the integration were changed.
        Changed = "changed",
        /// A test of the integration was started.
        TestStarted = "test_started",
        /// The integration passed a test, and works.
        Connected = "connected",
        /// The integration failed a test or stopped working.
        Failed = "failed",
        /// The integration was switched off.
        Disabled = "disabled",
        /// The webhook address of the integration was replaced.
        WebhookRotated = "webhook_rotated",
        /// The integration was removed.
        Removed = "removed",
    }
}

/// Change to an integration.
#[derive(SimpleObject)]
pub struct IntegrationEvent {
    #[graphql(flatten)]
    base: EventBase,
    /// Kind of change to the integration.
    kind: IntegrationEventKind,
    /// Integration as it is now. Null if the listener can no longer see it.
    integration: Maybe<Integration>,
}

#[derive(Default)]
pub struct IntegrationSubscription;

#[Subscription]
impl IntegrationSubscription {
    /// Reports changes to integrations, such as the result of a test: those of the listener's clinic or, for administrators, of
    /// all clinics and of the platform. Needs the permission `INTEGRATIONS_MANAGE`.
    async fn integration_events(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Clinic whose events are reported.")] clinic_id: Option<Id<Clinic>>,
        #[graphql(desc = "Integration whose events are reported.")] integration_id: Option<Id<Integration>>,
        #[graphql(desc = "Kinds of events that are reported.")] kinds: Option<Vec<IntegrationEventKind>>,
        #[graphql(desc = "Cursor of the event after which to resume.")] after: Option<String>,
    ) -> Result<Events<IntegrationEvent>> {
        let wanted =
            Subscribe::<IntegrationEventKind>::after(after).clinic(clinic_id).subject(integration_id).kinds(kinds);
        wanted.each(ctx, |event| IntegrationEvent { kind: event.kind, integration: event.subject(), base: event.base })
    }
}

//! What the payloads of all subscriptions share: the fields of the interface `Event`.

use std::borrow::Cow;

use async_graphql::{
    ContextSelectionSet, OutputType, Positioned, ServerResult, SimpleObject, Value,
    parser::types::Field,
    registry::{MetaType, Registry},
};
use chrono::{DateTime, Utc};

use super::hub::Shared;

/// Name of the interface in the schema.
const INTERFACE: &str = "Event";

/// Fields of the interface; every payload has them flattened in.
#[derive(Debug, SimpleObject)]
pub struct EventBase {
    /// Id of the event, the same for every listener and on every server. It has no order, and names no object.
    event_id: String,
    /// Cursor of the event; pass it as after to resume behind this event.
    cursor: String,
    /// Time at which the event happened.
    occurred_at: DateTime<Utc>,
    /// Names of all fields of the object that changed; empty for an object that was created.
    changed: Vec<String>,
}

impl EventBase {
    pub(super) fn of(shared: &Shared) -> Self {
        Self {
            event_id: shared.id.clone(),
            cursor: shared.cursor.clone(),
            occurred_at: shared.event.at,
            changed: shared.event.changed.clone(),
        }
    }
}

/// An event as a subscription delivers it: a payload of type `T`, which implements the interface.
pub struct Payload<T>(pub(super) T);

impl<T: OutputType> OutputType for Payload<T> {
    fn type_name() -> Cow<'static, str> {
        T::type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        registry.add_implements(&T::type_name(), INTERFACE);
        T::create_type_info(registry)
    }

    async fn resolve(&self, ctx: &ContextSelectionSet<'_>, field: &Positioned<Field>) -> ServerResult<Value> {
        self.0.resolve(ctx, field).await
    }
}

/// The interface itself. No field returns it, so it has to be registered behind all payloads.
pub struct EventInterface;

impl OutputType for EventInterface {
    fn type_name() -> Cow<'static, str> {
        Cow::Borrowed(INTERFACE)
    }

    fn create_type_info(registry: &mut Registry) -> String {
        let base = registry.create_fake_output_type::<EventBase>();
        // Its fields are part of the payloads.
        registry.types.remove(&*<EventBase as OutputType>::type_name());
        let implementing = registry.implements.iter().filter(|(_, all)| all.contains(INTERFACE));
        let interface = MetaType::Interface {
            name: INTERFACE.to_owned(),
            description: Some("Event that a subscription reports.".to_owned()),
            fields: base.fields().cloned().unwrap_or_default(),
            possible_types: implementing.map(|(name, _)| name.clone()).collect(),
            extends: false,
            keys: None,
            visible: None,
            inaccessible: false,
            tags: Vec::new(),
            rust_typename: None,
            directive_invocations: Vec::new(),
            requires_scopes: Vec::new(),
        };
        registry.types.insert(INTERFACE.to_owned(), interface);
        Self::qualified_type_name()
    }

    async fn resolve(&self, _: &ContextSelectionSet<'_>, _: &Positioned<Field>) -> ServerResult<Value> {
        Ok(Value::Null)
    }
}

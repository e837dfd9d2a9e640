//! The subscription to everything that happens in a clinic, whatever the topic.

use std::borrow::Cow;

use async_graphql::{
    Context, ContextSelectionSet, Name, OutputType, Positioned, ServerResult, SimpleObject, Subscription, Value,
    parser::types::Field,
    registry::{MetaEnumValue, MetaType, MetaTypeId, Registry},
};

use super::{
    hub::Wanted,
    payload::EventBase,
    subscribe::{Events, Live, stream},
};
use crate::{
    clinic::Clinic,
    entities::topics,
    kernel::{
        Error, Id, RequestOf, Result,
        entity::AnyNode,
        events::{DeclaredKind, Topic},
    },
};

/// Topics that the activity of a clinic consists of.
fn clinic_topics() -> impl Iterator<Item = &'static Topic> {
    topics().into_iter().filter(|topic| !topic.is_personal)
}

/// Kind of an event of any topic: one enum in the schema, of the topic's name and the declared kind.
struct ActivityKind(String);

impl ActivityKind {
    fn of(topic: &Topic, kind: &str) -> Self {
        Self(format!("{}_{kind}", topic.name).to_ascii_uppercase())
    }
}

impl OutputType for ActivityKind {
    fn type_name() -> Cow<'static, str> {
        Cow::Borrowed("ClinicActivityKind")
    }

    fn create_type_info(registry: &mut Registry) -> String {
        registry.create_output_type::<Self, _>(MetaTypeId::Enum, |_| {
            let kinds = clinic_topics().flat_map(|topic| topic.kinds.iter().map(move |kind| (topic, kind)));
            let value = |(topic, kind): (&Topic, &DeclaredKind)| {
                let name = Self::of(topic, kind.text).0;
                let description = Some(kind.description.to_owned());
                (name.clone(), MetaEnumValue { description, ..MetaEnumValue::new(name) })
            };
            MetaType::Enum {
                name: Self::type_name().into_owned(),
                description: Some(
                    "Kind of an event in a clinic: the type of its object, and what happened.".to_owned(),
                ),
                enum_values: kinds.map(value).collect(),
                visible: None,
                inaccessible: false,
                tags: Vec::new(),
                rust_typename: Some(std::any::type_name::<Self>()),
                directive_invocations: Vec::new(),
                requires_scopes: Vec::new(),
            }
        })
    }

    async fn resolve(&self, _: &ContextSelectionSet<'_>, _: &Positioned<Field>) -> ServerResult<Value> {
        Ok(Value::Enum(Name::new(&self.0)))
    }
}

/// Event in a clinic, whatever object it happened to.
#[derive(SimpleObject)]
pub struct ClinicActivityEvent {
    #[graphql(flatten)]
    base: EventBase,
    /// Kind of the event: the type of its object, and what happened.
    kind: ActivityKind,
    /// Object that the event happened to, as it is now. Null if the listener can no longer see it.
    subject: AnyNode,
}

#[derive(Default)]
pub struct ActivitySubscription;

#[Subscription]
impl ActivitySubscription {
    /// Reports what happens in a clinic. Needs no permission of its own: each event is reported only to those who have
    /// the permission to read its subject (`TICKETS_READ` for tickets and their messages).
    async fn clinic_activity(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "Clinic whose activity is reported. Administrators must name one; for others it is the clinic they act in."
        )]
        clinic_id: Option<Id<Clinic>>,
        #[graphql(desc = "Cursor of the event after which to resume.")] after: Option<String>,
    ) -> Result<Events<ClinicActivityEvent>> {
        let actor = ctx.actor()?;
        actor.person()?;
        let Some(clinic) = actor.clinic_id().or(clinic_id.map(Id::uuid)) else {
            return Err(Error::invalid("clinicId", "administrators must name the clinic"));
        };
        let mut wanted = Wanted::topics(clinic_topics().collect(), after);
        wanted.clinic = Some(clinic);
        let Some(shared) = Live::event(ctx, wanted)? else { return Ok(stream(None)) };
        let event = &shared.event;
        let topic = clinic_topics().find(|topic| topic.name == event.topic && topic.kind(&event.kind).is_some());
        let topic = topic.ok_or_else(|| event.undeclared())?;
        Ok(stream(Some(ClinicActivityEvent {
            base: EventBase::of(&shared),
            kind: ActivityKind::of(topic, &event.kind),
            subject: AnyNode(Some(((topic.subject)(), event.subject_id))),
        })))
    }
}

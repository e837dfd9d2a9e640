//! The roots of the API, merged from the rooms' parts: one line a room.

use std::sync::{Arc, OnceLock};

use async_graphql::{
    Context, MergedObject, MergedSubscription, Object, Schema, SchemaBuilder, SchemaEnv, extensions::Extensions,
};

pub use crate::entities::{entities, topics};
use crate::{
    access, audit, clinic,
    kernel::{
        Code, Error, Result,
        entity::{AnyNode, AnyNodes, Def},
        error, ids,
    },
    live, notification, provider, support,
};

/// What can be read.
#[derive(Default, MergedObject)]
pub struct Query(
    NodeQuery,
    access::ViewerQuery,
    clinic::ClinicQuery,
    clinic::ClinicLists,
    provider::ProviderReads,
    support::SupportReads,
    audit::AuditReads,
    notification::NotificationReads,
);

/// What can be done. Each field is a transaction of its own, one after the other; a field that answers with an error has
/// done nothing.
#[derive(Default, MergedObject)]
pub struct Mutation(
    access::AccessMutation,
    clinic::ClinicMutation,
    support::SupportMutation,
    notification::NotificationMutation,
);

/// Events that clients can subscribe to. Each carries a cursor: a client that passes its last one as after, to any server,
/// first receives the events that it missed, in order, without a gap or a repeat. Events are retained for seven days
/// (`CURSOR_EXPIRED` after that). An event's object is read at delivery, with the rights the listener has then.
#[derive(Default, MergedSubscription)]
pub struct Subscription(
    support::SupportSubscription,
    notification::NotificationSubscription,
    live::ActivitySubscription,
);

/// The schema, as it is executed and as documents are validated against it.
#[must_use]
pub fn roots() -> SchemaBuilder<Query, Mutation, Subscription> {
    Schema::build(Query::default(), Mutation::default(), Subscription::default())
        .register_output_type::<error::Code>()
        .register_output_type::<live::EventInterface>()
        // The pipeline has measured the document, and names its own limit.
        .limit_recursive_depth(usize::MAX)
}

/// The schema that executes. It has no extension, and checks nothing that the pipeline has checked before.
#[must_use]
pub fn schema() -> SchemaBuilder<Query, Mutation, Subscription> {
    roots().validation_mode(async_graphql::ValidationMode::Fast).disable_suggestions()
}

/// Where `nodes` leaves the environment of its schema's resolvers, when a request brings it.
type Backstage = OnceLock<(SchemaEnv, Extensions)>;

/// What a schema's resolvers find around them, to call them without the executor (`pipeline/executor.rs`).
pub async fn environment(schema: &Schema<Query, Mutation, Subscription>) -> Result<(SchemaEnv, Extensions)> {
    let backstage = Arc::new(Backstage::new());
    let asked = async_graphql::Request::new("{ nodes(ids: []) { __typename } }").data(Arc::clone(&backstage));
    // Its answer is an error, as nobody asks; the environment was left by then.
    drop(schema.execute(asked).await);
    backstage.get().cloned().ok_or_else(|| Error::internal("the schema did not show its environment"))
}

/// The schema's text, sorted, as it is committed.
#[must_use]
pub fn sdl() -> String {
    let options = async_graphql::SDLExportOptions::new()
        .sorted_fields()
        .sorted_arguments()
        .sorted_enum_items()
        .include_specified_by();
    let sdl = schema().finish().sdl_with_options(options);
    sdl.lines().map(str::trim_end).collect::<Vec<_>>().join("\n").trim().to_owned() + "\n"
}

#[derive(Debug, Default)]
struct NodeQuery;

/// The entity and the UUID of an id of any kind.
fn any_id(id: &str) -> Result<(&'static Def, uuid::Uuid)> {
    let (prefix, uuid) = ids::split(id)
        .ok_or_else(|| Error::new(Code::InvalidId, "this is not an id: a prefix, _ and 26 letters and digits"))?;
    let def = entities().into_iter().find(|def| def.prefix == prefix);
    def.map(|def| (def, uuid))
        .ok_or_else(|| Error::new(Code::InvalidId, format!("there is no kind of object with ids like {prefix}_…")))
}

#[Object]
impl NodeQuery {
    /// Any object by its id; null when there is none that the caller may see.
    async fn node(&self, #[graphql(desc = "The object's id.")] id: async_graphql::ID) -> Result<AnyNode> {
        any_id(&id).map(|found| AnyNode(Some(found)))
    }

    /// Objects by their ids, in the order of the ids; null for each that the caller may not see. At most 100.
    async fn nodes(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The objects' ids.")] ids: Vec<async_graphql::ID>,
    ) -> Result<AnyNodes> {
        if let Some(backstage) = ctx.data_opt::<Arc<Backstage>>() {
            backstage.get_or_init(|| (ctx.schema_env.clone(), ctx.query_env.extensions.clone()));
        }
        if ids.len() > 100 {
            return Err(Error::invalid("ids", format!("must be at most 100, not {}", ids.len())).limit(100));
        }
        ids.iter().map(|id| any_id(id)).collect::<Result<_>>().map(AnyNodes)
    }
}

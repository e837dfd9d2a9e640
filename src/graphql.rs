//! The roots of the API, merged from the parts of the domain modules.

use std::{
    borrow::Cow,
    sync::{Arc, OnceLock},
};

use async_graphql::{
    ContainerType, Context, ContextSelectionSet, MergedObject, MergedSubscription, Object, ObjectType, OutputType,
    Positioned, Schema, SchemaBuilder, SchemaEnv, ServerResult, Value,
    extensions::Extensions,
    parser::types::Field,
    registry::{MetaField, MetaType, Registry},
};

pub use crate::entities::{entities, inbound_handlers, jobs, notices, operation_rates, topics};
use crate::{
    access, audit, clinic, export, external, file, integration, jobs,
    kernel::{
        Code, Error, Result,
        entity::{AnyNode, AnyNodes, Def, Kinds},
        error, ids,
    },
    live, notification, provider, server_info, support, webhook,
};

/// Queries of the API.
#[derive(Default, MergedObject)]
#[graphql(name = "Query")]
pub struct QueryFields(
    NodeQuery,
    access::AccessQuery,
    clinic::ClinicQuery,
    clinic::ClinicReads,
    provider::ProviderReads,
    support::SupportReads,
    file::FileReads,
    audit::AuditReads,
    notification::NotificationReads,
    notification::PreferencesQuery,
    notification::TemplateQuery,
    notification::PushQuery,
    jobs::JobReads,
    export::ExportReads,
    external::ExternalQuery,
    support::SupportDeskQuery,
    webhook::WebhookReads,
    integration::IntegrationReads,
    integration::InboundReads,
    server_info::ServerQuery,
);

/// Mutations of the API. The fields of an operation run one after the other, each in a transaction of its own: a field that
/// fails is null, is rolled back alone, and the fields behind it still run.
#[derive(Default, MergedObject)]
#[graphql(name = "Mutation")]
pub struct MutationFields(
    access::AccessMutation,
    clinic::ClinicMutation,
    clinic::ClinicLogoMutation,
    support::SupportMutation,
    file::FileMutation,
    notification::NotificationMutation,
    notification::PreferencesMutation,
    notification::TemplateMutation,
    notification::ContactMutation,
    notification::PushMutation,
    jobs::JobMutation,
    export::ExportMutation,
    support::SupportExportMutation,
    audit::AuditExportMutation,
    external::ExternalMutation,
    webhook::WebhookMutation,
    integration::IntegrationMutation,
    integration::InboundMutation,
);

/// Declares a root type: its fields are those of the merged parts, and each is nullable, so that a field that fails is null
/// and leaves the others alone.
macro_rules! root {
    ($(#[doc = $doc:literal])+ $root:ident of $fields:ident) => {
        $(#[doc = $doc])+
        #[derive(Default)]
        pub struct $root($fields);

        impl OutputType for $root {
            fn type_name() -> Cow<'static, str> {
                <$fields as OutputType>::type_name()
            }

            fn create_type_info(registry: &mut Registry) -> String {
                let name = <$fields as OutputType>::create_type_info(registry);
                if let Some(MetaType::Object { fields, .. }) = registry.types.get_mut(stringify!($root)) {
                    fields.values_mut().for_each(finish_root_field);
                }
                describe_library_types(registry);
                name
            }

            async fn resolve(
                &self,
                ctx: &ContextSelectionSet<'_>,
                field: &Positioned<Field>,
            ) -> ServerResult<Value> {
                self.0.resolve(ctx, field).await
            }
        }

        impl ContainerType for $root {
            async fn resolve_field(&self, ctx: &Context<'_>) -> ServerResult<Option<Value>> {
                self.0.resolve_field(ctx).await
            }
        }

        impl ObjectType for $root {}
    };
}
root! {
    /// The query root.
    Query of QueryFields
}
root! {
    /// The mutation root.
    Mutation of MutationFields
}

/// Describes the types that async-graphql brings along in the words of this API.
fn describe_library_types(registry: &mut Registry) {
    if let Some(MetaType::Scalar { description, .. }) = registry.types.get_mut("DateTime") {
        *description = Some("Point in time in RFC 3339 format, such as `2026-11-27T09:30:00+00:00`.".to_owned());
    }
    if let Some(MetaType::Object { description, fields, .. }) = registry.types.get_mut("PageInfo") {
        *description = Some("Position of a page in its list, and whether there are other pages.".to_owned());
        for (name, text) in [
            ("hasNextPage", "Whether there are items after this page."),
            ("hasPreviousPage", "Whether there are items before this page."),
            ("startCursor", "Cursor of the first item of the page. Null if the page is empty."),
            ("endCursor", "Cursor of the last item of the page. Null if the page is empty."),
        ] {
            if let Some(field) = fields.get_mut(name) {
                field.description = Some(text.to_owned());
            }
        }
    }
}

/// Makes a root field nullable, and describes its input.
fn finish_root_field(field: &mut MetaField) {
    if let Some(nullable) = field.ty.strip_suffix('!') {
        field.ty = nullable.to_owned();
    }
    if let Some(input) = field.args.get_mut("input") {
        input.description.get_or_insert_with(|| format!("Parameters of the mutation `{}`.", field.name));
    }
}

/// Events that clients can subscribe to. Each carries a cursor: a client that passes its last one as after, to any server,
/// first receives the events that it missed, in order, without a gap or a repeat. Events are retained for seven days
/// (`CURSOR_EXPIRED` after that). An event's object is read at delivery, with the rights the listener has then.
#[derive(Default, MergedSubscription)]
pub struct Subscription(
    support::SupportSubscription,
    notification::NotificationSubscription,
    jobs::JobSubscription,
    export::ExportSubscription,
    integration::IntegrationSubscription,
    live::ActivitySubscription,
);

/// The schema, as it is executed and as documents are validated against it.
#[must_use]
pub fn roots() -> SchemaBuilder<Query, Mutation, Subscription> {
    Schema::build(Query::default(), Mutation::default(), Subscription::default())
        .data(Kinds::new(entities()))
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

/// Receives the environment of the schema's resolvers from `nodes`, if a request brings it.
type Environment = OnceLock<(SchemaEnv, Extensions)>;

/// The environment in which the schema's resolvers run, to call them without its executor (`pipeline/executor.rs`).
pub async fn environment(schema: &Schema<Query, Mutation, Subscription>) -> Result<(SchemaEnv, Extensions)> {
    let received = Arc::new(Environment::new());
    let asked = async_graphql::Request::new("{ nodes(ids: []) { __typename } }").data(Arc::clone(&received));
    // The answer is an error, as the request has no caller; the environment was received before.
    drop(schema.execute(asked).await);
    received.get().cloned().ok_or_else(|| Error::internal("the schema did not show its environment"))
}

/// The schema's text, sorted, as it is committed.
#[must_use]
pub fn sdl() -> String {
    let options = async_graphql::SDLExportOptions::new().sorted_fields().sorted_arguments().include_specified_by();
    let sdl = schema().finish().sdl_with_options(options);
    sdl.lines().map(str::trim_end).collect::<Vec<_>>().join("\n").trim().to_owned() + "\n"
}

#[derive(Debug, Default)]
struct NodeQuery;

/// The entity and the UUID of an id of any kind.
fn any_id(id: &str, path: &str) -> Result<(&'static Def, uuid::Uuid)> {
    let (prefix, uuid) = ids::split(id).ok_or_else(|| Error::invalid_value(Code::InvalidId, path, ids::MALFORMED))?;
    let def = entities().into_iter().find(|def| def.prefix == prefix);
    def.map(|def| (def, uuid)).ok_or_else(|| {
        Error::invalid_value(Code::InvalidId, path, format!("no object has ids that begin with {prefix}_"))
    })
}

#[Object]
impl NodeQuery {
    /// Object of any type with this id. Null if there is none that the caller may see.
    async fn node(
        &self,
        #[graphql(desc = "Identifier of the object to look up.")] id: async_graphql::ID,
    ) -> Result<AnyNode> {
        any_id(&id, "id").map(|found| AnyNode(Some(found)))
    }

    /// Objects of any type with these ids, at most 100, in the order of the ids. An item is null if the caller may not see
    /// the object.
    async fn nodes(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Identifiers of the objects to look up, at most 100.")] ids: Vec<async_graphql::ID>,
    ) -> Result<AnyNodes> {
        if let Some(received) = ctx.data_opt::<Arc<Environment>>() {
            received.get_or_init(|| (ctx.schema_env.clone(), ctx.query_env.extensions.clone()));
        }
        if ids.len() > 100 {
            return Err(Error::invalid("ids", format!("must have at most 100 items, not {}", ids.len())).limit(100));
        }
        ids.iter().enumerate().map(|(at, id)| any_id(id, &format!("ids.{at}"))).collect::<Result<_>>().map(AnyNodes)
    }
}

//! Resolves root fields with async-graphql's resolvers, in the environment that its executor would make for them. The
//! executor's own entry is skipped: it copies the whole document for each request and visits it once more, for a depth
//! and a cost that are not needed. Introspection and subscriptions go through it.
//!
//! Beside `kernel/entity/` this and `graphql::environment` are the only places that use hidden API of async-graphql.

use std::sync::{Arc, Mutex, PoisonError};

use async_graphql::{
    ContainerType, ContextSelectionSet, Data, IntrospectionMode, Name, Positioned, QueryEnv, QueryEnvInner, Response,
    Schema, SchemaEnv, ServerError, ServerResult, Value, Variables,
    extensions::Extensions,
    parser::types::{ExecutableDocument, OperationDefinition, Selection, SelectionSet},
};
use futures_util::{StreamExt, future::try_join_all, stream::BoxStream};

use super::document::only;
use crate::{
    graphql::{self, Mutation, Query, Subscription},
    kernel::{Error, Result, entity::Plans, request::Request},
};

/// A schema, and the environment in which its root fields are resolved.
pub struct Executor {
    schema: Schema<Query, Mutation, Subscription>,
    env: SchemaEnv,
    /// None; but only async-graphql can construct that.
    extensions: Extensions,
    query: Query,
    mutation: Mutation,
}

/// An operation with the values of its variables.
#[derive(Clone, Copy)]
pub struct Invocation<'a> {
    /// With one operation only.
    pub document: &'a ExecutableDocument,
    pub variables: &'a Variables,
    /// The query plans of the document's fields, where the document is cached.
    pub plans: Option<&'a Arc<Plans>>,
}

/// Fields by response key, or `None` when a failed field may not be null; and the errors beside them.
#[derive(Default)]
pub struct Resolved {
    pub fields: Option<Vec<(Name, Value)>>,
    pub errors: Vec<ServerError>,
}

impl From<Response> for Resolved {
    fn from(response: Response) -> Self {
        let fields = match response.data {
            Value::Object(fields) => Some(fields.into_iter().collect()),
            _ => None,
        };
        Self { fields, errors: response.errors }
    }
}

impl Executor {
    pub async fn new(schema: Schema<Query, Mutation, Subscription>) -> Result<Self> {
        let (env, extensions) = graphql::environment(&schema).await?;
        Ok(Self { schema, env, extensions, query: Query::default(), mutation: Mutation::default() })
    }

    /// All root fields of a query, at once.
    pub async fn query(&self, invocation: Invocation<'_>, request: &Arc<Request>) -> Result<Resolved> {
        let operation = only(invocation.document)?;
        let env = self.query_env(invocation, operation, request);
        let ctx = env.create_context(&self.env, None, &operation.node.selection_set, None);
        // Every root field is nullable: one that fails is null, with its error beside it.
        let fields = ctx.item.node.items.iter().map(async |selection| {
            resolve(&ctx, &self.query, selection).await.or_else(|error| match &selection.node {
                Selection::Field(field) => {
                    ctx.add_error(error);
                    Ok((field.node.response_key().node.clone(), Value::Null))
                }
                Selection::FragmentSpread(_) | Selection::InlineFragment(_) => Err(error),
            })
        });
        Ok(resolved(&env, try_join_all(fields).await))
    }

    /// One root field of a mutation.
    pub async fn mutation(&self, invocation: Invocation<'_>, place: usize, request: &Arc<Request>) -> Result<Resolved> {
        let operation = only(invocation.document)?;
        let env = self.query_env(invocation, operation, request);
        let ctx = env.create_context(&self.env, None, &operation.node.selection_set, None);
        let field = ctx.item.node.items.get(place).ok_or_else(|| Error::internal("no such root field"))?;
        Ok(resolved(&env, resolve(&ctx, &self.mutation, field).await.map(|field| vec![field])))
    }

    /// A whole introspection query, by async-graphql's own executor.
    pub async fn introspection(&self, invocation: Invocation<'_>, request: &Arc<Request>) -> Resolved {
        self.schema.execute(whole(invocation).data(Arc::clone(request))).await.into()
    }

    /// The stream of a subscription, whose resolver finds `data` in its context.
    pub fn stream(&self, invocation: Invocation<'_>, data: Data) -> BoxStream<'static, Resolved> {
        let mut request = whole(invocation);
        request.data = data;
        self.schema.execute_stream(request).map(Resolved::from).boxed()
    }

    fn query_env(
        &self,
        invocation: Invocation<'_>,
        operation: &Positioned<OperationDefinition>,
        request: &Arc<Request>,
    ) -> QueryEnv {
        let mut data = Data::default();
        data.insert(Arc::clone(request));
        if let Some(plans) = invocation.plans {
            data.insert(Arc::clone(plans));
        }
        QueryEnv::new(QueryEnvInner {
            extensions: self.extensions.clone(),
            variables: invocation.variables.clone(),
            operation_name: None,
            // Resolvers read the definitions of variables from it; their selection comes with their context.
            operation: Positioned::new(
                OperationDefinition {
                    ty: operation.node.ty,
                    variable_definitions: operation.node.variable_definitions.clone(),
                    directives: Vec::new(),
                    selection_set: Positioned::new(SelectionSet { items: Vec::new() }, operation.pos),
                },
                operation.pos,
            ),
            fragments: invocation.document.fragments.clone(),
            uploads: Vec::new(),
            session_data: Arc::default(),
            query_data: Arc::new(data),
            http_headers: Mutex::default(),
            introspection_mode: IntrospectionMode::Enabled,
            errors: Mutex::default(),
        })
    }
}

/// The response key and value of a root field. A failed field that may be null is null, with its error in the environment.
async fn resolve<'a>(
    ctx: &'a ContextSelectionSet<'a>,
    root: &impl ContainerType,
    selection: &'a Positioned<Selection>,
) -> ServerResult<(Name, Value)> {
    // Merging inlines the fragments at the root.
    let Selection::Field(field) = &selection.node else {
        return Err(ServerError::new("an unmerged fragment at the root", Some(selection.pos)));
    };
    let key = field.node.response_key().node.clone();
    if field.node.name.node == "__typename" {
        return Ok((key, Value::String(root.introspection_type_name().into_owned())));
    }
    let value = root.resolve_field(&ctx.with_field(field)).await?;
    Ok((key, value.unwrap_or_default()))
}

fn resolved(env: &QueryEnv, fields: ServerResult<Vec<(Name, Value)>>) -> Resolved {
    let collected = std::mem::take(&mut *env.errors.lock().unwrap_or_else(PoisonError::into_inner));
    match fields {
        Ok(fields) => Resolved { fields: Some(fields), errors: collected },
        Err(error) => Resolved { fields: None, errors: std::iter::once(error).chain(collected).collect() },
    }
}

fn whole(invocation: Invocation<'_>) -> async_graphql::Request {
    let mut request = async_graphql::Request::new("").variables(invocation.variables.clone());
    request.set_parsed_query(invocation.document.clone());
    request.introspection_mode = IntrospectionMode::Enabled;
    request
}

//! Resolves root fields with async-graphql's resolvers, in the environment that its executor would make for them. The
//! executor's own front is left out: it takes a copy of the whole document for each request and visits it once more,
//! for a depth and a cost that nobody reads. Introspection and subscriptions, which need it, take it.
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

/// A schema and what it takes to resolve its root fields.
pub struct Executor {
    schema: Schema<Query, Mutation, Subscription>,
    env: SchemaEnv,
    /// None; but only async-graphql can make that.
    extensions: Extensions,
    query: Query,
    mutation: Mutation,
}

/// What is to be resolved.
#[derive(Clone, Copy)]
pub struct Asked<'a> {
    /// With one operation.
    pub document: &'a ExecutableDocument,
    pub variables: &'a Variables,
    /// What the document's fields take, where the document is kept.
    pub plans: Option<&'a Arc<Plans>>,
}

/// Fields by response key, or null when one died that may not be null; and the errors beside them.
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
    pub async fn query(&self, asked: Asked<'_>, request: &Arc<Request>) -> Result<Resolved> {
        let operation = only(asked.document)?;
        let env = self.query_env(asked, operation, request);
        let ctx = env.create_context(&self.env, None, &operation.node.selection_set, None);
        let fields = ctx.item.node.items.iter().map(|field| resolve(&ctx, &self.query, field));
        Ok(resolved(&env, try_join_all(fields).await))
    }

    /// One root field of a mutation.
    pub async fn mutation(&self, asked: Asked<'_>, place: usize, request: &Arc<Request>) -> Result<Resolved> {
        let operation = only(asked.document)?;
        let env = self.query_env(asked, operation, request);
        let ctx = env.create_context(&self.env, None, &operation.node.selection_set, None);
        let field = ctx.item.node.items.get(place).ok_or_else(|| Error::internal("no such root field"))?;
        Ok(resolved(&env, resolve(&ctx, &self.mutation, field).await.map(|field| vec![field])))
    }

    /// Everything, with the executor's own front.
    pub async fn introspection(&self, asked: Asked<'_>, request: &Arc<Request>) -> Resolved {
        self.schema.execute(whole(asked).data(Arc::clone(request))).await.into()
    }

    /// A subscription's own stream, with whatever it finds as data.
    pub fn stream(&self, asked: Asked<'_>, data: Data) -> BoxStream<'static, Resolved> {
        let mut request = whole(asked);
        request.data = data;
        self.schema.execute_stream(request).map(Resolved::from).boxed()
    }

    fn query_env(
        &self,
        asked: Asked<'_>,
        operation: &Positioned<OperationDefinition>,
        request: &Arc<Request>,
    ) -> QueryEnv {
        let mut data = Data::default();
        data.insert(Arc::clone(request));
        if let Some(plans) = asked.plans {
            data.insert(Arc::clone(plans));
        }
        QueryEnv::new(QueryEnvInner {
            extensions: self.extensions.clone(),
            variables: asked.variables.clone(),
            operation_name: None,
            // Resolvers look up in it how variables are defined; what is selected, they get from their context.
            operation: Positioned::new(
                OperationDefinition {
                    ty: operation.node.ty,
                    variable_definitions: operation.node.variable_definitions.clone(),
                    directives: Vec::new(),
                    selection_set: Positioned::new(SelectionSet { items: Vec::new() }, operation.pos),
                },
                operation.pos,
            ),
            fragments: asked.document.fragments.clone(),
            uploads: Vec::new(),
            session_data: Arc::default(),
            query_data: Arc::new(data),
            http_headers: Mutex::default(),
            introspection_mode: IntrospectionMode::Enabled,
            errors: Mutex::default(),
        })
    }
}

/// A root field's response key and value; a failed one that may be null is null, with its error in the environment.
async fn resolve<'a>(
    ctx: &'a ContextSelectionSet<'a>,
    root: &impl ContainerType,
    selection: &'a Positioned<Selection>,
) -> ServerResult<(Name, Value)> {
    // Merging has written out the fragments of a root.
    let Selection::Field(field) = &selection.node else {
        return Err(ServerError::new("a fragment was left at the root", Some(selection.pos)));
    };
    let key = field.node.response_key().node.clone();
    if field.node.name.node == "__typename" {
        return Ok((key, Value::String(root.introspection_type_name().into_owned())));
    }
    let value = root.resolve_field(&ctx.with_field(field)).await?;
    Ok((key, value.unwrap_or_default()))
}

fn resolved(env: &QueryEnv, fields: ServerResult<Vec<(Name, Value)>>) -> Resolved {
    let noted = std::mem::take(&mut *env.errors.lock().unwrap_or_else(PoisonError::into_inner));
    match fields {
        Ok(fields) => Resolved { fields: Some(fields), errors: noted },
        Err(error) => Resolved { fields: None, errors: std::iter::once(error).chain(noted).collect() },
    }
}

fn whole(asked: Asked<'_>) -> async_graphql::Request {
    let mut request = async_graphql::Request::new("").variables(asked.variables.clone());
    request.set_parsed_query(asked.document.clone());
    request.introspection_mode = IntrospectionMode::Enabled;
    request
}

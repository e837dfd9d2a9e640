//! Reads documents: measures, parses and validates a text once and caches the result for further requests.

use std::{collections::HashMap, sync::Arc, time::Duration};

use async_graphql::{
    Name, Positioned, Request, Schema, ServerError, ValidationResult, Variables,
    extensions::{Extension, ExtensionContext, ExtensionFactory, NextValidation},
    parser::{
        self, parse_query,
        types::{DocumentOperations, ExecutableDocument, OperationDefinition},
    },
};
use moka::sync::Cache;

use super::{arguments, limits::Limits, merge, types::Types};
use crate::{
    graphql::{self, Mutation, Query, Subscription},
    kernel::{Code, Error, Result, entity::Plans},
};

/// A valid document.
#[derive(Debug)]
pub struct Document {
    operations: Vec<Operation>,
}

/// One of its operations.
#[derive(Debug)]
pub struct Operation {
    name: Option<Name>,
    /// The document with this operation only.
    pub parsed: Arc<ExecutableDocument>,
    /// Whether a variable decides what is selected, so that fields are merged for each request.
    pub is_conditional: bool,
    /// The query plans of its fields.
    pub plans: Arc<Plans>,
}

impl Document {
    fn new(parsed: ExecutableDocument, is_conditional: bool) -> Self {
        // Merging inlines most fragments; the rest stays with the document.
        let fragments = if merge::has_spreads(&parsed) { parsed.fragments } else { HashMap::new() };
        let operation = |name, operation| {
            let operations = DocumentOperations::Single(operation);
            let parsed = Arc::new(ExecutableDocument { operations, fragments: fragments.clone() });
            Operation { name, parsed, is_conditional, plans: Arc::default() }
        };
        let operations = match parsed.operations {
            DocumentOperations::Single(only) => vec![operation(None, only)],
            DocumentOperations::Multiple(named) => {
                named.into_iter().map(|(name, one)| operation(Some(name), one)).collect()
            }
        };
        Self { operations }
    }

    /// The operation with this name, or the only one.
    pub fn operation(&self, name: Option<&str>) -> Result<&Operation> {
        let refused = |message: String| Error::new(Code::ValidationFailed, message);
        match (name, self.operations.as_slice()) {
            (None, [only]) => Ok(only),
            (None, _) => {
                Err(refused("the document has several operations; operationName must name one of them".to_owned()))
            }
            (Some(name), all) => {
                let named = all.iter().find(|operation| operation.name.as_deref() == Some(name));
                named.ok_or_else(|| refused(format!("the document has no operation named {name}")))
            }
        }
    }
}

impl Operation {
    pub fn definition(&self) -> Result<&Positioned<OperationDefinition>> {
        only(&self.parsed)
    }
}

/// The operation of a document that has only one.
pub fn only(document: &ExecutableDocument) -> Result<&Positioned<OperationDefinition>> {
    match &document.operations {
        DocumentOperations::Single(operation) => Ok(operation),
        DocumentOperations::Multiple(_) => Err(Error::internal("a document with several operations")),
    }
}

/// Reads and caches documents.
pub struct Documents {
    cached: Cache<Arc<str>, Arc<Document>>,
    validator: Schema<Query, Mutation, Subscription>,
}

/// Why an operation does not run.
pub enum Refused {
    Error(Error),
    /// The errors that parsing or validation found.
    Invalid(Vec<ServerError>),
    /// The errors with which a subscription could not begin.
    Subscription(Vec<ServerError>),
    /// A mutation was sent by GET.
    MutationByGet,
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

impl Documents {
    #[must_use]
    pub fn new() -> Self {
        // A parsed document takes about ten times the memory of its text, which has at most 16 KiB.
        let weigh = |text: &Arc<str>, _: &Arc<Document>| u32::try_from(text.len()).unwrap_or(u32::MAX);
        Self {
            cached: Cache::builder()
                .weigher(weigh)
                .max_capacity(2 * 1024 * 1024)
                .time_to_idle(Duration::from_secs(3600))
                .build(),
            validator: graphql::roots().extension(ValidateOnly).finish(),
        }
    }

    /// The document of a text.
    pub async fn read(&self, text: &str, limits: &Limits, types: &Types) -> Result<Arc<Document>, Refused> {
        if let Some(known) = self.cached.get(text) {
            return Ok(known);
        }
        limits.check_text(text)?;
        let mut parsed = parse_query(text).map_err(|error| {
            let code = match error {
                parser::Error::Syntax { .. } => Code::ParseFailed,
                // Such as a name that is used twice.
                _ => Code::ValidationFailed,
            };
            Refused::Invalid(vec![with_code(ServerError::from(error), code)])
        })?;
        limits.check_tree(&parsed)?;
        self.validate(text, &parsed, types).await?;
        let is_conditional = merge::is_conditional(&parsed);
        if !is_conditional {
            merge::merge(&mut parsed, types);
        }
        let document = Arc::new(Document::new(parsed, is_conditional));
        self.cached.insert(Arc::from(text), Arc::clone(&document));
        Ok(document)
    }

    async fn validate(&self, text: &str, parsed: &ExecutableDocument, types: &Types) -> Result<(), Refused> {
        let mut request = Request::new(text).variables(Variables::default());
        request.set_parsed_query(parsed.clone());
        let mut errors = self.validator.execute(request).await.errors;
        errors.retain(|error| error.source::<Valid>().is_none());
        if errors.is_empty() {
            return Ok(());
        }
        let mut errors: Vec<_> = errors.into_iter().map(|error| with_code(error, Code::ValidationFailed)).collect();
        arguments::locate_invalid(&mut errors, parsed, types);
        Err(Refused::Invalid(errors))
    }
}

fn with_code(mut error: ServerError, code: Code) -> ServerError {
    error.extensions.get_or_insert_default().set("code", code.as_str());
    error
}

/// The error that ends a successful validation.
#[derive(Debug)]
struct Valid;

/// Makes a schema validate without executing. The schema that executes has no extension, as any would send every field
/// down a slow path.
struct ValidateOnly;

impl ExtensionFactory for ValidateOnly {
    fn create(&self) -> Arc<dyn Extension> {
        Arc::new(Self)
    }
}

#[async_graphql::async_trait::async_trait]
impl Extension for ValidateOnly {
    async fn validation(
        &self,
        ctx: &ExtensionContext<'_>,
        next: NextValidation<'_>,
    ) -> Result<ValidationResult, Vec<ServerError>> {
        next.run(ctx).await?;
        let mut valid = ServerError::new("valid", None);
        valid.source = Some(Arc::new(Valid));
        Err(vec![valid])
    }
}

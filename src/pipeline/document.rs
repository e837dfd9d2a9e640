//! From the text of a document to one that can be executed: measured, parsed, validated once and kept, so that the
//! next request with the same text does none of it again.

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

use super::{limits::Limits, merge, types::Types};
use crate::{
    graphql::{self, Mutation, Query, Subscription},
    kernel::{Code, Error, Result, entity::Plans},
};

/// A document that is valid.
#[derive(Debug)]
pub struct Document {
    operations: Vec<Operation>,
}

/// One of its operations.
#[derive(Debug)]
pub struct Operation {
    name: Option<Name>,
    /// With this operation alone.
    pub parsed: Arc<ExecutableDocument>,
    /// Whether a variable decides what is selected: then fields are merged for each request anew.
    pub is_conditional: bool,
    /// What its fields take.
    pub plans: Arc<Plans>,
}

impl Document {
    fn new(parsed: ExecutableDocument, is_conditional: bool) -> Self {
        // What merging has written out needs no fragments any more.
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

    /// The operation that is meant.
    pub fn operation(&self, name: Option<&str>) -> Result<&Operation> {
        let refused = |told: String| Error::new(Code::ValidationFailed, told);
        match (name, self.operations.as_slice()) {
            (None, [only]) => Ok(only),
            (None, _) => Err(refused("the document has several operations: operationName must say which".to_owned())),
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

/// The one operation of a document that was taken apart.
pub fn only(document: &ExecutableDocument) -> Result<&Positioned<OperationDefinition>> {
    match &document.operations {
        DocumentOperations::Single(operation) => Ok(operation),
        DocumentOperations::Multiple(_) => Err(Error::internal("several operations")),
    }
}

/// Reads and keeps documents.
pub struct Documents {
    known: Cache<Arc<str>, Arc<Document>>,
    validator: Schema<Query, Mutation, Subscription>,
}

/// What makes reading fail.
pub enum Refused {
    One(Error),
    /// What validation found, in its own words.
    Invalid(Vec<ServerError>),
    /// A subscription that could not begin.
    Failed(Vec<ServerError>),
    /// A mutation came by a method that is for queries.
    ByGet,
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        Self::One(error)
    }
}

impl Documents {
    #[must_use]
    pub fn new() -> Self {
        // Texts of at most 16 KiB, and the tree of one is some ten times its text.
        let weigh = |text: &Arc<str>, _: &Arc<Document>| u32::try_from(text.len()).unwrap_or(u32::MAX);
        Self {
            known: Cache::builder()
                .weigher(weigh)
                .max_capacity(2 * 1024 * 1024)
                .time_to_idle(Duration::from_secs(3600))
                .build(),
            validator: graphql::roots().extension(ValidateOnly).finish(),
        }
    }

    /// The document of a text.
    pub async fn read(&self, text: &str, limits: &Limits, types: &Types) -> Result<Arc<Document>, Refused> {
        if let Some(known) = self.known.get(text) {
            return Ok(known);
        }
        limits.check_text(text)?;
        let mut parsed = parse_query(text).map_err(|error| {
            let code = match error {
                parser::Error::Syntax { .. } => Code::ParseFailed,
                // Names given twice, and the like.
                _ => Code::ValidationFailed,
            };
            Refused::Invalid(vec![with_code(ServerError::from(error), code)])
        })?;
        limits.check_tree(&parsed)?;
        self.validate(text, &parsed).await?;
        let is_conditional = merge::is_conditional(&parsed);
        if !is_conditional {
            merge::merge(&mut parsed, types);
        }
        let document = Arc::new(Document::new(parsed, is_conditional));
        self.known.insert(Arc::from(text), Arc::clone(&document));
        Ok(document)
    }

    async fn validate(&self, text: &str, parsed: &ExecutableDocument) -> Result<(), Refused> {
        let mut request = Request::new(text).variables(Variables::default());
        request.set_parsed_query(parsed.clone());
        let mut errors = self.validator.execute(request).await.errors;
        errors.retain(|error| error.source::<Valid>().is_none());
        if errors.is_empty() {
            return Ok(());
        }
        Err(Refused::Invalid(errors.into_iter().map(|error| with_code(error, Code::ValidationFailed)).collect()))
    }
}

fn with_code(mut error: ServerError, code: Code) -> ServerError {
    error.extensions.get_or_insert_default().set("code", code.as_str());
    error
}

/// Marks the end of a validation that found nothing.
#[derive(Debug)]
struct Valid;

/// Makes a schema validate and then stop. The schema that executes has no extension: one alone, whatever it does,
/// sends every field down a slow path.
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

//! The one error type. Domain code returns [`Error`]; the pipeline is the one place that turns it into GraphQL
//! (`pipeline/answer.rs`). A failure that no caller can correct is [`Error::internal`]: its cause goes to the log, and two
//! words and a request id go out.

mod code;
mod database;
mod problems;

use std::{fmt, sync::Arc};

pub use self::{
    code::{Code, CodeInfo, Family, Retry},
    database::constraint_of,
    problems::{FieldProblem, Problems},
};

/// An error with a published code, cheap to clone: one cause can fail many fields.
#[derive(Clone)]
pub struct Error(Box<Inner>);

#[derive(Debug, Clone)]
struct Inner {
    code: Code,
    message: String,
    fields: Vec<FieldProblem>,
    allowed: Vec<String>,
    retry_after: Option<u64>,
    current_version: Option<i32>,
    limit: Option<u64>,
    cursor: Option<String>,
    cause: Option<Arc<dyn std::error::Error + Send + Sync>>,
    /// `private.check_caller()` did not open a scope for the caller.
    refuses_caller: bool,
}

/// What fallible code of this crate returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    #[must_use]
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            code,
            message: message.into(),
            fields: Vec::new(),
            allowed: Vec::new(),
            retry_after: None,
            current_version: None,
            limit: None,
            cursor: None,
            cause: None,
            refuses_caller: false,
        }))
    }

    /// A failure that no caller can correct. The cause is logged once, where it is answered, and never sent.
    #[must_use]
    pub fn internal(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        let mut error = Self::new(Code::Internal, "internal error");
        error.0.cause = Some(Arc::from(cause.into()));
        error
    }

    /// The server cannot answer at the moment.
    #[must_use]
    pub fn unavailable(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        let mut error = Self::new(Code::Unavailable, "the server cannot answer at the moment; please try again");
        error.0.cause = Some(Arc::from(cause.into()));
        error.0.retry_after = Some(1);
        error
    }

    fn caller_refusal(code: Code, message: &str) -> Self {
        let mut error = Self::new(code, message);
        error.0.refuses_caller = true;
        error
    }

    /// Whether the database refuses to run anything for the caller.
    #[must_use]
    pub fn refuses_caller(&self) -> bool {
        self.0.refuses_caller
    }

    /// Whether the caller's rights have changed since they were looked up.
    #[must_use]
    pub fn is_stale_actor(&self) -> bool {
        self.0.refuses_caller && self.0.code == Code::Unavailable
    }

    /// There is no such object, or the caller may not know of it: both are answered alike.
    #[must_use]
    pub fn not_found(kind: &str) -> Self {
        Self::new(Code::NotFound, format!("the {kind} was not found"))
    }

    /// An id belongs to another type of object.
    #[must_use]
    pub fn wrong_kind(wanted: &str, given: &str) -> Self {
        Self::new(Code::InvalidId, format!("must be an id that begins with \"{wanted}_\", not \"{given}_\""))
    }

    #[must_use]
    pub fn unauthenticated() -> Self {
        Self::new(Code::Unauthenticated, "please sign in")
    }

    #[must_use]
    pub fn forbidden(message: impl Into<String>) -> Self {
        Self::new(Code::Forbidden, message)
    }

    /// The value at this path, which begins at the arguments of the field, is not acceptable.
    #[must_use]
    pub fn invalid(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self::invalid_value(Code::InvalidInput, path, message)
    }

    /// The value at this path is refused under a code of its own.
    #[must_use]
    pub fn invalid_value(code: Code, path: impl Into<String>, message: impl Into<String>) -> Self {
        Self::with_fields(code, vec![FieldProblem { path: path.into(), code, message: message.into() }])
    }

    /// Several values are not acceptable. Their code is the error's code where they agree.
    #[must_use]
    pub fn invalid_fields(fields: Vec<FieldProblem>) -> Self {
        let code = match fields.split_first() {
            Some((first, rest)) if rest.iter().all(|field| field.code == first.code) => first.code,
            _ => Code::InvalidInput,
        };
        Self::with_fields(code, fields)
    }

    /// An error whose message lists its fields.
    #[must_use]
    pub fn with_fields(code: Code, fields: Vec<FieldProblem>) -> Self {
        let problems: Vec<_> = fields.iter().map(|field| format!("{}: {}", field.path, field.message)).collect();
        let mut error = Self::new(code, problems.join("; "));
        error.0.fields = fields;
        error
    }

    /// The object has another version than the one that was expected.
    #[must_use]
    pub fn stale(current_version: i32) -> Self {
        let mut error = Self::new(
            Code::StaleObject,
            format!("the object was changed by somebody else; its version is now {current_version}"),
        );
        error.0.current_version = Some(current_version);
        error
    }

    /// Something like it exists already; `path` is of the value that would have to differ.
    #[must_use]
    pub fn duplicate(path: &str, message: &str) -> Self {
        Self::new(Code::Duplicate, message).at(path)
    }

    /// Adds where the problem is: the path of an argument's value, and what is wrong with it.
    #[must_use]
    pub fn at(mut self, path: impl Into<String>) -> Self {
        let field = FieldProblem { path: path.into(), code: self.0.code, message: self.0.message.clone() };
        self.0.fields.push(field);
        self
    }

    /// The values that would be accepted, such as the statuses that can follow.
    #[must_use]
    pub fn allowed(mut self, values: Vec<String>) -> Self {
        self.0.allowed = values;
        self
    }

    #[must_use]
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.0.retry_after = Some(seconds);
        self
    }

    #[must_use]
    pub fn limit(mut self, limit: u64) -> Self {
        self.0.limit = Some(limit);
        self
    }

    /// Where a listener can resume.
    #[must_use]
    pub fn cursor(mut self, cursor: impl Into<String>) -> Self {
        self.0.cursor = Some(cursor.into());
        self
    }

    #[must_use]
    pub fn code(&self) -> Code {
        self.0.code
    }

    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    #[must_use]
    pub fn fields(&self) -> &[FieldProblem] {
        &self.0.fields
    }

    #[must_use]
    pub fn allowed_values(&self) -> &[String] {
        &self.0.allowed
    }

    #[must_use]
    pub fn seconds_to_wait(&self) -> Option<u64> {
        self.0.retry_after
    }

    #[must_use]
    pub fn current_version(&self) -> Option<i32> {
        self.0.current_version
    }

    #[must_use]
    pub fn reached_limit(&self) -> Option<u64> {
        self.0.limit
    }

    #[must_use]
    pub fn cursor_to_resume(&self) -> Option<&str> {
        self.0.cursor.as_deref()
    }

    #[must_use]
    pub fn cause(&self) -> Option<&(dyn std::error::Error + Send + Sync)> {
        self.0.cause.as_deref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl std::error::Error for Error {}

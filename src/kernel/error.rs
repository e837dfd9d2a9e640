//! What can go wrong, in the words of who asked. Domain code returns [`Error`]; the pipeline is the one place that
//! turns it into GraphQL (`pipeline/answer.rs`). What nobody outside can mend is [`Error::internal`]: its cause goes
//! to the log, and two words and a request id go out.

use std::{fmt, sync::Arc};

use async_graphql::Enum;
use diesel::result::{DatabaseErrorKind, Error as Diesel};

/// The codes an error can carry in `extensions.code`. They are stable for ever; wording is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Enum)]
#[graphql(name = "ErrorCode")]
pub enum Code {
    /// The document is not GraphQL.
    ParseFailed,
    /// The document does not fit the schema.
    ValidationFailed,
    /// The document is nested deeper than the limit.
    TooDeep,
    /// The document selects or costs more than the limit.
    TooComplex,
    /// The body, the document or a value is larger than the limit.
    TooLarge,
    /// This operation may not be sent this way, or not by a client that is not trusted.
    OperationNotAllowed,
    /// No operation is known by this hash: send it with its text once.
    PersistedQueryNotFound,
    /// Nobody is signed in.
    Unauthenticated,
    /// E-mail address or password is wrong.
    InvalidCredentials,
    /// Too many wrong passwords; `retryAfter` tells how many seconds to wait.
    AccountLocked,
    /// The session has ended: sign in again.
    SessionExpired,
    /// The user is not active.
    UserInactive,
    /// The clinic is not active.
    ClinicInactive,
    /// The caller may see this but not do it.
    Forbidden,
    /// Too many requests; `retryAfter` tells how many seconds to wait.
    RateLimited,
    /// There is no such object, or none that the caller may know of.
    NotFound,
    /// The id is not one, or is of another kind.
    InvalidId,
    /// A value is not acceptable; `fields` tells which and why.
    InvalidInput,
    /// The cursor is not one of this list in this order.
    InvalidCursor,
    /// What follows the cursor is not kept any more: reload, and listen from now on.
    CursorExpired,
    /// The listener was too slow; `cursor` tells from where it can resume.
    Lagged,
    /// Something like it exists already.
    Duplicate,
    /// The object was changed by somebody else; `currentVersion` is its version now.
    StaleObject,
    /// The object cannot go from its state to that one.
    InvalidTransition,
    /// The idempotency key was used with another input.
    IdempotencyConflict,
    /// A limit of the plan or of the API is reached; `limit` tells which.
    LimitReached,
    /// A system beyond this one failed.
    IntegrationFailed,
    /// It took too long and was given up.
    Timeout,
    /// The server cannot answer now; try again.
    Unavailable,
    /// Something is wrong with the server.
    Internal,
}

impl Code {
    /// The spelling that clients see.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        use async_graphql::resolver_utils::EnumType;
        Self::items().iter().find(|item| item.value == self).map_or("INTERNAL", |item| item.name)
    }
}

/// One field of an input that is not acceptable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldProblem {
    /// Where in the input, as the API spells it: `title`, `hours.2.opensAt`.
    pub path: String,
    pub code: Code,
    pub message: String,
}

/// An error with a published code, cheap to clone: one cause can fail many fields.
#[derive(Clone)]
pub struct Error(Box<Inner>);

#[derive(Debug, Clone)]
struct Inner {
    code: Code,
    message: String,
    fields: Vec<FieldProblem>,
    retry_after: Option<u64>,
    current_version: Option<i32>,
    limit: Option<u64>,
    cursor: Option<String>,
    cause: Option<Arc<dyn std::error::Error + Send + Sync>>,
    /// `private.look()` would not open a scope for the caller.
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
            retry_after: None,
            current_version: None,
            limit: None,
            cursor: None,
            cause: None,
            refuses_caller: false,
        }))
    }

    /// Something nobody outside can mend. The cause is logged once, where it is answered, and never sent.
    #[must_use]
    pub fn internal(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        let mut error = Self::new(Code::Internal, "internal error");
        error.0.cause = Some(Arc::from(cause.into()));
        error
    }

    /// The server cannot answer now.
    #[must_use]
    pub fn unavailable(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        let mut error = Self::new(Code::Unavailable, "the server cannot answer now; please try again");
        error.0.cause = Some(Arc::from(cause.into()));
        error.0.retry_after = Some(1);
        error
    }

    fn refusal(code: Code, message: &str) -> Self {
        let mut error = Self::new(code, message);
        error.0.refuses_caller = true;
        error
    }

    /// Whether the database would not work for the caller at all.
    #[must_use]
    pub fn refuses_caller(&self) -> bool {
        self.0.refuses_caller
    }

    /// Whether the caller is not any more who they were looked up as.
    #[must_use]
    pub fn is_stale_actor(&self) -> bool {
        self.0.refuses_caller && self.0.code == Code::Unavailable
    }

    /// There is none, or none that the caller may know of: the two are one answer.
    #[must_use]
    pub fn not_found(what: &str) -> Self {
        Self::new(Code::NotFound, format!("there is no such {what}"))
    }

    /// The id is of something else.
    #[must_use]
    pub fn wrong_kind(wanted: &str, came: &str) -> Self {
        Self::new(Code::InvalidId, format!("a {wanted} id is wanted here, and this is one of a {came}"))
    }

    #[must_use]
    pub fn unauthenticated() -> Self {
        Self::new(Code::Unauthenticated, "please sign in")
    }

    #[must_use]
    pub fn forbidden(message: impl Into<String>) -> Self {
        Self::new(Code::Forbidden, message)
    }

    /// One field of the input is not acceptable.
    #[must_use]
    pub fn invalid(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self::invalid_fields(vec![FieldProblem {
            path: path.into(),
            code: Code::InvalidInput,
            message: message.into(),
        }])
    }

    /// Several fields of the input are not acceptable, all told at once.
    #[must_use]
    pub fn invalid_fields(fields: Vec<FieldProblem>) -> Self {
        let told: Vec<_> = fields.iter().map(|field| format!("{}: {}", field.path, field.message)).collect();
        let mut error = Self::new(Code::InvalidInput, told.join("; "));
        error.0.fields = fields;
        error
    }

    #[must_use]
    pub fn stale(current_version: i32) -> Self {
        let mut error =
            Self::new(Code::StaleObject, format!("somebody else changed this; its version is now {current_version}"));
        error.0.current_version = Some(current_version);
        error
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

    /// From where to go on.
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

/// What Postgres says when it is about to go, or on its way back.
const AWAY: [&str; 3] = ["terminating connection", "the database system is", "canceling statement due to conflict"];

impl From<Diesel> for Error {
    /// The meaning a failed statement has wherever it stands. Where a constraint means something to the caller, the
    /// domain says so with [`constraint`] before it comes to this.
    fn from(error: Diesel) -> Self {
        match &error {
            Diesel::NotFound => Self::not_found("object"),
            Diesel::DatabaseError(kind, told) => match (kind, told.message()) {
                (DatabaseErrorKind::UnableToSendCommand | DatabaseErrorKind::ClosedConnection, _) => {
                    Self::unavailable(error)
                }
                (DatabaseErrorKind::SerializationFailure, _) => Self::unavailable(error),
                // `private.look()` says why a scope was not opened.
                (_, "the session has ended") => {
                    Self::refusal(Code::SessionExpired, "your session has ended; please sign in again")
                }
                (_, "the user is not active") => Self::refusal(Code::UserInactive, "this account is not active"),
                (_, "the clinic is not active") => Self::refusal(Code::ClinicInactive, "this clinic is not active"),
                (_, "the caller has changed") => {
                    Self::refusal(Code::Unavailable, "what you may do has just changed; please try again")
                }
                (_, told) if AWAY.iter().any(|away| told.starts_with(away)) => Self::unavailable(error),
                (_, "canceling statement due to statement timeout") => {
                    Self::new(Code::Timeout, "this took too long and was given up")
                }
                _ => Self::internal(error),
            },
            _ => Self::internal(error),
        }
    }
}

/// Whether a statement failed on this constraint. A distributed Postgres appends the number of a shard to its name.
#[must_use]
pub fn violates(error: &Diesel, constraint: &str) -> bool {
    let Diesel::DatabaseError(_, information) = error else { return false };
    let rest = information.constraint_name().and_then(|name| name.strip_prefix(constraint));
    rest.is_some_and(|rest| match rest.strip_prefix('_') {
        Some(shard) => !shard.is_empty() && shard.bytes().all(|byte| byte.is_ascii_digit()),
        None => rest.is_empty(),
    })
}

/// Collects what is wrong with an input, so that a form learns of everything at once.
#[derive(Debug, Default)]
pub struct Problems(Vec<FieldProblem>);

impl Problems {
    /// Notes a problem unless the condition holds.
    pub fn check(&mut self, holds: bool, path: &str, message: impl Into<String>) {
        if !holds {
            self.refuse(path, Code::InvalidInput, message);
        }
    }

    /// Notes a problem.
    pub fn refuse(&mut self, path: &str, code: Code, message: impl Into<String>) {
        self.0.push(FieldProblem { path: path.to_owned(), code, message: message.into() });
    }

    /// A number that may be given, within bounds.
    pub fn range(&mut self, path: &str, number: Option<i32>, bounds: std::ops::RangeInclusive<i32>) {
        if let Some(number) = number {
            let (from, to) = (bounds.start(), bounds.end());
            self.check(bounds.contains(&number), path, format!("must be from {from} to {to}, not {number}"));
        }
    }

    /// Text that was asked for: trimmed, neither empty nor longer than `most` characters.
    pub fn text(&mut self, path: &str, text: &str, most: usize) -> String {
        let text = text.trim();
        let length = text.chars().count();
        self.check(length > 0, path, "must not be empty");
        self.check(length <= most, path, format!("must have at most {most} characters, not {length}"));
        text.to_owned()
    }

    /// Fails with all that was noted.
    pub fn done(self) -> Result<()> {
        if self.0.is_empty() { Ok(()) } else { Err(Error::invalid_fields(self.0)) }
    }
}

//! The published error codes. Each is declared once; `enum ErrorCode`, `Query.server` and `docs/ERRORS.md` come from it.

use async_graphql::Enum;

/// The part of a request that an error code is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(name = "ErrorFamily")]
pub enum Family {
    /// The error is about the GraphQL document or the request that carries it.
    Document,
    /// The error is about the caller: their session, their account or their permissions.
    Caller,
    /// The error is about the objects and values that the operation names.
    Request,
    /// The error is about the server or a system that it depends on.
    Server,
}

/// Advice on sending a failed operation again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(name = "RetryAdvice")]
pub enum Retry {
    /// The operation fails again until its document or its input is changed.
    AfterChange,
    /// The operation succeeds at the earliest after `retryAfter` seconds; repeat a mutation with its idempotency key.
    AfterDelay,
    /// The operation succeeds at the earliest after reading the current state of the objects it names.
    AfterReload,
    /// The operation succeeds at the earliest after signing in again.
    AfterSignIn,
    /// The operation fails until somebody else acts, such as an administrator.
    Never,
}

/// What is published about a code.
#[derive(Debug, Clone, Copy)]
pub struct CodeInfo {
    pub code: Code,
    pub description: &'static str,
    pub family: Family,
    pub retry: Retry,
    /// A message with which it can come.
    pub example: &'static str,
}

macro_rules! codes {
    ($($family:ident { $($(#[doc = $doc:literal])+ $code:ident, $retry:ident, $example:literal;)+ })+) => {
        /// The code of an error, in `extensions.code`. Codes are stable; the wording of messages is not.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Enum)]
        #[graphql(name = "ErrorCode")]
        pub enum Code {
            $($($(#[doc = $doc])+ $code,)+)+
        }

        impl Code {
            /// Every code with what is published about it, in the order of declaration.
            pub const ALL: &[CodeInfo] = &[
                $($(CodeInfo {
                    code: Self::$code,
                    description: concat!($($doc),+).trim_ascii(),
                    family: Family::$family,
                    retry: Retry::$retry,
                    example: $example,
                },)+)+
            ];
        }
    };
}

codes! {
    Document {
        /// The document is not valid GraphQL syntax.
        ParseFailed, AfterChange, "expected a selection set at 1:9";
        /// The document does not match the schema.
        ValidationFailed, AfterChange, "Unknown field \"nmae\" on type \"Clinic\".";
        /// The document is nested more deeply than the limit.
        TooDeep, AfterChange, "the document has 14 levels of fields, more than the limit of 12";
        /// The document selects more fields or costs more than the limit.
        TooComplex, AfterChange, "the operation costs 5050, more than the limit of 2000; ask for smaller pages or fewer edges";
        /// The body or the document is larger than the limit.
        TooLarge, AfterChange, "the document has 20000 bytes, more than the limit of 16384";
        /// The operation may not be sent by this method, from this origin, or without being a trusted operation.
        OperationNotAllowed, AfterChange, "a mutation must be sent by POST";
        /// No document with this hash is known; send its text along once.
        PersistedQueryNotFound, AfterChange, "PersistedQueryNotFound";
    }
    Caller {
        /// The operation needs a signed-in user.
        Unauthenticated, AfterSignIn, "please sign in";
        /// The email address or the password is wrong.
        InvalidCredentials, AfterChange, "the email address or the password is wrong";
        /// The account is locked after too many wrong passwords; `retryAfter` is the number of seconds to wait.
        AccountLocked, AfterDelay, "too many wrong passwords; please wait 15 minutes";
        /// The session has ended; the user has to sign in again.
        SessionExpired, AfterSignIn, "your session has ended; please sign in again";
        /// The user account is not active.
        UserInactive, Never, "this account is not active";
        /// The clinic that the caller acts in is not active.
        ClinicInactive, Never, "this clinic is not active";
        /// The caller lacks the permission for this.
        Forbidden, Never, "the permission TICKETS_WRITE is required";
        /// The caller has used up what is allowed for now; `retryAfter` is the number of seconds to wait.
        RateLimited, AfterDelay, "the rate limit for this minute is used up; please wait";
    }
    Request {
        /// The object does not exist, or the caller may not know that it does.
        NotFound, AfterChange, "the ticket was not found";
        /// An id is malformed or belongs to another type of object.
        InvalidId, AfterChange, "input.ticketId: must be an id that begins with \"ticket_\", not \"user_\"";
        /// One or more values are not acceptable; `fields` lists each with its path and the reason.
        InvalidInput, AfterChange, "input.phone: must be a phone number in E.164 format, such as +16045550123";
        /// The cursor does not belong to this list in this order.
        InvalidCursor, AfterReload, "after: must be a cursor of this list in this order";
        /// The events after the cursor are no longer stored; reload the data and listen from now on.
        CursorExpired, AfterReload, "the events after this cursor are no longer stored";
        /// The listener was too slow; `cursor` is where it can resume.
        Lagged, AfterReload, "this listener is too slow; resume after the cursor";
        /// An object with the same unique value already exists.
        Duplicate, AfterChange, "a clinic with this slug already exists";
        /// The object was changed by somebody else; `currentVersion` is its version now.
        StaleObject, AfterReload, "the object was changed by somebody else; its version is now 7";
        /// The object cannot go from its current status to the requested one; `allowed` lists where it can go.
        InvalidTransition, AfterReload, "a closed ticket takes no replies";
        /// The idempotency key was used with another request before.
        IdempotencyConflict, AfterChange, "this idempotency key was used with another request; please use a new one";
        /// A limit of the API or of the clinic's plan is reached; `limit` is the number allowed.
        LimitReached, Never, "at most 100 operations may run at once on one socket";
    }
    Server {
        /// No working integration is set up for the service that the operation needs.
        IntegrationNotConfigured, Never, "no working integration for text messages is set up; please ask the clinic's manager";
        /// An outside system that the operation depends on failed.
        IntegrationFailed, AfterDelay, "the calendar service did not answer";
        /// The operation took too long and was cancelled.
        Timeout, AfterDelay, "the operation took too long and was cancelled";
        /// The server cannot answer at the moment.
        Unavailable, AfterDelay, "the server cannot answer at the moment; please try again";
        /// The server failed unexpectedly; the log has the cause under the `requestId`.
        Internal, Never, "internal error";
    }
}

impl Code {
    /// The spelling that clients see.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        use async_graphql::resolver_utils::EnumType;
        Self::items().iter().find(|item| item.value == self).map_or("INTERNAL", |item| item.name)
    }
}

//! What a failed statement means to the caller, unless the domain knows better.

use diesel::result::{DatabaseErrorKind, Error as Diesel};

use super::{Code, Error};

/// The beginnings of Postgres' messages while it stops or starts.
const RESTARTING: [&str; 3] =
    ["terminating connection", "the database system is", "canceling statement due to conflict"];

impl From<Diesel> for Error {
    /// Where a constraint means something to the caller, the entity declares it (`unique`), and the draft reports it.
    fn from(error: Diesel) -> Self {
        match &error {
            Diesel::NotFound => Self::not_found("object"),
            Diesel::DatabaseError(kind, information) => match (kind, information.message()) {
                (
                    DatabaseErrorKind::UnableToSendCommand
                    | DatabaseErrorKind::ClosedConnection
                    | DatabaseErrorKind::SerializationFailure,
                    _,
                ) => Self::unavailable(error),
                // `private.check_caller()` says why a scope was not opened.
                (_, "the session has ended") => {
                    Self::caller_refusal(Code::SessionExpired, "your session has ended; please sign in again")
                }
                (_, "the user is not active") => Self::caller_refusal(Code::UserInactive, "this account is not active"),
                (_, "the clinic is not active") => {
                    Self::caller_refusal(Code::ClinicInactive, "this clinic is not active")
                }
                (_, "the caller has changed") => {
                    Self::caller_refusal(Code::Unavailable, "your permissions have just changed; please try again")
                }
                (_, message) if RESTARTING.iter().any(|start| message.starts_with(start)) => Self::unavailable(error),
                (_, "canceling statement due to statement timeout") => {
                    Self::new(Code::Timeout, "the operation took too long and was cancelled")
                }
                _ => Self::internal(error),
            },
            _ => Self::internal(error),
        }
    }
}

/// The constraint that a statement violated.
#[must_use]
pub fn constraint_of(error: &Diesel) -> Option<&str> {
    match error {
        Diesel::DatabaseError(_, information) => information.constraint_name(),
        _ => None,
    }
}

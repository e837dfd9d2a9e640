//! Everything that is wrong with an input, so that a form can show it at once.

use super::{Code, Error, Result};

/// One value of an input that is not acceptable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldProblem {
    /// Path of the value, in the API's spelling and from the arguments of the field: `input.hours.2.opensAt`.
    pub path: String,
    pub code: Code,
    pub message: String,
}

/// Collects the problems of an input.
#[derive(Debug, Clone, Default)]
pub struct Problems(Vec<FieldProblem>);

impl Problems {
    /// Adds a problem unless the condition holds.
    pub fn check(&mut self, holds: bool, path: &str, message: impl Into<String>) {
        if !holds {
            self.refuse(path, Code::InvalidInput, message);
        }
    }

    /// Adds a problem.
    pub fn refuse(&mut self, path: &str, code: Code, message: impl Into<String>) {
        self.0.push(FieldProblem { path: path.to_owned(), code, message: message.into() });
    }

    /// Fails with all problems that were added.
    pub fn done(self) -> Result<()> {
        if self.0.is_empty() { Ok(()) } else { Err(Error::invalid_fields(self.0)) }
    }
}

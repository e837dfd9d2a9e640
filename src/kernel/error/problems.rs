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
#[derive(Debug, Default)]
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

    /// Checks a number that may be absent against its bounds.
    pub fn range(&mut self, path: &str, number: Option<i32>, bounds: std::ops::RangeInclusive<i32>) {
        if let Some(number) = number {
            let (from, to) = (bounds.start(), bounds.end());
            self.check(bounds.contains(&number), path, format!("must be from {from} to {to}, not {number}"));
        }
    }

    /// Checks a required text and trims it: it must neither be empty nor have more than `most` characters.
    pub fn text(&mut self, path: &str, text: &str, most: usize) -> String {
        let text = text.trim();
        let length = text.chars().count();
        self.check(length > 0, path, "must not be empty");
        self.check(length <= most, path, format!("must have at most {most} characters, not {length}"));
        text.to_owned()
    }

    /// Fails with all problems that were added.
    pub fn done(self) -> Result<()> {
        if self.0.is_empty() { Ok(()) } else { Err(Error::invalid_fields(self.0)) }
    }
}

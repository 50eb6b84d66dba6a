//! What is wrong with a program, and what goes wrong while one runs.

use super::limits::Limit;
use crate::Value;
use std::{fmt, ops::Range};

/// One problem that keeps a program from being compiled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompileError {
    /// Where, in bytes of the source.
    pub span: Range<usize>,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl fmt::Display for CompileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        self.hint.as_ref().map_or(Ok(()), |hint| write!(f, " ({hint})"))
    }
}

/// All problems of a program, in the order of the source; never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompileErrors(Vec<CompileError>);

impl CompileErrors {
    pub(super) fn new(mut errors: Vec<CompileError>) -> Self {
        debug_assert!(!errors.is_empty(), "a failure has a reason");
        errors.sort_by_key(|error| (error.span.start, error.span.end));
        errors.dedup();
        CompileErrors(errors)
    }

    /// The problems in the order of the source.
    pub fn iter(&self) -> std::slice::Iter<'_, CompileError> {
        self.0.iter()
    }

    /// The first problem.
    #[must_use]
    pub fn first(&self) -> &CompileError {
        &self.0[0]
    }
}

impl<'a> IntoIterator for &'a CompileErrors {
    type Item = &'a CompileError;
    type IntoIter = std::slice::Iter<'a, CompileError>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Display for CompileErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, error) in self.0.iter().enumerate() {
            let separator = if n == 0 { "" } else { "; " };
            write!(f, "{separator}{error} at byte {}", error.span.start)?;
        }
        Ok(())
    }
}

impl std::error::Error for CompileErrors {}

/// Why a run ended without its output.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum RunError {
    /// The program raised an error that nothing in it caught.
    Raised {
        /// The value that `catch` would have seen.
        value: Value,
        /// The text, as jq words it.
        message: String,
    },
    /// The program was stopped.
    Limit(Limit),
}

impl RunError {
    pub(super) fn raised(value: Value) -> Self {
        let message = match &value {
            Value::String(s) => s.to_string(),
            Value::Null => "null (null) not a string".to_owned(),
            other => format!("(not a string): {other}"),
        };
        RunError::Raised { value, message }
    }

    /// True if the program was stopped by a limit.
    #[must_use]
    pub fn is_limit(&self) -> bool {
        matches!(self, RunError::Limit(_))
    }

    /// The value that the program raised.
    #[must_use]
    pub fn value(&self) -> Option<&Value> {
        match self {
            RunError::Raised { value, .. } => Some(value),
            RunError::Limit(_) => None,
        }
    }
}

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RunError::Raised { message, .. } => f.write_str(message),
            RunError::Limit(limit) => limit.fmt(f),
        }
    }
}

impl std::error::Error for RunError {}

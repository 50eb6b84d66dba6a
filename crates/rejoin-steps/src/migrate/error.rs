//! Why a migration did not happen.

use std::error::Error;
use std::fmt;

use super::file::{Half, Migration};

/// What is wrong, where, and how to mend it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MigrateError(String);

impl MigrateError {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }

    /// The database refuses a statement; `offset` is where in the half, in bytes, if it is known.
    pub(super) fn in_file(
        migration: &Migration,
        half: &Half,
        offset: Option<usize>,
        message: &str,
    ) -> Self {
        let file = migration.file.display();
        let before = offset.and_then(|offset| half.text.get(..offset));
        Self(match before {
            Some(before) => {
                let line = half.line + before.matches('\n').count();
                let column = before.chars().rev().take_while(|&c| c != '\n').count() + 1;
                format!("{file}:{line}:{column}: {message}")
            }
            None => format!("{file}: {message}"),
        })
    }
}

impl fmt::Display for MigrateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for MigrateError {}

//! How a command ends.

use std::process::ExitCode;

use crate::output;

/// A command that did not succeed: exit code 1.
#[derive(Debug)]
pub(crate) struct Failure {
    /// What is said about it; nothing if the command has said it already.
    message: Option<String>,
}

impl Failure {
    /// A failure with a line that says what is wrong and how to mend it.
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { message: Some(message.into()) }
    }

    /// A failure about which everything has been said.
    pub(crate) fn reported() -> Self {
        Self { message: None }
    }

    /// Says it, and gives the code for the shell.
    pub(crate) fn report(self) -> ExitCode {
        if let Some(message) = self.message {
            output::error(&format!("error: {message}\n"));
        }
        ExitCode::FAILURE
    }
}

//! How a command ends.

use std::process::ExitCode;

use crate::output;

/// The exit code of a command line that makes no sense.
pub(crate) const USAGE: u8 = 2;

/// A command that did not succeed.
#[derive(Debug)]
pub(crate) struct Failure {
    /// What is said about it; nothing if the command has said it already.
    message: Option<String>,
    code: u8,
}

impl Failure {
    /// A failure with a line that says what is wrong and how to mend it.
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { message: Some(message.into()), code: 1 }
    }

    /// A failure about which everything has been said.
    pub(crate) fn reported() -> Self {
        Self { message: None, code: 1 }
    }

    /// As another exit code than 1.
    pub(crate) fn code(mut self, code: u8) -> Self {
        self.code = code;
        self
    }

    /// Says it, and gives the code for the shell.
    pub(crate) fn report(self) -> ExitCode {
        if let Some(message) = self.message {
            output::error(&format!("error: {message}\n"));
        }
        ExitCode::from(self.code)
    }
}

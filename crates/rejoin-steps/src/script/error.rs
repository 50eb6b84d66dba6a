//! How a script fails.

use std::fmt;
use std::time::Duration;

/// An error's text is cut here.
const LONGEST_MESSAGE: usize = 800;

/// Why a script yielded no value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ScriptError {
    /// It raised an error.
    Raised {
        /// What it said.
        message: String,
        /// The line of the script, from 1.
        line: Option<u32>,
    },
    /// It ran longer than it may.
    TooLong(Duration),
    /// It held more memory than it may, in bytes.
    TooMuchMemory(usize),
    /// Nobody waits for it any more.
    Stopped,
    /// Its result is no JSON.
    Result(String),
}

impl ScriptError {
    /// An error that the script raised, its message cut to a length that fits into an answer.
    pub(crate) fn raised(message: &str, line: Option<u32>) -> Self {
        let message = match message.len() > LONGEST_MESSAGE {
            true => format!("{}…", &message[..message.floor_char_boundary(LONGEST_MESSAGE)]),
            false => message.to_owned(),
        };
        Self::Raised { message, line }
    }

    /// Whether the interpreter is as good as before: nothing was cut off.
    pub(crate) fn is_orderly(&self) -> bool {
        matches!(self, Self::Raised { .. } | Self::Result(_))
    }

    /// What sets the limit that the script ran into, in the configuration of that step.
    pub(super) fn mend(&self, step: &str) -> Option<String> {
        let key = match self {
            Self::TooLong(_) => "timeout",
            Self::TooMuchMemory(_) => "memory",
            _ => return None,
        };
        Some(format!("`{key}` in `config {step}` sets it"))
    }
}

impl fmt::Display for ScriptError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Raised { message, line: Some(line) } => write!(f, "line {line}: {message}"),
            Self::Raised { message, line: None } => f.write_str(message),
            Self::TooLong(limit) => {
                write!(f, "the script ran longer than its limit of {limit:?}")
            }
            Self::TooMuchMemory(limit) => write!(
                f,
                "the script held more memory than its limit of {} MiB",
                limit.div_ceil(1 << 20)
            ),
            Self::Stopped => f.write_str("the script was stopped: nobody waits for it any more"),
            Self::Result(problem) => write!(f, "the script's result is no JSON: {problem}"),
        }
    }
}

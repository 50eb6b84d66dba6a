//! Why a call in a child process gave no value.

use std::convert::Infallible;
use std::error::Error;
use std::fmt;
use std::io;
use std::process::ExitStatus;
use std::sync::Arc;

use super::init::MARK;
use crate::name::Name;

/// Why a call in a child process failed. `E` is the error of the function itself.
///
/// A panic of the function, a time-out and a cancellation are no variants of it: they are those of
/// [`TaskError`](crate::TaskError), as everywhere.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum ProcessError<E = Infallible> {
    /// The function returned an error.
    Returned(E),
    /// The child ended during the call: the function ended the process, the process was killed (by
    /// a signal, or because memory ran out), or it crashed. Whether the function had an effect
    /// before is not known. The next call gets another child.
    Lost {
        /// The path of the function.
        function: &'static str,
        /// How the process ended, if the system has kept it.
        status: Option<ExitStatus>,
    },
    /// The arguments or the result are longer than the pool or the worker allows. Arguments were not sent; a
    /// result was dropped in the child, which lives on.
    TooLarge {
        /// The path of the function.
        function: &'static str,
        /// Which of them.
        part: Part,
        /// The most that is allowed, in bytes of postcard.
        limit: usize,
    },
    /// The arguments or the result cannot be serialised, or are not read back as they were written.
    Unserialisable {
        /// The path of the function.
        function: &'static str,
        /// Which of them.
        part: Part,
        /// What the serialiser says.
        problem: String,
    },
    /// The function is not registered: [`#[function]`](macro@crate::process::function), or the
    /// attribute for what it is to a [worker](crate::worker), does not stand on it, or the linker has
    /// dropped it.
    NotRegistered {
        /// The path of the function, or the type of what was passed instead.
        function: &'static str,
        /// The attribute that should stand on it.
        attribute: &'static str,
    },
    /// [`init`](crate::process::init) was not called, so a child would run the whole program again.
    NotInitialised,
    /// No child could be started.
    NotStarted {
        /// What the system says.
        source: Arc<io::Error>,
    },
    /// A child was started, and did not come as far as [`init`](crate::process::init).
    NotReady {
        /// How it ended, if the system has kept it.
        status: Option<ExitStatus>,
        /// It did not end by itself, but took too long.
        late: bool,
    },
    /// The pool is closed: the body that it was opened for has ended.
    Closed {
        /// The name of the pool.
        pool: Name,
    },
}

/// One of the two things that are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Part {
    /// To the child.
    Arguments,
    /// To the parent.
    Result,
}

impl Part {
    fn of(self) -> &'static str {
        match self {
            Part::Arguments => "the arguments of",
            Part::Result => "the result of",
        }
    }
}

impl ProcessError {
    /// As an error of a function that could have failed as well.
    pub(super) fn widen<E>(self) -> ProcessError<E> {
        match self {
            ProcessError::Returned(never) => match never {},
            ProcessError::Lost { function, status } => ProcessError::Lost { function, status },
            ProcessError::TooLarge { function, part, limit } => {
                ProcessError::TooLarge { function, part, limit }
            }
            ProcessError::Unserialisable { function, part, problem } => {
                ProcessError::Unserialisable { function, part, problem }
            }
            ProcessError::NotRegistered { function, attribute } => {
                ProcessError::NotRegistered { function, attribute }
            }
            ProcessError::NotInitialised => ProcessError::NotInitialised,
            ProcessError::NotStarted { source } => ProcessError::NotStarted { source },
            ProcessError::NotReady { status, late } => ProcessError::NotReady { status, late },
            ProcessError::Closed { pool } => ProcessError::Closed { pool },
        }
    }
}

impl<E: fmt::Display> fmt::Display for ProcessError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ProcessError::Returned(error) => error.fmt(f),
            ProcessError::Lost { function, status } => {
                write!(f, "the child process that ran `{function}` ended before it answered")?;
                status.iter().try_for_each(|status| write!(f, ": {status}"))
            }
            ProcessError::TooLarge { function, part, limit } => {
                let part = part.of();
                write!(f, "{part} `{function}` would take more than the limit of {limit} bytes: raise ")?;
                f.write_str("`max_message`, or pass a path instead of the content")
            }
            ProcessError::Unserialisable { function, part, problem } => {
                let part = part.of();
                write!(f, "{part} `{function}` cannot be sent to another process: {problem}")
            }
            ProcessError::NotRegistered { function, attribute } => write!(
                f,
                "`{function}` is not registered: put `{attribute}` on it, and use something of its \
                 crate, or the linker drops it"
            ),
            ProcessError::NotInitialised => f.write_str(
                "this program cannot be its own child process: call `rejoin::process::init()` first \
                 in `main`, or put `rejoin::process::in_tests!();` into a test binary",
            ),
            ProcessError::NotStarted { source } => {
                write!(f, "no child process could be started: {source}")
            }
            ProcessError::NotReady { late: false, status } => {
                f.write_str("a child process ended before it was ready")?;
                status.iter().try_for_each(|status| write!(f, " ({status})"))?;
                write!(
                    f,
                    ": is `rejoin::process::init()` the first thing in `main`, before arguments such \
                     as `{MARK}` are read?"
                )
            }
            ProcessError::NotReady { late: true, .. } => f.write_str(
                "a child process did not become ready in time: is `rejoin::process::init()` the first \
                 thing in `main`?",
            ),
            ProcessError::Closed { pool } => write!(f, "the process pool `{pool}` is closed"),
        }
    }
}

impl<E: Error + 'static> Error for ProcessError<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            // It prints the error itself, so that one's own source comes next in the chain.
            ProcessError::Returned(error) => error.source(),
            ProcessError::NotStarted { source } => source.source(),
            _ => None,
        }
    }
}

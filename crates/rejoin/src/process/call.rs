//! One call: from arguments to a request, from an answer to a result.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::error::{Part, ProcessError};
use super::frame::{self, Command, Ending, Unfit};
use super::process::{Broken, Process};
use super::registry::{self, Kind};
use crate::outcome::{Outcome, Panic, TaskError};

/// A call that can be sent. Everything that can be wrong with it is found before a process is taken.
pub(super) struct Call {
    function: &'static str,
    request: Vec<u8>,
    limit: usize,
}

impl Call {
    pub(super) fn new<F, A>(
        kind: Kind,
        _: F,
        arguments: &A,
        limit: usize,
    ) -> Result<Call, ProcessError>
    where
        F: 'static,
        A: Serialize,
    {
        let (number, function) = registry::number_of::<F>(kind)?;
        let part = Part::Arguments;
        match frame::request(Command::Call, number, arguments, limit) {
            Ok(request) => Ok(Call { function, request, limit }),
            Err(Unfit::TooLarge) => Err(ProcessError::TooLarge { function, part, limit }),
            Err(Unfit::Serde(problem)) => {
                Err(ProcessError::Unserialisable { function, part, problem: problem.to_string() })
            }
        }
    }

    /// Lets `process` answer. It is of no use any more if this fails or is dropped.
    pub(super) async fn send(&self, process: &mut Process) -> Result<Vec<u8>, Broken> {
        process.exchange(&self.request, frame::longest_answer(self.limit)).await
    }

    /// Reads the answer.
    pub(super) fn read<T: DeserializeOwned>(&self, answer: &[u8]) -> Outcome<T, ProcessError> {
        let function = self.function;
        let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
        let error = match frame::parse_answer(answer) {
            Some((Ending::Done, result)) => match frame::decode(result) {
                Ok(result) => return Ok(result),
                Err(problem) => {
                    ProcessError::Unserialisable { function, part: Part::Result, problem }
                }
            },
            Some((Ending::Panicked, message)) => {
                return Err(TaskError::Panicked(Panic::new(Box::new(text(message)))));
            }
            Some((Ending::BadArguments, problem)) => {
                let problem = text(problem);
                ProcessError::Unserialisable { function, part: Part::Arguments, problem }
            }
            Some((Ending::BadResult, problem)) => {
                let problem = text(problem);
                ProcessError::Unserialisable { function, part: Part::Result, problem }
            }
            Some((Ending::ResultTooLarge, _)) => {
                ProcessError::TooLarge { function, part: Part::Result, limit: self.limit }
            }
            None => {
                let problem = "the answer is none".to_owned();
                ProcessError::Unserialisable { function, part: Part::Result, problem }
            }
        };
        Err(error.into())
    }

    /// `process` is broken: ends it, and says how it had ended.
    pub(super) async fn lost(&self, process: &mut Process) -> ProcessError {
        ProcessError::Lost { function: self.function, status: process.end().await }
    }
}

/// A function's own error, beside those of its process.
pub(crate) fn flatten<T, E>(
    outcome: Outcome<Result<T, E>, ProcessError>,
) -> Outcome<T, ProcessError<E>> {
    match outcome {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(ProcessError::Returned(error).into()),
        Err(error) => Err(widen(error)),
    }
}

/// As the error of a function that could have failed as well.
pub(crate) fn widen<E>(error: TaskError<ProcessError>) -> TaskError<ProcessError<E>> {
    match error {
        TaskError::Failed(error) => ProcessError::clone(&error).widen().into(),
        TaskError::Panicked(panic) => TaskError::Panicked(panic),
        TaskError::TimedOut => TaskError::TimedOut,
        TaskError::Cancelled(reason) => TaskError::Cancelled(reason),
    }
}

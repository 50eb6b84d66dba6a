//! How a script fails, told from what the interpreter reports.

use rquickjs::CaughtError;

use super::{FILE_NAME, script};
use crate::script::ScriptError;

/// A place in a script's text, both from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) line: usize,
    pub(super) column: usize,
}

/// Reads what a script of at most that much memory raised. Where it throws nothing itself, null stands for the error that
/// there was no memory for.
pub(super) fn read(error: &CaughtError<'_>, throws: bool, memory: usize) -> ScriptError {
    let (message, place) = told(error);
    let is_null = matches!(error, CaughtError::Value(value) if value.is_null());
    if message.ends_with("out of memory") || (is_null && !throws) {
        return ScriptError::TooMuchMemory(memory);
    }
    ScriptError::raised(&message, place.and_then(|place| u32::try_from(place.line).ok()))
}

/// The message, and the innermost place in the script.
pub(super) fn told(error: &CaughtError<'_>) -> (String, Option<Place>) {
    match error {
        CaughtError::Exception(exception) => {
            let name: Option<String> = exception.as_object().get("name").ok();
            let message = exception.message().unwrap_or_default();
            let message = match name.as_deref() {
                None | Some("" | "Error") => message,
                Some(name) if message.is_empty() => name.to_owned(),
                Some(name) => format!("{name}: {message}"),
            };
            (message, exception.stack().as_deref().and_then(innermost))
        }
        CaughtError::Value(value) => match value.as_string().map(|text| text.to_string()) {
            Some(Ok(text)) => (text, None),
            _ => (format!("the script threw a value of type {}", value.type_name()), None),
        },
        CaughtError::Error(rquickjs::Error::Allocation) => ("out of memory".to_owned(), None),
        CaughtError::Error(error) => (error.to_string(), None),
    }
}

/// The first place in a stack that lies in the script: `at f (js:3:7)`.
fn innermost(stack: &str) -> Option<Place> {
    stack.lines().find_map(|entry| {
        let after = entry.rsplit_once(FILE_NAME)?.1.strip_prefix(':')?;
        let mut numbers = after.trim_end_matches(')').split(':').map(str::parse);
        let line: usize = numbers.next()?.ok()?;
        let column = numbers.next().and_then(Result::ok).unwrap_or(1);
        Some(Place { line: line.checked_sub(script::LINES_BEFORE)?.max(1), column })
    })
}

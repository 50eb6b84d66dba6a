//! How a script fails, told from what the interpreter reports.

use super::prelude::PRELUDE_NAME;
use crate::script::ScriptError;

/// Reads an error that a chunk with that name raised.
pub(super) fn raised(error: &mlua::Error, chunk: &str) -> ScriptError {
    let (text, traceback) = text_of(error);
    let (message, stack) = text.split_once("\nstack traceback:\n").unwrap_or((&text, ""));
    let (mut message, mut line) = strip_place(message, chunk);
    // An error that came out of a coroutine has a place for each; the last one is where it happened.
    while let (rest, Some(inner)) = strip_place(message, chunk) {
        (message, line) = (rest, Some(inner));
    }
    // The wrappers of library functions are no place that a user can look at.
    let message = strip_place(message, PRELUDE_NAME).0;
    let line = line.or_else(|| line_in(stack, chunk)).or_else(|| line_in(&traceback, chunk));
    let message = match message.starts_with("table: 0x") {
        true => "the script raised a table as its error; `error` takes a text",
        false => message,
    };
    ScriptError::raised(message, line)
}

/// The innermost error's text, and the traceback of the outermost call back into Rust.
fn text_of(error: &mlua::Error) -> (String, String) {
    match error {
        mlua::Error::RuntimeError(text) => (text.clone(), String::new()),
        mlua::Error::CallbackError { traceback, cause } => (text_of(cause).0, traceback.clone()),
        mlua::Error::BadArgument { cause, .. } => text_of(cause),
        other => (other.to_string(), String::new()),
    }
}

/// Takes `name:3: ` off the front of a message.
fn strip_place<'a>(message: &'a str, name: &str) -> (&'a str, Option<u32>) {
    let place = message.strip_prefix(name).and_then(|rest| rest.strip_prefix(':'));
    let Some((line, text)) = place.and_then(|rest| rest.split_once(": ")) else {
        return (message, None);
    };
    match line.parse() {
        Ok(line) => (text, Some(line)),
        Err(_) => (message, None),
    }
}

/// The line of the innermost call in the chunk.
fn line_in(traceback: &str, chunk: &str) -> Option<u32> {
    traceback.lines().find_map(|entry| {
        let rest = entry.trim_start().strip_prefix(chunk)?.strip_prefix(':')?;
        rest[..rest.find(|c: char| !c.is_ascii_digit())?].parse().ok()
    })
}

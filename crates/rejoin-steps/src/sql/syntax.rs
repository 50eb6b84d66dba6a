//! What SQLite itself says of a statement's syntax, without a database.

use std::cell::RefCell;

use rejoin_lang::step_spec::TextProblem;
use rusqlite::{Connection, Error};

thread_local! {
    /// An empty database to prepare statements on; nothing is ever run on it.
    static EMPTY: RefCell<Option<Connection>> = const { RefCell::new(None) };
}

/// Where the text is no SQL. That tables and columns are missing is no matter here.
pub(super) fn problem(text: &str) -> Option<TextProblem> {
    EMPTY.with_borrow_mut(|empty| {
        if empty.is_none() {
            *empty = Connection::open_in_memory().ok();
        }
        let refused = empty.as_ref()?.prepare(text).err()?;
        let Error::SqlInputError { msg, offset, .. } = refused else { return None };
        let is_syntax = msg.ends_with(": syntax error")
            || msg.starts_with("unrecognized token")
            || msg.starts_with("incomplete input");
        let start = usize::try_from(offset).ok().filter(|_| is_syntax)?;
        let rest = text.get(start..)?;
        let end = rest.find(|c: char| c != '_' && !c.is_alphanumeric()).unwrap_or(rest.len());
        Some(TextProblem {
            start,
            end: start + end.max(rest.chars().next().map_or(0, char::len_utf8)),
            message: msg,
            help: Some("SQLite cannot read on from here; the mistake may stand before".into()),
        })
    })
}

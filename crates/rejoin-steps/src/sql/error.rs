//! What SQLite refuses, as an error of the program: with the same fields as those of a PostgreSQL.

use rejoin_engine::{DomainError, StepError};
use rusqlite::{Error, ErrorCode, ffi};

use super::connection::Role;
use super::database::{NoResult, NotOpen};
use super::session::REFUSED;
use super::settings::BLOCK;

const KIND: &str = "sqlError";

/// An error of a statement. `query` is the program's text, never what is in its parameters.
pub(super) fn of_statement(error: &Error, query: &str) -> DomainError {
    let (code, mut message) = match error {
        Error::SqliteFailure(code, message) => (Some(*code), message.clone()),
        Error::SqlInputError { error, msg, .. } => (Some(*error), Some(msg.clone())),
        _ => (None, None),
    };
    if matches!(error, Error::MultipleStatement) {
        message = Some("there is more than one statement; give each a step of its own".into());
    }
    let primary = code.map(|code| code.code);
    let text = match primary {
        Some(ErrorCode::AuthorizationForStatementDenied) => REFUSED.into(),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => format!(
            "the database is locked by another process; `busyTimeout` in `config {BLOCK}` sets how long a statement waits"
        ),
        _ => message.unwrap_or_else(|| error.to_string()),
    };
    let state = code.map_or("42601", |code| sqlstate(code, &text));
    let raised = local(text, query).field("sqlstate", state).field("severity", "ERROR");
    match primary {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => raised.retryable(),
        _ => raised,
    }
}

/// The class that the SQL standard, or PostgreSQL, gives to such an error.
fn sqlstate(error: ffi::Error, message: &str) -> &'static str {
    match error.extended_code {
        ffi::SQLITE_CONSTRAINT_UNIQUE
        | ffi::SQLITE_CONSTRAINT_PRIMARYKEY
        | ffi::SQLITE_CONSTRAINT_ROWID => return "23505",
        ffi::SQLITE_CONSTRAINT_NOTNULL => return "23502",
        ffi::SQLITE_CONSTRAINT_FOREIGNKEY => return "23503",
        ffi::SQLITE_CONSTRAINT_CHECK => return "23514",
        _ => {}
    }
    match error.code {
        ErrorCode::ConstraintViolation => "23000",
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => "55P03",
        ErrorCode::OperationInterrupted => "57014",
        ErrorCode::AuthorizationForStatementDenied => "0A000",
        ErrorCode::ReadOnly | ErrorCode::PermissionDenied => "25006",
        ErrorCode::DiskFull | ErrorCode::OutOfMemory => "53000",
        ErrorCode::TooBig => "54000",
        ErrorCode::TypeMismatch => "22018",
        ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => "XX001",
        ErrorCode::CannotOpen | ErrorCode::SystemIoFailure => "58030",
        _ if message.starts_with("no such table") => "42P01",
        _ if message.starts_with("no such column") => "42703",
        _ if message.starts_with("no such function") => "42883",
        _ => "42601",
    }
}

/// The statement was not run, or nobody waited for its end.
pub(super) fn of_no_result(problem: NoResult, query: &str) -> StepError {
    let raised = match problem {
        NoResult::Busy { role: Role::Writes, waited } => local(
            format!(
                "others were writing to the database for {} ms; one at a time can, `acquireTimeout` in `config {BLOCK}` sets how long a call waits",
                waited.as_millis()
            ),
            query,
        )
        .retryable(),
        NoResult::Busy { role: Role::Reads, waited } => local(
            format!(
                "all connections to the database were in use for {} ms; `maxPoolSize` in `config {BLOCK}` sets how many there are",
                waited.as_millis()
            ),
            query,
        )
        .retryable(),
        NoResult::Refused(error) => match &*error {
            NotOpen::Sqlite(error) => {
                let mut raised = of_statement(error, query);
                raised.message = format!("the database cannot be opened: {}", raised.message);
                raised
            }
            NotOpen::Migration(error) => local(error.to_string(), query),
        },
        NoResult::Ended(why) => return StepError::Failed(why),
    };
    raised.into()
}

/// An error that comes from here and not from SQLite.
pub(super) fn local(message: String, query: &str) -> DomainError {
    DomainError::new(KIND, message).field("query", query)
}

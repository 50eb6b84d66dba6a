//! What the database refuses, as an error of the program.

use rejoin_engine::DomainError;
use tokio_postgres::Error;
use tokio_postgres::error::SqlState;

use super::pool::NoConnection;
use super::settings::PgSettings;

const KIND: &str = "sqlError";

/// An error of a statement. `query` is the program's text, never what is in its parameters.
pub(super) fn of_statement(error: &Error, query: &str) -> DomainError {
    let Some(db) = error.as_db_error() else {
        return lost(error, query);
    };
    let mut message = db.message().to_owned();
    let hint = match *db.code() {
        SqlState::INDETERMINATE_DATATYPE => Some("say its type with a cast, such as `$1::text`"),
        _ => db.hint(),
    };
    for more in [db.detail(), hint].into_iter().flatten() {
        message = format!("{message}; {more}");
    }
    let raised = DomainError::new(KIND, message)
        .field("sqlstate", db.code().code())
        .field("severity", db.severity())
        .field("query", query);
    // The server has undone the statement, and expects it to be made again.
    let again = [SqlState::T_R_SERIALIZATION_FAILURE, SqlState::T_R_DEADLOCK_DETECTED];
    if again.contains(db.code()) { raised.retryable() } else { raised }
}

/// The exchange broke off. Whether the statement was carried out is not known, so it is no case for a retry.
fn lost(error: &Error, query: &str) -> DomainError {
    DomainError::new(KIND, chain("the exchange with the database broke off", error))
        .field("query", query)
}

/// There is no connection, so the statement was not sent. Where the database is, and what it says of whoever asks, is for the log.
pub(super) fn of_connection(
    problem: &NoConnection,
    settings: &PgSettings,
    query: &str,
) -> DomainError {
    let raised = |message| DomainError::new(KIND, message).field("query", query);
    match problem {
        NoConnection::Refused(error) => match error.as_db_error() {
            Some(db) => raised("the database refused the connection".to_owned())
                .field("sqlstate", db.code().code())
                .field("severity", db.severity())
                .for_log(format!("{}; {}", db.message(), settings.place())),
            None => raised(why_not(problem)).for_log(settings.place()).retryable(),
        },
        // There is one; it is busy.
        NoConnection::Busy { .. } => raised(why_not(problem)).retryable(),
        NoConnection::Slow { .. } | NoConnection::NoTls(_) => {
            raised(why_not(problem)).for_log(settings.place()).retryable()
        }
    }
}

/// Why there is no connection.
pub(super) fn why_not(problem: &NoConnection) -> String {
    match problem {
        NoConnection::Busy { limit, waited, block } => format!(
            "all {limit} connections to the database were in use for {} ms; `maxPoolSize` in `config {block}` sets how many there are",
            waited.as_millis()
        ),
        NoConnection::Slow { waited } => {
            format!("the database did not accept a connection within {} ms", waited.as_millis())
        }
        NoConnection::Refused(error) => chain("the database cannot be reached", error),
        NoConnection::NoTls(why) => why.clone(),
    }
}

/// An error that comes from here and not from the server.
pub(super) fn local(message: String, query: &str) -> DomainError {
    DomainError::new(KIND, message).field("query", query)
}

fn chain(message: &str, error: &Error) -> String {
    if let Some(db) = error.as_db_error() {
        return format!("{message}: {}", db.message());
    }
    match std::error::Error::source(error) {
        Some(source) => format!("{message}: {source}"),
        None => format!("{message}: {error}"),
    }
}

//! Migrations of a SQLite database. Everything here blocks.

use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::{Connection, Error, ErrorCode};

use super::error::MigrateError;
use super::file::Migration;
use super::history::{Applied, pending};
use super::{Direction, TABLE};

pub(super) fn create_table(connection: &Connection) -> Result<(), MigrateError> {
    let made = connection.execute_batch(&format!(
        "create table if not exists {TABLE} (id integer primary key, version varchar(14) not null unique, name text not null, \
         applied_at text not null default (strftime('%Y-%m-%dT%H:%M:%SZ', 'now')), checksum text)"
    ));
    made.map_err(|error| refused(&error))
}

pub(super) fn applied(connection: &Connection) -> Result<Vec<Applied>, MigrateError> {
    let read = || {
        let there = "select count(*) from sqlite_schema where type = 'table' and name = ?1";
        if connection.query_row(there, [TABLE], |row| row.get::<_, i64>(0))? == 0 {
            return Ok(Vec::new());
        }
        let mut rows = connection.prepare(&format!(
            "select version, name, applied_at, checksum from {TABLE} order by version"
        ))?;
        let rows = rows.query_map([], |row| {
            Ok(Applied {
                version: row.get(0)?,
                name: row.get(1)?,
                applied_at: row.get(2)?,
                checksum: row.get(3)?,
            })
        })?;
        rows.collect()
    };
    read().map_err(|error| refused(&error))
}

/// Applies one migration, or takes it back; false if somebody else has done so meanwhile.
///
/// It has the database for itself: SQLite lets one write at a time, and whoever comes second sees what the first has done.
pub(super) fn run(
    connection: &mut Connection,
    migration: &Migration,
    direction: Direction,
) -> Result<bool, MigrateError> {
    connection.execute_batch("begin immediate").map_err(|error| refused(&error))?;
    let ran = in_transaction(connection, migration, direction);
    let ended = match ran {
        Ok(true) => connection.execute_batch("commit"),
        _ => Ok(()),
    };
    if !connection.is_autocommit() {
        connection.execute_batch("rollback").ok();
    }
    ended.map_err(|error| {
        let half = direction.half(migration);
        MigrateError::in_file(migration, half, None, &explained(&error, "").1)
    })?;
    ran
}

fn in_transaction(
    connection: &mut Connection,
    migration: &Migration,
    direction: Direction,
) -> Result<bool, MigrateError> {
    let half = direction.half(migration);
    let is_there = applied(connection)?.iter().any(|row| row.version == migration.version);
    if is_there == (direction == Direction::Up) {
        return Ok(false);
    }
    connection.authorizer(Some(authorize)).map_err(|error| refused(&error))?;
    let ran = connection.execute_batch(&half.text);
    connection.authorizer(NO_AUTHORIZER).map_err(|error| refused(&error))?;
    ran.map_err(|error| {
        let (offset, message) = explained(&error, &half.text);
        MigrateError::in_file(migration, half, offset, &message)
    })?;
    record(connection, migration, direction).map_err(|error| refused(&error))?;
    Ok(true)
}

/// Notes a migration as applied without running it.
pub(super) fn mark(connection: &Connection, migration: &Migration) -> Result<(), MigrateError> {
    record(connection, migration, Direction::Up).map_err(|error| refused(&error))
}

/// Applies all of them to a database that nobody else has.
pub(crate) fn apply_all(
    connection: &mut Connection,
    migrations: &[Migration],
) -> Result<(), MigrateError> {
    if migrations.is_empty() {
        return Ok(());
    }
    create_table(connection)?;
    for migration in pending(migrations, &applied(connection)?)? {
        run(connection, migration, Direction::Up)?;
    }
    Ok(())
}

fn record(
    connection: &Connection,
    migration: &Migration,
    direction: Direction,
) -> rusqlite::Result<()> {
    match direction {
        Direction::Up => connection.execute(
            &format!("insert into {TABLE} (version, name, checksum) values (?1, ?2, ?3)"),
            [&migration.version, &migration.name, &migration.checksum],
        )?,
        Direction::Down => connection
            .execute(&format!("delete from {TABLE} where version = ?1"), [&migration.version])?,
    };
    Ok(())
}

const NO_AUTHORIZER: Option<fn(AuthContext<'_>) -> Authorization> = None;

/// A migration is a transaction; it must not end it, nor reach into other files.
fn authorize(context: AuthContext<'_>) -> Authorization {
    match context.action {
        AuthAction::Transaction { .. } | AuthAction::Attach { .. } | AuthAction::Detach { .. } => {
            Authorization::Deny
        }
        _ => Authorization::Allow,
    }
}

fn refused(error: &Error) -> MigrateError {
    MigrateError::new(format!("the database says: {}", explained(error, "").1))
}

/// Where in the text, and what.
fn explained(error: &Error, text: &str) -> (Option<usize>, String) {
    match error {
        Error::SqlInputError { msg, sql, offset, .. } => {
            // What is left of the text begins with the statement at fault.
            let from = text.len().saturating_sub(sql.len());
            (usize::try_from(*offset).ok().map(|offset| from + offset), msg.clone())
        }
        Error::SqliteFailure(error, _)
            if error.code == ErrorCode::AuthorizationForStatementDenied =>
        {
            let message = "a migration is one transaction as it is: remove `begin`, `commit`, `rollback` and `attach`";
            (None, message.into())
        }
        Error::SqliteFailure(_, Some(message)) => (None, message.clone()),
        other => (None, other.to_string()),
    }
}

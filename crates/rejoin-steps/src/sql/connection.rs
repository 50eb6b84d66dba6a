//! One connection to a SQLite database: how it is opened, what it refuses, when it stops.

use std::thread;
use std::time::Duration;

use rejoin::cancel_reason;
use rusqlite::config::DbConfig;
use rusqlite::limits::Limit;
use rusqlite::{Connection, OpenFlags};

use super::session;
use super::settings::SqliteSettings;

/// Statements that a connection remembers.
const REMEMBERED: usize = 256;

/// So many steps of its virtual machine, some microseconds, a statement makes before it looks whether it is still wanted.
const STEPS: i32 = 1000;

/// How deep expressions nest at most: SQLite's parser is recursive.
const DEPTH: i32 = 200;

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Writes,
    Reads,
}

/// Opens the file, or a new database in memory. Blocks.
pub(super) fn open(settings: &SqliteSettings, role: Role) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = match &settings.file {
        Some(file) => Connection::open_with_flags(file, flags)?,
        None => Connection::open_in_memory_with_flags(flags)?,
    };
    connection.busy_handler(Some(waiting(settings.busy_timeout)))?;
    // Readers go on while somebody writes; what a crash of the machine can lose is the last transactions, never the file.
    connection.pragma_update(None, "journal_mode", "wal")?;
    connection.pragma_update(None, "synchronous", "normal")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    // Text in double quotes that names no column is a mistake, and no text.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DML, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DDL, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    if role == Role::Reads {
        connection.pragma_update(None, "query_only", true)?;
    }
    connection.set_limit(Limit::SQLITE_LIMIT_EXPR_DEPTH, DEPTH)?;
    connection.set_prepared_statement_cache_capacity(REMEMBERED);
    // A statement that nobody waits for any longer stops here. The question is asked again and again, of the work itself,
    // so a late answer can never stop the next statement.
    connection.progress_handler(STEPS, Some(|| cancel_reason().is_some()))?;
    Ok(connection)
}

/// From here on a statement leaves nothing behind.
pub(super) fn guard(connection: &mut Connection) -> rusqlite::Result<()> {
    connection.authorizer(Some(session::authorize))
}

/// Waits for other processes, in longer and longer pauses, for so long in all, or until it is told to stop.
fn waiting(busy: Duration) -> impl FnMut(i32) -> bool + Send + 'static {
    let mut slept = Duration::ZERO;
    move |times| {
        if times == 0 {
            slept = Duration::ZERO;
        }
        if slept >= busy || cancel_reason().is_some() {
            return false;
        }
        let pause = Duration::from_millis(1 << times.clamp(0, 4)).min(busy - slept);
        thread::sleep(pause);
        slept += pause;
        true
    }
}

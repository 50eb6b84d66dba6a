//! Migrations of a PostgreSQL database.

use tokio_postgres::error::{Error, ErrorPosition, SqlState};
use tokio_postgres::{Client, SimpleQueryMessage};

use super::error::MigrateError;
use super::file::Migration;
use super::history::Applied;
use super::{Direction, TABLE};
use crate::pg::{PgSettings, connect};

/// What the lock of migrations is called: the same number in every process that wants it.
const LOCK: i64 = 0x7265_6a6f_696e; // "rejoin"

/// How long whoever comes second waits for the first.
const PATIENCE: &str = "60s";

/// A session that has the lock until it ends.
pub(super) struct Session {
    client: Client,
}

impl Session {
    pub(super) async fn open(settings: &PgSettings) -> Result<Self, MigrateError> {
        let client = connect(settings).await.map_err(MigrateError::new)?;
        Ok(Self { client })
    }

    /// Keeps other migrations of this database out, until the session ends.
    pub(super) async fn lock(&self) -> Result<(), MigrateError> {
        let locked = self
            .client
            .batch_execute(&format!(
                "set lock_timeout = '{PATIENCE}'; select pg_advisory_lock({LOCK}); reset lock_timeout"
            ))
            .await;
        locked.map_err(|error| match error.code() {
            Some(&SqlState::LOCK_NOT_AVAILABLE) => MigrateError::new(format!(
                "another `rejoin migrate` is at work on this database, and did not end within {PATIENCE}; try again later"
            )),
            _ => refused(&error),
        })
    }

    pub(super) async fn create_table(&self) -> Result<(), MigrateError> {
        let made = self
            .client
            .batch_execute(&format!(
                "set client_min_messages = warning;
                 create table if not exists {TABLE} (id serial primary key, version varchar(14) not null unique, name text not null, \
                 applied_at timestamptz not null default now(), checksum text);
                 alter table {TABLE} add column if not exists checksum text;
                 reset client_min_messages"
            ))
            .await;
        made.map_err(|error| refused(&error))
    }

    pub(super) async fn applied(&self) -> Result<Vec<Applied>, MigrateError> {
        let read = async {
            // As rows to JSON, so that a table without the column, which others have made, can be read as well.
            let there = format!("select to_regclass('{TABLE}') is not null");
            let there = self.client.simple_query(&there).await?;
            if !there.iter().any(|message| text(message, 0).as_deref() == Some("t")) {
                return Ok(Vec::new());
            }
            let rows = self
                .client
                .simple_query(&format!(
                    "select t.version, t.name, to_char(t.applied_at, 'YYYY-MM-DD\"T\"HH24:MI:SS'), to_jsonb(t) ->> 'checksum' \
                     from {TABLE} t order by 1"
                ))
                .await?;
            let rows = rows.iter().filter_map(|message| {
                Some(Applied {
                    version: text(message, 0)?,
                    name: text(message, 1)?,
                    applied_at: text(message, 2).unwrap_or_default(),
                    checksum: text(message, 3),
                })
            });
            Ok(rows.collect())
        };
        read.await.map_err(|error: Error| refused(&error))
    }

    /// Applies one migration, or takes it back. It is a transaction: all of it happens, or nothing.
    pub(super) async fn run(
        &self,
        migration: &Migration,
        direction: Direction,
    ) -> Result<(), MigrateError> {
        let half = direction.half(migration);
        let ran = async {
            self.client.batch_execute("begin").await?;
            let before = self.transaction().await?;
            self.client.batch_execute(&half.text).await?;
            Ok::<bool, Error>(self.transaction().await? == before)
        };
        match ran.await {
            Ok(true) => {}
            Ok(false) => {
                return Err(MigrateError::in_file(
                    migration,
                    half,
                    None,
                    "it has ended the transaction that it is: remove `begin`, `commit` and `rollback`. What it did before may be there; look before you go on",
                ));
            }
            Err(error) => {
                self.client.batch_execute("rollback").await.ok();
                let offset = offset(&error, &half.text);
                return Err(MigrateError::in_file(migration, half, offset, &explained(&error)));
            }
        }
        let recorded = async {
            self.record(migration, direction).await?;
            self.client.batch_execute("commit").await
        };
        recorded
            .await
            .map_err(|error| MigrateError::in_file(migration, half, None, &explained(&error)))
    }

    /// Notes a migration as applied without running it.
    pub(super) async fn mark(&self, migration: &Migration) -> Result<(), MigrateError> {
        self.record(migration, Direction::Up).await.map_err(|error| refused(&error))
    }

    /// The number of the transaction that is under way.
    async fn transaction(&self) -> Result<Option<String>, Error> {
        let rows = self.client.simple_query("select txid_current()").await?;
        Ok(rows.iter().find_map(|message| text(message, 0)))
    }

    async fn record(&self, migration: &Migration, direction: Direction) -> Result<(), Error> {
        match direction {
            Direction::Up => {
                let sql =
                    format!("insert into {TABLE} (version, name, checksum) values ($1, $2, $3)");
                let row: [&(dyn tokio_postgres::types::ToSql + Sync); 3] =
                    [&migration.version, &migration.name, &migration.checksum];
                self.client.execute(&sql, &row).await?;
            }
            Direction::Down => {
                let sql = format!("delete from {TABLE} where version = $1");
                self.client.execute(&sql, &[&migration.version]).await?;
            }
        }
        Ok(())
    }
}

fn text(message: &SimpleQueryMessage, column: usize) -> Option<String> {
    match message {
        SimpleQueryMessage::Row(row) => row.get(column).map(str::to_owned),
        _ => None,
    }
}

fn refused(error: &Error) -> MigrateError {
    MigrateError::new(format!("the database says: {}", explained(error)))
}

fn explained(error: &Error) -> String {
    let Some(db) = error.as_db_error() else { return error.to_string() };
    let mut message = db.message().to_owned();
    for more in [db.detail(), db.hint()].into_iter().flatten() {
        message = format!("{message}; {more}");
    }
    message
}

/// The server counts characters, from 1.
fn offset(error: &Error, text: &str) -> Option<usize> {
    match error.as_db_error()?.position()? {
        ErrorPosition::Original(n) => {
            text.char_indices().nth((*n as usize).checked_sub(1)?).map(|(offset, _)| offset)
        }
        ErrorPosition::Internal { .. } => None,
    }
}

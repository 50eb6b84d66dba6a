//! What a database says of statements without running them: `rejoin check --database`.

use rejoin_engine::Settings;
use rejoin_lang::step_spec::TextProblem;
use tokio_postgres::error::ErrorPosition;

use crate::pg::{self, connect};
use crate::sql::{SqlSettings, open_to_ask};

/// What is wrong with the databases of a program, as far as they are servers that `pg` or `sql` cannot connect to now. Passwords are not shown.
///
/// # Cancel safety
/// Dropping the future gives up the question.
pub async fn unreachable(settings: &Settings) -> Vec<String> {
    let of_pg = pg::PgSettings::read(settings, "pg").ok().flatten();
    let of_sql = match SqlSettings::read(settings) {
        Ok(SqlSettings::Postgres(settings)) => Some(*settings),
        _ => None,
    };
    let mut problems = Vec::new();
    for (block, settings) in [("pg", of_pg), ("sql", of_sql)] {
        let Some(settings) = settings else { continue };
        if let Err(problem) = connect(&settings).await {
            problems.push(format!("`config {block}`: {problem}"));
        }
    }
    problems
}

/// A database that is asked.
pub struct SqlCheck(Database);

enum Database {
    Postgres(tokio_postgres::Client),
    Sqlite(rusqlite::Connection),
}

impl SqlCheck {
    /// Opens `postgres://user@host/database` or `sqlite:app.db`, which must be there. SQLite blocks the thread that uses it.
    ///
    /// # Errors
    /// If the address is none, or the database cannot be opened.
    pub async fn open(url: &str) -> Result<Self, String> {
        let settings = Settings::of_block("sql", [("url", url.to_owned())].into_iter());
        let settings = SqlSettings::read(&settings)
            .map_err(|problem| problem.replace("`url` in `config sql`", "`--database`"))?;
        Ok(Self(match settings {
            SqlSettings::Postgres(settings) => Database::Postgres(connect(&settings).await?),
            SqlSettings::Sqlite(settings) => Database::Sqlite(open_to_ask(&settings)?),
        }))
    }

    /// Whether it is a SQLite, which knows nothing of the statements of `pg`.
    pub fn is_sqlite(&self) -> bool {
        matches!(self.0, Database::Sqlite(_))
    }

    /// What is wrong with the text of a call of `pg` or `sql`, in the place that the database names.
    ///
    /// # Errors
    /// If the database does not answer.
    ///
    /// # Cancel safety
    /// Dropping the future changes nothing: statements are prepared, and not run.
    pub async fn problem(&self, text: &str) -> Result<Option<TextProblem>, String> {
        let (from, sql) = pg::statement_of(text);
        let (offset, message, hint) = match &self.0 {
            Database::Postgres(client) => match client.prepare(sql).await {
                Ok(_) => return Ok(None),
                Err(error) => {
                    let Some(refused) = error.as_db_error() else {
                        return Err(format!("the database does not answer: {error}"));
                    };
                    let offset = match refused.position() {
                        Some(ErrorPosition::Original(n)) => sql
                            .char_indices()
                            .nth((*n as usize).saturating_sub(1))
                            .map(|(at, _)| at),
                        _ => None,
                    };
                    (offset, refused.message().to_owned(), refused.hint().map(str::to_owned))
                }
            },
            Database::Sqlite(connection) => match connection.prepare(sql) {
                Ok(_) => return Ok(None),
                Err(rusqlite::Error::SqlInputError { msg, offset, .. }) => {
                    (usize::try_from(offset).ok(), msg, None)
                }
                Err(rusqlite::Error::SqliteFailure(_, Some(message))) => (None, message, None),
                Err(error) => (None, error.to_string(), None),
            },
        };
        let (start, end) = match offset {
            Some(offset) => (from + offset, from + offset + word(&sql[offset..])),
            None => (from, from + sql.len()),
        };
        Ok(Some(TextProblem { start, end, message, help: hint }))
    }
}

impl std::fmt::Debug for SqlCheck {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SqlCheck").field("is_sqlite", &self.is_sqlite()).finish_non_exhaustive()
    }
}

/// The length of the word, or the sign, that a text begins with.
fn word(text: &str) -> usize {
    let end = text.find(|c: char| c != '_' && c != '$' && !c.is_alphanumeric());
    match end.unwrap_or(text.len()) {
        0 => text.chars().next().map_or(0, char::len_utf8),
        end => end,
    }
}

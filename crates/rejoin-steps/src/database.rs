//! The database of a program, for steps that run statements of their own: that of `config pg`, else the one that
//! `config sql` names with a `url`.

use rejoin_engine::{Context, Settings, StepError};
use rejoin_lang::step_spec::TextProblem;
use rejoin_value::Value;

use crate::pg::{Pg, PreparedPg};
use crate::sql::{PreparedSqlite, Sql, SqlStatements};

/// The databases that a program may have, shared with the steps `pg` and `sql`.
#[derive(Clone, Debug)]
pub struct Databases {
    pg: Pg,
    sql: Sql,
}

impl Databases {
    /// Those of these two steps.
    pub fn new(pg: Pg, sql: Sql) -> Self {
        Self { pg, sql }
    }

    /// Statements on the program's database; `None` if it has none.
    pub(crate) fn of(&self, settings: &Settings) -> Result<Option<Statements>, String> {
        if let Some(pg) = self.pg.statements(settings)? {
            return Ok(Some(Statements(SqlStatements::Postgres(pg))));
        }
        Ok(self.sql.statements(settings)?.map(Statements))
    }

    /// Statements of a script, if it may run some.
    pub(crate) fn of_scripts(
        &self,
        text: &str,
        settings: &Settings,
    ) -> Result<Option<Statements>, TextProblem> {
        self.of(settings).map_err(|message| TextProblem {
            start: 0,
            end: text.len(),
            message,
            help: Some("see `config pg` and `config sql`".into()),
        })
    }
}

/// Statements on one database.
#[derive(Clone)]
pub(crate) struct Statements(SqlStatements);

impl Statements {
    /// Whether it is a SQLite, whose SQL has other functions.
    pub(crate) fn is_sqlite(&self) -> bool {
        matches!(self.0, SqlStatements::Sqlite(_))
    }

    pub(crate) fn prepare(&self, sql: &str) -> Statement {
        match &self.0 {
            SqlStatements::Postgres(pg) => Statement::Postgres(pg.prepare(sql)),
            SqlStatements::Sqlite(place) => Statement::Sqlite(PreparedSqlite::new(place, sql)),
        }
    }
}

/// A statement with its database.
pub(crate) enum Statement {
    Postgres(PreparedPg),
    Sqlite(PreparedSqlite),
}

impl Statement {
    /// Runs it; the answer is `{rows, rowCount}`.
    ///
    /// # Cancel safety
    /// Dropping the future stops the statement.
    pub(crate) async fn run(
        &self,
        params: &[Value],
        context: &Context,
    ) -> Result<Value, StepError> {
        match self {
            Self::Postgres(statement) => statement.run(params, context.scope().deadline()).await,
            Self::Sqlite(statement) => statement.run(params, context).await,
        }
    }
}

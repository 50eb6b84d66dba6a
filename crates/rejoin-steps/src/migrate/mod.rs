//! Migrations: how the schema of a program's database comes to be, step by step, and back.
//!
//! A migration is a file such as `migrations/20260131120000_users.sql`:
//!
//! ```sql
//! -- UP --
//! create table users (id integer primary key, name text not null);
//! -- DOWN --
//! drop table users;
//! ```
//!
//! Each is one transaction, together with its row in the table `_wp_migrations`. They are applied in the order of their
//! versions. A migration whose file was changed after it was applied is an error. Two who migrate at once wait for each other.

mod error;
mod file;
mod history;
mod postgres;
mod sqlite;
mod target;

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use rejoin_engine::{Host, Settings};

pub use self::error::MigrateError;
use self::file::Half;
pub use self::file::{Found, Migration, read};
pub use self::history::{Entry, Standing};
pub(crate) use self::sqlite::apply_all;
use self::target::Target;
pub use self::target::Which;
use crate::sql;

/// Where it is noted what was applied.
const TABLE: &str = "_wp_migrations";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Direction {
    Up,
    Down,
}

impl Direction {
    fn half(self, migration: &Migration) -> &Half {
        match self {
            Self::Up => &migration.up,
            Self::Down => &migration.down,
        }
    }
}

/// A database and the migrations that it is to have.
pub struct Migrator {
    database: Database,
    migrations: Vec<Migration>,
}

enum Database {
    Sqlite(rusqlite::Connection),
    Postgres(postgres::Session),
}

impl Migrator {
    /// Opens the database of a program: that of `config pg` or `config sql`, or that of the variables `WP_PG_…`.
    /// SQLite blocks the thread that uses it.
    ///
    /// # Errors
    /// If there is none, if there are two and `which` says nothing, or if it cannot be opened.
    pub async fn open(
        settings: &Settings,
        env: &dyn Fn(&str) -> Option<String>,
        which: Option<Which>,
        migrations: Vec<Migration>,
    ) -> Result<Self, MigrateError> {
        let database = match Target::of_program(settings, env, which)? {
            Some(Target::Postgres(settings)) => {
                Database::Postgres(postgres::Session::open(&settings).await?)
            }
            Some(Target::File(settings)) => {
                Database::Sqlite(sql::open_to_migrate(&settings).map_err(MigrateError::new)?)
            }
            Some(Target::Memory) => {
                return Err(MigrateError::new(
                    "the database is in memory: its migrations are applied whenever it is opened; for one that stays write `url: \"sqlite:app.db\"` in `config sql`",
                ));
            }
            None => {
                return Err(MigrateError::new(
                    "the program has no database: name one in `config sql` (`url: \"sqlite:app.db\"`) or in `config pg`",
                ));
            }
        };
        Ok(Self { database, migrations })
    }

    /// Every migration, and how it stands. Nothing is changed.
    ///
    /// # Errors
    /// If the database does not answer.
    ///
    /// # Cancel safety
    /// Dropping the future changes nothing.
    pub async fn status(&self) -> Result<Vec<Entry>, MigrateError> {
        Ok(history::compare(&self.migrations, &self.applied().await?))
    }

    /// Applies what is pending, `most` at most, and tells of each.
    ///
    /// # Errors
    /// The first that is refused; those before it stay applied.
    ///
    /// # Cancel safety
    /// Dropping the future undoes the one that is under way.
    pub async fn up(
        &mut self,
        most: usize,
        mut tell: impl FnMut(&Migration),
    ) -> Result<(), MigrateError> {
        self.begin().await?;
        let applied = self.applied().await?;
        let pending = history::pending(&self.migrations, &applied)?;
        for migration in pending.into_iter().take(most) {
            // Applied, it could not be written any more.
            if migration.up.text.trim().is_empty() {
                return Err(MigrateError::new(format!(
                    "{}: there is nothing between `-- UP --` and `-- DOWN --`: write its statements, or a comment if it has none",
                    migration.file.display()
                )));
            }
            if run(&mut self.database, migration, Direction::Up).await? {
                tell(migration);
            }
        }
        Ok(())
    }

    /// Takes back the latest `count`, and tells of each.
    ///
    /// # Errors
    /// The first that is refused or has no file; those before it stay taken back.
    ///
    /// # Cancel safety
    /// Dropping the future undoes the one that is under way.
    pub async fn down(
        &mut self,
        count: usize,
        mut tell: impl FnMut(&Migration),
    ) -> Result<(), MigrateError> {
        self.begin().await?;
        let applied = self.applied().await?;
        for migration in history::latest(&self.migrations, &applied, count)? {
            if run(&mut self.database, migration, Direction::Down).await? {
                tell(migration);
            }
        }
        Ok(())
    }

    /// Notes a migration as applied without running it.
    ///
    /// # Errors
    /// If there is no file of that version, or it is noted already.
    ///
    /// # Cancel safety
    /// Dropped before it is done, it may be noted or not.
    pub async fn force(&mut self, version: &str) -> Result<(), MigrateError> {
        let found = self.migrations.iter().find(|migration| migration.version == version);
        let Some(migration) = found.cloned() else {
            return Err(MigrateError::new(format!("no migration has the version `{version}`")));
        };
        self.begin().await?;
        if self.applied().await?.iter().any(|row| row.version == version) {
            return Err(MigrateError::new(format!("`{version}` is applied already")));
        }
        match &self.database {
            Database::Sqlite(connection) => sqlite::mark(connection, &migration),
            Database::Postgres(session) => session.mark(&migration).await,
        }
    }

    /// Sees to it that nobody else migrates, and that there is a table.
    async fn begin(&self) -> Result<(), MigrateError> {
        match &self.database {
            Database::Sqlite(connection) => sqlite::create_table(connection),
            Database::Postgres(session) => {
                session.lock().await?;
                session.create_table().await
            }
        }
    }

    async fn applied(&self) -> Result<Vec<history::Applied>, MigrateError> {
        match &self.database {
            Database::Sqlite(connection) => sqlite::applied(connection),
            Database::Postgres(session) => session.applied().await,
        }
    }
}

/// False if somebody else has done it meanwhile.
async fn run(
    database: &mut Database,
    migration: &Migration,
    direction: Direction,
) -> Result<bool, MigrateError> {
    match database {
        Database::Sqlite(connection) => sqlite::run(connection, migration, direction),
        Database::Postgres(session) => session.run(migration, direction).await.map(|()| true),
    }
}

impl fmt::Debug for Migrator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Migrator")
            .field("migrations", &self.migrations.len())
            .finish_non_exhaustive()
    }
}

/// The schema of a database in memory, which is empty whenever it is opened.
#[derive(Clone, Debug, Default)]
pub struct InMemory(Arc<[Migration]>);

impl InMemory {
    /// The migrations of a directory, if the program has no other database that they could be for.
    ///
    /// # Errors
    /// If they cannot be read.
    pub fn read(settings: &Settings, directory: &Path) -> Result<Self, MigrateError> {
        match Target::of_program(settings, &|_| None, None) {
            Ok(Some(Target::Memory) | None) => Ok(Self(read(directory)?.migrations.into())),
            _ => Ok(Self::default()),
        }
    }

    /// Has them applied to the host's database in memory, when that is first used.
    pub fn give(&self, host: &Host) {
        if !self.0.is_empty() {
            sql::migrate_memory(&host.shared, self.0.clone());
        }
    }
}

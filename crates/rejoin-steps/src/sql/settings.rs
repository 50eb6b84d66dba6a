//! `config sql`.

use std::path::PathBuf;
use std::time::Duration;

use rejoin_engine::Settings;

use crate::pg::PgSettings;

pub(super) const BLOCK: &str = "sql";

/// What a `busyTimeout` may be at most: whoever waits longer waits for somebody who is stuck.
const LONGEST_BUSY: Duration = Duration::from_secs(60);

/// Where the database is, and how much of it is used.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum SqlSettings {
    Sqlite(SqliteSettings),
    Postgres(Box<PgSettings>),
}

/// A database inside the process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SqliteSettings {
    /// `None` is a database in memory, which ends with the process.
    pub(super) file: Option<PathBuf>,
    /// One writes, the others read.
    pub(super) connections: usize,
    pub(super) acquire_timeout: Duration,
    /// How long a statement waits for other processes.
    pub(super) busy_timeout: Duration,
    pub(super) max_result: usize,
}

impl SqlSettings {
    pub(crate) fn read(settings: &Settings) -> Result<Self, String> {
        let url = settings.text(BLOCK, "url").unwrap_or_else(|| "sqlite::memory:".into());
        let url = url.trim();
        if let Some(place) = url.strip_prefix("sqlite:") {
            return SqliteSettings::read(settings, file(place)?).map(Self::Sqlite);
        }
        if url.starts_with("postgres:") || url.starts_with("postgresql:") {
            let read = PgSettings::read(settings, BLOCK)?;
            let read = read.ok_or("`url` in `config sql` names no host")?;
            return Ok(Self::Postgres(Box::new(read)));
        }
        // The text may hold a password, so it is not shown.
        Err("`url` in `config sql` must be such as `sqlite:app.db`, `sqlite::memory:` or \
             `postgres://user:password@host/database`"
            .into())
    }
}

/// The file that the part of an address behind `sqlite:` names; `None` for memory.
fn file(place: &str) -> Result<Option<PathBuf>, String> {
    if place == ":memory:" {
        return Ok(None);
    }
    let path = place.strip_prefix("//").unwrap_or(place);
    // SQLite would read these itself, in a way of its own.
    if path.is_empty() || path.starts_with(':') || path.starts_with("file:") || path.contains('?') {
        return Err(format!(
            "`sqlite:{place}` in `config sql` is no file: write `sqlite:app.db`, `sqlite:/var/lib/app.db` or `sqlite::memory:`"
        ));
    }
    if path.contains('\0') {
        return Err("`url` in `config sql` has a zero byte in its path".into());
    }
    Ok(Some(path.into()))
}

impl SqliteSettings {
    pub(crate) fn is_file(&self) -> bool {
        self.file.is_some()
    }

    fn read(settings: &Settings, file: Option<PathBuf>) -> Result<Self, String> {
        let length = |key: &str, default| match settings.duration(BLOCK, key) {
            Some(length) if length.is_zero() => {
                Err(format!("`{key}` in `config sql` must be more than nothing"))
            }
            length => Ok(length.unwrap_or(default)),
        };
        let whole = |key: &str, default: u64, most: u64| match settings.int(BLOCK, key) {
            Some(n) if n == 0 || n > most => {
                Err(format!("`{key}` in `config sql` must be from 1 to {most}, not {n}"))
            }
            n => Ok(usize::try_from(n.unwrap_or(default)).unwrap_or(usize::MAX)),
        };
        let busy_timeout = length("busyTimeout", Duration::from_secs(3))?;
        if busy_timeout > LONGEST_BUSY {
            return Err("`busyTimeout` in `config sql` must be 60 s at most".into());
        }
        Ok(Self {
            file,
            connections: whole("maxPoolSize", 5, 64)?,
            acquire_timeout: length("acquireTimeout", Duration::from_secs(3))?,
            busy_timeout,
            // What SQLite itself takes at most for one value.
            max_result: whole("maxResult", 64 << 20, 1 << 30)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::file;

    #[test]
    fn addresses() {
        assert_eq!(file(":memory:"), Ok(None));
        assert_eq!(file("app.db"), Ok(Some("app.db".into())));
        assert_eq!(file("//data/app.db"), Ok(Some("data/app.db".into())));
        assert_eq!(file("///var/app.db"), Ok(Some("/var/app.db".into())));
        for wrong in ["", "//", ":memory", "file:a?mode=ro", "a.db?mode=ro", "a\0b"] {
            assert!(file(wrong).is_err(), "{wrong}");
        }
    }
}

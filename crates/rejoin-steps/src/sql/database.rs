//! A SQLite database: one connection that writes, some that read, and the threads that they block.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rejoin::pool::ThreadPool;
use rejoin::{TaskError, cancel_reason};
use rusqlite::Connection;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::connection::{Role, guard, open};
use super::session;
use super::settings::SqliteSettings;
use crate::migrate::{MigrateError, Migration, apply_all};

/// A database that is open as long as this is.
pub(crate) struct Database {
    settings: SqliteSettings,
    writers: Arc<Side>,
    readers: Arc<Side>,
    threads: ThreadPool,
    /// What a database in memory has from its beginning.
    migrations: Arc<[Migration]>,
}

/// Connections of one role.
struct Side {
    free: Arc<Semaphore>,
    idle: Mutex<Vec<Connection>>,
}

/// Why a piece of work has no result of its own.
pub(super) enum NoResult {
    /// Whoever writes, or all who read, do so for too long.
    Busy { role: Role, waited: Duration },
    /// The file cannot be opened.
    Refused(Arc<NotOpen>),
    /// The work panicked, or was told to stop before it began.
    Ended(String),
}

/// Why there is no connection.
pub(super) enum NotOpen {
    Sqlite(rusqlite::Error),
    Migration(MigrateError),
}

impl From<rusqlite::Error> for NotOpen {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

/// How a statement ended, unless its caller was told to stop. A failure then only says that it was, and who told it says what became
/// of it: the call waits here until it is dropped, and does not pose as one that failed by itself.
pub(super) async fn unless_stopped<T, E>(ended: Result<T, E>) -> Result<T, E> {
    if ended.is_err() && cancel_reason().is_some() {
        return std::future::pending().await;
    }
    ended
}

impl Database {
    pub(super) fn new(settings: SqliteSettings, migrations: Arc<[Migration]>) -> Arc<Self> {
        // A database in memory is that of its one connection.
        let readers = match settings.file {
            Some(_) => settings.connections - 1,
            None => 0,
        };
        let side = |places| {
            Arc::new(Side { free: Arc::new(Semaphore::new(places)), idle: Mutex::default() })
        };
        let threads = NonZeroUsize::new(readers + 1).expect("one more than nothing");
        Arc::new(Self {
            writers: side(1),
            readers: side(readers),
            threads: ThreadPool::new("sqlite", threads),
            settings,
            migrations,
        })
    }

    pub(super) fn settings(&self) -> &SqliteSettings {
        &self.settings
    }

    /// Whether there are connections that only read.
    pub(super) fn has_readers(&self) -> bool {
        self.settings.file.is_some() && self.settings.connections > 1
    }

    /// Runs `work` with a connection that nobody else uses, on a thread that may block.
    ///
    /// # Cancel safety
    /// Dropping the future gives up the place in the queue, or tells the work to stop; the scope around the call waits
    /// for its end, and only then somebody else gets the connection.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        role: Role,
        work: impl FnOnce(&mut Connection) -> T + Send + 'static,
    ) -> Result<T, NoResult> {
        let lease = self.lease(role).await?;
        self.run_on(lease, role, work).await.map(|(_, made)| made)
    }

    /// A connection that nobody else uses.
    ///
    /// # Cancel safety
    /// Dropping the future gives up the place in the queue.
    pub(super) async fn lease(&self, role: Role) -> Result<Lease, NoResult> {
        let side = match role {
            Role::Writes => &self.writers,
            Role::Reads => &self.readers,
        };
        let waited = self.settings.acquire_timeout;
        let permit = timeout(waited, side.free.clone().acquire_owned())
            .await
            .map_err(|_| NoResult::Busy { role, waited })?
            .expect("nobody closes the semaphore");
        Ok(Lease { side: side.clone(), connection: side.idle().pop(), _permit: permit })
    }

    /// Runs `work` with a connection, which comes back with what was made.
    ///
    /// # Cancel safety
    /// As of [`run`](Self::run): the connection goes back when the work has ended.
    pub(super) async fn run_on<T: Send + 'static>(
        &self,
        mut lease: Lease,
        role: Role,
        work: impl FnOnce(&mut Connection) -> T + Send + 'static,
    ) -> Result<(Lease, T), NoResult> {
        let (settings, migrations) = (self.settings.clone(), self.migrations.clone());
        let ended = self.threads.run(move || {
            let connection = match &mut lease.connection {
                Some(connection) => connection,
                none => none.insert(opened(&settings, role, &migrations)?),
            };
            let made = work(connection);
            Ok((lease, made))
        });
        ended.await.map_err(|error| match error {
            TaskError::Failed(error) => NoResult::Refused(error),
            TaskError::Panicked(panic) => NoResult::Ended(panic.to_string()),
            _ => NoResult::Ended("it was told to stop".into()),
        })
    }
}

fn opened(
    settings: &SqliteSettings,
    role: Role,
    migrations: &[Migration],
) -> Result<Connection, NotOpen> {
    let mut connection = open(settings, role)?;
    apply_all(&mut connection, migrations).map_err(NotOpen::Migration)?;
    guard(&mut connection)?;
    Ok(connection)
}

impl Side {
    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection in use. It goes back when the work with it has ended, however that was.
pub(super) struct Lease {
    side: Arc<Side>,
    connection: Option<Connection>,
    _permit: OwnedSemaphorePermit,
}

impl Drop for Lease {
    fn drop(&mut self) {
        let Some(connection) = self.connection.take() else { return };
        // A transaction that was given up is undone, which takes as long as forgetting what it changed. Should that fail,
        // nobody else must get into it.
        if !connection.is_autocommit() {
            session::own(&connection, "rollback").ok();
        }
        if connection.is_autocommit() {
            self.side.idle().push(connection);
        }
    }
}

#[cfg(test)]
mod tests {
    use rejoin::{Scope, TaskError, scope};

    use super::unless_stopped;

    #[tokio::test]
    async fn whoever_was_told_to_stop_has_not_failed_by_itself() {
        let ended = scope(|s: Scope<&'static str>| async move {
            let all = s.clone();
            let stopped = s.spawn(async move {
                all.cancel_children("another was first");
                unless_stopped(Err::<u8, _>("interrupted")).await
            });
            let stopped = stopped.await;
            let done = s.spawn(unless_stopped(Ok(7))).await;
            Ok((stopped, done))
        });
        let (stopped, done) = ended.await.expect("nobody has failed");
        assert!(matches!(stopped, Err(TaskError::Cancelled(_))), "{stopped:?}");
        assert_eq!(done.ok(), Some(7));
        assert_eq!(unless_stopped(Err::<u8, _>("no such table")).await, Err("no such table"));
    }
}

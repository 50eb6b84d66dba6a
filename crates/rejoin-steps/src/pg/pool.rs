//! The connections of a program: at most so many, and back only when proven clean.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OnceCell, OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use tokio_postgres::Error;

use super::cancel::cancel;
use super::connection::{Connection, clean_up};
use super::settings::PgSettings;
use super::tls::Tls;

/// Connections to one database.
pub(super) struct Pool {
    settings: PgSettings,
    idle: Mutex<Vec<Connection>>,
    free: Arc<Semaphore>,
    /// Loaded for the first connection.
    tls: OnceCell<Tls>,
}

/// Why there is no connection.
pub(super) enum NoConnection {
    /// All are in use, for too long.
    Busy { limit: usize, waited: Duration, block: &'static str },
    /// The database does not answer in time.
    Slow { waited: Duration },
    /// The database refuses, or cannot be reached.
    Refused(Error),
    /// What TLS needs is not there.
    NoTls(String),
}

impl Pool {
    pub(super) fn new(settings: PgSettings) -> Arc<Self> {
        Arc::new(Self {
            free: Arc::new(Semaphore::new(settings.max_pool_size)),
            idle: Mutex::default(),
            tls: OnceCell::new(),
            settings,
        })
    }

    pub(super) fn settings(&self) -> &PgSettings {
        &self.settings
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A connection that is used by nobody.
    ///
    /// # Cancel safety
    /// Dropping the future gives up the place in the queue.
    pub(super) async fn lease(self: &Arc<Self>) -> Result<Lease, NoConnection> {
        let waited = self.settings.acquire_timeout;
        let permit = timeout(waited, self.free.clone().acquire_owned())
            .await
            .map_err(|_| NoConnection::Busy {
                limit: self.settings.max_pool_size,
                waited,
                block: self.settings.block,
            })?
            .expect("nobody closes the semaphore");
        // The one that was used last is the least likely to have been hung up on.
        let known = {
            let mut idle = self.idle();
            idle.retain(|connection| !connection.client.is_closed());
            idle.pop()
        };
        let connection = match known {
            Some(connection) => connection,
            None => {
                let tls = self.tls.get_or_try_init(|| load(&self.settings)).await?;
                open_with(&self.settings, tls).await?
            }
        };
        Ok(Lease { pool: self.clone(), held: Some((connection, permit)), in_transaction: false })
    }
}

async fn load(settings: &PgSettings) -> Result<Tls, NoConnection> {
    Tls::load(&settings.tls).await.map_err(NoConnection::NoTls)
}

/// A new connection of its own, if there is one in time.
pub(super) async fn open(settings: &PgSettings) -> Result<Connection, NoConnection> {
    open_with(settings, &load(settings).await?).await
}

async fn open_with(settings: &PgSettings, tls: &Tls) -> Result<Connection, NoConnection> {
    let waited = settings.acquire_timeout;
    timeout(waited, Connection::open(&settings.connect, tls))
        .await
        .map_err(|_| NoConnection::Slow { waited })?
        .map_err(NoConnection::Refused)
}

/// A connection in use. Dropped, its exchange was cut off: it is cancelled on the server, and comes back only
/// when that is over. [`give_back`](Self::give_back) is for an exchange that came to its end.
pub(super) struct Lease {
    pool: Arc<Pool>,
    held: Option<(Connection, OwnedSemaphorePermit)>,
    /// Whether there is a transaction to undo before anybody else gets the connection.
    in_transaction: bool,
}

impl Lease {
    pub(super) fn connection(&mut self) -> &mut Connection {
        &mut self.held.as_mut().expect("held until it is given back").0
    }

    pub(super) fn pool(&self) -> &Arc<Pool> {
        &self.pool
    }

    /// Says whether a transaction is open from here on.
    pub(super) fn set_in_transaction(&mut self, open: bool) {
        self.in_transaction = open;
    }

    /// After an exchange that was read to its end and left the session as it was.
    pub(super) fn give_back(mut self) {
        if let Some((connection, permit)) = self.held.take() {
            self.pool.idle().push(connection);
            // Only now, so that whoever waits finds it.
            drop(permit);
        }
    }

    /// After an exchange that may have changed the session, or left it in an unknown state.
    pub(super) fn discard(mut self) {
        self.held = None;
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let Some((connection, permit)) = self.held.take() else { return };
        if connection.client.is_closed() {
            return;
        }
        let (pool, in_transaction) = (self.pool.clone(), self.in_transaction);
        // The request is gone and must not wait for this; the place in the pool is held until it is done.
        clean_up(async move {
            if let (Some((host, port)), Some(tls)) = (pool.settings.address(), pool.tls.get())
                && cancel(&connection.client, host, port, tls, in_transaction).await
            {
                pool.idle().push(connection);
            }
            drop(permit);
        });
    }
}

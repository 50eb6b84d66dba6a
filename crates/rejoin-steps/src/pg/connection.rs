//! One connection to the database, and its task.

use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use rejoin::detach::detach;
use tokio::runtime::Handle;
use tokio_postgres::{Client, Config, Error};

use super::statement::Compiled;
use super::tls::Tls;

/// Statements that a connection remembers. Programs have fewer; after many reloads the memory starts anew.
const REMEMBERED: usize = 512;

/// A connection that nobody else uses at the same time.
pub(super) struct Connection {
    pub(super) client: Client,
    statements: HashMap<Arc<str>, Arc<Compiled>>,
    /// The server's own time-out for a statement, as it is set now.
    timeout: Option<Duration>,
}

impl Connection {
    /// Connects. The task that reads and writes ends with the connection: when the client is dropped, or
    /// when the server hangs up.
    pub(super) async fn open(config: &Config, tls: &Tls) -> Result<Self, Error> {
        let (client, exchange) = config.connect(tls.clone()).await?;
        in_background(async move {
            // What went wrong is told to whoever waits for an answer, and the client knows that it is closed.
            exchange.await.ok();
        });
        Ok(Self { client, statements: HashMap::new(), timeout: None })
    }

    /// The statement, prepared on this connection.
    pub(super) async fn compiled(&mut self, sql: &Arc<str>) -> Result<Arc<Compiled>, Error> {
        if let Some(known) = self.statements.get(sql) {
            return Ok(known.clone());
        }
        let compiled = Arc::new(Compiled::prepare(&self.client, sql).await?);
        if self.statements.len() >= REMEMBERED {
            self.statements.clear();
        }
        self.statements.insert(sql.clone(), compiled.clone());
        Ok(compiled)
    }

    pub(super) fn forget(&mut self, sql: &Arc<str>) {
        self.statements.remove(sql);
    }

    /// Has the server itself stop a statement that goes on much longer than `left`.
    ///
    /// The request's deadline cancels earlier and to the point; this is for the case that the cancel request
    /// does not reach the server. So a power of two is near enough, and nearly never has to be set anew.
    pub(super) async fn stop_after(&mut self, left: Option<Duration>) -> Result<(), Error> {
        let left = left.map(|left| {
            let ms = u64::try_from(left.as_millis()).unwrap_or(u64::MAX).clamp(512, 1 << 30);
            Duration::from_millis(ms.next_power_of_two())
        });
        if left != self.timeout {
            let ms = left.map_or(0, |left| left.as_millis());
            self.client.batch_execute(&format!("set statement_timeout = {ms}")).await?;
            self.timeout = left;
        }
        Ok(())
    }
}

/// A pooled connection outlives the request that opened it.
fn in_background(work: impl Future<Output = ()> + Send + 'static) {
    tokio::spawn(work);
}

/// The clean-up after a request that was given up outlives it, too, but not the program: whoever
/// [ends](rejoin::detach::shutdown) that waits for it.
///
/// Outside of a runtime nothing can be done any more; dropping `work` closes the connection in it.
pub(super) fn clean_up(work: impl Future<Output = ()> + Send + 'static) {
    if Handle::try_current().is_ok()
        && let Err(late) = detach("the end of a statement that was given up", work)
    {
        tokio::spawn(late.into_future());
    }
}

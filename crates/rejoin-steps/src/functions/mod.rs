//! What functions of `.cov` programs can do to the world outside: the console, HTTP, timers, databases.

mod database;
mod http;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use rejoin_engine::{Datum, FunctionHost, HostCall, Store};
use rejoin_http::Client;
use rejoin_lang::plan::Database;

use database::Databases;

/// Where a line of the console goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Console {
    /// Standard output.
    Out,
    /// Standard error.
    Error,
}

type Write = dyn Fn(Console, &str) + Send + Sync;
type Environment = dyn Fn(&str) -> Option<String> + Send + Sync;

/// The effects of `console`, `http` and `timers`, and databases.
///
/// All calls share one HTTP client, and one pool for each database. A call that is dropped stops its request or statement.
pub struct Host {
    services: Arc<Services>,
    write: Arc<Write>,
    environment: Box<Environment>,
}

/// What calls of many runs share: connections.
pub struct Services {
    client: Client,
    databases: Databases,
}

impl Default for Services {
    fn default() -> Self {
        Self { client: Client::new(), databases: Databases::default() }
    }
}

impl fmt::Debug for Services {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Services").finish_non_exhaustive()
    }
}

impl Host {
    /// A host whose console is `write`, which gets the text as it is, with its line break if it has one.
    pub fn new(write: impl Fn(Console, &str) + Send + Sync + 'static) -> Self {
        Self::with_services(Arc::default(), write)
    }

    /// The same, with connections that others use as well.
    pub fn with_services(
        services: Arc<Services>,
        write: impl Fn(Console, &str) + Send + Sync + 'static,
    ) -> Self {
        Self {
            services,
            write: Arc::new(write),
            environment: Box::new(|name| std::env::var(name).ok()),
        }
    }

    /// Looks up the addresses of databases, such as `env:DATABASE`, with `environment` instead of in the process's own.
    #[must_use]
    pub fn environment(
        mut self,
        environment: impl Fn(&str) -> Option<String> + Send + Sync + 'static,
    ) -> Self {
        self.environment = Box::new(environment);
        self
    }
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Host").finish_non_exhaustive()
    }
}

impl FunctionHost for Host {
    fn knows(&self, function: &str) -> bool {
        rejoin_lang::cov::library(function).is_some_and(|function| {
            matches!(function.effect, Some("console" | "network" | "timers"))
        })
    }

    fn call(&self, function: &str, arguments: Vec<Datum>) -> HostCall {
        match function.split_once('.') {
            Some(("console", name)) => {
                self.console(name, &arguments);
                Box::pin(std::future::ready(Datum::None))
            }
            Some(("http", name)) => http::call(self.services.client.clone(), name, arguments),
            Some(("timers", _)) => {
                let time = match arguments.first() {
                    Some(Datum::Int(ms)) => u64::try_from(*ms).unwrap_or(0),
                    _ => 0,
                };
                Box::pin(async move {
                    tokio::time::sleep(Duration::from_millis(time)).await;
                    Datum::None
                })
            }
            _ => Box::pin(std::future::ready(Datum::None)),
        }
    }

    fn store(&self, database: &Database) -> Result<Arc<dyn Store>, String> {
        self.services.databases.store(database, &*self.environment)
    }
}

impl Host {
    fn console(&self, name: &str, arguments: &[Datum]) {
        let text = match arguments.first() {
            Some(Datum::Text(text)) => text.to_string(),
            Some(value) => value.to_json().to_json(),
            None => String::new(),
        };
        let console = if matches!(name, "error" | "warn") { Console::Error } else { Console::Out };
        let end = if name == "print" { "" } else { "\n" };
        (self.write)(console, &format!("{text}{end}"));
    }
}

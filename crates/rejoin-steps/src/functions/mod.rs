//! What functions of `.cov` programs can do to the world outside, a module of their library each.

mod advice;
mod arguments;
mod clock;
mod crypto;
mod database;
mod files;
mod http;
mod processes;
mod redis;
mod regex;
mod storage;
mod system;
mod url;

use std::fmt;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use rejoin::pool::ThreadPool;
use rejoin_engine::{CallPlace, Datum, FunctionHost, HostCall, Store};
use rejoin_http::Client;
use rejoin_lang::plan::Database;

pub use advice::advise;
use arguments::Arguments;
use clock::Clock;
use database::Databases;
use database::call::Connections;
use processes::Processes;
use redis::Redis;
use regex::Patterns;
use storage::Storage;
use system::Variables;

/// The modules that are here.
const MODULES: &[&str] = &[
    "console",
    "crypto",
    "db",
    "fs",
    "http",
    "os",
    "path",
    "postgres",
    "process",
    "redis",
    "std.storage.doc",
    "std.storage.kv",
    "std.text",
    "time",
    "timers",
    "url",
];

/// So many files are read or written at once.
const FILES: NonZeroUsize = NonZeroUsize::new(8).expect("it is more than none");

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

/// The library of `.cov` programs, as far as it is not pure, and databases.
///
/// All calls share one HTTP client, and one pool for each database. A call that is dropped stops its request or statement.
pub struct Host {
    services: Arc<Services>,
    write: Arc<Write>,
    environment: Box<Environment>,
    connections: Connections,
    processes: Processes,
    variables: Variables,
    clock: Clock,
}

/// What calls of many runs share: connections, threads, what is stored.
pub struct Services {
    client: Client,
    databases: Databases,
    redis: Arc<Redis>,
    storage: Storage,
    files: ThreadPool,
    patterns: Patterns,
}

impl Default for Services {
    fn default() -> Self {
        Self {
            client: Client::new(),
            databases: Databases::default(),
            redis: Arc::default(),
            storage: Storage::default(),
            files: ThreadPool::new("files", FILES),
            patterns: Patterns::default(),
        }
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
            connections: Connections::default(),
            processes: Processes::default(),
            variables: Variables::default(),
            clock: Clock::new(),
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
        let module = function.rsplit_once('.').map(|(module, _)| module);
        module.is_some_and(|module| MODULES.contains(&module))
            && rejoin_lang::cov::library(function).is_some()
    }

    fn call(&self, function: &str, arguments: Vec<Datum>, place: &CallPlace<'_>) -> HostCall {
        let Some((module, name)) = function.rsplit_once('.') else { return ready(Datum::None) };
        match module {
            "console" => {
                self.console(name, &arguments);
                return ready(Datum::None);
            }
            "http" => return http::call(self.services.client.clone(), name, arguments),
            _ => {}
        }
        let Some(arguments) = Arguments::new(function, arguments) else {
            return ready(Datum::None);
        };
        let (services, env) = (&self.services, &*self.environment);
        match module {
            "db" | "postgres" => {
                database::call::call(&services.databases, &self.connections, env, arguments)
            }
            "fs" => files::call(&services.files, place, arguments),
            "process" => processes::call(&self.processes, place, &self.variables.all(), arguments),
            "std.storage.doc" | "std.storage.kv" => {
                let (storage, address) = (&services.storage, env(storage::VARIABLE));
                storage::call(storage, &services.databases, address, self.clock.now(), arguments)
            }
            "crypto" => ready(whole(crypto::call(&arguments))),
            "os" => ready(whole(system::call(&self.variables, env, &arguments))),
            "path" => ready(whole(system::resolve(&arguments))),
            "std.text" => ready(whole(regex::call(&services.patterns, &arguments))),
            "time" => ready(self.clock.now()),
            "url" => ready(whole(url::call(&arguments))),
            "redis" => redis::call(&services.redis, env(redis::VARIABLE), arguments),
            "timers" => Box::pin(async move {
                match arguments.optional_time(0) {
                    Ok(time) => {
                        tokio::time::sleep(Duration::from_millis(time.unwrap_or(0))).await;
                        Datum::None
                    }
                    Err(failure) => failure,
                }
            }),
            _ => ready(Datum::None),
        }
    }

    fn store(&self, database: &Database) -> Result<Arc<dyn Store>, String> {
        self.services.databases.store(database, &*self.environment)
    }
}

impl Host {
    fn console(&self, name: &str, arguments: &[Datum]) {
        let shown = |value: &Datum| match value {
            Datum::Text(text) => text.to_string(),
            value => value.to_json().to_json(),
        };
        let mut text = arguments.first().map(shown).unwrap_or_default();
        if let Some(Datum::List(values)) = arguments.get(1) {
            values.iter().for_each(|value| text.extend([" ", &shown(value)]));
        }
        let console = if matches!(name, "error" | "warn") { Console::Error } else { Console::Out };
        let end = if name == "print" { "" } else { "\n" };
        (self.write)(console, &format!("{text}{end}"));
    }
}

/// A call that is done already.
fn ready(value: Datum) -> HostCall {
    Box::pin(std::future::ready(value))
}

/// A value, or the failure in its place.
fn whole(value: Result<Datum, Datum>) -> Datum {
    value.unwrap_or_else(|failure| failure)
}

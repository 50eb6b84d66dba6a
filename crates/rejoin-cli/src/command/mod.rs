//! One file a command.

mod allow;
pub(crate) mod check;
mod check_database;
pub(crate) mod explain;
pub(crate) mod fetch;
pub(crate) mod fmt;
pub(crate) mod migrate;
pub(crate) mod new;
pub(crate) mod run;
pub(crate) mod run_function;
pub(crate) mod serve;
mod signals;
pub(crate) mod test;

use std::path::Path;
use std::sync::Arc;

use rejoin::Scope;
use rejoin_engine::{App, Host, Program};
use rejoin_lang::cov;
use rejoin_lang::diagnostic::{has_errors, render_text};
use rejoin_lang::plan::Functions;
use rejoin_server::{ConsoleObserver, LoadError, Loaded, Log, load, read_source};
use rejoin_steps::migrate::InMemory;

use crate::environment::Environment;
use crate::exit::Failure;
use crate::output;

/// Loads a program; what keeps it from running is drawn on stderr.
fn load_or_report(file: &Path, environment: &Environment) -> Result<Loaded, Failure> {
    or_report(load(file, &rejoin_steps::registry(), &|name| environment.get(name)))
}

/// What was loaded; what keeps it from running is drawn on stderr.
fn or_report(loaded: Result<Loaded, LoadError>) -> Result<Loaded, Failure> {
    match loaded {
        Ok(loaded) => Ok(loaded),
        Err(LoadError::Faulty(report)) => {
            output::error(&report.to_text(output::colour_on_stderr()));
            Err(Failure::reported())
        }
        Err(error) => Err(Failure::new(error.to_string())),
    }
}

/// Loads a file of functions; what keeps it from running is drawn on stderr.
fn load_functions(file: &Path) -> Result<Functions, Failure> {
    let source = read_source(file).map_err(|error| Failure::new(error.to_string()))?;
    let (functions, problems) = cov::load(source);
    if has_errors(&problems) {
        let drawing = render_text(&functions.sources, &problems, output::colour_on_stderr());
        output::error(&drawing);
        return Err(Failure::reported());
    }
    Ok(functions)
}

fn open_log() -> Result<Log, Failure> {
    Log::stderr().map_err(|error| Failure::new(format!("cannot open the log: {error}")))
}

/// The schema of a program's database in memory.
fn schema_in_memory(file: &Path, program: &Program) -> Result<InMemory, Failure> {
    InMemory::read(program.settings(), &migrate::directory(file))
        .map_err(|error| Failure::new(error.to_string()))
}

/// Puts a program into its surroundings. Detached tasks, and requests, run in `scope`.
fn app(
    program: Program,
    schema: &InMemory,
    environment: &Environment,
    log: &Log,
    scope: Scope,
) -> App {
    let mut host = Host::new(scope);
    schema.give(&host);
    host.observer = Arc::new(ConsoleObserver::new(log.clone()));
    host.environment = environment.name();
    let variables = environment.clone();
    host.variables = Arc::new(move |name| variables.get(name));
    App::new(Arc::new(program), Arc::new(host))
}

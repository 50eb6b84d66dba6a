//! `cov`: a function of an imported `.cov` file.

mod run;
mod spec;

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use rejoin_engine::{CallSite, FunctionProgram, Prepared, Registry, Step};
use rejoin_lang::plan::Functions;
use rejoin_lang::step_spec::{Effect, StepSpec, TextProblem};

use crate::functions::{Host, Services};

/// The step `cov`. Its text names a function of a file that the program imports; its argument is an object of inputs by
/// the names of the parameters. Without an argument the state is that object, and what it has besides does no harm.
///
/// A text is read as JSON where the parameter is no `String`, as what comes from a path or a query is text. The value of the
/// function becomes the state; with `@result(name)` it goes to `.data.name`. A failure is an error of its type with its
/// fields; an enum's has its `variant` beside them. What does not fit the parameters is a `validationError`, a fault of the
/// program a `covError`. Lines of the console go to the log.
pub struct Cov {
    services: Arc<Services>,
}

impl Cov {
    /// The step; its calls share their connections.
    pub fn new() -> Self {
        Self { services: Arc::default() }
    }
}

impl Default for Cov {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Cov {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cov").finish_non_exhaustive()
    }
}

impl Step for Cov {
    fn spec(&self) -> &StepSpec {
        &spec::SPEC
    }

    fn prepare(&self, site: &CallSite<'_>) -> Result<Arc<dyn Prepared>, TextProblem> {
        let text = site.text.unwrap_or_default();
        let problem =
            |message: String| TextProblem { start: 0, end: text.len(), message, help: None };
        let Some(function) = site.function else {
            return Err(problem(format!("no imported file has a function `{text}`")));
        };
        let host = Host::with_services(self.services.clone(), |_, _| {})
            .environment(addresses(function.functions, site));
        let program = FunctionProgram::new(function.functions.clone(), Arc::new(host));
        if let Some(missing) = program.missing(function.index) {
            return Err(problem(missing));
        }
        Ok(Arc::new(run::PreparedCov {
            program,
            index: function.index,
            services: self.services.clone(),
            is_inside: function.functions.effect(function.index, &Registry::new()) == Effect::None,
        }))
    }
}

/// The variables that hold the addresses of databases, as they are when the program is loaded.
fn addresses(
    functions: &Functions,
    site: &CallSite<'_>,
) -> impl Fn(&str) -> Option<String> + use<> {
    let named = functions.databases.iter().filter_map(|database| {
        let name = database.connection.as_deref()?.strip_prefix("env:")?;
        Some((name.to_owned(), site.environment.get(name)?))
    });
    let known: HashMap<String, String> = named.collect();
    move |name| known.get(name).cloned()
}

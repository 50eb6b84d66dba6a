//! `js`: the state through a JavaScript function, in a sandbox.
//!
//! `vm` holds the interpreter and knows nothing of the engine; `run` joins the two.

mod run;
mod spec;
mod vm;

use std::sync::Arc;

use rejoin_engine::{CallSite, Prepared, Step};
use rejoin_lang::step_spec::{StepSpec, TextProblem};

use crate::Databases;
use crate::script::{Shelf, runs_statements, wrong_scripts};

/// The step `js`. The text is the body of a function in strict mode; what it returns becomes the state.
///
/// | name | what it is |
/// |---|---|
/// | `request` | the state; the function may change it, without effect on anybody else |
/// | `context` | what jq sees as `$context` |
/// | `getFlag(name)`, `setFlag(name, on)` | feature flags; a set is seen by later steps, a get tells what held when the script began |
/// | `getWhen(name)`, `setWhen(name, holds)` | conditions for `@when`, likewise |
/// | `getEnv(name)` | an environment variable, or null |
/// | `executeSql(sql, params)` | `{rows, rowCount}` of a statement on the program's database; throws what was wrong |
/// | `requireScript(name)` | what `scripts/NAME.js` gives back, or null; the name alone is that value as well |
/// | `print(…)`, `console.log(…)` | a line in the log, objects as JSON |
///
/// and the language's own objects, without `eval`, `Function`, modules, timers, typed arrays and the network. They are
/// frozen, and so is the global object: nothing that one function does is seen by another.
///
/// Results become JSON as `JSON.stringify` has it: `undefined` is null, NaN too, dates are texts. A promise is waited for as
/// long as there is something left to run. Whole numbers beyond 2^53 are objects that keep every digit and become doubles
/// when computed with.
///
/// The interpreter's own functions refuse arrays of more than a million elements, and searches of one long text in another,
/// because nothing could stop them in the middle.
///
/// The interpreter looks at its limits at calls and turns of loops. Between them it can be inside an operation on something
/// huge, such as `{...object}` with very many keys: then the call fails at its limit, but its thread is free only later.
/// Meanwhile other scripts run, and a script that may do so again and again never runs where others would wait for it.
///
/// `config js` sets `timeout` and `memory` (bytes) for each call; `config scripts` sets them for `jq`, `lua` and `js`.
#[derive(Debug)]
pub struct Js {
    databases: Databases,
    shelf: Shelf<vm::Script>,
}

impl Js {
    /// The step, with these databases for the statements of its scripts.
    pub fn new(databases: Databases) -> Self {
        Self { databases, shelf: Shelf::default() }
    }
}

impl Step for Js {
    fn spec(&self) -> &StepSpec {
        &spec::SPEC
    }

    fn check_text(&self, text: &str) -> Vec<TextProblem> {
        vm::Script::compile(text).err().into_iter().collect()
    }

    fn may_write(&self, text: &str) -> bool {
        runs_statements(text)
    }

    fn prepare(&self, site: &CallSite<'_>) -> Result<Arc<dyn Prepared>, TextProblem> {
        let text = site.text.unwrap_or_default();
        let library = self.shelf.library(site, vm::Script::library);
        wrong_scripts(text, &library)?;
        let script = vm::Script::compile(text)?.with_scripts(text, library.names());
        let database = self.databases.of_scripts(text, site.settings)?;
        Ok(Arc::new(run::PreparedJs::new(script, library, database, site.settings)))
    }
}

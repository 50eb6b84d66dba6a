//! `lua`: the state through a Luau script, in a sandbox.
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

/// The step `lua`. The script's first return value becomes the state.
///
/// Scripts are Luau: Lua 5.1 with `continue`, compound assignment, string interpolation and `//`, one type of
/// number, and without `goto` and bit operators. They see:
///
/// | name | what it is |
/// |---|---|
/// | `request` | the state; a table that the script may change, without effect on anybody else |
/// | `context` | what jq sees as `$context`; read-only |
/// | `getFlag(name)`, `setFlag(name, on)` | feature flags; a set is seen by later steps, a get tells what held when the script began |
/// | `getWhen(name)`, `setWhen(name, holds)` | conditions for `@when`, likewise |
/// | `getEnv(name)` | an environment variable, or nil |
/// | `executeSql(sql, params)` | `{rows, rowCount}` of a statement on the program's database and nil, or nil and what was wrong |
/// | `requireScript(name)` | what `scripts/NAME.lua` gives back, or nil; the name alone is that value as well |
/// | `print(…)` | a line in the log, tables as JSON |
/// | `null`, `array(t)` | JSON's null within a table; a table that is an array even when empty |
///
/// and `string`, `table`, `math`, `utf8`, `bit32`, `coroutine`, `os.time`, `os.date`, `os.clock`,
/// `os.difftime`. Nothing that one script does is seen by another.
///
/// JSON's null is nil, so keys with it cannot be seen; they are still there in what comes back. Whole numbers
/// beyond 2^53 are values of their own that keep every digit and become doubles when computed with. A table
/// with keys 1 to n is an array, and so is every array of the state, even when it was emptied.
///
/// `config lua` sets `timeout` and `memory` (bytes) for each call; `config scripts` sets them for `jq` and `lua`.
#[derive(Debug)]
pub struct Lua {
    databases: Databases,
    shelf: Shelf<vm::Chunk>,
}

impl Lua {
    /// The step, with these databases for the statements of its scripts.
    pub fn new(databases: Databases) -> Self {
        Self { databases, shelf: Shelf::default() }
    }
}

impl Step for Lua {
    fn spec(&self) -> &StepSpec {
        &spec::SPEC
    }

    fn check_text(&self, text: &str) -> Vec<TextProblem> {
        vm::Chunk::compile(text).err().into_iter().collect()
    }

    fn may_write(&self, text: &str) -> bool {
        runs_statements(text)
    }

    fn prepare(&self, site: &CallSite<'_>) -> Result<Arc<dyn Prepared>, TextProblem> {
        let text = site.text.unwrap_or_default();
        let library = self.shelf.library(site, vm::Chunk::library);
        wrong_scripts(text, &library)?;
        let chunk = vm::Chunk::compile(text)?.with_scripts(text, library.names());
        let database = self.databases.of_scripts(text, site.settings)?;
        Ok(Arc::new(run::PreparedLua::new(chunk, library, database, site.settings)))
    }
}

//! Lua without the engine: compiled chunks, sandboxed VMs, limits, and JSON in and out.
//!
//! | file | what it holds |
//! |---|---|
//! | `chunk` | compiling, and where a syntax error lies |
//! | `prelude` | what scripts can name |
//! | `globals` | the functions that reach out: flags, conditions, environment, log, statements |
//! | `scripts` | the files that scripts share, anew for each run |
//! | `mirror` | JSON to Lua, lazily |
//! | `output` | Lua to JSON |
//! | `call` | what belongs to one run |
//! | `error` | why a script failed, and on which line |

mod call;
mod chunk;
mod error;
mod globals;
mod mirror;
mod output;
mod prelude;
mod scripts;
#[cfg(test)]
mod tests;

use std::cell::RefCell;
use std::hash::{BuildHasher, RandomState};
use std::rc::Rc;
use std::sync::Arc;

use mlua::state::{GcIncParams, GcMode};
use mlua::{Function, Lua, LuaOptions, StdLib, Table, VmState};
use rejoin_value::Value;

use call::Call;
pub(crate) use chunk::Chunk;
use mirror::Metatables;
use scripts::Loaded;

use crate::script::{Library, Limiter, Limits, ScriptError, Surroundings};

/// The name of scripts in the interpreter's messages.
const CHUNK_NAME: &str = "lua";
/// A VM that has grown by more than this is thrown away after the call.
const KEPT_GROWTH: usize = 8 << 20;

/// After so much allocation the collector does a step.
const GC_STEP_KIB: i32 = 64;
/// What a step works through, in percent of that.
const GC_STEP_PERCENT: i32 = 800;

thread_local! {
    /// The VM of this thread, while no script runs in it.
    static IDLE: RefCell<Option<Vm>> = const { RefCell::new(None) };
}

/// Runs a script on this thread, in a VM that is kept for the next one. Blocks until it ends or reaches a
/// limit. It may use the scripts of the library.
///
/// # Errors
/// What the script raised, the limit that it ran into, or why its result is no JSON.
pub(crate) fn run(
    chunk: &Chunk,
    library: &Arc<Library<Chunk>>,
    request: &Value,
    context: &Value,
    surroundings: Box<dyn Surroundings>,
    limits: Limits,
) -> Result<Value, ScriptError> {
    let vm = match IDLE.take() {
        Some(vm) => vm,
        None => Vm::new().map_err(|error| error::raised(&error, CHUNK_NAME))?,
    };
    let result = vm.run(chunk, library, request, context, surroundings, limits);
    if vm.is_reusable(&result) {
        IDLE.set(Some(vm));
    }
    result
}

/// An interpreter whose shared parts are all read-only.
struct Vm {
    lua: Lua,
    limiter: Rc<Limiter>,
    reseed: Function,
    /// How much memory it held when it was new.
    size: usize,
}

impl Vm {
    fn new() -> mlua::Result<Self> {
        let libraries = StdLib::COROUTINE
            | StdLib::TABLE
            | StdLib::OS
            | StdLib::STRING
            | StdLib::UTF8
            | StdLib::BIT
            | StdLib::DEBUG
            | StdLib::MATH;
        let lua = Lua::new_with(libraries, LuaOptions::default())?;
        // The default steps are too small for scripts that make big strings: their garbage would reach the
        // memory limit before it is collected.
        lua.gc_set_mode(GcMode::Incremental(
            GcIncParams::default().step_size(GC_STEP_KIB).step_multiplier(GC_STEP_PERCENT),
        ));
        let limiter = Rc::new(Limiter::default());
        let watch = limiter.clone();
        // Luau calls back at every loop turn, every call and within pattern matching.
        lua.set_interrupt(move |_| match watch.check() {
            Ok(()) => Ok(VmState::Continue),
            Err(_) => Err(mlua::Error::runtime("the script was stopped at a limit")),
        });
        lua.set_app_data(Metatables::new(&lua)?);
        let open = lua.create_function(|lua, table: Table| mirror::open(lua, &table))?;
        let base = prelude::base(&lua, mirror::mark(), &open)?;
        globals::add(&lua, &base)?;
        let reseed = base.raw_get::<Table>("math")?.raw_get("randomseed")?;
        prelude::seal(&lua, &base)?;
        let environment = lua.create_table()?;
        environment.raw_set("__index", base)?;
        environment.raw_set("__metatable", "locked")?;
        environment.set_readonly(true);
        lua.set_app_data(Loaded::new(environment));
        lua.gc_collect()?;
        let size = lua.used_memory();
        Ok(Self { lua, limiter, reseed, size })
    }

    /// Whether the VM is as good as new: nothing was cut off, and it has not grown much.
    fn is_reusable(&self, result: &Result<Value, ScriptError>) -> bool {
        let whole = result.as_ref().err().is_none_or(ScriptError::is_orderly);
        whole && self.lua.used_memory() < self.size + KEPT_GROWTH
    }

    fn run(
        &self,
        chunk: &Chunk,
        library: &Arc<Library<Chunk>>,
        request: &Value,
        context: &Value,
        surroundings: Box<dyn Surroundings>,
        limits: Limits,
    ) -> Result<Value, ScriptError> {
        let memory = limits.memory;
        self.limiter.arm(limits);
        let result = self
            .lua
            .set_memory_limit(self.lua.used_memory().saturating_add(memory))
            .and_then(|_| self.execute(chunk, library, request, context, surroundings));
        let result = match result {
            Ok(value) => output::to_json(&self.lua, &value, Some(request), memory),
            Err(error) if is_memory_error(&error) => Err(ScriptError::TooMuchMemory(memory)),
            Err(error) => Err(error::raised(&error, CHUNK_NAME)),
        };
        drop(self.lua.remove_app_data::<Call>());
        match self.limiter.disarm() {
            Some(limit) => Err(limit),
            None => result,
        }
    }

    fn execute(
        &self,
        chunk: &Chunk,
        library: &Arc<Library<Chunk>>,
        request: &Value,
        context: &Value,
        surroundings: Box<dyn Surroundings>,
    ) -> mlua::Result<mlua::Value> {
        let lua = &self.lua;
        let limiter = self.limiter.clone();
        lua.set_app_data(Call::new(lua, surroundings, limiter, library.clone())?);
        if chunk.mentions_random {
            self.reseed.call::<()>(seed())?;
        }
        let globals = lua.create_table()?;
        globals.raw_set("request", mirror::to_lua(lua, request, false)?)?;
        if chunk.mentions_context() {
            globals.raw_set("context", mirror::to_lua(lua, context, true)?)?;
        }
        scripts::run(lua, chunk, globals)
    }
}

/// A seed that nobody can foresee, of the 31 bits that the interpreter takes.
fn seed() -> u32 {
    let random = RandomState::new().hash_one(());
    (random >> 33) as u32
}

fn is_memory_error(error: &mlua::Error) -> bool {
    match error {
        mlua::Error::MemoryError(_) => true,
        mlua::Error::CallbackError { cause, .. } => is_memory_error(cause),
        mlua::Error::RuntimeError(text) => text.starts_with("not enough memory"),
        _ => false,
    }
}

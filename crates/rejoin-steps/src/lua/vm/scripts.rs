//! Chunks as functions of a VM, and the files that scripts share.
//!
//! A file runs anew in every call that uses it, in globals of its own, so nothing that one call does to it is seen by another.

use std::cell::RefCell;
use std::collections::HashMap;

use mlua::{Function, Lua, Table};

use super::Chunk;
use super::call::Call;

/// So many chunks stay loaded in one VM.
const LOADED_CHUNKS: usize = 256;

/// What a VM keeps from one call to the next.
pub(super) struct Loaded {
    /// Sends what a script's own globals lack to the shared ones.
    environment: Table,
    chunks: RefCell<HashMap<u64, Function>>,
}

impl Loaded {
    pub(super) fn new(environment: Table) -> Self {
        Self { environment, chunks: RefCell::default() }
    }
}

/// Runs a chunk with these globals, to which the scripts that it mentions are added.
pub(super) fn run(lua: &Lua, chunk: &Chunk, globals: Table) -> mlua::Result<mlua::Value> {
    for name in &chunk.uses {
        // Two scripts may mention each other; whichever is first finds the other under way.
        let is_under_way = Call::of(lua)?.using.borrow().iter().any(|using| **using == **name);
        if !is_under_way {
            let value = require(lua, name)?;
            globals.raw_set(&**name, value)?;
        }
    }
    let function = {
        let loaded = lua.app_data_ref::<Loaded>().expect("every VM has it");
        globals.set_metatable(Some(loaded.environment.clone()))?;
        globals.set_safeenv(true);
        loaded.load(lua, chunk)?
    };
    function.set_environment(globals)?;
    function.call(())
}

impl Loaded {
    /// The chunk as a function of this VM.
    fn load(&self, lua: &Lua, chunk: &Chunk) -> mlua::Result<Function> {
        let mut chunks = self.chunks.borrow_mut();
        if let Some(function) = chunks.get(&chunk.id) {
            return Ok(function.clone());
        }
        let function = lua
            .load(&chunk.bytecode[..])
            .set_name(&chunk.name)
            .set_mode(mlua::chunk::ChunkMode::Binary)
            .into_function()?;
        if chunks.len() >= LOADED_CHUNKS {
            // Chunks of programs that were reloaded; those in use come back at once.
            chunks.clear();
        }
        chunks.insert(chunk.id, function.clone());
        Ok(function)
    }
}

/// What the script of that name gives back, nil if there is none. It runs when a call first asks for it.
pub(super) fn require(lua: &Lua, name: &str) -> mlua::Result<mlua::Value> {
    let (library, used) = {
        let call = Call::of(lua)?;
        (call.library.clone(), call.used.clone())
    };
    let known: mlua::Value = used.raw_get(name)?;
    if !known.is_nil() {
        return Ok(known);
    }
    let chunk = match library.get(name) {
        None => return Ok(mlua::Value::Nil),
        Some(Err(problem)) => {
            return Err(mlua::Error::runtime(format!("the script `{name}` is wrong: {problem}")));
        }
        Some(Ok(chunk)) => chunk,
    };
    {
        let call = Call::of(lua)?;
        let mut using = call.using.borrow_mut();
        if using.iter().any(|using| using == name) {
            let circle = format!("{} → {name}", using.join(" → "));
            return Err(mlua::Error::runtime(format!(
                "scripts need each other in a circle: {circle}"
            )));
        }
        using.push(name.to_owned());
    }
    let value = run(lua, chunk, lua.create_table()?);
    Call::of(lua)?.using.borrow_mut().pop();
    let value = value?;
    used.raw_set(name, &value)?;
    Ok(value)
}

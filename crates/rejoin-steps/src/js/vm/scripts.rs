//! Scripts as functions of an interpreter, and the files that they share.
//!
//! A file runs anew in every call that uses it, so nothing that one call does to it is seen by another.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use rquickjs::{Ctx, Exception, Function, Persistent, Value};

use super::globals::Call;
use super::{Script, evaluate};
use crate::script::Library;

/// So many functions stay prepared in one interpreter.
const PREPARED: usize = 256;

type Kept<T> = RefCell<HashMap<T, Persistent<Value<'static>>>>;

/// What an interpreter keeps of scripts.
#[derive(Default)]
pub(super) struct Loaded {
    functions: Kept<u64>,
    /// Of the call under way: what it may use, what that gave back, and what is being run.
    library: RefCell<Arc<Library<Script>>>,
    used: Kept<String>,
    using: RefCell<Vec<String>>,
}

impl Loaded {
    /// The call under way may use these.
    pub(super) fn begin(&self, library: &Arc<Library<Script>>) {
        *self.library.borrow_mut() = library.clone();
    }

    pub(super) fn end(&self) {
        self.used.borrow_mut().clear();
        self.using.borrow_mut().clear();
        self.library.take();
    }

    /// Lets go of the interpreter's values, before it ends.
    pub(super) fn clear(&self) {
        self.functions.borrow_mut().clear();
        self.end();
    }
}

/// A script as a function, with the scripts that it mentions.
pub(super) fn function<'js>(
    ctx: &Ctx<'js>,
    call: &Call,
    script: &Script,
) -> rquickjs::Result<Function<'js>> {
    let known = call.scripts.functions.borrow().get(&script.id).cloned();
    let made = match known {
        Some(made) => made.restore(ctx)?,
        None => {
            let made: Value<'js> = evaluate(ctx, script)?;
            let mut functions = call.scripts.functions.borrow_mut();
            if functions.len() >= PREPARED {
                // Scripts of programs that were reloaded; those in use come back at once.
                functions.clear();
            }
            functions.insert(script.id, Persistent::save(ctx, made.clone()));
            made
        }
    };
    let function: Function<'js> = made.get()?;
    if script.uses.is_empty() {
        return Ok(function);
    }
    let mut values = rquickjs::function::Args::new(ctx.clone(), script.uses.len());
    for name in &script.uses {
        // Two scripts may mention each other; whichever is first finds the other under way.
        let is_under_way = call.scripts.using.borrow().iter().any(|using| **using == **name);
        values.push_arg(match is_under_way {
            true => Value::new_undefined(ctx.clone()),
            false => require(ctx, call, name)?,
        })?;
    }
    function.call_arg(values)
}

/// What the script of that name gives back, null if there is none. It runs when a call first asks for it.
pub(super) fn require<'js>(
    ctx: &Ctx<'js>,
    call: &Call,
    name: &str,
) -> rquickjs::Result<Value<'js>> {
    let known = call.scripts.used.borrow().get(name).cloned();
    if let Some(value) = known {
        return value.restore(ctx);
    }
    let library = call.scripts.library.borrow().clone();
    let throw = |message: String| Err(Exception::throw_message(ctx, &message));
    let script = match library.get(name) {
        None => return Ok(Value::new_null(ctx.clone())),
        Some(Err(problem)) => return throw(format!("the script `{name}` is wrong: {problem}")),
        Some(Ok(script)) => script,
    };
    if call.scripts.using.borrow().iter().any(|using| using == name) {
        let circle = call.scripts.using.borrow().join(" → ");
        return throw(format!("scripts need each other in a circle: {circle} → {name}"));
    }
    call.scripts.using.borrow_mut().push(name.to_owned());
    let value = function(ctx, call, script).and_then(|function| function.call::<_, Value<'js>>(()));
    call.scripts.using.borrow_mut().pop();
    let value = value?;
    call.scripts.used.borrow_mut().insert(name.to_owned(), Persistent::save(ctx, value.clone()));
    Ok(value)
}

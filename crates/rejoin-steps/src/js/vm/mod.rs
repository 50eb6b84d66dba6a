//! JavaScript without the engine: compiled functions, sandboxed interpreters, limits, and JSON in and out.
//!
//! | file | what it holds |
//! |---|---|
//! | `script` | compiling, and where a syntax error lies |
//! | `prelude.js` | what scripts can name, and what keeps them apart |
//! | `globals` | the functions that reach out: flags, conditions, environment, log, statements |
//! | `scripts` | scripts as functions, and the files that they share, anew for each run |
//! | `exchange` | values on their way in and out |
//! | `error` | why a script failed, and on which line |

mod error;
mod exchange;
mod globals;
mod script;
mod scripts;
#[cfg(test)]
mod tests;

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use rejoin_value::Value;
use rquickjs::context::intrinsic;
use rquickjs::{CatchResultExt, Context, Ctx, FromJs, Function, Object, Persistent, Runtime};

use exchange::Outgoing;
use globals::Call;
pub(crate) use script::Script;

use crate::script::{Library, Limits, ScriptError, Surroundings};

/// The name of scripts in the interpreter's messages.
const FILE_NAME: &str = "js";
/// The name of what runs before them.
const PRELUDE_NAME: &str = "prelude";
/// After so many calls an interpreter is looked at: one that has grown is thrown away.
const CALLS_BETWEEN_LOOKS: u32 = 256;
/// By how much it may have grown.
const KEPT_GROWTH: usize = 8 << 20;
/// How deep calls may nest, in bytes of the thread's stack.
const STACK: usize = 1 << 20;

/// What of the language there is.
type Intrinsics = (
    intrinsic::Date,
    intrinsic::Eval,
    intrinsic::RegExpCompiler,
    intrinsic::RegExp,
    intrinsic::Json,
    intrinsic::MapSet,
    intrinsic::Promise,
);

thread_local! {
    /// The interpreter of this thread, while no script runs in it.
    static IDLE: RefCell<Option<Vm>> = const { RefCell::new(None) };
}

/// Runs a script on this thread, in an interpreter that is kept for the next one. Blocks until it ends or
/// reaches a limit. It may use the scripts of the library.
///
/// # Errors
/// What the script raised, the limit that it ran into, or why its result is no JSON.
pub(crate) fn run(
    script: &Script,
    library: &Arc<Library<Script>>,
    request: &Value,
    context: &Value,
    surroundings: Box<dyn Surroundings>,
    limits: Limits,
) -> Result<Value, ScriptError> {
    with_vm(|vm| {
        let memory = limits.memory;
        vm.call.scripts.begin(library);
        vm.within(limits, Some(surroundings), |vm| vm.execute(script, request, context, memory))
    })
}

/// Does something with the interpreter of this thread; the next one gets it if it is as good as new.
fn with_vm<T>(work: impl FnOnce(&mut Vm) -> Result<T, ScriptError>) -> Result<T, ScriptError> {
    let mut vm = match IDLE.take() {
        Some(vm) => vm,
        None => Vm::new().map_err(|error| ScriptError::raised(&error.to_string(), None))?,
    };
    let result = work(&mut vm);
    if vm.is_reusable(result.as_ref().err()) {
        IDLE.set(Some(vm));
    }
    result
}

/// An interpreter whose shared parts are all read-only. What it holds of the context goes before the context.
struct Vm {
    begin: Persistent<Function<'static>>,
    finish: Persistent<Function<'static>>,
    source_of: Persistent<Function<'static>>,
    context: Context,
    runtime: Runtime,
    call: Rc<Call>,
    /// Begins texts that stand for whole numbers that a double cannot hold; nobody can foresee it.
    mark: String,
    /// How much memory it holds between calls.
    size: usize,
    until_look: u32,
}

impl Vm {
    fn new() -> rquickjs::Result<Self> {
        let runtime = Runtime::new()?;
        runtime.set_max_stack_size(STACK);
        let call = Rc::new(Call::default());
        let watch = call.clone();
        runtime.set_interrupt_handler(Some(Box::new(move || watch.limiter.look().is_err())));
        let context = Context::custom::<Intrinsics>(&runtime)?;
        let mark = exchange::new_mark();
        let (begin, finish, source_of) = context.with(|ctx| {
            let mut options = rquickjs::context::EvalOptions::default();
            options.filename = Some(PRELUDE_NAME.into());
            let prelude: Function<'_> =
                ctx.eval_with_options(include_str!("prelude.js"), options)?;
            let host = globals::host(&ctx, &call, &mark)?;
            let made: Object<'_> = prelude.call((host, mark.as_str()))?;
            let function = |name: &str| -> rquickjs::Result<_> {
                Ok(Persistent::save(&ctx, made.get::<_, Function<'_>>(name)?))
            };
            rquickjs::Result::Ok((function("begin")?, function("finish")?, function("sourceOf")?))
        })?;
        runtime.run_gc();
        let size = used(&runtime);
        Ok(Self {
            begin,
            finish,
            source_of,
            context,
            runtime,
            call,
            mark,
            size,
            until_look: CALLS_BETWEEN_LOOKS,
        })
    }

    /// Whether it is as good as new: nothing was cut off, nothing is left to run, and it has not grown much.
    fn is_reusable(&mut self, error: Option<&ScriptError>) -> bool {
        if !error.is_none_or(ScriptError::is_orderly) || self.runtime.is_job_pending() {
            return false;
        }
        self.until_look -= 1;
        if self.until_look > 0 {
            return true;
        }
        self.until_look = CALLS_BETWEEN_LOOKS;
        let before = std::mem::replace(&mut self.size, used(&self.runtime));
        self.size < before + KEPT_GROWTH
    }

    /// Does something within limits, in those surroundings.
    fn within<T>(
        &mut self,
        limits: Limits,
        surroundings: Option<Box<dyn Surroundings>>,
        work: impl FnOnce(&mut Self) -> Result<T, ScriptError>,
    ) -> Result<T, ScriptError> {
        self.runtime.set_memory_limit(self.size.saturating_add(limits.memory));
        self.call.begin(surroundings, limits);
        let result = work(self);
        match self.call.end() {
            Some(limit) => Err(limit),
            None => result,
        }
    }

    fn execute(
        &mut self,
        script: &Script,
        request: &Value,
        context: &Value,
        memory: usize,
    ) -> Result<Value, ScriptError> {
        let incoming =
            |seen: bool, value: &Value| seen.then(|| exchange::to_text(value, &self.mark));
        let request_text = incoming(script.mentions_request(), request);
        let context_text = incoming(script.mentions_context(), context);
        let (begin, finish, call) = (self.begin.clone(), self.finish.clone(), &self.call);
        let text = self.context.with(|ctx| {
            let run = || -> rquickjs::Result<Option<String>> {
                let begin = begin.restore(&ctx)?;
                let function = scripts::function(&ctx, call, script)?;
                let mut value: rquickjs::Value<'_> =
                    begin.call((function, request_text, context_text))?;
                if let Some(promise) = value.as_promise() {
                    value = promise.finish()?;
                }
                finish.restore(&ctx)?.call((value,))
            };
            run().catch(&ctx).map_err(|error| error::read(&error, script.throws(), memory))
        })?;
        Outgoing { mark: &self.mark, before: request }.read(text.as_deref())
    }

    /// What is wrong with a script, and where.
    fn check(
        &mut self,
        script: &Script,
        limits: Limits,
    ) -> Result<Option<(String, Option<error::Place>)>, ScriptError> {
        let source_of = self.source_of.clone();
        self.within(limits, None, |vm| {
            Ok(vm.context.with(|ctx| {
                let check = || -> rquickjs::Result<bool> {
                    let made: rquickjs::Value<'_> = evaluate(&ctx, script)?;
                    let text: Option<String> = source_of.restore(&ctx)?.call((made,))?;
                    Ok(text.as_deref() == Some(script.function_text()))
                };
                match check().catch(&ctx) {
                    Ok(true) => None,
                    // The text closed the function that it stands in, and opened another.
                    Ok(false) => Some(("unexpected `}`".to_owned(), None)),
                    Err(error) => Some(error::told(&error)),
                }
            }))
        })
    }
}

impl Drop for Vm {
    fn drop(&mut self) {
        // What the interpreter's own functions hold would keep it, and itself.
        self.call.scripts.clear();
    }
}

/// Makes the function; nothing in it runs.
fn evaluate<'js, T: FromJs<'js>>(ctx: &Ctx<'js>, script: &Script) -> rquickjs::Result<T> {
    let mut options = rquickjs::context::EvalOptions::default();
    options.filename = Some(script.name.clone());
    ctx.eval_with_options(script.source.as_str(), options)
}

/// How much memory an interpreter holds.
fn used(runtime: &Runtime) -> usize {
    usize::try_from(runtime.memory_usage().memory_used_size).unwrap_or(0)
}

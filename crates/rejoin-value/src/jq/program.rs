//! A compiled program and its runs.

use super::{
    analyze::PathRead,
    compile::{self, Choice, Compiled, Engine},
    direct::Env,
    error::{CompileErrors, RunError},
    limits::{self, Limit, Limits},
    natives,
    ops::Fail,
    val::Val,
};
use crate::Value;
use jaq_core::{Error, Exn};
use std::fmt;

/// A jq program, compiled. Runs any number of times, from any thread.
pub struct Program {
    source: Box<str>,
    n_vars: usize,
    compiled: Compiled,
}

impl Program {
    /// Compiles a program. `vars` are the global variables that it may use, without their dollars;
    /// their values are given with each run, in the same order.
    ///
    /// # Errors
    /// All syntax errors, or all names that are not defined, each with its place.
    pub fn compile(source: &str, vars: &[&str]) -> Result<Self, CompileErrors> {
        Self::with_engine(source, vars, Choice::Fastest)
    }

    fn with_engine(source: &str, vars: &[&str], choice: Choice) -> Result<Self, CompileErrors> {
        // An empty program passes its input on.
        let meant = if source.trim().is_empty() { "." } else { source };
        let compiled = compile::compile(meant, vars, choice)?;
        Ok(Program { source: source.into(), n_vars: vars.len(), compiled })
    }

    /// The program for jaq alone, for comparison.
    #[cfg(test)]
    pub(super) fn with_jaq(source: &str, vars: &[&str]) -> Result<Self, CompileErrors> {
        Self::with_engine(source, vars, Choice::Jaq)
    }

    /// True if the direct evaluator runs the program.
    #[cfg(test)]
    pub(super) fn is_direct(&self) -> bool {
        matches!(self.compiled.engine, Engine::Direct(_))
    }

    /// The text of the program.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The places of its input that the program looks at, in the order of the source. It may name
    /// more than a run looks at, never less.
    #[must_use]
    pub fn reads(&self) -> &[PathRead] {
        &self.compiled.facts.reads
    }

    /// The literal `type`s of the errors that the program constructs under a key `errors`.
    #[must_use]
    pub fn error_types(&self) -> &[String] {
        &self.compiled.facts.error_types
    }

    /// How many elements the one array has that the program makes, if that is certain whatever its input is.
    #[must_use]
    pub fn array_length(&self) -> Option<usize> {
        self.compiled.facts.array_length
    }

    /// Whether it surely makes an error, whatever its input is: it raises one, or builds an envelope.
    pub fn always_fails(&self) -> bool {
        self.compiled.facts.always_fails
    }

    /// The keys of the one object that the program makes, if they are certain whatever its input is.
    #[must_use]
    pub fn object_keys(&self) -> Option<&[String]> {
        self.compiled.facts.object_keys.as_deref()
    }

    /// True if the work of a run is bounded by the size of its input: such a program may run where
    /// nothing may take long.
    #[must_use]
    pub fn is_bounded(&self) -> bool {
        self.compiled.facts.bounded
    }

    /// The first output for an input, or `None` if there is none (`empty`). The program stops at
    /// its first output.
    ///
    /// # Errors
    /// The error that the program raised, or the limit that stopped it.
    ///
    /// # Panics
    /// If `vars` are not as many as the program was compiled with.
    pub fn run_first(
        &self,
        input: impl Into<Value>,
        vars: &[Value],
        limits: &Limits,
    ) -> Result<Option<Value>, RunError> {
        self.run(&input.into(), vars, limits, |first: &mut Option<Value>, output| {
            *first = Some(output);
            false
        })
    }

    /// All outputs for an input.
    ///
    /// # Errors
    /// The error that the program raised, even if there were outputs before it, or the limit that
    /// stopped it.
    ///
    /// # Panics
    /// If `vars` are not as many as the program was compiled with.
    pub fn run_all(
        &self,
        input: impl Into<Value>,
        vars: &[Value],
        limits: &Limits,
    ) -> Result<Vec<Value>, RunError> {
        self.run(&input.into(), vars, limits, |outputs: &mut Vec<Value>, output| {
            outputs.push(output);
            if outputs.len() > limits.outputs {
                limits::stop_at(Limit::Outputs);
            }
            true
        })
    }

    /// `keep` takes an output, and says whether more are wanted.
    fn run<K: Default>(
        &self,
        input: &Value,
        vars: &[Value],
        limits: &Limits,
        keep: impl Fn(&mut K, Value) -> bool,
    ) -> Result<K, RunError>
    where
        for<'k> &'k K: IntoIterator<Item = &'k Value>,
    {
        assert_eq!(vars.len(), self.n_vars, "a value for each global variable");
        let run = || {
            let mut kept = K::default();
            self.outputs(input, vars, |output| keep(&mut kept, output)).map(|()| kept)
        };
        let outcome = match self.compiled.facts.chain {
            None => limits::bounded(limits, run),
            Some(chain) => limits::bounded_chain(limits, chain, run),
        };
        let kept = outcome.map_err(RunError::Limit)??;
        // Only what leaves the program has to be shallow enough to be served.
        if (&kept).into_iter().any(|output| output.depth_within(limits.depth).is_none()) {
            return Err(RunError::Limit(Limit::Depth));
        }
        Ok(kept)
    }

    /// Gives each output to `take`, until that wants no more.
    fn outputs(
        &self,
        input: &Value,
        vars: &[Value],
        mut take: impl FnMut(Value) -> bool,
    ) -> Result<(), RunError> {
        let mut take = |output: Value| {
            limits::tick();
            take(output)
        };
        match &self.compiled.engine {
            Engine::Direct(node) => {
                let env = Env { globals: vars, bound: None };
                node.each(&env, input, &mut |output| Ok(take(output)))
                    .map_err(|Fail(value)| RunError::raised(value))?;
            }
            Engine::Jaq(filter) => {
                let context = natives::context(&filter.lut, vars.iter().cloned());
                for output in filter.id.run((context, Val(input.clone()))) {
                    if !take(output.map_err(raised)?.0) {
                        break;
                    }
                }
            }
        }
        Ok(())
    }
}

fn raised(exception: Exn<'_, Val>) -> RunError {
    let value = match exception.get_err() {
        Ok(error) => Error::into_val(error).0,
        // A break is always caught by its label, and nothing halts here.
        Err(_) => "break".into(),
    };
    RunError::raised(value)
}

impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Program").field("source", &self.source).finish_non_exhaustive()
    }
}

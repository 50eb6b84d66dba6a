//! Calls: of functions of the program, of the library and the host, and in tests of what stands in for them.

use std::sync::Arc;

use rejoin_lang::plan::{
    Function, FunctionCall, FunctionCallee, FunctionParam, FunctionStep, Functions,
    LibraryFunction, union_members,
};

use super::exec::{Exit, Frame, Run, fault, gives_parts, looked_at, read};
use super::place::Folders;
use super::{Datum, FunctionBench, FunctionTested, library, pattern, typed};

/// Functions may call each other this deep.
const MAX_DEPTH: u16 = 512;

impl Run {
    /// Runs a function to its value, which may be a failure.
    pub(super) async fn call(&self, index: usize, arguments: Vec<Datum>) -> Datum {
        self.call_observed(index, arguments.into_iter().map(|value| (value, false)).collect()).await
    }

    async fn call_observed(&self, index: usize, arguments: Vec<(Datum, bool)>) -> Datum {
        let functions = self.program.functions.clone();
        let function = &functions.functions[index];
        let function = self.stand_in(&functions, &function.id).unwrap_or(function);
        self.call_function(function, arguments).await
    }

    /// What is called in a test in place of the function with this id.
    fn stand_in<'f>(&self, functions: &'f Functions, id: &str) -> Option<&'f Function> {
        self.bench.as_ref().and_then(|_| super::stand_in(functions, id))
    }

    async fn call_function(&self, function: &Function, arguments: Vec<(Datum, bool)>) -> Datum {
        let arguments = function.params.iter().zip(arguments);
        let arguments = arguments.map(|(param, (value, observed))| {
            (&param.name, value.widened(param.widening.as_ref()), observed)
        });
        let Some(body) = function.body.clone() else {
            let arguments = arguments.map(|(_, value, _)| value).collect();
            return self.host_called(&function.id, arguments).await;
        };
        if self.depth >= MAX_DEPTH {
            let message = format!("`{}`: calls are nested more than {MAX_DEPTH} deep", function.id);
            return Datum::record(
                "RuntimeError",
                [("code", Datum::text("E-RT-DEPTH")), ("message", Datum::text(message))],
            );
        }
        let mut frame = Frame::new(&self.program);
        arguments.for_each(|(name, value, observed)| frame.bind(name, value, observed));
        // What stands in for a function in a test is no part of the program.
        let folders = match function.infers_effects {
            true => Folders::default(),
            false => self.folders.within(&function.folders),
        };
        let run = Run { depth: self.depth + 1, folders, ..self.clone() };
        match run.steps(&mut frame, &body).await {
            Ok(_) => Datum::None,
            Err(Exit::Return(value)) => value.widened(function.widening.as_ref()),
            Err(Exit::Failed(value)) => value,
        }
    }

    /// Runs a test to its end.
    pub(super) async fn tested(
        self,
        test: &Function,
        bench: Arc<dyn FunctionBench>,
    ) -> FunctionTested {
        let run = Self { bench: Some(bench), ..self };
        let mut frame = Frame::new(&run.program);
        let body = test.body.clone().unwrap_or_default();
        let value = match run.guests.beside(run.steps(&mut frame, &body)).await {
            Ok(_) => Datum::None,
            Err(Exit::Return(value) | Exit::Failed(value)) => value,
        };
        run.guests.end().await;
        let bound = frame.names.iter().map(|(name, bound)| (name.clone(), bound.value.clone()));
        let mut bound: Vec<_> = bound.collect();
        bound.sort_by(|(a, _), (b, _)| a.cmp(b));
        FunctionTested { value, bound: Datum::map(bound) }
    }

    pub(super) async fn call_step(
        &self,
        frame: &mut Frame,
        step: &FunctionStep,
        call: &FunctionCall,
    ) -> Result<(Datum, bool), Exit> {
        let program = self.program.clone();
        let value = match call.callee {
            FunctionCallee::Function(index) => {
                let params = &program.functions.functions[index].params;
                let default = |param: &FunctionParam| {
                    typed::written(&program.functions.types, &param.kind, &param.default)
                };
                let mut arguments: Vec<(Datum, bool)> =
                    params.iter().map(|param| (default(param), false)).collect();
                for (at, operand) in &call.arguments {
                    let (value, observed) = read(frame, step, operand)?;
                    let kind = params.get(*at).map_or("Any", |param| &param.kind);
                    // A parameter that names the failure's type wants to see it.
                    let wanted = value.is_failure() && names(kind, &value);
                    if value.is_failure() && !observed && !wanted {
                        return Err(Exit::Failed(value));
                    }
                    if let Some(place) = arguments.get_mut(*at) {
                        // Handing it over does not look at it: what the function does with it decides.
                        *place = (value, observed);
                    }
                }
                frame.release(&step.last);
                self.call_observed(index, arguments).await
            }
            FunctionCallee::Library(function) if function.is_for_tests() => {
                let mut arguments = vec![Datum::None; function.params.len()];
                for (at, operand) in &call.arguments {
                    // Failures are there to be looked at, too.
                    let (value, _) = read(frame, step, operand)?;
                    if let Some(place) = arguments.get_mut(*at) {
                        *place = value;
                    }
                }
                let Some(bench) = &self.bench else { return Ok((Datum::None, false)) };
                return match bench.call(call.span, function.id, &arguments) {
                    Ok(value) => Ok((value, false)),
                    Err(failure) => Err(Exit::Failed(failure)),
                };
            }
            FunctionCallee::Library(function) => {
                let (value, observed) = self.call_library(frame, step, call, function).await?;
                if observed {
                    return Ok((value, true));
                }
                value
            }
            FunctionCallee::Unknown => Datum::None,
        };
        self.handled(frame, step, call, value).await
    }

    async fn call_library(
        &self,
        frame: &Frame,
        step: &FunctionStep,
        call: &FunctionCall,
        function: &LibraryFunction,
    ) -> Result<(Datum, bool), Exit> {
        let mut arguments = vec![Datum::None; function.params.len()];
        let mut seen = false;
        for (at, operand) in &call.arguments {
            let (value, observed) = looked_at(frame, step, operand)?;
            seen |= observed && gives_parts(function.id);
            if let Some(place) = arguments.get_mut(*at) {
                *place = value;
            }
        }
        let stand_in = self.stand_in(&self.program.functions, function.id);
        match stand_in.map_or_else(|| library::call(function.id, &arguments), |_| None) {
            Some(Ok(value)) => Ok((value, seen)),
            Some(Err(message)) => {
                let message = format!("`{}`: {message}", function.id);
                Err(Exit::Failed(fault("E-TYPE-006", step, message)))
            }
            None => Ok((self.reach(function.id, arguments).await, false)),
        }
    }

    /// Calls a function of the library that the host has, or what stands in for it.
    pub(super) async fn reach(&self, function: &str, arguments: Vec<Datum>) -> Datum {
        match self.stand_in(&self.program.functions, function) {
            Some(stand_in) => {
                let arguments = arguments.into_iter().map(|value| (value, false)).collect();
                self.call_function(stand_in, arguments).await
            }
            None => self.host_called(function, arguments).await,
        }
    }

    /// What a call comes to that yields this value: a failure may have a case that takes it up.
    async fn handled(
        &self,
        frame: &mut Frame,
        step: &FunctionStep,
        call: &FunctionCall,
        value: Datum,
    ) -> Result<(Datum, bool), Exit> {
        if !value.is_failure() {
            return Ok((value, false));
        }
        let types = &self.program.functions.types;
        let Some(case) = pattern::chosen(types, &call.handlers, &value) else {
            return Ok((value, false));
        };
        // In the case the call's own name means the failure; what the case binds to it instead stands.
        if let Some(name) = &step.output {
            frame.bind(name, value.clone(), true);
        }
        let last = self.steps(frame, &case.steps).await?;
        match step.output.as_ref().and_then(|name| frame.names.get(name)) {
            Some(bound) if !same(&bound.value, &value) => Ok((bound.value.clone(), bound.observed)),
            _ => Ok((last, false)),
        }
    }
}

fn same(a: &Datum, b: &Datum) -> bool {
    match (a, b) {
        (Datum::Record(a), Datum::Record(b)) => Arc::ptr_eq(a, b),
        _ => false,
    }
}

/// Whether a type names the type of a failure; `Any` does not.
fn names(kind: &str, value: &Datum) -> bool {
    let is_any = |kind: &str| matches!(kind.trim().trim_end_matches('?'), "Any" | "Optional<Any>");
    union_members(kind).any(|kind| !is_any(kind) && value.is_a(kind))
}

//! Effects: what a function declares must cover what it calls, through all that they call.

use std::collections::{BTreeMap, BTreeSet};

use super::LIBRARY;
use crate::diagnostic::{Code, Diagnostic};
use crate::plan::{Action, DataTarget, FunctionCall, FunctionCallee, FunctionStep, Functions};
use crate::source::Span;

const DATA_OF_PROJECT: &str = "meta";
const DATA_OF_DOCUMENTS: &str = "std.storage";
const DATA_OF_DATABASES: &str = "database";

/// Every missing effect, where the call stands that brings it.
pub(super) fn check(program: &Functions) -> Vec<Diagnostic> {
    let causes = causes(program);
    let declared = declared(program);
    let closures = closures(&declared, &causes);
    let mut problems = Vec::new();
    for (index, function) in program.functions.iter().enumerate() {
        if function.infers_effects {
            continue;
        }
        // One problem for each effect, at the first call that brings it.
        let mut missing: BTreeMap<&str, (Span, bool, String)> = BTreeMap::new();
        for cause in &causes[index] {
            let (name, own, all): (&str, BTreeSet<&str>, BTreeSet<&str>) = match cause {
                Cause::Step(_, effect) => {
                    ("this step", BTreeSet::from([*effect]), BTreeSet::from([*effect]))
                }
                Cause::Call(call) => match call.callee {
                    FunctionCallee::Unknown => continue,
                    FunctionCallee::Library(library) => {
                        let effects: BTreeSet<&str> = library.effect.into_iter().collect();
                        (library.id, effects.clone(), effects)
                    }
                    FunctionCallee::Function(callee) => (
                        &program.functions[callee].id,
                        declared[callee].clone(),
                        closures[callee].clone(),
                    ),
                },
            };
            for effect in all.difference(&declared[index]) {
                let is_own = own.contains(effect);
                let known = missing.get(effect);
                if known.is_none_or(|(_, direct, _)| is_own && !direct) {
                    missing.insert(effect, (cause.span(), is_own, cause.shown(name)));
                }
            }
        }
        for (effect, (span, direct, callee)) in missing {
            let code = match (direct, function.effects.is_empty()) {
                (false, _) => Code::COV_FAR_EFFECT,
                (true, true) => Code::COV_PURE_EFFECT,
                (true, false) => Code::COV_EFFECT,
            };
            let message =
                format!("`{}` has the effect `{effect}` and does not say so", function.id);
            let label = match direct {
                true => format!("{callee} has it"),
                false => format!("{callee} brings it by what it calls"),
            };
            let help = format!("add `effect {effect}` to the `effects` of `{}`", function.id);
            let problem = Diagnostic::new(code, span, message).label(label);
            problems.push(problem.also(function.span, "this function").help(help));
        }
    }
    problems
}

/// Every effect that a function of a program can have: what the library and steps on data have, and what the program declares.
pub fn all(program: &Functions) -> BTreeSet<&str> {
    let library = LIBRARY.iter().filter_map(|function| function.effect);
    let data = [DATA_OF_PROJECT, DATA_OF_DOCUMENTS, DATA_OF_DATABASES];
    let declared = program.functions.iter().flat_map(|function| &function.effects);
    library.chain(data).chain(declared.map(|(name, _)| &**name)).collect()
}

/// Why a function has an effect.
enum Cause<'p> {
    Call(&'p FunctionCall),
    /// A step on data, whatever it is called.
    Step(Span, &'static str),
}

impl Cause<'_> {
    fn span(&self) -> Span {
        match self {
            Self::Call(call) => call.span,
            Self::Step(span, _) => *span,
        }
    }

    fn shown(&self, name: &str) -> String {
        match self {
            Self::Call(_) => format!("`{name}`"),
            Self::Step(..) => name.to_owned(),
        }
    }
}

fn causes(program: &Functions) -> Vec<Vec<Cause<'_>>> {
    let causes = program.functions.iter().map(|function| {
        let mut causes = Vec::new();
        if let Some(body) = &function.body {
            collect(body, &mut causes);
        }
        causes
    });
    causes.collect()
}

fn declared(program: &Functions) -> Vec<BTreeSet<&str>> {
    let effects = program.functions.iter().map(|function| &function.effects);
    effects.map(|effects| effects.iter().map(|(name, _)| &**name).collect()).collect()
}

/// What each function of a program may do, whatever it says about it.
pub(super) fn closures_of(program: &Functions) -> Vec<BTreeSet<&str>> {
    closures(&declared(program), &causes(program))
}

fn closures<'p>(
    declared: &[BTreeSet<&'p str>],
    causes: &[Vec<Cause<'p>>],
) -> Vec<BTreeSet<&'p str>> {
    let mut closures: Vec<BTreeSet<&str>> = declared.to_vec();
    let mut callers: Vec<Vec<usize>> = vec![Vec::new(); causes.len()];
    for (caller, causes) in causes.iter().enumerate() {
        for cause in causes {
            match cause {
                Cause::Step(_, effect) => _ = closures[caller].insert(effect),
                Cause::Call(call) => match call.callee {
                    FunctionCallee::Function(callee) => callers[callee].push(caller),
                    FunctionCallee::Library(library) => closures[caller].extend(library.effect),
                    FunctionCallee::Unknown => {}
                },
            }
        }
    }
    // A function whose effects grew passes them on to its callers; each can grow once for each effect.
    let mut grown: Vec<usize> = (0..causes.len()).collect();
    while let Some(callee) = grown.pop() {
        let effects = closures[callee].clone();
        for caller in &callers[callee] {
            let before = closures[*caller].len();
            closures[*caller].extend(&effects);
            if closures[*caller].len() > before {
                grown.push(*caller);
            }
        }
    }
    closures
}

fn collect<'s>(steps: &'s [FunctionStep], causes: &mut Vec<Cause<'s>>) {
    for step in steps {
        match &step.action {
            Action::Call(call) => causes.push(Cause::Call(call)),
            Action::Data(data) => causes.push(Cause::Step(
                step.span,
                match data.target {
                    DataTarget::Project => DATA_OF_PROJECT,
                    DataTarget::Documents => DATA_OF_DOCUMENTS,
                    DataTarget::Database(_) => DATA_OF_DATABASES,
                },
            )),
            Action::Traverse(_) => causes.push(Cause::Step(step.span, DATA_OF_PROJECT)),
            _ => {}
        }
        step.inner(|steps| collect(steps, causes));
    }
}

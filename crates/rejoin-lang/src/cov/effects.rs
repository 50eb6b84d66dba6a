//! Effects: what a function declares must cover what it calls, through all that they call.

use std::collections::{BTreeMap, BTreeSet};

use crate::diagnostic::{Code, Diagnostic};
use crate::plan::{Action, FunctionCall, FunctionCallee, FunctionStep, Functions};
use crate::source::Span;

/// Every missing effect, where the call stands that brings it.
pub(super) fn check(program: &Functions) -> Vec<Diagnostic> {
    let calls: Vec<Vec<&FunctionCall>> = program
        .functions
        .iter()
        .map(|function| {
            let mut calls = Vec::new();
            if let Some(body) = &function.body {
                collect(body, &mut calls);
            }
            calls
        })
        .collect();
    let declared: Vec<BTreeSet<&str>> = program
        .functions
        .iter()
        .map(|function| function.effects.iter().map(|(name, _)| &**name).collect())
        .collect();
    let closures = closures(&declared, &calls);
    let mut problems = Vec::new();
    for (index, function) in program.functions.iter().enumerate() {
        if function.infers_effects {
            continue;
        }
        // One problem for each effect, at the first call that brings it.
        let mut missing: BTreeMap<&str, (Span, bool, String)> = BTreeMap::new();
        for call in &calls[index] {
            let (name, own, all): (&str, BTreeSet<&str>, BTreeSet<&str>) = match call.callee {
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
            };
            for effect in all.difference(&declared[index]) {
                let is_own = own.contains(effect);
                let known = missing.get(effect);
                if known.is_none_or(|(_, direct, _)| is_own && !direct) {
                    missing.insert(effect, (call.span, is_own, name.to_owned()));
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
                true => format!("`{callee}` has it"),
                false => format!("`{callee}` brings it by what it calls"),
            };
            let help = format!("add `effect {effect}` to the `effects` of `{}`", function.id);
            let problem = Diagnostic::new(code, span, message).label(label);
            problems.push(problem.also(function.span, "this function").help(help));
        }
    }
    problems
}

/// What each function may do, whatever it says about it.
fn closures<'p>(
    declared: &[BTreeSet<&'p str>],
    calls: &[Vec<&'p FunctionCall>],
) -> Vec<BTreeSet<&'p str>> {
    let mut closures: Vec<BTreeSet<&str>> = declared.to_vec();
    let mut callers: Vec<Vec<usize>> = vec![Vec::new(); calls.len()];
    for (caller, calls) in calls.iter().enumerate() {
        for call in calls {
            match call.callee {
                FunctionCallee::Function(callee) => callers[callee].push(caller),
                FunctionCallee::Library(library) => closures[caller].extend(library.effect),
                FunctionCallee::Unknown => {}
            }
        }
    }
    // A function whose effects grew passes them on to its callers; each can grow once for each effect.
    let mut grown: Vec<usize> = (0..calls.len()).collect();
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

fn collect<'s>(steps: &'s [FunctionStep], calls: &mut Vec<&'s FunctionCall>) {
    for step in steps {
        if let Action::Call(call) = &step.action {
            calls.push(call);
        }
        step.inner(|steps| collect(steps, calls));
    }
}

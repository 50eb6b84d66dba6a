//! Functions of `.cov` files, explained as bodies of `.wp` programs are.

mod critical;
mod outline;
mod suggest;

use std::collections::BTreeSet;

pub use suggest::suggest_functions;

use super::{Body, Explained};
use crate::plan::{Action, FunctionCallee, FunctionStep, Functions};

/// Explains a function and those that it calls, or all of them if there is no `subject`.
pub fn explain_functions(functions: &Functions, subject: Option<usize>) -> Explained {
    let bodies = of_interest(functions, subject).into_iter().map(|index| {
        let function = &functions.functions[index];
        let body = function.body.as_deref().unwrap_or_default();
        Body {
            name: function.id.to_string(),
            location: functions.sources.location(function.span),
            entries: outline::steps(functions, body),
            critical: critical::of(functions, index),
        }
    });
    Explained { bodies: bodies.collect() }
}

/// The function and, once each, those that it may come to; all that have a body without one.
fn of_interest(functions: &Functions, subject: Option<usize>) -> Vec<usize> {
    let has_body = |index: &usize| functions.functions[*index].body.is_some();
    let Some(subject) = subject else {
        return (0..functions.functions.len()).filter(has_body).collect();
    };
    let mut order = vec![subject];
    let mut seen = BTreeSet::from([subject]);
    let mut next = 0;
    while let Some(&index) = order.get(next) {
        let mut called = Vec::new();
        callees(functions.functions[index].body.as_deref().unwrap_or_default(), &mut called);
        order.extend(called.into_iter().filter(|index| has_body(index) && seen.insert(*index)));
        next += 1;
    }
    order
}

fn callees(steps: &[FunctionStep], into: &mut Vec<usize>) {
    for step in steps {
        if let Action::Call(call) = &step.action
            && let FunctionCallee::Function(index) = call.callee
        {
            into.push(index);
        }
        step.inner(|steps| callees(steps, into));
    }
}

/// Whether calling a function of the library, or one that the host supplies, is worth waiting for.
fn is_outside(effects: impl IntoIterator<Item = impl AsRef<str>>) -> bool {
    effects.into_iter().any(|effect| effect.as_ref() != "console")
}

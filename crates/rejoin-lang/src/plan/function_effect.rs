//! What a function does to the world outside, through all that it calls.

use super::{Action, DataTarget, FunctionCallee, FunctionStep, Functions, Request};
use crate::step_spec::Effect;

impl Functions {
    /// What calling a function may do outside: what the host supplies writes unless it declares no effect.
    ///
    /// # Panics
    /// If there is no function of that index.
    pub fn effect(&self, index: usize) -> Effect {
        let mut seen = vec![false; self.functions.len()];
        let mut open = vec![index];
        let mut effect = Effect::None;
        while let Some(index) = open.pop() {
            if std::mem::replace(&mut seen[index], true) {
                continue;
            }
            let function = &self.functions[index];
            match &function.body {
                Some(body) => effect = effect.max(of_steps(body, &mut open)),
                None if function.effects.is_empty() => {}
                None => effect = Effect::Write,
            }
        }
        effect
    }
}

fn of_steps(steps: &[FunctionStep], open: &mut Vec<usize>) -> Effect {
    let mut effect = Effect::None;
    for step in steps {
        effect = effect.max(match &step.action {
            Action::Call(call) => match call.callee {
                FunctionCallee::Function(index) => {
                    open.push(index);
                    Effect::None
                }
                FunctionCallee::Library(function) => match (function.effect, function.reads) {
                    (None, _) => Effect::None,
                    (Some(_), true) => Effect::Read,
                    (Some(_), false) => Effect::Write,
                },
                FunctionCallee::Unknown => Effect::None,
            },
            Action::Compute(..)
            | Action::Make(_)
            | Action::Return(_)
            | Action::If(..)
            | Action::Match(..)
            | Action::For(..)
            | Action::Fork(_)
            | Action::Transaction(_)
            | Action::Traverse(_) => Effect::None,
            Action::Data(data) => match (data.target, &data.request) {
                (DataTarget::Project, _) => Effect::None,
                (DataTarget::Database(_), Request::Select(_)) => Effect::Read,
                // A statement in SQL may call what writes, whatever its first word is.
                (DataTarget::Database(_), _) => Effect::Write,
            },
            Action::Absent(_) => Effect::Write,
        });
        step.inner(|steps| effect = effect.max(of_steps(steps, open)));
    }
    effect
}

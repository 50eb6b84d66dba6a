//! Lists that grow in a loop: a step that gives an element more to the name that its list is from takes the list out of that name, so
//! that nobody else has it and nothing is copied. Otherwise a loop of many turns would copy the list in each of them.

use std::sync::Arc;

use rejoin_lang::plan::{Action, FunctionCallee, FunctionStep, Make, Operand};

use super::exec::{Exit, Frame, Run, fault, looked_at};
use super::{Datum, stand_in};

impl Run {
    /// Does the first of these steps if it is one, to its value and whether failures in it are there to be looked at.
    pub(super) fn append(
        &self,
        frame: &mut Frame,
        steps: &[FunctionStep],
    ) -> Option<Result<(Datum, bool), Exit>> {
        let (step, rest) = steps.split_first()?;
        let (list, item) = self.appended(step)?;
        let output = step.output.as_ref()?;
        // Two steps may do it, too: `as="next"`, and a `bind` of that to the name of the list.
        if list != output && rest.first().is_none_or(|next| !is_bind(next, output, list)) {
            return None;
        }
        let Datum::List(items) = &frame.names.get(list)?.value else { return None };
        let (item, observed) = match looked_at(frame, step, item) {
            Ok(found) => found,
            Err(exit) => return Some(Err(exit)),
        };
        // Before it is taken: a transaction goes on with its names behind what failed in it.
        if let Some(message) = items.size_with(&item).overgrown() {
            return Some(Err(Exit::Failed(fault("E-RT-SIZE", step, message))));
        }
        let bound = frame.take(list)?;
        frame.take(output);
        let Datum::List(items) = bound.value else { return None };
        Some(Ok((Datum::List(items.with(item)), bound.observed || observed)))
    }

    /// The name of the list and the element, if the step is one that appends to what a name stands for.
    fn appended<'s>(&self, step: &'s FunctionStep) -> Option<(&'s Arc<str>, &'s Operand)> {
        let (list, item) = match &step.action {
            Action::Compute(operation, inputs) if **operation == *"list_append" => {
                let [list, item] = &**inputs else { return None };
                (list, item)
            }
            Action::Call(call) => {
                let FunctionCallee::Library(function) = call.callee else { return None };
                let is_replaced = || {
                    self.bench.is_some() && stand_in(&self.program.functions, function.id).is_some()
                };
                if function.id != "list.append" || is_replaced() {
                    return None;
                }
                match &*call.arguments {
                    [(0, list), (1, item)] | [(1, item), (0, list)] => (list, item),
                    _ => return None,
                }
            }
            _ => return None,
        };
        match list {
            Operand::Path(name, _) => Some((name, item)),
            _ => None,
        }
    }
}

fn is_bind(step: &FunctionStep, from: &Arc<str>, to: &Arc<str>) -> bool {
    let Action::Make(Make::Operand(Operand::Path(path, _))) = &step.action else { return false };
    path == from && step.output.as_ref() == Some(to)
}

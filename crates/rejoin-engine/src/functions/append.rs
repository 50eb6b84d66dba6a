//! Lists and maps that grow in a loop: a step that gives an element more to the name that its list is from takes the list out of that
//! name, so that nobody else has it and nothing is copied. Otherwise a loop of many turns would copy the list in each of them.

use std::sync::Arc;

use rejoin_lang::plan::{Action, FunctionCallee, FunctionStep, Make, Operand};

use super::exec::{Exit, Frame, Run, looked_at};
use super::{Datum, stand_in};

impl Run {
    /// Does the first of these steps if it is one, to its value and whether failures in it are there to be looked at.
    pub(super) fn append(
        &self,
        frame: &mut Frame,
        steps: &[FunctionStep],
    ) -> Option<Result<(Datum, bool), Exit>> {
        let (step, rest) = steps.split_first()?;
        let (name, given) = self.appended(step)?;
        let output = step.output.as_ref()?;
        // Two steps may do it, too: `as="next"`, and a `bind` of that to the name of the list.
        if name != output && rest.first().is_none_or(|next| !is_bind(next, output, name)) {
            return None;
        }
        let whole = &frame.names.get(name)?.value;
        let given: Result<Vec<(Datum, bool)>, Exit> =
            given.iter().map(|operand| looked_at(frame, step, operand)).collect();
        let given = match given {
            Ok(given) => given,
            Err(exit) => return Some(Err(exit)),
        };
        let seen = given.iter().any(|(_, seen)| *seen);
        let given: Vec<Datum> = given.into_iter().map(|(value, _)| value).collect();
        // What can go wrong does so where nothing was taken: a transaction goes on with its names behind what failed in it.
        let size = match (whole, &*given) {
            (Datum::List(list), [item]) => list.size_with(item),
            (Datum::Record(map), [Datum::Text(_), value]) if map.is_map() => map.size_with(value),
            _ => return None,
        };
        if size.overgrown().is_some() {
            return None;
        }
        let bound = frame.take(name)?;
        frame.take(output);
        let mut given = given.into_iter();
        let grown = match (bound.value, given.next()?, given.next()) {
            (Datum::List(list), item, None) => Datum::List(list.with(item)),
            (Datum::Record(map), Datum::Text(key), Some(value)) => {
                Datum::Record(map.with(key, value))
            }
            _ => return None,
        };
        Some(Ok((grown, bound.observed || seen)))
    }

    /// The name of the list or map and what it gets, if the step is one that adds to what a name stands for.
    fn appended<'s>(&self, step: &'s FunctionStep) -> Option<(&'s Arc<str>, Vec<&'s Operand>)> {
        let (whole, given) = match &step.action {
            Action::Compute(operation, inputs) => match (&**operation, &**inputs) {
                ("list_append", [list, item]) => (list, vec![item]),
                ("map_insert", [map, key, value]) => (map, vec![key, value]),
                _ => return None,
            },
            Action::Call(call) => {
                let FunctionCallee::Library(function) = call.callee else { return None };
                let is_replaced = || {
                    self.bench.is_some() && stand_in(&self.program.functions, function.id).is_some()
                };
                if function.id != "list.append" || is_replaced() {
                    return None;
                }
                match &*call.arguments {
                    [(0, list), (1, item)] | [(1, item), (0, list)] => (list, vec![item]),
                    _ => return None,
                }
            }
            _ => return None,
        };
        match whole {
            Operand::Path(name, _) => Some((name, given)),
            _ => None,
        }
    }
}

fn is_bind(step: &FunctionStep, from: &Arc<str>, to: &Arc<str>) -> bool {
    let Action::Make(Make::Operand(Operand::Path(path, _))) = &step.action else { return false };
    path == from && step.output.as_ref() == Some(to)
}

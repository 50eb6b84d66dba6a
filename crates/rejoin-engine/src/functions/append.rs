//! Lists, sets, maps and texts that grow in a loop: a step that gives an element more to the name that its list is from takes the list out
//! of that name, so that nobody else has it and nothing is copied. Otherwise a loop of many turns would copy the list in each of them.

use std::sync::Arc;

use rejoin_lang::plan::{Action, FunctionCallee, FunctionStep, Make, Operand};

use super::exec::{Exit, Frame, Run, looked_at};
use super::size::Size;
use super::{Datum, library, stand_in};

/// So many steps in a row may add to something before it has its name again.
const MOST_ON_THE_WAY: usize = 16;

/// What grows, and by what.
#[derive(Clone, Copy)]
enum Growth {
    /// A list, by an element.
    List,
    /// A set, by an element that may be in it.
    Set,
    /// A map, by a value under a key.
    Map,
    /// A text, by those that come behind it.
    Text,
}

impl Run {
    /// Does the first of these steps if it is one, to its value and whether failures in it are there to be looked at.
    pub(super) fn append(
        &self,
        frame: &mut Frame,
        steps: &[FunctionStep],
    ) -> Option<Result<(Datum, bool), Exit>> {
        let (step, rest) = steps.split_first()?;
        let (growth, name, given) = self.appended(step)?;
        let output = step.output.as_ref()?;
        if name != output && !step.takes && !self.comes_back(name, output, rest) {
            return None;
        }
        let whole = &frame.names.get(name)?.value;
        if matches!(growth, Growth::Text) && whole.as_text().is_none() {
            return None;
        }
        let given: Result<Vec<(Datum, bool)>, Exit> =
            given.iter().map(|operand| looked_at(frame, step, operand)).collect();
        let given = match given {
            Ok(given) => given,
            Err(exit) => return Some(Err(exit)),
        };
        let seen = given.iter().any(|(_, seen)| *seen);
        let given: Vec<Datum> = given.into_iter().map(|(value, _)| value).collect();
        // What can go wrong does so where nothing was taken: a transaction goes on with its names behind what failed in it.
        if size(growth, whole, &given)?.overgrown().is_some() {
            return None;
        }
        let bound = frame.take(name)?;
        frame.take(output);
        let observed = bound.observed || seen;
        let mut given = given.into_iter();
        let grown = match (growth, bound.value) {
            (Growth::List, Datum::List(list)) => Datum::List(list.with(given.next()?)),
            (Growth::Set, Datum::List(set)) => Datum::List(set.with_new(given.next()?)),
            (Growth::Map, Datum::Record(map)) => {
                let (Datum::Text(key), value) = (given.next()?, given.next()?) else { return None };
                Datum::Record(map.with(key.shared(), value))
            }
            (Growth::Text, Datum::Text(text)) => {
                let more = given.filter_map(|more| match more {
                    Datum::Text(more) => Some(more),
                    _ => None,
                });
                Datum::Text(more.fold(text, |text, more| text.with(&more)))
            }
            _ => return None,
        };
        Some(Ok((grown, observed)))
    }

    /// Whether the next steps do nothing but to add more to what a name stood for, or to bind it, until it has its name again:
    /// `as="next"`, and a `bind` of that to the name of the list.
    fn comes_back(&self, name: &Arc<str>, output: &Arc<str>, rest: &[FunctionStep]) -> bool {
        let mut output = output;
        for next in rest.iter().take(MOST_ON_THE_WAY) {
            if is_bind(next, output, name) {
                return true;
            }
            // A transaction goes on with its names behind what fails in it.
            if !next.takes || self.transaction.is_some() {
                return false;
            }
            let Some((_, whole, given)) = self.appended(next) else { return false };
            let Some(to) = &next.output else { return false };
            if whole != output || given.iter().any(|operand| reads(operand, name)) {
                return false;
            }
            if to == name {
                return true;
            }
            output = to;
        }
        false
    }

    /// What a step adds to what a name stands for, if it is one that does.
    fn appended<'s>(
        &self,
        step: &'s FunctionStep,
    ) -> Option<(Growth, &'s Arc<str>, Vec<&'s Operand>)> {
        let (growth, whole, given) = match &step.action {
            Action::Compute(operation, inputs) => match (&**operation, &**inputs) {
                ("list_append", [list, item]) => (Growth::List, list, vec![item]),
                ("set_add", [set, item]) => (Growth::Set, set, vec![item]),
                ("map_insert", [map, key, value]) => (Growth::Map, map, vec![key, value]),
                ("add", [text, more]) => (Growth::Text, text, vec![more]),
                ("concat", [text, more @ ..]) => (Growth::Text, text, more.iter().collect()),
                _ => return None,
            },
            Action::Call(call) => {
                let FunctionCallee::Library(function) = call.callee else { return None };
                let growth = match function.id {
                    "list.append" => Growth::List,
                    "text.concat" => Growth::Text,
                    _ => return None,
                };
                let is_replaced = || {
                    self.bench.is_some() && stand_in(&self.program.functions, function.id).is_some()
                };
                if is_replaced() {
                    return None;
                }
                match &*call.arguments {
                    [(0, whole), (1, more)] | [(1, more), (0, whole)] => {
                        (growth, whole, vec![more])
                    }
                    _ => return None,
                }
            }
            _ => return None,
        };
        match whole {
            Operand::Path(name, _) => Some((growth, name, given)),
            _ => None,
        }
    }
}

/// How large it is then, if it is one that grows where it is.
fn size(growth: Growth, whole: &Datum, given: &[Datum]) -> Option<Size> {
    match (growth, whole, given) {
        (Growth::List | Growth::Set, Datum::List(list), [item]) => Some(list.size_with(item)),
        (Growth::Map, Datum::Record(map), [Datum::Text(_), value]) if map.is_map() => {
            Some(map.size_with(value))
        }
        (Growth::Text, Datum::Text(text), more) => {
            let add =
                |length: usize, more: &Datum| Some(length.saturating_add(more.as_text()?.len()));
            let length = more.iter().try_fold(text.len(), add)?;
            library::sized(length).ok().map(|()| Size::of_bytes(length))
        }
        _ => None,
    }
}

/// Whether an operand may be what a name stands for, or in that.
fn reads(operand: &Operand, name: &str) -> bool {
    match operand {
        Operand::Path(path, _) => {
            let rest = path.strip_prefix(name);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        }
        Operand::Node(_) => true,
        Operand::Literal(_) | Operand::Default(..) => false,
    }
}

fn is_bind(step: &FunctionStep, from: &Arc<str>, to: &Arc<str>) -> bool {
    let Action::Make(Make::Operand(Operand::Path(path, _))) = &step.action else { return false };
    path == from && step.output.as_ref() == Some(to)
}

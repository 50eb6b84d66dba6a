//! Lists, sets, maps and texts that grow in a loop: a step that gives an element more to a list takes it out of the name that it is from if
//! nobody else reads that, and out of the map that it goes back to, so that nobody else has it and nothing is copied. Otherwise a loop of
//! many turns would copy the list in each of them.

use rejoin_lang::plan::{Action, FunctionCallee, FunctionStep, Growth, GrowthKind};

use super::exec::{Exit, Frame, Run, looked_at};
use super::size::Size;
use super::{Datum, library, stand_in};

impl Run {
    /// Does a step if it is one, to its value and whether failures in it are there to be looked at.
    pub(super) fn append(
        &self,
        frame: &mut Frame,
        step: &FunctionStep,
    ) -> Option<Result<(Datum, bool), Exit>> {
        let Growth { kind: growth, of: name, by: given } = self.growth(step)?;
        let output = step.output.as_ref()?;
        if name != output && !step.last.contains(name) {
            return None;
        }
        let whole = &frame.names.get(name)?.value;
        if matches!(growth, GrowthKind::Text) && whole.as_text().is_none() {
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
        let key = step.entry.as_ref().and_then(|entry| match looked_at(frame, step, &entry.key) {
            Ok((Datum::Text(key), _)) => Some(key),
            _ => None,
        });
        let bound = frame.take(name)?;
        frame.take(output);
        frame.release(&step.last);
        if let (Some(entry), Some(key)) = (&step.entry, key) {
            frame.vacate(&entry.map, &key, &bound.value);
        }
        let observed = bound.observed || seen;
        let mut given = given.into_iter();
        let grown = match (growth, bound.value) {
            (GrowthKind::List, Datum::List(list)) => Datum::List(list.with(given.next()?)),
            (GrowthKind::Set, Datum::List(set)) => Datum::List(set.with_new(given.next()?)),
            (GrowthKind::Map, Datum::Record(map)) => {
                let (Datum::Text(key), value) = (given.next()?, given.next()?) else { return None };
                Datum::Record(map.with(key.shared(), value))
            }
            (GrowthKind::Text, Datum::Text(text)) => {
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

    /// What a step adds to what a name stands for, if it is one that does.
    fn growth<'s>(&self, step: &'s FunctionStep) -> Option<Growth<'s>> {
        let growth = step.growth()?;
        if let (Some(_), Action::Call(call)) = (&self.bench, &step.action)
            && let FunctionCallee::Library(function) = call.callee
            && stand_in(&self.program.functions, function.id).is_some()
        {
            return None;
        }
        Some(growth)
    }
}

/// How large it is then, if it is one that grows where it is.
fn size(growth: GrowthKind, whole: &Datum, given: &[Datum]) -> Option<Size> {
    match (growth, whole, given) {
        (GrowthKind::List | GrowthKind::Set, Datum::List(list), [item]) => {
            Some(list.size_with(item))
        }
        (GrowthKind::Map, Datum::Record(map), [Datum::Text(_), value]) if map.is_map() => {
            Some(map.size_with(value))
        }
        (GrowthKind::Text, Datum::Text(text), more) => {
            let add =
                |length: usize, more: &Datum| Some(length.saturating_add(more.as_text()?.len()));
            let length = more.iter().try_fold(text.len(), add)?;
            library::sized(length).ok().map(|()| Size::of_bytes(length))
        }
        _ => None,
    }
}

//! Loops: what a name becomes in one turn is what the next begins with.

use super::super::super::ast::{Block, ValueKind};
use super::super::is;
use super::Type;
use super::paths::{Last, Path};
use super::values::Walk;

impl<'f> Walk<'_, 'f> {
    /// The value of a `for`.
    pub(super) fn looped(&mut self, step: &'f Block) -> Type {
        let item = self.item(step);
        let name = step.text("var").unwrap_or_default();
        let before = self.known.clone();
        let mut bound = vec![name];
        names(step, &mut bound);
        bound.iter().for_each(|name| self.forget(name));
        bound.iter().for_each(|name| self.forget_inner(name));
        self.begin_any_turn(step, (name, &item), &bound);
        let mut lasts = self.apart(vec![Path::of(step, vec![(name, item)]), Path::nothing()]);
        let is_steady = before.iter().all(|(name, kind)| self.known.get(name) == Some(kind));
        match lasts.swap_remove(0) {
            Last::Of(kind) if is_steady => Type::List(kind.into()),
            _ => Type::Any,
        }
    }

    /// What a comparison has said about a name does not hold in each turn if one binds it to what may be none. How a turn ends is
    /// found by going through it, once for each loop: within that, nothing is known of such names in the loops inside.
    fn begin_any_turn(
        &mut self,
        step: &'f Block,
        (name, item): (&'f str, &Type),
        bound: &[&'f str],
    ) {
        let compared: Vec<&'f str> =
            bound.iter().filter(|name| self.is_narrowed(name)).copied().collect();
        if compared.is_empty() {
            return;
        }
        if self.is_trial {
            compared.into_iter().for_each(|name| self.narrow(name, Type::Any));
            return;
        }
        self.is_trial = true;
        let (said, since) = (self.problems.len(), self.changes());
        self.set(name, item.clone());
        self.steps(step);
        let is_optional = |name: &&'f str| self.known.get(name).is_some_and(Type::is_optional);
        let optional: Vec<&'f str> = compared.into_iter().filter(is_optional).collect();
        self.leave(since);
        self.problems.truncate(said);
        self.is_trial = false;
        for name in optional {
            if let Some(first) = self.known.get(name).cloned() {
                self.narrow(name, first.optional());
            }
        }
    }
}

/// Every name that steps bind, and the steps in them.
fn names<'f>(steps: &'f Block, all: &mut Vec<&'f str>) {
    all.extend(["as", "binding"].iter().filter_map(|attribute| steps.text(attribute)));
    if is(steps, "step") {
        all.extend(steps.text("var"));
    }
    for list in ["bindings", "fields"].iter().filter_map(|attribute| steps.attribute(attribute)) {
        if let ValueKind::Names(names) = &list.value.kind {
            all.extend(names.iter().map(|name| &**name));
        }
    }
    steps.blocks().for_each(|inner| names(inner, all));
}

//! What `parallel` and `race` give: a slot for each branch, or the value of one of them, and what can go wrong instead.

use std::rc::Rc;

use super::super::super::ast::{Block, ValueKind};
use super::super::parts;
use super::Type;
use super::paths::Last;
use super::values::Walk;

/// What is known of a branch.
#[derive(Debug, PartialEq)]
pub(in super::super) struct Slot {
    id: Rc<str>,
    /// The name that its last step binds.
    alias: Option<Rc<str>>,
    pub(super) kind: Type,
}

/// What can be read under a name of the result of a block.
pub(super) fn slot(slots: &[Slot], name: &str) -> Option<Type> {
    if let Some(slot) = slots.iter().find(|slot| *slot.id == *name) {
        return Some(slot.kind.clone());
    }
    if matches!(name, "successes" | "failures") {
        return Some(Type::List(Type::Any.into()));
    }
    let mut named = slots.iter().filter(|slot| slot.alias.as_deref() == Some(name));
    if let (Some(slot), None) = (named.next(), named.next()) {
        return Some(slot.kind.clone());
    }
    // By its position.
    Some(slots.get(name.parse::<usize>().ok()?)?.kind.clone())
}

/// The names that a program would write.
pub(super) fn names(slots: &[Slot]) -> Vec<&str> {
    slots.iter().map(|slot| &*slot.id).collect()
}

impl<'f> Walk<'_, 'f> {
    /// Follows the branches, and gives what is known of the value of the step.
    pub(super) fn forked(&mut self, step: &'f Block, is_race: bool) -> Type {
        let branches: Vec<&'f Block> = parts(step, "branch").collect();
        let kinds: Vec<Type> = branches.iter().map(|branch| self.branch(branch)).collect();
        let named = |kind: &str| Type::Named(kind.into());
        let ignores = step.text("on_error") == Some("ignore_errors");
        let collects = step.text("on_error") == Some("collect_all");
        let has_time = step
            .attribute("timeout")
            .is_some_and(|timeout| matches!(timeout.value.kind, ValueKind::Duration(_)));
        let is_partial = has_time && step.text("on_timeout") == Some("return_partial");
        let timed_out = (has_time && !is_partial).then(|| named("TimeoutError"));
        let failures =
            kinds.iter().flat_map(Type::members).filter(|kind| self.table.is_failure(kind));
        let failures: Vec<Type> = failures.cloned().collect();
        if is_race {
            let values =
                kinds.iter().map(|kind| if ignores { self.good(kind) } else { kind.clone() });
            let late = is_partial.then_some(Type::None);
            let lost = ignores.then(|| named("RaceError"));
            return Type::union(values.chain(late).chain(lost).chain(timed_out));
        }
        if branches.iter().any(|branch| branch.text("id").is_none_or(|id| id.contains('.'))) {
            return Type::Any;
        }
        let slots = branches.iter().zip(&kinds).map(|(branch, kind)| Slot {
            id: branch.text("id").unwrap_or_default().into(),
            alias: parts(branch, "step")
                .last()
                .and_then(|step| step.text("as"))
                .filter(|name| *name != "_")
                .map(Rc::from),
            // Whatever goes wrong in a branch is in the slot, if it collects.
            kind: match collects {
                true => Type::Any,
                // A branch in which nothing can go wrong is there, unless the time is up before.
                false if is_partial || ignores && self.can_fail(kind) => self.good(kind).optional(),
                false => self.good(kind),
            },
        });
        let whole = Type::Slots(slots.collect::<Vec<_>>().into());
        let failed = failures.into_iter().filter(|_| !ignores && !collects);
        Type::union([whole].into_iter().chain(failed).chain(timed_out))
    }

    /// The value of a branch: that of its last step, or of a `return` in it.
    fn branch(&mut self, branch: &'f Block) -> Type {
        let since = self.changes();
        let outer = self.returned.replace(Vec::new());
        let last = self.steps(branch);
        let returned = std::mem::replace(&mut self.returned, outer).unwrap_or_default();
        self.leave(since);
        let last = match last {
            Last::Ends => None,
            Last::Unknown => Some(Type::None),
            Last::Of(kind) => Some(kind),
        };
        Type::union(returned.into_iter().chain(last))
    }

    fn can_fail(&self, kind: &Type) -> bool {
        kind.members().iter().any(|member| *member == Type::Any || self.table.is_failure(member))
    }

    /// Without the failures.
    fn good(&self, kind: &Type) -> Type {
        match kind.without(|member| self.table.is_failure(member)) {
            only if self.table.is_failure(&only) => Type::Any,
            good => good,
        }
    }
}

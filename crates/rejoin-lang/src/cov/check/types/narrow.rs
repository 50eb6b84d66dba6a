//! Names and paths under which there is something, as a step has compared them with `none` and an `if` asks what came of it.

use super::super::super::ast::{Block, ValueKind};
use super::super::parts;
use super::Type;
use super::paths::{Last, Path};
use super::values::Walk;

/// That a condition says whether there is something under a name or a path.
#[derive(Clone)]
pub(super) struct Fact<'f> {
    path: &'f str,
    /// What it is if there is.
    there: Type,
    /// What the condition is if there is nothing.
    none_if: bool,
}

impl<'f> Walk<'_, 'f> {
    /// What the value of a step says about a name or a path.
    pub(super) fn compared(&mut self, step: &'f Block) -> Option<Fact<'f>> {
        let inputs: Vec<&'f Block> = parts(step, "input").collect();
        let named = |input: &'f Block| {
            let attribute = if input.attribute("var").is_some() { "var" } else { "from" };
            Some((input, attribute, input.text(attribute)?))
        };
        let is_none = |input: &Block| {
            input.attribute("lit").is_some_and(|lit| lit.value.kind == ValueKind::None)
        };
        let none_if = match step.text("op").filter(|_| step.text("kind") == Some("compute"))? {
            "equals" => true,
            "not_equals" => false,
            "not" => {
                let [input] = inputs[..] else { return None };
                let fact = self.facts.get(named(input)?.2)?;
                return Some(Fact { none_if: !fact.none_if, ..fact.clone() });
            }
            _ => return None,
        };
        let (input, attribute, path) = match inputs[..] {
            [input, none] if is_none(none) => named(input)?,
            [none, input] if is_none(none) => named(input)?,
            _ => return None,
        };
        // What is wrong with the path was said where the step was looked at.
        let said = self.problems.len();
        let there = match self.path_of(input, attribute) {
            // It was bound to `none`; what it is otherwise a later turn of a loop says, or nothing does.
            Type::None => Type::Any,
            kind => kind.without(|member| *member == Type::None),
        };
        self.problems.truncate(said);
        Some(Fact { path, there, none_if })
    }

    /// A condition says that from here on.
    pub(super) fn note(&mut self, condition: &'f str, fact: Option<Fact<'f>>) {
        if let Some(fact) = fact.filter(|fact| !is_within(fact.path, condition)) {
            self.facts.insert(condition, fact);
        }
    }

    /// A name stands for something else: what a condition says is no longer about it, nor about what is in it.
    pub(super) fn forget(&mut self, name: &str) {
        self.facts.retain(|condition, fact| *condition != name && !is_within(fact.path, name));
    }

    /// The same for every name that steps bind, before they are gone through for the first of many times.
    pub(super) fn forget_bound(&mut self, steps: &Block) {
        if self.facts.is_empty() {
            return;
        }
        for step in parts(steps, "step") {
            if let Some(name) = step.text("as") {
                self.forget(name);
            }
        }
        steps.blocks().for_each(|inner| self.forget_bound(inner));
    }

    /// The paths of an `if`, with what its condition says about a name.
    pub(super) fn chosen(&mut self, step: &'f Block) -> Vec<Last> {
        let condition = step.text("condition").unwrap_or_default();
        let fact = self.facts.get(condition).cloned();
        let narrowed = |taken_if: bool| {
            let there = fact.as_ref().filter(|fact| fact.none_if != taken_if);
            there.map(|fact| (fact.path, fact.there.clone()))
        };
        let path = |word: &'static str, taken_if: bool| {
            let steps = parts(step, word).next();
            let path = steps.map_or_else(Path::nothing, |steps| Path::of(steps, Vec::new()));
            path.narrowed(narrowed(taken_if))
        };
        let lasts = self.apart(vec![path("then", true), path("else", false)]);
        // Behind a path that ends only the other was taken.
        let only = match lasts[..] {
            [Last::Ends, _] => narrowed(false),
            [_, Last::Ends] => narrowed(true),
            _ => None,
        };
        if let Some((path, kind)) = only.filter(|_| self.facts.contains_key(condition)) {
            self.narrow(path, kind);
        }
        lasts
    }
}

/// Whether a path is a name, or leads into what that stands for.
pub(super) fn is_within(path: &str, name: &str) -> bool {
    path.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

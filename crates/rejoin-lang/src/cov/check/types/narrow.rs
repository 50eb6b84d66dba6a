//! Names that are known to stand for something, as a step has compared them with `none` and an `if` asks what came of it.

use super::super::super::ast::{Block, ValueKind};
use super::super::parts;
use super::Type;
use super::paths::{Last, Path};
use super::values::Walk;

/// That a condition says whether a name stands for nothing.
#[derive(Clone, Copy)]
pub(super) struct Fact<'f> {
    name: &'f str,
    /// What the condition is if it does.
    none_if: bool,
}

impl<'f> Walk<'_, 'f> {
    /// What the value of a step says about a name.
    pub(super) fn compared(&self, step: &'f Block) -> Option<Fact<'f>> {
        let inputs: Vec<&'f Block> = parts(step, "input").collect();
        let name = |input: &'f Block| {
            let name = input.text("var").or_else(|| input.text("from"))?;
            self.known.contains_key(name).then_some(name)
        };
        let is_none = |input: &Block| {
            input.attribute("lit").is_some_and(|lit| lit.value.kind == ValueKind::None)
        };
        let none_if = match step.text("op").filter(|_| step.text("kind") == Some("compute"))? {
            "equals" => true,
            "not_equals" => false,
            "not" => {
                let [input] = inputs[..] else { return None };
                let Fact { name, none_if } = self.facts.get(name(input)?)?;
                return Some(Fact { name, none_if: !none_if });
            }
            _ => return None,
        };
        let name = match inputs[..] {
            [input, none] if is_none(none) => name(input)?,
            [none, input] if is_none(none) => name(input)?,
            _ => return None,
        };
        Some(Fact { name, none_if })
    }

    /// A condition says that from here on.
    pub(super) fn note(&mut self, condition: &'f str, fact: Option<Fact<'f>>) {
        if let Some(fact) = fact.filter(|fact| fact.name != condition) {
            self.facts.insert(condition, fact);
        }
    }

    /// A name stands for something else: what a condition says is no longer about it.
    pub(super) fn forget(&mut self, name: &str) {
        self.facts.retain(|condition, fact| *condition != name && fact.name != name);
    }

    /// The paths of an `if`, with what its condition says about a name.
    pub(super) fn chosen(&mut self, step: &'f Block) -> Vec<Last> {
        let condition = step.text("condition").unwrap_or_default();
        let there = self.facts.get(condition).map(|fact| {
            let there = self.known.get(fact.name).unwrap_or(&Type::Any);
            (*fact, there.without(|member| *member == Type::None))
        });
        let narrowed = |taken_if: bool| {
            let there = there.as_ref().filter(|(fact, _)| fact.none_if != taken_if);
            there.map(|(fact, kind)| (fact.name, kind.clone()))
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
        if let Some((name, kind)) = only.filter(|_| self.facts.contains_key(condition)) {
            self.narrow(name, kind);
        }
        lasts
    }
}

//! Names and paths under which there is something, as steps have compared them with `none` and an `if` asks what came of it.

use super::super::super::ast::{Block, ValueKind};
use super::super::parts;
use super::Type;
use super::paths::{Last, Path};
use super::values::Walk;

/// A name or a path under which there is something, and what that is.
pub(super) type There<'f> = (&'f str, Type);

/// Under what there is something, as a condition says.
#[derive(Clone, Default)]
pub(super) struct Facts<'f> {
    if_true: Vec<There<'f>>,
    if_false: Vec<There<'f>>,
}

impl<'f> Facts<'f> {
    fn of(&self, is_true: bool) -> &[There<'f>] {
        if is_true { &self.if_true } else { &self.if_false }
    }

    fn not(self) -> Self {
        Self { if_true: self.if_false, if_false: self.if_true }
    }

    /// If both conditions are true both say so; if they are not it may be because of either.
    fn and(self, other: Self) -> Self {
        let has = |all: &[There<'f>], path: &str| all.iter().any(|(own, _)| *own == path);
        let mut if_true = self.if_true;
        let more = other.if_true.into_iter().filter(|(path, _)| !has(&if_true, path));
        if_true.extend(more.collect::<Vec<_>>());
        let mut if_false = self.if_false;
        if_false.retain(|(path, _)| has(&other.if_false, path));
        Self { if_true, if_false }
    }

    /// Without what is said about a name, and about what is in that.
    fn forget(&mut self, name: &str) {
        for all in [&mut self.if_true, &mut self.if_false] {
            all.retain(|(path, _)| !is_within(path, name));
        }
    }

    fn is_empty(&self) -> bool {
        self.if_true.is_empty() && self.if_false.is_empty()
    }
}

impl<'f> Walk<'_, 'f> {
    /// What the value of a step says about names and paths.
    pub(super) fn compared(&mut self, step: &'f Block) -> Option<Facts<'f>> {
        let operation = step.text("op").filter(|_| step.text("kind") == Some("compute"))?;
        let inputs: Vec<&'f Block> = parts(step, "input").collect();
        let said = |walk: &Self, input| walk.facts.get(named(input)?.1).cloned();
        match (operation, &inputs[..]) {
            ("not", [input]) => said(self, input).map(Facts::not),
            ("and" | "or", [a, b]) => {
                let (a, b) = (said(self, a), said(self, b));
                if a.is_none() && b.is_none() {
                    return None;
                }
                let (a, b) = (a.unwrap_or_default(), b.unwrap_or_default());
                Some(if operation == "and" { a.and(b) } else { a.not().and(b.not()).not() })
            }
            ("equals" | "not_equals", [input, none]) | ("equals" | "not_equals", [none, input])
                if is_none(none) =>
            {
                let (attribute, path) = named(input)?;
                // What is wrong with the path was said where the step was looked at.
                let said = self.problems.len();
                let there = match self.path_of(input, attribute) {
                    // It was bound to `none`; what it is otherwise a later turn of a loop says, or nothing does.
                    Type::None => Type::Any,
                    kind => kind.without(|member| *member == Type::None),
                };
                self.problems.truncate(said);
                let unlike = Facts { if_true: vec![(path, there)], if_false: Vec::new() };
                Some(if operation == "equals" { unlike.not() } else { unlike })
            }
            _ => None,
        }
    }

    /// A condition says that from here on.
    pub(super) fn note(&mut self, condition: &'f str, facts: Option<Facts<'f>>) {
        let Some(mut facts) = facts else { return };
        facts.forget(condition);
        if !facts.is_empty() {
            self.facts.insert(condition, facts);
        }
    }

    /// A name stands for something else: what a condition says is no longer about it, nor about what is in it.
    pub(super) fn forget(&mut self, name: &str) {
        self.facts.retain(|condition, facts| {
            facts.forget(name);
            *condition != name && !facts.is_empty()
        });
    }

    /// The paths of an `if`, with what its condition says.
    pub(super) fn chosen(&mut self, step: &'f Block) -> Vec<Last> {
        let condition = step.text("condition").unwrap_or_default();
        let facts = self.facts.get(condition).cloned().unwrap_or_default();
        let path = |word: &'static str, is_true: bool| {
            let steps = parts(step, word).next();
            let path = steps.map_or_else(Path::nothing, |steps| Path::of(steps, Vec::new()));
            path.narrowed(facts.of(is_true).to_vec())
        };
        let lasts = self.apart(vec![path("then", true), path("else", false)]);
        // Behind a path that ends only the other was taken.
        let taken = match lasts[..] {
            [Last::Ends, _] => Some(false),
            [_, Last::Ends] => Some(true),
            _ => None,
        };
        let facts = self.facts.get(condition).cloned().unwrap_or_default();
        for (path, kind) in taken.into_iter().flat_map(|taken| facts.of(taken)) {
            self.narrow(path, kind.clone());
        }
        lasts
    }
}

/// The attribute of an input that leads to a value, and the path.
fn named(input: &Block) -> Option<(&'static str, &str)> {
    let attribute = if input.attribute("var").is_some() { "var" } else { "from" };
    Some((attribute, input.text(attribute)?))
}

fn is_none(input: &Block) -> bool {
    input.attribute("lit").is_some_and(|lit| lit.value.kind == ValueKind::None)
}

/// Whether a path is a name, or leads into what that stands for.
pub(super) fn is_within(path: &str, name: &str) -> bool {
    path.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

//! Paths of which at most one is taken: what is known of the names in each, and behind them.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::super::super::ast::{Block, Word};
use super::Type;
use super::narrow::{There, is_within};
use super::values::Walk;
use crate::source::Span;

/// What the value of a list of steps is.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Last {
    /// There is none, as a `return` ends it.
    Ends,
    /// Nothing is said about it: there may be none.
    Unknown,
    Of(Type),
}

/// The value of a step of whose paths one was taken.
pub(super) fn either(lasts: Vec<Last>) -> Type {
    let kinds = lasts.into_iter().filter(|last| *last != Last::Ends).map(|last| match last {
        Last::Of(kind) => kind,
        Last::Ends | Last::Unknown => Type::Any,
    });
    Type::union(kinds)
}

/// A list of steps that may be taken.
pub(super) struct Path<'f> {
    steps: &'f Block,
    /// The names that it begins with.
    names: Vec<(&'f str, Type)>,
    /// Names and paths of which more is known on it.
    narrowed: Vec<There<'f>>,
}

impl<'f> Path<'f> {
    pub(super) fn of(steps: &'f Block, names: Vec<(&'f str, Type)>) -> Self {
        Self { steps, names, narrowed: Vec::new() }
    }

    /// One on which nothing happens.
    pub(super) fn nothing() -> Self {
        Self::of(&EMPTY, Vec::new())
    }

    pub(super) fn narrowed(self, narrowed: Vec<There<'f>>) -> Self {
        Self { narrowed, ..self }
    }
}

/// What a name was.
pub(super) struct Change<'f> {
    name: &'f str,
    before: Option<Type>,
    /// Whether it was bound, and not only more became known of it.
    binds: bool,
}

impl<'f> Walk<'_, 'f> {
    /// Binds a name.
    pub(super) fn set(&mut self, name: &'f str, kind: Type) {
        self.forget(name);
        self.forget_inner(name);
        self.change(name, kind, true);
    }

    /// What was known of paths into what a name stood for is so no longer.
    pub(super) fn forget_inner(&mut self, name: &str) {
        let inner = |path: &&&str| **path != name && is_within(path, name);
        for path in self.narrowed.iter().filter(inner).copied().collect::<Vec<_>>() {
            if let Some(before) = self.known.remove(path) {
                self.changes.push(Change { name: path, before: Some(before), binds: false });
            }
        }
    }

    /// Whether more is known of a name than of what it was bound to.
    pub(super) fn is_narrowed(&self, name: &str) -> bool {
        let last = self.changes.iter().rev().find(|change| change.name == name);
        last.is_some_and(|change| !change.binds)
    }

    /// More is known of a name than before, or of a path, which has a type of its own from here on.
    pub(super) fn narrow(&mut self, path: &'f str, kind: Type) {
        if !self.known.contains_key(path) {
            self.narrowed.insert(path);
        }
        self.change(path, kind, false);
    }

    fn change(&mut self, name: &'f str, kind: Type, binds: bool) {
        let before = self.known.insert(name, kind);
        self.changes.push(Change { name, before, binds });
    }

    fn restore(&mut self, name: &'f str, before: Option<Type>) -> Option<Type> {
        match before {
            Some(before) => self.known.insert(name, before),
            None => self.known.remove(name),
        }
    }

    /// Takes back what was bound since then, and gives it.
    pub(super) fn leave(&mut self, since: usize) -> HashMap<&'f str, Type> {
        let mut bound = HashMap::new();
        while self.changes.len() > since {
            let Some(Change { name, before, binds }) = self.changes.pop() else { break };
            let last = self.restore(name, before);
            if let Some(last) = last.filter(|_| binds) {
                self.forget(name);
                bound.entry(name).or_insert(last);
            }
        }
        bound
    }

    /// How many names were bound.
    pub(super) fn changes(&self) -> usize {
        self.changes.len()
    }

    /// What paths agree on is known behind them. Gives the value of each.
    pub(super) fn apart(&mut self, paths: Vec<Path<'f>>) -> Vec<Last> {
        let mut lasts = Vec::new();
        let count = paths.len();
        let mut merged: HashMap<&'f str, (Type, usize)> = HashMap::new();
        for Path { steps, names, narrowed } in paths {
            let outer = self.changes();
            narrowed.into_iter().for_each(|(path, kind)| self.narrow(path, kind));
            let since = self.changes();
            names.into_iter().for_each(|(name, kind)| self.set(name, kind));
            lasts.push(self.steps(steps));
            for (name, kind) in self.leave(since) {
                let entry = merged.entry(name).or_insert_with(|| (kind.clone(), 0));
                entry.1 += 1;
                if entry.0 != kind {
                    entry.0 = Type::Any;
                }
            }
            self.leave(outer);
        }
        for (name, (kind, times)) in merged {
            let differs = self.known.get(name).is_some_and(|before| *before != kind);
            self.set(name, if times < count && differs { Type::Any } else { kind });
        }
        lasts
    }
}

/// The steps of a path on which nothing happens.
static EMPTY: LazyLock<Block> = LazyLock::new(|| Block {
    word: Word { text: "".into(), span: Span::default() },
    entries: Vec::new(),
    span: Span::default(),
});

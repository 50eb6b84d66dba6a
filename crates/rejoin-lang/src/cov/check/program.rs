//! The snippets of a file by what they are, and which function a name means.

use std::collections::HashMap;

use super::super::ast::{Block, File};
use super::super::library::{library, only};
use super::{is, parts};
use crate::plan::LibraryFunction;

pub(super) struct Program<'f> {
    pub(super) snippets: Vec<&'f Block>,
    pub(super) functions: Vec<Callable<'f>>,
    /// Steps that stand alone.
    pub(super) alone: Vec<&'f Block>,
    ids: HashMap<&'f str, usize>,
    names: HashMap<&'f str, Vec<usize>>,
}

/// A snippet that can be called.
pub(super) struct Callable<'f> {
    pub(super) id: &'f str,
    pub(super) snippet: &'f Block,
    /// `fn …` in its signature.
    pub(super) signature: Option<&'f Block>,
    pub(super) body: Vec<&'f Block>,
}

impl<'f> Program<'f> {
    pub(super) fn new(file: &'f File) -> Self {
        let snippets: Vec<&Block> = file.blocks.iter().filter(|b| is(b, "snippet")).collect();
        let functions: Vec<Callable<'_>> =
            snippets.iter().filter_map(|snippet| Callable::new(snippet)).collect();
        let mut ids = HashMap::new();
        let mut names: HashMap<&str, Vec<usize>> = HashMap::new();
        for (index, function) in functions.iter().enumerate() {
            ids.entry(function.id).or_insert(index);
            names.entry(function.name()).or_default().push(index);
        }
        let alone = file.blocks.iter().filter(|block| is(block, "step")).collect();
        Self { snippets, functions, alone, ids, names }
    }

    /// Whether the file has a function of this id.
    pub(super) fn has(&self, id: &str) -> bool {
        self.ids.contains_key(id)
    }

    /// The function of the file that a call means: by its id, or by a name that only it has. A function of the
    /// library comes before a mere name.
    pub(super) fn resolve(&self, name: &str) -> Option<usize> {
        if let Some(index) = self.ids.get(name) {
            return Some(*index);
        }
        match self.names.get(name).map(Vec::as_slice) {
            Some([index]) if library(name).is_none() => Some(*index),
            _ => None,
        }
    }

    /// The function of the library that a call means which means none of the file: by its id, or by a name that only it has.
    pub(super) fn library(&self, name: &str) -> Option<&'static LibraryFunction> {
        library(name).or_else(|| only(name).filter(|_| !self.names.contains_key(name)))
    }

    /// The functions that a call may mean: several of one short name, which is a problem of its own.
    pub(super) fn named(&self, name: &str) -> impl Iterator<Item = usize> {
        let several = self.names.get(name).filter(|all| all.len() > 1);
        let several = several.filter(|_| !self.ids.contains_key(name)).into_iter().flatten();
        self.resolve(name).into_iter().chain(several.copied())
    }

    /// Every list of steps with names of its own, and what it belongs to: bodies, tests, and steps that stand alone.
    pub(super) fn bodies(&self) -> impl Iterator<Item = Body<'f>> {
        let functions = self
            .functions
            .iter()
            .map(|function| Body { signature: function.signature, steps: function.body.clone() });
        let tests = self.snippets.iter().flat_map(|snippet| {
            tests(snippet)
                .map(|test| Body { signature: None, steps: parts(test, "step").collect() })
        });
        let alone = Body { signature: None, steps: self.alone.clone() };
        let all: Vec<Body<'f>> = functions.chain(tests).chain([alone]).collect();
        all.into_iter()
    }
}

/// Steps that share their names.
pub(super) struct Body<'f> {
    pub(super) signature: Option<&'f Block>,
    pub(super) steps: Vec<&'f Block>,
}

impl<'f> Callable<'f> {
    fn new(snippet: &'f Block) -> Option<Self> {
        if !matches!(snippet.text("kind")?, "fn" | "extern" | "extern-abstract") {
            return None;
        }
        let signature = parts(snippet, "signature").next();
        let signature = signature.and_then(|signature| parts(signature, "fn").next());
        let body = parts(snippet, "body").flat_map(|body| parts(body, "step")).collect();
        Some(Self { id: snippet.text("id")?, snippet, signature, body })
    }

    pub(super) fn name(&self) -> &'f str {
        let last = self.id.rsplit('.').next().unwrap_or(self.id);
        self.signature.and_then(|signature| signature.text("name")).unwrap_or(last)
    }

    /// Every call in its body, however deep.
    pub(super) fn calls(&self) -> Vec<&'f Block> {
        self.steps(|kind| kind == "call")
    }

    /// Every step of some kinds in its body, however deep.
    pub(super) fn steps(&self, wanted: impl Fn(&str) -> bool) -> Vec<&'f Block> {
        let mut found = Vec::new();
        self.body.iter().for_each(|step| steps(step, &wanted, &mut found));
        found
    }
}

/// The tests of a snippet.
pub(super) fn tests(snippet: &Block) -> impl Iterator<Item = &Block> {
    parts(snippet, "tests").flat_map(|tests| parts(tests, "test"))
}

fn steps<'f>(block: &'f Block, wanted: &impl Fn(&str) -> bool, found: &mut Vec<&'f Block>) {
    if is(block, "step") && block.text("kind").is_some_and(wanted) {
        found.push(block);
    }
    block.blocks().for_each(|inner| steps(inner, wanted, found));
}

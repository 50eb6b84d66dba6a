//! The rules of `.cov` alone, one a file. They read the tree, where every name and type has its place; files with
//! errors of syntax do not come here.

mod bindings;
mod cycles;
mod effect_parameters;
mod externs;
mod program;
mod query_cost;
mod requirements;
mod types;
mod unreached;
mod unused;

use std::collections::HashMap;
use std::sync::Arc;

use super::ast::{Block, File, Value};
use crate::diagnostic::Diagnostic;
use crate::source::Span;

use program::Program;

/// The variants that cases name by their ends alone, by where those stand.
pub(super) type Variants = HashMap<Span, Arc<str>>;

/// Every problem that these rules find, in no order, and what they found out. Nesting is bounded by the parser.
pub(super) fn check(file: &File) -> (Vec<Diagnostic>, Variants) {
    let program = Program::new(file);
    let mut problems = Vec::new();
    requirements::check(&program, &mut problems);
    externs::check(&program, &mut problems);
    effect_parameters::check(&program, &mut problems);
    cycles::check(&program, &mut problems);
    unreached::check(&program, &mut problems);
    bindings::check(&program, &mut problems);
    let variants = types::check(&program, &mut problems);
    (problems, variants)
}

/// What could be better in a file without errors.
pub(super) fn advise(file: &File) -> Vec<Diagnostic> {
    let program = Program::new(file);
    let mut problems = Vec::new();
    unused::check(&program, &mut problems);
    query_cost::check(&program, &mut problems);
    problems
}

fn is(block: &Block, word: &str) -> bool {
    &*block.word.text == word
}

/// The blocks of this name, in the order written.
fn parts<'b>(block: &'b Block, word: &'static str) -> impl Iterator<Item = &'b Block> {
    block.blocks().filter(move |part| is(part, word))
}

/// Where the value of an attribute stands; the block's first word without it.
fn place(block: &Block, name: &str) -> Span {
    block.attribute(name).map_or(block.word.span, |attribute| attribute.value.span)
}

/// The texts that stand behind an attribute of this name: one, or a list of them.
fn texts<'b>(block: &'b Block, name: &'static str) -> impl Iterator<Item = (&'b str, Span)> {
    use super::ast::ValueKind;
    let of = |value: &'b Value| -> Vec<(&'b str, Span)> {
        match &value.kind {
            ValueKind::Text(text) | ValueKind::Word(text) => vec![(text, value.span)],
            ValueKind::Array(items) => {
                let text = |item: &'b ValueKind| match item {
                    ValueKind::Text(text) => Some((&**text, value.span)),
                    _ => None,
                };
                items.iter().filter_map(text).collect()
            }
            _ => Vec::new(),
        }
    };
    let named = block.attributes().filter(move |attribute| &*attribute.name.text == name);
    named.flat_map(move |attribute| of(&attribute.value))
}

/// A name as messages show it.
fn shown(name: &str) -> String {
    name.chars().take(40).collect()
}

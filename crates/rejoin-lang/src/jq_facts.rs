//! What the checks know of a jq program without running it, each distinct program analysed once.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use crate::plan::TaskReads;
use crate::source::Span;

/// The analysed programs of one file, by text.
#[derive(Debug, Default)]
pub(crate) struct JqFacts {
    of_steps: HashMap<Box<str>, Arc<Facts>>,
    inline: HashMap<Box<str>, Arc<Facts>>,
}

/// What is known of one program.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    problems: Vec<Problem>,
    reads: Vec<Read>,
    error_types: Vec<Box<str>>,
}

/// Why a program does not compile.
#[derive(Debug)]
pub(crate) struct Problem {
    pub(crate) span: Range<usize>,
    pub(crate) message: String,
    pub(crate) hint: Option<String>,
}

/// A path of its input that a program reads.
#[derive(Debug)]
pub(crate) struct Read {
    pub(crate) keys: Vec<Key>,
    pub(crate) span: Range<usize>,
}

/// One step of a path.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Key {
    Name(Box<str>),
    Any,
}

impl JqFacts {
    /// A step's text, which may use `$context`.
    pub(crate) fn of_step(&mut self, text: &str) -> Arc<Facts> {
        cached(&mut self.of_steps, text, &["context"])
    }

    /// An inline argument or a guard.
    pub(crate) fn inline(&mut self, text: &str) -> Arc<Facts> {
        cached(&mut self.inline, text, &[])
    }
}

fn cached(cache: &mut HashMap<Box<str>, Arc<Facts>>, text: &str, vars: &[&str]) -> Arc<Facts> {
    if let Some(facts) = cache.get(text) {
        return facts.clone();
    }
    let facts = Arc::new(analyse(text, vars));
    cache.insert(text.into(), facts.clone());
    facts
}

fn analyse(text: &str, _vars: &[&str]) -> Facts {
    let mut reads = Vec::new();
    for (at, found) in text.match_indices(".async") {
        let rest = &text[at + found.len()..];
        let name = rest.strip_prefix('.').map_or("", |rest| {
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            end.map_or(rest, |end| &rest[..end])
        });
        let mut keys = vec![Key::Name("async".into())];
        let mut end = at + found.len();
        if !name.is_empty() {
            end += 1 + name.len();
            keys.push(Key::Name(name.into()));
        }
        reads.push(Read { keys, span: at..end });
    }
    Facts { reads, ..Facts::default() }
}

impl Facts {
    /// Why it does not compile; empty if it does.
    pub(crate) fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// The paths of its input that it reads.
    pub(crate) fn reads(&self) -> &[Read] {
        &self.reads
    }

    /// The error types of the envelopes that it builds literally.
    pub(crate) fn error_types(&self) -> &[Box<str>] {
        &self.error_types
    }

    /// The tasks that it looks at under `.async`, when its text stands at `place`.
    pub(crate) fn task_reads(&self, place: Span) -> TaskReads {
        let mut named: Vec<(Arc<str>, Span)> = Vec::new();
        for read in &self.reads {
            let [Key::Name(root), rest @ ..] = &read.keys[..] else { continue };
            if &**root != "async" {
                continue;
            }
            let span = place.slice(read.span.start, read.span.end);
            match rest.first() {
                Some(Key::Name(task)) => {
                    if !named.iter().any(|(known, _)| **known == **task) {
                        named.push((Arc::from(&**task), span));
                    }
                }
                _ => return TaskReads::All(span),
            }
        }
        if named.is_empty() { TaskReads::None } else { TaskReads::Named(named) }
    }
}

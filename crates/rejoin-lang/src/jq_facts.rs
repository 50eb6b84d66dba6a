//! What the checks know of a jq program without running it, each distinct program analysed once.

use std::collections::HashMap;
use std::sync::Arc;

use rejoin_value::jq::{self, PathKey, PathRead};

use crate::plan::TaskReads;
use crate::source::Span;

/// The analysed programs of one file, by text.
#[derive(Debug, Default)]
pub(crate) struct JqFacts {
    of_steps: HashMap<Box<str>, Arc<Facts>>,
    inline: HashMap<Box<str>, Arc<Facts>>,
}

/// What is known of one program.
#[derive(Debug)]
pub(crate) enum Facts {
    /// It compiles.
    Good(jq::Program),
    /// It does not.
    Bad(jq::CompileErrors),
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
    let facts = Arc::new(match jq::Program::compile(text, vars) {
        Ok(program) => Facts::Good(program),
        Err(problems) => Facts::Bad(problems),
    });
    cache.insert(text.into(), facts.clone());
    facts
}

/// How jq says that a bracket or quote lacks its partner.
const OPEN: &str = "is never closed";

/// One problem for a place: one reason is enough there, and that something is open often only follows from it.
pub(crate) fn distinct<'p>(
    problems: impl Iterator<Item = &'p jq::CompileError>,
) -> Vec<&'p jq::CompileError> {
    let mut problems: Vec<_> = problems.collect();
    problems.sort_by_key(|problem| (problem.span.start, problem.message.ends_with(OPEN)));
    problems.dedup_by_key(|problem| problem.span.start);
    problems
}

impl Facts {
    /// Why it does not compile; nothing if it does.
    pub(crate) fn problems(&self) -> impl Iterator<Item = &jq::CompileError> {
        match self {
            Facts::Good(_) => None,
            Facts::Bad(problems) => Some(problems.iter()),
        }
        .into_iter()
        .flatten()
    }

    /// The paths of its input that it reads.
    pub(crate) fn reads(&self) -> &[PathRead] {
        match self {
            Facts::Good(program) => program.reads(),
            Facts::Bad(_) => &[],
        }
    }

    /// The length of the array that it makes, if that is certain.
    pub(crate) fn array_length(&self) -> Option<usize> {
        match self {
            Facts::Good(program) => program.array_length(),
            Facts::Bad(_) => None,
        }
    }

    /// The keys of the object that it makes, if they are certain.
    pub(crate) fn object_keys(&self) -> Option<&[String]> {
        match self {
            Facts::Good(program) => program.object_keys(),
            Facts::Bad(_) => None,
        }
    }

    /// The error types of the envelopes that it builds literally.
    pub(crate) fn error_types(&self) -> &[String] {
        match self {
            Facts::Good(program) => program.error_types(),
            Facts::Bad(_) => &[],
        }
    }

    /// Whether it surely makes an error, whatever its input is.
    pub(crate) fn always_fails(&self) -> bool {
        match self {
            Facts::Good(program) => program.always_fails(),
            Facts::Bad(_) => false,
        }
    }

    /// The tasks that it looks at under `.async`, when its text stands at `place`.
    pub(crate) fn task_reads(&self, place: Span) -> TaskReads {
        let mut named: Vec<(Arc<str>, Span)> = Vec::new();
        for read in self.reads() {
            let [PathKey::Key(root), rest @ ..] = &read.keys[..] else { continue };
            if &**root != "async" {
                continue;
            }
            let span = place.slice(read.span.start, read.span.end);
            match rest.first() {
                Some(PathKey::Key(task)) => {
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

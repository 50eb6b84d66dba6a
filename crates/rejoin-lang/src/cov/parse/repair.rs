//! Blocks of which the first word, or what stands behind it, is missing: they are read as what they are, so that only that is said.

use super::super::ast::{Block, Entry, Word};
use super::super::form::{self, Form};
use super::Parser;
use super::block::STEP_ATTRIBUTES;
use crate::diagnostic::{Code, Diagnostic};

impl Parser<'_> {
    /// Whether an attribute comes next that only a step has, where there is none, but may be one; or `step` itself, as if it were one.
    pub(super) fn is_torn_step(&self, form: &Form, name: &str) -> bool {
        form.children.contains(&"step") && (name == "step" || STEP_ATTRIBUTES.contains(&name))
    }

    /// A step of which the word, or the name of its id, is missing.
    pub(super) fn parse_torn_step(&mut self) -> Block {
        let word = Word { text: "step".into(), span: self.span(self.next.start, self.next.end) };
        if self.is_word("step") {
            self.report_missing(&word, &["id"]);
            self.take();
            self.take();
            let muted = self.problems.mute(true);
            self.parse_value();
            self.problems.mute(muted);
        } else {
            let message = "a step without its first word";
            let problem = Diagnostic::new(Code::COV_UNEXPECTED, word.span, message);
            self.report(problem.label("belongs to a step").help("write `step` before it"));
        }
        let (mut form, mut entries): (&'static Form, Vec<Entry>) = (&form::ANY_STEP, Vec::new());
        let start = word.span.start as usize;
        self.open.push(form);
        self.parse_entries(&word, &mut form, &mut entries);
        self.open.pop();
        Block { span: self.span(start, self.pos), word, entries }
    }

    /// Parses a block that belongs into a section of a snippet and stands in none. Only the first in a row is said.
    pub(super) fn parse_orphan(&mut self, section: &str, is_first: bool) {
        if is_first {
            let span = self.span(self.next.start, self.next.end);
            let message = format!("a `{}` outside of `{section}`", &self.text[span.range()]);
            let problem = Diagnostic::new(Code::COV_UNEXPECTED, span, message).label("unexpected");
            self.report(problem.help(format!("put it between `{section}` and `end`")));
        }
        self.parse_block(None);
    }

    /// Whether a block that this one may have begins on another line where a value is expected.
    pub(super) fn is_block_for_value(&self) -> bool {
        let is_another_line = self.text[self.pos..self.next.start].contains('\n');
        let form = self.open.last().filter(|form| form.closes && is_another_line);
        form.is_some_and(|form| self.word().is_some_and(|word| form.children.contains(&word)))
    }
}

/// The section of a snippet in which a block of this name stands.
pub(super) fn section_of(name: &str) -> Option<&'static str> {
    let is_in =
        |section: &&&str| form::of(section).is_some_and(|form| form.children.contains(&name));
    let closes = name == "step" || form::of(name).is_some_and(|form| form.closes);
    form::SECTIONS.iter().find(is_in).copied().filter(|_| closes)
}

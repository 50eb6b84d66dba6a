//! Blocks of branches that run at the same time: `parallel`, `race`, `any` and `quorum`.
//!
//! Their words are no keywords: a pipeline may have such a name. What makes a block of a step is the branch below it.

use super::Parser;
use super::block::Frame;
use super::scan::quoted;
use crate::diagnostic::{Code, Diagnostic};
use crate::source::Span;
use crate::wp::ast::{BlockTags, ForkBlock, ForkBranch, PlainStep, Step, TagExpr};

/// The words that open such a block.
pub(crate) const FORKS: [&str; 4] = ["parallel", "race", "any", "quorum"];

/// Words that other blocks are made of.
const RESERVED: [&str; 5] = ["case", "default", "else", "end", "then"];

impl Parser<'_> {
    /// Whether a block begins with the step that was just read.
    pub(super) fn opens_fork(&self, step: &PlainStep) -> bool {
        if !FORKS.contains(&&*step.name.text) || step.config.is_some() {
            return false;
        }
        let pos = self.after_trivia(self.pos);
        if self.has_end_to_spare(pos) {
            return true;
        }
        let mut ahead = Self { pos, ..Parser::new(self.text, self.source) };
        if !ahead.at_label() || ahead.label_has_status() {
            return false;
        }
        ahead.open.clone_from(&self.open);
        !(RESERVED.contains(&ahead.peek_word()) && ahead.at_block_word())
    }

    /// Whether more blocks end here than are open: then the first of them is one without branches.
    fn has_end_to_spare(&self, mut pos: usize) -> bool {
        let open = self.open.iter().filter(|frame| frame.takes_end()).count();
        for _ in 0..=open {
            if self.word_at(pos) != "end" {
                return false;
            }
            let behind = self.after_blanks(pos + "end".len());
            // An error or a branch may be called so.
            if self.text[behind..].starts_with(['(', ':']) {
                return false;
            }
            pos = self.after_trivia(behind);
        }
        true
    }

    pub(super) fn parse_fork(&mut self, start: usize, head: PlainStep) -> Option<Step> {
        let PlainStep { name: word, args: options, tags, span, .. } = head;
        let keyword = self.open_block(start, "", Frame::Fork)?;
        let tags = tags.map(|condition| {
            let span =
                first(&condition).map_or(span, |tag| tag.to(span.slice(usize::MAX, usize::MAX)));
            BlockTags { condition, span }
        });
        let branches = self.parse_fork_branches(&word.text);
        if branches.is_empty() {
            let help = "write a branch, such as `users:`, and steps below it";
            self.report_empty_block(&word.text, word.span, help);
        }
        self.eat_end("parallel", keyword);
        self.open.pop();
        Some(Step::Fork(ForkBlock { word, options, tags, branches, span: self.span_from(start) }))
    }

    /// The branches of the block that is open.
    pub(super) fn parse_fork_branches(&mut self, block: &str) -> Vec<ForkBranch> {
        let mut branches = Vec::new();
        loop {
            self.eat_trivia();
            let is_own = self.at_label() && !self.result_takes_label();
            if !is_own || self.other_block_takes_word() && self.peek_word() != "end" {
                return branches;
            }
            branches.push(self.parse_fork_branch(block));
        }
    }

    /// `name: steps`.
    fn parse_fork_branch(&mut self, block: &str) -> ForkBranch {
        let start = self.pos;
        let name = self.opt_name().unwrap_or_else(|| self.missing_name());
        if RESERVED.contains(&&*name.text) {
            self.report(
                Diagnostic::new(
                    Code::INVALID_NAME,
                    name.span,
                    format!("a branch cannot be called {}", quoted(&name.text)),
                )
                .label("a word of the language")
                .help("give it another name"),
            );
        }
        let behind = self.after_blanks(self.pos);
        if self.text[behind..].starts_with('(') {
            let line = &self.text[behind..self.line_end(behind)];
            let end = behind + line.find(')').map_or(line.len(), |at| at + 1);
            self.report(
                Diagnostic::new(
                    Code::UNEXPECTED_TEXT,
                    self.span(behind, end),
                    format!("a branch of `{block}` has no status"),
                )
                .label("not expected here")
                .help("remove it: a `result` block below decides on the status"),
            );
            self.pos = end;
        }
        self.parse_colon(start);
        self.last_text = None;
        let steps = self.parse_steps();
        ForkBranch { name, steps, span: self.span_from(start) }
    }

    /// Whether the label here has parentheses, as a branch of `result` has.
    pub(super) fn label_has_status(&self) -> bool {
        self.text[self.after_blanks(self.pos + self.peek_word().len())..].starts_with('(')
    }

    /// Whether the label here is more likely one of a `result` than one of a block of branches.
    pub(super) fn label_is_of_result(&self) -> bool {
        let word = self.peek_word();
        self.label_has_status() || word == "ok" || word == "default" || word.ends_with("Error")
    }

    /// Whether the label here is a branch of a `result` around the innermost block.
    fn result_takes_label(&self) -> bool {
        self.label_has_status() && self.is_inside(|frame| matches!(frame, Frame::Labels))
    }

    /// Whether the label here, read inside a `result`, is a branch of a block around it.
    pub(super) fn fork_takes_label(&self) -> bool {
        self.at_label()
            && !self.label_is_of_result()
            && self.is_inside(|frame| matches!(frame, Frame::Fork))
    }

    /// Whether the innermost block is inside of such a one.
    fn is_inside(&self, wanted: fn(&Frame) -> bool) -> bool {
        self.open.split_last().is_some_and(|(_, outer)| outer.iter().any(wanted))
    }
}

/// The place of the first tag of a condition.
fn first(condition: &TagExpr) -> Option<Span> {
    match condition {
        TagExpr::Tag(tag) => Some(tag.span),
        TagExpr::And(parts) | TagExpr::Or(parts) => parts.first().and_then(first),
    }
}

//! `result`, whose branches have names and a status.

use super::Parser;
use super::block::Frame;
use super::scan::quoted;
use crate::diagnostic::{Code, Diagnostic};
use crate::source::Span;
use crate::wp::ast::{Branch, Name, ResultBlock, Step};

impl Parser<'_> {
    pub(super) fn parse_result(&mut self, start: usize) -> Option<Step> {
        let keyword = self.open_block(start, "result", Frame::Labels)?;
        self.eat_tags_on_result();
        self.report_steps_before("ok(200)");
        Some(self.parse_result_parts(start, keyword))
    }

    pub(super) fn parse_result_parts(&mut self, start: usize, keyword: Span) -> Step {
        let mut branches = Vec::new();
        let mut garbled = false;
        loop {
            self.eat_trivia();
            if self.other_block_takes_word() || self.fork_takes_label() {
                break;
            }
            if self.at_label() {
                branches.push(self.parse_branch());
            } else if branches.is_empty() && self.at_nonsense() {
                garbled = true;
                self.parse_unexpected("a branch, such as `ok(200):`");
            } else {
                break;
            }
        }
        if branches.is_empty() && !garbled {
            self.report_empty_block(
                "result",
                keyword,
                "write a branch, such as `ok(200):`, and steps below it",
            );
        }
        self.open.pop();
        Step::Result(ResultBlock { branches, span: self.span_from(start) })
    }

    /// Whether the word here belongs to a block around the innermost one.
    pub(super) fn other_block_takes_word(&mut self) -> bool {
        let innermost = self.open.pop();
        let taken = matches!(self.peek_word(), "end" | "then" | "else" | "case" | "default")
            && self.at_block_keyword();
        self.open.extend(innermost);
        taken
    }

    /// `name(status): steps`.
    fn parse_branch(&mut self) -> Branch {
        let start = self.pos;
        let name = self.opt_name().unwrap_or_else(|| self.missing_name());
        self.eat_blanks();
        let (status, status_span) = self.parse_status(&name);
        self.parse_colon(start);
        self.last_text = None;
        let steps = self.parse_steps();
        Branch { name, status, status_span, steps, span: self.span_from(start) }
    }

    fn parse_status(&mut self, name: &Name) -> (u16, Span) {
        let usual = if &*name.text == "ok" { 200 } else { 500 };
        if !self.eat("(") {
            self.report(
                Diagnostic::new(
                    Code::MISSING_STATUS,
                    name.span,
                    format!("the branch {} has no status", quoted(&name.text)),
                )
                .label("a status is expected after this")
                .help(format!("write the HTTP status in parentheses: `{}({usual}):`", name.text)),
            );
            return (usual, name.span);
        }
        let start = self.pos;
        let len = self.rest().find([')', ':', '\n']).unwrap_or(self.rest().len());
        let written = self.text[start..start + len].trim();
        let from = self.after_blanks(start).min(start + len);
        let span = self.span(from, from + written.len());
        self.pos = start + len;
        if !self.eat(")") {
            self.report_unclosed_bracket(start - 1, "close it with `)` behind the status");
        }
        match written.parse::<u16>() {
            Ok(status) if (200..600).contains(&status) && !written.starts_with('+') => {
                (status, span)
            }
            _ => {
                let open = self.span(start - 1, self.pos);
                let (span, message) = match written {
                    "" => (open, "the status is missing".to_owned()),
                    _ => (span, format!("{} is not the status of an answer", quoted(written))),
                };
                self.report(
                    Diagnostic::new(Code::INVALID_STATUS, span, message)
                        .label("expected a number from 200 to 599")
                        .help(format!("write the status that the answer has, such as {usual}")),
                );
                (usual, span)
            }
        }
    }
}

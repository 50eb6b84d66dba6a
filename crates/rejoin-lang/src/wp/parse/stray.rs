//! Parts of a block that is not open: one problem, however many parts there are.

use super::Parser;
use super::block::Frame;
use super::fork::FORKS;
use super::scan::quoted;
use crate::diagnostic::{Code, Diagnostic, nearest};
use crate::wp::ast::Step;

impl Parser<'_> {
    /// Whether something stands here that no list of steps can go on or end with.
    pub(super) fn at_nonsense(&self) -> bool {
        !self.at_end() && !self.at("|>") && !self.at_list_end() && !self.at_stray_word()
    }

    /// Whether a word stands here that only makes sense in a block that is not open.
    pub(super) fn at_stray_word(&self) -> bool {
        match self.peek_word() {
            "end" => true,
            "then" | "else" | "default" => {
                let next = self.after_blanks(self.pos + self.peek_word().len());
                self.text[next..].starts_with(':') || self.at_label()
            }
            "case" => true,
            _ => self.at_label(),
        }
    }

    /// Reports that word, once for all parts of the block that it belongs to, and reads the parts as if the block were
    /// open. `before` is the step before it: its keyword, if misspelt.
    pub(super) fn parse_stray_part(&mut self, before: Option<&Step>) -> Option<Step> {
        let start = self.pos;
        let word = self.peek_word();
        let (block, frame) = match word {
            "end" => ("", Frame::Labels),
            "then" | "else" => ("if", Frame::If { then: false, otherwise: false }),
            "case" | "default" if !self.at_branch_of("default") => ("dispatch", Frame::Dispatch),
            _ if !self.label_is_of_result() => ("parallel", Frame::Fork),
            _ => ("result", Frame::Labels),
        };
        let span = self.span(start, start + word.len());
        let near = match block {
            // A label that is nearly a part of another block.
            "parallel" => nearest(word, ["then", "else", "default"]),
            _ => None,
        };
        let problem = if word == "end" {
            Diagnostic::new(Code::STRAY_PART, span, "this `end` closes nothing")
                .help("remove it; `result` and plain steps have no `end`")
        } else {
            let help = match near {
                Some(near) => format!("did you mean `{near}:`?"),
                None => format!("write `|> {block}` above it, or remove it"),
            };
            Diagnostic::new(Code::STRAY_PART, span, format!("{} belongs to no block", quoted(word)))
                .help(help)
        };
        let problem = problem.label("no block is open that takes this");
        self.report(match before {
            Some(Step::Plain(step)) if nearest(&step.name.text, words(block)).is_some() => {
                let near = nearest(&step.name.text, words(block)).unwrap_or(block);
                problem.also(step.name.span, format!("did you mean `{near}`?"))
            }
            _ => problem,
        });
        if word == "end" {
            self.pos += word.len();
            return None;
        }
        let keyword = self.open_block(start, "", frame)?;
        let step = match block {
            "if" => self.parse_if_parts(start, keyword, None, Vec::new()),
            "dispatch" => self.parse_dispatch_parts(start, keyword, None),
            "parallel" => {
                self.parse_fork_branches(block);
                self.eat_end(block, keyword);
                self.open.pop();
                return None;
            }
            _ => self.parse_result_parts(start, keyword),
        };
        Some(step)
    }

    /// Whether `name(` stands here.
    fn at_branch_of(&self, name: &str) -> bool {
        self.peek_word() == name
            && self.text[self.after_blanks(self.pos + name.len())..].starts_with('(')
    }
}

/// The words that open a block of this kind.
fn words(block: &str) -> impl Iterator<Item = &str> {
    let forks: &[&str] = if block == "parallel" { &FORKS } else { &[] };
    forks.iter().copied().chain([block])
}

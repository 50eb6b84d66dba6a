//! Steps that hold steps and are closed by `end`: `if`, `dispatch`, `foreach`.

use super::scan::quoted;
use super::{MAX_DEPTH, Parser};
use crate::diagnostic::{Code, Diagnostic};
use crate::source::Span;
use crate::wp::ast::{BlockTags, Case, Dispatch, ForEach, If, Step, TagExpr, Text};

/// A block that is open around the current place.
#[derive(Clone, Copy)]
pub(super) enum Frame {
    /// `if`, with whether its `then:` and its `else:` were read.
    If {
        then: bool,
        otherwise: bool,
    },
    Dispatch,
    ForEach,
    /// `parallel` or another block of branches.
    Fork,
    /// `result`.
    Labels,
}

impl Frame {
    pub(super) fn takes_end(&self) -> bool {
        !matches!(self, Frame::Labels)
    }
}

/// An `end` and what it closed, for the message about a loop that is left without one.
#[derive(Clone, Copy)]
pub(super) struct ClosedBlock {
    end: Span,
    keyword: &'static str,
    opened: Span,
}

impl Parser<'_> {
    /// Reads a block's keyword and opens it; `None` (and the rest of the declaration skipped) if that is too deep.
    pub(super) fn open_block(&mut self, start: usize, keyword: &str, frame: Frame) -> Option<Span> {
        self.eat_word(keyword);
        let span = self.span(start, self.pos);
        if self.open.len() < MAX_DEPTH {
            self.open.push(frame);
            return Some(span);
        }
        self.report_too_deep(start, self.pos);
        self.abandon();
        while let Some(next) = self.next_anchor(self.pos) {
            self.pos = next;
            if !self.at("|>") {
                return None;
            }
        }
        self.pos = self.text.len();
        None
    }

    fn steps_of(&mut self, frame: Frame) -> Vec<Step> {
        if let Some(innermost) = self.open.last_mut() {
            *innermost = frame;
        }
        self.parse_steps()
    }

    /// `end`, if it stands here; it closes the innermost block that can take it.
    pub(super) fn eat_end(&mut self, keyword: &'static str, opened: Span) -> bool {
        let start = self.pos;
        let found = self.peek_word() == "end" && self.at_block_word() && self.eat_word("end");
        if found {
            self.last_text = None;
            self.last_end = Some(ClosedBlock { end: self.span(start, self.pos), keyword, opened });
            self.eat_tags_behind_end();
        }
        found
    }

    /// The colon behind a block's word, which ends here.
    pub(super) fn parse_colon(&mut self, word_start: usize) {
        let word = self.span_from(word_start);
        let colon = self.after_blanks(self.pos);
        if self.text[colon..].starts_with(':') {
            self.pos = colon + 1;
        } else if self.text[self.after_trivia(self.pos)..].starts_with(':') {
            self.eat_trivia();
            self.pos += 1;
        } else {
            self.report(
                Diagnostic::new(
                    Code::MISSING_COLON,
                    word,
                    format!("`:` is missing after {}", quoted(&self.text[word.range()])),
                )
                .label("`:` is expected after this")
                .help("write `:` before the steps"),
            );
        }
    }

    pub(super) fn parse_if(&mut self, start: usize) -> Option<Step> {
        let keyword = self.open_block(start, "if", Frame::If { then: false, otherwise: false })?;
        let tags = self.opt_block_tags();
        self.eat_blanks();
        if !self.at_line_end() && !self.at_end() && !self.at("|>") && !self.at_block_word() {
            self.parse_unwrapped_condition();
        }
        let condition = self.parse_steps();
        Some(self.parse_if_parts(start, keyword, tags, condition))
    }

    /// `then:`, `else:` and `end` of the `if` that is open.
    pub(super) fn parse_if_parts(
        &mut self,
        start: usize,
        keyword: Span,
        tags: Option<BlockTags>,
        condition: Vec<Step>,
    ) -> Step {
        let mut then = Vec::new();
        let word = self.pos;
        if self.at_block_word() && self.eat_word("then") {
            self.parse_colon(word);
            then = self.steps_of(Frame::If { then: true, otherwise: false });
        } else {
            self.report(
                Diagnostic::new(Code::IF_WITHOUT_THEN, keyword, "this `if` has no `then:`")
                    .label("opened here")
                    .help("write `then:` between the condition and the steps that it decides on"),
            );
        }
        let mut otherwise = None;
        let word = self.pos;
        if self.peek_word() == "else" && self.at_block_word() && self.eat_word("else") {
            self.parse_colon(word);
            otherwise = Some(self.steps_of(Frame::If { then: true, otherwise: true }));
        }
        self.eat_end("if", keyword);
        self.open.pop();
        Step::If(If { tags, condition, then, otherwise, span: self.span_from(start) })
    }

    /// `|> if .x == 1`: the condition of an `if` is a list of steps.
    fn parse_unwrapped_condition(&mut self) {
        let start = self.pos;
        let line = &self.text[start..self.line_end(start)];
        let end = [" |>", " then:", " #"].iter().filter_map(|stop| line.find(stop)).min();
        let shown = line[..end.unwrap_or(line.len())].trim_end();
        self.report(
            Diagnostic::new(
                Code::CONDITION_WITHOUT_STEPS,
                self.span(start, start + shown.len()),
                "the condition of an `if` is made of steps",
            )
            .label("expected `|>`")
            .help("write the condition as a step, such as ``|> jq: `.ready` ``"),
        );
        self.pos = start + shown.len();
        if let Some(open) = shown.find('`').filter(|_| shown.matches('`').count() % 2 == 1) {
            self.pos = start + open;
            self.opt_quoted_text();
        }
    }

    pub(super) fn parse_dispatch(&mut self, start: usize) -> Option<Step> {
        let keyword = self.open_block(start, "dispatch", Frame::Dispatch)?;
        let tags = self.opt_block_tags();
        self.report_steps_before("case");
        Some(self.parse_dispatch_parts(start, keyword, tags))
    }

    pub(super) fn parse_dispatch_parts(
        &mut self,
        start: usize,
        keyword: Span,
        tags: Option<BlockTags>,
    ) -> Step {
        let mut cases: Vec<Case> = Vec::new();
        let mut default: Option<Vec<Step>> = None;
        let mut default_span = None;
        let mut garbled = false;
        loop {
            self.eat_trivia();
            let word = self.pos;
            if cases.is_empty() && default.is_none() && self.at_nonsense() {
                garbled = true;
                self.parse_unexpected("`case @tag:` or `default:`");
                continue;
            }
            if !self.at_block_word() {
                break;
            }
            if self.eat_word("case") {
                cases.push(self.parse_case(word));
            } else if self.eat_word("default") {
                let span = self.span_from(word);
                self.parse_colon(word);
                let steps = self.steps_of(Frame::Dispatch);
                if let Some(first) = default_span.replace(span) {
                    self.report_repeated("default:", span, first);
                } else {
                    default = Some(steps);
                }
            } else {
                break;
            }
        }
        if cases.is_empty() && default.is_none() && !garbled {
            self.report_empty_block("dispatch", keyword, "write `case @tag:` and steps below it");
        }
        self.eat_end("dispatch", keyword);
        self.open.pop();
        Step::Dispatch(Dispatch { tags, cases, default, span: self.span_from(start) })
    }

    fn parse_case(&mut self, start: usize) -> Case {
        self.eat_trivia();
        let condition = match self.parse_bare_condition() {
            Some(condition) => condition,
            None => {
                let condition = self.parse_condition();
                self.parse_colon(start);
                condition
            }
        };
        let steps = self.steps_of(Frame::Dispatch);
        Case { condition, steps, span: self.span_from(start) }
    }

    /// `case .x == 1:`, up to its colon: a program where a tag is expected. It counts as the guard that was meant.
    fn parse_bare_condition(&mut self) -> Option<TagExpr> {
        let start = self.pos;
        let line = &self.text[start..self.line_end(start)];
        let begins = line.starts_with(['.', '"', '\'', '`', '$', '[', '{']);
        if !begins && !line.starts_with(|c: char| c.is_ascii_digit()) {
            return None;
        }
        let stop = line.find(" |>").unwrap_or(line.len());
        let end = line[..stop].rfind(':').unwrap_or(stop);
        let written = line[..end].trim_end();
        let span = self.span(start, start + written.len());
        let mend = match written.contains(['`', '\n']) || !written.starts_with('.') {
            true => ".x == 1",
            false => written,
        };
        self.report(
            Diagnostic::new(Code::INVALID_TAG, span, "the condition of a case is made of tags")
                .label("expected a tag")
                .help(format!("write a jq program in a guard: ``case @guard(`{mend}`):``")),
        );
        self.pos = (start + end + 1).min(self.line_end(start));
        Some(self.any_guard(span))
    }

    fn report_repeated(&mut self, what: &str, span: Span, first: Span) {
        self.report(
            Diagnostic::new(Code::REPEATED_PART, span, format!("a second `{what}` in one block"))
                .label("this one would never run")
                .also(first, "the first one is here")
                .help("remove one of them"),
        );
    }

    pub(super) fn report_empty_block(&mut self, keyword: &str, span: Span, help: &str) {
        self.report(
            Diagnostic::new(Code::EMPTY_BLOCK, span, format!("this `{keyword}` block is empty"))
                .label("nothing would run here")
                .help(help),
        );
    }

    /// Steps between a block's keyword and its first part belong to no part.
    pub(super) fn report_steps_before(&mut self, part: &str) {
        self.eat_trivia();
        if !self.at("|>") {
            return;
        }
        self.report(
            Diagnostic::new(
                Code::EMPTY_BLOCK,
                self.span(self.pos, self.pos + 2),
                format!("a step before the first `{part}` of its block"),
            )
            .label("belongs to no part of the block")
            .help(format!("write `{part}` and its colon above the step")),
        );
        self.parse_steps();
    }

    pub(super) fn parse_foreach(&mut self, start: usize) -> Option<Step> {
        let keyword = self.open_block(start, "foreach", Frame::ForEach)?;
        let selector = self.parse_selector(keyword);
        let tags = self.opt_block_tags();
        let body = self.parse_steps();
        if !self.eat_end("foreach", keyword) {
            let mut problem = Diagnostic::new(
                Code::LOOP_WITHOUT_END,
                keyword,
                "this `foreach` is not closed by an `end`",
            )
            .label("opened here");
            problem = match self.last_end.filter(|closed| closed.opened.start > keyword.start) {
                Some(ClosedBlock { end, keyword, opened }) => problem
                    .also(opened, format!("this `{keyword}` is inside the loop"))
                    .also(end, format!("this `end` closes the `{keyword}`"))
                    .help("write one more `end`: inside a loop, inner blocks need an `end` of their own"),
                None => problem.help("write `end` below the last step of the loop"),
            };
            self.report(problem);
        }
        self.open.pop();
        Some(Step::ForEach(ForEach { selector, tags, body, span: self.span_from(start) }))
    }

    /// The path behind `foreach`: to the end of the line, a comment, a tag or a step.
    fn parse_selector(&mut self, keyword: Span) -> Text {
        self.eat_trivia();
        let start = self.pos;
        let missing = self.at("|>") || self.at("@") || self.at_list_end();
        let line = &self.text[start..self.line_end(start)];
        let line = line.find('#').map_or(line, |comment| &line[..comment]);
        let arrow = line.find("|>");
        let tag = line.find(" @").map(|at| at + 1);
        let end = arrow.into_iter().chain(tag).min().unwrap_or(line.len());
        let path = line[..end].trim_end();
        if missing || path.is_empty() {
            self.report(
                Diagnostic::new(Code::INVALID_SELECTOR, keyword, "this `foreach` has no path")
                    .label("the path of an array is expected after this")
                    .help("write the path behind `foreach`, such as `foreach .items`"),
            );
            return self.text_node(start, start);
        }
        self.pos = start + path.len();
        let span = self.span_from(start);
        if let Some(bad) = path.find([':', '`', '"', '(', '|', '[', ' ', '\t']) {
            let behind = |word| path.split_once(word).map(|(_, list)| list.trim());
            let list = behind(" in ").or_else(|| behind(" of "));
            let is_path = |list: &&str| list.starts_with(|c: char| c == '.' || c.is_alphabetic());
            let help = match list.filter(is_path).filter(|list| !list.contains(' ')) {
                Some(list) => format!(
                    "write `{list}`: each element is the state of the steps inside, and needs no name"
                ),
                None => match path[bad..].starts_with('[') {
                    true => "write it without brackets, and an index behind a dot: `.items`, `.shelves.0.boxes`",
                    false => "write a path such as `.items` or `data.rows`, without quotes and spaces",
                }
                .to_owned(),
            };
            self.report(
                Diagnostic::new(
                    Code::INVALID_SELECTOR,
                    span,
                    format!("{} is not the path of an array", quoted(path)),
                )
                .label("expected keys with dots between them")
                .help(help),
            );
            if path[bad..].matches('`').count() % 2 == 1 {
                self.pos = start + path.rfind('`').unwrap_or(path.len());
                self.opt_quoted_text();
            }
        }
        self.text_node(start, start + path.len())
    }
}

//! Steps that hold steps: `if`, `dispatch`, `foreach`, `result`.

use super::scan::quoted;
use super::{MAX_DEPTH, Parser};
use crate::diagnostic::{Code, Diagnostic, nearest};
use crate::source::Span;
use crate::wp::ast::{Branch, Case, Dispatch, ForEach, If, Name, ResultBlock, Step, Text};

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
    /// `result`, or another block whose parts are named.
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
    fn open_block(&mut self, start: usize, keyword: &str, frame: Frame) -> Option<Span> {
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
    fn eat_end(&mut self, keyword: &'static str, opened: Span) -> bool {
        let start = self.pos;
        let found = self.peek_word() == "end" && self.at_block_word() && self.eat_word("end");
        if found {
            self.last_text = None;
            self.last_end = Some(ClosedBlock { end: self.span(start, self.pos), keyword, opened });
            self.eat_tags_on_block();
        }
        found
    }

    /// The colon behind a block's word, which ends here.
    fn parse_colon(&mut self, word_start: usize) {
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
        self.eat_tags_on_block();
        if !self.at_line_end() && !self.at_end() && !self.at("|>") && !self.at_block_word() {
            self.parse_unwrapped_condition();
        }
        let condition = self.parse_steps();
        Some(self.parse_if_parts(start, keyword, condition))
    }

    /// `then:`, `else:` and `end` of the `if` that is open.
    fn parse_if_parts(&mut self, start: usize, keyword: Span, condition: Vec<Step>) -> Step {
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
        Step::If(If { condition, then, otherwise, span: self.span_from(start) })
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
        self.eat_tags_on_block();
        self.report_steps_before("case");
        Some(self.parse_dispatch_parts(start, keyword))
    }

    fn parse_dispatch_parts(&mut self, start: usize, keyword: Span) -> Step {
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
        Step::Dispatch(Dispatch { cases, default, span: self.span_from(start) })
    }

    fn parse_case(&mut self, start: usize) -> Case {
        self.eat_trivia();
        let condition = self.parse_condition();
        self.parse_colon(start);
        let steps = self.steps_of(Frame::Dispatch);
        Case { condition, steps, span: self.span_from(start) }
    }

    fn report_repeated(&mut self, what: &str, span: Span, first: Span) {
        self.report(
            Diagnostic::new(Code::REPEATED_PART, span, format!("a second `{what}` in one block"))
                .label("this one would never run")
                .also(first, "the first one is here")
                .help("remove one of them"),
        );
    }

    fn report_empty_block(&mut self, keyword: &str, span: Span, help: &str) {
        self.report(
            Diagnostic::new(Code::EMPTY_BLOCK, span, format!("this `{keyword}` block is empty"))
                .label("nothing would run here")
                .help(help),
        );
    }

    /// Steps between a block's keyword and its first part belong to no part.
    fn report_steps_before(&mut self, part: &str) {
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
        self.eat_tags_on_block();
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
        Some(Step::ForEach(ForEach { selector, body, span: self.span_from(start) }))
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
        if let Some(bad) = path.find([':', '`', '"', '(', '|']) {
            self.report(
                Diagnostic::new(
                    Code::INVALID_SELECTOR,
                    span,
                    format!("{} is not the path of an array", quoted(path)),
                )
                .label("expected keys with dots between them")
                .help("write a path such as `.items` or `data.rows`, without quotes"),
            );
            if path[bad..].matches('`').count() % 2 == 1 {
                self.pos = start + path.rfind('`').unwrap_or(path.len());
                self.opt_quoted_text();
            }
        }
        self.text_node(start, start + path.len())
    }

    pub(super) fn parse_result(&mut self, start: usize) -> Option<Step> {
        let keyword = self.open_block(start, "result", Frame::Labels)?;
        self.eat_tags_on_block();
        self.report_steps_before("ok(200)");
        Some(self.parse_result_parts(start, keyword))
    }

    fn parse_result_parts(&mut self, start: usize, keyword: Span) -> Step {
        let mut branches = Vec::new();
        let mut garbled = false;
        loop {
            self.eat_trivia();
            if self.other_block_takes_word() {
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

    /// Whether something stands here that no list of steps can go on or end with.
    fn at_nonsense(&self) -> bool {
        !self.at_end() && !self.at("|>") && !self.at_list_end() && !self.at_stray_word()
    }

    /// Whether the word here belongs to a block around the innermost one.
    fn other_block_takes_word(&mut self) -> bool {
        let innermost = self.open.pop();
        let taken = matches!(self.peek_word(), "end" | "then" | "else" | "case" | "default")
            && self.at_block_word();
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
            Ok(status) if (100..600).contains(&status) && !written.starts_with('+') => {
                (status, span)
            }
            _ => {
                let open = self.span(start - 1, self.pos);
                let (span, message) = match written {
                    "" => (open, "the status is missing".to_owned()),
                    _ => (span, format!("{} is not an HTTP status", quoted(written))),
                };
                self.report(
                    Diagnostic::new(Code::INVALID_STATUS, span, message)
                        .label("expected a number from 100 to 599")
                        .help(format!("write the status that the answer has, such as {usual}")),
                );
                (usual, span)
            }
        }
    }

    /// Whether the step `name` that was just read opens a block that this version cannot run.
    pub(super) fn opens_unsupported_block(&self, name: &str) -> Option<&'static str> {
        let block =
            ["parallel", "race", "any", "quorum"].into_iter().find(|block| *block == name)?;
        let ahead =
            Self { pos: self.after_trivia(self.pos), ..Parser::new(self.text, self.source) };
        (ahead.at_label() && !self.at_foreign_label(ahead.pos)).then_some(block)
    }

    /// Whether the label at `pos` is a part of a block that is open already.
    fn at_foreign_label(&self, pos: usize) -> bool {
        let word = self.word_at(pos);
        self.text[pos + word.len()..].starts_with('(')
            || matches!(word, "then" | "else" | "case" | "default")
    }

    /// A block whose parts are named: one error, and its parts are not looked at.
    pub(super) fn parse_unsupported_block(&mut self, start: usize, name: &'static str) {
        self.report(
            Diagnostic::new(
                Code::UNSUPPORTED,
                self.span(start, start + self.text[start..].find(name).unwrap_or(0) + name.len()),
                format!("`{name}` blocks are not supported by this version"),
            )
            .label("not supported yet")
            .help("start the branches with `@async(name)` and wait for them with `join`"),
        );
        if self.open.len() >= MAX_DEPTH {
            return;
        }
        let was_muted = self.problems.mute(true);
        self.open.push(Frame::Labels);
        loop {
            self.eat_trivia();
            if self.other_block_takes_word() || !self.at_label() {
                break;
            }
            self.parse_branch();
        }
        self.open.pop();
        let closes = self.peek_word() == "end" && !self.at_block_word();
        self.problems.mute(was_muted);
        if closes || self.peek_word() == "end" {
            self.eat_word("end");
        }
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
            _ => ("result", Frame::Labels),
        };
        let span = self.span(start, start + word.len());
        let problem = if word == "end" {
            Diagnostic::new(Code::STRAY_PART, span, "this `end` closes nothing")
                .help("remove it; `result` and plain steps have no `end`")
        } else {
            Diagnostic::new(Code::STRAY_PART, span, format!("{} belongs to no block", quoted(word)))
                .help(format!("write `|> {block}` above it, or remove it"))
        };
        let problem = problem.label("no block is open that takes this");
        self.report(match before {
            Some(Step::Plain(step)) if nearest(&step.name.text, [block]).is_some() => {
                problem.also(step.name.span, format!("did you mean `{block}`?"))
            }
            _ => problem,
        });
        if word == "end" {
            self.pos += word.len();
            return None;
        }
        let keyword = self.open_block(start, "", frame)?;
        let step = match block {
            "if" => self.parse_if_parts(start, keyword, Vec::new()),
            "dispatch" => self.parse_dispatch_parts(start, keyword),
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

//! Lists of steps, and the plain step.

use super::Parser;
use super::scan::quoted;
use crate::diagnostic::{Code, Diagnostic};
use crate::wp::ast::{Name, PlainStep, Step, StepConfig, TagExpr, Text};

/// The step whose text is the name of a function.
const FUNCTION_STEP: &str = "cov";

impl Parser<'_> {
    /// Steps, up to what ends the list: a word of an open block, a declaration, the end of the file.
    pub(super) fn parse_steps(&mut self) -> Vec<Step> {
        let mut steps = Vec::new();
        loop {
            self.eat_trivia();
            if self.is_done() {
                return steps;
            } else if self.at("|>") {
                self.last_text = None;
                let start = self.pos;
                self.pos += 2;
                steps.extend(self.parse_step(start));
            } else if self.at_list_end() {
                // What ends the list may be the middle of a text whose opening backtick was taken for a closing one.
                let certain = self.at_block_word() || self.is_anchor(self.pos);
                if certain || !self.blame_last_text() {
                    return steps;
                }
            } else {
                self.parse_misplaced(&mut steps);
            }
        }
    }

    /// What follows `|>`, which stands at `start`.
    fn parse_step(&mut self, start: usize) -> Option<Step> {
        let arrow_end = self.pos;
        self.eat_trivia();
        let new_line = self.text[arrow_end..self.pos].contains('\n');
        if new_line && (self.at_end() || self.at_list_end()) {
            self.report_nameless(start);
            return None;
        }
        match self.peek_word() {
            "if" => self.parse_if(start),
            "dispatch" => self.parse_dispatch(start),
            "foreach" => self.parse_foreach(start),
            "result" => self.parse_result(start),
            _ => {
                let step = self.parse_plain(start)?;
                if self.opens_fork(&step) {
                    return self.parse_fork(start, step);
                }
                Some(Step::Plain(step))
            }
        }
    }

    fn report_nameless(&mut self, start: usize) {
        self.report(
            Diagnostic::new(
                Code::INVALID_NAME,
                self.span(start, start + 2),
                "this step has no name",
            )
            .label("a name is expected after this")
            .help("write what to call, as in ``|> jq: `.` ``, or remove it"),
        );
    }

    fn parse_plain(&mut self, start: usize) -> Option<PlainStep> {
        let named = self.pos;
        let Some(name) = self.opt_written_name("the step's name") else {
            self.report_nameless(start);
            if !self.at("|>") && !self.at_end() {
                self.skip_to_next_start();
            }
            return None;
        };
        let (name, scoped) = self.opt_scoped_call(named, name);
        let args = match self.peek() {
            Some(b'(' | b'[') => Some(self.parse_args()),
            Some(b' ' | b'\t') => self.opt_args_apart(),
            _ => None,
        };
        let mut config = None;
        let after_call = self.pos;
        self.eat_blanks();
        if matches!(self.peek(), Some(b'`' | b'"')) {
            self.report_missing_colon(start, after_call);
            config = self.opt_step_text();
        } else {
            let colon = self.after_trivia(self.pos);
            if self.text[colon..].starts_with(':') {
                self.eat_trivia();
                self.pos += 1;
                config = self.parse_step_config(colon, &name.text);
            }
        }
        let config = config.or(scoped);
        let tags = self.opt_step_tags(config.is_some());
        Some(PlainStep { name, args, config, tags, span: self.span_from(start) })
    }

    /// `|> module::name`: the short form of a call, which only pipelines of the same file have. Taken for the long one, with an error.
    fn opt_scoped_call(&mut self, start: usize, module: Name) -> (Name, Option<StepConfig>) {
        if !self.at("::") || self.word_at(self.pos + 2).is_empty() {
            return (module, None);
        }
        self.pos += 2;
        let name = self.opt_name().unwrap_or_else(|| self.missing_name());
        let span = self.span_from(start);
        self.report(
            Diagnostic::new(
                Code::MISSING_COLON,
                span,
                "a pipeline of another module is called by `pipeline`",
            )
            .label("names no step")
            .help(format!("write `|> pipeline: {}::{}`", module.text, name.text)),
        );
        let call = Name { text: "pipeline".into(), span: module.span };
        (call, Some(StepConfig::Bare { module: Some(module), name }))
    }

    /// Arguments that do not touch the name: taken, with an error. A condition in parentheses is none.
    fn opt_args_apart(&mut self) -> Option<Vec<crate::wp::ast::Text>> {
        let open = self.after_blanks(self.pos);
        let rest = &self.text[open..];
        let inside = rest.strip_prefix(['(', '['])?.trim_start();
        if rest.starts_with('(') && inside.starts_with(['@', '(']) {
            return None;
        }
        self.report(
            Diagnostic::new(
                Code::ARGS_APART,
                self.span(open, open + 1),
                "the arguments do not touch the step's name",
            )
            .label("space before this bracket")
            .help("remove the space between the name and the bracket"),
        );
        self.pos = open;
        Some(self.parse_args())
    }

    fn report_missing_colon(&mut self, start: usize, end: usize) {
        let span = self.span(start, end);
        self.report(
            Diagnostic::new(Code::MISSING_COLON, span, "`:` is missing before the step's text")
                .label("`:` is expected after this")
                .help("write `:` between the step and its text"),
        );
    }

    fn opt_step_text(&mut self) -> Option<StepConfig> {
        Some(match self.opt_quoted_text()? {
            (text, '`') => StepConfig::Backtick(text),
            (text, _) => StepConfig::Quoted(self.with_escaped_quotes(text)),
        })
    }

    /// `"{ \"a\": 1 }"`: meant as one text, though no quote can be inside. It is taken as meant, up to the last quote of its line.
    fn with_escaped_quotes(&mut self, text: Text) -> Text {
        let rest = &self.text[self.pos..self.line_end(self.pos)];
        let goes_on = rest.starts_with(|c: char| c.is_alphanumeric() || "_$.-\\".contains(c));
        let close =
            rest.match_indices('"').map(|(at, _)| at).rfind(|&at| !rest[..at].ends_with('\\'));
        let (true, true, Some(close)) = (text.value.ends_with('\\'), goes_on, close) else {
            return text;
        };
        let (start, end) = (text.span.start as usize, self.pos + close);
        self.report(
            Diagnostic::new(
                Code::MISSING_TEXT,
                self.span(self.pos - 2, self.pos),
                "a text between double quotes has no escapes, and ends here",
            )
            .label("not part of the text")
            .help("put the text between backticks, and write quotes in it without `\\`"),
        );
        self.pos = end + 1;
        let meant = self.text[start..end].replace("\\\"", "\"");
        Text { value: meant.into(), ..self.text_node(start, end) }
    }

    /// What follows the colon.
    fn parse_step_config(&mut self, colon: usize, step: &str) -> Option<StepConfig> {
        self.eat_trivia();
        if let Some(text) = self.opt_step_text() {
            return Some(text);
        }
        let new_line = self.text[colon..self.pos].contains('\n');
        if new_line && (self.at_list_end() || self.at("|>")) || self.at_end() || self.at("|>") {
            self.report(
                Diagnostic::new(
                    Code::MISSING_TEXT,
                    self.span(colon, colon + 1),
                    "the step's text is missing",
                )
                .label("a text is expected after this")
                .help("write the text between backticks, or remove the colon"),
            );
            return None;
        }
        let start = self.pos;
        if let Some(first) = self.opt_name() {
            let scoped = self.at("::") && !self.word_at(self.pos + 2).is_empty();
            let bare = if scoped {
                self.pos += 2;
                let name = self.opt_name().unwrap_or_else(|| self.missing_name());
                StepConfig::Bare { module: Some(first), name: self.with_dots(name, step) }
            } else {
                StepConfig::Bare { module: None, name: self.with_dots(first, step) }
            };
            if self.ends_bare_config() {
                return Some(bare);
            }
        }
        self.pos = start;
        let end = self.unquoted_end();
        let shown = self.text[start..end].trim_end();
        let inner = without_foreign_quotes(shown);
        let message = match inner.len() == shown.len() {
            true => "the step's text has no quotes",
            false => "a text does not stand between quotes of this kind",
        };
        self.report(
            Diagnostic::new(Code::MISSING_TEXT, self.span(start, start + shown.len()), message)
                .label("expected a text in backticks or a name")
                .help(format!("put it between backticks: {}", quoted(inner))),
        );
        self.pos = end;
        if !self.at_end() && !self.at("|>") && !self.at("@") {
            self.skip_to_next_start();
        }
        // One line is taken as if it had quotes, so that nothing more is reported for the lack of them alone.
        let is_whole = self.after_trivia(end) >= self.pos;
        let from = start + (inner.as_ptr() as usize - shown.as_ptr() as usize);
        is_whole.then(|| StepConfig::Backtick(self.text_node(from, from + inner.len())))
    }

    /// A name with what its dots join to it: those of functions have them.
    fn with_dots(&mut self, name: Name, step: &str) -> Name {
        let mut end = self.pos;
        while step == FUNCTION_STEP && self.text[end..].starts_with('.') {
            let word = self.word_at(end + 1);
            if word.is_empty() {
                break;
            }
            end += 1 + word.len();
        }
        if end == self.pos {
            return name;
        }
        self.pos = end;
        self.name(name.span.start as usize, end)
    }

    /// Whether what follows a name after a colon can follow a step.
    fn ends_bare_config(&self) -> bool {
        let next = self.after_blanks(self.pos);
        let rest = &self.text[next..];
        if rest.is_empty() || rest.starts_with(['\n', '#', '@']) || rest.starts_with("|>") {
            return true;
        }
        if next == self.pos {
            return false;
        }
        let here = self.word_at(next);
        rest.starts_with('(') || matches!(here, "end" | "then" | "else" | "case" | "default")
    }

    /// Where a text without quotes ends: with its line, or before the tags or the step that follow it there.
    fn unquoted_end(&self) -> usize {
        let line = &self.text[self.pos..self.line_end(self.pos)];
        let end = [" |>", " @", " #"].iter().filter_map(|stop| line.find(stop)).min();
        self.pos + end.map_or(line.len(), |at| at + 1)
    }

    /// The condition behind a step. A step without text may have it on the next line.
    fn opt_step_tags(&mut self, has_text: bool) -> Option<TagExpr> {
        let behind =
            if has_text { self.after_blanks(self.pos) } else { self.after_trivia(self.pos) };
        let rest = &self.text[behind..];
        let opens = rest.starts_with('@')
            || rest
                .strip_prefix('(')
                .is_some_and(|inside| inside.trim_start().starts_with(['@', '(']));
        if !opens {
            return None;
        }
        if has_text {
            self.pos = behind;
        } else {
            self.eat_trivia();
        }
        Some(self.parse_condition())
    }

    /// Something in a list of steps that is no step: reports it, makes the best of it, and moves on.
    fn parse_misplaced(&mut self, steps: &mut Vec<Step>) {
        if self.blame_last_text() {
            return;
        }
        let start = self.pos;
        if self.at("@") {
            self.parse_tags_below(steps.last_mut());
        } else if let Some(len) = self.broken_arrow() {
            self.report_no_arrow(start, start + len);
            self.pos += len;
            steps.extend(self.parse_step(start));
        } else if self.at_stray_word() {
            steps.extend(self.parse_stray_part(steps.last()));
        } else if self.at_bare_step() {
            let word = self.peek_word();
            self.report_no_arrow(start, start + word.len());
            steps.extend(self.parse_step(start));
        } else {
            self.parse_unexpected("a step (`|>`) or a declaration");
        }
        if self.pos == start {
            // Whatever was made of it, reading moves on.
            self.pos += self.rest().chars().next().map_or(0, char::len_utf8);
            self.skip_to_next_start();
        }
    }

    fn report_no_arrow(&mut self, start: usize, end: usize) {
        self.report(
            Diagnostic::new(
                Code::STEP_WITHOUT_ARROW,
                self.span(start, end),
                "a step starts with `|>`",
            )
            .label("expected `|>`")
            .help("write `|>` before the step's name"),
        );
    }

    /// The length of what was probably meant to be `|>`.
    fn broken_arrow(&self) -> Option<usize> {
        let arrow =
            ["||>", "|->", "->", "=>", "|", ">"].into_iter().find(|arrow| self.at(arrow))?;
        let name = self.after_blanks(self.pos + arrow.len());
        (!self.word_at(name).is_empty()).then_some(arrow.len())
    }

    /// Whether a step stands here that lacks only its `|>`.
    fn at_bare_step(&self) -> bool {
        let word = self.peek_word();
        let after = self.pos + word.len();
        match word {
            "" => false,
            "if" | "foreach" | "dispatch" | "result" => true,
            _ => {
                let next = self.after_blanks(after);
                let rest = &self.text[next..];
                let call = next == after && rest.starts_with(['(', '[']);
                let text = rest.strip_prefix(':').is_some_and(|rest| {
                    self.text[self.after_trivia(self.text.len() - rest.len())..]
                        .starts_with(['`', '"'])
                });
                let name =
                    rest.starts_with(": ") && !self.word_at(self.after_blanks(next + 1)).is_empty();
                call || text || name || rest.starts_with('`')
            }
        }
    }

    /// Tags on a line of their own, below the step that they were probably meant for.
    fn parse_tags_below(&mut self, step: Option<&mut Step>) {
        let start = self.pos;
        let was_muted = self.problems.mute(true);
        let condition = self.parse_condition();
        self.problems.mute(was_muted);
        let span = self.span_from(start);
        match step {
            Some(Step::Plain(step)) => {
                self.report(
                    Diagnostic::new(Code::TAG_BELOW, span, "tags stand on the line of their step")
                        .label("this line belongs to no step")
                        .also(step.span, "probably meant for this step")
                        .help("move them up, to the end of the step"),
                );
                step.tags = Some(match step.tags.take() {
                    Some(first) => TagExpr::And(vec![first, condition]),
                    None => condition,
                });
            }
            Some(_) => self.report_tags_on_block(span, "write them where the block begins"),
            None => self.report(
                Diagnostic::new(Code::TAG_BELOW, span, "tags stand behind a step")
                    .label("no step comes before this")
                    .help("move them to the end of a step"),
            ),
        }
    }
}

/// What stands between quotes that the language does not have: `'…'`, `“…”` and the like.
fn without_foreign_quotes(text: &str) -> &str {
    const OPEN: &[char] = &['\'', '“', '‘', '„', '«', '´'];
    const CLOSE: &[char] = &['\'', '”', '’', '“', '»', '´'];
    let inner = text.strip_prefix(OPEN).and_then(|rest| rest.strip_suffix(CLOSE));
    inner.unwrap_or(text)
}

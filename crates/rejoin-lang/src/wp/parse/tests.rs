//! Tests: `describe`, `it` and their clauses, which may stand in any order.

use std::time::Duration;

use super::Parser;
use super::recover::{ItemStart, KEYWORDS, METHODS};
use crate::diagnostic::{Code, Diagnostic, nearest};
use crate::duration;
use crate::wp::ast::{
    Describe, Given, GivenKind, It, Let, Mock, MockAnswer, MockTarget, Name, Owner, TestCheck,
    Text, Trigger, Written,
};

/// The words that begin a part of a test.
const CLAUSES: [&str; 6] = ["it", "let", "when", "with", "and", "then"];

const EXPECTED: &str = "`it`, `let`, `when`, `with`, `and` or `then`";

impl Parser<'_> {
    pub(super) fn parse_describe(&mut self) -> Describe {
        let start = self.pos;
        // `describe`, or what was meant to be.
        self.pos += self.peek_word().len();
        let name = self.parse_test_name(start);
        self.parse_tests(start, name)
    }

    /// Tests outside of a `describe`: one problem, and not one for each of their lines.
    pub(super) fn parse_lost_tests(&mut self) {
        let at = self.pos;
        self.report_bad_test(at, "this belongs to no test", "`describe \"name\"` above it");
        let muted = self.problems.mute(true);
        let name = self.text_node(at, at);
        self.parse_tests(at, name);
        self.problems.mute(muted);
    }

    /// What follows the name of a `describe`.
    fn parse_tests(&mut self, start: usize, name: Text) -> Describe {
        let mut describe = Describe {
            name,
            lets: Vec::new(),
            mocks: Vec::new(),
            tests: Vec::new(),
            span: self.span_from(start),
        };
        let muted = self.problems.is_muted();
        loop {
            self.eat_trivia();
            if self.at_test_end() {
                self.problems.mute(muted);
                return describe;
            }
            let at = self.pos;
            if self.eat_word("it") {
                self.problems.mute(muted);
                describe.tests.push(self.parse_it(at));
            } else if self.eat_word("let") {
                describe.lets.extend(self.parse_let(at));
            } else if self.eat_word("with") || self.eat_word("and") {
                self.eat_trivia();
                if self.eat_word("mock") {
                    describe.mocks.extend(self.parse_mock(at));
                } else {
                    self.report_bad_test(at, "only mocks are shared by tests", "`mock`");
                    self.problems.mute(true);
                }
            } else {
                self.report_bad_test(at, "this is no part of a `describe`", EXPECTED);
                // Of a test without its beginning each clause would be wrong.
                self.problems.mute(true);
            }
            describe.span = self.span_from(start);
        }
    }

    fn parse_it(&mut self, start: usize) -> It {
        let name = self.parse_test_name(start);
        let mut it = It {
            name,
            lets: Vec::new(),
            mocks: Vec::new(),
            trigger: None,
            given: Vec::new(),
            checks: Vec::new(),
            span: self.span_from(start),
            is_faulty: false,
        };
        let before = self.problems.len();
        let mut end = self.pos;
        loop {
            self.eat_trivia();
            if self.at_test_end() || self.peek_word() == "it" {
                break;
            }
            let at = self.pos;
            if self.eat_word("let") {
                it.lets.extend(self.parse_let(at));
            } else if self.eat_word("when") {
                self.parse_trigger(at, &mut it);
            } else if self.eat_word("with") || self.eat_word("and") || self.eat_word("then") {
                self.parse_clause(at, &mut it);
            } else {
                self.report_bad_test(at, "this is no part of a test", EXPECTED);
            }
            end = self.pos;
        }
        it.span = self.span(start, start + self.text[start..end].trim_end().len());
        if it.trigger.is_none() {
            self.report(
                Diagnostic::new(Code::BAD_TEST, it.name.span, "the test starts nothing")
                    .label("no `when` follows")
                    .help("say what it starts, such as `when calling GET /path`"),
            );
        }
        let input = it.given.iter().find(|given| given.kind == GivenKind::Stdin);
        if let (Some(Trigger::Calling { .. }), Some(input)) = (&it.trigger, input) {
            let span = input.text.span;
            self.report(
                Diagnostic::new(Code::BAD_TEST, span, "a request has no standard input")
                    .label("nothing reads this")
                    .help("give it a body: ``with body `jq` ``; or execute a pipeline"),
            );
        }
        it.is_faulty = self.problems.len() > before;
        it
    }

    /// A declaration, or the end, ends tests. Words of tests come before: `let x =` looks like a variable.
    fn at_test_end(&self) -> bool {
        let word = self.peek_word();
        self.is_done() || (!CLAUSES.contains(&word) && (self.at("|>") || self.declares_here()))
    }

    /// Whether a test, or a clause of one, starts at `pos` beyond doubt.
    pub(super) fn is_clause(&self, pos: usize) -> bool {
        let word = self.word_at(pos);
        let next = self.after_blanks(pos + word.len());
        let second = self.word_at(next);
        match word {
            "it" => self.text[next..].starts_with('"'),
            "when" => ["calling", "executing"].contains(&second),
            "with" | "and" | "then" => {
                GivenKind::parse(second).is_some()
                    || [
                        "mock",
                        "status",
                        "contentType",
                        "header",
                        "output",
                        "selector",
                        "took",
                        "task",
                        "call",
                    ]
                    .contains(&second)
            }
            _ => false,
        }
    }

    /// Whether a declaration starts here. A misspelt clause can look like a variable, but has no text or steps behind `=`.
    fn declares_here(&self) -> bool {
        match self.item_at(self.pos) {
            Some(ItemStart::Variable) => {
                let line = &self.text[self.pos..self.line_end(self.pos)];
                let Some((_, value)) = line.split_once('=') else { return false };
                let value = self.after_trivia(self.pos + line.len() - value.len());
                self.text[value..].starts_with('`') || self.text[value..].starts_with("|>")
            }
            Some(ItemStart::Block) => nearest(self.peek_word(), KEYWORDS) == Some("config"),
            found => found.is_some(),
        }
    }

    fn parse_test_name(&mut self, start: usize) -> Text {
        let keyword = self.span_from(start);
        self.eat_trivia();
        if let Some((text, _)) = self.opt_quoted_text() {
            return text;
        }
        self.report(
            Diagnostic::new(Code::BAD_TEST, keyword, "the test has no name")
                .label("a name is expected after this")
                .help("write a name between double quotes"),
        );
        let end = self.line_end(self.pos);
        let text = self.text_node(self.pos, self.pos);
        self.pos = end;
        text
    }

    fn parse_let(&mut self, start: usize) -> Option<Let> {
        let name = self.parse_declared_name(start, "the value's name");
        self.parse_equals(start);
        let value = self.parse_let_value();
        if value.text().value.is_empty() && matches!(value, Written::Bare(_)) {
            self.report_bad_test(start, "the value is missing", "a value after `=`");
            return None;
        }
        Some(Let { name, value })
    }

    fn parse_trigger(&mut self, start: usize, it: &mut It) {
        if it.trigger.is_some() {
            self.report_bad_test(start, "a test starts one thing", "one `when` only");
            return;
        }
        self.eat_trivia();
        if self.eat_word("calling") {
            self.eat_trivia();
            let method = self.opt_name().unwrap_or_else(|| self.missing_name());
            if !METHODS.contains(&&*method.text) {
                self.report_bad_test(start, "the method is missing", "a method such as `GET`");
                return;
            }
            let path = self.parse_bare_to_clause();
            if !path.value.starts_with(['/', '{']) {
                self.report_bad_test(start, "the path is missing", "a path such as `/users/1`");
                return;
            }
            it.trigger = Some(Trigger::Calling { method, path });
            return;
        }
        if self.eat_word("executing") {
            self.eat_trivia();
            if self.eat_word("pipeline") {
                let named = self.opt_scoped_word_after();
                it.trigger = named.map(|(module, name)| Trigger::Pipeline { module, name });
            } else if self.eat_word("variable") {
                let step = self.opt_word_after();
                let named = self.opt_scoped_word_after();
                it.trigger = step.zip(named).map(|(step, (module, name))| Trigger::Variable {
                    step,
                    module,
                    name,
                });
            } else if let Some((owner, field)) = self.opt_resolver() {
                it.trigger = Some(Trigger::Resolver(owner, field));
            }
        }
        if it.trigger.is_none() {
            let expected = "`calling METHOD path`, or `executing` a pipeline, variable, query, mutation or resolver";
            self.report_bad_test(start, "this starts nothing", expected);
        }
    }

    /// What [`Self::parse_bare`] reads, up to the clause that follows on the line: no path, number or length of time has one in it.
    fn parse_bare_to_clause(&mut self) -> Text {
        let bare = self.parse_bare();
        let start = bare.span.start as usize;
        let mut blanks = bare.value.match_indices([' ', '\t']).map(|(at, _)| start + at);
        let Some(end) = blanks.find(|at| self.is_clause(at + 1)) else { return bare };
        self.pos = start + self.text[start..end].trim_end().len();
        self.text_node(start, self.pos)
    }

    /// `query name`, `mutation name` or `resolver Type.field`, if one of them is here.
    fn opt_resolver(&mut self) -> Option<(Owner, Name)> {
        if self.eat_word("query") {
            return Some((Owner::Query, self.opt_word_after()?));
        }
        if self.eat_word("mutation") {
            return Some((Owner::Mutation, self.opt_word_after()?));
        }
        if !self.eat_word("resolver") {
            return None;
        }
        let owner = self.opt_word_after()?;
        let field = if self.eat(".") { self.opt_name()? } else { return None };
        Some((Owner::Type(owner), field))
    }

    fn opt_word_after(&mut self) -> Option<Name> {
        self.eat_trivia();
        self.opt_name()
    }

    /// `name`, or `module::name`.
    fn opt_scoped_word_after(&mut self) -> Option<(Option<Name>, Name)> {
        let first = self.opt_word_after()?;
        if self.at("::") && !self.word_at(self.pos + 2).is_empty() {
            self.eat("::");
            return Some((Some(first), self.opt_name()?));
        }
        Some((None, first))
    }

    /// What follows `with`, `and` or `then`.
    fn parse_clause(&mut self, start: usize, it: &mut It) {
        self.eat_trivia();
        self.eat_word("with");
        self.eat_trivia();
        if self.eat_word("mock") {
            it.mocks.extend(self.parse_mock(start));
            return;
        }
        if let Some(kind) = GivenKind::parse(self.peek_word()) {
            self.opt_name();
            self.eat_trivia();
            let _ = self.eat_word("are") || self.eat_word("is");
            self.eat_trivia();
            match self.opt_quoted_text() {
                Some((text, _)) => it.given.push(Given { kind, text }),
                None => {
                    let expected = match kind {
                        GivenKind::Stdin => "a text between quotes or backticks",
                        _ => "jq between backticks",
                    };
                    self.report_bad_test(start, "the value is missing", expected);
                }
            }
            return;
        }
        match self.parse_check(start) {
            Ok(check) => it.checks.push(check),
            Err(expected) => self.report_bad_test(start, "this cannot be checked", expected),
        }
    }

    fn parse_mock(&mut self, start: usize) -> Option<Mock> {
        self.eat_trivia();
        let at = self.pos;
        let word = self.parse_run();
        let target = match &*word.text {
            "pipeline" => MockTarget::Pipeline(self.opt_scoped_word_after()?.1.text),
            "query" => MockTarget::Resolver(Owner::Query, self.opt_word_after()?),
            "mutation" => MockTarget::Resolver(Owner::Mutation, self.opt_word_after()?),
            text => {
                let (step, name) = match text.split_once('.') {
                    Some((step, name)) => (step, Some(name)),
                    None => (text, None),
                };
                // Types are written like this, steps are not.
                if let Some(field) = name
                    && step.starts_with(|c: char| c.is_ascii_uppercase())
                {
                    let dot = at + step.len();
                    let (owner, end) = (self.name(at, dot), dot + 1 + field.len());
                    return self.mock_of(
                        start,
                        at,
                        MockTarget::Resolver(Owner::Type(owner), self.name(dot + 1, end)),
                    );
                }
                let name = name.map(|name| name.rsplit("::").next().unwrap_or(name).into());
                MockTarget::Step { step: step.into(), name }
            }
        };
        self.mock_of(start, at, target)
    }

    /// What a mock of that target does; the target stands at `at`.
    fn mock_of(&mut self, start: usize, at: usize, target: MockTarget) -> Option<Mock> {
        let span = self.span_from(at);
        self.eat_trivia();
        let failing = self.eat_word("failing");
        if !failing && !self.eat_word("returning") {
            let expected = "``returning `jq` `` or `failing \"typeOfError\"`";
            self.report_bad_test(start, "the mock does nothing", expected);
            return None;
        }
        self.eat_trivia();
        let Some((text, _)) = self.opt_quoted_text() else {
            self.report_bad_test(start, "the mock does nothing", "a text between backticks");
            return None;
        };
        let answer = if failing { MockAnswer::Failing(text) } else { MockAnswer::Returning(text) };
        let mut after = Duration::ZERO;
        if self.word_at(self.after_trivia(self.pos)) == "after" {
            self.eat_trivia();
            self.eat_word("after");
            self.eat_trivia();
            let Some(length) = duration::parse(&self.parse_run().text) else {
                self.report_bad_test(start, "this is no length of time", "one such as `200ms`");
                return None;
            };
            after = length;
        }
        Some(Mock { target, answer, after, span })
    }

    /// The error is how it has to be written.
    fn parse_check(&mut self, start: usize) -> Result<TestCheck, &'static str> {
        let field = self.peek_word();
        self.opt_name();
        self.eat_trivia();
        match field {
            "status" => {
                let operator = self.parse_run();
                let value = self.parse_bare_to_clause();
                let span = self.span_from(start);
                let number = |text: &str| text.trim().parse::<u16>().ok();
                let range = match &*operator.text {
                    "is" | "equals" => number(&value.value).map(|n| (n, n)),
                    "in" => value.value.split_once("..").and_then(|(from, to)| {
                        Some((number(from)?, number(to.trim_start_matches('='))?))
                    }),
                    _ => None,
                };
                let (from, to) = range.ok_or("`status is 200` or `status in 200..299`")?;
                if from > to {
                    return Err("the lower status first, as in `status in 200..299`");
                }
                Ok(TestCheck::Status { from, to, span })
            }
            "took" => {
                let value = self.parse_bare_to_clause();
                let range = value
                    .value
                    .split_once("..")
                    .and_then(|(from, to)| Some((duration::parse(from)?, duration::parse(to)?)));
                let (from, to) = range.ok_or("`took 100ms..150ms`")?;
                if from > to {
                    return Err("the shorter time first, as in `took 100ms..150ms`");
                }
                Ok(TestCheck::Took { from, to, span: self.span_from(start) })
            }
            "contentType" => {
                if !matches!(&*self.parse_run().text, "is" | "equals") {
                    return Err("`contentType is \"text/html\"`");
                }
                let value = self.parse_written();
                Ok(TestCheck::ContentType { value, span: self.span_from(start) })
            }
            "header" => {
                let Some((name, _)) = self.opt_quoted_text() else {
                    return Err("`header \"Name\" contains \"x\"`");
                };
                let (operator, value) = self.parse_comparison()?;
                Ok(TestCheck::Header { name, operator, value, span: self.span_from(start) })
            }
            "output" => {
                let filter = self.opt_quoted_text().map(|(text, _)| text);
                let (operator, value) = self.parse_comparison()?;
                Ok(TestCheck::Output { filter, operator, value, span: self.span_from(start) })
            }
            "call" => {
                let called = if self.eat_word("pipeline") {
                    self.opt_scoped_word_after().map(|(_, name)| (None, name))
                } else {
                    self.opt_resolver().map(|(owner, name)| (Some(owner), name))
                };
                self.eat_trivia();
                let (Some((owner, name)), true) = (called, self.eat_word("with")) else {
                    return Err("``call pipeline name with `jq` ``");
                };
                self.eat_trivia();
                self.eat_word("arguments");
                let value = self.parse_written();
                Ok(TestCheck::Call { owner, name, value, span: self.span_from(start) })
            }
            "selector" => self.parse_selector_check(start),
            "task" | "branch" => {
                let task = self.opt_name();
                let end = self.parse_bare();
                let (Some(task), "was cancelled") = (task, &*end.value) else {
                    return Err("`task name was cancelled`");
                };
                Ok(TestCheck::Cancelled { task, span: self.span_from(start) })
            }
            _ => Err("`status`, `output`, `header`, `contentType`, `selector`, `call` or `took`"),
        }
    }

    fn parse_comparison(&mut self) -> Result<(Name, Written), &'static str> {
        self.eat_trivia();
        let operator = self.parse_run();
        if !matches!(&*operator.text, "equals" | "contains" | "matches") {
            return Err("`equals`, `contains` or `matches`");
        }
        Ok((operator, self.parse_written()))
    }

    pub(super) fn parse_written(&mut self) -> Written {
        let next = self.after_trivia(self.pos);
        if self.text[next..].starts_with(['`', '"']) {
            self.eat_trivia();
        }
        match self.opt_quoted_text() {
            Some((text, '`')) => Written::Backtick(text),
            Some((text, _)) => Written::Quoted(text),
            None => Written::Bare(self.parse_bare()),
        }
    }

    /// What a `let` stands for. A number or a word of JSON ends by itself, so that more of the test may follow on its line.
    fn parse_let_value(&mut self) -> Written {
        self.eat_to_bare();
        let rest = self.rest();
        let word = &rest[..rest.find(char::is_whitespace).unwrap_or(rest.len())];
        let is_whole = matches!(word, "true" | "false" | "null") || word.parse::<f64>().is_ok();
        let next = self.word_at(self.after_blanks(self.pos + word.len()));
        if !is_whole || !CLAUSES.contains(&next) {
            return self.parse_written();
        }
        let start = self.pos;
        self.pos += word.len();
        Written::Bare(self.text_node(start, self.pos))
    }

    /// A value may stand on the next line, unless that says something else.
    fn eat_to_bare(&mut self) {
        self.eat_blanks();
        let next = self.after_trivia(self.pos);
        let goes_on = !CLAUSES.contains(&self.word_at(next)) && self.item_at(next).is_none();
        if self.at_line_end() && next < self.text.len() && goes_on {
            self.eat_trivia();
        }
    }

    /// The rest of the line, without blanks around it and without a comment.
    pub(super) fn parse_bare(&mut self) -> Text {
        self.eat_to_bare();
        let start = self.pos;
        let end = self.line_end(start);
        let line = &self.text[start..end];
        let line = line.find(" #").map_or(line, |comment| &line[..comment]);
        self.pos = start + line.trim_end().len();
        self.text_node(start, self.pos)
    }

    /// Everything up to white space.
    pub(super) fn parse_run(&mut self) -> Name {
        self.eat_trivia();
        let start = self.pos;
        let rest = self.rest();
        self.pos += rest.find(char::is_whitespace).unwrap_or(rest.len());
        self.name(start, self.pos)
    }

    /// Reports what starts at `start`, and goes on behind its line.
    fn report_bad_test(&mut self, start: usize, what: &str, expected: &str) {
        if self.blame_last_text_of_test() {
            return;
        }
        let line_end = self.line_end(start);
        let end = start + self.text[start..line_end].trim_end().len().max(1);
        self.report(
            Diagnostic::new(Code::BAD_TEST, self.span(start, end.min(self.text.len())), what)
                .label(format!("expected {expected}"))
                .help("see \"Tests\" in the language's reference"),
        );
        self.pos = self.pos.max(line_end);
    }
}

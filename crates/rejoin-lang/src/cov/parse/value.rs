//! What stands behind `=`.

use std::sync::Arc;

use super::super::ast::{Attribute, Value, ValueKind};
use super::super::lex::{self, Kind};
use super::{MAX_DEPTH, Parser};
use crate::diagnostic::{Code, Diagnostic};

const WRITE_DURATION: &str = "write it like `250ms`, `5s` or `2m`";

/// A word in a value that is no literal.
fn bare_word(kind: &ValueKind) -> Option<&str> {
    match kind {
        ValueKind::Word(word) => Some(word),
        ValueKind::Array(items) => items.iter().find_map(bare_word),
        ValueKind::Object(members) => members.iter().find_map(|(_, value)| bare_word(value)),
        _ => None,
    }
}

impl Parser<'_> {
    /// `name=value`, where a word and an equals sign come next.
    pub(super) fn parse_attribute(&mut self) -> Attribute {
        let name = self.take_word();
        self.take();
        let is_timeout = &*name.text == "timeout";
        if is_timeout
            && self.next.kind == Kind::Number(ValueKind::Faulty)
            && let Some(problem) = self.next.problem.take()
        {
            // Whatever it looks like, a duration was meant.
            let problem = Diagnostic::new(Code::COV_DURATION, problem.span, problem.message);
            let problem = problem.label("no such duration").help(WRITE_DURATION);
            self.next.problem = Some(Box::new(problem));
        }
        let mut value = self.parse_value();
        if matches!(&*name.text, "lit" | "literal" | "default")
            && let Some(word) = bare_word(&value.kind)
        {
            let shown: String = word.chars().take(40).collect();
            let help = match &*shown.to_ascii_lowercase() {
                "null" | "nil" | "undefined" => "write `none`".to_owned(),
                known @ ("true" | "false" | "none") => format!("write `{known}`"),
                _ => format!("a text stands in double quotes: `\"{shown}\"`"),
            };
            let problem =
                Diagnostic::new(Code::COV_BAD_VALUE, value.span, format!("`{shown}` is no value"));
            self.report(
                problem.label("of all words, only `true`, `false` and `none` are").help(help),
            );
            value.kind = ValueKind::Faulty;
        }
        if is_timeout && value.kind != ValueKind::Faulty {
            // Both spellings are in use: `5s`, and the same in quotes.
            let time = match &value.kind {
                ValueKind::Duration(time) => Some(*time),
                ValueKind::Text(text) => lex::duration(text),
                _ => None,
            };
            match time.filter(|time| !time.is_zero()) {
                Some(time) => value.kind = ValueKind::Duration(time),
                None => {
                    if ["ms", "s", "m"].iter().any(|unit| self.is_word(unit)) {
                        self.take();
                    }
                    let positive = match &value.kind {
                        ValueKind::Int(number) => *number > 0,
                        ValueKind::Float(number) => *number > 0.0,
                        _ => false,
                    };
                    let is_other = !matches!(value.kind, ValueKind::Int(_) | ValueKind::Float(_))
                        && time.is_none();
                    let (message, label) = match (is_other, positive) {
                        (true, _) => ("`timeout` needs a duration", "is none"),
                        (_, true) => ("`timeout` needs a duration with a unit", "without a unit"),
                        (_, false) => {
                            ("`timeout` needs a duration greater than zero", "no such duration")
                        }
                    };
                    value.kind = ValueKind::Faulty;
                    let problem = Diagnostic::new(Code::COV_DURATION, value.span, message);
                    self.report(problem.label(label).help(WRITE_DURATION));
                }
            }
        }
        Attribute { name, value }
    }

    pub(super) fn parse_value(&mut self) -> Value {
        let start = self.next.start;
        let kind = self.parse_kind(0);
        let end = self.pos.max(start);
        Value { kind, span: self.span(start, end) }
    }

    fn parse_kind(&mut self, depth: usize) -> ValueKind {
        if depth > MAX_DEPTH {
            self.stop_too_deep();
            return ValueKind::Faulty;
        }
        if self.at_end() {
            return self.no_value();
        }
        match self.next.kind.clone() {
            Kind::Text(text) | Kind::Block(text) => {
                self.take();
                ValueKind::Text(text)
            }
            Kind::Number(number) => {
                self.take();
                if !self.is_sign(':') || number == ValueKind::Faulty {
                    return number;
                }
                let is_part = |c: char| {
                    c.is_ascii_alphanumeric() || matches!(c, '_' | ':' | '.' | '<' | '>' | '?')
                };
                let kind = self.text[self.next.end..].trim_start();
                let start = self.text.len() - kind.len();
                let kind = &kind[..kind.find(|c| !is_part(c)).unwrap_or(kind.len())];
                if !kind.starts_with(|c: char| c.is_ascii_alphabetic()) {
                    self.take();
                    return self.no_value();
                }
                self.pos = start + kind.len();
                self.read_next();
                ValueKind::Typed(Box::new(number), kind.into())
            }
            Kind::Word if self.is_word("end") && !self.is_attribute() => self.no_value(),
            Kind::Word if self.is_word("var") && self.is_attribute() => {
                self.take();
                self.take();
                match self.parse_kind(depth + 1) {
                    ValueKind::Text(name) => ValueKind::Var(name),
                    _ => self.no_value(),
                }
            }
            // The value is missing, and the next attribute or block stands in its place.
            Kind::Word if self.is_attribute() || self.is_block_for_value() => self.no_value(),
            Kind::Word => match &*self.take_word().text {
                "true" => ValueKind::Bool(true),
                "false" => ValueKind::Bool(false),
                "none" => ValueKind::None,
                word => ValueKind::Word(word.into()),
            },
            Kind::Sign('[') => self.parse_array(depth),
            Kind::Sign('{') => self.parse_object(depth),
            Kind::Sign('(') => self.parse_parentheses(depth),
            _ => self.no_value(),
        }
    }

    fn parse_array(&mut self, depth: usize) -> ValueKind {
        self.take();
        let mut items = Vec::new();
        while !self.eat_closing(']') {
            items.push(self.parse_kind(depth + 1));
            // One that cannot be read has taken the rest of the line with it.
            if items.last() == Some(&ValueKind::Faulty) || !self.eat_separator(',', ']') {
                return ValueKind::Faulty;
            }
        }
        ValueKind::Array(items)
    }

    fn parse_object(&mut self, depth: usize) -> ValueKind {
        self.take();
        let mut members: Vec<(Arc<str>, ValueKind)> = Vec::new();
        while !self.eat_closing('}') {
            let Kind::Text(key) = self.next.kind.clone() else { return self.no_key() };
            let place = self.span(self.next.start, self.next.end);
            self.take();
            if !self.is_sign(':') {
                return self.no_value();
            }
            self.take();
            let value = self.parse_kind(depth + 1);
            if members.iter().any(|(known, _)| *known == key) {
                let shown: String = key.chars().take(40).collect();
                let message = format!("the key `{shown}` is written twice");
                let problem = Diagnostic::new(Code::COV_BAD_VALUE, place, message);
                self.report(problem.label("again here").help("remove one of them"));
            }
            let is_faulty = value == ValueKind::Faulty;
            members.push((key, value));
            if is_faulty || !self.eat_separator(',', '}') {
                return ValueKind::Faulty;
            }
        }
        ValueKind::Object(members)
    }

    /// `("a", "b")` or `(max=3 backoff=linear)`.
    pub(super) fn parse_parentheses(&mut self, depth: usize) -> ValueKind {
        self.take();
        let (mut names, mut parameters) = (Vec::new(), Vec::new());
        while !self.eat_closing(')') {
            if self.is_attribute() {
                let name = self.take_word().text;
                self.take();
                parameters.push((name, self.parse_kind(depth + 1)));
            } else if let ValueKind::Text(name) = self.parse_kind(depth + 1) {
                names.push(name);
            } else {
                return self.no_value();
            }
            if self.is_sign(',') {
                self.take();
            }
        }
        if parameters.is_empty() {
            ValueKind::Names(names)
        } else {
            ValueKind::Parameters(parameters)
        }
    }

    fn eat_closing(&mut self, sign: char) -> bool {
        let is = self.is_sign(sign);
        if is {
            self.take();
        }
        is
    }

    /// A comma, or the sign that closes, which stays; otherwise the rest cannot be read.
    fn eat_separator(&mut self, sign: char, closing: char) -> bool {
        if self.is_sign(sign) {
            self.take();
            return true;
        }
        if self.is_sign(closing) {
            return true;
        }
        self.no_value();
        false
    }

    /// A key without quotes, or none at all.
    fn no_key(&mut self) -> ValueKind {
        let problem = Diagnostic::new(
            Code::COV_BAD_VALUE,
            self.span(self.next.start, self.next.end),
            "a key that is no text",
        );
        self.report(problem.label("keys stand in quotes").help("write it like `{\"key\": 1}`"));
        // Up to the end of the object, if that is on this line.
        let line = self.text[self.pos..].lines().next().unwrap_or_default();
        if line.contains('}') {
            while !self.at_end() && self.take().kind != Kind::Sign('}') {}
        }
        self.skip_line();
        ValueKind::Faulty
    }

    fn no_value(&mut self) -> ValueKind {
        let at = self.next.start;
        let single = self.is_sign('\'');
        let problem = Diagnostic::new(
            Code::COV_BAD_VALUE,
            self.span(at, if self.at_end() { at } else { self.next.end }),
            "a value that cannot be read",
        )
        .label("a text, a number, `true`, `false`, `none`, `[...]` or `{...}` is expected")
        .help(if single { "write texts in double quotes" } else { "write the value here" });
        self.report(problem);
        // What is left of it says nothing that a reader wants to know.
        if single {
            self.take();
            while !self.at_end() && !self.text[self.pos..self.next.start].contains('\n') {
                if self.take().kind == Kind::Sign('\'') {
                    return ValueKind::Faulty;
                }
            }
        }
        self.skip_line();
        ValueKind::Faulty
    }

    /// Skips what is left of a value on its line: it says nothing that a reader wants to know.
    fn skip_line(&mut self) {
        while !self.at_end()
            && !matches!(self.next.kind, Kind::Word)
            && !self.text[self.pos..self.next.start].contains('\n')
        {
            self.take();
        }
    }

    pub(super) fn stop_too_deep(&mut self) {
        let problem = Diagnostic::new(
            Code::TOO_DEEP,
            self.span(self.next.start, self.next.end),
            format!("blocks or values are nested more than {MAX_DEPTH} deep"),
        );
        self.report(problem.label("one too many").help("move the inner part into a function"));
        self.stopped = true;
    }
}

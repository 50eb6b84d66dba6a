//! The few parts with a form of their own: notes, effects, the body of an SQL query.

use super::super::ast::{Entry, Value, ValueKind, Word};
use super::super::lex::Kind;
use super::Parser;
use crate::diagnostic::{Code, Diagnostic};

impl Parser<'_> {
    /// Behind `note` or `text`: a language, then a text. A note in triple quotes may have an `end` of its own.
    pub(super) fn parse_note(&mut self, word: &Word, entries: &mut Vec<Entry>) {
        if self.is_word("lang") && self.is_attribute() {
            entries.push(Entry::Attribute(self.parse_attribute()));
        }
        let block = matches!(self.next.kind, Kind::Block(_));
        if !block && !matches!(self.next.kind, Kind::Text(_)) {
            let problem = Diagnostic::new(
                Code::COV_MISSING,
                word.span,
                format!("`{}` without its text", word.text),
            );
            self.report(problem.label("here").help("write the text behind it, in double quotes"));
            return;
        }
        entries.push(Entry::Value(self.parse_value()));
        if block && self.is_word("end") && &*word.text == "note" {
            // The snippet's own `end` is the last thing before the next snippet.
            let rest = &self.text[self.next.end..];
            let (at, _) = super::lex::skip_trivia(rest, 0, |_, _| {});
            let is_last = rest[at..].is_empty()
                || ["snippet", "refactor"].iter().any(|word| rest[at..].starts_with(word));
            if !is_last {
                self.take();
            }
        }
    }

    /// Behind `effect`: a dotted name, perhaps parameters.
    pub(super) fn parse_effect(&mut self, word: &Word, entries: &mut Vec<Entry>) {
        if self.word().is_none_or(|name| name == "end" || name == "effect") {
            let problem = Diagnostic::new(Code::COV_MISSING, word.span, "`effect` without a name");
            self.report(problem.label("here").help("name the effect, such as `effect network`"));
            return;
        }
        let first = self.take_word();
        let (mut text, mut span) = (first.text.to_string(), first.span);
        while self.is_sign('.') {
            self.take();
            text.push('.');
            if self.word().is_some() {
                let segment = self.take_word();
                text.push_str(&segment.text);
                span = span.to(segment.span);
            }
        }
        entries.push(Entry::Flag(Word { text: text.into(), span }));
        if self.is_sign('(') {
            let start = self.next.start;
            let kind = self.parse_parentheses(0);
            entries.push(Entry::Value(Value { kind, span: self.span(start, self.pos) }));
        }
    }

    /// Behind the `body` of a query: text as it is, up to the `end` that stands alone on its line before what follows
    /// a body, with nothing but comments between. An `end` of the SQL text itself is followed by more of it.
    pub(super) fn parse_sql(&mut self, word: &Word, entries: &mut Vec<Entry>) {
        let start = word.span.end as usize;
        let mut candidate = None;
        let mut found = None;
        let mut at = start;
        // In a comment of several lines behind the `end`.
        let mut in_comment = false;
        for line in self.text[start..].split_inclusive('\n') {
            let content = line.trim();
            match candidate {
                _ if self.without_sql_end => break,
                Some(_) if in_comment => in_comment = !content.contains("*)"),
                Some(end) if is_behind_body(content) => {
                    found = Some(end);
                    break;
                }
                _ if content.is_empty() => {}
                _ => match content.strip_prefix("end").and_then(comment) {
                    Some(opens) if at > start => {
                        candidate = Some((at, at + line.find("end").unwrap_or(0) + 3));
                        in_comment = opens;
                    }
                    _ => match comment(content).filter(|_| candidate.is_some()) {
                        Some(opens) => in_comment = opens,
                        None => candidate = None,
                    },
                },
            }
            at += line.len();
        }
        let Some((end, behind)) = found else {
            self.without_sql_end = true;
            let problem =
                Diagnostic::new(Code::COV_UNCLOSED, word.span, "the text of a query has no end");
            self.report(problem.label("opened here").help(
                "close it with `end` on a line of its own, before `params`, `returns` or `as`",
            ));
            self.stopped = true;
            return;
        };
        // Comments were looked for behind the word, where there is only SQL.
        self.comments.retain(|comment| (comment.start as usize) < start);
        self.problems.forget_from(start);
        let kind = ValueKind::Text(self.text[start..end].into());
        entries.push(Entry::Value(Value { kind, span: self.span(start, end) }));
        self.pos = behind;
        self.read_next();
    }
}

/// Whether a text that is nothing but a comment, or nothing at all, leaves one open.
fn comment(text: &str) -> Option<bool> {
    let text = text.trim();
    if text.is_empty() || text.starts_with("//") {
        return Some(false);
    }
    match text.strip_prefix("(*")?.split_once("*)") {
        Some((_, rest)) => comment(rest),
        None => Some(true),
    }
}

/// Whether a line begins with what follows the body of a query; an `as` of the SQL text has no equals sign behind it.
fn is_behind_body(line: &str) -> bool {
    let word = line.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
    match word {
        "params" | "returns" => true,
        "as" => line[word.len()..].trim_start().starts_with('='),
        _ => false,
    }
}

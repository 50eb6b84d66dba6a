//! Conditions made of tags.

use std::sync::Arc;
use std::time::Duration;

use super::scan::quoted;
use super::{MAX_DEPTH, Parser};
use crate::diagnostic::{Code, Diagnostic};
use crate::source::Span;
use crate::wp::ast::{BlockTags, Name, Tag, TagArg, TagExpr, TagValue, Text};

/// A word that is made like a number.
pub(super) enum Number {
    Int(u64),
    Duration(Duration),
    /// Too large to count.
    TooLarge,
}

/// Reads `12`, `250ms`, `2s`, `1m`, `1h` and `1d`; `None` if the word is none of these.
pub(super) fn number(word: &str) -> Option<Number> {
    let digits = word.bytes().take_while(u8::is_ascii_digit).count();
    let (amount, unit) = word.split_at(digits);
    let millis = match unit {
        _ if amount.is_empty() => return None,
        "" => 0,
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    let Ok(amount) = amount.parse::<u64>() else { return Some(Number::TooLarge) };
    if unit.is_empty() {
        return Some(Number::Int(amount));
    }
    let duration =
        amount.checked_mul(millis).map(|all| Number::Duration(Duration::from_millis(all)));
    Some(duration.unwrap_or(Number::TooLarge))
}

impl Parser<'_> {
    /// Tags with `and`, `or` and parentheses; tags that follow side by side must hold as well.
    pub(super) fn parse_condition(&mut self) -> TagExpr {
        let first = self.parse_or(0);
        let mut all = vec![first];
        loop {
            let next = self.after_blanks(self.pos);
            let rest = &self.text[next..];
            let opens = rest.starts_with('@')
                || rest
                    .strip_prefix('(')
                    .is_some_and(|inside| inside.trim_start().starts_with(['@', '(']));
            if !opens {
                break;
            }
            self.pos = next;
            all.push(self.parse_primary(0));
            self.eat_operator_after_neighbours(&mut all);
        }
        if all.len() == 1 { all.swap_remove(0) } else { TagExpr::And(all) }
    }

    /// `@a @b or @c` could mean two things.
    fn eat_operator_after_neighbours(&mut self, all: &mut Vec<TagExpr>) {
        while let Some(operator) = self.opt_operator(&["and", "or"]) {
            self.report(
                Diagnostic::new(
                    Code::AMBIGUOUS_CONDITION,
                    operator,
                    "it is not clear how far this reaches",
                )
                .label("behind tags that stand side by side")
                .help("put parentheses around what belongs together"),
            );
            self.eat_trivia();
            all.push(self.parse_primary(0));
        }
    }

    fn parse_or(&mut self, depth: usize) -> TagExpr {
        let first = self.parse_and(depth);
        let mut any = vec![first];
        while self.opt_operator(&["or"]).is_some() {
            self.eat_trivia();
            any.push(self.parse_and(depth));
        }
        if any.len() == 1 { any.swap_remove(0) } else { TagExpr::Or(any) }
    }

    fn parse_and(&mut self, depth: usize) -> TagExpr {
        let first = self.parse_primary(depth);
        let mut all = vec![first];
        while self.opt_operator(&["and"]).is_some() {
            self.eat_trivia();
            all.push(self.parse_primary(depth));
        }
        if all.len() == 1 { all.swap_remove(0) } else { TagExpr::And(all) }
    }

    /// One of these words, behind white space; where it stands.
    fn opt_operator(&mut self, words: &[&str]) -> Option<Span> {
        let start = self.after_trivia(self.pos);
        let word = self.word_at(start);
        if !words.contains(&word) {
            return None;
        }
        self.eat_trivia();
        self.pos = start + word.len();
        Some(self.span(start, self.pos))
    }

    fn parse_primary(&mut self, depth: usize) -> TagExpr {
        let start = self.pos;
        if !self.at("(") {
            return TagExpr::Tag(self.parse_tag());
        }
        if depth >= MAX_DEPTH {
            self.report_too_deep(start, start + 1);
            self.pos = self.behind_bracket(start);
            return self.any_guard(self.span(start, start + 1));
        }
        self.pos += 1;
        self.eat_trivia();
        let inner = self.parse_or(depth + 1);
        let end = self.after_trivia(self.pos);
        if self.text[end..].starts_with(')') {
            self.eat_trivia();
            self.pos += 1;
        } else if !self.problems.last_is(Code::TOO_DEEP) {
            self.report_unclosed_bracket(start, "close it with `)` behind the last tag");
        }
        inner
    }

    /// Behind the bracket that closes the one at `start`, or at the end of its line.
    fn behind_bracket(&self, start: usize) -> usize {
        let line = &self.text[start..self.line_end(start)];
        let (mut depth, mut quote) = (0usize, None);
        for (at, byte) in line.bytes().enumerate() {
            match (byte, quote) {
                (_, Some(open)) if open == byte => quote = None,
                (b'`' | b'"', None) => quote = Some(byte),
                (b'(', None) => depth += 1,
                (b')', None) if depth <= 1 => return start + at + 1,
                (b')', None) => depth -= 1,
                _ => {}
            }
        }
        start + line.len()
    }

    /// What stands for a condition that could not be read: a guard of which nothing is known.
    pub(super) fn any_guard(&self, span: Span) -> TagExpr {
        let text = Text { value: ".".into(), span };
        let arg = TagArg { key: None, value: TagValue::Text(text), span };
        let name = Name { text: "guard".into(), span };
        TagExpr::Tag(Tag { name, negated: false, args: vec![arg], span })
    }

    /// `@name(args)` or `@!name(args)`.
    fn parse_tag(&mut self) -> Tag {
        let start = self.pos;
        if !self.eat("@") {
            let word =
                Some(self.peek_word()).filter(|word| !["and", "or"].contains(word)).unwrap_or("");
            let problem = Diagnostic::new(
                Code::INVALID_TAG,
                self.span(start, start + word.len()),
                "a tag is missing here",
            )
            .label("expected `@`");
            if word.is_empty() {
                self.report(problem.help("write a tag, such as `@when(name)`"));
                let name = self.missing_name();
                return Tag { name, negated: false, args: Vec::new(), span: self.span_from(start) };
            }
            let called = self.text[start + word.len()..].starts_with('(');
            self.report(problem.help(match called {
                true => format!("write `@{word}`"),
                false => format!("write a tag, such as `@when({word})`"),
            }));
        }
        let negated = self.eat("!");
        let name = self.opt_written_name("the tag's name").unwrap_or_else(|| {
            self.report(
                Diagnostic::new(
                    Code::INVALID_TAG,
                    self.span(start, self.pos),
                    "the tag has no name",
                )
                .label("a name is expected right after this")
                .help("write the name without a space, as in `@async(name)`"),
            );
            let blanks = self.after_blanks(self.pos);
            if !self.word_at(blanks).is_empty() {
                self.pos = blanks;
            }
            self.opt_name().unwrap_or_else(|| self.missing_name())
        });
        let args = if self.at("(") { self.parse_tag_args() } else { Vec::new() };
        Tag { name, negated, args, span: self.span_from(start) }
    }

    fn parse_tag_args(&mut self) -> Vec<TagArg> {
        let open = self.pos;
        self.pos += 1;
        let mut args = Vec::new();
        self.eat_trivia();
        if self.eat(")") {
            return args;
        }
        loop {
            let before = self.pos;
            match self.parse_tag_arg() {
                Some(arg) => args.push(arg),
                None if self.pos == before && !matches!(self.peek(), Some(b',' | b')')) => {
                    self.skip_tag_args(open);
                    return args;
                }
                None => {}
            }
            self.eat_trivia();
            if self.eat(")") {
                return args;
            }
            if self.eat(",") {
                self.eat_trivia();
                continue;
            }
            self.skip_tag_args(open);
            return args;
        }
    }

    /// After something that cannot stand in a tag's parentheses: goes behind the closing one if it is on this line.
    fn skip_tag_args(&mut self, open: usize) {
        let start = self.pos;
        let line = &self.text[start..self.line_end(start)];
        let line = line.find("|>").map_or(line, |arrow| &line[..arrow]);
        if let Some(len) = line.find(')').filter(|len| *len < line.find('@').unwrap_or(line.len()))
        {
            self.report(
                Diagnostic::new(
                    Code::INVALID_TAG,
                    self.span(start, start + len.max(1)),
                    format!("unexpected {} in a tag's arguments", quoted(&line[..len])),
                )
                .label("expected `,` or `)`")
                .help("put text between backticks"),
            );
            self.pos = start + len + 1;
        } else {
            if self.blame_last_text() {
                return;
            }
            self.report_unclosed_bracket(open, "close it with `)` behind the last argument");
            if !self.at_end() && !self.at("|>") && !self.at("@") && !line.trim().is_empty() {
                self.skip_to_next_start();
            }
        }
    }

    fn parse_tag_arg(&mut self) -> Option<TagArg> {
        let start = self.pos;
        let mut key = None;
        let word = self.peek_word();
        let colon = self.after_trivia(start + word.len());
        if !word.is_empty() && self.text[colon..].starts_with(':') {
            key = self.opt_name();
            self.eat_trivia();
            self.pos += 1;
            self.eat_trivia();
        }
        let value_start = self.pos;
        let value = self.opt_tag_value();
        let Some(value) = value else {
            if matches!(self.peek(), Some(b',' | b')')) {
                self.report(
                    Diagnostic::new(
                        Code::EMPTY_ARGUMENT,
                        self.span(self.pos, self.pos + 1),
                        "an argument is missing",
                    )
                    .label("nothing stands before this")
                    .help("write the argument, or remove the comma"),
                );
            }
            return None;
        };
        Some(TagArg { key, value, span: self.span_from(value_start) })
    }

    fn opt_tag_value(&mut self) -> Option<TagValue> {
        if let Some((text, _)) = self.opt_quoted_text() {
            return Some(TagValue::Text(text));
        }
        let start = self.pos;
        let name = self.opt_name()?;
        Some(match number(&name.text) {
            None => TagValue::Name(name.text),
            Some(Number::Int(value)) => TagValue::Int(value),
            Some(Number::Duration(value)) => TagValue::Duration(value),
            Some(Number::TooLarge) => {
                self.report_too_large(start);
                TagValue::Name(Arc::clone(&name.text))
            }
        })
    }

    pub(super) fn report_too_large(&mut self, start: usize) {
        self.report(
            Diagnostic::new(
                Code::NUMBER_TOO_LARGE,
                self.span(start, self.pos),
                format!("the number {} is too large", quoted(&self.text[start..self.pos])),
            )
            .label("does not fit into 64 bits")
            .help("write a smaller number"),
        );
    }

    /// The tags of a block, on the line of its keyword.
    pub(super) fn opt_block_tags(&mut self) -> Option<BlockTags> {
        self.eat_blanks();
        let start = self.pos;
        let opens = self.at("@")
            || self.rest().strip_prefix('(').is_some_and(|rest| rest.trim_start().starts_with('@'));
        if !opens {
            return None;
        }
        let condition = self.parse_condition();
        Some(BlockTags { condition, span: self.span_from(start) })
    }

    /// Tags where none belong: read, reported and dropped.
    fn opt_misplaced_tags(&mut self) -> Option<Span> {
        self.eat_blanks();
        let start = self.pos;
        if !self.at("@") {
            return None;
        }
        let was_muted = self.problems.mute(true);
        self.parse_condition();
        self.problems.mute(was_muted);
        Some(self.span_from(start))
    }

    pub(super) fn eat_tags_behind_end(&mut self) {
        if let Some(span) = self.opt_misplaced_tags() {
            self.report_tags_on_block(span, "write them where the block begins");
        }
    }

    pub(super) fn eat_tags_on_result(&mut self) {
        if let Some(span) = self.opt_misplaced_tags() {
            self.report_tags_on_block(
                span,
                "put them on a step inside, or choose with `|> dispatch` and `case @tag:`",
            );
        }
    }

    pub(super) fn report_tags_on_block(&mut self, span: Span, help: &str) {
        self.report(
            Diagnostic::new(Code::TAG_ON_BLOCK, span, "there is no place for tags here")
                .label("tags belong to steps, to `case`, and to the line on which a block begins")
                .help(help),
        );
    }
}

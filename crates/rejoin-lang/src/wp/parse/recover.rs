//! What can only be the start of something, and how reading goes on there after an error.

use super::Parser;
use super::block::Frame;
use super::scan::quoted;
use crate::diagnostic::{Code, Diagnostic, nearest};

pub(super) const METHODS: [&str; 7] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];

/// The words that open a declaration, for "did you mean".
pub(super) const KEYWORDS: [&str; 9] = [
    "config",
    "describe",
    "featureFlags",
    "graphqlSchema",
    "import",
    "mutation",
    "pipeline",
    "query",
    "resolver",
];

/// What the text at a place declares, judged by its first few words; mistakes in them are forgiven.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum ItemStart {
    /// A word of [`KEYWORDS`].
    Keyword,
    /// A method, perhaps misspelt, and a path, perhaps missing.
    Route,
    /// `word word =`, perhaps without `=` or without the second word.
    Variable,
    /// `word word {`: a misspelt `config`.
    Block,
    /// `word "name"`: a misspelt `describe`.
    Tests,
    /// A test, or a clause of one, above which no `describe` was found.
    Clause,
}

impl Parser<'_> {
    /// The declaration that starts at `pos`, if one does.
    pub(super) fn item_at(&self, pos: usize) -> Option<ItemStart> {
        let word = self.word_at(pos);
        if word.is_empty() {
            return None;
        }
        if self.is_clause(pos) {
            return Some(ItemStart::Clause);
        }
        let touching = pos + word.len();
        let on_line = self.after_blanks(touching);
        let next = self.after_trivia(touching);
        let at = |pos: usize| self.text.as_bytes().get(pos).copied();
        if KEYWORDS.contains(&word) {
            let shape = match (word, at(next)) {
                ("import" | "describe", Some(b'"' | b'`')) | (_, Some(b'=')) => true,
                ("config", Some(b'{')) => true,
                ("graphqlSchema", Some(b'`')) => true,
                ("featureFlags" | "graphqlSchema", _) => self.text[next..].starts_with("|>"),
                // Tests whose name has lost its first quote.
                ("describe", Some(c)) => {
                    next == on_line && next > touching && c.is_ascii_alphanumeric()
                }
                // An import whose path has no quotes.
                ("import", Some(_)) => {
                    let line = &self.text[touching..self.line_end(touching)];
                    next == on_line && next > touching && line.contains(".wp")
                }
                ("import" | "describe", _) => false,
                _ => next > touching && !self.word_at(next).is_empty(),
            };
            return shape.then_some(ItemStart::Keyword);
        }
        if METHODS.contains(&word) {
            return (!matches!(at(on_line), Some(b'(' | b':' | b'='))).then_some(ItemStart::Route);
        }
        if at(on_line) == Some(b'/') {
            return Some(ItemStart::Route);
        }
        if at(next) == Some(b'=') && on_line == next {
            return Some(ItemStart::Variable);
        }
        if at(on_line) == Some(b'"') && nearest(word, KEYWORDS) == Some("describe") {
            return Some(ItemStart::Tests);
        }
        let second = self.word_at(next);
        if second.is_empty() || next == touching {
            return None;
        }
        let equals = self.after_trivia(next + second.len());
        if KEYWORDS.contains(&second) {
            // A variable may have any name; else what follows a stray word is a declaration.
            let is_variable = next == on_line && at(equals) == Some(b'=');
            return is_variable.then_some(ItemStart::Variable);
        }
        match at(equals) {
            Some(b'=') => Some(ItemStart::Variable),
            Some(b'`') if next == on_line => Some(ItemStart::Variable),
            // ``jq shape: `.` ``
            Some(b':')
                if next == on_line && self.text[equals + 1..].trim_start().starts_with('`') =>
            {
                Some(ItemStart::Variable)
            }
            Some(b'{') if next == on_line => Some(ItemStart::Block),
            _ => None,
        }
    }

    /// Whether a step or a declaration starts at `pos` beyond doubt, even if a text seems to be open there.
    pub(super) fn is_anchor(&self, pos: usize) -> bool {
        if self.text[pos..].starts_with("|>") {
            return true;
        }
        let word = self.word_at(pos);
        let next = self.after_blanks(pos + word.len());
        let rest = &self.text[next..];
        match word {
            "" => false,
            "import" | "describe" => rest.starts_with('"'),
            "featureFlags" | "graphqlSchema" => rest.starts_with('='),
            "config" => self.after_word(next).is_some_and(|rest| rest.starts_with('{')),
            "pipeline" | "query" | "mutation" => {
                self.after_word(next).is_some_and(|rest| rest.starts_with('='))
            }
            "resolver" => self.after_word(next).is_some_and(|rest| rest.starts_with('.')),
            _ if METHODS.contains(&word) => rest.starts_with('/'),
            _ => self.after_word(next).is_some_and(|rest| {
                rest.strip_prefix('=').is_some_and(|text| text.trim_start().starts_with('`'))
            }),
        }
    }

    /// What follows the word at `pos` on its line.
    fn after_word(&self, pos: usize) -> Option<&str> {
        let word = self.word_at(pos);
        (!word.is_empty()).then(|| &self.text[self.after_blanks(pos + word.len())..])
    }

    /// The first anchor that starts a line behind the line of `from`.
    pub(super) fn next_anchor(&self, from: usize) -> Option<usize> {
        self.next_line(from, |start| self.is_anchor(start))
    }

    /// The first start of a line behind the line of `from` that is as wanted.
    fn next_line(&self, from: usize, wanted: impl Fn(usize) -> bool) -> Option<usize> {
        let mut line_end = self.line_end(from);
        while line_end < self.text.len() {
            let start = self.after_blanks(line_end + 1);
            if wanted(start) {
                return Some(start);
            }
            line_end = self.line_end(start);
        }
        None
    }

    /// Skips text that makes no sense, to where reading can go on. If that is outside of the blocks that are open here,
    /// whatever they lack is not worth a report.
    pub(super) fn skip_to_next_start(&mut self) {
        let mut in_text = false;
        let mut line_start = false;
        while let Some(c) = self.rest().chars().next() {
            if line_start && self.is_anchor(self.pos) {
                break;
            }
            if !in_text && ((line_start && self.at_list_end()) || self.at("|> ")) {
                break;
            }
            match c {
                '`' => in_text = !in_text,
                '#' if !in_text => {
                    self.eat_trivia();
                    line_start = true;
                    continue;
                }
                _ => {}
            }
            line_start = c == '\n' || (line_start && c.is_whitespace());
            self.pos += c.len_utf8();
        }
        if !self.open.is_empty() && !self.at("|>") && !self.at_block_word() {
            self.abandon();
        }
    }

    /// Gives up on the blocks that are open: what they lack follows from a problem that was reported.
    pub(super) fn abandon(&mut self) {
        self.problems.mute(true);
    }

    /// If the raw text that was read last runs over what looks like the start of something, its closing quote is missing:
    /// reports that and reads again from there. To be asked when something unexpected follows the text.
    pub(super) fn blame_last_text(&mut self) -> bool {
        self.blame(Self::is_anchor)
    }

    /// The same among tests, whose clauses start something as well.
    pub(super) fn blame_last_text_of_test(&mut self) -> bool {
        self.blame(|parser, start| parser.is_anchor(start) || parser.is_clause(start))
    }

    fn blame(&mut self, starts: impl Fn(&Self, usize) -> bool) -> bool {
        let Some(last) = self.last_text.take() else { return false };
        if self.after_trivia(last.close + 1) != self.pos {
            return false;
        }
        match self.next_line(last.open, |start| starts(self, start)) {
            Some(anchor) if anchor < last.close => {
                self.read_again(last.open, anchor);
                true
            }
            _ => false,
        }
    }

    /// Reports the quote at `open` as unclosed and goes back to `pos`.
    pub(super) fn read_again(&mut self, open: usize, pos: usize) {
        self.problems.forget_from(open);
        self.report_unclosed(open);
        self.comments.retain(|comment| (comment.end as usize) <= pos);
        self.pos = pos;
    }

    /// Reports the text here, to the end of its line, as something that belongs nowhere, and skips it.
    pub(super) fn parse_unexpected(&mut self, expected: &str) {
        if self.blame_last_text() {
            return;
        }
        let start = self.pos;
        let word = self.peek_word();
        let line = &self.text[start..self.line_end(start)];
        let len = match word.len() {
            0 => line.find(" |>").unwrap_or(line.len()),
            len => len,
        };
        let shown = line[..len].trim_end();
        let help = match nearest(word, KEYWORDS.iter().copied()) {
            Some(keyword) if word.len() > 2 => format!("did you mean `{keyword}`?"),
            _ if self.at("//") || self.at("--") || self.at("/*") => {
                "a comment starts with `#`".to_owned()
            }
            _ => match self.meant_by_operator() {
                Some(help) => help.to_owned(),
                None => format!("remove it, or write {expected}"),
            },
        };
        self.report(
            Diagnostic::new(
                Code::UNEXPECTED_TEXT,
                self.span(start, start + shown.len().max(1)),
                format!("unexpected text {}", quoted(shown)),
            )
            .label(format!("expected {expected}"))
            .help(help),
        );
        if self.at_end() {
            return;
        }
        if word.is_empty() {
            self.pos += self.rest().chars().next().map_or(0, char::len_utf8);
        } else {
            self.pos += word.len();
        }
        self.skip_to_next_start();
    }

    /// What was probably meant by an operator that conditions do not have.
    fn meant_by_operator(&self) -> Option<&'static str> {
        let rest = self.rest();
        let word = self.peek_word();
        let before_tag = |operator: &str| {
            rest.strip_prefix(operator)
                .is_some_and(|rest| rest.trim_start().starts_with(['@', '(']))
        };
        if before_tag("&&") || before_tag("AND") {
            Some("tags side by side must all hold: remove it, or write `and`")
        } else if before_tag("||") || before_tag("OR") {
            Some("write `or`")
        } else if before_tag("!") || before_tag("not") || before_tag("NOT") {
            Some("turn a tag round with `@!`, as in `@!when(name)`")
        } else if matches!(word, "and" | "or") && before_tag(word) {
            Some("it stands between two tags: remove it, or write a tag before it")
        } else {
            None
        }
    }

    /// Whether the word here ends a list of steps because an open block, or the file, goes on with it.
    pub(super) fn at_list_end(&self) -> bool {
        self.at_block_word() || self.item_at(self.pos).is_some()
    }

    /// Whether an open block goes on, or ends, with the word here.
    pub(super) fn at_block_word(&self) -> bool {
        let has_labels = |frame: &Frame| matches!(frame, Frame::Labels | Frame::Fork);
        self.at_block_keyword() || self.open.iter().any(has_labels) && self.at_label()
    }

    /// The same for the words of the language alone, without the names of branches.
    pub(super) fn at_block_keyword(&self) -> bool {
        if self.open.is_empty() {
            return false;
        }
        let word = self.peek_word();
        let rest = &self.text[self.after_blanks(self.pos + word.len())..];
        // An error may be called `end` or `case`; its branch has a status, no condition.
        let is_branch = match rest.strip_prefix('(') {
            Some(inside) => word != "case" || !inside.trim_start().starts_with(['@', '(']),
            None => false,
        };
        let any = |wanted: fn(&Frame) -> bool| self.open.iter().any(wanted);
        !is_branch
            && match word {
                "end" => any(Frame::takes_end),
                "then" => any(|frame| matches!(frame, Frame::If { then: false, .. })),
                "else" => any(|frame| matches!(frame, Frame::If { otherwise: false, .. })),
                "case" | "default" => any(|frame| matches!(frame, Frame::Dispatch)),
                _ => false,
            }
    }

    /// Whether a branch's header stands here: `name(status):`, `name(status)` or `name:`, and no text behind it.
    pub(super) fn at_label(&self) -> bool {
        let word = self.peek_word();
        if word.is_empty() {
            return false;
        }
        let mut pos = self.after_blanks(self.pos + word.len());
        let mut certain = false;
        let has_status = self.text[pos..].starts_with('(');
        if let Some(inside) = self.text[pos..].strip_prefix('(') {
            let Some(len) = inside.find([')', '(', '`', '"', ':', '\n']) else { return false };
            match inside.as_bytes()[len] {
                b')' => {}
                // `ok(200:`, reported when it is read.
                b':' => return inside[..len].trim().parse::<u32>().is_ok(),
                _ => return false,
            }
            certain = word == "ok" || word == "default" || word.ends_with("Error");
            pos = self.after_blanks(pos + len + 2);
        }
        let Some(after) = self.text[pos..].strip_prefix(':') else { return certain };
        let next = self.after_blanks(self.text.len() - after.len());
        let rest = &self.text[next..];
        let is_empty = has_status && self.goes_on_at(next);
        let ends =
            rest.is_empty() || rest.starts_with(['\n', '#']) || rest.starts_with("|>") || is_empty;
        ends && !self.text[self.after_trivia(next)..].starts_with(['`', '"'])
    }

    /// Whether the next part of a block stands here, or its end: the branch before it on the line has no steps. It looks no
    /// further than this part, as a line may have any number of them.
    fn goes_on_at(&self, pos: usize) -> bool {
        let word = self.word_at(pos);
        let rest = &self.text[self.after_blanks(pos + word.len())..];
        match (word, rest.strip_prefix('(')) {
            ("", _) => false,
            ("case", _) => rest.starts_with(['@', '(']),
            (_, Some(inside)) => {
                let close = inside.find([')', '(', '`', '"', ':', '\n']).unwrap_or(0);
                let behind = inside[close..].strip_prefix(')');
                behind.is_some_and(|behind| behind.trim_start_matches([' ', '\t']).starts_with(':'))
            }
            ("else" | "default", None) => rest.starts_with(':'),
            ("end", None) => true,
            _ => false,
        }
    }
}

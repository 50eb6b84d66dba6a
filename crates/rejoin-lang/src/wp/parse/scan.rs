//! The smallest pieces: characters, white space, comments, words.

use std::sync::Arc;

use super::Parser;
use crate::diagnostic::{Code, Diagnostic};
use crate::wp::ast::Name;

pub(super) fn is_word_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-'
}

impl<'s> Parser<'s> {
    pub(super) fn rest(&self) -> &'s str {
        &self.text[self.pos..]
    }

    pub(super) fn at_end(&self) -> bool {
        self.pos >= self.text.len()
    }

    pub(super) fn at(&self, what: &str) -> bool {
        self.rest().starts_with(what)
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.pos).copied()
    }

    pub(super) fn eat(&mut self, what: &str) -> bool {
        let found = self.at(what);
        if found {
            self.pos += what.len();
        }
        found
    }

    /// White space that stays on the line.
    pub(super) fn eat_blanks(&mut self) {
        self.pos = self.after_blanks(self.pos);
    }

    pub(super) fn after_blanks(&self, pos: usize) -> usize {
        let rest = &self.text[pos..];
        self.text.len() - rest.trim_start_matches(|c: char| c.is_whitespace() && c != '\n').len()
    }

    /// White space, line breaks and comments; keeps the comments.
    pub(super) fn eat_trivia(&mut self) {
        loop {
            self.pos += self.rest().len() - self.rest().trim_start().len();
            if self.peek() != Some(b'#') {
                return;
            }
            let end = self.line_end(self.pos);
            let comment = self.text[self.pos..end].trim_end_matches('\r').len();
            self.keep_comment(self.pos, self.pos + comment);
            self.pos = end;
        }
    }

    /// Keeps a comment unless it is known; text can be read twice after an error.
    pub(super) fn keep_comment(&mut self, start: usize, end: usize) {
        if self.comments.last().is_none_or(|last| last.end as usize <= start) {
            self.comments.push(self.span(start, end));
        }
    }

    /// Where the white space and comments from `pos` on end.
    pub(super) fn after_trivia(&self, mut pos: usize) -> usize {
        loop {
            let rest = self.text[pos..].trim_start();
            pos = self.text.len() - rest.len();
            if !rest.starts_with('#') {
                return pos;
            }
            pos = self.line_end(pos);
        }
    }

    /// The line break that ends the line of `pos`, or the end of the text.
    pub(super) fn line_end(&self, pos: usize) -> usize {
        self.text[pos..].find('\n').map_or(self.text.len(), |at| pos + at)
    }

    /// Whether nothing but white space or a comment follows on the line.
    pub(super) fn at_line_end(&self) -> bool {
        let next = self.after_blanks(self.pos);
        matches!(self.text.as_bytes().get(next), None | Some(b'\n' | b'#'))
    }

    /// The identifier that starts at `pos`; empty if none does.
    pub(super) fn word_at(&self, pos: usize) -> &'s str {
        let rest = &self.text.as_bytes()[pos..];
        if rest.first() == Some(&b'-') {
            return "";
        }
        let len = rest.iter().position(|byte| !is_word_byte(*byte)).unwrap_or(rest.len());
        &self.text[pos..pos + len]
    }

    pub(super) fn peek_word(&self) -> &'s str {
        self.word_at(self.pos)
    }

    /// Eats `word` if exactly this identifier stands here.
    pub(super) fn eat_word(&mut self, word: &str) -> bool {
        let found = self.peek_word() == word;
        if found {
            self.pos += word.len();
        }
        found
    }

    pub(super) fn name(&self, start: usize, end: usize) -> Name {
        Name { text: Arc::from(&self.text[start..end]), span: self.span(start, end) }
    }

    pub(super) fn opt_name(&mut self) -> Option<Name> {
        let start = self.pos;
        self.pos += self.peek_word().len();
        (self.pos > start).then(|| self.name(start, self.pos))
    }

    /// An identifier. `what` names it in the message, as in "the pipeline's name".
    ///
    /// Letters outside ASCII are reported and taken as part of the name.
    pub(super) fn opt_written_name(&mut self, what: &str) -> Option<Name> {
        let start = self.pos;
        let rest = self.rest();
        let in_name = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
        self.pos += rest.find(|c| !in_name(c)).unwrap_or(rest.len());
        if self.pos == start {
            return None;
        }
        let written = &self.text[start..self.pos];
        if !written.is_ascii() || written.starts_with('-') {
            self.report(
                Diagnostic::new(
                    Code::INVALID_NAME,
                    self.span(start, self.pos),
                    format!("{} is not a name", quoted(written)),
                )
                .label(what)
                .help("names are made of the letters a to z and A to Z, digits, `_` and, not first, `-`"),
            );
        }
        Some(self.name(start, self.pos))
    }

    /// A stand-in for a name that is missing.
    pub(super) fn missing_name(&self) -> Name {
        self.name(self.pos, self.pos)
    }
}

/// What was written, for a message: one line, cut when it is long.
pub(super) fn quoted(text: &str) -> String {
    const SHOWN: usize = 40;
    let line = text.lines().next().unwrap_or("").trim();
    if line.chars().count() > SHOWN {
        let cut: String = line.chars().take(SHOWN).collect();
        format!("`{}…`", cut.trim_end())
    } else {
        format!("`{line}`")
    }
}

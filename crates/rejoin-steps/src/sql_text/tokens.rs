//! SQL as tokens: as much as both databases agree on.

use std::ops::Range;

use super::Dialect;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) span: Range<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A word without quotes: a keyword or a name.
    Word,
    /// A text or a name in quotes, a number.
    Other,
    /// `$2`, `?2`
    Placeholder(usize),
    /// `?`
    Unnumbered,
    /// `(`, `)`, `,`, `;`, `*` or any other sign.
    Sign(char),
    /// A quote or comment without an end; the word says what.
    Open(&'static str),
}

/// Everything but blanks and comments.
pub(super) fn tokens(text: &str, dialect: Dialect) -> Vec<Token> {
    let mut list = Vec::new();
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let rest = &text[at..];
        let (kind, length) = match c {
            _ if c.is_whitespace() => (None, c.len_utf8()),
            '-' if rest.starts_with("--") => (None, rest.find('\n').unwrap_or(rest.len())),
            '/' if rest.starts_with("/*") => comment(rest, dialect),
            '\'' => quoted(rest, '\'', false, "text"),
            'e' | 'E' if rest[1..].starts_with('\'') => {
                let (kind, length) = quoted(&rest[1..], '\'', true, "text");
                (kind, length + 1)
            }
            '"' => quoted(rest, '"', false, "name"),
            '$' => dollar(rest),
            '?' if dialect == Dialect::Either => {
                let digits = digits(&rest[1..]);
                match rest[1..1 + digits].parse() {
                    Ok(n) => (Some(Kind::Placeholder(n)), 1 + digits),
                    Err(_) => (Some(Kind::Unnumbered), 1),
                }
            }
            '0'..='9' => (Some(Kind::Other), word(rest)),
            _ if c == '_' || c.is_alphabetic() => (Some(Kind::Word), word(rest)),
            _ => (Some(Kind::Sign(c)), c.len_utf8()),
        };
        list.extend(kind.map(|kind| Token { kind, span: at..at + length }));
        at += length;
    }
    list
}

fn word(text: &str) -> usize {
    let goes_on = |c: char| c == '_' || c == '$' || c.is_alphanumeric();
    text.find(|c| !goes_on(c)).unwrap_or(text.len())
}

fn digits(text: &str) -> usize {
    text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len())
}

/// A quote is written twice to stand inside.
fn quoted(text: &str, quote: char, escapes: bool, what: &'static str) -> (Option<Kind>, usize) {
    let mut chars = text.char_indices().skip(1).peekable();
    while let Some((at, c)) = chars.next() {
        if escapes && c == '\\' {
            chars.next();
        } else if c == quote && chars.next_if(|(_, next)| *next == quote).is_none() {
            return (Some(Kind::Other), at + 1);
        }
    }
    (Some(Kind::Open(what)), text.len())
}

/// PostgreSQL's comments nest, and must end; SQLite's do not, and may not.
fn comment(text: &str, dialect: Dialect) -> (Option<Kind>, usize) {
    if dialect == Dialect::Either {
        return (None, text[2..].find("*/").map_or(text.len(), |end| end + 4));
    }
    let (mut depth, mut at) = (0, 0);
    while at < text.len() {
        if text[at..].starts_with("/*") {
            (depth, at) = (depth + 1, at + 2);
        } else if text[at..].starts_with("*/") {
            (depth, at) = (depth - 1, at + 2);
            if depth == 0 {
                return (None, at);
            }
        } else {
            at += text[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
    (Some(Kind::Open("comment")), text.len())
}

/// `$2`, or a text such as `$$…$$` or `$body$…$body$`.
fn dollar(text: &str) -> (Option<Kind>, usize) {
    let digits = digits(&text[1..]);
    if let Ok(n) = text[1..1 + digits].parse() {
        return (Some(Kind::Placeholder(n)), 1 + digits);
    }
    let name = text[1..].find(|c: char| c != '_' && !c.is_alphanumeric()).unwrap_or(text.len() - 1);
    let tag = &text[..1 + name];
    if !text[tag.len()..].starts_with('$') {
        return (Some(Kind::Other), tag.len());
    }
    let tag = &text[..tag.len() + 1];
    match text[tag.len()..].find(tag) {
        Some(end) => (Some(Kind::Other), end + 2 * tag.len()),
        None => (Some(Kind::Open("text")), text.len()),
    }
}

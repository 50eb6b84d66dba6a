//! Words, texts, numbers and signs, one at a time: an SQL body is no tokens, so the parser asks for each token anew.

use std::sync::Arc;
use std::time::Duration;

use super::ast::ValueKind;
use crate::diagnostic::{Code, Diagnostic};
use crate::source::{SourceId, Span};

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind {
    Word,
    Text(Arc<str>),
    /// A text in triple quotes.
    Block(Arc<str>),
    Number(ValueKind),
    Sign(char),
    End,
}

#[derive(Clone, Debug)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) problem: Option<Box<Diagnostic>>,
}

/// The place behind white space and comments, which are handed to `comment`; and whether the last one has no end.
pub(super) fn skip_trivia(
    text: &str,
    mut pos: usize,
    mut comment: impl FnMut(usize, usize),
) -> (usize, Option<usize>) {
    loop {
        let rest = &text[pos..];
        let trimmed = rest.trim_start_matches([' ', '\t', '\r', '\n', '\u{c}', '\u{feff}']);
        pos += rest.len() - trimmed.len();
        let (length, closed) = if trimmed.starts_with("//") {
            (trimmed.find('\n').unwrap_or(trimmed.len()), true)
        } else if let Some(content) = trimmed.strip_prefix("(*") {
            match content.find("*)") {
                Some(at) => (at + 4, true),
                None => (trimmed.len(), false),
            }
        } else {
            return (pos, None);
        };
        comment(pos, pos + trimmed[..length].trim_end_matches('\r').len());
        if !closed {
            return (pos + length, Some(pos));
        }
        pos += length;
    }
}

/// The token at `start`, where neither white space nor a comment begins.
pub(super) fn token(text: &str, start: usize, id: SourceId) -> Token {
    let rest = &text[start..];
    let token = |kind, length: usize| Token { kind, start, end: start + length, problem: None };
    let Some(first) = rest.chars().next() else { return token(Kind::End, 0) };
    if first.is_ascii_alphabetic() || first == '_' {
        return token(Kind::Word, word_length(rest));
    }
    let digits = rest.strip_prefix('-').unwrap_or(rest);
    if digits.starts_with(|c: char| c.is_ascii_digit()) {
        return number(rest, start, id);
    }
    match first {
        '"' => quoted(rest, start, id),
        _ => token(Kind::Sign(first), first.len_utf8()),
    }
}

fn word_length(text: &str) -> usize {
    text.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(text.len())
}

fn number(text: &str, start: usize, id: SourceId) -> Token {
    let digits = |from: usize| {
        let rest = &text[from..];
        from + rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len())
    };
    let mut end = digits(usize::from(text.starts_with('-')));
    let whole = end;
    if text[end..].starts_with('.') && digits(end + 1) > end + 1 {
        end = digits(end + 1);
    }
    let figures = &text[..end];
    let mut unit = &text[end..end + word_length(&text[end..])];
    // The sign of an exponent belongs to what cannot be read.
    if matches!(unit, "e" | "E")
        && text[end + 1..].starts_with(['-', '+'])
        && digits(end + 2) > end + 2
    {
        unit = &text[end..digits(end + 2)];
    }
    let length = end + unit.len();
    let span = Span::new(id, start, start + length);
    let read = match unit {
        "" if end == whole => figures.parse().map(ValueKind::Int).map_err(|_| {
            Diagnostic::new(Code::COV_BAD_VALUE, span, "a whole number that is too large")
                .label("does not fit in 64 bits")
                .help("write a number between -9223372036854775808 and 9223372036854775807")
        }),
        "" => Ok(ValueKind::Float(figures.parse().unwrap_or(f64::NAN))).and_then(
            |value| match value {
                ValueKind::Float(number) if number.is_finite() => Ok(value),
                _ => Err(Diagnostic::new(Code::COV_BAD_VALUE, span, "a number that is too large")
                    .label("no number of 64 bits is as large")
                    .help("write a smaller number")),
            },
        ),
        _ => duration(&text[..length])
            .map(ValueKind::Duration)
            .ok_or_else(|| unreadable(&text[..length], unit, span)),
    };
    let (value, problem) = match read {
        Ok(value) => (value, None),
        Err(problem) => (ValueKind::Faulty, Some(Box::new(problem))),
    };
    Token { kind: Kind::Number(value), start, end: start + length, problem }
}

/// What is said about a number with something behind it that is no unit of time.
fn unreadable(text: &str, unit: &str, span: Span) -> Diagnostic {
    let shown: String = text.chars().take(40).collect();
    let no_number = |label: &str, help: &str| {
        Diagnostic::new(Code::COV_BAD_VALUE, span, format!("`{shown}` is no number"))
            .label(label)
            .help(help)
    };
    let is_exponent = unit.strip_prefix(['e', 'E']).is_some_and(|rest| {
        let figures = rest.trim_start_matches(['-', '+']);
        !figures.is_empty() && figures.bytes().all(|b| b.is_ascii_digit())
    });
    match unit.as_bytes() {
        _ if is_exponent => {
            no_number("numbers have no exponents here", "write the number out, such as `100000.0`")
        }
        [b'x' | b'X' | b'b' | b'B' | b'o', ..] if text.trim_start_matches('-').starts_with('0') => {
            no_number("numbers are decimal here", "write its decimal digits, such as `255`")
        }
        [b'_', ..] => no_number("digits are not grouped here", "leave out the `_`"),
        _ => Diagnostic::new(Code::COV_DURATION, span, format!("`{shown}` is no duration"))
            .label("a number, then `ms`, `s` or `m`")
            .help("write it like `250ms`, `5s` or `2m`"),
    }
}

/// `250ms`, `1.5s`, `2m`: this syntax has no hours and days.
pub(super) fn duration(text: &str) -> Option<Duration> {
    let exact = !text.contains(['h', 'd']) && !text.contains(char::is_whitespace);
    if exact { crate::duration::parse(text) } else { None }
}

/// The first line of a text over several lines whose last quote seems to open another one, `name="value`: its own is missing.
fn swallows<'t>(text: &'t str, behind: &str) -> Option<&'t str> {
    let opens =
        text.strip_suffix("=\"")?.ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
    let goes_on = behind.starts_with(|c: char| !c.is_whitespace() && !",)]}".contains(c));
    let (line, _) = text.split_once('\n')?;
    (opens && goes_on).then(|| line.trim_end())
}

fn quoted(text: &str, start: usize, id: SourceId) -> Token {
    let unclosed = |length: usize, quotes: &str| {
        let span = Span::new(id, start, start + quotes.len());
        let problem =
            Diagnostic::new(Code::COV_BAD_VALUE, span, "a text without its closing quote")
                .label("opened here")
                .help(format!("close it with `{quotes}`"));
        (length, Some(Box::new(problem)))
    };
    if let Some(rest) = text.strip_prefix("\"\"\"") {
        let (content, (length, problem)) = match rest.find("\"\"\"") {
            Some(end) => (&rest[..end], (end + 6, None)),
            None => (rest, unclosed(text.len(), "\"\"\"")),
        };
        return Token { kind: Kind::Block(content.into()), start, end: start + length, problem };
    }
    let mut content = String::new();
    let mut problem: Option<Box<Diagnostic>> = None;
    let mut at = 1;
    loop {
        let rest = &text[at..];
        let Some(stop) = rest.find(['"', '\\']) else {
            content.push_str(rest);
            let (length, problem) = unclosed(text.len(), "\"");
            return Token { kind: Kind::Text(content.into()), start, end: start + length, problem };
        };
        content.push_str(&rest[..stop]);
        at += stop;
        if rest[stop..].starts_with('"') {
            at += 1;
            if let Some(line) = swallows(&text[..at], &text[at..]) {
                let (length, problem) = unclosed(line.len(), "\"");
                let kind = Kind::Text(line[1..].into());
                return Token { kind, start, end: start + length, problem };
            }
            return Token { kind: Kind::Text(content.into()), start, end: start + at, problem };
        }
        match escape(&text[at..]) {
            Some((c, length)) => {
                content.push(c);
                at += length;
            }
            None => {
                content.push('\\');
                let span = Span::new(id, start + at, start + at + 1);
                let found = unknown_escape(&text[at + 1..], span);
                // An error is said rather than a warning.
                if problem.as_ref().is_none_or(|known| known.severity() > found.severity()) {
                    problem = Some(Box::new(found));
                }
                at += 1;
            }
        }
    }
}

/// What is said about a backslash before something that it means nothing with: both are kept, as regular expressions want them.
fn unknown_escape(behind: &str, span: Span) -> Diagnostic {
    if behind.starts_with('u') {
        return Diagnostic::new(Code::COV_BAD_VALUE, span, "an escape that is no character")
            .label("four digits, as in `\\u0041`, are expected")
            .help("write `\\\\` for a backslash");
    }
    Diagnostic::new(Code::COV_ESCAPE, span, "an unknown escape in a text")
        .label("stands for itself")
        .help("write `\\\\` for a backslash; known are \\\" \\\\ \\n \\t \\r \\u0041")
}

/// The character that an escape stands for, and the length of the escape. A pair of surrogates is one character.
fn escape(text: &str) -> Option<(char, usize)> {
    let unit = |text: &str| {
        let digits = text.strip_prefix("\\u")?.get(..4)?;
        let hex = digits.bytes().all(|b| b.is_ascii_hexdigit());
        if hex { u32::from_str_radix(digits, 16).ok() } else { None }
    };
    match text.as_bytes().get(1)? {
        b'"' => Some(('"', 2)),
        b'\\' => Some(('\\', 2)),
        b'n' => Some(('\n', 2)),
        b't' => Some(('\t', 2)),
        b'r' => Some(('\r', 2)),
        b'u' => match unit(text)? {
            high @ 0xd800..=0xdbff => match unit(&text[6..])? {
                low @ 0xdc00..=0xdfff => {
                    char::from_u32(0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00))
                        .map(|c| (c, 12))
                }
                _ => None,
            },
            code => char::from_u32(code).map(|c| (c, 6)),
        },
        _ => None,
    }
}

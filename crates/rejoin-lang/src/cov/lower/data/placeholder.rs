//! The placeholders of a statement, made those that every database here knows: `$1`, `$2`, …

use std::ops::Range;

/// How a dialect writes placeholders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Style {
    /// What stands before a name.
    sign: Option<char>,
    /// Whether `?` is the next value.
    marks: bool,
    /// Whether `$$ … $$` is a text and comments nest.
    postgres: bool,
    /// Whether a backslash escapes in texts.
    backslash: bool,
}

impl Style {
    pub(super) fn of(dialect: &str) -> Self {
        let style = Self { sign: Some(':'), marks: false, postgres: false, backslash: false };
        match dialect {
            "postgres" | "postgresql" => Self { postgres: true, ..style },
            "sqlite" => Self { marks: true, ..style },
            "sqlserver" | "mssql" => Self { sign: Some('@'), ..style },
            "mysql" | "mariadb" => Self { sign: None, marks: true, backslash: true, ..style },
            _ => style,
        }
    }
}

/// A statement with numbered placeholders.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Numbered {
    pub(super) text: String,
    /// Placeholders without a parameter, by their places in the text as written.
    pub(super) unbound: Vec<Range<usize>>,
    /// Parameters without a placeholder.
    pub(super) unused: Vec<usize>,
}

/// Numbers the placeholders by the parameters' names, or by their order where they have none.
pub(super) fn read(text: &str, style: Style, params: &[&str]) -> Numbered {
    let mut made = Numbered::default();
    let mut used = vec![false; params.len()];
    let (mut at, mut marks) = (0, 0);
    while let Some(c) = text[at..].chars().next() {
        let rest = &text[at..];
        let before = text[..at].chars().next_back();
        let in_word = before.is_some_and(|c| c == '_' || c == '$' || c.is_alphanumeric());
        let mut length = opaque(rest, style, in_word).unwrap_or_else(|| c.len_utf8());
        let mut number = None;
        if style.sign == Some(c) && rest[1..].starts_with(c) {
            // `::` is a cast, `@@` a variable of the server.
            length = 2 + name(&rest[2..]);
        } else if style.sign == Some(c) && !in_word && name(&rest[1..]) > 0 {
            length = 1 + name(&rest[1..]);
            number = Some(params.iter().position(|param| *param == &rest[1..length]));
        } else if style.marks && c == '?' {
            number = Some((marks < params.len()).then_some(marks));
            marks += 1;
        }
        match number {
            None => made.text.push_str(&rest[..length]),
            Some(None) => made.unbound.push(at..at + length),
            Some(Some(n)) => {
                used[n] = true;
                made.text.push_str(&format!("${}", n + 1));
            }
        }
        at += length;
    }
    made.unused = (0..params.len()).filter(|n| !used[*n]).collect();
    made
}

/// The length of the name that a text begins with.
fn name(text: &str) -> usize {
    match text.chars().next() {
        Some(first) if first == '_' || first.is_alphabetic() => {
            text.find(|c: char| c != '_' && !c.is_alphanumeric()).unwrap_or(text.len())
        }
        _ => 0,
    }
}

/// The length of the text in quotes or comment that begins here. What has no end goes to the end: the database says so.
fn opaque(text: &str, style: Style, in_word: bool) -> Option<usize> {
    let first = text.chars().next()?;
    let until = |end: &str, from: usize| {
        text[from..].find(end).map_or(text.len(), |at| from + at + end.len())
    };
    match first {
        '-' if text.starts_with("--") => Some(text.find('\n').unwrap_or(text.len())),
        '/' if text.starts_with("/*") && !style.postgres => Some(until("*/", 2)),
        '/' if text.starts_with("/*") => Some(nested(text)),
        '\'' => Some(quoted(text, '\'', style.backslash)),
        '"' | '`' => Some(quoted(text, first, false)),
        'e' | 'E' if style.postgres && !in_word && text[1..].starts_with('\'') => {
            Some(1 + quoted(&text[1..], '\'', true))
        }
        '$' if style.postgres && !in_word => {
            let tag = 1 + name(&text[1..]);
            text[tag..].starts_with('$').then(|| until(&text[..=tag], tag + 1))
        }
        _ => None,
    }
}

fn quoted(text: &str, quote: char, escapes: bool) -> usize {
    let mut chars = text.char_indices().skip(1).peekable();
    while let Some((at, c)) = chars.next() {
        if escapes && c == '\\' {
            chars.next();
        } else if c == quote && chars.next_if(|(_, next)| *next == quote).is_none() {
            return at + quote.len_utf8();
        }
    }
    text.len()
}

fn nested(text: &str) -> usize {
    let (mut depth, mut at) = (0usize, 0);
    while at < text.len() {
        let rest = &text[at..];
        if rest.starts_with("/*") {
            (depth, at) = (depth + 1, at + 2);
        } else if rest.starts_with("*/") {
            (depth, at) = (depth - 1, at + 2);
            if depth == 0 {
                return at;
            }
        } else {
            at += rest.chars().next().map_or(1, char::len_utf8);
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::{Style, read};

    #[track_caller]
    fn numbered(dialect: &str, text: &str, params: &[&str]) -> String {
        let read = read(text, Style::of(dialect), params);
        assert_eq!((read.unbound.len(), &*read.unused), (0, &[][..]), "{text}");
        read.text
    }

    #[test]
    fn placeholders_are_those_of_the_dialect() {
        assert_eq!(
            numbered("postgres", "a = :b::int or c = :d", &["d", "b"]),
            "a = $2::int or c = $1"
        );
        assert_eq!(
            numbered("sqlserver", "a = @b and @@rowcount > 0", &["b"]),
            "a = $1 and @@rowcount > 0"
        );
        assert_eq!(numbered("mysql", "a = ? and b = ?", &["0", "1"]), "a = $1 and b = $2");
        assert_eq!(numbered("sqlite", "a = :b or a = ?", &["b"]), "a = $1 or a = $1");
    }

    #[test]
    fn quotes_comments_and_casts_hold_none() {
        for text in [
            "':a' \":a\" -- :a\n /* :a /* :a */ :a */ x::a",
            "e'\\':a' $$ :a $$ $x$ $$ :a $x$",
            "a[1:2] b:c",
            "' :a",
            "/* :a",
            "$x$ :a",
        ] {
            assert_eq!(numbered("postgres", text, &[]), text);
        }
        assert_eq!(numbered("mysql", "'\\'?' `?`", &[]), "'\\'?' `?`");
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let read = read("a = :b and c = :d", Style::of("postgres"), &["b", "x"]);
        assert_eq!((read.unbound.first(), read.unbound.len()), (Some(&(15..17)), 1));
        assert_eq!(read.unused, [1]);
    }
}

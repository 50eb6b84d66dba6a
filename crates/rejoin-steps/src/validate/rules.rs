//! The text of `validate`.

use rejoin_lang::step_spec::TextProblem;

use crate::reading::Reading;
use crate::text_rule::Bounds;

const KINDS: &str =
    "use `string`, `string(1..40)`, `email`, `number`, `number(0..150)` or `boolean`";

/// What one field must be.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Rule {
    pub(super) field: String,
    pub(super) optional: bool,
    pub(super) kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Kind {
    /// A text, of that many characters; without bounds one that is not empty.
    Text(Option<Bounds<u64>>),
    Email,
    Number(Option<Bounds<f64>>),
    Bool,
    /// Of no known kind: it only has to be there.
    Any,
}

/// Reads the rules, in their order.
pub(super) fn parse(text: &str) -> Reading<Vec<Rule>> {
    read(text).0
}

/// What a text says about kinds that there are not.
pub(super) fn warnings(text: &str) -> Vec<TextProblem> {
    read(text).1
}

fn read(text: &str) -> (Reading<Vec<Rule>>, Vec<TextProblem>) {
    let trimmed = text.trim();
    let list = trimmed.strip_prefix('{').and_then(|inner| inner.strip_suffix('}'));
    let mut rules: Vec<Rule> = Vec::new();
    let (mut problems, mut warnings) = (Vec::new(), Vec::new());
    let lines = list.unwrap_or(trimmed).lines().map(without_comment);
    for piece in lines.flat_map(|line| line.split(',')).map(str::trim) {
        if piece.is_empty() {
            continue;
        }
        match rule_of(text, piece, &rules, &mut warnings) {
            Ok(rule) => rules.push(rule),
            Err(problem) => problems.push(problem),
        }
    }
    if rules.is_empty() && problems.is_empty() {
        problems.push(problem(text, text, "there is no rule", "write `field: kind`, one a line"));
    }
    (Reading { said: rules, problems }, warnings)
}

/// A comment begins the line or stands behind white space: a field may be called `a#b`.
fn without_comment(line: &str) -> &str {
    match line.trim_start().starts_with('#') {
        true => "",
        false => line.split_once(" #").map_or(line, |(rules, _)| rules),
    }
}

/// One rule, where these stand before it.
fn rule_of(
    text: &str,
    piece: &str,
    before: &[Rule],
    warnings: &mut Vec<TextProblem>,
) -> Result<Rule, TextProblem> {
    let Some((field, kind)) = piece.split_once(':') else {
        return Err(problem(text, piece, "this is no rule", "write `field: kind`"));
    };
    let (name, kind) = (field.trim(), kind.trim());
    let (name, optional) = match name.strip_suffix('?') {
        Some(name) => (name.trim_end(), true),
        None => (name, false),
    };
    let unquoted = name.strip_prefix('"').and_then(|name| name.strip_suffix('"'));
    let name = unquoted.unwrap_or(name);
    if name.is_empty() {
        return Err(problem(text, piece, "the field's name is missing", "write `field: kind`"));
    }
    if before.iter().any(|rule| rule.field == name) {
        let message = format!("`{name}` has a rule already");
        return Err(problem(text, name, message, "keep one of the two"));
    }
    let bounds = kind.find('(').unwrap_or(kind.len());
    let word = kind[..bounds].trim_end();
    let kind = match known(word) {
        None if word.is_empty() => {
            return Err(problem(text, piece, "the field's kind is missing", KINDS));
        }
        None => {
            let message = format!("`{word}` is no kind: `{name}` only has to be there");
            warnings.push(problem(text, kind, message, KINDS));
            Kind::Any
        }
        Some(meant) => {
            let Some(of_word) = kind_of(meant, &kind[bounds..]) else {
                return Err(problem(text, kind, format!("`{kind}` is no kind of value"), KINDS));
            };
            if meant != word {
                let message = format!("`{word}` is no kind: it is taken for `{meant}`");
                warnings.push(problem(text, word, message, KINDS));
            }
            of_word
        }
    };
    Ok(Rule { field: name.to_owned(), optional, kind })
}

/// The kind that a word begins with.
fn known(word: &str) -> Option<&'static str> {
    ["string", "email", "number", "boolean", "bool"].into_iter().find(|kind| word.starts_with(kind))
}

fn kind_of(word: &str, bounds: &str) -> Option<Kind> {
    let bounds = match bounds {
        "" => None,
        some => Some(some.strip_prefix('(')?.strip_suffix(')')?),
    };
    match (word, bounds) {
        ("string", None) => Some(Kind::Text(None)),
        ("string", Some(bounds)) => Bounds::parse(bounds).map(|bounds| Kind::Text(Some(bounds))),
        ("number", None) => Some(Kind::Number(None)),
        ("number", Some(bounds)) => Bounds::parse(bounds).map(|bounds| Kind::Number(Some(bounds))),
        ("email", None) => Some(Kind::Email),
        ("boolean" | "bool", None) => Some(Kind::Bool),
        _ => None,
    }
}

fn problem(text: &str, part: &str, message: impl Into<String>, help: &str) -> TextProblem {
    // `part` is a part of `text`.
    let start = part.as_ptr() as usize - text.as_ptr() as usize;
    TextProblem { start, end: start + part.len(), message: message.into(), help: Some(help.into()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(field: &str, optional: bool, kind: Kind) -> Rule {
        Rule { field: field.to_owned(), optional, kind }
    }

    #[test]
    fn every_layout_reads_the_same() {
        let bounds = Bounds { min: Some(1), max: Some(40) };
        let expected = [
            rule("label", false, Kind::Text(Some(bounds))),
            rule("mail", true, Kind::Email),
            rule("x.y", false, Kind::Bool),
        ];
        for text in [
            "label: string(1..40)\nmail?: email\nx.y: bool",
            "\n  { label: string(1..40),\n    mail?: email,\n    \"x.y\": boolean,\n  }\n",
            "label:string( 1 .. 40 ), mail ? : email, x.y: bool",
            "# what a crate needs, or may have\nlabel: string(1..40) # its name, or title\r\nmail?: email\r\nx.y: bool # whether\r\n",
        ] {
            assert_eq!(parse(text).sound().expect(text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_wrong_is_pointed_at() {
        for (text, places) in [
            ("name: string(4..1)", &["string(4..1)"][..]),
            ("name: string\nage:", &["age:"]),
            ("name: string(1..4", &["string(1..4"]),
            ("name: bool(1)", &["bool(1)"]),
            ("name", &["name"]),
            (": string", &[": string"]),
            ("a: bool, a: email", &["a"]),
            ("  ", &["  "]),
            (
                "a: bool(2), b, c: email\nc: bool\nd: string(4..1)",
                &["bool(2)", "b", "c", "string(4..1)"],
            ),
        ] {
            let problems = parse(text).problems;
            let found: Vec<&str> = problems.iter().map(|it| &text[it.start..it.end]).collect();
            assert_eq!(found, places, "{text}");
        }
    }

    #[test]
    fn kinds_that_there_are_not_are_ignored_with_a_warning() {
        let text = "name: strings(2..)\nage: integer(1..5)\nmail: email";
        let said = parse(text).sound().expect("a kind that is unknown stops nothing");
        let bounds = Bounds { min: Some(2), max: None };
        let expected = [Kind::Text(Some(bounds)), Kind::Any, Kind::Email];
        assert_eq!(said.iter().map(|rule| rule.kind).collect::<Vec<_>>(), expected);
        let warnings = warnings(text);
        let places: Vec<&str> = warnings.iter().map(|it| &text[it.start..it.end]).collect();
        assert_eq!(places, ["strings", "integer(1..5)"]);
    }
}

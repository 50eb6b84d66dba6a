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
}

/// Reads the rules, in their order.
pub(super) fn parse(text: &str) -> Reading<Vec<Rule>> {
    let trimmed = text.trim();
    let list = trimmed.strip_prefix('{').and_then(|inner| inner.strip_suffix('}'));
    let mut rules: Vec<Rule> = Vec::new();
    let mut problems = Vec::new();
    let lines = list.unwrap_or(trimmed).lines().map(without_comment);
    for piece in lines.flat_map(|line| line.split(',')).map(str::trim) {
        if piece.is_empty() {
            continue;
        }
        match rule_of(text, piece, &rules) {
            Ok(rule) => rules.push(rule),
            Err(problem) => problems.push(problem),
        }
    }
    if rules.is_empty() && problems.is_empty() {
        problems.push(problem(text, text, "there is no rule", "write `field: kind`, one a line"));
    }
    Reading { said: rules, problems }
}

/// A comment begins the line or stands behind white space: a field may be called `a#b`.
fn without_comment(line: &str) -> &str {
    match line.trim_start().starts_with('#') {
        true => "",
        false => line.split_once(" #").map_or(line, |(rules, _)| rules),
    }
}

/// One rule, where these stand before it.
fn rule_of(text: &str, piece: &str, before: &[Rule]) -> Result<Rule, TextProblem> {
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
    let Some(kind) = kind_of(kind) else {
        return Err(problem(text, kind, format!("`{kind}` is no kind of value"), KINDS));
    };
    Ok(Rule { field: name.to_owned(), optional, kind })
}

fn kind_of(text: &str) -> Option<Kind> {
    let (word, bounds) = match text.split_once('(') {
        Some((word, rest)) => (word.trim(), Some(rest.strip_suffix(')')?)),
        None => (text, None),
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
            ("name: string\nage: nmber", &["nmber"][..]),
            ("name: strings", &["strings"]),
            ("name: string(4..1)", &["string(4..1)"]),
            ("name: string(1..4", &["string(1..4"]),
            ("name: bool(1)", &["bool(1)"]),
            ("name", &["name"]),
            (": string", &[": string"]),
            ("a: bool, a: email", &["a"]),
            ("  ", &["  "]),
            ("a: bol, b, c: email\nc: bool\nd: string(4..1)", &["bol", "b", "c", "string(4..1)"]),
        ] {
            let problems = parse(text).problems;
            let found: Vec<&str> = problems.iter().map(|it| &text[it.start..it.end]).collect();
            assert_eq!(found, places, "{text}");
        }
    }
}

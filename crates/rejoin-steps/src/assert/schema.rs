//! The text of `assert`: a schema, read by descent.

use rejoin_lang::step_spec::TextProblem;
use rejoin_value::Value;

use crate::reading::Reading;
use crate::text_rule::Bounds;

/// Schemas nest this deep.
const MAX_DEPTH: usize = 64;
const EXPECTED: &str = "write a schema: `{ key: schema }`, `[schema]`, `string`, `string(1..40)`, `email`, `number`, `bool`, \
                        `null`, `any`, a text in double quotes or a number";

/// What a value must be.
#[derive(Clone, Debug)]
pub(super) enum Schema {
    Any,
    Text(Option<Bounds<u64>>),
    Email,
    Number,
    Bool,
    Null,
    Literal(Value),
    /// Of anything, if there is no schema.
    Array(Option<Box<Schema>>),
    Object(Vec<Field>),
    Union(Vec<Schema>),
}

#[derive(Clone, Debug)]
pub(super) struct Field {
    pub(super) key: String,
    pub(super) optional: bool,
    pub(super) schema: Schema,
}

/// Reads a schema.
pub(super) fn parse(text: &str) -> Reading<Schema> {
    let mut parser = Parser { text, at: 0, problems: Vec::new() };
    let schema = parser.union(0).and_then(|schema| match parser.peek() {
        None => Ok(schema),
        Some(_) => Err(parser.problem("the schema ends before this", "remove it")),
    });
    let said = schema.unwrap_or_else(|problem| {
        parser.problems.push(problem);
        Schema::Any
    });
    Reading { said, problems: parser.problems }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    /// What is wrong and leaves no doubt where the schema goes on.
    problems: Vec<TextProblem>,
}

impl<'a> Parser<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    /// The next character that is no white space.
    fn peek(&mut self) -> Option<char> {
        self.at = self.text.len() - self.rest().trim_start().len();
        self.rest().chars().next()
    }

    fn take(&mut self, wanted: &str) -> bool {
        self.peek();
        let found = self.rest().starts_with(wanted);
        if found {
            self.at += wanted.len();
        }
        found
    }

    fn expect(&mut self, wanted: &str) -> Result<(), TextProblem> {
        match self.take(wanted) {
            true => Ok(()),
            false => {
                Err(self
                    .problem(&format!("`{wanted}` is missing here"), &format!("add `{wanted}`")))
            }
        }
    }

    fn problem(&mut self, message: &str, help: &str) -> TextProblem {
        let start = match self.peek() {
            Some(_) => self.at,
            None => self.text.trim_end().len(),
        };
        let word = self.rest().find(|c: char| !is_name(c)).unwrap_or(self.rest().len());
        let one = self.rest().chars().next().map_or(0, char::len_utf8);
        TextProblem {
            start,
            end: (self.at + word.max(one)).max(start),
            message: message.into(),
            help: Some(help.into()),
        }
    }

    fn union(&mut self, depth: usize) -> Result<Schema, TextProblem> {
        if depth > MAX_DEPTH {
            let message = format!("the schema is nested more than {MAX_DEPTH} deep");
            return Err(self.problem(&message, "make it flatter"));
        }
        let first = self.single(depth)?;
        let mut all = vec![first];
        while self.take("|") {
            all.push(self.single(depth)?);
        }
        Ok(if all.len() == 1 { all.remove(0) } else { Schema::Union(all) })
    }

    fn single(&mut self, depth: usize) -> Result<Schema, TextProblem> {
        match self.peek() {
            Some('{') => self.object(depth),
            Some('[') => {
                self.at += 1;
                if self.take("]") {
                    return Ok(Schema::Array(None));
                }
                let items = self.union(depth + 1)?;
                self.expect("]")?;
                Ok(Schema::Array(Some(Box::new(items))))
            }
            Some('"') => Ok(Schema::Literal(self.quoted()?.into())),
            Some('-' | '0'..='9') => self.number(),
            Some(_) => self.word(),
            None => Err(self.problem("a schema is missing here", EXPECTED)),
        }
    }

    fn object(&mut self, depth: usize) -> Result<Schema, TextProblem> {
        self.at += 1;
        let mut fields: Vec<Field> = Vec::new();
        loop {
            if self.take("}") {
                return Ok(Schema::Object(fields));
            }
            if self.take(",") || self.take("...") {
                continue;
            }
            let place = self.at;
            let key = match self.peek() {
                Some('"') => self.quoted()?,
                Some(c) if is_name(c) => self.name().to_owned(),
                Some(_) => return Err(self.problem("a key is missing here", "write `key: schema`")),
                None => return Err(self.problem("`}` is missing here", "add `}`")),
            };
            if fields.iter().any(|field| field.key == key) {
                let behind = std::mem::replace(&mut self.at, place);
                let problem =
                    self.problem(&format!("`{key}` is here already"), "keep one of the two");
                self.problems.push(problem);
                self.at = behind;
            }
            let optional = self.take("?");
            self.expect(":")?;
            let schema = self.union(depth + 1)?;
            fields.push(Field { key, optional, schema });
        }
    }

    fn name(&mut self) -> &'a str {
        let rest = self.rest();
        let end = rest.find(|c: char| !is_name(c)).unwrap_or(rest.len());
        self.at += end;
        &rest[..end]
    }

    /// A text with the escapes of JSON.
    fn quoted(&mut self) -> Result<String, TextProblem> {
        let rest = self.rest();
        let mut escaped = false;
        let end = rest.char_indices().skip(1).find(|(_, c)| {
            let ends = *c == '"' && !escaped;
            escaped = *c == '\\' && !escaped;
            ends
        });
        let text = end.and_then(|(end, _)| {
            let value = Value::parse(&rest.as_bytes()[..=end]).ok()?;
            Some((end, value.as_str()?.to_owned()))
        });
        match text {
            Some((end, text)) => {
                self.at += end + 1;
                Ok(text)
            }
            None => Err(self.problem("this is no text", "end it with a double quote")),
        }
    }

    fn number(&mut self) -> Result<Schema, TextProblem> {
        let rest = self.rest();
        let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '+' | '.');
        let end = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
        match Value::parse(&rest.as_bytes()[..end]) {
            Ok(value @ Value::Number(_)) => {
                self.at += end;
                Ok(Schema::Literal(value))
            }
            _ => Err(self.problem("this is no number", "write it as JSON does")),
        }
    }

    fn word(&mut self) -> Result<Schema, TextProblem> {
        let place = self.at;
        let word = self.name();
        Ok(match word {
            "string" if self.take("(") => {
                let start = self.at;
                let end = self.rest().find(')').map(|end| start + end);
                let bounds = end.and_then(|end| Bounds::parse(&self.text[start..end]));
                if bounds.is_none() {
                    let help =
                        "write it as `string(1..40)`, `string(1..)`, `string(..40)` or `string(5)`";
                    let problem = self.problem("this is no range of lengths", help);
                    match end {
                        Some(_) => self.problems.push(problem),
                        None => return Err(problem),
                    }
                }
                self.at = end.map_or(self.at, |end| end + 1);
                Schema::Text(bounds)
            }
            "string" => Schema::Text(None),
            "number" => Schema::Number,
            "bool" | "boolean" => Schema::Bool,
            "null" => Schema::Null,
            "email" => Schema::Email,
            "unknown" | "any" => Schema::Any,
            "true" => Schema::Literal(true.into()),
            "false" => Schema::Literal(false.into()),
            "" => return Err(self.problem("a schema is missing here", EXPECTED)),
            word => {
                let behind = std::mem::replace(&mut self.at, place);
                let problem = self.problem(&format!("`{word}` is no type"), EXPECTED);
                self.problems.push(problem);
                self.at = behind;
                Schema::Any
            }
        })
    }
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '-'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_pointed_at() {
        for (text, place) in [
            ("{ a: strng }", "strng"),
            ("{ a: string", ""),
            ("{ a string }", "string"),
            ("[string", ""),
            ("string |", ""),
            ("string number", "number"),
            ("{ a: string(4..1) }", "4"),
            ("{ a: \"open }", "\""),
            ("{ a: 1x }", "1x"),
            ("{ a: any, a: any }", "a"),
            ("", ""),
            ("{ : any }", ":"),
            ("ö ü", "ö"),
        ] {
            let problem = parse(text).sound().expect_err(text);
            assert_eq!(&text[problem.start..problem.end], place, "{text}");
        }
    }

    #[test]
    fn what_stands_alone_does_not_hide_the_rest() {
        for (text, places) in [
            ("{ a: strng, b: [nmber | boole], a: any }", &["strng", "nmber", "boole", "a"][..]),
            ("{ a: string(4..1), b: string(x), c: string(1 }", &["4", "x", "1"]),
            ("{ a: strng, b nmber, c: x }", &["strng", "nmber"]),
            ("[strng", &["strng", ""]),
        ] {
            let problems = parse(text).problems;
            let found: Vec<&str> = problems.iter().map(|it| &text[it.start..it.end]).collect();
            assert_eq!(found, places, "{text}");
        }
    }

    #[test]
    fn nesting_has_an_end() {
        let nested = |n: usize| parse(&format!("{}{}", "[".repeat(n), "]".repeat(n))).sound();
        assert!(nested(65).is_ok());
        assert!(nested(67).expect_err("too deep").message.contains("64 deep"));
        assert!(nested(1_000_000).is_err());
        assert!(parse(&"{a:".repeat(1_000_000)).sound().is_err());
    }
}

//! The regular expressions of `std.text`, which take time linear in their input. One that cannot be read fits nothing.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use regex::{Captures, Regex, RegexBuilder};
use rejoin_engine::Datum;

use super::arguments::Arguments;

/// So many are kept; a program has few.
const MOST: usize = 256;

/// The size of one, compiled; of a text that is made; and of a list.
const LARGEST: usize = 1 << 20;
const LONGEST: usize = 16 << 20;
const MOST_PARTS: usize = 1_000_000;

/// Those that were used, by their text; nothing for one that cannot be read.
#[derive(Default)]
pub(super) struct Patterns(Mutex<HashMap<String, Option<Regex>>>);

impl Patterns {
    fn get(&self, pattern: &str) -> Option<Regex> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = known.get(pattern) {
            return known.clone();
        }
        let built = build(pattern).ok();
        if known.len() >= MOST {
            known.clear();
        }
        known.insert(pattern.to_owned(), built.clone());
        built
    }
}

fn build(pattern: &str) -> Result<Regex, regex::Error> {
    RegexBuilder::new(pattern).size_limit(LARGEST).build()
}

/// Why a pattern cannot be read, in one line.
pub(super) fn problem(pattern: &str) -> Option<String> {
    Some(match build(pattern).err()? {
        regex::Error::CompiledTooBig(_) => "it is too large".to_owned(),
        error => {
            let error = error.to_string();
            let last = error.lines().last().unwrap_or_default();
            last.strip_prefix("error: ").unwrap_or(last).to_owned()
        }
    })
}

pub(super) fn call(patterns: &Patterns, arguments: &Arguments) -> Result<Datum, Datum> {
    let (pattern, input) = (arguments.text(0)?, arguments.text(1)?);
    let found = patterns.get(pattern);
    Ok(match (arguments.id(), found) {
        ("std.text.regex_test", found) => Datum::Bool(found.is_some_and(|it| it.is_match(input))),
        ("std.text.regex_match", found) => {
            let captures = found.as_ref().and_then(|it| it.captures(input));
            captures.map_or_else(|| Datum::text(""), |captures| described(&captures, input))
        }
        ("std.text.regex_split", None) => Datum::List([Datum::text(input)].into()),
        ("std.text.regex_split", Some(it)) => {
            let parts: Vec<Datum> = it.split(input).take(MOST_PARTS + 1).map(Datum::text).collect();
            if parts.len() > MOST_PARTS {
                return Err(
                    arguments.wrong(1, &format!("such that it has at most {MOST_PARTS} parts"))
                );
            }
            Datum::List(parts.into())
        }
        ("std.text.regex_replace", Some(it)) => replace(arguments, &it, input, 1)?,
        ("std.text.regex_replace_all", Some(it)) => replace(arguments, &it, input, usize::MAX)?,
        (_, None) => Datum::text(input),
        _ => Datum::None,
    })
}

/// `{"matched", "index", "groups"}` as JSON; the index counts characters.
fn described(captures: &Captures<'_>, input: &str) -> Datum {
    let Some(whole) = captures.get(0) else { return Datum::text("") };
    let groups = captures
        .iter()
        .skip(1)
        .map(|group| group.map_or(Datum::None, |group| Datum::text(group.as_str())));
    let value = Datum::map(vec![
        ("matched".into(), Datum::text(whole.as_str())),
        ("index".into(), Datum::Int(input[..whole.start()].chars().count() as i64)),
        ("groups".into(), Datum::List(groups.collect())),
    ]);
    Datum::text(value.to_json().to_json())
}

fn replace(arguments: &Arguments, it: &Regex, input: &str, most: usize) -> Result<Datum, Datum> {
    let replacement = arguments.text(2)?;
    let (mut made, mut behind) = (String::new(), 0);
    for captures in it.captures_iter(input).take(most) {
        let Some(whole) = captures.get(0) else { break };
        made.push_str(&input[behind..whole.start()]);
        expand(replacement, &captures, &mut made);
        behind = whole.end();
        if made.len() > LONGEST {
            return Err(
                arguments.wrong(2, &format!("such that the text has at most {LONGEST} bytes"))
            );
        }
    }
    made.push_str(&input[behind..]);
    Ok(Datum::text(made))
}

/// Writes a replacement: `$1` is a group, `$&` and `$0` all that fits, `$<name>` a group by its name, `$$` the sign.
fn expand(replacement: &str, captures: &Captures<'_>, into: &mut String) {
    let mut rest = replacement;
    while let Some(at) = rest.find('$') {
        into.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let digits = rest.bytes().take(2).take_while(u8::is_ascii_digit).count();
        let named = rest.strip_prefix('<').and_then(|named| named.split_once('>'));
        if let Some(behind) = rest.strip_prefix('$') {
            into.push('$');
            rest = behind;
        } else if let Some(behind) = rest.strip_prefix('&') {
            into.push_str(captures.get(0).map_or("", |group| group.as_str()));
            rest = behind;
        } else if let Some((name, behind)) = named {
            into.push_str(captures.name(name).map_or("", |group| group.as_str()));
            rest = behind;
        } else if digits > 0 {
            // `$12` is the first group and a `2`, unless there are twelve.
            let fits = |count: usize| {
                let number = rest[..count].parse::<usize>().ok()?;
                (number < captures.len()).then_some((number, count))
            };
            match fits(digits).or_else(|| fits(1)) {
                Some((number, count)) => {
                    into.push_str(captures.get(number).map_or("", |group| group.as_str()));
                    rest = &rest[count..];
                }
                None => into.push('$'),
            }
        } else {
            into.push('$');
        }
    }
    into.push_str(rest);
}

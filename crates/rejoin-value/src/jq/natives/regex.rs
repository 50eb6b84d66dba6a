//! Regular expressions: `match` and `test`, on which the other filters are built.

use super::super::{
    limits::{charge_items, tick},
    ops::{Outcome, fail, shown},
};
use crate::{Array, Object, Value};
use fancy_regex::{Captures, Regex, RegexBuilder};
use std::{cell::RefCell, collections::HashMap, rc::Rc};

/// Expressions that a thread keeps compiled.
const KEPT: usize = 128;
/// Steps that an expression with look-around or back-references may take on one text.
const BACKTRACKS: usize = 100_000;
/// Bytes that a compiled expression may take.
const LARGEST: usize = 2 << 20;

thread_local! {
    static COMPILED: RefCell<HashMap<(String, String), Rc<Regex>>> = RefCell::default();
}

/// The array of matches of `re` in a text, or only whether there is one.
pub(super) fn matches(value: &Value, re: &Value, flags: &Value, test: bool) -> Outcome {
    let Value::String(text) = value else {
        return fail(format!("{} cannot be matched, as it is not a string", shown(value)));
    };
    let Value::String(re) = re else {
        return fail(format!("{} cannot be matched, as it is not a string", shown(re)));
    };
    let flags = match flags {
        Value::String(flags) => flags.as_str(),
        Value::Null => "",
        other => return fail(format!("{} is not a string", shown(other))),
    };
    let regex = compiled(re, flags)?;
    tick();
    if test && !flags.contains('n') {
        return match regex.is_match(text) {
            Ok(found) => Ok(found.into()),
            Err(e) => fail(format!("{re} (at offset 0) could not be matched: {e}")),
        };
    }
    let mut found = Vec::new();
    let mut chars = CharCount { text, byte: 0, chars: 0 };
    for captures in regex.captures_iter(text) {
        tick();
        let captures = match captures {
            Ok(captures) => captures,
            Err(e) => return fail(format!("{re} (at offset 0) could not be matched: {e}")),
        };
        let whole = captures.get(0).expect("group 0 is the whole match");
        if flags.contains('n') && whole.as_str().is_empty() {
            continue;
        }
        charge_items(8 * captures.len());
        found.push(found_match(&regex, &captures, &mut chars));
        if test || !flags.contains('g') {
            break;
        }
    }
    Ok(if test { (!found.is_empty()).into() } else { found.into() })
}

fn compiled(re: &str, flags: &str) -> Outcome<Rc<Regex>> {
    let key = (re.to_owned(), flags.to_owned());
    if let Some(regex) = COMPILED.with_borrow(|kept| kept.get(&key).cloned()) {
        return Ok(regex);
    }
    let mut modes = String::new();
    for flag in flags.chars() {
        match flag {
            'g' | 'n' | 'l' => {}
            'i' | 'x' => modes.push(flag),
            's' | 'p' => modes.push('s'),
            _ => return fail(format!("{flags} is not a valid modifier string")),
        }
    }
    let pattern = if modes.is_empty() { re.to_owned() } else { format!("(?{modes}){re}") };
    let built = RegexBuilder::new(&pattern)
        .backtrack_limit(BACKTRACKS)
        .delegate_size_limit(LARGEST)
        .build();
    match built {
        Ok(regex) => {
            let regex = Rc::new(regex);
            COMPILED.with_borrow_mut(|kept| {
                if kept.len() >= KEPT {
                    kept.clear();
                }
                kept.insert(key, Rc::clone(&regex));
            });
            Ok(regex)
        }
        Err(e) => fail(format!("{re} (at offset 0) is not a valid regex: {e}")),
    }
}

/// Offsets count characters; matches come in order, so the count goes on from the last one.
struct CharCount<'t> {
    text: &'t str,
    byte: usize,
    chars: usize,
}

impl CharCount<'_> {
    fn at(&mut self, byte: usize) -> usize {
        if byte < self.byte {
            return self.text[..byte].chars().count();
        }
        self.chars += self.text[self.byte..byte].chars().count();
        self.byte = byte;
        self.chars
    }
}

fn found_match(regex: &Regex, captures: &Captures<'_>, chars: &mut CharCount<'_>) -> Value {
    let mut fields = |group: usize| {
        let mut fields = Object::with_capacity(4);
        match captures.get(group) {
            Some(part) => {
                fields.insert("offset", chars.at(part.start()));
                fields.insert("length", part.as_str().chars().count());
                fields.insert("string", part.as_str());
            }
            None => {
                fields.insert("offset", -1);
                fields.insert("length", 0);
                fields.insert("string", Value::Null);
            }
        }
        fields
    };
    let mut whole = fields(0);
    let groups = regex.capture_names().enumerate().skip(1).map(|(group, name)| {
        let mut fields = fields(group);
        fields.insert("name", name);
        Value::Object(fields)
    });
    whole.insert("captures", groups.collect::<Array>());
    whole.into()
}

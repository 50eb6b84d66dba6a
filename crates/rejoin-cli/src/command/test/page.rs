//! Checks of a page: what a CSS selector finds in it.

use rejoin_lang::plan::{SelectorCheck, SelectorComparison};
use rejoin_value::Value;
use scraper::error::SelectorErrorKind;
use scraper::{ElementRef, Html, Selector};

use super::judge::compare;
use super::run::{Failures, Seen};

/// The most of a page that a message shows, in characters.
const SHOWN: usize = 2000;

pub(super) fn judge(css: &str, asks: &SelectorCheck, seen: &Seen) -> Result<(), String> {
    let page = seen.output.as_str().ok_or_else(|| {
        format!("the output is no page, it is JSON: {}", shown(&seen.output.to_json()))
    })?;
    let selector = Selector::parse(css)
        .map_err(|error| format!("`{css}` is no CSS selector: {}", why_not(&error)))?;
    let document = Html::parse_document(page);
    let mut found = document.select(&selector);
    let none = || format!("nothing in the page is `{css}`:\n{}", shown(page.trim()));
    match asks {
        SelectorCheck::Exists => found.next().map(drop).ok_or_else(none),
        SelectorCheck::Absent => match found.next() {
            None => Ok(()),
            Some(first) => Err(format!("there is one: {}", shown(&first.html()))),
        },
        SelectorCheck::Count { order, number } => {
            let count = found.count();
            if count.cmp(number) == *order {
                return Ok(());
            }
            let wanted = match order {
                std::cmp::Ordering::Less => "less than ",
                std::cmp::Ordering::Equal => "",
                std::cmp::Ordering::Greater => "more than ",
            };
            Err(format!("- {wanted}{number}\n+ {count}"))
        }
        SelectorCheck::Text(comparison) => {
            let first = found.next().ok_or_else(none)?;
            holds(comparison, first.text().collect::<String>().trim())
        }
        SelectorCheck::Attribute { name, comparison } => {
            let first: ElementRef<'_> = found.next().ok_or_else(none)?;
            let Some(value) = first.attr(name) else {
                let tag = first.html();
                let tag = tag.split_inclusive('>').next().unwrap_or_default();
                return Err(format!("it has no attribute `{name}`: {}", shown(tag)));
            };
            holds(comparison, value)
        }
    }
}

fn why_not(error: &SelectorErrorKind) -> String {
    match error {
        SelectorErrorKind::UnexpectedSelectorParseError(_) => {
            "a part of it is wrong, or is none of CSS itself, such as `:contains(…)` of other libraries".to_owned()
        }
        other => other.to_string(),
    }
}

/// An output that several checks speak of is shown with the first of them.
pub(super) fn shown_once(failures: &mut Failures, seen: &Seen) {
    let text = match seen.output.as_str() {
        Some(page) => shown(page.trim()),
        None => shown(&seen.output.to_json()),
    };
    if text.len() < AS_ABOVE.len() {
        return;
    }
    let speaking = failures.iter_mut().filter(|(_, what)| what.ends_with(&text));
    for (_, what) in speaking.skip(1) {
        what.truncate(what.trim_end_matches(&text).trim_end().len());
        what.push_str(AS_ABOVE);
    }
}

/// What stands for an output that was shown already.
const AS_ABOVE: &str = " (as above)";

fn holds(comparison: &SelectorComparison, found: &str) -> Result<(), String> {
    let wanted = Value::from(&*comparison.value);
    let result = compare(comparison.operator, &found.into(), &wanted);
    match (comparison.negated, result) {
        (false, result) => result,
        (true, Err(_)) => Ok(()),
        (true, Ok(())) => Err(format!("it is so, and should not be: {}", shown(found))),
    }
}

fn shown(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

//! Texts that are settings: `key: value`, one a line or with commas between them. The same settings as an object are an
//! inline argument.

use std::time::Duration;

use rejoin_lang::diagnostic::nearest;
use rejoin_lang::duration;
use rejoin_lang::step_spec::TextProblem;
use rejoin_value::Value;

/// Calls `set` with each key and its value. What it refuses, and what is no setting, is a problem there. `keys` are those that
/// it takes.
pub(crate) fn parse(
    text: &str,
    keys: &[&str],
    mut set: impl FnMut(&str, &str) -> Result<(), String>,
) -> Vec<TextProblem> {
    let mut problems = Vec::new();
    let trimmed = text.trim();
    let list = trimmed.strip_prefix('{').and_then(|inner| inner.strip_suffix('}'));
    // A template may begin and end with a placeholder; a list in braces has a colon outside of them first.
    let list = list.filter(|inner| match (inner.find(':'), inner.find('}')) {
        (Some(colon), Some(place)) => colon < place,
        _ => true,
    });
    let lines = list.unwrap_or(trimmed).lines().filter(|line| !line.trim_start().starts_with('#'));
    for piece in lines.flat_map(|line| line.split(',')).map(str::trim) {
        if piece.is_empty() || piece.starts_with('#') {
            continue;
        }
        let Some((key, value)) = piece.split_once(':') else {
            let help = "write `key: value`, one a line or with commas between them";
            problems.push(problem(text, piece, format!("`{piece}` is no setting"), help.into()));
            continue;
        };
        let (key, value) = (key.trim(), value.trim());
        let refused = set(key, value).err();
        problems.extend(refused.map(|message| problem(text, piece, message, mend(key, keys))));
    }
    problems
}

/// The same with the keys of an object.
pub(crate) fn read(
    argument: &Value,
    mut set: impl FnMut(&str, &str) -> Result<(), String>,
) -> Result<(), String> {
    let Value::Object(object) = argument else {
        return Err(format!("argument 1 must be an object, not {}", argument.type_name()));
    };
    for (key, value) in object.iter() {
        let given = match value {
            Value::String(text) => set(key, text),
            Value::Number(_) | Value::Bool(_) => set(key, &value.to_json()),
            other => Err(format!("it is {}", other.type_name())),
        };
        given.map_err(|message| format!("argument 1, `{}`: {message}", key.as_str()))?;
    }
    Ok(())
}

/// What to do about a setting that was refused.
fn mend(key: &str, keys: &[&str]) -> String {
    if keys.contains(&key) {
        return format!("write another value for `{key}`");
    }
    // The beginning of a key stands for it as well as one with a letter too much.
    let begun = || keys.iter().copied().find(|known| known.starts_with(key) && !key.is_empty());
    match nearest(key, keys.iter().copied()).or_else(begun) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "remove it, or write one of those".to_owned(),
    }
}

fn problem(text: &str, part: &str, message: String, help: String) -> TextProblem {
    // `part` is a part of `text`.
    let start = part.as_ptr() as usize - text.as_ptr() as usize;
    TextProblem { start, end: start + part.len(), message, help: Some(help) }
}

pub(crate) fn yes_or_no(value: &str) -> Result<bool, String> {
    value.parse().map_err(|_| format!("`{value}` is not true or false"))
}

/// A length of time; a bare number is seconds.
pub(crate) fn length(value: &str) -> Result<Duration, String> {
    let length = match value.parse::<f64>() {
        Ok(seconds) => duration::seconds(seconds),
        Err(_) => duration::parse(value.trim_matches('"')),
    };
    let longest = Duration::from_secs(366 * 24 * 60 * 60);
    length.filter(|length| *length <= longest).ok_or_else(|| {
        format!("`{value}` is not a length of time, such as `60s`, of at most a year")
    })
}

pub(crate) fn whole(value: &str) -> Result<u32, String> {
    value.parse().map_err(|_| format!("`{value}` is not a whole number"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(text: &str) -> Vec<(String, String)> {
        let mut pairs = Vec::new();
        let problems = parse(text, &[], |key, value| {
            pairs.push((key.to_owned(), value.to_owned()));
            Ok(())
        });
        assert!(problems.is_empty(), "{text}: {problems:?}");
        pairs
    }

    #[test]
    fn everything_that_is_wrong_is_pointed_at() {
        let text = "{ a: 1, what, b: no, c: 2,\n d: no, lim: no, window: no }";
        let mut known = Vec::new();
        let keys = ["a", "b", "c", "d", "limit", "windows"];
        let problems = parse(text, &keys, |key, value| match value {
            "no" => Err(format!("`{key}` is not taken")),
            _ => {
                known.push(key.to_owned());
                Ok(())
            }
        });
        let places: Vec<&str> = problems.iter().map(|it| &text[it.start..it.end]).collect();
        assert_eq!(places, ["what", "b: no", "d: no", "lim: no", "window: no"]);
        let helps: Vec<&str> = problems.iter().filter_map(|it| it.help.as_deref()).collect();
        assert!(helps[0].starts_with("write `key: value`"), "{helps:?}");
        assert_eq!(helps[1], "write another value for `b`");
        assert_eq!(helps[3..], ["did you mean `limit`?", "did you mean `windows`?"]);
        assert_eq!(problems[0].message, "`what` is no setting");
        assert_eq!(problems[2].message, "`d` is not taken");
        assert_eq!(known, ["a", "c"]);
    }

    #[test]
    fn every_layout_reads_the_same() {
        let expected = [("k".to_owned(), "{a.b}:{c}".to_owned()), ("n".to_owned(), "5".to_owned())];
        for text in [
            "k: {a.b}:{c}, n: 5",
            "\n  k: {a.b}:{c}\n  # so many, or few\n  n: 5\n",
            "{ k: {a.b}:{c}, n: 5 }",
            "{ k:{a.b}:{c}\r\n n:5, }",
        ] {
            assert_eq!(pairs(text), expected, "{text}");
        }
        assert_eq!(pairs("{ n: 5 }"), [("n".to_owned(), "5".to_owned())]);
        assert!(pairs(" ").is_empty());
    }

    #[test]
    fn lengths_of_time() {
        assert_eq!(length("60"), Ok(Duration::from_secs(60)));
        assert_eq!(length("1.5m"), Ok(Duration::from_secs(90)));
        for text in ["", "-1", "soon", "1e300", "nan", "inf", "9000h"] {
            assert!(length(text).is_err(), "{text}");
        }
    }
}

//! Values side by side: equal, contained, and what differs.

use rejoin_value::{Value, json};

/// The most lines that are compared one by one.
const LONGEST: usize = 2000;

/// Deep equality; numbers by their value.
pub(super) fn equal(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len()
                && a.iter().all(|(key, value)| b.get(key).is_some_and(|other| equal(value, other)))
        }
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b.iter()).all(|(a, b)| equal(a, b))
        }
        (Value::Null | Value::Number(_), Value::Null | Value::Number(_)) => {
            a == b || look_equal(a, b)
        }
        (a, b) => a == b,
    }
}

/// Whether two numbers are the same to whoever reads them as JSON: what is no number is null there, and a double may stand for a whole
/// number with more digits than it has.
fn look_equal(a: &Value, b: &Value) -> bool {
    let (shown, other) = (a.to_json(), b.to_json());
    let is_double = |text: &str| text.contains(['.', 'e']);
    shown == other
        || ((is_double(&shown) || is_double(&other))
            && a.as_f64().is_some()
            && a.as_f64() == b.as_f64())
}

/// Whether every key, some element, or the text of `part` is in `whole`.
pub(super) fn contains(whole: &Value, part: &Value) -> bool {
    match (whole, part) {
        (Value::Object(whole), Value::Object(part)) => part
            .iter()
            .all(|(key, value)| whole.get(key).is_some_and(|other| contains(other, value))),
        (Value::Array(whole), Value::Array(part)) => {
            part.iter().all(|wanted| whole.iter().any(|one| contains(one, wanted)))
        }
        (Value::String(_), Value::String(_)) => {
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            text(whole).contains(&text(part))
        }
        (whole, part) => equal(whole, part),
    }
}

/// Both as indented JSON, line by line: `-` was wanted and is not there, `+` is there and was not wanted.
pub(super) fn difference(wanted: &Value, found: &Value) -> String {
    let pretty = |value: &Value| String::from_utf8_lossy(&json::to_vec_pretty(value)).into_owned();
    let (wanted, found) = (pretty(wanted), pretty(found));
    let a: Vec<&str> = wanted.lines().collect();
    let b: Vec<&str> = found.lines().collect();
    let mut lines = Vec::new();
    if a.len().max(b.len()) > LONGEST {
        return format!("- {} lines\n+ {} lines, too many to compare", a.len(), b.len());
    }
    // The longest common subsequence of what follows each pair of lines.
    let mut common = vec![vec![0_u16; b.len() + 1]; a.len() + 1];
    for i in (0..a.len()).rev() {
        for j in (0..b.len()).rev() {
            common[i][j] = match a[i] == b[j] {
                true => common[i + 1][j + 1] + 1,
                false => common[i + 1][j].max(common[i][j + 1]),
            };
        }
    }
    let (mut i, mut j) = (0, 0);
    while i < a.len() || j < b.len() {
        if i < a.len() && j < b.len() && a[i] == b[j] {
            lines.push(format!("  {}", a[i]));
            (i, j) = (i + 1, j + 1);
        } else if i < a.len() && (j == b.len() || common[i + 1][j] >= common[i][j + 1]) {
            lines.push(format!("- {}", a[i]));
            i += 1;
        } else {
            lines.push(format!("+ {}", b[j]));
            j += 1;
        }
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> Value {
        Value::parse(text.as_bytes()).unwrap()
    }

    #[test]
    fn numbers_are_equal_by_value() {
        assert!(equal(&value("[1, {\"a\": 2.0}]"), &value("[1.0, {\"a\": 2}]")));
        assert!(!equal(&value("{\"a\": 1}"), &value("{\"a\": 1, \"b\": 2}")));
        assert!(!equal(&value("\"1\""), &value("1")));
        assert!(!equal(&value("9007199254740993"), &value("9007199254740995")));
    }

    #[test]
    fn parts() {
        let whole = value(r#"{"a": [{"b": 1, "c": "text"}], "d": null}"#);
        assert!(contains(&whole, &value(r#"{"a": [{"c": "ex"}]}"#)));
        assert!(contains(&whole, &value(r#"{"d": null}"#)));
        assert!(!contains(&whole, &value(r#"{"e": null}"#)));
        assert!(!contains(&whole, &value(r#"{"a": [{"b": 2}]}"#)));
    }

    #[test]
    fn what_differs_is_marked() {
        let shown = difference(&value(r#"{"a": 1, "b": 2}"#), &value(r#"{"a": 1, "b": 3}"#));
        assert_eq!(shown, "  {\n    \"a\": 1,\n-   \"b\": 2\n+   \"b\": 3\n  }");
    }
}

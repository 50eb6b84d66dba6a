//! Keys made of the state: `user:{params.id}`.
//!
//! What is put in comes from outside. So a key is not the text that a template gives, but a digest of its parts, each
//! with its length: no value can pose as two others, and a long one takes no more room than a short one.

use rejoin_value::Value;
use sha2::{Digest, Sha256};

/// What a key is, whatever it was made of.
pub(crate) type Key = [u8; 32];

/// So many characters of a key are shown.
const LONGEST_SHOWN: usize = 200;

/// What stands for a value that is not there, in a key that is shown.
const MISSING: &str = "unknown";

/// A text with places for values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KeyTemplate {
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Place(Vec<String>),
}

impl KeyTemplate {
    /// Reads a template.
    ///
    /// # Errors
    /// A brace that is not closed, or with no path in it.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            let Some((path, after)) = after.split_once('}') else {
                return Err(format!("`{{{after}` has no `}}`"));
            };
            let path: Vec<String> =
                path.trim().trim_start_matches('.').split('.').map(str::to_owned).collect();
            if path.iter().any(String::is_empty) {
                return Err("a place needs a path, such as `{params.id}`".to_owned());
            }
            parts.push(Part::Text(before.to_owned()));
            parts.push(Part::Place(path));
            rest = after;
        }
        parts.push(Part::Text(rest.to_owned()));
        Ok(Self { parts })
    }

    /// Adds what it makes of a state.
    pub(crate) fn digest(&self, state: &Value, digest: &mut KeyDigest) {
        for part in &self.parts {
            match part {
                Part::Text(text) => digest.text(text),
                Part::Place(path) => digest.value(found(state, path).unwrap_or(&Value::Null)),
            }
        }
    }

    /// The text that it makes of a state, for people; so much of it.
    pub(crate) fn shown(&self, state: &Value) -> String {
        let mut shown = String::new();
        for part in &self.parts {
            match part {
                Part::Text(text) => shown += text,
                Part::Place(path) => match found(state, path) {
                    None | Some(Value::Null) => shown += MISSING,
                    Some(Value::String(text)) => shown += text,
                    Some(other) => shown += &other.to_json(),
                },
            }
        }
        if let Some((end, _)) = shown.char_indices().nth(LONGEST_SHOWN) {
            shown.truncate(end);
        }
        shown
    }

    /// The template as it was written.
    pub(crate) fn written(&self) -> String {
        let part = |part: &Part| match part {
            Part::Text(text) => text.clone(),
            Part::Place(path) => format!("{{{}}}", path.join(".")),
        };
        self.parts.iter().map(part).collect()
    }
}

fn found<'v>(state: &'v Value, path: &[String]) -> Option<&'v Value> {
    path.iter().try_fold(state, |value, key| match value {
        Value::Array(array) => array.get(key.parse::<usize>().ok()?),
        other => other.get(key),
    })
}

/// A key in the making.
pub(crate) struct KeyDigest(Sha256);

impl KeyDigest {
    /// For keys of one purpose.
    pub(crate) fn new(purpose: &str) -> Self {
        let mut digest = Self(Sha256::new());
        digest.text(purpose);
        digest
    }

    pub(crate) fn text(&mut self, text: &str) {
        self.0.update((text.len() as u64).to_le_bytes());
        self.0.update(text.as_bytes());
    }

    pub(crate) fn number(&mut self, number: u64) {
        self.0.update(number.to_le_bytes());
    }

    /// A text counts as itself, so that `7` in a path and `"7"` in a body are the same.
    pub(crate) fn value(&mut self, value: &Value) {
        match value {
            Value::String(text) => self.text(text),
            other => self.text(&other.to_json()),
        }
    }

    pub(crate) fn finish(self) -> Key {
        self.0.finalize().into()
    }
}

#[cfg(test)]
mod tests {
    use rejoin_value::json;

    use super::*;

    fn key(template: &str, state: &Value) -> Key {
        let mut digest = KeyDigest::new("test");
        KeyTemplate::parse(template).expect(template).digest(state, &mut digest);
        digest.finish()
    }

    #[test]
    fn places_take_values() {
        let state = json!({"params": {"id": 7}, "rows": [{"a": "x"}], "t": "7"});
        assert_eq!(key("u:{params.id}", &state), key("u:{t}", &state));
        assert_eq!(key("{rows.0.a}", &state), key("{ .rows.0.a }", &state));
        assert_ne!(key("{rows.0.a}", &state), key("{rows.1.a}", &state));
        assert_eq!(key("{no.such}", &state), key("{nothing}", &state));
        assert_ne!(key("a{t}", &state), key("b{t}", &state));
        let shown = KeyTemplate::parse("u:{params.id}-{no.such}-{t}").expect("it is one");
        assert_eq!(shown.shown(&state), "u:7-unknown-7");
    }

    #[test]
    fn no_value_can_pose_as_others() {
        let one = json!({"a": "x:y", "b": "z"});
        let other = json!({"a": "x", "b": "y:z"});
        assert_ne!(key("{a}:{b}", &one), key("{a}:{b}", &other));
        assert_ne!(
            key("{a}{b}", &json!({"a": "xy", "b": ""})),
            key("{a}{b}", &json!({"a": "x", "b": "y"}))
        );
    }

    #[test]
    fn wrong_templates_are_refused() {
        for text in ["{", "a{b", "{}", "{a..b}", "{ }"] {
            assert!(KeyTemplate::parse(text).is_err(), "{text}");
        }
    }
}

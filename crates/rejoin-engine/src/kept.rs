//! Cookies and headers on their way from the state to the answer.

use rejoin_value::{Object, Value};

/// What a page of HTML has no room for: it takes the place of the state in which they stood.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Kept {
    pub(crate) cookies: Vec<String>,
    pub(crate) headers: Vec<(String, String)>,
}

impl Kept {
    pub(crate) fn is_empty(&self) -> bool {
        self.cookies.is_empty() && self.headers.is_empty()
    }

    /// Takes `setCookies` and `setHeaders` out of a state, and gives back what was there.
    pub(crate) fn take_from(&mut self, state: &mut Value) -> Option<Object> {
        let Value::Object(object) = state else { return None };
        if !object.contains_key("setCookies") && !object.contains_key("setHeaders") {
            return None;
        }
        let mut kept = Self::default();
        let mut taken = Object::new();
        for key in ["setCookies", "setHeaders"] {
            if let Some(value) = object.remove(key) {
                taken.insert(key, value);
            }
        }
        if let Some(Value::Array(cookies)) = taken.get("setCookies") {
            kept.cookies.extend(cookies.iter().filter_map(Value::as_str).map(str::to_owned));
        }
        if let Some(Value::Object(headers)) = taken.get("setHeaders") {
            // What a header cannot be is left out: a list, an object, null.
            let text = |value: &Value| match value {
                Value::String(text) => Some(text.as_str().to_owned()),
                Value::Number(_) | Value::Bool(_) => Some(value.to_json()),
                _ => None,
            };
            let named = headers.iter().map(|(name, value)| (name.to_string(), text(value)));
            kept.headers.extend(named.filter_map(|(name, text)| Some((name, text?))));
        }
        self.add(kept);
        Some(taken)
    }

    /// Adds what comes later. A cookie that is there already, since a state was copied, is not set twice.
    pub(crate) fn add(&mut self, later: Kept) {
        for cookie in later.cookies {
            if !self.cookies.contains(&cookie) {
                self.cookies.push(cookie);
            }
        }
        self.headers.extend(later.headers);
    }
}

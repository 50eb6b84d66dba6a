//! Cookies and headers on their way from the state to the answer.

use rejoin_value::{Object, Value};

/// What a page of HTML has no room for: it takes the place of the state in which they stood.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Kept {
    pub(crate) cookies: Vec<String>,
    pub(crate) headers: Vec<(String, String)>,
    /// What can be neither, in words.
    pub(crate) unset: Vec<String>,
}

impl Kept {
    pub(crate) fn is_empty(&self) -> bool {
        self.cookies.is_empty() && self.headers.is_empty() && self.unset.is_empty()
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
        match taken.get("setCookies") {
            None | Some(Value::Null) => {}
            Some(Value::Array(cookies)) => {
                cookies.iter().for_each(|cookie| kept.cookie(cookie));
            }
            Some(_) => kept.unset.push("`setCookies` is no list of texts".to_owned()),
        }
        match taken.get("setHeaders") {
            None | Some(Value::Null) => {}
            Some(Value::Object(headers)) => {
                headers.iter().for_each(|(name, value)| kept.header(name, value));
            }
            Some(_) => kept.unset.push("`setHeaders` is no object of texts".to_owned()),
        }
        self.add(kept);
        Some(taken)
    }

    fn cookie(&mut self, cookie: &Value) {
        match cookie.as_str() {
            Some(cookie) => self.cookies.push(cookie.to_owned()),
            None => self.unset.push("a cookie in `setCookies` is no text".to_owned()),
        }
    }

    fn header(&mut self, name: &str, value: &Value) {
        match value {
            Value::String(text) => self.headers.push((name.to_owned(), text.as_str().to_owned())),
            Value::Number(_) | Value::Bool(_) => {
                self.headers.push((name.to_owned(), value.to_json()));
            }
            // What a program writes for a header that it leaves out.
            Value::Null => {}
            _ => self.unset.push(format!("the header `{name}` in `setHeaders` is no text")),
        }
    }

    /// Adds what comes later. A cookie that is there already, since a state was copied, is not set twice.
    pub(crate) fn add(&mut self, later: Kept) {
        for cookie in later.cookies {
            if !self.cookies.contains(&cookie) {
                self.cookies.push(cookie);
            }
        }
        self.headers.extend(later.headers);
        self.unset.extend(later.unset);
    }
}

#[cfg(test)]
mod tests {
    use rejoin_value::json;

    use super::*;

    fn kept(state: Value) -> Kept {
        let (mut kept, mut state) = (Kept::default(), state);
        kept.take_from(&mut state);
        assert_eq!(state, json!({"body": 1}));
        kept
    }

    #[test]
    fn what_can_be_no_cookie_and_no_header_is_named() {
        let good =
            kept(json!({"body": 1, "setCookies": ["a=1"], "setHeaders": {"x": 5, "y": null}}));
        assert_eq!((good.cookies.len(), good.headers.len(), good.unset.len()), (1, 1, 0));
        let text = kept(json!({"body": 1, "setCookies": "a=1", "setHeaders": ["x"]}));
        assert_eq!(
            text.unset,
            ["`setCookies` is no list of texts", "`setHeaders` is no object of texts"]
        );
        let inside = kept(json!({"body": 1, "setCookies": [{}], "setHeaders": {"x": []}}));
        assert_eq!(
            inside.unset,
            ["a cookie in `setCookies` is no text", "the header `x` in `setHeaders` is no text"]
        );
    }
}

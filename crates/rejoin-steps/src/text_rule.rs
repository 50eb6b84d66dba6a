//! What `validate` and `assert` can ask of a value: to lie within bounds, or to look like an e-mail address.

use std::fmt::Display;
use std::str::FromStr;

/// Inclusive bounds; a missing one bounds nothing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Bounds<T> {
    pub(crate) min: Option<T>,
    pub(crate) max: Option<T>,
}

impl<T: Copy + Display + FromStr + PartialOrd> Bounds<T> {
    /// Reads `1..40`, `1..`, `..40`, or `5` for exactly 5. `None` if it is none of these, or holds nothing.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        // Nothing is above or below what is no number.
        let is_ordered = |n: &T| n.partial_cmp(n).is_some();
        let number = |text: &str| text.trim().parse::<T>().ok().filter(is_ordered);
        let Some((min, max)) = text.split_once("..") else {
            let exact = Some(number(text)?);
            return Some(Self { min: exact, max: exact });
        };
        let side = |text: &str| match text.trim() {
            "" => Some(None),
            text => number(text).map(Some),
        };
        let bounds = Self { min: side(min)?, max: side(max)? };
        let is_empty = match (bounds.min, bounds.max) {
            (None, None) => true,
            (Some(min), Some(max)) => min > max,
            _ => false,
        };
        (!is_empty).then_some(bounds)
    }

    pub(crate) fn is_below(&self, value: T) -> bool {
        self.min.is_some_and(|min| value < min)
    }

    pub(crate) fn is_above(&self, value: T) -> bool {
        self.max.is_some_and(|max| value > max)
    }
}

/// Whether a text looks like an address: who, `@`, where, with a dot in it. Whether it exists only mail can tell.
pub(crate) fn is_email(text: &str) -> bool {
    text.contains('.')
        && !text.chars().any(|c| c.is_whitespace() || c.is_control())
        && text.split_once('@').is_some_and(|(who, host)| !who.is_empty() && !host.is_empty())
        && !text.ends_with('@')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_read() {
        let bounds = |min, max| Some(Bounds::<u64> { min, max });
        for (text, expected) in [
            ("1..40", bounds(Some(1), Some(40))),
            (" 1 .. ", bounds(Some(1), None)),
            ("..40", bounds(None, Some(40))),
            ("5", bounds(Some(5), Some(5))),
            ("..", None),
            ("", None),
            ("4..1", None),
            ("-1..3", None),
            ("1...3", None),
            ("a..b", None),
            ("99999999999999999999..", None),
        ] {
            assert_eq!(Bounds::parse(text), expected, "{text}");
        }
        assert_eq!(Bounds::parse("-0.5..1.5"), Some(Bounds { min: Some(-0.5), max: Some(1.5) }));
        assert_eq!(Bounds::<f64>::parse("nan.."), None);
    }

    #[test]
    fn addresses() {
        for text in ["a@b.c", "first.last+tag@sub.example.com", "ü@ö.de", "a.b@localhost"] {
            assert!(is_email(text), "{text}");
        }
        for text in ["", "@", "a@b", "@b.c", "a.b@", "a b@c.d", "a@b.c\r\nbcc: x@y.z", "a.b"] {
            assert!(!is_email(text), "{text:?}");
        }
    }
}

//! The texts of functions.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Deref;
use std::sync::Arc;

/// A text. Cloning one costs a counter.
#[derive(Clone)]
pub struct Text(Kept);

#[derive(Clone)]
enum Kept {
    /// As most are: all there is of it is in one place.
    Whole(Arc<str>),
    /// One that was added to, with room for more.
    Grown(Arc<String>),
}

impl Text {
    /// The same with more behind it. Nothing is copied if nobody else has it and it was added to before.
    pub(super) fn with(self, more: &str) -> Self {
        let copied = |own: &str| {
            let mut text = String::with_capacity(own.len() + more.len());
            text.push_str(own);
            text
        };
        let mut kept = match self.0 {
            Kept::Whole(own) => Arc::new(copied(&own)),
            Kept::Grown(own) => own,
        };
        match Arc::get_mut(&mut kept) {
            Some(own) => own.push_str(more),
            None => {
                let mut own = copied(&kept);
                own.push_str(more);
                kept = Arc::new(own);
            }
        }
        Self(Kept::Grown(kept))
    }

    /// The text as keys of maps have it.
    pub(super) fn shared(&self) -> Arc<str> {
        match &self.0 {
            Kept::Whole(own) => own.clone(),
            Kept::Grown(own) => own.as_str().into(),
        }
    }
}

impl Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        match &self.0 {
            Kept::Whole(own) => own,
            Kept::Grown(own) => own,
        }
    }
}

impl<T: Into<Arc<str>>> From<T> for Text {
    fn from(text: T) -> Self {
        Self(Kept::Whole(text.into()))
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&**self, f)
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

impl PartialEq for Text {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for Text {}

impl PartialOrd for Text {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Text {
    fn cmp(&self, other: &Self) -> Ordering {
        (**self).cmp(&**other)
    }
}

impl Hash for Text {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (**self).hash(state);
    }
}

#[cfg(test)]
mod tests {
    use super::Text;

    #[test]
    fn a_text_grows_where_it_is_if_nobody_else_has_it() {
        let mut text = Text::from("a").with("b");
        let (mut place, mut moves) = (text.as_ptr(), 0);
        for _ in 0..1000 {
            text = text.with("c");
            moves += i32::from(text.as_ptr() != place);
            place = text.as_ptr();
        }
        assert!(moves < 20, "{moves}");
        let other = text.clone();
        text = text.with("d");
        assert_eq!((other.len(), text.len()), (1002, 1003));
        assert!(other.starts_with("abc") && text.ends_with("cd"));
        assert_eq!(Text::from("a").with("b"), Text::from("ab"));
        assert_eq!(*Text::from("a").with("b").shared(), *"ab");
    }

    #[test]
    fn a_value_has_the_size_it_had() {
        assert_eq!(size_of::<Text>(), 16);
        assert_eq!(size_of::<super::super::Datum>(), 24);
    }
}

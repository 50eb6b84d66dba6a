//! Shared text.

use smol_str::SmolStr;
use std::{borrow::Borrow, fmt, ops::Deref};

/// A shared string: cloning costs one counter. Reads as a [`str`].
///
/// Up to 23 bytes, which is most keys and many values, stand in the value itself, so that making
/// and dropping them needs no allocation.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Str(SmolStr);

/// So many bytes stand in the value itself.
const SHORT: usize = 23;

impl Str {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Both texts, one behind the other.
    pub(crate) fn concat(left: &str, right: &str) -> Self {
        let length = left.len() + right.len();
        if length <= SHORT {
            return Str(SmolStr::from_iter([left, right]));
        }
        let mut text = String::with_capacity(length);
        text.push_str(left);
        text.push_str(right);
        text.into()
    }

    /// True if both are the very same shared text, or equal and too short to be shared: a cheap
    /// test that never reads a long text.
    #[must_use]
    pub fn ptr_eq(&self, other: &Str) -> bool {
        if self.0.is_heap_allocated() {
            std::ptr::eq(self.as_str(), other.as_str())
        } else {
            self == other
        }
    }
}

impl Deref for Str {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for Str {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for Str {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Str {
    fn from(s: &str) -> Self {
        Str(s.into())
    }
}

impl From<String> for Str {
    fn from(s: String) -> Self {
        Str(s.into())
    }
}

impl From<&String> for Str {
    fn from(s: &String) -> Self {
        Str(s.into())
    }
}

impl From<&Str> for Str {
    fn from(s: &Str) -> Self {
        s.clone()
    }
}

impl PartialEq<str> for Str {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for Str {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl fmt::Display for Str {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self)
    }
}

impl fmt::Debug for Str {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

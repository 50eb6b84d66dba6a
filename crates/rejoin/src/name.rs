//! Names and short texts that are cheap to pass on.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// A name or a short text that costs nothing to clone: a literal, or shared text.
///
/// Anything that takes `impl Into<Name>` accepts a literal, a `String` or an `Arc<str>`.
///
/// ```
/// use rejoin::Name;
///
/// let literal = Name::from("users");
/// let built = Name::from(format!("user-{}", 7));
/// assert_eq!(literal, "users");
/// assert_eq!(built.as_str(), "user-7");
/// ```
#[derive(Clone)]
pub struct Name(Text);

#[derive(Clone)]
enum Text {
    Literal(&'static str),
    Shared(Arc<str>),
}

impl Name {
    /// A name known when the program is compiled.
    #[cfg(all(feature = "process", unix, not(any(shuttle, rejoin_loom))))]
    pub(crate) const fn literal(text: &'static str) -> Name {
        Name(Text::Literal(text))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Text::Literal(text) => text,
            Text::Shared(text) => text,
        }
    }
}

impl From<&'static str> for Name {
    fn from(text: &'static str) -> Self {
        Name(Text::Literal(text))
    }
}

impl From<String> for Name {
    fn from(text: String) -> Self {
        Name(Text::Shared(text.into()))
    }
}

impl From<Arc<str>> for Name {
    fn from(text: Arc<str>) -> Self {
        Name(Text::Shared(text))
    }
}

impl From<&Arc<str>> for Name {
    fn from(text: &Arc<str>) -> Self {
        Name(Text::Shared(Arc::clone(text)))
    }
}

impl AsRef<str> for Name {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl PartialEq for Name {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Name {}

impl Hash for Name {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl PartialEq<str> for Name {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for Name {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

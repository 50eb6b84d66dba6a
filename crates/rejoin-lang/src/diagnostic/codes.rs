//! The one registry of diagnostic codes. A code is never reused; each has a page in `docs/diagnostics/`.
//!
//! `E00xx` syntax · `E01xx` names and joins · `E02xx` embedded programs and arguments · `E03xx` routes and
//! configuration · `W` with the same hundreds for warnings.

use std::fmt;

use super::Severity;

/// A stable code, such as `E0101`.
#[derive(Clone, Copy)]
pub struct Code(&'static CodeInfo);

#[derive(Debug)]
struct CodeInfo {
    id: &'static str,
    title: &'static str,
    severity: Severity,
    proven: bool,
}

impl Code {
    /// The code as people quote it.
    pub fn id(self) -> &'static str {
        self.0.id
    }

    /// What it means, in a few words.
    pub fn title(self) -> &'static str {
        self.0.title
    }

    /// How much a problem with this code matters.
    pub fn severity(self) -> Severity {
        self.0.severity
    }

    /// Whether a program without this problem cannot fail at run time for this reason.
    pub fn is_proven(self) -> bool {
        self.0.proven
    }
}

impl PartialEq for Code {
    fn eq(&self, other: &Self) -> bool {
        self.0.id == other.0.id
    }
}

impl Eq for Code {}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.id)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.id)
    }
}

macro_rules! codes {
    ($($id:ident $name:ident $severity:ident $proven:literal $title:literal;)*) => {
        impl Code {
            $(
                #[doc = concat!("`", stringify!($id), "`: ", $title)]
                pub const $name: Code = Code(&CodeInfo {
                    id: stringify!($id),
                    title: $title,
                    severity: Severity::$severity,
                    proven: $proven,
                });
            )*
        }

        /// Every code, in the order of their numbers.
        pub const CODES: &[Code] = &[$(Code::$name,)*];
    };
}

// id, name, severity, whether proven, title
codes! {
    E0001 UNEXPECTED_TEXT Error true "unexpected text";
    E0101 UNKNOWN_STEP Error true "unknown step or pipeline";
}

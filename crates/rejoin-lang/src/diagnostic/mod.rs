//! Problems as data: what, where, why, and how to mend it. [`render_text`] draws them, [`render_json`] is for programs.

mod codes;
mod excerpt;
mod render;
mod suggest;

pub use codes::{CODES, Code};
pub use render::{render_json, render_text, summary};
pub use suggest::nearest;

use crate::source::Span;

/// How much a problem matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The program does not start.
    Error,
    /// The program starts; something is likely wrong.
    Warning,
    /// Something worth knowing.
    Note,
}

/// One problem of a program, ready to be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// The stable code, such as `E0101`; it fixes the severity.
    pub code: Code,
    /// One sentence in lower case without a final stop.
    pub message: String,
    /// The narrowest place that shows the problem.
    pub span: Span,
    /// What to write beside that place.
    pub label: String,
    /// Other places that explain it, each with its text.
    pub labels: Vec<(Span, String)>,
    /// How to mend it, phrased as an action.
    pub help: Option<String>,
}

impl Diagnostic {
    /// A problem at `span`.
    pub fn new(code: Code, span: Span, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            span,
            label: String::new(),
            labels: Vec::new(),
            help: None,
        }
    }

    /// Says something beside the main place.
    #[must_use]
    pub fn label(mut self, text: impl Into<String>) -> Self {
        self.label = text.into();
        self
    }

    /// Points at a second place.
    #[must_use]
    pub fn also(mut self, span: Span, text: impl Into<String>) -> Self {
        self.labels.push((span, text.into()));
        self
    }

    /// Says how to mend it.
    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help = Some(text.into());
        self
    }

    /// How much it matters, as its code says.
    pub fn severity(&self) -> Severity {
        self.code.severity()
    }
}

/// Whether any of these problems keeps the program from starting.
pub fn has_errors(diagnostics: &[Diagnostic]) -> bool {
    diagnostics.iter().any(|d| d.severity() == Severity::Error)
}

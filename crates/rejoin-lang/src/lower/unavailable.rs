//! Steps of the language that this version does not have. A program with one is served, and what reaches it fails: one chart
//! does not keep a whole application from starting, and its tests put something in the place of the chart.

use std::sync::Arc;

use super::Lowering;
use crate::diagnostic::{Code, Diagnostic};
use crate::plan::{CallText, Callee};
use crate::source::Span;

const STEPS: &[&str] = &["ag", "algraf", "gg"];

/// What runs in their place.
const STAND_IN: &str = "jq";

/// Whether the language has a step of that name, though this version has not.
pub(super) fn is_step(name: &str) -> bool {
    STEPS.contains(&name)
}

/// A program that fails and says why.
pub(super) fn text(name: &str, span: Span) -> CallText {
    let value = format!("error(\"the step `{name}` is not available in this version\")");
    CallText { value: value.into(), span }
}

impl Lowering<'_> {
    /// What is called instead of a step that this version does not have.
    pub(super) fn unavailable(&mut self, name: &Arc<str>, span: Span) -> Callee {
        self.report(
            Diagnostic::new(
                Code::NOT_AVAILABLE,
                span,
                format!("the step `{name}` is not available in this version"),
            )
            .label(format!("always fails, with `{name}Error`"))
            .help("remove it, or take its error with a `result` branch"),
        );
        Callee::Step(STAND_IN.into())
    }
}

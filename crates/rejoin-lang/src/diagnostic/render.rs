//! Draws diagnostics: with their source for people, a JSON object a line for programs.

use super::Diagnostic;
use crate::source::Sources;

/// All diagnostics with their source lines, for a terminal or a log.
pub fn render_text(_sources: &Sources, _diagnostics: &[Diagnostic], _colour: bool) -> String {
    String::new()
}

/// One JSON object a line.
pub fn render_json(_sources: &Sources, _diagnostics: &[Diagnostic]) -> String {
    String::new()
}

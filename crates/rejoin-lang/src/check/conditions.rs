//! Conditions that are always the same.

use crate::diagnostic::{Code, Diagnostic};
use crate::plan::{Cond, If, NodeKind};
use crate::source::Span;
use crate::step_spec::TextLanguage;

use super::Checker;
use super::bodies::{bodies, each_node};

pub(super) fn check(checker: &mut Checker<'_>) {
    for (_, block) in bodies(checker.plan) {
        each_node(block, &mut |node| match &node.kind {
            NodeKind::If(node) => {
                if let Some((span, holds)) = constant(checker, node) {
                    let runs = if holds { "then" } else { "else" };
                    report(
                        checker,
                        span,
                        format!("this condition is always {holds}"),
                        format!("compare something of the state, or keep the `{runs}` part alone"),
                    );
                }
            }
            NodeKind::Dispatch(dispatch) => {
                for case in &dispatch.cases {
                    if case.condition == Cond::Const(true) {
                        report(
                            checker,
                            // The word that opens the case is enough; all of it would be drawn over many lines.
                            case.span.slice(0, "case".len()),
                            "this case is always chosen when it is reached".to_owned(),
                            "choose by `@when`, `@flag`, `@env` or `@guard`, or make it the default"
                                .to_owned(),
                        );
                    }
                }
            }
            _ => {}
        });
    }
}

fn report(checker: &mut Checker<'_>, span: Span, message: String, help: String) {
    checker.report(
        Diagnostic::new(Code::CONSTANT_CONDITION, span, message)
            .label("always the same")
            .help(help),
    );
}

/// Whether the last step of a condition yields one literal whatever the state.
fn constant(checker: &Checker<'_>, node: &If) -> Option<(Span, bool)> {
    let last = node.condition.nodes.last()?;
    let NodeKind::Call(call) = &last.kind else { return None };
    let text = call.text.as_ref().filter(|_| last.guard.is_none())?;
    if checker.language(call) != Some(TextLanguage::Jq) {
        return None;
    }
    let program = text.value.trim();
    let start = text.value.len() - text.value.trim_start().len();
    let span = text.span.slice(start, start + program.len());
    match program {
        "true" => Some((span, true)),
        "false" | "null" => Some((span, false)),
        _ => None,
    }
}

//! A write that is tried again may happen twice.

use crate::diagnostic::{Code, Diagnostic};
use crate::plan::Call;
use crate::step_spec::Effect;

use super::Checker;
use super::bodies::each_call;

/// Methods that may be repeated: doing it twice is the same as once.
const REPEATABLE: [&str; 6] = ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"];

pub(super) fn check(checker: &mut Checker<'_>) {
    let mut problems = Vec::new();
    each_call(checker.plan, &mut |call| {
        if call.policy.retry.as_ref().is_none_or(|retry| retry.attempts < 2) {
            return;
        }
        let Some(spec) = checker.spec(call) else { return };
        let method = literal_method(call);
        let writes = match &method {
            Some((method, _)) => !REPEATABLE.contains(&&**method),
            None => spec.effect == Effect::Write && spec.name != "fetch",
        };
        if !writes {
            return;
        }
        let what = match &method {
            Some((method, _)) => format!("`{method}`"),
            None => format!("`{}`", spec.name),
        };
        let span = method.map_or(call.name_span, |(_, span)| span);
        problems.push(
            Diagnostic::new(
                Code::RETRIED_WRITE,
                span,
                format!("{what} may take effect twice: it is tried again when it fails"),
            )
            .label("not safe to repeat")
            .help("remove `@retry`, or make the request repeatable, as with `PUT`"),
        );
    });
    checker.problems.extend(problems);
}

/// The method that the arguments of a request name literally, with its place.
fn literal_method(call: &Call) -> Option<(String, crate::source::Span)> {
    let options = call.args.get(1)?;
    let text = &*options.text;
    for (at, found) in text.match_indices("method") {
        let rest = text[at + found.len()..].trim_start_matches('"').trim_start();
        let Some(value) = rest.strip_prefix(':') else { continue };
        let Some(value) = value.trim_start().strip_prefix('"') else { continue };
        let method = &value[..value.find('"')?];
        let start = text.len() - value.len();
        return Some((method.to_uppercase(), options.span.slice(start, start + method.len())));
    }
    None
}

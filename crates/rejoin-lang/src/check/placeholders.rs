//! A statement gets as many parameters as it has.

use crate::diagnostic::{Code, Diagnostic};
use crate::plan::Callee;

use super::Checker;
use super::bodies::each_call;

pub(super) fn check(checker: &mut Checker<'_>) {
    let mut calls = Vec::new();
    each_call(checker.plan, &mut |call| calls.push(call));
    for call in calls {
        let (Callee::Step(step), Some(text), [params, ..]) =
            (&call.callee, &call.text, &call.args[..])
        else {
            continue;
        };
        let Some(needed) = checker.catalog.placeholders(step, &text.value) else { continue };
        let Some(given) = checker.jq.inline(&params.text).array_length() else { continue };
        if needed == given {
            continue;
        }
        let count = |n: usize| match n {
            1 => "1 parameter".to_owned(),
            n => format!("{n} parameters"),
        };
        let help = match given < needed {
            true => format!("give it {}, in the order of their numbers", count(needed)),
            false if needed == 0 => "remove them, or write `$1` where the first belongs".to_owned(),
            false => format!("remove what is too much, or write `${given}` where the last belongs"),
        };
        checker.report(
            Diagnostic::new(
                Code::WRONG_PARAMETERS,
                params.span,
                format!(
                    "the statement has {}, and {given} {} given",
                    count(needed),
                    if given == 1 { "is" } else { "are" }
                ),
            )
            .label(count(given))
            .also(text.span, format!("has {}", count(needed)))
            .help(help),
        );
    }
}

//! Every step is given what it needs, and no more.

use crate::diagnostic::{Code, Diagnostic};
use crate::plan::{Call, Callee};
use crate::step_spec::StepSpec;

use super::Checker;
use super::bodies::each_call;

pub(super) fn check(checker: &mut Checker<'_>) {
    let mut problems = Vec::new();
    each_call(checker.plan, &mut |call| {
        problems.extend(match (&call.callee, checker.spec(call)) {
            (Callee::Pipeline(_), _) if call.args.len() > 1 => {
                Some(too_many(call, 1, "a pipeline takes one argument: an object of values"))
            }
            (Callee::Loader(_), _) if call.args.len() > 2 => {
                Some(too_many(call, 2, "a loader takes its key, and arguments for its pipeline"))
            }
            (_, Some(spec)) => of_step(call, spec),
            _ => None,
        });
    });
    checker.problems.extend(problems);
}

fn of_step(call: &Call, spec: &StepSpec) -> Option<Diagnostic> {
    let most = spec.params.len();
    if call.args.len() > most {
        let names: Vec<&str> = spec.params.iter().map(|param| param.name).collect();
        let rule = match &names[..] {
            [] => format!("`{}` takes no arguments", spec.name),
            _ => format!("`{}` takes: {}", spec.name, names.join(", ")),
        };
        return Some(too_many(call, most, &rule));
    }
    let given = call.args.len();
    if let Some(missing) =
        spec.params.get(given..).and_then(|rest| rest.iter().find(|p| p.required))
        && call.has_args
    {
        return Some(
            Diagnostic::new(
                Code::MISSING_ARGUMENT,
                call.name_span,
                format!("`{}` lacks its argument `{}`", call.name, missing.name),
            )
            .label("too few arguments")
            .help(format!("give it: {}", missing.summary)),
        );
    }
    let stands_in = !spec.params.is_empty() && given > 0;
    if spec.text.required && call.text.is_none() && !stands_in {
        let help = match spec.params.first() {
            None => format!("write it behind a colon: ``|> {}: `…` ``", call.name),
            Some(param) => format!(
                "write it behind a colon, as in ``|> {name}: `…` ``, or as an argument ({summary})",
                name = call.name,
                summary = param.summary
            ),
        };
        return Some(
            Diagnostic::new(
                Code::MISSING_ARGUMENT,
                call.name_span,
                format!("`{}` lacks its text", call.name),
            )
            .label("nothing is given")
            .help(help),
        );
    }
    None
}

fn too_many(call: &Call, most: usize, rule: &str) -> Diagnostic {
    let span = call.args[most..].iter().map(|arg| arg.span).reduce(|a, b| a.to(b));
    Diagnostic::new(
        Code::IGNORED_ARGUMENT,
        span.unwrap_or(call.name_span),
        format!("`{}` ignores this argument", call.name),
    )
    .label("has no effect")
    .help(format!("remove it: {rule}"))
}

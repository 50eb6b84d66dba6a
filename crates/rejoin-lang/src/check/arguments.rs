//! Every step is given what it needs, and no more.

use crate::diagnostic::{Code, Diagnostic, nearest};
use crate::plan::{Call, Callee};
use crate::step_spec::{Required, StepSpec, TextLanguage};

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
    let plan = checker.plan;
    each_call(plan, &mut |call| unknown_keys(checker, call));
}

/// Options that are written as an object and have a key that the step refuses when it runs.
fn unknown_keys(checker: &mut Checker<'_>, call: &Call) {
    let Some(spec) = checker.spec(call) else { return };
    for (argument, param) in call.args.iter().zip(spec.params) {
        if param.keys.is_empty() {
            continue;
        }
        let facts = checker.jq.inline(&argument.text);
        let keys = facts.object_keys().unwrap_or_default();
        let Some(key) = keys.iter().find(|key| !param.keys.contains(&key.as_str())) else {
            continue;
        };
        let known = param.keys.join(", ");
        let help = match nearest(key, param.keys.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("remove it, or write one of {known}"),
        };
        let shown: String = key.chars().take(40).collect();
        let message = format!("`{}` of `{}` has no `{shown}`", param.name, call.name);
        checker.report(
            Diagnostic::new(Code::BAD_TEXT, argument.span, message)
                .label(format!("it has {known}"))
                .help(help),
        );
    }
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
    lacks_text(call, spec)
}

fn lacks_text(call: &Call, spec: &StepSpec) -> Option<Diagnostic> {
    let has_arguments = !call.args.is_empty();
    let is_needed = match spec.text.required {
        Required::Never => false,
        Required::Always => true,
        Required::UnlessArguments => !has_arguments,
    };
    // The rule on functions asks for their names itself.
    let is_function = spec.text.language == TextLanguage::Function;
    if !is_needed || is_function || call.text.is_some() {
        return None;
    }
    let name = &call.name;
    let arguments = if has_arguments { "(…)" } else { "" };
    let written = format!("``|> {name}{arguments}: `…` ``");
    let help = match (spec.text.required, spec.params.first()) {
        (Required::UnlessArguments, Some(param)) => format!(
            "write it behind a colon, as in {written}, or as an argument ({})",
            param.summary
        ),
        _ => format!("write it behind a colon: {written}"),
    };
    let label = match spec.params.first() {
        Some(param) if has_arguments => format!("`{}` alone is not enough", param.name),
        _ => "nothing is given".to_owned(),
    };
    Some(
        Diagnostic::new(Code::MISSING_ARGUMENT, call.name_span, format!("`{name}` lacks its text"))
            .label(label)
            .help(help),
    )
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

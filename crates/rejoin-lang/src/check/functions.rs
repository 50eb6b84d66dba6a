//! A step that calls a function names one that there is, and gives it what it takes.

use crate::diagnostic::{Code, Diagnostic, nearest};
use crate::plan::{Call, CallText, FunctionName, NoFunction};
use crate::step_spec::TextLanguage;

use super::Checker;
use super::bodies::each_call;

pub(super) fn check(checker: &mut Checker<'_>) {
    let plan = checker.plan;
    let mut calls = Vec::new();
    each_call(plan, &mut |call| calls.push(call));
    for call in calls {
        if checker.language(call) != Some(TextLanguage::Function) {
            continue;
        }
        let Some(text) = &call.text else {
            checker.report(
                Diagnostic::new(
                    Code::MISSING_ARGUMENT,
                    call.name_span,
                    "the name of the function is missing",
                )
                .label("which one?")
                .help(format!("write it behind a colon: `|> {}: area.name`", call.name)),
            );
            continue;
        };
        match plan.function(text.span.source, &text.value) {
            Ok(function) => inputs(checker, call, text, function),
            Err(why) => checker.report(unknown(text, &why)),
        }
    }
}

fn unknown(text: &CallText, why: &NoFunction) -> Diagnostic {
    let name: String = text.value.chars().take(40).collect();
    let (message, help) = match why {
        NoFunction::NoFile => (
            format!("no imported file has a function `{name}`"),
            "import its file: `import \"functions.cov\" as functions`".to_owned(),
        ),
        NoFunction::Unknown(near) => (
            format!("no imported file has a function `{name}`"),
            match near {
                Some(near) => format!("did you mean `{near}`?"),
                None => "write the id of its snippet, as in `area.name`".to_owned(),
            },
        ),
        NoFunction::Ambiguous => (
            format!("several imported files have a function `{name}`"),
            "write the name of the import before it: `alias::name`".to_owned(),
        ),
        NoFunction::NoBody => (
            format!("`{name}` is only declared: the host would have to supply it"),
            "call a function that has a `body`".to_owned(),
        ),
    };
    Diagnostic::new(Code::UNKNOWN_FUNCTION, text.span, message).label("not known").help(help)
}

/// What is known of the inputs before anything runs: those that are written as an object.
fn inputs(checker: &mut Checker<'_>, call: &Call, text: &CallText, function: FunctionName<'_>) {
    let [argument, ..] = &call.args[..] else { return };
    let facts = checker.jq.inline(&argument.text);
    let Some(keys) = facts.object_keys() else { return };
    let function = &function.functions.functions[function.index];
    let params = &function.params;
    for key in keys {
        if params.iter().any(|param| *param.name == **key) {
            continue;
        }
        let shown: String = key.chars().take(40).collect();
        let help = match nearest(key, params.iter().map(|param| &*param.name)) {
            Some(near) => format!("did you mean `{near}`?"),
            None if params.is_empty() => "remove it: the function takes nothing".to_owned(),
            None => {
                let all: Vec<&str> = params.iter().map(|param| &*param.name).collect();
                format!("it takes {}", all.join(", "))
            }
        };
        let message = format!("`{}` has no parameter `{shown}`", text.value);
        checker.report(
            Diagnostic::new(Code::FUNCTION_INPUTS, argument.span, message)
                .label("in this object")
                .also(function.span, "the function")
                .help(help),
        );
        return;
    }
    let given = |name: &str| keys.iter().any(|key| key == name);
    if let Some(missing) = params.iter().find(|param| !param.optional && !given(&param.name)) {
        let message = format!("`{}` needs `{}` of type {}", text.value, missing.name, missing.kind);
        checker.report(
            Diagnostic::new(Code::FUNCTION_INPUTS, argument.span, message)
                .label("not in this object")
                .also(function.span, "the function")
                .help(format!("add it: `{}: …`", missing.name)),
        );
    }
}

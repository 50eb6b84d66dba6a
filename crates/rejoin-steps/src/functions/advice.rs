//! What can be said about calls of the library before they are made, and takes more than their types.

use rejoin_lang::diagnostic::{Code, Diagnostic};
use rejoin_lang::plan::{
    Action, FunctionCall, FunctionCallee, FunctionStep, Functions, Literal, Operand,
};

use super::regex;

/// The most that is said about one file.
const MOST: usize = 100;

/// Regular expressions that are written out and cannot be read, in functions and tests: they fit nothing. And calls that change
/// nothing.
pub fn advise(functions: &Functions) -> Vec<Diagnostic> {
    let own = functions.functions.iter();
    let tests = functions.tests.iter().map(|test| &test.function);
    let stand_ins = functions.stand_ins.iter().map(|one| &one.function);
    let mut open: Vec<&[FunctionStep]> =
        own.chain(tests).chain(stand_ins).filter_map(|function| function.body.as_deref()).collect();
    let mut problems = Vec::new();
    while let Some(steps) = open.pop() {
        for step in steps {
            if let Action::Call(call) = &step.action {
                problems.extend(pattern(call));
                problems.extend(index(call));
            }
            step.inner(|steps| open.push(steps));
        }
    }
    problems.sort_by_key(|problem| problem.span.start);
    problems.truncate(MOST);
    problems
}

fn pattern(call: &FunctionCall) -> Option<Diagnostic> {
    let FunctionCallee::Library(function) = call.callee else { return None };
    if !function.id.starts_with("std.text.regex_") {
        return None;
    }
    let (_, given) = call.arguments.iter().find(|(at, _)| *at == 0)?;
    let Operand::Literal(Literal::Text(text)) = given else { return None };
    let why = regex::problem(text)?;
    let shown: String = text.chars().take(40).collect();
    let message = format!("`{shown}` is no regular expression: {why}");
    Some(
        Diagnostic::new(Code::COV_PATTERN, call.span, message)
            .label("fits nothing")
            .help("mend the pattern; it can neither look around nor refer back"),
    )
}

fn index(call: &FunctionCall) -> Option<Diagnostic> {
    let FunctionCallee::Library(function) = call.callee else { return None };
    (function.id == "std.storage.doc.create_index").then(|| {
        Diagnostic::new(Code::COV_NO_INDEX, call.span, "this call makes no index")
            .label("changes nothing")
            .help("remove it: every question looks at the whole collection; a large one is better a table")
    })
}

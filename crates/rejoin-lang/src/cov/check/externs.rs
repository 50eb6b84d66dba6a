//! Functions with one implementation a platform: each implementation has its function, each called function one.

use std::collections::HashSet;

use super::super::library::library;
use super::program::Program;
use super::{place, shown};
use crate::diagnostic::{Code, Diagnostic, nearest};

pub(super) fn check(program: &Program<'_>, problems: &mut Vec<Diagnostic>) {
    let of_kind =
        |kind| program.snippets.iter().filter(move |snippet| snippet.text("kind") == Some(kind));
    let abstracts: HashSet<&str> =
        of_kind("extern-abstract").filter_map(|snippet| snippet.text("id")).collect();
    let mut implemented: HashSet<&str> = HashSet::new();
    for snippet in of_kind("extern-impl") {
        let Some(id) = snippet.text("implements") else {
            let problem = Diagnostic::new(
                Code::COV_UNKNOWN_ABSTRACT,
                place(snippet, "id"),
                "an `extern-impl` that implements nothing",
            );
            problems.push(
                problem
                    .label("does not say what it implements")
                    .help("add `implements=\"id\"` behind `kind`"),
            );
            continue;
        };
        implemented.insert(id);
        let stands_in = snippet.text("platform") == Some("test") && program.has(id);
        if !abstracts.contains(id) && library(id).is_none() && !stands_in {
            let help = match nearest(id, abstracts.iter().copied()) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => "declare it with an `extern-abstract` snippet".to_owned(),
            };
            let message = format!("there is no `extern-abstract` snippet `{}`", shown(id));
            let span = place(snippet, "implements");
            let problem = Diagnostic::new(Code::COV_UNKNOWN_ABSTRACT, span, message);
            problems.push(problem.label("unknown").help(help));
        }
    }
    // What nothing in the file calls may get its implementations elsewhere.
    let mut said: HashSet<&str> = HashSet::new();
    for call in program.functions.iter().flat_map(|function| function.calls()) {
        let callee = call.text("fn").and_then(|name| program.resolve(name));
        let Some(callee) = callee.map(|index| &program.functions[index]) else { continue };
        if callee.snippet.text("kind") != Some("extern-abstract")
            || implemented.contains(callee.id)
            || library(callee.id).is_some()
            || !said.insert(callee.id)
        {
            continue;
        }
        let message = format!("`{}` has no implementation", shown(callee.id));
        problems.push(
            Diagnostic::new(Code::COV_NO_IMPLEMENTATION, place(call, "fn"), message)
                .label("is called here")
                .also(place(callee.snippet, "id"), "declared here")
                .help("add an `extern-impl` snippet with `implements` and `platform`"),
        );
    }
}

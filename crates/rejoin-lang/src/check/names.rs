//! Names that are declared: each once, and each used.

use std::collections::HashMap;

use crate::diagnostic::{Code, Diagnostic};
use crate::plan::{Callee, Trigger};
use crate::source::SourceId;

use super::Checker;
use super::bodies::each_call;

pub(super) fn check(checker: &mut Checker<'_>) {
    let plan = checker.plan;
    let mut first: HashMap<(SourceId, &str), usize> = HashMap::new();
    let mut is_used = vec![false; plan.pipelines.len()];
    // A misspelt name was probably meant for something that looks unused because of it.
    let mut some_unknown = false;
    for resolver in &plan.graphql.resolvers {
        is_used[resolver.pipeline.0 as usize] = true;
    }
    each_call(plan, &mut |call| match call.callee {
        Callee::Pipeline(id) | Callee::Loader(id) => is_used[id.0 as usize] = true,
        Callee::Unknown => some_unknown = true,
        Callee::Step(_) => {}
    });
    for test in &plan.tests {
        match test.trigger {
            Trigger::Pipeline(id) => is_used[id.0 as usize] = true,
            Trigger::Unknown => some_unknown = true,
            _ => {}
        }
    }
    for (index, pipeline) in plan.pipelines.iter().enumerate() {
        let name = &pipeline.name;
        // Two resolvers of one field were reported as such.
        if name.is_empty() || name.contains(' ') {
            continue;
        }
        let source = pipeline.name_span.source;
        if let Some(known) = first.get(&(source, &**name)) {
            checker.report(
                Diagnostic::new(
                    Code::DUPLICATE_PIPELINE,
                    pipeline.name_span,
                    format!("a pipeline called `{name}` is declared already"),
                )
                .label("declared again")
                .also(plan.pipelines[*known].name_span, "first declared here")
                .help("rename one of the two, or remove it"),
            );
            continue;
        }
        first.insert((source, name), index);
        // `main` is what a run without a target starts.
        let is_entry = &**name == "main";
        // Whoever wrote an imported file wrote it for others as well.
        let is_entry = is_entry || source != SourceId::default();
        if !is_used[index] && !is_entry && !some_unknown && !plan.routes.is_empty() {
            checker.report(
                Diagnostic::new(
                    Code::UNUSED_PIPELINE,
                    pipeline.name_span,
                    format!("nothing calls the pipeline `{name}`"),
                )
                .label("not used")
                .help(if checker.catalog.spec(name).is_some() {
                    format!("rename it: `{name}` is a step, and the step is called")
                } else {
                    format!("call it with `|> {name}`, or remove it")
                }),
            );
        }
    }
    // A file without routes is there to be imported.
    let is_certain = !some_unknown && !plan.routes.is_empty();
    for (name, span) in plan.unused_variables.iter().filter(|_| is_certain) {
        checker.report(
            Diagnostic::new(
                Code::UNUSED_VARIABLE,
                *span,
                format!("no step uses the variable `{name}`"),
            )
            .label("not used")
            .help("write its name as the text of a step of its kind, or remove it"),
        );
    }
}

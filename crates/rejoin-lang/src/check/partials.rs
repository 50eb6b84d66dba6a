//! Partials that templates include: each is declared somewhere.

use std::collections::{BTreeSet, HashSet};

use crate::diagnostic::{Code, Diagnostic, nearest};
use crate::plan::{CallText, Callee, Plan};
use crate::source::SourceId;
use crate::step_spec::Partials;

use super::Checker;
use super::bodies::each_call;

pub(super) fn check(checker: &mut Checker<'_>) {
    let plan = checker.plan;
    let mut templates = Vec::new();
    let mut variables = BTreeSet::new();
    let mut seen = HashSet::new();
    for variable in &plan.variables {
        let Some(partials) = checker.catalog.partials(&variable.step, &variable.text.value) else {
            continue;
        };
        variables.insert((variable.text.span.source, &*variable.name));
        seen.insert(variable.text.span);
        templates.push(Template { step: &variable.step, text: &variable.text, partials });
    }
    each_call(plan, &mut |call| {
        if let (Callee::Step(step), Some(text)) = (&call.callee, &call.text)
            && seen.insert(text.span)
            && let Some(partials) = checker.catalog.partials(step, &text.value)
        {
            templates.push(Template { step, text, partials });
        }
    });
    // What a template declares is known in all that it includes, so a name that any declares may be meant everywhere.
    let mut declared = HashSet::new();
    for template in &templates {
        match &template.partials.declares {
            Some(names) => declared.extend(names),
            None => return,
        }
    }
    let names = Names { plan, variables };
    for Template { step, text, partials } in &templates {
        for (place, name) in &partials.needs {
            if declared.contains(name) || names.may_mean(text.span.source, name) {
                continue;
            }
            checker.report(
                Diagnostic::new(
                    Code::UNKNOWN_PARTIAL,
                    text.span.slice(place.start, place.end),
                    format!("no partial is called `{name}`"),
                )
                .label("the page cannot be made")
                .help(names.help(text.span.source, name, step)),
            );
        }
    }
}

struct Template<'p> {
    step: &'p str,
    text: &'p CallText,
    partials: Partials,
}

struct Names<'p> {
    plan: &'p Plan,
    /// The variables that are partials, each with the file that knows it by its bare name.
    variables: BTreeSet<(SourceId, &'p str)>,
}

impl Names<'_> {
    /// Whether a name in a file stands for a variable, or for one of a file that could not be read.
    fn may_mean(&self, file: SourceId, name: &str) -> bool {
        if self.variables.contains(&(file, name)) {
            return true;
        }
        let Some((alias, name)) = name.split_once('/') else { return false };
        let unread = &self.plan.unread_imports;
        unread.iter().any(|(from, unread)| (*from, &**unread) == (file, alias))
            || self.plan.imports.iter().any(|import| {
                (import.from, &*import.alias) == (file, alias)
                    && self.variables.contains(&(import.to, name))
            })
    }

    fn help(&self, file: SourceId, name: &str, step: &str) -> String {
        let of_file = |file| self.variables.iter().filter(move |(known, _)| *known == file);
        let own = of_file(file).map(|(_, name)| (*name).to_owned());
        let imports = self.plan.imports.iter().filter(|import| import.from == file);
        let imported = imports.flat_map(|import| {
            of_file(import.to).map(|(_, name)| format!("{}/{name}", import.alias))
        });
        let known: Vec<String> = own.chain(imported).collect();
        if let Some(near) = nearest(name, known.iter().map(String::as_str)) {
            return format!("did you mean `{near}`?");
        }
        match name.split_once('/') {
            Some((alias, name)) => {
                format!("`{alias}` must be an imported file that declares ``{step} {name} = `…` ``")
            }
            None => format!("declare it: ``{step} {name} = `…` ``"),
        }
    }
}

//! ``step name = `text` ``: texts that stand in for a step's text of that name.

use std::collections::HashMap;
use std::sync::Arc;

use crate::diagnostic::{Code, Diagnostic, nearest};
use crate::plan::{self, CallText};
use crate::source::Span;
use crate::wp::ast;

/// Steps whose variables are also used by name from inside their texts, which only they can see.
const KNOWN_FROM_TEXTS: &[&str] = &["handlebars", "mustache"];

/// The variables of a file, by step and name.
#[derive(Debug, Default)]
pub(super) struct Variables {
    of_step: HashMap<Arc<str>, HashMap<Arc<str>, usize>>,
    all: Vec<Variable>,
}

#[derive(Debug)]
struct Variable {
    step: Arc<str>,
    name: Arc<str>,
    name_span: Span,
    text: CallText,
    used: bool,
}

impl Variables {
    /// Takes note of a declaration; of several with one name the first stands.
    pub(super) fn declare(&mut self, variable: &ast::Variable) -> Option<Diagnostic> {
        let (step, name) = (&variable.step.text, &variable.name.text);
        let names = self.of_step.entry(step.clone()).or_default();
        if let Some(first) = names.get(name) {
            return Some(
                Diagnostic::new(
                    Code::DUPLICATE_VARIABLE,
                    variable.name.span,
                    format!("the variable `{name}` of `{step}` is declared twice"),
                )
                .label("declared again")
                .also(self.all[*first].name_span, "first declared here")
                .help("rename one of the two, or remove it"),
            );
        }
        names.insert(name.clone(), self.all.len());
        self.all.push(Variable {
            step: step.clone(),
            name: name.clone(),
            name_span: variable.name.span,
            text: CallText { value: variable.text.value.clone(), span: variable.text.span },
            used: false,
        });
        None
    }

    /// The variable of `step` that a text names, which counts as used from now on.
    pub(super) fn resolve(&mut self, step: &str, text: &str) -> Option<(Arc<str>, CallText)> {
        let index = *self.of_step.get(step)?.get(text)?;
        let variable = &mut self.all[index];
        variable.used = true;
        Some((variable.name.clone(), variable.text.clone()))
    }

    /// Whether `step` has a variable of that name.
    pub(super) fn has(&self, step: &str, name: &str) -> bool {
        self.of_step.get(step).is_some_and(|names| names.contains_key(name))
    }

    /// The variable of `step` that was probably meant by `name`.
    pub(super) fn nearest(&self, step: &str, name: &str) -> Option<&str> {
        nearest(name, self.of_step.get(step)?.keys().map(|key| &**key))
    }

    /// All of them, in the order of the file.
    pub(super) fn listed(&self) -> Vec<plan::Variable> {
        let listed = |variable: &Variable| plan::Variable {
            step: variable.step.clone(),
            name: variable.name.clone(),
            text: variable.text.clone(),
        };
        self.all.iter().map(listed).collect()
    }

    /// Those that no step has used, in the order of the file.
    pub(super) fn unused(&self) -> Vec<(Arc<str>, Span)> {
        self.all
            .iter()
            .filter(|variable| !variable.used && !KNOWN_FROM_TEXTS.contains(&&*variable.step))
            .map(|variable| (variable.name.clone(), variable.name_span))
            .collect()
    }
}

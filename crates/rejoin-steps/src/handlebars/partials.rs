//! The partials of a program: its variables for `handlebars` and `mustache`, by name.

use std::sync::{Arc, Mutex, PoisonError};

use handlebars::Handlebars;
use rejoin_lang::plan::{CallText, Import, Variable};
use rejoin_lang::source::SourceId;
use rejoin_lang::step_spec::TextProblem;

use super::names::{self, Names};
use super::{paths, sections, template, watch};

/// The partials of one program, compiled.
pub(super) struct Partials {
    made_of: MadeOf,
    pub(super) names: Names,
    pub(super) registry: Handlebars<'static>,
    /// Whether `context` has to be built for them.
    pub(super) mention_context: bool,
}

/// What partials depend on.
#[derive(PartialEq)]
struct MadeOf {
    /// Of each its file, its name and its text.
    texts: Vec<(SourceId, Arc<str>, Arc<str>)>,
    imports: Vec<Import>,
}

impl Partials {
    fn compile(made_of: MadeOf) -> Result<Self, TextProblem> {
        let known = made_of.texts.iter().map(|(source, name, _)| (*source, name.clone()));
        let names = Names::new(known, &made_of.imports);
        let mut registry = Handlebars::new();
        watch::register(&mut registry);
        paths::register(&mut registry);
        sections::register(&mut registry);
        let mut mention_context = false;
        for (source, name, text) in &made_of.texts {
            let mut compiled = template::compile(text).map_err(|problem| TextProblem {
                start: 0,
                end: 0,
                message: format!("the partial `{name}`: {}", problem.message),
                help: problem.help,
            })?;
            // For errors. It must differ from the name, because a template may not include its own name, and
            // a tree is drawn by a partial that includes itself.
            compiled.name = Some(format!("the partial `{name}`"));
            names.resolve(&mut compiled, *source);
            registry.register_template(&names::registered(*source, name), compiled);
            mention_context |= text.contains("context");
        }
        Ok(Self { made_of, names, registry, mention_context })
    }
}

/// Keeps the partials of the program that was loaded last, so that its calls share them.
#[derive(Default)]
pub(super) struct LastPartials(Mutex<Option<Arc<Partials>>>);

impl LastPartials {
    pub(super) fn of(
        &self,
        variables: &[Variable],
        imports: &[Import],
    ) -> Result<Arc<Partials>, TextProblem> {
        let texts = variables
            .iter()
            .filter(|variable| matches!(&*variable.step, "handlebars" | "mustache"))
            .map(|variable| {
                let CallText { value, span } = &variable.text;
                (span.source, variable.name.clone(), value.clone())
            })
            .collect();
        let made_of = MadeOf { texts, imports: imports.to_vec() };
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = &*last
            && known.made_of == made_of
        {
            return Ok(known.clone());
        }
        let compiled = Arc::new(Partials::compile(made_of)?);
        *last = Some(compiled.clone());
        Ok(compiled)
    }
}

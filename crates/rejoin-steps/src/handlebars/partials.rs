//! The partials of a program: its variables for `handlebars` and `mustache`, by name.

use std::sync::{Arc, Mutex, PoisonError};

use handlebars::Handlebars;
use rejoin_lang::plan::Variable;
use rejoin_lang::step_spec::TextProblem;

use super::{template, watch};

/// The partials of one program, compiled.
pub(super) struct Partials {
    /// Names and texts.
    made_of: Vec<(Arc<str>, Arc<str>)>,
    pub(super) registry: Handlebars<'static>,
    /// Whether `context` has to be built for them.
    pub(super) mention_context: bool,
}

impl Partials {
    fn compile(made_of: Vec<(Arc<str>, Arc<str>)>) -> Result<Self, TextProblem> {
        let mut registry = Handlebars::new();
        watch::register(&mut registry);
        let mut mention_context = false;
        for (name, text) in &made_of {
            let mut compiled = template::compile(text).map_err(|problem| TextProblem {
                start: 0,
                end: 0,
                message: format!("the partial `{name}`: {}", problem.message),
                help: problem.help,
            })?;
            // For errors. It must differ from the name, because a template may not include its own name, and
            // a tree is drawn by a partial that includes itself.
            compiled.name = Some(format!("the partial `{name}`"));
            registry.register_template(name, compiled);
            mention_context |= text.contains("context");
        }
        Ok(Self { made_of, registry, mention_context })
    }
}

/// Keeps the partials of the program that was loaded last, so that its calls share them.
#[derive(Default)]
pub(super) struct LastPartials(Mutex<Option<Arc<Partials>>>);

impl LastPartials {
    pub(super) fn of(&self, variables: &[Variable]) -> Result<Arc<Partials>, TextProblem> {
        let made_of: Vec<_> = variables
            .iter()
            .filter(|variable| matches!(&*variable.step, "handlebars" | "mustache"))
            .map(|variable| (variable.name.clone(), variable.text.value.clone()))
            .collect();
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
